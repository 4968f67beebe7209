#include "pipeline/spool/spool.h"

#include "base/log.h"

namespace kansoku::pipeline::spool {
namespace {

using signal::Outcome;
using signal::Verdict;

constexpr env::RecordFormat kStateFormat{.magic = 0x3154'5354'4c50'534bULL};  // "KSPLTST1"
constexpr std::string_view kReceiver = "spool";

template <class Batch>
AnyBatch any_batch(std::shared_ptr<const Batch> batch) {
  return AnyBatch(std::move(batch));
}

}  // namespace

Spool::Spool(ComponentContext context, SpoolConfig config, EventSink* events, MetricSink* metrics)
    : context_(std::move(context)),
      config_(std::move(config)),
      next_events_(events),
      next_metrics_(metrics) {}

Result<std::shared_ptr<Spool>> Spool::open(ComponentContext context, SpoolConfig config,
                                           EventSink* events, MetricSink* metrics) {
  std::shared_ptr<Spool> out(new Spool(std::move(context), std::move(config), events, metrics));
  KANSOKU_RETURN_IF_ERROR(out->load());
  return out;
}

// The producer's name and the number below which everything is settled.
Status Spool::load() {
  env::FileSystem& files = *context_.env.files;
  KANSOKU_TRY(files_, SpoolFiles::open(files, config_.directory, config_.segment_bytes));
  const SpoolFilesReport& report = files_->report();
  work_stats_.damages = report.damages;
  if (report.damages > 0) {
    log_error("spool", "{}: {} damaged places, the first: {}; whole records are sent",
              config_.directory, report.damages, report.first_damage);
  }
  state_ = std::make_unique<env::RecordFile>(files, env::join_path(config_.directory, "state"),
                                             kStateFormat);
  auto loaded = state_->load([&](std::string_view payload) -> Status {
    const char* at = payload.data();
    const char* end = at + payload.size();
    std::string_view producer;
    uint64_t cursor = 0;
    if (!read_text(at, end, producer) || !read_varint(at, end, cursor) || at != end)
      return corruption("no state of a spool");
    producer_.assign(producer);
    saved_cursor_ = cursor;
    return {};
  });
  if (!loaded) return std::unexpected(std::move(loaded).error());
  if (producer_.empty()) {
    // A name of its own, so that numbers of a directory that is gone are not taken for its own.
    producer_ =
        fmt::format("spool-{:016x}{:016x}", context_.env.random->u64(), context_.env.random->u64());
    saved_cursor_ = files_->first_number();
    const auto state = [&] { return state_of(saved_cursor_); };
    KANSOKU_RETURN_IF_ERROR(state_->put(state(), state));
  }
  next_read_ = std::max(files_->first_number(), saved_cursor_);
  // What waits counts as received by this process.
  size_t records = 0;
  for (uint64_t number = next_read_;;) {
    auto found = files_->read(number);
    if (!found) return std::unexpected(std::move(found).error());
    if (!*found) break;
    number = (*found)->number + 1;
    if (++records <= kUnsavedMax) unsure_end_ = number;
    auto head = decode_record_head((*found)->bytes);
    if (!head) continue;
    context_.ledger->received(key_of(head->scope), head->rows);
    ++work_stats_.records_waiting;
    if (work_stats_.oldest_ms == 0) work_stats_.oldest_ms = head->taken_ms;
  }
  publish();
  return {};
}

signal::LedgerKey Spool::key_of(const signal::Scope& scope) const {
  return {std::string(kReceiver), scope.account, config_.name};
}

template <class Batch>
void Spool::Door<Batch>::push(signal::BasicDelivery<Batch> delivery) {
  SpoolRecord record{delivery.scope, spool_.context_.env.clock->wall_now().ms(),
                     rows_of(*delivery.batch), any_batch<Batch>(delivery.batch)};
  Waiting waiting{{}, spool_.key_of(delivery.scope), record.rows, std::move(delivery.token)};
  encode_record(record, waiting.record);
  spool_.take(std::move(waiting));
}
template class Spool::Door<signal::EventBatch>;
template class Spool::Door<signal::MetricBatch>;

void Spool::take(Waiting waiting) {
  {
    std::lock_guard lock(inbox_mutex_);
    if (!stopping_ && queue_bytes_ + waiting.record.size() <= config_.queue_bytes_max) {
      queue_bytes_ += waiting.record.size();
      queue_.push_back(std::move(waiting));
    }
  }
  if (waiting.token) {
    const uint64_t rows = waiting.rows;
    waiting.token.resolve(
        Verdict::dropped(rows, "spool_busy",
                         Error{ErrorCode::ResourceExhausted,
                               fmt::format("the spool of {} has {} bytes waiting for the disk",
                                           config_.name, config_.queue_bytes_max),
                               {}}));
    return;
  }
  wake();
}

void Spool::start() {
  {
    std::lock_guard lock(inbox_mutex_);
    started_ = true;
  }
  wake();
}

void Spool::stop(std::move_only_function<void()> done) {
  bool idle = false;
  {
    std::lock_guard lock(inbox_mutex_);
    stopping_ = true;
    idle = !started_;
    if (!idle) stopped_ = std::exchange(done, nullptr);
  }
  if (idle) return done();
  wake();
}

void Spool::wake() {
  std::lock_guard lock(inbox_mutex_);
  if (!started_) return;
  wanted_ = true;
  if (running_) return;
  running_ = true;
  context_.executor->post(kansoku::Lane::Ingest, [self = shared_from_this()] { self->turn(); });
}

void Spool::turn() {
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = false;
    if (timer_ != 0) context_.timers->cancel(std::exchange(timer_, 0));
  }
  work();
  publish();
  std::move_only_function<void()> stopped;
  {
    std::lock_guard lock(inbox_mutex_);
    if (stopping_ && queue_.empty()) {
      stopped = std::move(stopped_);
    } else if (wanted_) {
      context_.executor->post(kansoku::Lane::Ingest, [self = shared_from_this()] { self->turn(); });
      return;
    } else {
      timer_ = context_.timers->after(next_delay_ns(), [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->wake();
      });
    }
    running_ = false;
  }
  if (stopped) {
    save(true);
    stopped();
  }
}

void Spool::work() {
  take_answers();
  write_queued();
  keep_bounds();
  bool stopping = false;
  {
    std::lock_guard lock(inbox_mutex_);
    stopping = stopping_;
  }
  if (!stopping) fill_lanes();
  save(false);
}

// Everything that is queued becomes durable by one sync, then it is answered.
void Spool::write_queued() {
  std::deque<Waiting> batch;
  {
    std::lock_guard lock(inbox_mutex_);
    while (!queue_.empty()) {
      queue_bytes_ -= queue_.front().record.size();
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  if (batch.empty()) return;
  std::vector<std::string> records;
  for (Waiting& waiting : batch) records.push_back(std::move(waiting.record));
  Status written = files_->append(records);
  if (!written) {
    // A full disk: those who can will send again, the others' rows are counted as theirs.
    ++work_stats_.write_failures;
    work_stats_.last_error = written.error().to_string();
    for (Waiting& waiting : batch) {
      waiting.token.resolve(
          Verdict::dropped(waiting.rows, "spool_write_failed",
                           Error{ErrorCode::Unavailable, work_stats_.last_error, {}}));
    }
    return;
  }
  work_stats_.last_error.clear();
  for (Waiting& waiting : batch) {
    work_stats_.rows_taken += waiting.rows;
    ++work_stats_.records_waiting;
    context_.ledger->received(waiting.key, waiting.rows);
    waiting.token.resolve(Verdict::forwarded(waiting.rows));
  }
}

uint64_t Spool::cursor() const {
  uint64_t out = next_read_;
  for (const Lane& lane : lanes_) {
    if (lane.number != 0) out = std::min(out, lane.number);
  }
  return out;
}

void Spool::take_answers() {
  std::vector<Answer> answers;
  {
    std::lock_guard lock(inbox_mutex_);
    answers.swap(answers_);
  }
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  for (Answer& answer : answers) {
    Lane& lane = lanes_[answer.number % kLanes];
    if (lane.number != answer.number || !lane.flying) continue;
    lane.flying = false;
    const Status& status = answer.verdict.status;
    const bool again = !status && (status.error().code == ErrorCode::Unavailable ||
                                   status.error().code == ErrorCode::ResourceExhausted ||
                                   status.error().code == ErrorCode::DeadlineExceeded ||
                                   status.error().code == ErrorCode::Cancelled);
    if (again) {
      lane.retry_at = {now.ns + config_.retry_ms * env::kNsPerMs};
      continue;
    }
    settle(lane, std::move(answer.verdict));
  }
}

void Spool::settle(Lane& lane, Verdict verdict) {
  work_stats_.rows_settled += lane.record.rows;
  --work_stats_.records_waiting;
  context_.ledger->resolved(key_of(lane.record.scope), verdict);
  lane = {};
}

// Whether the exporter has a record of the segment, or may have had one before a kill.
bool Spool::may_be_sent(const SpoolFiles::Range& segment) const {
  if (std::max(segment.first, next_read_) < std::min(segment.end, unsure_end_)) return true;
  return std::ranges::any_of(lanes_, [&](const Lane& lane) {
    return lane.number >= segment.first && lane.number < segment.end;
  });
}

// The oldest goes first. Segments with a record that may be sent are left to the exporter: at most
// kUnsavedMax of them, so the bound holds all the same.
void Spool::keep_bounds() {
  if (files_->bytes() <= config_.bytes_max) return;
  for (const SpoolFiles::Range& segment : files_->closed_segments()) {
    if (may_be_sent(segment)) continue;
    drop_unread(segment);
    if (Status removed = files_->remove(segment); !removed) {
      work_stats_.last_error = removed.error().to_string();
      return;
    }
    if (files_->bytes() <= config_.bytes_max) return;
  }
}

// What of a segment no lane has had.
void Spool::drop_unread(const SpoolFiles::Range& segment) {
  for (uint64_t number = std::max(segment.first, next_read_); number < segment.end;) {
    auto found = files_->read(number);
    if (!found || !*found || (*found)->number >= segment.end) break;
    number = (*found)->number + 1;
    auto head = decode_record_head((*found)->bytes);
    if (!head) continue;
    --work_stats_.records_waiting;
    work_stats_.rows_dropped += head->rows;
    context_.ledger->resolved(
        key_of(head->scope),
        Verdict::dropped(head->rows, "spool_full",
                         Error{ErrorCode::ResourceExhausted, "over the bound of the spool", {}}));
  }
  if (next_read_ >= segment.first) next_read_ = std::max(next_read_, segment.end);
}

void Spool::fill_lanes() {
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  for (Lane& lane : lanes_) {
    if (lane.number != 0 && !lane.flying && lane.retry_at <= now) send(lane);
  }
  const int64_t too_old_ms = context_.env.clock->wall_now().ms() - config_.age_max_ms;
  for (;;) {
    // In order: a record waits for the one before it on its lane.
    auto found = files_->read(next_read_);
    if (!found) {
      work_stats_.last_error = found.error().to_string();
      return;
    }
    if (!*found) {
      if (cursor() == next_read_) work_stats_.oldest_ms = 0;
      return;
    }
    Lane& lane = lanes_[(*found)->number % kLanes];
    if (lane.number != 0 || !may_send_another()) return;
    next_read_ = (*found)->number + 1;
    unsaved_.push_back((*found)->number);
    auto record = decode_record((*found)->bytes);
    if (!record) {
      ++work_stats_.damages;
      work_stats_.last_error = record.error().to_string();
      continue;
    }
    work_stats_.oldest_ms = record->taken_ms;
    lane.number = (*found)->number;
    lane.record = std::move(*record);
    if (lane.record.taken_ms < too_old_ms && lane.number >= unsure_end_) {
      work_stats_.rows_dropped += lane.record.rows;
      settle(lane,
             Verdict::dropped(
                 lane.record.rows, "spool_expired",
                 Error{ErrorCode::DeadlineExceeded, "older than the spool keeps records", {}}));
      continue;
    }
    send(lane);
  }
}

// Where the state cannot be saved, sending goes on: data come before counts.
bool Spool::may_send_another() {
  if (unsaved_.size() >= kUnsavedMax && !saving_fails_) save(true);
  if (saving_fails_) {
    while (!unsaved_.empty() && unsaved_.front() < cursor()) unsaved_.pop_front();
    return true;
  }
  return unsaved_.size() < kUnsavedMax;
}

void Spool::send(Lane& lane) {
  lane.flying = true;
  const signal::Producer producer{fmt::format("{}.{}", producer_, lane.number % kLanes), 1,
                                  lane.number / kLanes};
  signal::AckToken token(lane.record.rows, nullptr, kansoku::Lane::Ingest,
                         [self = shared_from_this(), number = lane.number](Verdict verdict) {
                           {
                             std::lock_guard lock(self->inbox_mutex_);
                             self->answers_.push_back({number, std::move(verdict)});
                           }
                           self->wake();
                         });
  const SpoolRecord& record = lane.record;
  if (const auto* events = std::get_if<0>(&record.batch)) {
    next_events_->push({record.scope, *events, producer, std::move(token)});
  } else {
    next_metrics_->push({record.scope, std::get<1>(record.batch), producer, std::move(token)});
  }
}

std::string Spool::state_of(uint64_t cursor) const {
  std::string out;
  append_text(out, producer_);
  append_varint(out, cursor);
  return out;
}

// Records that were settled behind the saved cursor are sent again after a crash, under their
// numbers.
void Spool::save(bool now) {
  const uint64_t at = cursor();
  const env::MonotonicTime time = context_.env.clock->monotonic_now();
  if (at == saved_cursor_ || (!now && time < save_at_)) return;
  save_at_ = {time.ns + config_.save_interval_ms * env::kNsPerMs};
  const auto state = [&] { return state_of(at); };
  const Status saved = state_->put(state(), state);
  saving_fails_ = !saved;
  if (!saved) {
    work_stats_.last_error = saved.error().to_string();
    return;
  }
  saved_cursor_ = at;
  while (!unsaved_.empty() && unsaved_.front() < at) unsaved_.pop_front();
  if (Status released = files_->release(at); !released)
    work_stats_.last_error = released.error().to_string();
}

int64_t Spool::next_delay_ns() const {
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  int64_t next = now.ns + 60 * env::kNsPerS;
  if (cursor() != saved_cursor_) next = std::min(next, save_at_.ns);
  for (const Lane& lane : lanes_) {
    if (lane.number != 0 && !lane.flying) next = std::min(next, lane.retry_at.ns);
  }
  return std::max<int64_t>(next - now.ns, env::kNsPerMs);
}

void Spool::publish() {
  work_stats_.bytes = files_->bytes();
  std::lock_guard lock(inbox_mutex_);
  stats_ = work_stats_;
}

SpoolStats Spool::stats() const {
  std::lock_guard lock(inbox_mutex_);
  return stats_;
}

}  // namespace kansoku::pipeline::spool
