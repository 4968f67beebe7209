#include "store/events/engine.h"

#include "store/events/engine_core.h"
#include "store/events/engine_maintenance.h"

namespace kansoku::store::events {
namespace {

// A drain works this long before it gives its worker back.
constexpr int64_t kStepNs = 4 * env::kNsPerMs;

}  // namespace

EventEngine::Core::Core(env::Env e, Executor& x, env::Timers* t, wal::Log& l, EventEngineOptions o)
    : env(e),
      executor(x),
      timers(t),
      log(l),
      options(std::move(o)),
      pages(options.page_cache_bytes),
      open_blocks(options.open_blocks_bytes) {}

EventEngine::Core::~Core() = default;

std::shared_ptr<const View> EventEngine::Core::current_view() const {
  std::lock_guard lock(view_mutex);
  return view;
}

void EventEngine::Core::update_view(const std::function<void(View&)>& change) {
  std::shared_ptr<const View> old;  // goes after the lock
  std::lock_guard lock(view_mutex);
  auto next = std::make_shared<View>(*view);
  change(*next);
  old = std::exchange(view, std::move(next));
}

// Batches are added to a memtable before they are acknowledged, and a view is taken before its
// memtables are looked at: so nothing that was acknowledged before is missed.
ScanView EventEngine::Core::scan_view() const {
  const auto now = current_view();
  ScanView out;
  out.parts = now->parts;
  if (now->frozen) out.memory.push_back(now->frozen->view());
  out.memory.push_back(now->active->view());
  out.tombstones = now->tombstones;
  out.policies = options.policies;
  out.now_ns = clock->now_ms() * env::kNsPerMs;
  out.cache = &pages;
  out.open_blocks = &open_blocks;
  std::lock_guard lock(queue_mutex);
  out.log_damaged = engine_counters.log_damages > 0;
  return out;
}

Lifetimes EventEngine::Core::lifetimes(const Tombstones& tombstones) const {
  return {options.policies, tombstones, clock->now_ms() * env::kNsPerMs};
}

void EventEngine::Core::append(signal::EventDelivery delivery) {
  const uint64_t rows = delivery.batch->row_count();
  if (rows == 0) {
    delivery.token.resolve(signal::Verdict::stored(0));
    return;
  }
  const size_t bytes = delivery.batch->memory_bytes();
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
    if (refusal != nullptr) engine_counters.rows_dropped += rows;
  }
  if (refusal != nullptr) {
    delivery.token.resolve(signal::Verdict::dropped(
        rows, refusal, Error{ErrorCode::Unavailable, "the event store takes no more now", {}}));
    return;
  }
  schedule_drain();
}

void EventEngine::Core::schedule_drain() {
  {
    std::lock_guard lock(queue_mutex);
    if (draining) return;
    draining = true;
  }
  executor.post(Lane::Ingest, [self = shared_from_this()] { self->drain(); });
}

void EventEngine::Core::drain() {
  const int64_t until = env.clock->monotonic_now().ns + kStepNs;
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
    } else if (auto* delivery = std::get_if<signal::EventDelivery>(&*next)) {
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

EventEngine::EventEngine(std::shared_ptr<Core> core) : core_(std::move(core)) {}
EventEngine::~EventEngine() { close(); }

Result<std::unique_ptr<EventEngine>> EventEngine::open(env::Env env, Executor& executor,
                                                       env::Timers* timers, wal::Log& log,
                                                       EventEngineOptions options) {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(options.directory));
  auto core = std::make_shared<Core>(env, executor, timers, log, std::move(options));
  core->maintenance = std::make_unique<Maintenance>(*core);
  KANSOKU_TRY(const uint64_t floor, core->maintenance->load());
  if (log.recovery().lost_until_sequence > floor + 1) {
    core->engine_counters.log_damages = std::max<uint64_t>(log.recovery().damages, 1);
  }
  if (log.recovery().damages > 0) {
    core->counters.last_error = "the log was damaged: " + log.recovery().first_damage;
  }
  KANSOKU_RETURN_IF_ERROR(core->replay(floor));
  log.set_floor(wal::Engine::Events, 0, floor);
  core->maintenance->start();
  return std::unique_ptr<EventEngine>(new EventEngine(std::move(core)));
}

void EventEngine::append(signal::EventDelivery delivery) { core_->append(std::move(delivery)); }

Result<EventScanReport> EventEngine::scan(const EventScan& scan, const EventSink& sink) const {
  return scan_events(core_->scan_view(), scan, sink);
}

Result<EventFields> EventEngine::fields(const EventScan& scan) const {
  return list_fields(core_->scan_view(), scan);
}

Result<std::vector<EventStreamInfo>> EventEngine::streams(const EventScan& scan,
                                                          const std::string& after_group,
                                                          const std::string& after_stream,
                                                          size_t limit) const {
  return list_streams(core_->scan_view(), scan, after_group, after_stream, limit);
}

void EventEngine::delete_stream(signal::Scope scope, std::string group, std::string stream,
                                std::move_only_function<void(Status)> done) {
  auto deletion = std::make_unique<Deletion>();
  deletion->stream = {std::move(scope), std::move(group), std::move(stream)};
  deletion->done = std::move(done);
  {
    std::lock_guard lock(core_->queue_mutex);
    if (!core_->closed) core_->incoming.emplace_back(std::move(deletion));
  }
  if (deletion) {
    deletion->done(unavailable("the event store is closed"));
    return;
  }
  core_->schedule_drain();
}

void EventEngine::flush(bool merge_all, std::move_only_function<void(Status)> done) {
  bool refused = false;
  {
    std::lock_guard lock(core_->queue_mutex);
    refused = core_->closed;
    if (!refused) core_->incoming.emplace_back(FlushRequest{0, merge_all, std::move(done)});
  }
  if (refused) {
    done(unavailable("the event store is closed"));
    return;
  }
  core_->schedule_drain();
}

void EventEngine::enforce_retention(std::move_only_function<void(Status)> done) {
  core_->maintenance->enforce_retention(std::move(done));
}

void EventEngine::snapshot(std::string directory, std::move_only_function<void(Status)> done) {
  core_->maintenance->snapshot(std::move(directory), std::move(done));
}

EventStoreStats EventEngine::stats() const {
  EventStoreStats stats;
  {
    std::lock_guard lock(core_->queue_mutex);
    stats = core_->counters;
  }
  const auto view = core_->current_view();
  stats.memory_rows = view->active->rows() + (view->frozen ? view->frozen->rows() : 0);
  stats.memory_bytes =
      view->active->memory_bytes() + (view->frozen ? view->frozen->memory_bytes() : 0);
  stats.parts = view->parts.size();
  for (const auto& part : view->parts) {
    stats.parts_bytes += part->meta().file_bytes;
    stats.parts_rows += part->meta().rows;
    stats.blocks_damaged += part->blocks_damaged() + static_cast<uint64_t>(part->fenced());
  }
  return stats;
}

EventEngineStats EventEngine::engine_stats() const {
  std::lock_guard lock(core_->queue_mutex);
  EventEngineStats stats = core_->engine_counters;
  stats.queue_bytes = core_->queue_bytes;
  stats.tombstones = core_->current_view()->tombstones->size();
  return stats;
}

void EventEngine::close() {
  {
    std::lock_guard lock(core_->queue_mutex);
    if (core_->closed) return;
    core_->closed = true;
  }
  core_->maintenance->close();
}

}  // namespace kansoku::store::events
