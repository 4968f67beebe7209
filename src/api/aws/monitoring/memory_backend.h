// A MonitoringBackend over memory, for tests: points merged cell by cell at query time; what
// GetMetricData asks for goes to the reference engine.
#pragma once

#include <algorithm>
#include <map>

#include "api/aws/monitoring/backend.h"
#include "base/env/sim.h"
#include "signal/labels.h"
#include "store/reference/reference_metrics.h"

namespace kansoku::api::aws::monitoring {

class MemoryBackend final : public MonitoringBackend {
 public:
  explicit MemoryBackend(const env::Clock& clock) : clock_(clock), store(clock, {}) {}

  bool partial = false;                               // what select() says of damage
  Status put_status;                                  // what put() answers
  std::vector<std::move_only_function<void()>> held;  // answers waiting, when `hold` is set
  bool hold = false;

  void put(const Tenant& tenant, std::shared_ptr<const signal::MetricBatch> batch, std::string,
           std::move_only_function<void(Status)> done) override {
    for (size_t i = 0; put_status && i < batch->point_count(); ++i) {
      Sample sample{{}, {}, batch->timestamps_ms()[i], batch->point(i)};
      bool canonical = signal::visit_labels(
          batch->canonical_labels(batch->point_series()[i]), [&](signal::LabelView label) {
            if (label.name == signal::kNameLabel)
              sample.metric.metric_name = label.value;
            else if (label.name == signal::kNamespaceLabel)
              sample.metric.metric_namespace = label.value;
            else if (label.name == signal::kUnitLabel)
              sample.unit = label.value;
            else
              sample.metric.dimensions.emplace_back(label.name, label.value);
          });
      (void)canonical;
      samples_[tenant.account + "/" + tenant.region].push_back(std::move(sample));
    }
    if (put_status) {
      uint64_t points = batch->point_count();
      store.append({{tenant.account, tenant.region},
                    batch,
                    {},
                    signal::AckToken(points, nullptr, Lane::Ingest, [](signal::Verdict) {})});
    }
    auto answer = [done = std::move(done), status = put_status]() mutable { done(status); };
    if (hold) {
      held.push_back(std::move(answer));
    } else {
      answer();
    }
  }

  void select(const Tenant& tenant, std::vector<SeriesQuery> queries,
              std::move_only_function<void(Result<std::vector<SeriesAnswer>>)> done) override {
    std::vector<SeriesAnswer> out;
    for (const SeriesQuery& query : queries) out.push_back({one(tenant, query), partial});
    done(std::move(out));
  }

  void run(std::shared_ptr<const query::metric_data::Plan> plan,
           std::move_only_function<void(MetricDataOutcome)> done) override {
    query::QueryContext context(clock_, {});
    query::metric_data::Runner runner(store, *plan, context);
    while (true) {
      auto more = runner.step();
      if (!more) return done(std::unexpected(std::move(more).error()));
      if (!*more) break;
    }
    query::metric_data::Answer answer = runner.take();
    for (auto& result : answer.results) result.partial = result.partial || partial;
    done(std::move(answer));
  }

  void list(const Tenant& tenant, ListQuery query,
            std::move_only_function<void(Result<ListPage>)> done) override {
    std::map<MetricIdentity, int64_t> last;
    for (const Sample& sample : samples_[tenant.account + "/" + tenant.region]) {
      int64_t& time = last[sample.metric];
      time = std::max(time, sample.timestamp_ms);
    }
    ListPage page;
    for (const auto& [metric, time] : last) {
      if (time < query.active_since_ms || (query.after && !(*query.after < metric))) continue;
      if (query.metric_namespace && *query.metric_namespace != metric.metric_namespace) continue;
      if (query.metric_name && *query.metric_name != metric.metric_name) continue;
      bool all = std::ranges::all_of(query.dimensions, [&](const DimensionWanted& wanted) {
        return std::ranges::any_of(metric.dimensions, [&](const auto& d) {
          return d.first == wanted.name && (!wanted.value || *wanted.value == d.second);
        });
      });
      if (!all) continue;
      if (page.metrics.size() == query.limit) {
        page.more = true;
        break;
      }
      page.metrics.push_back(metric);
    }
    done(std::move(page));
  }

 private:
  struct Sample {
    MetricIdentity metric;
    std::string unit;
    int64_t timestamp_ms;
    signal::Point point;
  };

  std::vector<UnitSeries> one(const Tenant& tenant, const SeriesQuery& query) {
    std::map<std::string, std::map<int64_t, signal::Point>> cells;
    MetricIdentity wanted{query.metric_namespace, query.metric_name, query.dimensions};
    for (const Sample& sample : samples_[tenant.account + "/" + tenant.region]) {
      if (sample.metric != wanted || (query.unit && *query.unit != sample.unit)) continue;
      if (sample.timestamp_ms < query.start_ms || sample.timestamp_ms >= query.end_ms) continue;
      int64_t cell = sample.timestamp_ms - sample.timestamp_ms % query.period_ms;
      auto [it, fresh] = cells[sample.unit].try_emplace(cell, sample.point);
      if (!fresh) it->second.add(sample.point);
    }
    std::vector<UnitSeries> out;
    for (const auto& [unit, points] : cells) {
      UnitSeries& series = out.emplace_back();
      series.unit = unit;
      series.values.resize(query.statistics.size());
      for (const auto& [time, point] : points) {
        series.timestamps_ms.push_back(time);
        for (size_t i = 0; i < query.statistics.size(); ++i) {
          series.values[i].push_back(query::evaluate(query.statistics[i], point));
        }
      }
    }
    return out;
  }

  const env::Clock& clock_;
  std::map<std::string, std::vector<Sample>> samples_;  // by account/region

 public:
  store::ReferenceMetricStore store;
};

}  // namespace kansoku::api::aws::monitoring
