// Queries of Metrics Insights over the scan: what they match, in groups, ordered and limited.
#include "query/metric_data/reads.h"

namespace kansoku::query::metric_data {
namespace {

namespace sql = metrics_insights;

constexpr std::array<std::string_view, 5> kFunctionNames{"AVG", "COUNT", "MAX", "MIN", "SUM"};

class SelectReader final : public SourceReader {
 public:
  SelectReader(const store::MetricStore& store, const Plan& plan, const ReadKey& key,
               QueryContext& context)
      : store_(store),
        plan_(plan),
        source_(plan.sources[key.source]),
        query_(*plan.parsed[source_.query].select),
        range_(plan.range(key)),
        context_(context),
        series_max_(query_.limit.value_or(sql::kSeriesMax)) {}

  Result<bool> step() override {
    if (!reader_) {
      KANSOKU_RETURN_IF_ERROR(begin());
      return true;
    }
    KANSOKU_TRY(bool more, reader_->step([this](size_t group, std::span<const SummaryCell> cells) {
      return add(group, cells);
    }));
    // Without an order the first groups that have data are the answer.
    return more && (query_.order_by || rows_.size() <= series_max_);
  }

  Read take() override {
    Read out;
    out.partial = !reader_->missing().empty();
    out.truncated = rows_.size() > series_max_ && !query_.limit;
    for (const Row& row : rows_) context_.release_memory(bytes_of(row));
    if (rows_.size() > series_max_) rows_.resize(series_max_);
    for (Row& row : rows_) {
      ReadSeries& series = out.series.emplace_back();
      metric_math::Origin origin{query_.metric_namespace,
                                 query_.metric_name,
                                 {},
                                 std::string(kFunctionNames[static_cast<size_t>(query_.function)]),
                                 range_.period_ms / 1000,
                                 std::nullopt};
      const sql::GroupKey& key = keys_[row.group];
      for (size_t i = 0; i < key.size(); ++i) {
        origin.dimensions.emplace_back(query_.group_by[i], key[i].value_or(std::string(kOther)));
      }
      series.label = key.empty() ? plan_.default_label[source_.query] : sql::label_of(key);
      series.origin = std::make_shared<const metric_math::Origin>(std::move(origin));
      series.timestamps_ms = std::move(row.timestamps_ms);
      series.values = std::move(row.values);
      series.units.assign(units_.begin(), units_.end());
    }
    return out;
  }

 private:
  static constexpr std::string_view kOther = sql::kNoValue;

  struct Row {
    size_t group = 0;
    double order = 0;
    std::vector<int64_t> timestamps_ms;
    std::vector<double> values;
  };

  Status begin() {
    store::SeriesSelector selector;
    selector.scope = plan_.request.scope;
    selector.active_since_ms = range_.start_ms;
    selector.matchers.push_back(
        {std::string(signal::kNameLabel), store::MatchOp::Equal, query_.metric_name});
    selector.exact_label_names = query_.schema;
    for (const sql::Condition& one : query_.required()) {
      bool equal = one.kind == sql::ConditionKind::Equal;
      selector.matchers.push_back(
          {one.key, equal ? store::MatchOp::Equal : store::MatchOp::NotEqual, one.value});
    }
    KANSOKU_TRY(auto infos,
                select_in_namespace(store_, std::move(selector), query_.metric_namespace));
    auto before = [](const sql::GroupKey& a, const sql::GroupKey& b) {
      return sql::comes_before(a, b);
    };
    std::map<sql::GroupKey, std::vector<store::SeriesInfo>, decltype(before)> groups(before);
    for (store::SeriesInfo& info : infos) {
      MetricIdentity identity = identity_of(info);
      sql::Candidate candidate{plan_.request.scope.account, identity.dimensions};
      if (!query_.matches(candidate)) continue;
      units_.insert(std::string(unit_of(info)));
      groups[query_.group_of(candidate)].push_back(std::move(info));
    }
    GroupQuery read;
    read.scan = {plan_.request.scope, {range_.start_ms, range_.end_ms}, range_.period_ms, false};
    for (auto& [key, members] : groups) {
      keys_.push_back(key);
      read.members.push_back(members.size());
      std::ranges::move(members, std::back_inserter(read.series));
    }
    KANSOKU_RETURN_IF_ERROR(context_.charge_series(read.series.size()));
    context_.set_total(read.series.size());
    reader_.emplace(store_, std::move(read), context_);
    return {};
  }

  Status add(size_t group, std::span<const SummaryCell> cells) {
    Row row{group, 0, {}, {}};
    for (size_t i = 0; i < cells.size(); ++i) {
      const SummaryCell& cell = cells[i];
      auto value = sql::evaluate(query_.function, {cell.count, cell.sum, cell.min, cell.max});
      if (!value || !std::isfinite(*value)) continue;
      row.timestamps_ms.push_back(range_.start_ms + static_cast<int64_t>(i) * range_.period_ms);
      row.values.push_back(*value);
    }
    if (row.values.empty()) return {};
    KANSOKU_RETURN_IF_ERROR(context_.charge_memory(bytes_of(row)));
    if (!query_.order_by) {
      rows_.push_back(std::move(row));
      return {};
    }
    row.order = sql::evaluate(query_.order_by->function, row.values);
    if (query_.order_by->descending) row.order = -row.order;
    auto behind = std::ranges::upper_bound(rows_, row.order, {}, &Row::order);
    rows_.insert(behind, std::move(row));
    // One more than is answered says that there were more.
    if (rows_.size() > series_max_ + 1) {
      context_.release_memory(bytes_of(rows_.back()));
      rows_.pop_back();
    }
    return {};
  }
  static uint64_t bytes_of(const Row& row) { return row.values.size() * 16 + sizeof(Row); }

  const store::MetricStore& store_;
  const Plan& plan_;
  Source source_;
  const sql::Query& query_;
  CellRange range_;
  QueryContext& context_;
  size_t series_max_;
  std::optional<GroupReader> reader_;
  std::vector<sql::GroupKey> keys_;
  std::set<std::string> units_;
  std::vector<Row> rows_;
};

}  // namespace

std::unique_ptr<SourceReader> read_select(const store::MetricStore& store, const Plan& plan,
                                          const ReadKey& key, QueryContext& context) {
  return std::make_unique<SelectReader>(store, plan, key, context);
}

}  // namespace kansoku::query::metric_data
