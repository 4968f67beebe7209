// One StartLiveTail: an event stream that shows what is stored, every second, until its client goes
// or three hours are over. Internal to api/aws/logs.
//
// What it holds is bounded: of the events since its last update a random choice of at most
// kUpdateEventsMax and kUpdateBytesMax, also while the client reads too slowly; an update that
// leaves events out says `sampled`. Thread contract: free-threaded; it keeps itself until it ends.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/http/http.h"
#include "pipeline/processors/live_tail/live_tail.h"
#include "wire/aws/logs/shapes.h"

namespace kansoku::api::aws::logs {

// User guide, "Live Tail": 500 events a second, sessions of three hours, 15 at once.
inline constexpr size_t kUpdateEventsMax = 500;
inline constexpr int64_t kSessionMs = 3 * int64_t{3'600'000};
inline constexpr size_t kSessionsMax = 15;
// Escaped as JSON it is at most six times as much, within a message of an event stream.
inline constexpr size_t kUpdateBytesMax = 2U << 20;

struct LiveSessionParts {
  const env::Clock* clock = nullptr;
  env::Timers* timers = nullptr;
  Executor* executor = nullptr;
  env::Random* random = nullptr;
  pipeline::live_tail::LiveTail* tail = nullptr;
};

class LiveSession final : public pipeline::live_tail::Watcher,
                          public std::enable_shared_from_this<LiveSession> {
 public:
  struct Asked {
    std::string request_id;
    std::string session_id;
    std::string arn_prefix;  // of a group, in front of its name
    kansoku::aws::logs::StartLiveTailInput request;
    pipeline::live_tail::LiveFilter filter;
    // Its place among those that an account may have; let go when it has ended.
    std::shared_ptr<void> place;
  };
  static void start(LiveSessionParts parts, Asked asked, net::HttpExchange exchange);

  void event(const pipeline::live_tail::LiveEvent& event) override;
  void skipped(uint64_t rows) override;
  void closed() override;

 private:
  struct Kept {
    std::string group;
    std::string stream;
    std::string message;
    int64_t timestamp_ms = 0;
    int64_t ingested_ms = 0;
    uint64_t arrival = 0;  // among those of the same millisecond
  };
  LiveSession(LiveSessionParts parts, Asked asked, net::HttpExchange exchange);
  void begin();
  void wait_a_second();
  void step();
  void finish();  // exchange_mutex_ is held
  bool write(Result<std::string> frame);
  std::string start_json() const;
  std::string update_json();

  LiveSessionParts parts_;
  Asked asked_;
  int64_t started_ns_ = 0;  // monotonic
  std::mutex exchange_mutex_;
  net::HttpExchange exchange_;
  bool over_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> room_{true};
  pipeline::live_tail::LiveTail::Subscription subscription_;
  std::mutex kept_mutex_;
  std::vector<Kept> kept_;
  size_t kept_bytes_ = 0;
  uint64_t seen_ = 0;  // since the last update
};

}  // namespace kansoku::api::aws::logs
