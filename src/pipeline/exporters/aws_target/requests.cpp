#include "pipeline/exporters/aws_target/requests.h"

#include "base/text/base64.h"
#include "base/text/percent.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::pipeline::aws_target {
namespace {

// Kinesis PutRecords and Firehose PutRecordBatch: 500 records; 4 MiB is Firehose's limit, the less.
constexpr size_t kRecordsMax = 500;
constexpr size_t kRequestBytesMax = 4U << 20;

net::aws::AwsRequest json_request(std::string_view operation, std::string body) {
  return {.method = "POST",
          .path = "/",
          .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                      {"X-Amz-Target", std::string(operation)}},
          .body = std::move(body)};
}

std::string batch_body(const Target& target, std::span<const Record> records) {
  const bool kinesis = target.kind == TargetKind::Kinesis;
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key(kinesis ? "StreamName" : "DeliveryStreamName");
  json.string(target.name);
  json.key("Records");
  json.begin_array();
  for (const Record& record : records) {
    json.begin_object();
    json.key("Data");
    json.string(base64_encode(record.bytes));
    if (kinesis) {
      json.key("PartitionKey");
      json.string(record.partition_key);
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace

size_t records_of_request(const Target& target, std::span<const Record> records, size_t first) {
  if (target.kind == TargetKind::Lambda) return 1;
  size_t count = 0, bytes = 0;
  while (first + count < records.size() && count < kRecordsMax) {
    bytes += records[first + count].bytes.size() + records[first + count].partition_key.size();
    if (count > 0 && bytes > kRequestBytesMax) break;
    ++count;
  }
  return count;
}

net::aws::AwsRequest request_of(const Target& target, std::span<const Record> records) {
  switch (target.kind) {
    case TargetKind::Kinesis:
      return json_request("Kinesis_20131202.PutRecords", batch_body(target, records));
    case TargetKind::Firehose:
      return json_request("Firehose_20150804.PutRecordBatch", batch_body(target, records));
    default: {
      std::string path = "/2015-03-31/functions/";
      append_percent_encoded(path, target.name, "");
      return {.method = "POST",
              .path = path + "/invocations",
              .headers = {{"Content-Type", "application/json"}, {"X-Amz-Invocation-Type", "Event"}},
              .body = records.front().bytes};
    }
  }
}

net::HttpClientRequest http_request_of(const Target& target, std::span<const Record> records,
                                       std::string_view request_id, int64_t now_ms) {
  net::HttpClientRequest out;
  out.method = "POST";
  out.url = target.name;
  out.headers = {{"Content-Type", "application/json"},
                 {"X-Amz-Firehose-Protocol-Version", "1.0"},
                 {"X-Amz-Firehose-Request-Id", std::string(request_id)}};
  wire::JsonWriter json(out.body);
  json.begin_object();
  json.key("requestId");
  json.string(request_id);
  json.key("timestamp");
  json.integer(now_ms);
  json.key("records");
  json.begin_array();
  for (const Record& record : records) {
    json.begin_object();
    json.key("data");
    json.string(base64_encode(record.bytes));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

Result<std::vector<size_t>> refused_records(const Target& target, std::string_view answer,
                                            size_t records) {
  std::vector<size_t> out;
  if (target.kind == TargetKind::Lambda || target.kind == TargetKind::Http) return out;
  const bool kinesis = target.kind == TargetKind::Kinesis;
  KANSOKU_TRY(const wire::Node document, wire::parse_json(answer));
  const wire::Node* failed = document.find(kinesis ? "FailedRecordCount" : "FailedPutCount");
  if (failed == nullptr || failed->scalar == "0") return out;
  const wire::Node* rows = document.find(kinesis ? "Records" : "RequestResponses");
  if (rows == nullptr || rows->items.size() != records)
    return unavailable("{} answered for another number of records", service_of(target.kind));
  for (size_t i = 0; i < records; ++i) {
    const wire::Node* code = rows->items[i].find("ErrorCode");
    if (code != nullptr && code->kind == wire::Node::Kind::Scalar) out.push_back(i);
  }
  return out;
}

}  // namespace kansoku::pipeline::aws_target
