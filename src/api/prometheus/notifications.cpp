#include "api/prometheus/notifications.h"

#include "api/prometheus/values.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::prometheus {

struct Notifications::Stream {
  std::mutex exchange_mutex;
  net::HttpExchange exchange;
  bool full = false;  // until its reader has taken what was written

  // With the mutex held.
  static void write(const std::shared_ptr<Stream>& stream, const Notification& notification) {
    if (stream->full) return;
    std::string event = "data: " + notification_json(notification) + "\n\n";
    stream->full = !stream->exchange.write(std::move(event));
    if (!stream->full) return;
    stream->exchange.on_drain([weak = std::weak_ptr<Stream>(stream)] {
      if (auto drained = weak.lock()) {
        std::lock_guard lock(drained->exchange_mutex);
        drained->full = false;
      }
    });
  }
};

std::string notification_json(const Notification& notification) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("text");
  json.string(notification.text);
  json.key("date");
  json.string(rfc3339(notification.date_ms));
  json.key("active");
  json.boolean(notification.active);
  json.end_object();
  return out;
}

void Notifications::add(std::string text) {
  Notification changed{.text = std::move(text), .date_ms = clock_.wall_now().ms()};
  {
    std::lock_guard lock(state_->notifications_mutex);
    auto& all = state_->notifications;
    auto found = std::ranges::find(all, changed.text, &Notification::text);
    if (found == all.end()) {
      all.push_back(changed);
    } else {
      *found = changed;
    }
  }
  tell(changed);
}

void Notifications::remove(std::string_view text) {
  Notification changed;
  {
    std::lock_guard lock(state_->notifications_mutex);
    auto& all = state_->notifications;
    auto found = std::ranges::find(all, text, &Notification::text);
    if (found == all.end()) return;
    changed = std::move(*found);
    changed.active = false;
    all.erase(found);
  }
  tell(changed);
}

void Notifications::tell(const Notification& notification) {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(state_->notifications_mutex);
    for (const auto& [id, stream] : state_->streams) streams.push_back(stream);
  }
  for (const auto& stream : streams) {
    std::lock_guard lock(stream->exchange_mutex);
    Stream::write(stream, notification);
  }
}

std::vector<Notification> Notifications::list() const {
  std::lock_guard lock(state_->notifications_mutex);
  return state_->notifications;
}

size_t Notifications::streams() const {
  std::lock_guard lock(state_->notifications_mutex);
  return state_->streams.size();
}

void Notifications::stream(net::HttpExchange exchange) {
  auto stream = std::make_shared<Stream>();
  // Held from before others can find the stream, so that what is active now comes first.
  std::lock_guard exchange_lock(stream->exchange_mutex);
  std::vector<Notification> now;
  uint64_t id = 0;
  {
    std::lock_guard lock(state_->notifications_mutex);
    if (!state_->closed && state_->streams.size() < streams_max_) {
      id = ++state_->next_stream;
      state_->streams[id] = stream;
      now = state_->notifications;
    }
  }
  if (id == 0) {
    exchange.respond({.status = 204});
    return;
  }
  stream->exchange = std::move(exchange);
  stream->exchange.begin(200,
                         {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}});
  stream->exchange.on_close([weak = std::weak_ptr<State>(state_), id] {
    auto state = weak.lock();
    if (state == nullptr) return;
    std::shared_ptr<Stream> gone;  // destroyed without the mutex
    std::lock_guard lock(state->notifications_mutex);
    auto found = state->streams.find(id);
    if (found == state->streams.end()) return;
    gone = std::move(found->second);
    state->streams.erase(found);
  });
  for (const Notification& one : now) Stream::write(stream, one);
}

void Notifications::close() {
  std::map<uint64_t, std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(state_->notifications_mutex);
    state_->closed = true;
    streams = std::exchange(state_->streams, {});
  }
  for (const auto& [id, stream] : streams) {
    std::lock_guard lock(stream->exchange_mutex);
    stream->exchange.end();
  }
}

}  // namespace kansoku::api::prometheus
