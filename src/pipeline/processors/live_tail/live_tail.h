// Processor `live_tail`: shows events that were stored to whoever watches. See README.md.
//
// Thread contract: free-threaded.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/component.h"
#include "query/log_filter/log_filter.h"

namespace kansoku::pipeline::live_tail {

// Of batches that wait to be shown; beyond, events are skipped.
inline constexpr size_t kWaitingBytesMax = 16U << 20;
// Of one step of showing: matching takes about a microsecond a row and watcher.
inline constexpr size_t kRowsPerStep = 1'024;

// Views live as long as the call.
struct LiveEvent {
  std::string_view group;
  std::string_view stream;
  int64_t timestamp_ns = 0;
  int64_t ingested_ns = 0;  // about when it was acknowledged
  std::string_view message;
};

struct LiveFilter {
  signal::Scope scope;
  std::vector<std::string> groups;           // empty: all
  std::vector<std::string> streams;          // empty: all
  std::vector<std::string> stream_prefixes;  // empty: all
  std::optional<query::log_filter::Pattern> pattern;
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  // Must be short: other watchers wait.
  virtual void event(const LiveEvent& event) = 0;
  // So many events of the filter's groups were stored that could not be shown.
  virtual void skipped(uint64_t rows) = 0;
  // The server stops; nothing comes any more.
  virtual void closed() = 0;
};

class LiveTail final : public EventSink {
 private:
  struct State;
  struct Entry;

 public:
  LiveTail(const env::Clock& clock, Executor& executor, EventSink& next);
  ~LiveTail() override;
  LiveTail(const LiveTail&) = delete;
  LiveTail& operator=(const LiveTail&) = delete;

  // Ends when it is destroyed, from then on the watcher is not called; may outlive the tail. Not to
  // be destroyed inside a call of its own watcher.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept;
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription() { end(); }
    void end();

   private:
    friend class LiveTail;
    Subscription(std::shared_ptr<State> state, std::shared_ptr<Entry> entry)
        : state_(std::move(state)), entry_(std::move(entry)) {}
    std::shared_ptr<State> state_;
    std::shared_ptr<Entry> entry_;
  };
  // The watcher outlives its subscription. After close(): an ended one.
  Subscription subscribe(LiveFilter filter, Watcher& watcher);
  void push(signal::EventDelivery delivery) override;
  // Tells every watcher, and shows nothing any more.
  void close();
  size_t watchers() const;

 private:
  static void show(const std::shared_ptr<State>& state, signal::Scope scope,
                   std::shared_ptr<const signal::EventBatch> batch, int64_t ingested_ns);

  std::shared_ptr<State> state_;
  EventSink& next_;
};

}  // namespace kansoku::pipeline::live_tail
