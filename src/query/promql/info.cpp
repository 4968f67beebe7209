// info(): joins the data labels of info series (target_info and its like) to series that share
// their identifying labels, as Prometheus 3.14 does.
#include <algorithm>
#include <set>

#include "query/promql/evaluator.h"
#include "query/promql/matchers.h"

namespace kansoku::query::promql {
namespace {

constexpr std::string_view kTargetInfo = "target_info";
// Fixed in Prometheus too, so that nobody has to know each info metric.
constexpr std::array<std::string_view, 2> kIdentifying{"instance", "job"};

// The second argument, taken apart.
struct DataSelector {
  // Names that info metrics must have; without any it is target_info.
  bool positive_names = false;
  std::vector<CompiledMatcher> names;  // on __name__
  std::vector<CompiledMatcher> data;
  std::vector<LabelMatcher> all;  // as the source is asked
};

Result<DataSelector> data_selector(const CallExpr& call) {
  DataSelector out;
  if (call.args.size() > 1) {
    for (const LabelMatcher& matcher : as<VectorSelector>(*call.args[1]).matchers) {
      KANSOKU_TRY(CompiledMatcher compiled, CompiledMatcher::compile(matcher));
      const bool positive = matcher.type == MatchType::Equal || matcher.type == MatchType::Regex;
      out.positive_names = out.positive_names || (matcher.name == kMetricName && positive);
      (matcher.name == kMetricName ? out.names : out.data).push_back(std::move(compiled));
      out.all.push_back(matcher);
    }
  }
  if (!out.positive_names) {
    const LabelMatcher target{std::string(kMetricName), MatchType::Equal, std::string(kTargetInfo)};
    KANSOKU_TRY(CompiledMatcher compiled, CompiledMatcher::compile(target));
    out.names.push_back(std::move(compiled));
    out.all.push_back(target);
  }
  return out;
}

// The info metric and the identifying labels: by this a series finds its info series.
LabelSet join_key(const LabelSet& labels, std::string_view info_name) {
  std::vector<Label> key{{std::string(kMetricName), std::string(info_name)}};
  for (std::string_view name : kIdentifying)
    key.push_back({std::string(name), std::string(labels.get(name))});
  return LabelSet::from(std::move(key));
}

// One info series with the times of its samples, to be asked by rising evaluation times.
struct InfoSeries {
  LabelSet labels;
  std::vector<Point> points;
  size_t next = 0;
  std::string_view name() const { return labels.get(kMetricName); }
};

// The first selector below decides at which time the info series are read.
const TimeModifiers* first_selector_time(const Expr& expr,
                                         std::vector<const TimeModifiers*>& outer) {
  switch (expr.kind) {
    case ExprKind::VectorSelector:
      return &as<VectorSelector>(expr).time;
    case ExprKind::MatrixSelector:
      return &as<MatrixSelector>(expr).vector->time;
    case ExprKind::Subquery: {
      outer.push_back(&as<SubqueryExpr>(expr).time);
      return first_selector_time(*as<SubqueryExpr>(expr).expr, outer);
    }
    case ExprKind::Paren:
      return first_selector_time(*as<ParenExpr>(expr).expr, outer);
    case ExprKind::Unary:
      return first_selector_time(*as<UnaryExpr>(expr).expr, outer);
    case ExprKind::Binary: {
      const auto* left = first_selector_time(*as<BinaryExpr>(expr).lhs, outer);
      return left != nullptr ? left : first_selector_time(*as<BinaryExpr>(expr).rhs, outer);
    }
    case ExprKind::Aggregate:
      return first_selector_time(*as<AggregateExpr>(expr).expr, outer);
    case ExprKind::Call:
      for (const ExprPtr& arg : as<CallExpr>(expr).args) {
        if (const auto* time = first_selector_time(*arg, outer)) return time;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

// What the info series of one step add to a series.
struct Enrichment {
  LabelSet labels;
  bool found = false;
};

Result<Enrichment> enriched(const LabelSet& base, const std::vector<const InfoSeries*>& infos,
                            const DataSelector& selector) {
  Enrichment out{base, !infos.empty()};
  std::map<std::string, std::string, std::less<>> added;
  for (const InfoSeries* info : infos) {
    for (const LabelView& label : info->labels.list()) {
      if (label.name == kMetricName) continue;
      const bool wanted = selector.data.empty() ||
                          std::ranges::any_of(selector.data, [&](const CompiledMatcher& m) {
                            return m.name() == label.name;
                          });
      if (!wanted) continue;
      const auto seen = added.find(label.name);
      if (seen != added.end() && seen->second != label.value) {
        return invalid_argument("conflicting label: {}", label.name);
      }
      if (base.has(label.name)) continue;
      added.insert_or_assign(std::string(label.name), std::string(label.value));
      out.labels = out.labels.with(label.name, label.value);
    }
  }
  return out;
}

}  // namespace

Result<Matrix> Evaluator::info(const CallExpr& call) {
  KANSOKU_TRY(Matrix base, eval(*call.args[0]));
  KANSOKU_TRY(const DataSelector selector, data_selector(call));
  const auto is_info_itself = [&](const LabelSet& labels) {
    return std::ranges::all_of(selector.names, [&](const CompiledMatcher& m) {
      return m.matches(labels.get(kMetricName));
    });
  };
  std::vector<const TimeModifiers*> outer;
  const TimeModifiers* time = first_selector_time(*call.args[0], outer);
  const auto info_time = [&](int64_t t) {
    for (const TimeModifiers* modifiers : outer) t = reference(*modifiers, t);
    return time != nullptr ? reference(*time, t) : t;
  };
  std::vector<LabelMatcher> matchers = selector.all;
  const Selection selection{.matchers = matchers,
                            .begin_ms = info_time(grid_.start) - root_.options.lookback_ms + 1,
                            .end_ms = info_time(grid_.at(grid_.steps() - 1))};
  KANSOKU_TRY(auto read_infos, root_.source.select(selection, root_.context));
  std::vector<InfoSeries> infos;
  for (SourceSeries& series : read_infos)
    infos.push_back({std::move(series.labels), std::move(series.points)});
  std::set<std::string, std::less<>> names;
  for (const InfoSeries& series : infos) names.emplace(series.name());

  StepReader reader(base);
  SeriesCollector collector;
  const bool may_be_missing =
      std::ranges::all_of(selector.data, [](const CompiledMatcher& m) { return m.matches(""); });
  for (size_t i = 0; i < grid_.steps(); ++i) {
    const int64_t t = grid_.at(i);
    const int64_t at = info_time(t);
    // The newest info series of each key.
    std::unordered_map<LabelSet, const InfoSeries*, LabelSetHash> current;
    for (InfoSeries& series : infos) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits));
      while (series.next < series.points.size() && series.points[series.next].t <= at)
        ++series.next;
      if (series.next == 0) continue;
      const Point& point = series.points[series.next - 1];
      if (!in_lookback(point.t, at) || (!point.h && is_stale(point.f))) continue;
      if (point.h) return invalid_argument("info sample should be float");
      const auto [entry, fresh] =
          current.try_emplace(join_key(series.labels, series.name()), &series);
      if (fresh) continue;
      const int64_t other_t = entry->second->points[entry->second->next - 1].t;
      if (other_t == point.t) {
        return invalid_argument(
            "found duplicate series for info metric: existing {} @ {}, new {} @ {}",
            entry->second->labels.to_string(), other_t, series.labels.to_string(), point.t);
      }
      if (other_t < point.t) entry->second = &series;
    }
    for (size_t row = 0; row < base.size(); ++row) {
      const Point* point = reader.at(row, t);
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kSeriesUnits));
      if (point == nullptr) continue;
      const LabelSet& labels = base[row].labels;
      Sample sample{labels, base[row].drop_name, *point};
      if (!is_info_itself(labels)) {
        const bool identified = std::ranges::any_of(
            kIdentifying, [&](std::string_view name) { return labels.has(name); });
        std::vector<const InfoSeries*> found;
        for (const std::string& name : names) {
          const auto entry = identified ? current.find(join_key(labels, name)) : current.end();
          if (entry != current.end()) found.push_back(entry->second);
        }
        KANSOKU_TRY(Enrichment enrichment, enriched(labels, found, selector));
        if (!enrichment.found && !may_be_missing) continue;
        sample.labels = std::move(enrichment.labels);
      }
      if (!collector.add(sample, t))
        return invalid_argument("vector cannot contain metrics with the same labelset");
    }
    KANSOKU_RETURN_IF_ERROR(charge(collector.points()));
  }
  return collector.take();
}

}  // namespace kansoku::query::promql
