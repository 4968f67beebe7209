#include "pipeline/receivers/filelog/filelog_receiver.h"

#include "base/check.h"

namespace kansoku::pipeline::filelog {
namespace {

using signal::Outcome;
using signal::Verdict;

// Errors that the same batch would meet again for ever; anything else is tried again.
bool is_final(ErrorCode code) {
  return code == ErrorCode::InvalidArgument || code == ErrorCode::OutOfRange ||
         code == ErrorCode::AlreadyExists || code == ErrorCode::FailedPrecondition ||
         code == ErrorCode::Unimplemented;
}

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
    : context_(std::move(context)),
      config_(std::move(config)),
      sink_(sink),
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
  for (const auto& [number, saved] : journal_.state().slots) {
    slots_[number].sequence = saved.sequence;
  }
  wake();
  return {};
}

void FilelogReceiver::stop(std::move_only_function<void()> done) {
  uint64_t timer = 0;
  {
    std::lock_guard lock(inbox_mutex_);
    stopping_ = true;
    stopped_ = std::move(done);
    timer = timer_;
  }
  context_.timers->cancel(timer);
  wake();
}

FilelogStats FilelogReceiver::stats() const {
  std::lock_guard lock(inbox_mutex_);
  return stats_;
}

void FilelogReceiver::wake() {
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = true;
    if (running_) return;
    running_ = true;
  }
  context_.executor->post(Lane::Ingest, [self = shared_from_this()] { self->turn(); });
}

void FilelogReceiver::turn() {
  bool stopping = false;
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = false;
    stopping = stopping_;
  }
  if (stopping) {
    take_answers();
    if (filling_) close(*filling_);
    sync_again_at_ = {};
    push_prepared();
    sync();
    publish();
    std::move_only_function<void()> stopped;
    {
      std::lock_guard lock(inbox_mutex_);
      stopped = std::move(stopped_);
      running_ = false;  // an answer that comes later is still saved
    }
    if (stopped) stopped();
    return;
  }
  if (work()) {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = true;
  }
  publish();
  end_turn();
}

void FilelogReceiver::end_turn() {
  int64_t delay_ns = next_delay_ns();
  std::lock_guard lock(inbox_mutex_);
  if (wanted_ || stopping_) {
    context_.executor->post(Lane::Ingest, [self = shared_from_this()] { self->turn(); });
    return;
  }
  running_ = false;
  context_.timers->cancel(timer_);
  timer_ = context_.timers->after(delay_ns, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->wake();
  });
}

void FilelogReceiver::publish() {
  FilelogStats now = work_stats_;
  if (table_) now.files = table_->stats();
  std::lock_guard lock(inbox_mutex_);
  stats_ = std::move(now);
}

bool FilelogReceiver::work() {
  take_answers();
  env::MonotonicTime now = context_.env.clock->monotonic_now();
  if (now >= discover_at_) {
    table_->discover();
    discover_at_ = {now.ns + config_.discovery_interval_ms * env::kNsPerMs};
    // What was found for the first time is remembered before it is read, so that where reading
    // began is the same after a crash.
    if (!recovered_) {
      if (!sync()) {
        discover_at_ = {now.ns + config_.retry_min_ms * env::kNsPerMs};
        return false;
      }
      recover();
      recovered_ = true;
    }
  }
  if (!recovered_) return false;
  table_->poll();
  for (uint32_t number = 0; number < slots_.size(); ++number) {
    if (slots_[number].state == SlotState::Waiting && slots_[number].retry_at <= now) {
      ++work_stats_.retries;
      push(number);
    }
  }
  bool filled = fill_slots();
  if (filling_ && now >= fill_until_) close(*filling_);
  push_prepared();
  release_blocked();
  save_if_due(now);
  return filled;
}

int64_t FilelogReceiver::next_delay_ns() const {
  env::MonotonicTime now = context_.env.clock->monotonic_now();
  env::MonotonicTime next = discover_at_;
  if (table_ && recovered_) next = std::min(next, table_->next_poll());
  if (journal_.dirty()) next = std::min(next, std::max(save_at_, sync_again_at_));
  for (const Slot& slot : slots_) {
    if (slot.state == SlotState::Waiting) next = std::min(next, slot.retry_at);
    if (slot.state == SlotState::Prepared) next = std::min(next, sync_again_at_);
  }
  if (filling_) next = std::min(next, fill_until_);
  // Never at once again: a turn that left something undone waits for a moment.
  return std::max<int64_t>(next.ns - now.ns, env::kNsPerMs);
}

bool FilelogReceiver::sync() {
  Status saved = journal_.sync(table_->seen_until());
  work_stats_.saving_fails = !saved;
  if (saved) return true;
  ++work_stats_.save_failures;
  work_stats_.last_error = saved.error().to_string();
  env::MonotonicTime now = context_.env.clock->monotonic_now();
  sync_again_at_ = {now.ns + config_.save_interval_ms * env::kNsPerMs};
  return false;
}

void FilelogReceiver::save_if_due(env::MonotonicTime now) {
  if (!journal_.dirty() || now < save_at_ || now < sync_again_at_) return;
  save_at_ = {now.ns + config_.save_interval_ms * env::kNsPerMs};
  sync();
}

// Batches that were on their way when the process ended are sent again under their numbers.
void FilelogReceiver::recover() {
  auto saved_slots = journal_.state().slots;
  for (const auto& [number, saved] : saved_slots) {
    if (!saved.open) continue;
    Slot& slot = slots_[number];
    filler_.begin(context_.env.clock->wall_now());
    for (const RangeRecord& range : saved.open->ranges) {
      Tail* original = table_->find(range.file);
      if (original != nullptr) ledger_.in_flight(range);
      filler_.add_again(range, original,
                        original == nullptr ? nullptr : table_->holder_of(range.file));
    }
    slot.batch = filler_.finish();
    slot.busy_since = context_.env.clock->monotonic_now();
    slot.epoch = saved.open->epoch;
    slot.sequence = saved.open->sequence;
    if (slot.batch.events->row_count() == 0) {
      settle(number, nullptr);
      continue;
    }
    ++work_stats_.resent;
    slot.state = SlotState::Prepared;
  }
}

bool FilelogReceiver::fill_slots() {
  bool filled = false;
  auto count = static_cast<uint32_t>(config_.batches_in_flight);
  if (filling_ && table_->has_ready()) filled = fill(*filling_);
  for (uint32_t number = 0; number < count && table_->has_ready() && !filling_; ++number) {
    if (slots_[number].state == SlotState::Idle) filled = fill(number) || filled;
  }
  return filled;
}

// True when something was read.
bool FilelogReceiver::fill(uint32_t number) {
  Slot& slot = slots_[number];
  const env::WallTime now = context_.env.clock->wall_now();
  if (slot.state == SlotState::Filling) {
    filler_.go_on(now);
  } else {
    filler_.begin(now);
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
    return slots_[number].state != SlotState::Idle;
  }
  if (slot.state == SlotState::Filling || filler_.empty()) return false;
  slot.state = SlotState::Filling;
  filling_ = number;
  fill_until_ = {context_.env.clock->monotonic_now().ns + config_.batch_wait_ms * env::kNsPerMs};
  return false;
}

void FilelogReceiver::close(uint32_t number) {
  Slot& slot = slots_[number];
  slot.state = SlotState::Idle;
  filling_.reset();
  slot.batch = filler_.finish();
  if (slot.batch.ranges.empty()) return;
  IntentRecord intent{number, journal_.state().epoch, ++slot.sequence, {}};
  for (const BatchRange& range : slot.batch.ranges) {
    intent.ranges.push_back(range.range);
    ledger_.in_flight(range.range);
  }
  slot.epoch = intent.epoch;
  slot.busy_since = context_.env.clock->monotonic_now();
  journal_.put_intent(intent);
  if (slot.batch.events->row_count() == 0) {
    settle(number, nullptr);
  } else {
    slot.state = SlotState::Prepared;
  }
}

void FilelogReceiver::release_blocked() {
  const bool asked = std::ranges::any_of(
      sources_, [](const auto& source) { return source->config().release_blocked_ms > 0; });
  if (!asked) return;
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  const auto is_busy = [](const Slot& slot) {
    return slot.state != SlotState::Idle && slot.state != SlotState::Filling;
  };
  // Since when no file could be read.
  std::optional<env::MonotonicTime> all_busy_since = env::MonotonicTime{};
  for (int64_t number = 0; number < config_.batches_in_flight; ++number) {
    const Slot& slot = slots_[static_cast<size_t>(number)];
    if (!is_busy(slot)) {
      all_busy_since.reset();
      break;
    }
    all_busy_since = std::max(*all_busy_since, slot.busy_since);
  }
  table_->release_blocked([&](const Tail& tail) {
    if (tail.in_flight && is_busy(slots_[tail.slot]))
      return (now.ns - slots_[tail.slot].busy_since.ns) / env::kNsPerMs;
    if (!tail.in_flight && tail.queued && all_busy_since)
      return (now.ns - all_busy_since->ns) / env::kNsPerMs;
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

// Nothing is sent before it is remembered that it is.
void FilelogReceiver::push_prepared() {
  bool any = std::any_of(slots_.begin(), slots_.end(),
                         [](const Slot& slot) { return slot.state == SlotState::Prepared; });
  if (!any || context_.env.clock->monotonic_now() < sync_again_at_ || !sync()) return;
  for (uint32_t number = 0; number < slots_.size(); ++number) {
    if (slots_[number].state == SlotState::Prepared) push(number);
  }
}

void FilelogReceiver::push(uint32_t number) {
  Slot& slot = slots_[number];
  slot.state = SlotState::Flying;
  uint64_t rows = slot.batch.events->row_count();
  uint64_t sequence = slot.sequence;
  ++work_stats_.batches_sent;
  work_stats_.rows_sent += rows;
  signal::AckToken token(rows, context_.executor, Lane::Ingest,
                         [weak = weak_from_this(), number, sequence](Verdict verdict) {
                           auto self = weak.lock();
                           if (!self) return;
                           {
                             std::lock_guard lock(self->inbox_mutex_);
                             self->inbox_.push_back({number, sequence, std::move(verdict)});
                           }
                           self->wake();
                         });
  signal::Producer producer{fmt::format("{}/{}", journal_.state().producer, number), slot.epoch,
                            sequence};
  sink_.push({context_.local_scope, slot.batch.events, std::move(producer), std::move(token)});
}

void FilelogReceiver::take_answers() {
  std::vector<Answer> answers;
  {
    std::lock_guard lock(inbox_mutex_);
    answers.swap(inbox_);
  }
  for (Answer& answer : answers) take_answer(std::move(answer));
}

void FilelogReceiver::take_answer(Answer answer) {
  Slot& slot = slots_[answer.slot];
  if (slot.state != SlotState::Flying || slot.sequence != answer.sequence) return;
  const Status& status = answer.verdict.status;
  if (!status && !is_final(status.error().code)) {
    work_stats_.last_error = status.error().to_string();
    slot.backoff_ms = std::clamp(slot.backoff_ms * 2, config_.retry_min_ms, config_.retry_max_ms);
    // Up to a quarter less, so that many do not come back together.
    auto spread = static_cast<int64_t>(context_.env.random->u64() %
                                       static_cast<uint64_t>(slot.backoff_ms / 4 + 1));
    env::MonotonicTime now = context_.env.clock->monotonic_now();
    slot.retry_at = {now.ns + (slot.backoff_ms - spread) * env::kNsPerMs};
    slot.state = SlotState::Waiting;
    return;
  }
  slot.backoff_ms = 0;
  settle(answer.slot, &answer.verdict);
}

// verdict null: there was nothing to send.
void FilelogReceiver::settle(uint32_t number, const Verdict* verdict) {
  Slot& slot = slots_[number];
  Rows rows(verdict == nullptr ? Verdict{} : *verdict);
  SettledRecord settled{number, slot.sequence, {}};
  env::WallTime now = context_.env.clock->wall_now();
  for (const BatchRange& range : slot.batch.ranges) {
    ByteCounts counts = counts_of(range, rows);
    settled.counts.push_back(counts);
    if (range.known) ledger_.settled(range.range, counts, now, range.rules, rows.rule);
  }
  journal_.put_settled(settled);
  std::vector<BatchRange> ranges = std::move(slot.batch.ranges);
  slot.batch = {};
  slot.state = SlotState::Idle;
  for (const BatchRange& range : ranges) {
    if (Tail* tail = table_->find(range.range.file)) table_->settled(*tail);
  }
}

}  // namespace kansoku::pipeline::filelog
