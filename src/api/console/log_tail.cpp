#include "api/console/log_tail.h"

#include <algorithm>

#include "api/console/log_groups.h"
#include "api/console/log_stream.h"

namespace kansoku::api::console {
namespace {

using pipeline::live_tail::LiveEvent;
using pipeline::live_tail::LiveFilter;

class TailSession final : public pipeline::live_tail::Watcher,
                          public std::enable_shared_from_this<TailSession> {
 public:
  TailSession(const LogServices& services, LogAsk ask, std::shared_ptr<LineStream> stream)
      : services_(services), ask_(std::move(ask)), stream_(std::move(stream)) {}

  Status start(LiveFilter filter) {
    KANSOKU_TRY(LogLineTest test, LogLineTest::make(ask_));
    test_.emplace(std::move(test));
    stream_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->closed();
    });
    subscription_ = services_.tail->subscribe(std::move(filter), *this);
    stream_->write("{\"started\":true}\n");
    wait();
    return {};
  }

  void event(const LiveEvent& event) override;
  void skipped(uint64_t rows) override {
    std::lock_guard lock(kept_mutex_);
    seen_ += rows;
  }
  // May come in the middle of a call of this watcher: what ends the subscription runs later.
  void closed() override { stopping_ = true; }

 private:
  struct Kept {
    std::string group;
    std::string stream;
    std::string message;
    int64_t timestamp_ns = 0;
    int64_t ingested_ns = 0;
    uint64_t arrival = 0;
  };
  void wait() {
    services_.timers->after(kTailEveryNs, [self = shared_from_this()]() mutable {
      Executor& executor = *self->services_.executor;
      executor.post(Lane::Query, [self = std::move(self)] { self->step(); });
    });
  }
  void step() {
    if (stopping_ || stream_->gone()) {
      subscription_.end();
      stream_->end();
      return;
    }
    if (room_ && !stream_->write(line())) {
      room_ = false;
      stream_->on_drain([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->room_ = true;
      });
    }
    wait();
  }
  std::string line();

  LogServices services_;
  LogAsk ask_;
  std::optional<LogLineTest> test_;
  std::shared_ptr<LineStream> stream_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> room_{true};
  std::mutex kept_mutex_;
  std::vector<Kept> kept_;
  size_t kept_bytes_ = 0;
  uint64_t seen_ = 0;      // since the last line
  uint64_t arrivals_ = 0;  // of all
  pipeline::live_tail::LiveTail::Subscription subscription_;
};

void TailSession::event(const LiveEvent& event) {
  if (!test_->passes(event.group, event.stream, event.message)) return;
  std::lock_guard lock(kept_mutex_);
  ++seen_;
  ++arrivals_;
  if (kept_bytes_ + event.message.size() > kTailBytesMax) return;
  // Vitter's algorithm R: each event is as likely to be kept as any other.
  size_t place = kept_.size();
  if (place == kTailEventsMax) {
    place = static_cast<size_t>(services_.random->u64() % seen_);
    if (place >= kTailEventsMax) return;
    kept_bytes_ -= kept_[place].message.size();
  } else {
    kept_.emplace_back();
  }
  kept_bytes_ += event.message.size();
  kept_[place] = {.group = std::string(event.group),
                  .stream = std::string(event.stream),
                  .message = std::string(event.message),
                  .timestamp_ns = event.timestamp_ns,
                  .ingested_ns = event.ingested_ns,
                  .arrival = arrivals_};
}

std::string TailSession::line() {
  std::vector<Kept> kept;
  uint64_t seen = 0;
  {
    std::lock_guard lock(kept_mutex_);
    kept.swap(kept_);
    seen = std::exchange(seen_, 0);
    kept_bytes_ = 0;
  }
  std::ranges::sort(kept, {}, &Kept::arrival);
  return json_line({}, "tail", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("seen");
    json.unsigned_integer(seen);
    json.key("sampled");
    json.boolean(seen > kept.size());
    json.key("events");
    json.begin_array();
    for (const Kept& one : kept) {
      json.begin_object();
      json.key("id");
      json.string(fmt::format("tail.{}", one.arrival));
      json.key("time");
      json.integer(one.timestamp_ns / env::kNsPerMs);
      json.key("ingested");
      json.integer(one.ingested_ns / env::kNsPerMs);
      json.key("level");
      json.string(kLogLevelNames[static_cast<size_t>(level_of_message(one.message))]);
      json.key("group");
      json.string(one.group);
      json.key("stream");
      json.string(one.stream);
      json.key("message");
      json.string(one.message);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  });
}

}  // namespace

void tail_logs(const LogServices& services, const LogUser& user, const wire::Node& body,
               net::HttpExchange exchange) {
  auto stream = std::make_shared<LineStream>(std::move(exchange));
  stream->begin("application/x-ndjson");
  const auto fail = [&](const Error& error, std::optional<size_t> position) {
    stream->write(error_line({}, error, position));
    stream->end();
  };
  if (services.tail->watchers() >= kTailsMax) {
    return fail(
        resource_exhausted("{} live tails are open, limit {}", services.tail->watchers(), kTailsMax)
            .error(),
        std::nullopt);
  }
  auto groups = chosen_groups(services, user, "logs:StartLiveTail", body);
  if (!groups) return fail(groups.error(), std::nullopt);
  LogAsk ask;
  auto added = add_log_text(body.text_of("text"), truth_of(body, "anyCase"), ask);
  if (!added) return fail(added.error().error, added.error().position);
  // Its own place for it is quicker: a message is taken apart once for all that watch.
  std::optional<query::log_filter::Pattern> pattern = std::exchange(ask.pattern, std::nullopt);
  if (pattern) ask.scan.filter.clear();
  auto session = std::make_shared<TailSession>(services, std::move(ask), stream);
  const Status started = session->start({.scope = user.scope,
                                         .groups = std::move(*groups),
                                         .streams = texts_of(body, "streams"),
                                         .stream_prefixes = {},
                                         .pattern = std::move(pattern)});
  if (!started) fail(started.error(), std::nullopt);
}

}  // namespace kansoku::api::console
