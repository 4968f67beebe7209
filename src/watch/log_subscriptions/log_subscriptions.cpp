#include "watch/log_subscriptions/log_subscriptions.h"

#include <algorithm>

#include "store/event_filter.h"
#include "watch/log_subscriptions/payload.h"

namespace kansoku::watch::log_subscriptions {

using signal::AckToken;
using signal::EventBatch;
using signal::Verdict;

namespace {

constexpr int64_t kHourNs = 3'600 * env::kNsPerS;
// PutLogEvents takes events so old, and so far ahead; other sources keep to it.
constexpr int64_t kOldestNs = 14 * 24 * kHourNs;
constexpr int64_t kNewestNs = 2 * kHourNs;
constexpr size_t kEventBytes = 96;  // beside its message
constexpr uint64_t kRowUnits = 64;
constexpr size_t kPartitionKeyBytes = 256;

int64_t hour_of(int64_t ns) {
  const int64_t hour = ns / kHourNs;
  return ns < 0 && hour * kHourNs > ns ? hour - 1 : hour;
}

// Neighbouring hours as one range.
std::vector<store::TimeRangeNs> ranges_of(const std::map<int64_t, int64_t>& hours) {
  std::vector<store::TimeRangeNs> out;
  for (const auto& [hour, last] : hours) {
    const int64_t begin = hour * kHourNs;
    if (!out.empty() && out.back().end == begin) {
      out.back().end += kHourNs;
    } else {
      out.push_back({begin, begin + kHourNs});
    }
  }
  return out;
}

}  // namespace

// Events of a filter that were read together, oldest first.
struct LogSubscriptions::Chunk {
  struct Event {
    std::string stream;
    PayloadEvent event;
  };
  std::vector<Event> events;
  size_t bytes = 0;
  int64_t ingested_ns = 0;  // of the oldest
  Window next;              // where to go on when it is settled
  bool whole = false;       // the window ends with it
};

// Takes what a scan finds, until the chunk is full.
class LogSubscriptions::Taker {
 public:
  Taker(const Subscription& subscription, const Parts& parts, const store::EventFilter& filter,
        query::QueryContext& context, Chunk& chunk)
      : subscription_(subscription),
        parts_(parts),
        filter_(filter),
        context_(context),
        chunk_(chunk) {}
  bool full() const { return full_; }

  Result<bool> take(store::EventRows& rows) {
    KANSOKU_RETURN_IF_ERROR(context_.spend(rows.size() * kRowUnits));
    std::vector<uint32_t> kept;
    for (uint32_t row = 0; row < rows.size(); ++row) {
      const int64_t ingested_ns = rows.ingested_ns()[row];
      if (ingested_ns >= chunk_.next.from_ns && ingested_ns < chunk_.next.upto_ns)
        kept.push_back(row);
    }
    if (kept.size() < rows.size()) rows.keep(kept);
    KANSOKU_TRY(kept, filter_.rows(rows));
    if (kept.size() < rows.size()) rows.keep(kept);
    KANSOKU_TRY(const std::span<const store::EventValues> columns,
                rows.columns(store::kMessagePath));
    const auto text =
        std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
    for (size_t row = 0; row < rows.size(); ++row) {
      const bool has = text != columns.end() && text->has(row);
      const std::string_view message = has ? text->text(row) : std::string_view();
      query::log_filter::Message subject(message);
      if (!subscription_.pattern.matches(subject)) continue;
      KANSOKU_RETURN_IF_ERROR(context_.spend(kRowUnits + message.size() / 8));
      put(rows, row, message);
      if (chunk_.bytes < kChunkBytes) continue;
      full_ = true;
      return false;
    }
    return true;
  }

 private:
  void put(store::EventRows& rows, size_t row, std::string_view message) {
    const store::EventId id = rows.id(row);
    chunk_.next.after = id;
    chunk_.bytes += message.size() + kEventBytes;
    const int64_t ingested_ns = rows.ingested_ns()[row];
    if (chunk_.events.empty() || ingested_ns < chunk_.ingested_ns) chunk_.ingested_ns = ingested_ns;
    chunk_.events.push_back(
        {std::string(rows.streams()[rows.stream_rows()[row]].stream),
         {parts_.event_id(id), id.timestamp_ns / env::kNsPerMs, std::string(message)}});
  }

  const Subscription& subscription_;
  const Parts& parts_;
  const store::EventFilter& filter_;
  query::QueryContext& context_;
  Chunk& chunk_;
  bool full_ = false;
};

std::shared_ptr<LogSubscriptions> LogSubscriptions::make(Parts parts) {
  return std::shared_ptr<LogSubscriptions>(new LogSubscriptions(std::move(parts)));
}

void LogSubscriptions::start() { wait(); }

void LogSubscriptions::stop() {
  std::vector<std::pair<SubscriptionPtr, int64_t>> cursors;
  {
    std::lock_guard lock(states_mutex_);
    if (stopped_.exchange(true)) return;
    cursors = unsaved();
  }
  if (!cursors.empty()) parts_.definitions->save_cursors(std::move(cursors));
}

void LogSubscriptions::wait() {
  parts_.timers->after(kTickMs * env::kNsPerMs, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_) return;
    self->parts_.executor->post(Lane::Query, [self] { self->tick(); });
  });
}

// ---------------------------------------------------------------------------------------------
// What comes in

void LogSubscriptions::push(signal::EventDelivery delivery) {
  bool wanted = false;
  if (!parts_.definitions->none()) {
    for (const signal::EventStream& stream : delivery.batch->streams()) {
      wanted =
          wanted || parts_.definitions->subscriptions_of(delivery.scope, stream.group) != nullptr;
    }
  }
  if (!wanted) return parts_.next->push(std::move(delivery));
  const int64_t begun_ns = parts_.clock->wall_now().ns;
  {
    std::lock_guard lock(states_mutex_);
    on_the_way_.insert(begun_ns);
  }
  AckToken outer = std::move(delivery.token);
  const uint64_t rows = outer.rows();
  const env::MonotonicTime deadline = outer.deadline();
  delivery.token = AckToken(
      rows, nullptr, Lane::Ingest,
      [self = shared_from_this(), scope = delivery.scope, batch = delivery.batch, begun_ns,
       outer = std::move(outer)](Verdict verdict) mutable {
        self->note_stored(scope, *batch);
        {
          std::lock_guard lock(self->states_mutex_);
          self->on_the_way_.erase(self->on_the_way_.find(begun_ns));
        }
        outer.resolve(std::move(verdict));
      },
      deadline);
  parts_.next->push(std::move(delivery));
}

// Also of what was refused: reading an hour too many is no harm.
void LogSubscriptions::note_stored(const signal::Scope& scope, const EventBatch& batch) {
  std::map<std::string_view, std::set<int64_t>> hours;
  for (size_t row = 0; row < batch.row_count(); ++row) {
    hours[batch.streams()[batch.stream_rows()[row]].group].insert(
        hour_of(batch.timestamps_ns()[row]));
  }
  const int64_t now_ns = parts_.clock->wall_now().ns;
  for (const auto& [group, of_group] : hours) {
    const auto subscriptions = parts_.definitions->subscriptions_of(scope, group);
    if (subscriptions == nullptr) continue;
    std::lock_guard lock(states_mutex_);
    for (const SubscriptionPtr& subscription : *subscriptions) {
      State& state = state_of(subscription);
      for (const int64_t hour : of_group) state.hours[hour] = now_ns;
    }
  }
}

LogSubscriptions::State& LogSubscriptions::state_of(const SubscriptionPtr& subscription) {
  const auto [at, added] = states_.try_emplace(subscription->id);
  State& state = at->second;
  // The filter of that name may have been made anew.
  if (added || state.subscription->created_ns != subscription->created_ns) {
    state = State();
    const auto cursor = parts_.definitions->cursor_of(*subscription);
    state.cursor_ns = std::max(cursor.value_or(0), subscription->created_ns);
    state.saved_ns = state.cursor_ns;
  }
  state.subscription = subscription;
  return state;
}

// ---------------------------------------------------------------------------------------------
// What goes out

void LogSubscriptions::tick() {
  if (stopped_) return;
  const Subscriptions all = parts_.definitions->all();
  std::vector<SubscriptionPtr> ready;
  std::vector<std::pair<SubscriptionPtr, int64_t>> cursors;
  const int64_t now_ns = parts_.clock->wall_now().ns;
  {
    std::lock_guard lock(states_mutex_);
    std::set<std::string_view> known;
    // Batches that set out later are acknowledged later still, and those before have their verdict.
    const int64_t upto_ns = on_the_way_.empty() ? now_ns : std::min(now_ns, *on_the_way_.begin());
    for (const SubscriptionPtr& subscription : all) {
      known.insert(subscription->id);
      State& state = state_of(subscription);
      if (state.busy || (!state.window && !begin_window(state, upto_ns))) continue;
      state.busy = true;
      ready.push_back(subscription);
    }
    std::erase_if(states_, [&](const auto& entry) {
      return !known.contains(entry.first) && !entry.second.busy;
    });
    stats_.behind = 0;
    for (const auto& [id, state] : states_) stats_.behind += state.window ? 1 : 0;
    if (now_ns - last_save_ns_ >= kSaveMs * env::kNsPerMs || now_ns < last_save_ns_) {
      last_save_ns_ = now_ns;
      cursors = unsaved();
    }
  }
  if (!cursors.empty()) parts_.definitions->save_cursors(std::move(cursors));
  for (const SubscriptionPtr& subscription : ready) step(subscription);
  wait();
}

std::vector<std::pair<SubscriptionPtr, int64_t>> LogSubscriptions::unsaved() {
  std::vector<std::pair<SubscriptionPtr, int64_t>> out;
  for (auto& [id, state] : states_) {
    if (state.saved_ns == state.cursor_ns) continue;
    state.saved_ns = state.cursor_ns;
    out.emplace_back(state.subscription, state.cursor_ns);
  }
  return out;
}

// False: there is nothing to read.
bool LogSubscriptions::begin_window(State& state, int64_t upto_ns) {
  if (upto_ns <= state.cursor_ns) return false;
  Window window{.from_ns = state.cursor_ns, .upto_ns = upto_ns};
  if (std::exchange(state.fresh, false)) {
    window.ranges = {{state.cursor_ns - kOldestNs, upto_ns + kNewestNs}};
    window.recovers = true;
  } else if (state.hours.empty()) {
    // Nothing was acknowledged; an idle filter's cursor is not written.
    return false;
  } else {
    window.ranges = ranges_of(state.hours);
  }
  // Hours that got events at or after the end of the window are read again with the next one.
  std::erase_if(state.hours, [&](const auto& hour) { return hour.second < upto_ns; });
  state.window = std::move(window);
  return true;
}

// One chunk of the filter's window. It is busy.
void LogSubscriptions::step(const SubscriptionPtr& subscription) {
  parts_.read([self = shared_from_this(), subscription](Result<const store::EventStore*> events,
                                                        query::QueryContext& context) {
    std::optional<Window> window;
    {
      std::lock_guard lock(self->states_mutex_);
      const auto found = self->states_.find(subscription->id);
      if (found != self->states_.end()) window = found->second.window;
    }
    if (!events || !window || self->stopped_) return self->give_way(subscription);
    self->read_chunk(subscription, *window, **events, context);
  });
}

void LogSubscriptions::read_chunk(const SubscriptionPtr& subscription, const Window& window,
                                  const store::EventStore& events, query::QueryContext& context) {
  Chunk chunk{.next = window};
  const std::vector<store::EventClause> clauses = subscription->pattern.pushdown();
  const auto filter = store::EventFilter::make(clauses);
  if (!filter) return give_way(subscription);
  Taker taker(*subscription, parts_, *filter, context, chunk);
  while (chunk.next.range < window.ranges.size()) {
    store::EventScan scan{.scope = subscription->scope};
    scan.begin_ns = window.ranges[chunk.next.range].begin;
    scan.end_ns = window.ranges[chunk.next.range].end;
    scan.groups = {subscription->group};
    scan.filter = clauses;
    scan.after = chunk.next.after;
    const auto report = events.scan(scan, [&](store::EventRows& rows) { return taker.take(rows); });
    // Tried again with the next tick, from where the window stands.
    if (!report) return give_way(subscription);
    if (taker.full()) return post_ship(subscription, std::move(chunk));
    ++chunk.next.range;
    chunk.next.after.reset();
  }
  chunk.whole = true;
  post_ship(subscription, std::move(chunk));
}

// Compressing, signing and sending want a whole stack, not that of the reading fiber.
void LogSubscriptions::post_ship(const SubscriptionPtr& subscription, Chunk chunk) {
  parts_.executor->post(
      Lane::Query, [self = shared_from_this(), subscription, chunk = std::move(chunk)]() mutable {
        self->ship(subscription, std::move(chunk));
      });
}

void LogSubscriptions::ship(const SubscriptionPtr& subscription, Chunk chunk) {
  if (chunk.events.empty()) return settled(subscription, chunk.next, chunk.whole);
  const uint64_t rows = chunk.events.size();
  const env::WallTime expires{chunk.ingested_ns + kTriedMs * env::kNsPerMs};
  std::vector<OutRecord> records = records_of(*subscription, chunk);
  const Status taken = parts_.send(*subscription, std::move(records), rows, expires,
                                   [weak = weak_from_this(), subscription, rows, next = chunk.next,
                                    whole = chunk.whole](const Status& status) {
                                     const auto self = weak.lock();
                                     if (self == nullptr || self->stopped_) return;
                                     {
                                       std::lock_guard lock(self->states_mutex_);
                                       (status ? self->stats_.delivered : self->stats_.dropped) +=
                                           rows;
                                       if (next.recovers && status) self->stats_.recovered += rows;
                                     }
                                     self->settled(subscription, next, whole);
                                   });
  if (!taken) give_way(subscription);
}

void LogSubscriptions::settled(const SubscriptionPtr& subscription, const Window& next,
                               bool whole) {
  bool goes_on = false;
  {
    std::lock_guard lock(states_mutex_);
    const auto found = states_.find(subscription->id);
    if (found == states_.end()) return;
    State& state = found->second;
    // Made anew meanwhile: what was under way is not its business.
    if (!state.window || state.subscription->created_ns != subscription->created_ns) return;
    if (whole) {
      state.cursor_ns = next.upto_ns;
      state.window.reset();
      state.busy = false;
    } else {
      state.window = next;
      goes_on = true;
    }
  }
  if (!goes_on) return;
  parts_.executor->post(Lane::Query,
                        [self = shared_from_this(), subscription] { self->step(subscription); });
}

void LogSubscriptions::give_way(const SubscriptionPtr& subscription) {
  std::lock_guard lock(states_mutex_);
  const auto found = states_.find(subscription->id);
  if (found == states_.end()) return;
  State& state = found->second;
  if (state.subscription->created_ns == subscription->created_ns) state.busy = false;
}

// One record holds events of one stream, in their order.
std::vector<OutRecord> LogSubscriptions::records_of(const Subscription& subscription,
                                                    const Chunk& chunk) {
  struct Open {
    std::vector<PayloadEvent> events;
    size_t bytes = 0;
  };
  std::map<std::string, Open> open;
  std::vector<OutRecord> out;
  const auto close = [&](const std::string& stream, Open& one) {
    const PayloadHead head{.owner = subscription.scope.account,
                           .group = subscription.group,
                           .stream = stream,
                           .filter = subscription.name};
    std::string key = fmt::format("{:016x}", parts_.random->u64());
    if (!subscription.random) key = stream.substr(0, kPartitionKeyBytes);
    out.push_back({data_message(head, one.events, subscription.for_function), std::move(key)});
    one = Open();
  };
  for (const Chunk::Event& event : chunk.events) {
    Open& one = open[event.stream];
    const size_t bytes = event.event.message.size() + kEventBytes;
    if (!one.events.empty() && one.bytes + bytes > subscription.payload_bytes_max)
      close(event.stream, one);
    one.bytes += bytes;
    one.events.push_back(event.event);
  }
  for (auto& [stream, one] : open) {
    if (!one.events.empty()) close(stream, one);
  }
  return out;
}

void LogSubscriptions::announce(const Subscription& subscription,
                                std::string_view destination_name) {
  const env::WallTime now = parts_.clock->wall_now();
  OutRecord record{control_message(destination_name, now.ms(), subscription.for_function),
                   fmt::format("{:016x}", parts_.random->u64())};
  std::vector<OutRecord> records;
  records.push_back(std::move(record));
  // Whether it arrives shows the ledger; where the queue is full, data will tell soon enough.
  const Status taken = parts_.send(subscription, std::move(records), 1,
                                   {now.ns + kTriedMs * env::kNsPerMs}, [](const Status&) {});
  if (!taken) {
    std::lock_guard lock(states_mutex_);
    ++stats_.dropped;
  }
}

Stats LogSubscriptions::stats() const {
  std::lock_guard lock(states_mutex_);
  return stats_;
}

}  // namespace kansoku::watch::log_subscriptions
