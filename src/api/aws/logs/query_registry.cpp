#include "api/aws/logs/query_registry.h"

#include <algorithm>

namespace kansoku::api::aws::logs {
namespace {

uint64_t bytes_of(const ResultRows& rows) {
  uint64_t bytes = 0;
  for (const auto& row : rows) {
    for (const query::logs_insights::Field& field : row)
      bytes += sizeof(field) + field.field.size() + field.value.size();
  }
  return bytes;
}

std::shared_ptr<const ResultRows> shown_rows(const query::rows::RowsTable& table,
                                             uint64_t rows_max) {
  auto out = std::make_shared<ResultRows>();
  const size_t rows =
      rows_max == 0 ? table.rows.size() : std::min<size_t>(table.rows.size(), rows_max);
  for (size_t row = 0; row < rows; ++row)
    out->push_back(query::logs_insights::shown_row(table, row));
  return out;
}

const char* status_of(const Error& error) {
  if (error.code == ErrorCode::Cancelled) return "Cancelled";
  return error.code == ErrorCode::DeadlineExceeded ? "Timeout" : "Failed";
}

}  // namespace

struct QueryRegistry::Run {
  std::shared_ptr<const QueryAsked> asked;
  std::mutex run_mutex;
  QueryState state;
  bool stopped = false;
  // While it runs.
  query::rows::RowsQuery* query = nullptr;
  query::QueryContext* context = nullptr;
};

Status QueryRegistry::start(QueryAsked asked) {
  auto run = std::make_shared<Run>();
  run->state.status = "Scheduled";
  run->asked = std::make_shared<const QueryAsked>(std::move(asked));
  {
    std::lock_guard lock(runs_mutex_);
    forget_old();
    const auto running = std::ranges::count_if(runs_, [&](const auto& entry) {
      std::lock_guard state_lock(entry.second->run_mutex);
      return entry.second->asked->scope == run->asked->scope && entry.second->state.ended_ms == 0;
    });
    if (static_cast<size_t>(running) >= kQueriesRunningMax) {
      return resource_exhausted("{} queries are running, at most {} may; stop some or wait",
                                running, kQueriesRunningMax);
    }
    runs_.emplace(run->asked->id, run);
    order_.push_back(run->asked->id);
  }
  backend_.read(
      [this, run](Result<const store::EventStore*> events, query::QueryContext& context) {
        if (events) return this->run(run, **events, context);
        std::lock_guard lock(run->run_mutex);
        run->state.status = "Failed";
        run->state.failure = events.error().message;
        run->state.ended_ms = clock_.wall_now().ms();
      },
      kQueryTimeMs);
  return {};
}

void QueryRegistry::run(const RunPtr& run, const store::EventStore& events,
                        query::QueryContext& context) {
  const QueryAsked& asked = *run->asked;
  query::rows::RowsRequest request;
  request.store = &events;
  request.scan.scope = asked.scope;
  request.scan.begin_ns = asked.begin_ns;
  request.scan.end_ns = asked.end_ns;
  request.scan.groups = asked.groups;
  request.now_ms = clock_.wall_now().ms();
  request.groups = asked.source;
  query::rows::RowsQuery query(asked.plan, std::move(request), context);
  {
    std::lock_guard lock(run->run_mutex);
    if (run->stopped) context.cancel();
    run->state.status = "Running";
    run->query = &query;
    run->context = &context;
  }
  const auto table = query.run();
  auto rows = table ? shown_rows(**table, asked.rows_max) : std::make_shared<const ResultRows>();
  const uint64_t bytes = bytes_of(*rows);
  {
    std::lock_guard lock(run->run_mutex);
    run->query = nullptr;
    run->context = nullptr;
    run->state.rows = std::move(rows);
    run->state.statistics = query.statistics();
    run->state.status = table ? "Complete" : status_of(table.error());
    if (!table) run->state.failure = table.error().message;
    run->state.ended_ms = clock_.wall_now().ms();
  }
  std::lock_guard lock(runs_mutex_);
  if (runs_.contains(asked.id)) result_bytes_ += bytes;
}

void QueryRegistry::forget_old() {
  const int64_t now_ms = clock_.wall_now().ms();
  std::erase_if(order_, [&](const std::string& id) {
    const RunPtr run = runs_.at(id);
    std::lock_guard lock(run->run_mutex);
    const bool over =
        run->state.ended_ms > 0 && (now_ms - run->state.ended_ms > kResultKeptMs ||
                                    runs_.size() > kQueriesMax || result_bytes_ > kResultBytesMax);
    if (!over) return false;
    if (run->state.rows) result_bytes_ -= std::min(result_bytes_, bytes_of(*run->state.rows));
    runs_.erase(id);
    return true;
  });
}

QueryRegistry::RunPtr QueryRegistry::find(const signal::Scope& scope, const std::string& id) {
  std::lock_guard lock(runs_mutex_);
  const auto found = runs_.find(id);
  if (found == runs_.end() || found->second->asked->scope != scope) return nullptr;
  return found->second;
}

// Of one that runs: what has come so far.
QueryState QueryRegistry::state_of(Run& run, bool with_rows) {
  std::lock_guard lock(run.run_mutex);
  if (run.query == nullptr) return run.state;
  QueryState out = run.state;
  out.statistics = run.query->statistics();
  if (!with_rows) return out;
  if (const auto table = run.query->snapshot()) out.rows = shown_rows(*table, run.asked->rows_max);
  return out;
}

Result<QueryState> QueryRegistry::state(const signal::Scope& scope, const std::string& id) {
  const RunPtr run = find(scope, id);
  if (run == nullptr) return not_found("Query {} does not exist.", quoted(id));
  return state_of(*run, true);
}

Result<QueryState> QueryRegistry::progress(const signal::Scope& scope, const std::string& id) {
  const RunPtr run = find(scope, id);
  if (run == nullptr) return not_found("Query {} does not exist.", quoted(id));
  return state_of(*run, false);
}

Result<bool> QueryRegistry::stop(const signal::Scope& scope, const std::string& id) {
  const RunPtr run = find(scope, id);
  if (run == nullptr) return not_found("Query {} does not exist.", quoted(id));
  std::lock_guard lock(run->run_mutex);
  if (run->state.ended_ms > 0) return false;
  run->stopped = true;
  if (run->context != nullptr) run->context->cancel();
  return true;
}

std::vector<QueryRegistry::Listed> QueryRegistry::list(const signal::Scope& scope) {
  std::vector<RunPtr> runs;
  {
    std::lock_guard lock(runs_mutex_);
    for (const std::string& id : order_) {
      const RunPtr& run = runs_.at(id);
      if (run->asked->scope == scope) runs.push_back(run);
    }
  }
  std::ranges::reverse(runs);
  std::vector<Listed> out;
  for (const RunPtr& run : runs) out.push_back({run->asked, state_of(*run, false)});
  return out;
}

}  // namespace kansoku::api::aws::logs
