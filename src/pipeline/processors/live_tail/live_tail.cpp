#include "pipeline/processors/live_tail/live_tail.h"

#include <algorithm>

namespace kansoku::pipeline::live_tail {

using signal::AckToken;
using signal::EventBatch;
using signal::EventColumn;
using signal::Verdict;

struct LiveTail::Entry {
  LiveFilter filter;
  std::mutex call_mutex;
  Watcher* watcher = nullptr;  // null: ended

  bool wants_group(const signal::Scope& scope, std::string_view group) const {
    return scope == filter.scope &&
           (filter.groups.empty() ||
            std::ranges::find(filter.groups, group) != filter.groups.end());
  }
  bool wants(const signal::Scope& scope, const signal::EventStream& stream) const {
    if (!wants_group(scope, stream.group)) return false;
    if (!filter.streams.empty() &&
        std::ranges::find(filter.streams, stream.stream) == filter.streams.end()) {
      return false;
    }
    return filter.stream_prefixes.empty() ||
           std::ranges::any_of(filter.stream_prefixes, [&](const std::string& prefix) {
             return stream.stream.starts_with(prefix);
           });
  }
};

struct LiveTail::State {
  State(const env::Clock& c, Executor& e) : clock(c), executor(e) {}
  const env::Clock& clock;
  Executor& executor;
  std::atomic<size_t> watching{0};
  std::atomic<size_t> waiting_bytes{0};
  mutable std::mutex entries_mutex;
  std::vector<std::shared_ptr<Entry>> entries;
  bool closed = false;

  std::vector<std::shared_ptr<Entry>> snapshot() const {
    std::lock_guard lock(entries_mutex);
    return entries;
  }
};

namespace {

// A batch on its way to watchers, some rows at a time.
struct Showing {
  signal::Scope scope;
  std::shared_ptr<const EventBatch> batch;
  const EventColumn* messages = nullptr;
  int64_t ingested_ns = 0;
  size_t next = 0;  // in the rows of the column
};

const EventColumn* messages_of(const EventBatch& batch) {
  for (const EventColumn& column : batch.columns()) {
    if (column.path == signal::kMessagePath && column.type == signal::ColumnType::Text)
      return &column;
  }
  return nullptr;
}

}  // namespace

LiveTail::LiveTail(const env::Clock& clock, Executor& executor, EventSink& next)
    : state_(std::make_shared<State>(clock, executor)), next_(next) {}
LiveTail::~LiveTail() { close(); }

LiveTail::Subscription& LiveTail::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    end();
    state_ = std::move(other.state_);
    entry_ = std::move(other.entry_);
  }
  return *this;
}

void LiveTail::Subscription::end() {
  if (entry_ == nullptr) return;
  {
    std::lock_guard lock(state_->entries_mutex);
    if (std::erase(state_->entries, entry_) > 0) --state_->watching;
  }
  {
    // Waits for a call that is being made.
    std::lock_guard lock(entry_->call_mutex);
    entry_->watcher = nullptr;
  }
  entry_ = nullptr;
  state_ = nullptr;
}

LiveTail::Subscription LiveTail::subscribe(LiveFilter filter, Watcher& watcher) {
  auto entry = std::make_shared<Entry>();
  entry->filter = std::move(filter);
  entry->watcher = &watcher;
  std::lock_guard lock(state_->entries_mutex);
  if (state_->closed) return {};
  state_->entries.push_back(entry);
  ++state_->watching;
  return {state_, std::move(entry)};
}

size_t LiveTail::watchers() const { return state_->watching.load(); }

void LiveTail::close() {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    std::lock_guard lock(state_->entries_mutex);
    state_->closed = true;
    entries.swap(state_->entries);
    state_->watching = 0;
  }
  for (const auto& entry : entries) {
    std::lock_guard lock(entry->call_mutex);
    if (entry->watcher != nullptr) entry->watcher->closed();
  }
}

void LiveTail::push(signal::EventDelivery delivery) {
  if (state_->watching.load(std::memory_order_relaxed) == 0) return next_.push(std::move(delivery));
  AckToken outer = std::move(delivery.token);
  const uint64_t rows = outer.rows();
  const env::MonotonicTime deadline = outer.deadline();
  delivery.token = AckToken(
      rows, nullptr, Lane::Ingest,
      [state = state_, scope = delivery.scope, batch = delivery.batch, rows,
       outer = std::move(outer)](Verdict verdict) mutable {
        uint64_t stored = 0;
        for (const signal::OutcomeCount& count : verdict.counts)
          stored += count.outcome == signal::Outcome::Stored ? count.rows : 0;
        outer.resolve(std::move(verdict));
        if (stored != rows) return;
        const int64_t now_ns = state->clock.wall_now().ns;
        show(state, std::move(scope), std::move(batch), now_ns);
      },
      deadline);
  next_.push(std::move(delivery));
}

void LiveTail::show(const std::shared_ptr<State>& state, signal::Scope scope,
                    std::shared_ptr<const EventBatch> batch, int64_t ingested_ns) {
  const EventColumn* messages = messages_of(*batch);
  if (messages == nullptr) return;
  bool wanted = false;
  for (const auto& entry : state->snapshot()) {
    for (const signal::EventStream& stream : batch->streams())
      wanted = wanted || entry->wants(scope, stream);
  }
  if (!wanted) return;
  const size_t bytes = batch->memory_bytes();
  if (state->waiting_bytes.fetch_add(bytes) + bytes > kWaitingBytesMax + bytes) {
    state->waiting_bytes -= bytes;
    for (const auto& entry : state->snapshot()) {
      uint64_t rows = 0;
      for (const uint32_t row : messages->rows)
        rows += entry->wants(scope, batch->streams()[batch->stream_rows()[row]]) ? 1 : 0;
      std::lock_guard lock(entry->call_mutex);
      if (rows > 0 && entry->watcher != nullptr) entry->watcher->skipped(rows);
    }
    return;
  }
  auto showing = std::make_shared<Showing>(
      Showing{std::move(scope), std::move(batch), messages, ingested_ns, 0});
  run_steps(state->executor, Lane::Query, [state, showing, bytes] {
    const EventBatch& all = *showing->batch;
    const size_t end = std::min(showing->next + kRowsPerStep, showing->messages->rows.size());
    for (const auto& entry : state->snapshot()) {
      std::vector<char> wanted_streams;
      for (const signal::EventStream& stream : all.streams())
        wanted_streams.push_back(entry->wants(showing->scope, stream) ? 1 : 0);
      std::lock_guard lock(entry->call_mutex);
      if (entry->watcher == nullptr) continue;
      for (size_t i = showing->next; i < end; ++i) {
        const uint32_t row = showing->messages->rows[i];
        const uint32_t stream = all.stream_rows()[row];
        if (wanted_streams[stream] == 0) continue;
        const std::string_view text = showing->messages->text_at(i);
        query::log_filter::Message message(text);
        if (entry->filter.pattern && !entry->filter.pattern->matches(message)) continue;
        entry->watcher->event({.group = all.streams()[stream].group,
                               .stream = all.streams()[stream].stream,
                               .timestamp_ns = all.timestamps_ns()[row],
                               .ingested_ns = showing->ingested_ns,
                               .message = text});
      }
    }
    showing->next = end;
    if (end < showing->messages->rows.size()) return true;
    state->waiting_bytes -= bytes;
    return false;
  });
}

}  // namespace kansoku::pipeline::live_tail
