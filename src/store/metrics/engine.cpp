#include "store/metrics/engine.h"

#include "store/metrics/engine_core.h"
#include "store/metrics/maintenance.h"
#include "store/metrics/part.h"
#include "store/metrics/tier_state.h"

namespace kansoku::store::metrics {
namespace {

// A drain works this long before it gives its worker back.
constexpr int64_t kStepNs = 4 * env::kNsPerMs;

// The key of the hash, made once a data directory.
Result<std::string> load_secret(env::Env env, const std::string& directory) {
  std::string path = env::join_path(directory, "secret");
  auto bytes = env.files->read_all(path);
  if (bytes && bytes->size() == kSecretBytes) return bytes;
  if (bytes) return fail(ErrorCode::DataLoss, "the series secret is damaged", path);
  if (bytes.error().code != ErrorCode::NotFound) return bytes;
  std::string secret(kSecretBytes, '\0');
  env.random->fill(std::as_writable_bytes(std::span(secret)));
  KANSOKU_RETURN_IF_ERROR(env.files->write_atomic(path, secret));
  return secret;
}

}  // namespace

MetricEngine::Core::Core(env::Env e, Executor& x, env::Timers* t, wal::Log& l,
                         MetricEngineOptions o, std::string_view secret)
    : env(e),
      executor(x),
      timers(t),
      log(l),
      options(std::move(o)),
      table(secret),
      pages(options.page_cache_bytes),
      head(slabs) {}

MetricEngine::Core::~Core() = default;

std::shared_ptr<const View> MetricEngine::Core::current_view() const {
  std::lock_guard lock(view_mutex);
  return view;
}

void MetricEngine::Core::update_view(const std::function<void(View&)>& change) {
  std::shared_ptr<const View> old;  // goes after the lock
  std::lock_guard lock(view_mutex);
  auto next = std::make_shared<View>(*view);
  change(*next);
  old = std::exchange(view, std::move(next));
}

// Whether something that was stored cannot be read.
bool MetricEngine::Core::damaged() const {
  auto now = current_view();
  const auto is_damaged = [](const auto& part) { return part->damaged(); };
  if (std::ranges::any_of(now->parts, is_damaged)) return true;
  if (std::ranges::any_of(now->tiers->parts, is_damaged)) return true;
  std::lock_guard lock(queue_mutex);
  return engine_counters.log_damages > 0;
}

void MetricEngine::Core::append(signal::MetricDelivery delivery) {
  uint64_t rows = delivery.batch->point_count();
  if (rows == 0) {
    delivery.token.resolve(signal::Verdict::stored(0));
    return;
  }
  size_t bytes = delivery.batch->memory_bytes();
  const char* refusal = nullptr;
  {
    std::lock_guard lock(queue_mutex);
    if (closed) {
      refusal = "shutdown";
    } else if (full.load(std::memory_order_relaxed) ||
               (queue_bytes > 0 && queue_bytes + bytes > options.queue_bytes_max)) {
      refusal = "overload";
    } else {
      queue_bytes += bytes;
      incoming.emplace_back(std::move(delivery));
    }
    if (refusal != nullptr) engine_counters.points_dropped += rows;
  }
  if (refusal != nullptr) {
    delivery.token.resolve(signal::Verdict::dropped(
        rows, refusal, Error{ErrorCode::Unavailable, "the metric store takes no more now", {}}));
    return;
  }
  schedule_drain();
}

void MetricEngine::Core::schedule_drain() {
  {
    std::lock_guard lock(queue_mutex);
    if (draining) return;
    draining = true;
  }
  executor.post(Lane::Ingest, [self = shared_from_this()] { self->drain(); });
}

void MetricEngine::Core::drain() {
  int64_t until = env.clock->monotonic_now().ns + kStepNs;
  maintenance->after_batch();
  for (;;) {
    std::unique_ptr<InFlight> done;
    std::optional<Incoming> next;
    {
      std::lock_guard lock(queue_mutex);
      if (!durable.empty()) {
        done = std::move(durable.front());
        durable.pop_front();
      } else if (!incoming.empty()) {
        next = std::move(incoming.front());
        incoming.pop_front();
      } else {
        draining = false;
      }
    }
    if (!done && !next) break;
    if (done) {
      apply(*done);
    } else if (auto* delivery = std::get_if<signal::MetricDelivery>(&*next)) {
      take_in(std::move(*delivery));
    } else if (auto* deletion = std::get_if<std::unique_ptr<Deletion>>(&*next)) {
      take_deletion(std::move(*deletion));
    } else {
      FlushRequest& request = std::get<FlushRequest>(*next);
      request.records = handed_records;
      flushes.push_back(std::move(request));
    }
    maintenance->after_batch();
    if (env.clock->monotonic_now().ns >= until) {
      executor.post(Lane::Ingest, [self = shared_from_this()] { self->drain(); });
      return;
    }
  }
}

MetricEngine::MetricEngine(std::shared_ptr<Core> core) : core_(std::move(core)) {}
MetricEngine::~MetricEngine() { close(); }

Result<std::unique_ptr<MetricEngine>> MetricEngine::open(env::Env env, Executor& executor,
                                                         env::Timers* timers, wal::Log& log,
                                                         MetricEngineOptions options) {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(options.directory));
  KANSOKU_TRY(std::string secret, load_secret(env, options.directory));
  auto core = std::make_shared<Core>(env, executor, timers, log, std::move(options), secret);
  core->maintenance = std::make_unique<Maintenance>(*core);
  KANSOKU_TRY(uint64_t floor, core->maintenance->load());
  bool lost = log.recovery().lost_until_sequence > floor + 1;
  if (lost) core->engine_counters.log_damages = std::max<uint64_t>(log.recovery().damages, 1);
  if (log.recovery().damages > 0) {
    core->counters.last_error = "the log was damaged: " + log.recovery().first_damage;
  }
  KANSOKU_RETURN_IF_ERROR(core->replay(floor));
  // Everything of them was deleted, and the same labels may have another id in the cold. Where
  // something is damaged, their points may be in it.
  if (!core->damaged()) core->table.remove_unseen();
  log.set_floor(wal::Engine::Metrics, 0, floor);
  core->maintenance->start();
  return std::unique_ptr<MetricEngine>(new MetricEngine(std::move(core)));
}

void MetricEngine::append(signal::MetricDelivery delivery) { core_->append(std::move(delivery)); }

Result<std::vector<SeriesInfo>> MetricEngine::select(const SeriesSelector& selector) const {
  // With damage, a series whose points were all in what is damaged is found too: its scan says so.
  return core_->select(selector, core_->damaged() ? Unseen::Include : Unseen::LeaveOut);
}

Result<ScanReport> MetricEngine::scan(const MetricScan& scan, const ScanSink& sink) const {
  auto known = std::ranges::all_of(scan.ids, [&](SeriesId id) { return id < core_->table.size(); });
  if (known) core_->usage.note_read(scan.ids, core_->clock->now_ms());
  return core_->scan(scan, sink);
}

void MetricEngine::delete_points(SeriesDeletion deletion, DeletionDone done) {
  core_->delete_points(std::move(deletion), std::move(done));
}

void MetricEngine::clean_tombstones(std::move_only_function<void(Status)> done) {
  // What the frozen head holds must be a part before it can be rewritten.
  flush(false, [core = core_, done = std::move(done)](Status status) mutable {
    if (!status) {
      done(std::move(status));
    } else {
      core->maintenance->clean_tombstones(std::move(done));
    }
  });
}

void MetricEngine::snapshot(std::string directory, std::move_only_function<void(Status)> done) {
  core_->maintenance->snapshot(std::move(directory), std::move(done));
}

Status MetricEngine::set_series_limit(const std::string& account, uint64_t series_max) {
  std::lock_guard lock(core_->queue_mutex);
  if (series_max == 0) {
    core_->series_limits.erase(account);
  } else {
    core_->series_limits[account] = series_max;
  }
  return {};
}

Result<std::vector<int64_t>> MetricEngine::last_read_ms(std::span<const SeriesId> ids) const {
  std::vector<int64_t> out;
  out.reserve(ids.size());
  for (SeriesId id : ids) out.push_back(core_->usage.last_read_ms(id));
  return out;
}

void MetricEngine::flush(bool merge_all, std::move_only_function<void(Status)> done) {
  bool refused = false;
  {
    std::lock_guard lock(core_->queue_mutex);
    refused = core_->closed;
    if (!refused) core_->incoming.emplace_back(FlushRequest{0, merge_all, std::move(done)});
  }
  if (refused) {
    done(unavailable("the metric store is closed"));
    return;
  }
  core_->schedule_drain();
}

void MetricEngine::enforce_retention(std::move_only_function<void(Status)> done) {
  core_->maintenance->enforce_retention(std::move(done));
}

MetricStoreStats MetricEngine::stats() const {
  MetricStoreStats stats;
  {
    std::lock_guard lock(core_->queue_mutex);
    stats = core_->counters;
  }
  stats.series = core_->table.series_count();
  stats.series_active = core_->head.active_series();
  auto view = core_->current_view();
  stats.head_bytes = core_->head.memory_bytes();
  if (view->frozen) stats.head_bytes += view->frozen->memory_bytes();
  stats.parts = view->parts.size();
  for (const auto& part : view->parts) {
    stats.parts_bytes += part->file_bytes();
    stats.parts_quarantined += static_cast<uint64_t>(part->damaged());
  }
  for (const auto& part : view->tiers->parts) {
    stats.parts_bytes += part->meta().file_bytes;
    stats.parts_quarantined += static_cast<uint64_t>(part->damaged());
  }
  return stats;
}

MetricEngineStats MetricEngine::engine_stats() const {
  std::lock_guard lock(core_->queue_mutex);
  MetricEngineStats stats = core_->engine_counters;
  auto view = core_->current_view();
  stats.series_memory_bytes = core_->table.memory_bytes() + view->cold->memory_bytes();
  stats.series_cold = view->cold->rows();
  for (const ColdIndex::Part& part : view->cold->parts()) {
    stats.cold_bytes += part.segment->file_bytes();
  }
  for (const auto& part : view->tiers->parts) {
    ++stats.tier_parts;
    stats.tier_bytes += part->meta().file_bytes;
  }
  stats.queue_bytes = core_->queue_bytes;
  return stats;
}

void MetricEngine::close() {
  {
    std::lock_guard lock(core_->queue_mutex);
    if (core_->closed) return;
    core_->closed = true;
  }
  core_->maintenance->close();
}

}  // namespace kansoku::store::metrics
