// When the file of exemplars is written, and how: in steps, beside appends and queries.
#include "base/log.h"
#include "store/exemplars/engine_core.h"

namespace kansoku::store::exemplars {
namespace {

// How often the age of what is not in the file is looked at.
constexpr int64_t kTickNs = 5 * env::kNsPerS;
// What is too old is not found any more; from memory and disk it goes at the latest then.
constexpr int64_t kExpireNs = 3600 * env::kNsPerS;
// After a failure (a full disk).
constexpr int64_t kRetryNs = 30 * env::kNsPerS;

}  // namespace

void ExemplarEngine::Core::arm_timer() {
  if (timers == nullptr) return;
  std::lock_guard lock(queue_mutex);
  if (closed) return;
  std::weak_ptr<Core> weak = weak_from_this();
  timer = timers->after(kTickNs, [weak] {
    auto self = weak.lock();
    if (!self) return;
    self->executor.post(Lane::Merge, [self] { self->write_if_due(); });
    self->arm_timer();
  });
}

bool ExemplarEngine::Core::write_due() const {
  int64_t now_ns = env.clock->monotonic_now().ns;
  if (closed || writing || now_ns < retry_after_ns) return false;
  if (rewrite || now_ns - expired_at_ns >= kExpireNs) return true;
  return pin && (now_ns - pin->since_ns >= options.pinned_age_ns ||
                 log.stats().bytes - pin->log_bytes >= options.pinned_log_bytes);
}

void ExemplarEngine::Core::write_if_due() {
  std::lock_guard lock(queue_mutex);
  if (write_due()) start_job();
}

void ExemplarEngine::Core::flush(std::move_only_function<void(Status)> done) {
  {
    std::lock_guard lock(queue_mutex);
    bool dirty = (pin || rewrite || writing) && !closed;
    if (dirty) {
      flushes.push_back({applied_sequence, std::move(done)});
      if (!writing) start_job();
      return;
    }
  }
  done({});
}

void ExemplarEngine::Core::start_job() {
  writing = true;
  auto job = std::make_shared<FileJob>();
  job->must_write = pin.has_value() || rewrite;
  run_steps(executor, Lane::Merge, [self = shared_from_this(), job] { return self->step(*job); });
}

bool ExemplarEngine::Core::step(FileJob& job) {
  bool more = false;
  Status status = run_step(job, more);
  if (status && more) return true;
  end_job(job, status);
  return false;
}

Status ExemplarEngine::Core::run_step(FileJob& job, bool& more) {
  more = true;
  {
    std::lock_guard lock(queue_mutex);
    if (closed) return cancelled("exemplars: the store is closed");
  }
  switch (job.phase) {
    case FileJob::Phase::Expire: {
      expire_some(job);
      if (job.phase == FileJob::Phase::Expire) return {};
      more = job.must_write || job.expired > 0;
      return more ? begin_rows(job) : Status();
    }
    case FileJob::Phase::Rows:
      return write_rows(job);
    case FileJob::Phase::Finish:
      more = false;
      return finish_file(job);
  }
  return {};
}

void ExemplarEngine::Core::expire_some(FileJob& job) {
  int64_t oldest = oldest_ms();
  std::lock_guard lock(shelves_mutex);
  auto shelf = shelves.lower_bound(job.account);
  if (shelf == shelves.end()) {
    job.phase = FileJob::Phase::Rows;
    return;
  }
  job.account = shelf->first;
  job.expired += shelf->second.expire(oldest, job.after_key, kSeriesAStep);
  if (job.after_key.empty()) job.account += '\0';
}

// The floor is read before the numbers, so that every record up to it is below them.
Status ExemplarEngine::Core::begin_rows(FileJob& job) {
  job.began_ns = env.clock->monotonic_now().ns;
  job.log_bytes = log.stats().bytes;
  {
    std::lock_guard lock(queue_mutex);
    job.floor = applied_sequence;
  }
  {
    std::lock_guard lock(shelves_mutex);
    for (const auto& [account, shelf] : shelves) job.ends[account] = shelf.next_number();
  }
  job.account.clear();
  KANSOKU_TRY(job.writer, FileWriter::begin(*env.files, options.directory));
  return {};
}

// One block of the first account that has rows left.
Status ExemplarEngine::Core::write_rows(FileJob& job) {
  auto end = job.ends.lower_bound(job.account);
  if (end == job.ends.end()) {
    job.phase = FileJob::Phase::Finish;
    return {};
  }
  RowsEncoder encoder;
  uint64_t next = end->second;
  {
    std::lock_guard lock(shelves_mutex);
    shelves[end->first].visit_arrivals(
        job.from, [&](uint64_t number, uint64_t key, const SeriesName& series, const Row& row) {
          if (number >= end->second) return false;
          if (encoder.rows() == kBlockRows || encoder.bytes() >= kBlockBytes) {
            next = number;
            return false;
          }
          encoder.add(key, series, row);
          return true;
        });
  }
  job.from = next;
  job.account = end->first;
  if (next == end->second) {
    job.account += '\0';
    job.from = 0;
  }
  size_t rows = encoder.rows();
  if (rows == 0) return {};
  std::string bytes;
  encoder.append_to(end->first, bytes);
  return job.writer->write_block(bytes, rows);
}

Status ExemplarEngine::Core::finish_file(FileJob& job) {
  FileState state;
  state.floor = job.floor;
  state.trusted_ms = clock->now_ms();
  {
    std::lock_guard lock(queue_mutex);
    state.missing_before_ms = missing_before_ms;
  }
  KANSOKU_RETURN_IF_ERROR(job.writer->finish(state));
  log.set_floor(wal::Engine::Exemplars, 0, job.floor);
  return {};
}

void ExemplarEngine::Core::end_job(FileJob& job, const Status& status) {
  bool wrote = status && job.phase == FileJob::Phase::Finish;
  if (!status && job.writer) {
    job.writer.reset();
    (void)env.files->remove(exemplar_file_path(options.directory) + ".tmp");
  }
  std::vector<Flush> answered;
  {
    std::lock_guard lock(queue_mutex);
    writing = false;
    int64_t now_ns = env.clock->monotonic_now().ns;
    counters.expired += job.expired;
    if (status) expired_at_ns = now_ns;
    if (wrote) {
      rewrite = false;
      floor = job.floor;
      pin.reset();
      if (applied_sequence > floor) pin = Pin{job.began_ns, job.log_bytes};
      ++counters.files_written;
      counters.file_bytes = job.writer->bytes();
      write_error.clear();
    }
    if (!status && !closed) {
      ++counters.file_failures;
      write_error = status.error().to_string();
      retry_after_ns = now_ns + kRetryNs;
    }
    std::erase_if(flushes, [&](Flush& flush) {
      if (status && flush.sequence > floor) return false;
      answered.push_back(std::move(flush));
      return true;
    });
    if (!flushes.empty()) start_job();
  }
  if (!status && status.error().code != ErrorCode::Cancelled) {
    log_error("exemplars", "the file is not written, the log keeps them: {}",
              status.error().to_string());
  }
  for (Flush& flush : answered) flush.done(status);
}

}  // namespace kansoku::store::exemplars
