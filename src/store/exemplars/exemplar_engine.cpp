#include "store/exemplars/exemplar_engine.h"

#include "base/log.h"
#include "store/exemplars/engine_core.h"
#include "store/selector_match.h"

namespace kansoku::store::exemplars {

void ExemplarEngine::Core::note_damage(uint64_t places, const std::string& what) {
  counters.damages += places;
  // Senders' exemplars may be ahead of the clock by so much.
  int64_t until_ms = std::max(env.clock->wall_now().ms(), clock->now_ms()) + kPointFutureMs;
  missing_before_ms = std::max(missing_before_ms, until_ms);
  rewrite = true;
  if (damage.empty()) damage = what;
  log_error("exemplars", "{}: exemplars are missing", what);
}

// Puts what was stored into memory, in order, before the store starts. What is too old meanwhile
// goes with the first look at it.
void ExemplarEngine::Core::put_rows(const DecodedRows& rows) {
  Shelf& shelf = shelves.try_emplace(std::string(rows.account)).first->second;
  std::string key;
  for (const DecodedRows::Item& item : rows.rows) {
    make_series_key(rows.series[item.series], key);
    (void)shelf.add(key, item.row, limits(), evicted);
  }
}

Status ExemplarEngine::Core::load() {
  KANSOKU_TRY(FileReading reading,
              read_exemplar_file(*env.files, options.directory,
                                 [&](const DecodedRows& rows) { put_rows(rows); }));
  clock = std::make_unique<TrustedClock>(*env.clock, reading.state.trusted_ms);
  counters.file_bytes = reading.bytes;
  missing_before_ms = reading.state.missing_before_ms;
  if (missing_before_ms != kNothingMissing && missing_before_ms > oldest_ms()) {
    damage = "stored exemplars were damaged; some are missing";
  }
  if (reading.damages > 0) {
    note_damage(reading.damages,
                fmt::format("{}: {}", exemplar_file_path(options.directory), reading.first_damage));
  }
  floor = reading.state.floor;
  if (log.recovery().lost_until_sequence > floor + 1) {
    note_damage(std::max<uint64_t>(log.recovery().damages, 1),
                "the log was damaged: " + log.recovery().first_damage);
  }
  return replay(floor);
}

Status ExemplarEngine::Core::replay(uint64_t file_floor) {
  applied_sequence = file_floor;
  // What was pinned before a restart counts, so that no row of crashes lets the log grow.
  const Pin replayed{env.clock->monotonic_now().ns, uint64_t{0} - log.recovery().bytes};
  return log.replay(wal::Engine::Exemplars,
                    [&](const wal::RecordTag& tag, std::string_view payload) -> Status {
                      if (tag.sequence <= file_floor) return {};
                      DecodedRows rows;
                      Status decoded = decode_record(payload, rows);
                      if (!decoded) {
                        // The checksum held, so a newer version or a bug wrote this: starting would
                        // lose data silently.
                        return fail(ErrorCode::DataLoss, decoded.error().message,
                                    fmt::format("log record {}", tag.sequence));
                      }
                      put_rows(rows);
                      applied_sequence = tag.sequence;
                      ++counters.replayed_records;
                      if (!pin) pin = replayed;
                      return {};
                    });
}

// With queue_mutex held.
Status ExemplarEngine::Core::has_room() const {
  if (closed) return unavailable("exemplars: the store is closed");
  if (queue_bytes > options.queue_bytes_max) {
    return unavailable("exemplars: {} bytes are on their way into the log, limit {}", queue_bytes,
                       options.queue_bytes_max);
  }
  bool stuck = pin && !write_error.empty() &&
               log.stats().bytes - pin->log_bytes > options.pinned_log_bytes_max;
  if (stuck) return unavailable("exemplars cannot be written to disk: {}", write_error);
  return {};
}

// The record of the exemplars that are not here yet; empty when all are.
std::string ExemplarEngine::Core::encode_new_rows(Waiting& waiting) const {
  const signal::MetricBatch& batch = *waiting.batch;
  const auto& exemplars = batch.exemplars();
  int64_t oldest = oldest_ms();
  RowsEncoder encoder;
  std::string key;
  auto name_of = [&](const signal::Exemplar& exemplar) {
    return SeriesName{waiting.scope.region, batch.canonical_labels(exemplar.series)};
  };
  for (size_t begin = 0; begin < exemplars.size(); begin += kRowsAStep) {
    const size_t end = std::min(exemplars.size(), begin + kRowsAStep);
    std::lock_guard lock(shelves_mutex);
    auto shelf = shelves.find(waiting.scope.account);
    for (size_t i = begin; i < end; ++i) {
      const signal::Exemplar& exemplar = exemplars[i];
      if (exemplar.timestamp_ms < oldest) continue;
      ++waiting.taken;
      const Row row{exemplar.timestamp_ms, exemplar.value, exemplar.labels.canonical()};
      make_series_key(name_of(exemplar), key);
      // Senders repeat the last exemplar of a series until there is a new one.
      if (shelf != shelves.end() && shelf->second.contains(key, row)) continue;
      waiting.rows.push_back(static_cast<uint32_t>(i));
    }
  }
  if (waiting.rows.empty()) return {};
  for (uint32_t i : waiting.rows) {
    const signal::Exemplar& exemplar = exemplars[i];
    encoder.add(exemplar.series, name_of(exemplar),
                {exemplar.timestamp_ms, exemplar.value, exemplar.labels.canonical()});
  }
  std::string record(1, static_cast<char>(kRecordVersion));
  encoder.append_to(waiting.scope.account, record);
  return record;
}

void ExemplarEngine::Core::append(const signal::Scope& scope,
                                  std::shared_ptr<const signal::MetricBatch> batch, Done done) {
  if (batch->exemplars().empty() || options.exemplars_per_account_max == 0) {
    done(0);
    return;
  }
  if (scope.region.find('\0') != std::string::npos) {
    done(invalid_argument("a region with a zero byte"));
    return;
  }
  auto waiting = std::make_unique<Waiting>();
  waiting->scope = scope;
  waiting->batch = std::move(batch);
  waiting->done = std::move(done);
  Status room;
  {
    std::lock_guard lock(queue_mutex);
    room = has_room();
    if (!room) counters.refused += waiting->batch->exemplars().size();
  }
  if (!room) {
    waiting->done(std::unexpected(room.error()));
    return;
  }
  std::string record = encode_new_rows(*waiting);
  if (record.empty()) {
    waiting->done(waiting->taken);
    return;
  }
  waiting->bytes = waiting->batch->memory_bytes() + record.size();
  hand_to_log(std::move(waiting), record);
}

void ExemplarEngine::Core::hand_to_log(std::unique_ptr<Waiting> waiting, std::string_view record) {
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes += waiting->bytes;
  }
  // The log destroys a refused callback, so the batch waits in a holder that outlives it.
  auto holder = std::make_shared<std::unique_ptr<Waiting>>(std::move(waiting));
  auto durable_now = [self = shared_from_this(), holder](Result<uint64_t> sequence) {
    (*holder)->sequence = std::move(sequence);
    {
      std::lock_guard lock(self->queue_mutex);
      self->durable.push_back(std::move(*holder));
      if (std::exchange(self->draining, true)) return;
    }
    run_steps(self->executor, Lane::Ingest, [self] { return self->drain_one(); });
  };
  auto sequence = log.append_with_next(wal::Engine::Exemplars, 0, {}, record, durable_now);
  if (sequence) return;
  Error error = sequence.error();
  if (error.code == ErrorCode::ResourceExhausted) {
    // Larger than any record: sent again it is not smaller.
    error = Error{ErrorCode::InvalidArgument, "too many exemplars at once: " + error.message, {}};
  }
  std::unique_ptr<Waiting> refused = std::move(*holder);
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes -= refused->bytes;
    counters.refused += refused->batch->exemplars().size();
  }
  refused->done(std::unexpected(std::move(error)));
}

// One batch; false when none is left.
bool ExemplarEngine::Core::drain_one() {
  std::unique_ptr<Waiting> waiting;
  {
    std::lock_guard lock(queue_mutex);
    if (durable.empty()) {
      draining = false;
      return false;
    }
    waiting = std::move(durable.front());
    durable.pop_front();
  }
  apply(*waiting);
  waiting.reset();
  write_if_due();
  return true;
}

void ExemplarEngine::Core::apply(Waiting& waiting) {
  uint64_t kept = 0;
  const auto& exemplars = waiting.batch->exemplars();
  std::string key;
  for (size_t begin = 0; waiting.sequence && begin < waiting.rows.size(); begin += kRowsAStep) {
    std::lock_guard lock(shelves_mutex);
    Shelf& shelf = shelves.try_emplace(waiting.scope.account).first->second;
    size_t end = std::min(waiting.rows.size(), begin + kRowsAStep);
    for (size_t i = begin; i < end; ++i) {
      const signal::Exemplar& exemplar = exemplars[waiting.rows[i]];
      make_series_key({waiting.scope.region, waiting.batch->canonical_labels(exemplar.series)},
                      key);
      const Row row{exemplar.timestamp_ms, exemplar.value, exemplar.labels.canonical()};
      kept += static_cast<uint64_t>(shelf.add(key, row, limits(), evicted));
    }
  }
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes -= waiting.bytes;
    if (waiting.sequence) {
      counters.appended += kept;
      applied_sequence = *waiting.sequence;
      if (!pin) pin = Pin{env.clock->monotonic_now().ns, log.stats().bytes};
    } else {
      counters.refused += exemplars.size();
    }
  }
  if (waiting.sequence) {
    waiting.done(waiting.taken);
  } else {
    Error error = waiting.sequence.error();
    error.code = ErrorCode::Unavailable;
    waiting.done(std::unexpected(std::move(error)));
  }
}

Result<ExemplarAnswer> ExemplarEngine::Core::find(const ExemplarQuery& query) const {
  KANSOKU_TRY(auto selectors, compile_selectors(query.selectors));
  ExemplarAnswer out;
  int64_t oldest = oldest_ms();
  int64_t first_ms = std::max(query.first_ms, oldest);
  bool open_series = false;
  Shelf::Visitor visitor;
  visitor.wants = [&](std::string_view labels) {
    if (open_series && out.series.back().exemplars.empty()) out.series.pop_back();
    signal::Labels series = signal::Labels::from_canonical(std::string(labels));
    open_series = matches_any(selectors, series);
    if (open_series) out.series.push_back({std::move(series), {}});
    return open_series;
  };
  visitor.row = [&](const Row& row) {
    out.series.back().exemplars.push_back(
        {0, row.timestamp_ms, row.value, signal::Labels::from_canonical(std::string(row.labels))});
  };
  std::string after_key;
  for (bool more = true; more;) {
    std::lock_guard lock(shelves_mutex);
    auto shelf = shelves.find(query.scope.account);
    if (shelf == shelves.end()) break;
    more = shelf->second.visit_series(query.scope.region, after_key, kSeriesAStep, first_ms,
                                      query.last_ms, visitor);
  }
  if (open_series && out.series.back().exemplars.empty()) out.series.pop_back();
  std::lock_guard lock(queue_mutex);
  bool missing = missing_before_ms > oldest && first_ms < missing_before_ms;
  if (missing_before_ms != kNothingMissing && missing) out.missing_before_ms = missing_before_ms;
  return out;
}

ExemplarEngine::ExemplarEngine(std::shared_ptr<Core> core) : core_(std::move(core)) {}
ExemplarEngine::~ExemplarEngine() { close(); }

Result<std::unique_ptr<ExemplarEngine>> ExemplarEngine::open(env::Env env, Executor& executor,
                                                             env::Timers* timers, wal::Log& log,
                                                             ExemplarEngineOptions options) {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(options.directory));
  auto core = std::make_shared<Core>(env, executor, timers, log, std::move(options));
  KANSOKU_RETURN_IF_ERROR(core->load());
  log.set_floor(wal::Engine::Exemplars, 0, core->floor);
  core->arm_timer();
  return std::unique_ptr<ExemplarEngine>(new ExemplarEngine(std::move(core)));
}

void ExemplarEngine::append(const signal::Scope& scope,
                            std::shared_ptr<const signal::MetricBatch> batch, Done done) {
  core_->append(scope, std::move(batch), std::move(done));
}

Result<ExemplarAnswer> ExemplarEngine::find(const ExemplarQuery& query) const {
  return core_->find(query);
}

ExemplarStoreStats ExemplarEngine::stats() const {
  ExemplarStoreStats out;
  {
    std::lock_guard lock(core_->queue_mutex);
    out = core_->counters;
    out.last_error = core_->write_error;
    if (out.last_error.empty() && core_->missing_before_ms > core_->oldest_ms()) {
      out.last_error = core_->damage;
    }
  }
  std::lock_guard lock(core_->shelves_mutex);
  out.evicted = core_->evicted;
  for (const auto& [account, shelf] : core_->shelves) {
    out.exemplars += shelf.exemplars();
    out.series += shelf.series();
    out.memory_bytes += shelf.memory_bytes();
  }
  return out;
}

void ExemplarEngine::flush(std::move_only_function<void(Status)> done) {
  core_->flush(std::move(done));
}

Status ExemplarEngine::snapshot(const std::string& directory) const {
  env::FileSystem& files = *core_->env.files;
  std::string path = exemplar_file_path(core_->options.directory);
  Status linked = files.link(path, exemplar_file_path(directory));
  // Before the first file everything is in the log.
  if (!linked && linked.error().code != ErrorCode::NotFound) return linked;
  return files.sync_directory(directory);
}

void ExemplarEngine::close() {
  uint64_t timer = 0;
  {
    std::lock_guard lock(core_->queue_mutex);
    core_->closed = true;
    timer = std::exchange(core_->timer, 0);
  }
  if (timer != 0) core_->timers->cancel(timer);
}

}  // namespace kansoku::store::exemplars
