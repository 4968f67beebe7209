// POST /api/v1/write: remote write 1.0 and 2.0. Answers after the log's sync.
#include "api/prometheus/import.h"
#include "api/prometheus/ingest.h"
#include "store/metric_limits.h"
#include "wire/remote_write/remote_write.h"
#include "wire/snappy/snappy.h"

namespace kansoku::api::prometheus {
namespace {

namespace rw = wire::remote_write;

// A sender's request is 2,000 samples by default, 10 KB to 1 MB; the largest setting seen in issue
// threads is 50,000 samples, 15 MB.
constexpr size_t kDecodedBytesMax = 32U << 20;
// Bytes held a byte of the message: the message, the batch, and the batch growing.
constexpr uint64_t kMemoryPerByte = 3;
// What this API takes; the engine's own limits are five minutes wider.
constexpr int64_t kPastMs = store::kPointPastMs - store::kPointSlackMs;
constexpr int64_t kFutureMs = store::kPointFutureMs - store::kPointSlackMs;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "application/x-protobuf;proto=io.prometheus.write.v2.Request"; none at all is 1.0, as the first
// senders had it. Nothing: not a type that is taken.
std::optional<rw::Version> version_of(std::string_view content_type) {
  if (trimmed(content_type).empty()) return rw::Version::V1;
  size_t semicolon = content_type.find(';');
  if (!net::header_equals(trimmed(content_type.substr(0, semicolon)), "application/x-protobuf")) {
    return std::nullopt;
  }
  rw::Version version = rw::Version::V1;
  while (semicolon != std::string_view::npos) {
    content_type.remove_prefix(semicolon + 1);
    semicolon = content_type.find(';');
    std::string_view parameter = trimmed(content_type.substr(0, semicolon));
    size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (!net::header_equals(trimmed(parameter.substr(0, equals)), "proto")) continue;
    std::string_view proto = trimmed(parameter.substr(equals + 1));
    if (proto.size() >= 2 && proto.front() == '"' && proto.back() == '"') {
      proto = proto.substr(1, proto.size() - 2);
    }
    if (proto == "io.prometheus.write.v2.Request") {
      version = rw::Version::V2;
    } else if (proto == "prometheus.WriteRequest") {
      version = rw::Version::V1;
    } else {
      return std::nullopt;
    }
  }
  return version;
}

struct Write final : Ingest {
  rw::Version version = rw::Version::V1;
  rw::Refused refused;
};
using WritePtr = std::shared_ptr<Write>;

void add_written_headers(const Write& write, net::HttpResponse& response) {
  // Their absence tells a 2.0 sender that it talks to a 1.0 receiver.
  if (write.version != rw::Version::V2) return;
  auto set = [&](std::string_view kind, uint64_t count) {
    response.headers.set(fmt::format("X-Prometheus-Remote-Write-{}-Written", kind),
                         fmt::format("{}", count));
  };
  set("Samples", write.samples);
  set("Histograms", write.histograms);
  set("Exemplars", write.exemplars);
}

net::HttpResponse answer_write(Ingest& ingest) {
  auto& write = static_cast<Write&>(ingest);
  net::HttpResponse out{.status = 204};
  if (write.failure) {
    out = try_again(write.failure->to_string() + "\n");
  } else if (write.refused.total > 0 || write.rejection) {
    std::string message = write.refused.message;
    if (message.empty() && write.rejection) message = write.rejection->to_string();
    if (write.refused.total > 1) {
      message += fmt::format(" (and {} more refused)", write.refused.total - 1);
    }
    // As managed Prometheus answers a tenant that has too many series: senders with
    // retry_on_http_429 wait for the limit to be raised, others drop what is new.
    bool limited = write.refused.total == 0 && only_series_limit(write);
    out = text_reply(limited ? 429 : 400, message + "\n");
  }
  add_written_headers(write, out);
  return out;
}

// {"stored": N, "rejected": {reason: N}, "message": the first reason} of an import.
net::HttpResponse answer_import(Ingest& ingest) {
  auto& write = static_cast<Write&>(ingest);
  for (size_t i = 0; i < rw::kReasonCount; ++i) {
    if (write.refused.rows[i] == 0) continue;
    write.rejected[std::string(rw::reason_name(static_cast<rw::Reason>(i)))] +=
        write.refused.rows[i];
  }
  if (write.rejection && write.refused.message.empty()) {
    write.refused.message = write.rejection->to_string();
  }
  return import_reply(write, write.refused.message);
}

void count_all_refused(Context& context, const Write& write) {
  for (size_t i = 0; i < rw::kReasonCount; ++i) {
    count_refused(context, write, std::string(rw::reason_name(static_cast<rw::Reason>(i))),
                  write.refused.rows[i], write.refused.message);
  }
}

std::optional<net::HttpResponse> expand(Context& context, Write& write, std::string& message) {
  const std::string& body = write.call->request.body;
  auto claimed = wire::snappy_claimed_bytes(body);
  if (claimed && *claimed > kDecodedBytesMax) {
    return text_reply(
        413, fmt::format("body expands to {} bytes, limit {}\n", *claimed, kDecodedBytesMax));
  }
  // No block expands by more than 32 (wire/snappy refuses such claims), so a lie takes little here.
  uint64_t bytes = std::min<uint64_t>(claimed.value_or(0), body.size() * 32);
  if (context.services.write_memory != nullptr) {
    auto lease = MemoryLease::take(*context.services.write_memory, bytes * kMemoryPerByte);
    if (!lease) return try_again(lease.error().to_string() + "\n");
    write.memory = std::move(*lease);
  }
  if (auto status = wire::snappy_decode(body, kDecodedBytesMax, message); !status) {
    return text_reply(400, status.error().to_string() + "\n");
  }
  return std::nullopt;
}

void run(Context& context, const WritePtr& write) {
  std::string message;
  if (auto answer = expand(context, *write, message)) {
    add_written_headers(*write, *answer);
    write->memory.release();
    write->call->answer(std::move(*answer));
    return;
  }
  int64_t now_ms = context.services.env.clock->wall_now().ms();
  rw::Limits limits{.oldest_ms = now_ms - kPastMs, .newest_ms = now_ms + kFutureMs};
  // The store judges the times of an import.
  if (write->back_fill) limits.oldest_ms = std::numeric_limits<int64_t>::min();
  auto decoded = rw::decode(write->version, message, limits);
  if (!decoded) {
    net::HttpResponse out = text_reply(400, decoded.error().to_string() + "\n");
    add_written_headers(*write, out);
    write->call->answer(std::move(out));
    return;
  }
  write->refused = std::move(decoded->refused);
  count_all_refused(context, *write);
  put_exemplars(context, write, std::move(decoded->exemplars));
  push_batch(context, write, std::move(decoded->floats), &Ingest::samples);
  push_batch(context, write, std::move(decoded->histograms), &Ingest::histograms);
  put_metadata(context, write, std::move(decoded->metadata));
  finish_part(write);
}

enum class Source : uint8_t { Sender, Import };

void begin_write(Context& context, CallPtr call, Source source) {
  const net::Headers& headers = call->request.headers;
  auto version = version_of(headers.get("content-type"));
  if (!version) {
    call->answer(text_reply(
        415, fmt::format("content type {} is not taken: application/x-protobuf with proto "
                         "prometheus.WriteRequest or io.prometheus.write.v2.Request is\n",
                         quoted(headers.get("content-type")))));
    return;
  }
  std::string_view encoding = headers.get("content-encoding");
  if (!encoding.empty() && !net::header_equals(encoding, "snappy")) {
    call->answer(text_reply(
        415, fmt::format("content encoding {} is not taken: snappy is\n", quoted(encoding))));
    return;
  }
  auto write = std::make_shared<Write>();
  write->call = std::move(call);
  write->version = *version;
  write->back_fill = source == Source::Import;
  write->answer = source == Source::Import ? answer_import : answer_write;
  context.services.executor->post(Lane::Ingest, [&context, write] { run(context, write); });
}

}  // namespace

void handle_write(Context& context, CallPtr call) {
  begin_write(context, std::move(call), Source::Sender);
}
void handle_import_write(Context& context, CallPtr call) {
  begin_write(context, std::move(call), Source::Import);
}

}  // namespace kansoku::api::prometheus
