#include "pipeline/receivers/filelog/filelog_receiver.h"

#include "base/check.h"

namespace kansoku::pipeline::filelog {
namespace {

using signal::Outcome;
using signal::Verdict;

// Rows of a verdict by what they mean for bytes.
struct Rows {
  uint64_t total = 0;
  uint64_t filtered = 0;
  uint64_t dropped = 0;
  std::string rule;  // the reason, where all rows have one

  explicit Rows(const Verdict& verdict) {
    for (const signal::OutcomeCount& count : verdict.counts) {
      total += count.rows;
      if (count.outcome == Outcome::Filtered) filtered += count.rows;
      bool gone = count.outcome == Outcome::Rejected || count.outcome == Outcome::Dropped;
      if (gone) dropped += count.rows;
    }
    if (total > 0 && (filtered == total || dropped == total)) rule = verdict.counts[0].reason;
  }
};

// A verdict counts rows, not which; where they differ, bytes are shared out by their numbers.
ByteCounts counts_of(const BatchRange& range, const Rows& rows) {
  ByteCounts out{.filtered = range.filtered,
                 .dropped = range.dropped,
                 .truncated_unread = range.truncated_unread};
  uint64_t filtered = 0;
  uint64_t dropped = 0;
  if (rows.total > 0) {
    auto share = [&](uint64_t part) {
      return static_cast<uint64_t>(static_cast<unsigned __int128>(range.sent) * part / rows.total);
    };
    filtered = share(rows.filtered);
    dropped = share(rows.dropped);
  }
  out.filtered += filtered;
  out.dropped += dropped;
  out.acknowledged = range.sent - filtered - dropped;
  return out;
}

}  // namespace

FilelogReceiver::FilelogReceiver(ComponentContext context, FilelogConfig config, EventSink& sink)
    : PollingReceiver(std::move(context),
                      {.save_interval_ms = config.save_interval_ms,
                       .retry_min_ms = config.retry_min_ms,
                       .retry_max_ms = config.retry_max_ms},
                      sink),
      config_(std::move(config)),
      journal_(context_.env, config_.state_path),
      filler_(static_cast<size_t>(config_.batch_bytes)) {}

Result<std::shared_ptr<FilelogReceiver>> FilelogReceiver::make(ComponentContext context,
                                                               FilelogConfig config,
                                                               EventSink& sink) {
  if (config.state_path.empty()) return invalid_argument("filelog needs a file for its state");
  if (config.batches_in_flight < 1 || config.batch_bytes < 1 || config.block_bytes < 1) {
    return invalid_argument("filelog: sizes and counts must be positive");
  }
  std::set<std::string> names;
  std::vector<std::unique_ptr<const Source>> sources;
  for (const SourceConfig& source : config.sources) {
    if (!names.insert(source.name).second) {
      return invalid_argument("two sources are named {}", quoted(source.name));
    }
    KANSOKU_TRY(auto made, Source::make(source));
    sources.push_back(std::move(made));
  }
  std::shared_ptr<FilelogReceiver> out(
      new FilelogReceiver(std::move(context), std::move(config), sink));
  out->sources_ = std::move(sources);
  return out;
}

Status FilelogReceiver::start() {
  KANSOKU_TRY(Journal::Loaded loaded, journal_.open());
  work_stats_.state_was_damaged = loaded == Journal::Loaded::Damaged;
  table_ = std::make_unique<FileTable>(context_.env, config_, sources_, journal_, ledger_);
  table_->restore(loaded == Journal::Loaded::Fresh);
  uint32_t slots = static_cast<uint32_t>(config_.batches_in_flight);
  for (const auto& [number, saved] : journal_.state().slots) slots = std::max(slots, number + 1);
  slots_.resize(slots);
  filled_.resize(slots);
  for (const auto& [number, saved] : journal_.state().slots) {
    slots_[number].producer.sequence = saved.sequence;
  }
  wake();
  return {};
}

FilelogStats FilelogReceiver::stats() const {
  std::lock_guard lock(stats_mutex_);
  return stats_;
}

void FilelogReceiver::publish() {
  FilelogStats now{work_stats_, {}};
  if (table_) now.files = table_->stats();
  std::lock_guard lock(stats_mutex_);
  stats_ = std::move(now);
}

void FilelogReceiver::last_work() {
  if (filling_) close(*filling_);
  save_again_now();
  push_prepared();
  save();
}

bool FilelogReceiver::work() {
  const env::MonotonicTime begun = now();
  if (begun >= discover_at_) {
    table_->discover();
    discover_at_ = {begun.ns + config_.discovery_interval_ms * env::kNsPerMs};
    // What was found for the first time is remembered before it is read, so that where reading
    // began is the same after a crash.
    if (!recovered_) {
      if (!save()) {
        discover_at_ = {begun.ns + config_.retry_min_ms * env::kNsPerMs};
        return false;
      }
      recover();
      recovered_ = true;
    }
  }
  if (!recovered_) return false;
  table_->poll();
  bool filled = fill_slots();
  const bool lost_a_file = table_->take_urgent();
  urgent_ = filling_ && (lost_a_file || urgent_);
  if (filling_ && (urgent_ || begun >= fill_until_)) close(*filling_);
  release_blocked();
  return filled;
}

env::MonotonicTime FilelogReceiver::next_work() const {
  env::MonotonicTime next = discover_at_;
  if (table_ && recovered_) next = std::min(next, table_->next_poll());
  if (filling_) next = std::min(next, fill_until_);
  return next;
}

Status FilelogReceiver::save_state() { return journal_.sync(table_->seen_until()); }

signal::Producer FilelogReceiver::producer_of(uint32_t number, uint64_t epoch,
                                              uint64_t sequence) const {
  return {fmt::format("{}/{}", journal_.state().producer, number), epoch, sequence};
}

// Batches that were on their way when the process ended are sent again under their numbers.
void FilelogReceiver::recover() {
  auto saved_slots = journal_.state().slots;
  for (const auto& [number, saved] : saved_slots) {
    if (!saved.open) continue;
    Filled& filled = filled_[number];
    filler_.begin(context_.env.clock->wall_now());
    for (const RangeRecord& range : saved.open->ranges) {
      Tail* original = table_->find(range.file);
      if (original != nullptr) ledger_.in_flight(range);
      filler_.add_again(range, original,
                        original == nullptr ? nullptr : table_->holder_of(range.file));
    }
    filled.batch = filler_.finish();
    filled.busy_since = now();
    if (filled.batch.events->row_count() == 0) {
      settle(number, nullptr);
      continue;
    }
    ++work_stats_.resent;
    prepare(number, filled.batch.events,
            producer_of(number, saved.open->epoch, saved.open->sequence));
  }
}

bool FilelogReceiver::fill_slots() {
  bool filled = false;
  auto count = static_cast<uint32_t>(config_.batches_in_flight);
  if (filling_ && table_->has_ready()) filled = fill(*filling_);
  for (uint32_t number = 0; number < count && table_->has_ready() && !filling_; ++number) {
    if (!is_busy(number)) filled = fill(number) || filled;
  }
  return filled;
}

// True when something was read.
bool FilelogReceiver::fill(uint32_t number) {
  const env::WallTime wall = context_.env.clock->wall_now();
  if (filling_ == number) {
    filler_.go_on(wall);
  } else {
    filler_.begin(wall);
  }
  bool any = false;
  while (!filler_.full()) {
    Tail* tail = table_->take_ready(number);
    if (tail == nullptr) break;
    any = true;
    if (read_into_batch(*tail, number)) table_->make_ready(*tail);
  }
  if (!any) return false;
  if (filler_.full() || config_.batch_wait_ms == 0) {
    close(number);
    return is_busy(number);
  }
  if (filling_ || filler_.empty()) return false;
  filling_ = number;
  fill_until_ = {now().ns + config_.batch_wait_ms * env::kNsPerMs};
  return false;
}

void FilelogReceiver::close(uint32_t number) {
  Filled& filled = filled_[number];
  filling_.reset();
  urgent_ = false;
  filled.batch = filler_.finish();
  if (filled.batch.ranges.empty()) return;
  uint64_t& sequence = slots_[number].producer.sequence;
  IntentRecord intent{number, journal_.state().epoch, ++sequence, {}};
  for (const BatchRange& range : filled.batch.ranges) {
    intent.ranges.push_back(range.range);
    ledger_.in_flight(range.range);
  }
  filled.busy_since = now();
  journal_.put_intent(intent);
  if (filled.batch.events->row_count() == 0) {
    settle(number, nullptr);
  } else {
    prepare(number, filled.batch.events, producer_of(number, intent.epoch, intent.sequence));
  }
}

void FilelogReceiver::release_blocked() {
  const bool asked = std::ranges::any_of(
      sources_, [](const auto& source) { return source->config().release_blocked_ms > 0; });
  if (!asked) return;
  const int64_t now_ns = now().ns;
  // Since when no file could be read.
  std::optional<env::MonotonicTime> all_busy_since = env::MonotonicTime{};
  for (int64_t number = 0; number < config_.batches_in_flight; ++number) {
    const auto slot = static_cast<size_t>(number);
    if (!is_busy(slot)) {
      all_busy_since.reset();
      break;
    }
    all_busy_since = std::max(*all_busy_since, filled_[slot].busy_since);
  }
  table_->release_blocked([&](const Tail& tail) {
    if (tail.in_flight && is_busy(tail.slot))
      return (now_ns - filled_[tail.slot].busy_since.ns) / env::kNsPerMs;
    if (!tail.in_flight && tail.queued && all_busy_since)
      return (now_ns - all_busy_since->ns) / env::kNsPerMs;
    return int64_t{0};
  });
}

// True when the file has more.
bool FilelogReceiver::read_into_batch(Tail& tail, uint32_t number) {
  bool again = false;
  if (tail.released && !table_->reopen(tail)) return false;
  uint64_t before = tail.position;
  if (tail.kind == FileKind::Retired) {
    filler_.add_pending(tail);
    tail.flush = false;
    urgent_ = true;
  } else {
    Block block = read_block(tail, static_cast<size_t>(config_.block_bytes), buffer_);
    if (block.outcome == ReadOutcome::Rewritten) {
      table_->rewritten(tail);
      return false;
    }
    if (block.outcome == ReadOutcome::Failed) return false;
    bool final = tail.flush && block.bytes.size() == tail.pending.size();
    tail.flush = false;
    bool whole = filler_.add(tail, block, final);
    again = block.more || !whole;
  }
  if (tail.position != before) {
    tail.in_flight = true;
    tail.slot = number;
    table_->remember_head(tail);
  }
  return again;
}

void FilelogReceiver::settled(size_t slot, const Verdict& verdict) {
  settle(static_cast<uint32_t>(slot), &verdict);
}

// verdict null: there was nothing to send.
void FilelogReceiver::settle(uint32_t number, const Verdict* verdict) {
  Filled& filled = filled_[number];
  Rows rows(verdict == nullptr ? Verdict{} : *verdict);
  SettledRecord record{number, slots_[number].producer.sequence, {}};
  env::WallTime wall = context_.env.clock->wall_now();
  for (const BatchRange& range : filled.batch.ranges) {
    ByteCounts counts = counts_of(range, rows);
    record.counts.push_back(counts);
    if (range.known) ledger_.settled(range.range, counts, wall, range.rules, rows.rule);
  }
  journal_.put_settled(record);
  std::vector<BatchRange> ranges = std::move(filled.batch.ranges);
  filled.batch = {};
  for (const BatchRange& range : ranges) {
    if (Tail* tail = table_->find(range.range.file)) table_->settled(*tail);
  }
}

}  // namespace kansoku::pipeline::filelog
