#include "pipeline/exporters/cloudwatch_logs/requests.h"

#include "base/env/env.h"
#include "wire/json/json_writer.h"

namespace kansoku::pipeline::cloudwatch_logs {
namespace {

// Text of each row, empty where there is none.
std::vector<std::string_view> messages_of(const signal::EventBatch& batch) {
  std::vector<std::string_view> out(batch.row_count());
  for (const signal::EventColumn& column : batch.columns()) {
    if (column.path != signal::kMessagePath || column.type != signal::ColumnType::Text) continue;
    for (size_t i = 0; i < column.rows.size(); ++i) out[column.rows[i]] = column.text_at(i);
  }
  return out;
}

// The service knows milliseconds from 1970 on.
int64_t ms_of(int64_t ns) { return std::max<int64_t>(ns / env::kNsPerMs, 0); }

}  // namespace

RequestPlan plan_requests(const signal::EventBatch& batch) {
  RequestPlan out;
  const std::vector<std::string_view> messages = messages_of(batch);
  const auto times = batch.timestamps_ns();
  const auto streams = batch.stream_rows();
  out.rows.reserve(messages.size());
  for (uint32_t row = 0; row < messages.size(); ++row) {
    if (messages[row].empty()) {
      ++out.without_message;
    } else if (messages[row].size() > kMessageBytesMax) {
      ++out.too_long;
    } else {
      out.rows.push_back(row);
    }
  }
  const auto before = [&](uint32_t a, uint32_t b) {
    return std::tuple(streams[a], times[a], a) < std::tuple(streams[b], times[b], b);
  };
  // As a file's lines come.
  if (!std::ranges::is_sorted(out.rows, before)) std::ranges::sort(out.rows, before);
  size_t bytes = 0;
  for (uint32_t i = 0; i < out.rows.size(); ++i) {
    const uint32_t row = out.rows[i];
    const size_t more = messages[row].size() + kBytesBesideMessage;
    RequestRange* last = out.requests.empty() ? nullptr : &out.requests.back();
    if (last == nullptr || last->stream != streams[row] || i - last->begin >= kRequestEventsMax ||
        bytes + more > kRequestBytesMax ||
        ms_of(times[row]) - ms_of(times[out.rows[last->begin]]) > kRequestSpanMs) {
      out.requests.push_back({streams[row], i, i});
      last = &out.requests.back();
      bytes = 0;
    }
    last->end = i + 1;
    bytes += more;
  }
  return out;
}

RequestBody encode_request(const signal::EventBatch& batch, const RequestPlan& plan,
                           const RequestRange& range) {
  // Only the column is looked through, not the whole batch's messages.
  const signal::EventColumn* messages = nullptr;
  for (const signal::EventColumn& column : batch.columns()) {
    if (column.path == signal::kMessagePath && column.type == signal::ColumnType::Text)
      messages = &column;
  }
  RequestBody out;
  if (messages == nullptr) return out;
  const bool dense = messages->rows.size() == batch.row_count();
  const auto text_of = [&](uint32_t row) {
    const size_t at = dense ? row
                            : static_cast<size_t>(std::ranges::lower_bound(messages->rows, row) -
                                                  messages->rows.begin());
    return messages->text_at(at);
  };
  size_t bytes = 256;
  for (uint32_t i = range.begin; i < range.end; ++i) bytes += text_of(plan.rows[i]).size() + 48;
  out.json.reserve(bytes + bytes / 16);
  const signal::EventStream& stream = batch.streams()[range.stream];
  wire::JsonWriter json(out.json);
  json.begin_object();
  json.key("logGroupName");
  json.string(stream.group);
  json.key("logStreamName");
  json.string(stream.stream);
  json.key("logEvents");
  // The hot loop of a sending agent: members are written as they stand, and a time
  // that many events share is made once.
  std::string head;
  int64_t head_ms = -1;
  for (uint32_t i = range.begin; i < range.end; ++i) {
    const uint32_t row = plan.rows[i];
    const int64_t at_ms = ms_of(batch.timestamps_ns()[row]);
    if (at_ms != head_ms) {
      head = fmt::format(R"({{"timestamp":{},"message":)", at_ms);
      head_ms = at_ms;
    }
    out.json += i == range.begin ? '[' : ',';
    out.json += head;
    wire::append_json_string(out.json, text_of(row));
    out.json += '}';
  }
  out.json += "]}";
  const std::string_view first = text_of(plan.rows[range.begin]);
  out.is_emf = first.starts_with('{') && first.find("\"CloudWatchMetrics\"") != first.npos;
  return out;
}

}  // namespace kansoku::pipeline::cloudwatch_logs
