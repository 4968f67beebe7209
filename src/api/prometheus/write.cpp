// POST /api/v1/write: remote write 1.0 and 2.0. Answers after the log's sync.
#include <atomic>
#include <mutex>

#include "api/prometheus/call.h"
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

// One request while its batches are on their way. The last part to come back answers.
struct Write {
  CallPtr call;
  rw::Version version = rw::Version::V1;
  rw::Refused refused;
  MemoryLease memory;
  std::atomic<int> open_parts{1};  // the handler itself is one

  std::mutex outcome_mutex;
  uint64_t samples = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  std::optional<Error> rejection;  // permanent: the sender must not send it again
  std::optional<Error> failure;    // nothing kept of a part: the sender may send again
};
using WritePtr = std::shared_ptr<Write>;

bool is_retryable(ErrorCode code) {
  return code == ErrorCode::Unavailable || code == ErrorCode::ResourceExhausted ||
         code == ErrorCode::Internal || code == ErrorCode::DeadlineExceeded ||
         code == ErrorCode::Cancelled || code == ErrorCode::DataLoss;
}

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

// A refusal that is repaired by time alone. 503 and not 429: senders drop what gets 429 unless they
// are told otherwise (retry_on_http_429 is off by default).
net::HttpResponse try_again(std::string message) {
  net::HttpResponse out = text_reply(503, std::move(message));
  out.headers.set("retry-after", "1");
  return out;
}

void finish(const WritePtr& write) {
  if (write->open_parts.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  net::HttpResponse out{.status = 204};
  if (write->failure) {
    out = try_again(write->failure->to_string() + "\n");
  } else if (write->refused.total > 0 || write->rejection) {
    std::string message = write->refused.message;
    if (message.empty() && write->rejection) message = write->rejection->to_string();
    if (write->refused.total > 1) {
      message += fmt::format(" (and {} more refused)", write->refused.total - 1);
    }
    out = text_reply(400, message + "\n");
  }
  add_written_headers(*write, out);
  write->memory.release();
  write->call->answer(std::move(out));
}

void take_verdict(Write& write, uint64_t Write::* count, const signal::Verdict& verdict) {
  std::lock_guard lock(write.outcome_mutex);
  for (const signal::OutcomeCount& row : verdict.counts) {
    bool kept = row.outcome == signal::Outcome::Stored ||
                row.outcome == signal::Outcome::Forwarded ||
                row.outcome == signal::Outcome::Filtered;
    if (kept) write.*count += row.rows;
  }
  if (verdict.status) return;
  std::optional<Error>& slot =
      is_retryable(verdict.status.error().code) ? write.failure : write.rejection;
  if (!slot) slot = verdict.status.error();
}

void push(Context& context, const WritePtr& write, std::shared_ptr<const signal::MetricBatch> batch,
          uint64_t Write::* count) {
  if (batch == nullptr) return;
  write->open_parts.fetch_add(1, std::memory_order_relaxed);
  signal::AckToken token(batch->point_count(), nullptr, Lane::Ingest,
                         [write, count](signal::Verdict verdict) {
                           take_verdict(*write, count, verdict);
                           finish(write);
                         });
  context.services.sink->push({write->call->caller.scope, std::move(batch), {}, std::move(token)});
}

void count_refused(Context& context, const Write& write) {
  if (context.services.ledger == nullptr) return;
  signal::LedgerKey key{kReceiver, write.call->caller.scope.account, kBranch};
  for (size_t i = 0; i < rw::kReasonCount; ++i) {
    uint64_t rows = write.refused.rows[i];
    if (rows == 0) continue;
    context.services.ledger->received(key, rows);
    context.services.ledger->resolved(
        key,
        signal::Verdict::rejected(rows, std::string(rw::reason_name(static_cast<rw::Reason>(i))),
                                  Error{ErrorCode::InvalidArgument, write.refused.message, {}}));
  }
}

void put_metadata(Context& context, const WritePtr& write, std::vector<rw::Metadata> metadata) {
  if (metadata.empty()) return;
  write->open_parts.fetch_add(1, std::memory_order_relaxed);
  context.metadata->put(
      write->call->caller.scope.account, std::move(metadata), [write](Status status) {
        if (!status) {
          std::lock_guard lock(write->outcome_mutex);
          auto& slot = is_retryable(status.error().code) ? write->failure : write->rejection;
          if (!slot) slot = status.error();
        }
        finish(write);
      });
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
  auto decoded = rw::decode(write->version, message,
                            {.oldest_ms = now_ms - kPastMs, .newest_ms = now_ms + kFutureMs});
  if (!decoded) {
    net::HttpResponse out = text_reply(400, decoded.error().to_string() + "\n");
    add_written_headers(*write, out);
    write->call->answer(std::move(out));
    return;
  }
  write->refused = std::move(decoded->refused);
  count_refused(context, *write);
  push(context, write, std::move(decoded->floats), &Write::samples);
  push(context, write, std::move(decoded->histograms), &Write::histograms);
  if (decoded->exemplars != nullptr) {
    uint64_t taken = context.exemplars.add(write->call->caller.scope, *decoded->exemplars);
    std::lock_guard lock(write->outcome_mutex);
    write->exemplars += taken;
  }
  put_metadata(context, write, std::move(decoded->metadata));
  finish(write);
}

}  // namespace

void handle_write(Context& context, CallPtr call) {
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
  context.services.executor->post(Lane::Ingest, [&context, write] { run(context, write); });
}

}  // namespace kansoku::api::prometheus
