// PutLogEvents: decoded and checked in one pass, answered when the events are durable.
#include "api/aws/logs/handlers.h"
#include "wire/aws/logs/put_log_events_decoder.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr size_t kEventsMax = 10'000;
constexpr size_t kBatchBytesMax = 1'048'576;
constexpr size_t kBytesPerEvent = 26;  // that CloudWatch Logs adds to each message
constexpr int64_t kSpanMsMax = 86'400'000;
constexpr int64_t kOldestMs = 14 * int64_t{86'400'000};
constexpr int64_t kNewestMs = 2 * int64_t{3'600'000};
constexpr int64_t kDayMs = 86'400'000;

// Takes the events of a request; nothing is known of its group yet.
class EventTaker final : public kansoku::aws::logs::PutLogEventsSink {
 public:
  bool event(std::optional<int64_t> timestamp_ms,
             std::optional<std::string_view> message) override {
    ++count_;
    if (!timestamp_ms || !message) return refuse_null(timestamp_ms ? "message" : "timestamp");
    if (message->empty()) {
      return refuse(fmt::format(
          "1 validation error detected: Value '' at 'logEvents.{}.member.message' failed to "
          "satisfy constraint: Member must have length greater than or equal to 1",
          count_));
    }
    if (*timestamp_ms < 0) {
      return refuse(fmt::format(
          "1 validation error detected: Value '{}' at 'logEvents.{}.member.timestamp' failed to "
          "satisfy constraint: Member must have value greater than or equal to 0",
          *timestamp_ms, count_));
    }
    bytes_ += message->size() + kBytesPerEvent;
    if (!timestamps_ms_.empty() && *timestamp_ms < timestamps_ms_.back()) {
      return refuse("Log events in a single PutLogEvents request must be in chronological order.");
    }
    timestamps_ms_.push_back(*timestamp_ms);
    builder_.add_row(0, *timestamp_ms * env::kNsPerMs);
    builder_.set_text(store::kMessagePath, *message);
    return true;
  }

  // Of the whole batch.
  std::optional<AwsError> check() const {
    if (error_) return error_;
    if (count_ > kEventsMax) {
      return invalid_parameter(
          fmt::format("1 validation error detected: Value at 'logEvents' failed to satisfy "
                      "constraint: Member must have length less than or equal to {}",
                      kEventsMax));
    }
    if (bytes_ > kBatchBytesMax) {
      return invalid_parameter(
          fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes_, kBatchBytesMax));
    }
    if (!timestamps_ms_.empty() && timestamps_ms_.back() - timestamps_ms_.front() > kSpanMsMax) {
      return invalid_parameter(
          "The batch of log events in a single PutLogEvents request cannot span more than 24 "
          "hours.");
    }
    return std::nullopt;
  }
  std::span<const int64_t> timestamps_ms() const { return timestamps_ms_; }
  signal::EventBatchBuilder& builder() { return builder_; }

 private:
  bool refuse(std::string message) {
    error_ = invalid_parameter(std::move(message));
    return false;
  }
  bool refuse_null(std::string_view member) {
    return refuse(
        fmt::format("1 validation error detected: Value null at 'logEvents.{}.member.{}' failed to "
                    "satisfy constraint: Member must not be null",
                    count_, member));
  }

  size_t count_ = 0;
  size_t bytes_ = 0;
  std::vector<int64_t> timestamps_ms_;
  signal::EventBatchBuilder builder_;
  std::optional<AwsError> error_;
};

// Events [begin, end) of the batch are taken; those before are too old or over their retention,
// those behind too new.
struct Taken {
  size_t begin = 0;
  size_t end = 0;
  std::optional<shapes::RejectedLogEventsInfo> rejected;
};
Taken taken_of(std::span<const int64_t> timestamps_ms, int64_t now_ms, int32_t retention_days) {
  const auto first_from = [&](int64_t ms) {
    return static_cast<size_t>(std::ranges::lower_bound(timestamps_ms, ms) - timestamps_ms.begin());
  };
  const size_t old_end = first_from(now_ms - kOldestMs);
  const size_t expired_end = retention_days == 0 ? 0 : first_from(now_ms - retention_days * kDayMs);
  const size_t new_begin = first_from(now_ms + kNewestMs + 1);
  Taken out{.begin = std::max(old_end, expired_end), .end = new_begin, .rejected = std::nullopt};
  out.begin = std::min(out.begin, out.end);
  if (old_end == 0 && expired_end == 0 && new_begin == timestamps_ms.size()) return out;
  out.rejected.emplace();
  if (old_end > 0) out.rejected->too_old_log_event_end_index = static_cast<int32_t>(old_end);
  if (expired_end > old_end)
    out.rejected->expired_log_event_end_index = static_cast<int32_t>(expired_end);
  if (new_begin < timestamps_ms.size())
    out.rejected->too_new_log_event_start_index = static_cast<int32_t>(new_begin);
  return out;
}

// The rows [begin, end) of a batch of messages.
std::shared_ptr<const signal::EventBatch> cut(const signal::EventBatch& batch, const Taken& taken) {
  signal::EventBatchBuilder builder;
  builder.add_stream(batch.streams()[0]);
  const signal::EventColumn& messages = batch.columns()[0];
  for (size_t row = taken.begin; row < taken.end; ++row) {
    builder.add_row(0, batch.timestamps_ns()[row]);
    builder.set_text(store::kMessagePath, messages.text_at(row));
  }
  return builder.finish();
}

// Any token is taken since 2023, but SDKs still look for one.
std::string next_sequence_token(env::WallTime now) { return fmt::format("{:056}", now.ns); }

std::optional<AwsError> missing_name(const kansoku::aws::logs::PutLogEventsNames& names) {
  const auto missing = [](std::string_view member) {
    return invalid_parameter(
        fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                    "Member must not be null",
                    member));
  };
  if (!names.group) return missing("logGroupName");
  if (!names.stream) return missing("logStreamName");
  if (!names.has_events) return missing("logEvents");
  return std::nullopt;
}

AwsError not_allowed(const OperationContext& context, std::string_view group) {
  return auth_error(
      context.protocol,
      {net::auth::AuthFault::NoPermission,
       fmt::format("User: {} is not authorized to perform: logs:PutLogEvents on resource: {}",
                   context.principal->arn, access_to(context, group).resource),
       false});
}

void put(const Shared& shared, const std::shared_ptr<OperationContext>& context, RawBody body,
         Reply reply) {
  EventTaker taker;
  kansoku::aws::logs::PutLogEventsNames names;
  const auto decoded = kansoku::aws::logs::decode_put_log_events(body.bytes, names, taker);
  if (!decoded)
    return reply(std::unexpected(malformed_body(body.protocol, decoded.error().message)));
  if (auto error = taker.check()) return reply(std::unexpected(std::move(*error)));
  if (auto error = missing_name(names)) return reply(std::unexpected(std::move(*error)));
  if (!context->allows("logs:PutLogEvents", access_to(*context, *names.group).resource))
    return reply(std::unexpected(not_allowed(*context, *names.group)));
  const signal::Scope scope = scope_of(*context);
  const auto group = shared.groups().find(scope, *names.group);
  if (!group) return reply(std::unexpected(group_not_found()));
  if (!shared.groups().find_stream(scope, *names.group, *names.stream))
    return reply(std::unexpected(stream_not_found()));
  if (taker.timestamps_ms().empty()) {
    return reply(std::unexpected(
        invalid_parameter("1 validation error detected: Value '[]' at 'logEvents' failed to "
                          "satisfy constraint: Member must have length greater than or equal to "
                          "1")));
  }
  taker.builder().add_stream(
      {.group = *names.group, .stream = *names.stream, .generation = group->generation});
  const Taken taken = taken_of(taker.timestamps_ms(), context->now.ms(), group->retention_days);
  auto batch = taker.builder().finish();
  if (taken.rejected) batch = cut(*batch, taken);
  auto output = std::make_shared<shapes::PutLogEventsOutput>();
  output->next_sequence_token = next_sequence_token(context->now);
  output->rejected_log_events_info = taken.rejected;
  if (batch->row_count() == 0) return reply(std::move(output));
  shared.backend().put(
      scope, std::move(batch), context->batch_id,
      [output = std::move(output), reply = std::move(reply)](Status status) mutable {
        if (!status) return reply(std::unexpected(store_error(status.error())));
        reply(std::move(output));
      });
}

}  // namespace

OperationSpec put_log_events(std::shared_ptr<Shared> shared) {
  return {.name = "PutLogEvents",
          .action = "logs:PutLogEvents",
          .lane = Lane::Ingest,
          .raw_handler = [shared](std::shared_ptr<OperationContext> context, RawBody body,
                                  Reply reply) { put(*shared, context, body, std::move(reply)); },
          // The group stands in the body: put() asks.
          .without_permission = true,
          // JSON of 10,000 events of a megabyte in all, escaped.
          .body_bytes_max = 8U << 20};
}

}  // namespace kansoku::api::aws::logs
