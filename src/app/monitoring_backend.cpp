#include "app/monitoring_backend.h"

#include "query/exec/cells.h"
#include "query/exec/namespaces.h"

namespace kansoku::app {
namespace {

using api::aws::monitoring::ListPage;
using api::aws::monitoring::ListQuery;
using api::aws::monitoring::MetricDataOutcome;
using api::aws::monitoring::MetricIdentity;
using api::aws::monitoring::SeriesAnswer;
using api::aws::monitoring::SeriesQuery;
using api::aws::monitoring::Tenant;
using api::aws::monitoring::UnitSeries;
using store::MatchOp;

void add_equal(store::SeriesSelector& selector, std::string_view label, std::string value) {
  selector.matchers.push_back({std::string(label), MatchOp::Equal, std::move(value)});
}

query::CellQuery cell_query(const Tenant& tenant, const SeriesQuery& q) {
  query::CellQuery out;
  out.selector.scope = {tenant.account, tenant.region};
  add_equal(out.selector, signal::kNameLabel, q.metric_name);
  out.selector.exact_label_names.emplace();
  for (const auto& [name, value] : q.dimensions) {
    add_equal(out.selector, name, value);
    out.selector.exact_label_names->push_back(name);
  }
  out.range = {q.start_ms, q.end_ms};
  out.period_ms = q.period_ms;
  out.needs_distribution = std::any_of(q.statistics.begin(), q.statistics.end(),
                                       [](const auto& s) { return s.needs_distribution(); });
  return out;
}

std::vector<UnitSeries> unit_series(const query::CellResult& cells, const SeriesQuery& q) {
  std::vector<UnitSeries> out;
  for (const query::CellSeries& series : cells.series) {
    if (series.cells.empty()) continue;
    UnitSeries unit;
    unit.unit = query::unit_of(series.info);
    unit.timestamps_ms = series.timestamps_ms;
    for (const query::Statistic& statistic : q.statistics) {
      auto& values = unit.values.emplace_back();
      values.reserve(series.cells.size());
      for (const signal::Point& cell : series.cells) values.push_back(evaluate(statistic, cell));
    }
    out.push_back(std::move(unit));
  }
  std::sort(out.begin(), out.end(),
            [](const UnitSeries& a, const UnitSeries& b) { return a.unit < b.unit; });
  return out;
}

Result<query::CellResult> read_metric(const store::MetricStore& metrics, const Tenant& tenant,
                                      const SeriesQuery& q, query::QueryContext& context) {
  query::CellQuery cells = cell_query(tenant, q);
  KANSOKU_TRY(auto found, query::select_in_namespace(metrics, cells.selector, q.metric_namespace));
  if (q.unit) {
    std::erase_if(found, [&](const auto& info) { return query::unit_of(info) != *q.unit; });
  }
  query::CellReader reader(metrics, std::move(cells), context);
  KANSOKU_RETURN_IF_ERROR(reader.begin(std::move(found)));
  for (;;) {
    KANSOKU_TRY(bool more, reader.step());
    if (!more) return reader.take();
  }
}

// The work of one select(), a query a step.
struct Selecting {
  Tenant tenant;
  std::vector<SeriesQuery> queries;
  std::vector<SeriesAnswer> answers;
  std::unique_ptr<query::QueryContext> context;
  std::move_only_function<void(Result<std::vector<SeriesAnswer>>)> done;
};

}  // namespace

void StoreMonitoringBackend::put(const Tenant& tenant,
                                 std::shared_ptr<const signal::MetricBatch> batch,
                                 std::string batch_id, std::move_only_function<void(Status)> done) {
  uint64_t points = batch->point_count();
  signal::AckToken token(points, nullptr, Lane::Ingest,
                         [done = std::move(done)](signal::Verdict verdict) mutable {
                           done(std::move(verdict.status));
                         });
  parts_.sink->push({{tenant.account, tenant.region},
                     std::move(batch),
                     signal::parse_producer(batch_id),
                     std::move(token)});
}

void StoreMonitoringBackend::select(
    const Tenant& tenant, std::vector<SeriesQuery> queries,
    std::move_only_function<void(Result<std::vector<SeriesAnswer>>)> done) {
  auto work = std::make_shared<Selecting>();
  work->tenant = tenant;
  work->queries = std::move(queries);
  work->done = std::move(done);
  work->context =
      std::make_unique<query::QueryContext>(*parts_.clock, parts_.limits, parts_.query_memory);
  const store::MetricStore& metrics = *parts_.metrics;
  run_steps(*parts_.executor, Lane::Query, [work, &metrics] {
    if (work->answers.size() == work->queries.size()) {
      work->done(std::move(work->answers));
      return false;
    }
    const SeriesQuery& q = work->queries[work->answers.size()];
    auto cells = read_metric(metrics, work->tenant, q, *work->context);
    if (!cells) {
      work->done(std::unexpected(std::move(cells).error()));
      return false;
    }
    work->answers.push_back({unit_series(*cells, q), !cells->missing.empty()});
    return true;
  });
}

void StoreMonitoringBackend::run(std::shared_ptr<const query::metric_data::Plan> plan,
                                 std::move_only_function<void(MetricDataOutcome)> done) {
  struct Running {
    std::shared_ptr<const query::metric_data::Plan> plan;
    std::move_only_function<void(MetricDataOutcome)> done;
    query::QueryContext context;
    query::metric_data::Runner runner;
    Running(const MonitoringParts& parts, std::shared_ptr<const query::metric_data::Plan> p,
            std::move_only_function<void(MetricDataOutcome)> d)
        : plan(std::move(p)),
          done(std::move(d)),
          context(*parts.clock, parts.limits, parts.query_memory),
          runner(*parts.metrics, *plan, context) {}
  };
  auto running = std::make_shared<Running>(parts_, std::move(plan), std::move(done));
  run_steps(*parts_.executor, Lane::Query, [running] {
    auto more = running->runner.step();
    if (more && *more) return true;
    if (more) {
      running->done(running->runner.take());
    } else {
      running->done(std::unexpected(std::move(more).error()));
    }
    return false;
  });
}

void StoreMonitoringBackend::list(const Tenant& tenant, ListQuery q,
                                  std::move_only_function<void(Result<ListPage>)> done) {
  store::SeriesSelector selector;
  selector.scope = {tenant.account, tenant.region};
  selector.active_since_ms = q.active_since_ms;
  // Those of Prometheus and OpenTelemetry are listed where their namespace is named.
  if (!q.metric_namespace) {
    selector.matchers.push_back({std::string(signal::kNamespaceLabel), MatchOp::NotEqual, ""});
  }
  if (q.metric_name) add_equal(selector, signal::kNameLabel, *q.metric_name);
  for (const auto& wanted : q.dimensions) {
    selector.matchers.push_back({wanted.name, wanted.value ? MatchOp::Equal : MatchOp::NotEqual,
                                 wanted.value.value_or("")});
  }
  parts_.executor->post(Lane::Query, [this, selector = std::move(selector), q = std::move(q),
                                      done = std::move(done)]() mutable {
    auto series = q.metric_namespace
                      ? query::select_in_namespace(*parts_.metrics, selector, *q.metric_namespace)
                      : parts_.metrics->select(selector);
    if (!series) {
      done(std::unexpected(std::move(series).error()));
      return;
    }
    // One metric, whatever its units; the smallest `limit` behind `after`, plus one to know of
    // more.
    std::set<MetricIdentity> page;
    for (const store::SeriesInfo& info : *series) {
      MetricIdentity identity = query::identity_of(info);
      if (q.after && !(*q.after < identity)) continue;
      if (page.size() > q.limit && !(identity < *page.rbegin())) continue;
      page.insert(std::move(identity));
      if (page.size() > q.limit + 1) page.erase(std::prev(page.end()));
    }
    ListPage out;
    out.more = page.size() > q.limit;
    for (const MetricIdentity& identity : page) {
      if (out.metrics.size() == q.limit) break;
      out.metrics.push_back(identity);
    }
    done(std::move(out));
  });
}

}  // namespace kansoku::app
