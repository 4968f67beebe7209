// Subscription filters at work: what is stored goes to their destinations. See README.md.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipeline/component.h"
#include "query/exec/budget.h"
#include "query/log_filter/log_filter.h"
#include "store/event_store.h"

namespace kansoku::watch::log_subscriptions {

// Of one filter, read and not settled yet: message text and what stands beside it. Compressing it
// is one step, some 10 ms.
inline constexpr size_t kChunkBytes = 1U << 20;
inline constexpr int64_t kTickMs = 1'000;
inline constexpr int64_t kSaveMs = 5'000;
// CloudWatch Logs tries for 24 hours.
inline constexpr int64_t kTriedMs = 86'400'000;

// One subscription filter. Immutable.
struct Subscription {
  std::string id;  // changes with nothing but its place: account, region, group and name
  signal::Scope scope;
  std::string group;
  std::string name;
  std::string destination;
  bool for_function = false;     // wraps payloads for Lambda
  size_t payload_bytes_max = 0;  // of the text in one record
  bool random = false;           // distribution over shards; otherwise by log stream
  query::log_filter::Pattern pattern;
  int64_t created_ns = 0;
};
using SubscriptionPtr = std::shared_ptr<const Subscription>;
using Subscriptions = std::vector<SubscriptionPtr>;

// Who knows the filters, and keeps the cursors.
class Definitions {
 public:
  virtual ~Definitions() = default;
  // Quick: asked for every batch.
  virtual bool none() const = 0;
  // Null: none.
  virtual std::shared_ptr<const Subscriptions> subscriptions_of(const signal::Scope& scope,
                                                                std::string_view group) const = 0;
  virtual Subscriptions all() const = 0;
  // Nanoseconds; what was never saved: nothing.
  virtual std::optional<int64_t> cursor_of(const Subscription& subscription) const = 0;
  // Best effort; those whose filter is gone are left out.
  virtual void save_cursors(std::vector<std::pair<SubscriptionPtr, int64_t>> cursors) = 0;
};

struct OutRecord {
  std::string bytes;
  std::string partition_key;
};

struct Stats {
  uint64_t delivered = 0;  // events that destinations took
  uint64_t dropped = 0;    // given up, by the ledger's reasons
  uint64_t recovered = 0;  // of those delivered, in the first window after a start: may be repeats
  uint64_t behind = 0;     // filters with a window that is not settled
};

class LogSubscriptions final : public pipeline::EventSink,
                               public std::enable_shared_from_this<LogSubscriptions> {
 public:
  using Work =
      std::move_only_function<void(Result<const store::EventStore*>, query::QueryContext&)>;
  using Done = std::move_only_function<void(Status)>;
  struct Parts {
    env::Clock* clock = nullptr;
    env::Timers* timers = nullptr;
    Executor* executor = nullptr;
    env::Random* random = nullptr;
    pipeline::EventSink* next = nullptr;
    Definitions* definitions = nullptr;
    // Runs work where it may read for a while.
    std::function<void(Work)> read;
    // ResourceExhausted: not now, and `done` is never called. Anything else that `done` is told
    // means that some of the rows were given up.
    std::function<Status(const Subscription&, std::vector<OutRecord>, uint64_t rows,
                         env::WallTime expires, Done)>
        send;
    std::function<std::string(const store::EventId&)> event_id;
  };
  static std::shared_ptr<LogSubscriptions> make(Parts parts);
  void start();
  // Saves the cursors.
  void stop();

  void push(signal::EventDelivery delivery) override;
  // Tells the destination of a new filter that it has one.
  void announce(const Subscription& subscription, std::string_view destination_name);
  Stats stats() const;

 private:
  struct Window {
    int64_t from_ns = 0;  // acknowledged in [from, upto)
    int64_t upto_ns = 0;
    std::vector<store::TimeRangeNs> ranges;  // of the events' own time
    size_t range = 0;
    std::optional<store::EventId> after;  // within the range
    bool recovers = false;
  };
  struct State {
    SubscriptionPtr subscription;
    int64_t cursor_ns = 0;
    int64_t saved_ns = 0;
    bool fresh = true;  // since the start: which hours have events is not known
    bool busy = false;
    // Hours (of the events' own time) with events since the cursor: the last moment when some were
    // acknowledged.
    std::map<int64_t, int64_t> hours;
    std::optional<Window> window;
  };
  struct Chunk;
  class Taker;
  explicit LogSubscriptions(Parts parts) : parts_(std::move(parts)) {}
  void wait();
  void tick();
  void note_stored(const signal::Scope& scope, const signal::EventBatch& batch);
  State& state_of(const SubscriptionPtr& subscription);        // states_mutex_ is held
  bool begin_window(State& state, int64_t upto_ns);            // states_mutex_ is held
  std::vector<std::pair<SubscriptionPtr, int64_t>> unsaved();  // states_mutex_ is held
  void step(const SubscriptionPtr& subscription);
  void read_chunk(const SubscriptionPtr& subscription, const Window& window,
                  const store::EventStore& events, query::QueryContext& context);
  void post_ship(const SubscriptionPtr& subscription, Chunk chunk);
  void ship(const SubscriptionPtr& subscription, Chunk chunk);
  void settled(const SubscriptionPtr& subscription, const Window& next, bool whole);
  void give_way(const SubscriptionPtr& subscription);
  std::vector<OutRecord> records_of(const Subscription& subscription, const Chunk& chunk);

  Parts parts_;
  std::atomic<bool> stopped_{false};
  mutable std::mutex states_mutex_;
  std::map<std::string, State> states_;  // by subscription id
  // Moments at which batches set out that have no verdict yet, of groups with filters.
  std::multiset<int64_t> on_the_way_;
  int64_t last_save_ns_ = 0;
  Stats stats_;
};

}  // namespace kansoku::watch::log_subscriptions
