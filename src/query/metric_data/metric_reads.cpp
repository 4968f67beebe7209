// Metrics by name, and those that searches find.
#include "query/metric_data/label.h"
#include "query/metric_data/reads.h"

namespace kansoku::query::metric_data {
namespace {

namespace math = metric_math;

// A search finds what had data in the last two weeks, whatever the range (user guide).
constexpr int64_t kSearchedMs = int64_t{14} * 86'400'000;
// Names looked at in one step: a few milliseconds.
constexpr size_t kNamesPerStep = 4'096;

void add_equal(store::SeriesSelector& selector, std::string_view label, std::string value) {
  selector.matchers.push_back({std::string(label), store::MatchOp::Equal, std::move(value)});
}

// The metrics of one source, each with the series of its units.
struct Wanted {
  std::vector<math::Origin> origins;
  std::vector<std::string> labels;
  std::vector<std::vector<store::SeriesInfo>> units;
};

class CellSourceReader final : public SourceReader {
 public:
  CellSourceReader(const store::MetricStore& store, CellQuery query, Statistic statistic,
                   QueryContext& context, std::function<Result<Wanted>()> select)
      : reader_(store, std::move(query), context),
        statistic_(std::move(statistic)),
        context_(context),
        select_(std::move(select)) {}

  Result<bool> step() override {
    if (select_) {
      KANSOKU_TRY(wanted_, select_());
      select_ = nullptr;
      std::vector<store::SeriesInfo> all;
      for (const auto& units : wanted_.units) all.insert(all.end(), units.begin(), units.end());
      KANSOKU_RETURN_IF_ERROR(reader_.begin(std::move(all)));
      return true;
    }
    return reader_.step();
  }

  Read take() override {
    Read out;
    CellResult cells = reader_.take();
    out.partial = !cells.missing.empty();
    std::span<CellSeries> rest(cells.series);
    for (size_t i = 0; i < wanted_.origins.size(); ++i) {
      ReadSeries& series = out.series.emplace_back();
      series.label = std::move(wanted_.labels[i]);
      series.origin = std::make_shared<const math::Origin>(std::move(wanted_.origins[i]));
      take_values(series, rest.first(wanted_.units[i].size()));
      rest = rest.subspan(wanted_.units[i].size());
    }
    context_.release_memory(reader_.memory_bytes());
    return out;
  }

 private:
  // From the unit that sorts first; the others are only named.
  void take_values(ReadSeries& out, std::span<CellSeries> units) {
    std::map<std::string, const CellSeries*> by_unit;
    for (const CellSeries& one : units) {
      if (!one.cells.empty()) by_unit.try_emplace(std::string(unit_of(one.info)), &one);
    }
    for (const auto& [unit, series] : by_unit) out.units.push_back(unit);
    if (by_unit.empty()) return;
    const CellSeries& first = *by_unit.begin()->second;
    for (size_t i = 0; i < first.cells.size(); ++i) {
      if (auto value = evaluate(statistic_, first.cells[i])) {
        out.timestamps_ms.push_back(first.timestamps_ms[i]);
        out.values.push_back(*value);
      }
    }
  }

  CellReader reader_;
  Statistic statistic_;
  QueryContext& context_;
  std::function<Result<Wanted>()> select_;
  Wanted wanted_;
};

CellQuery cell_query(const Plan& plan, const ReadKey& key, const Statistic& statistic) {
  CellRange range = plan.range(key);
  CellQuery out;
  out.selector.scope = plan.request.scope;
  out.range = {range.start_ms, range.end_ms};
  out.period_ms = range.period_ms;
  out.needs_distribution = statistic.needs_distribution();
  return out;
}

}  // namespace

Finder::Finder(const store::MetricStore& store, const Plan& plan, const Source& source,
               size_t found_max)
    : store_(store),
      plan_(plan),
      search_(plan.parsed[source.query].searches[source.search].search),
      found_max_(found_max) {}

Status Finder::begin() {
  store::SeriesSelector selector;
  selector.scope = plan_.request.scope;
  selector.active_since_ms = plan_.request.now_ms - kSearchedMs;
  std::optional<std::string> metric_namespace;
  if (search_.schema()) {
    metric_namespace = search_.schema()->metric_namespace;
    selector.exact_label_names = search_.schema()->dimensions;
  }
  for (const metric_search::Required& one : search_.required()) {
    if (one.property == "Namespace") {
      metric_namespace = one.value;
    } else {
      add_equal(selector, one.property == "MetricName" ? signal::kNameLabel : one.property,
                one.value);
    }
  }
  auto selected = metric_namespace
                      ? select_in_namespace(store_, std::move(selector), *metric_namespace)
                      : store_.select(selector);
  if (!selected) return std::unexpected(std::move(selected).error());
  infos_ = std::move(*selected);
  begun_ = true;
  return {};
}

Result<bool> Finder::step() {
  if (!begun_) {
    KANSOKU_RETURN_IF_ERROR(begin());
    return true;
  }
  size_t end = std::min(infos_.size(), next_ + kNamesPerStep);
  for (; next_ < end; ++next_) {
    MetricIdentity identity = identity_of(infos_[next_]);
    if (!search_.matches({plan_.request.scope.account, identity.metric_namespace,
                          identity.metric_name, identity.dimensions})) {
      continue;
    }
    found_[std::move(identity)].push_back(std::move(infos_[next_]));
    if (found_.size() <= found_max_) continue;
    found_.erase(std::prev(found_.end()));
    truncated_ = true;
  }
  return next_ < infos_.size();
}

std::unique_ptr<SourceReader> read_metric(const store::MetricStore& store, const Plan& plan,
                                          const ReadKey& key, QueryContext& context) {
  const Source source = plan.sources[key.source];
  int64_t period_s = key.period_s;
  const Query& query = plan.request.queries[source.query];
  const MetricStat& metric = *query.metric;
  auto select = [&store, &plan, &query, &metric, source, period_s]() -> Result<Wanted> {
    store::SeriesSelector selector;
    selector.scope = plan.request.scope;
    add_equal(selector, signal::kNameLabel, metric.metric_name);
    selector.exact_label_names.emplace();
    for (const auto& [name, value] : metric.dimensions) {
      add_equal(selector, name, value);
      selector.exact_label_names->push_back(name);
    }
    KANSOKU_TRY(auto found,
                select_in_namespace(store, std::move(selector), metric.metric_namespace));
    if (metric.unit) {
      std::erase_if(found, [&](const auto& info) { return unit_of(info) != *metric.unit; });
    }
    Wanted out;
    out.origins.push_back({metric.metric_namespace, metric.metric_name, metric.dimensions,
                           metric.statistic.text, period_s, query.label});
    out.labels.push_back(plan.default_label[source.query]);
    out.units.push_back(std::move(found));
    return out;
  };
  return std::make_unique<CellSourceReader>(store, cell_query(plan, key, metric.statistic),
                                            metric.statistic, context, std::move(select));
}

std::unique_ptr<SourceReader> read_found(const store::MetricStore& store, const Plan& plan,
                                         const ReadKey& key, const Found& found,
                                         QueryContext& context) {
  const Source& source = plan.sources[key.source];
  int64_t period_s = key.period_s;
  const Statistic& statistic = plan.parsed[source.query].searches[source.search].statistic;
  auto select = [&found, &statistic, period_s]() -> Result<Wanted> {
    Wanted out;
    for (const auto& [identity, units] : found) {
      out.origins.push_back({identity.metric_namespace, identity.metric_name, identity.dimensions,
                             statistic.text, period_s, std::nullopt});
      out.units.push_back(units);
    }
    out.labels = found_labels(out.origins);
    return out;
  };
  return std::make_unique<CellSourceReader>(store, cell_query(plan, key, statistic), statistic,
                                            context, std::move(select));
}

}  // namespace kansoku::query::metric_data
