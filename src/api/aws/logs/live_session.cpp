#include "api/aws/logs/live_session.h"

#include <algorithm>

#include "base/check.h"
#include "wire/aws/event_stream.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kUpdateNs = env::kNsPerS;

void append_texts(wire::JsonWriter& json, std::string_view key,
                  const std::optional<std::vector<std::string>>& texts) {
  json.key(key);
  json.begin_array();
  for (const std::string& text : texts.value_or(std::vector<std::string>())) json.string(text);
  json.end_array();
}

}  // namespace

LiveSession::LiveSession(LiveSessionParts parts, Asked asked, net::HttpExchange exchange)
    : parts_(parts), asked_(std::move(asked)), exchange_(std::move(exchange)) {}

void LiveSession::start(LiveSessionParts parts, Asked asked, net::HttpExchange exchange) {
  std::shared_ptr<LiveSession> session(
      new LiveSession(parts, std::move(asked), std::move(exchange)));
  session->begin();
}

void LiveSession::begin() {
  started_ns_ = parts_.clock->monotonic_now().ns;
  std::weak_ptr<LiveSession> weak = weak_from_this();
  exchange_.on_close([weak] {
    if (const auto self = weak.lock()) self->closed();
  });
  subscription_ = parts_.tail->subscribe(std::move(asked_.filter), *this);
  std::lock_guard lock(exchange_mutex_);
  // Clients ask for it: boto3 takes no stream that begins with anything else.
  write(kansoku::aws::encode_stream_event("initial-response", "{}"));
  write(kansoku::aws::encode_stream_event("sessionStart", start_json()));
  wait_a_second();
}

void LiveSession::wait_a_second() {
  parts_.timers->after(kUpdateNs, [self = shared_from_this()]() mutable {
    Executor& executor = *self->parts_.executor;
    executor.post(Lane::Query, [self = std::move(self)] { self->step(); });
  });
}

void LiveSession::event(const pipeline::live_tail::LiveEvent& event) {
  std::lock_guard lock(kept_mutex_);
  ++seen_;
  if (kept_bytes_ + event.message.size() > kUpdateBytesMax) return;
  // Vitter's algorithm R: each event of the second is as likely to be kept as any other.
  size_t place = kept_.size();
  if (place == kUpdateEventsMax) {
    place = static_cast<size_t>(parts_.random->u64() % seen_);
    if (place >= kUpdateEventsMax) return;
    kept_bytes_ -= kept_[place].message.size();
  } else {
    kept_.emplace_back();
  }
  kept_bytes_ += event.message.size();
  kept_[place] = {.group = std::string(event.group),
                  .stream = std::string(event.stream),
                  .message = std::string(event.message),
                  .timestamp_ms = event.timestamp_ns / env::kNsPerMs,
                  .ingested_ms = event.ingested_ns / env::kNsPerMs,
                  .arrival = seen_};
}

void LiveSession::skipped(uint64_t rows) {
  std::lock_guard lock(kept_mutex_);
  seen_ += rows;
}

// May come from the tail in the middle of a call of this watcher, or from an event loop.
void LiveSession::closed() {
  stopping_ = true;
  parts_.executor->post(Lane::Query, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    std::lock_guard lock(self->exchange_mutex_);
    if (!self->over_) self->finish();
  });
}

void LiveSession::step() {
  std::lock_guard lock(exchange_mutex_);
  if (over_) return;
  if (stopping_ || exchange_.closed()) return finish();
  if (parts_.clock->monotonic_now().ns - started_ns_ >= kSessionMs * env::kNsPerMs) {
    write(kansoku::aws::encode_stream_exception(
        "SessionTimeoutException",
        R"({"message":"A Live Tail session lasts for at most three hours."})"));
    return finish();
  }
  if (room_) write(kansoku::aws::encode_stream_event("sessionUpdate", update_json()));
  wait_a_second();
}

bool LiveSession::write(Result<std::string> frame) {
  KANSOKU_CHECK(frame.has_value());  // within the limits of a frame by kUpdateBytesMax
  if (exchange_.write(std::move(*frame))) return true;
  room_ = false;
  exchange_.on_drain([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->room_ = true;
  });
  return false;
}

void LiveSession::finish() {
  over_ = true;
  subscription_.end();
  exchange_.end();
  asked_.place.reset();
}

std::string LiveSession::start_json() const {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("requestId");
  json.string(asked_.request_id);
  json.key("sessionId");
  json.string(asked_.session_id);
  append_texts(json, "logGroupIdentifiers", asked_.request.log_group_identifiers);
  append_texts(json, "logStreamNames", asked_.request.log_stream_names);
  append_texts(json, "logStreamNamePrefixes", asked_.request.log_stream_name_prefixes);
  json.key("logEventFilterPattern");
  json.string(asked_.request.log_event_filter_pattern.value_or(""));
  json.end_object();
  return out;
}

std::string LiveSession::update_json() {
  std::vector<Kept> kept;
  bool sampled = false;
  {
    std::lock_guard lock(kept_mutex_);
    kept.swap(kept_);
    sampled = seen_ > kept.size();
    kept_bytes_ = 0;
    seen_ = 0;
  }
  std::ranges::sort(kept, {},
                    [](const Kept& one) { return std::pair(one.timestamp_ms, one.arrival); });
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("sessionMetadata");
  json.begin_object();
  json.key("sampled");
  json.boolean(sampled);
  json.end_object();
  json.key("sessionResults");
  json.begin_array();
  for (const Kept& one : kept) {
    json.begin_object();
    json.key("logStreamName");
    json.string(one.stream);
    json.key("logGroupIdentifier");
    json.string(asked_.arn_prefix + one.group);
    json.key("message");
    json.string(one.message);
    json.key("timestamp");
    json.integer(one.timestamp_ms);
    json.key("ingestionTime");
    json.integer(one.ingested_ms);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace kansoku::api::aws::logs
