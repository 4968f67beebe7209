// What the server has to say about itself now (a configuration that could not be reloaded, a stop
// in progress), as lists and as a stream of events.
//
// Owned by the composition root. Thread contract: free-threaded. Streams are told while their own
// mutex is held, so each hears what happens in order; one that is slow misses what happens until it
// has caught up.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "net/http/http.h"

namespace kansoku::api::prometheus {

struct Notification {
  std::string text;
  int64_t date_ms = 0;
  bool active = true;
};

class Notifications {
 public:
  // 16 streams as the reference server's default (web.max-notifications-subscribers).
  explicit Notifications(const env::Clock& clock, size_t streams_max = 16)
      : clock_(clock), state_(std::make_shared<State>()), streams_max_(streams_max) {}
  ~Notifications() { close(); }
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;

  // What is there already gets a new date.
  void add(std::string text);
  // Streams hear of it as not active any more.
  void remove(std::string_view text);
  std::vector<Notification> list() const;
  // Begins a stream of server-sent events, those that are active first. 204 when there are too
  // many streams.
  void stream(net::HttpExchange exchange);
  size_t streams() const;
  // Ends all streams; later ones end at once.
  void close();

 private:
  struct Stream;
  struct State {
    mutable std::mutex notifications_mutex;
    std::vector<Notification> notifications;
    std::map<uint64_t, std::shared_ptr<Stream>> streams;
    uint64_t next_stream = 0;
    bool closed = false;
  };
  void tell(const Notification& notification);

  const env::Clock& clock_;
  // Shared with callbacks of connections, which may outlive this.
  std::shared_ptr<State> state_;
  size_t streams_max_;
};

// {"text":…,"date":…,"active":…}
std::string notification_json(const Notification& notification);

}  // namespace kansoku::api::prometheus
