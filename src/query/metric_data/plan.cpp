#include "query/metric_data/plan.h"

#include "base/time/grid.h"
#include "query/metric_data/label.h"

namespace kansoku::query::metric_data {
namespace {

namespace math = metric_math;

// Of what one band may be about (user guide, "Anomaly detection on metric math").
constexpr size_t kBandPartsMax = 10;

Failure expression_failure(size_t query, size_t position, std::string message) {
  return {Error{ErrorCode::InvalidArgument, std::move(message), {}}, query, position};
}

// Parses the searches of an expression; places are those in the expression.
std::optional<Failure> parse_searches(ParsedQuery& parsed, size_t query) {
  for (const math::SearchCall& call : parsed.expression->searches()) {
    auto search = metric_search::Search::parse(call.text);
    if (!search) {
      return expression_failure(query, call.text_position + search.error().position,
                                search.error().message);
    }
    auto statistic = parse_statistic(call.statistic);
    if (!statistic) {
      return expression_failure(query, call.statistic_position, statistic.error().message);
    }
    if (call.period_s && (*call.period_s > 1e9 || *call.period_s != std::floor(*call.period_s) ||
                          !is_period(static_cast<int64_t>(*call.period_s)))) {
      return expression_failure(query, call.period_position,
                                "a period is 1, 5, 10, 20, 30 or a multiple of 60");
    }
    parsed.searches.push_back({std::move(*search), std::move(*statistic)});
  }
  return std::nullopt;
}

std::optional<Failure> parse_query(ParsedQuery& out, const Query& query, size_t number) {
  if (query.metric) return std::nullopt;
  if (metrics_insights::is_query(query.expression)) {
    auto select = metrics_insights::parse(query.expression);
    if (!select) {
      return expression_failure(number, select.error().position, select.error().message);
    }
    out.select = std::move(*select);
    return std::nullopt;
  }
  auto expression = math::Expression::parse(query.expression);
  if (!expression) {
    return expression_failure(number, expression.error().position, expression.error().message);
  }
  out.expression = std::move(*expression);
  return parse_searches(out, number);
}

// Everything that is read, in the order of the queries.
std::optional<Failure> add_sources(Plan& plan) {
  size_t searches = 0;
  plan.sources_of.resize(plan.parsed.size());
  for (size_t i = 0; i < plan.parsed.size(); ++i) {
    const ParsedQuery& parsed = plan.parsed[i];
    auto add = [&](Source source) {
      plan.sources_of[i].insert(plan.sources.size());
      plan.sources.push_back(source);
    };
    if (parsed.select) add({SourceKind::Select, i});
    if (!parsed.select && !parsed.expression) add({SourceKind::Metric, i});
    for (size_t n = 0; n < parsed.searches.size(); ++n) {
      if (++searches > kSearchesMax) {
        return expression_failure(
            i, parsed.expression->searches()[n].text_position,
            fmt::format("more than {} searches in one request", kSearchesMax));
      }
      add({SourceKind::Search, i, n});
    }
  }
  return std::nullopt;
}

// Walks from expressions to the sources they use.
class Walker {
 public:
  explicit Walker(Plan& plan)
      : plan_(plan),
        states_(plan.parsed.size(), State::New),
        bands_(plan.parsed.size(), false),
        parts_(plan.parsed.size(), 1) {
    for (size_t i = 0; i < plan.sources.size(); ++i) {
      if (plan.sources[i].kind == SourceKind::Metric) metrics_.push_back(i);
    }
  }

  std::optional<Failure> walk(size_t at) {
    if (states_[at] == State::Done) return std::nullopt;
    if (states_[at] == State::Open) {
      return expression_failure(at, 0, "the expression uses itself");
    }
    states_[at] = State::Open;
    if (const auto& expression = plan_.parsed[at].expression) {
      std::set<size_t>& uses = plan_.sources_of[at];
      if (expression->uses_metrics()) uses.insert(metrics_.begin(), metrics_.end());
      for (const std::string& id : expression->references()) {
        auto found = plan_.find(id);
        if (!found) {
          size_t position = plan_.request.queries[at].expression.find(id);
          return expression_failure(
              at, position,
              fmt::format("there is no metric or expression with the id {}", quoted(id)));
        }
        if (auto wrong = walk(*found)) return wrong;
        uses.insert(plan_.sources_of[*found].begin(), plan_.sources_of[*found].end());
        bands_[at] = bands_[at] || bands_[*found];
        // A part that two others use counts twice; the bound keeps the number small.
        parts_[at] = std::min(parts_[at] + parts_[*found], kBandPartsMax + 2);
      }
      if (expression->uses_band()) {
        bands_[at] = true;
        if (auto wrong = check_band(at)) return wrong;
      }
    }
    states_[at] = State::Done;
    return std::nullopt;
  }
  // A band is in it, or in what it uses.
  bool has_band(size_t at) const { return bands_[at]; }

 private:
  // What bands are not made of.
  std::optional<Failure> check_band(size_t at) const {
    auto refuse = [&](std::string_view why) {
      return expression_failure(at, 0,
                                fmt::format("ANOMALY_DETECTION_BAND does not support {}", why));
    };
    if (plan_.parsed[at].expression->uses_metrics()) return refuse("METRICS");
    if (parts_[at] - 1 > kBandPartsMax) return refuse("more than 10 metrics or expressions");
    std::optional<int64_t> period_s;
    for (size_t source : plan_.sources_of[at]) {
      const Source& one = plan_.sources[source];
      if (one.kind == SourceKind::Search) return refuse("SEARCH");
      if (one.kind != SourceKind::Metric) continue;
      int64_t own = plan_.request.queries[one.query].period_s;
      if (period_s.value_or(own) != own) return refuse("metrics with different periods");
      period_s = own;
    }
    return std::nullopt;
  }

  enum class State : uint8_t { New, Open, Done };
  Plan& plan_;
  std::vector<State> states_;
  std::vector<bool> bands_;
  std::vector<size_t> parts_;  // metrics and expressions, itself too
  std::vector<size_t> metrics_;
};

// What a source says of its period, s; 0: nothing.
int64_t own_period_s(const Plan& plan, const Source& source) {
  int64_t of_query = plan.request.queries[source.query].period_s;
  if (source.kind == SourceKind::Select && of_query > 0) {
    return std::max(of_query, metrics_insights::kPeriodMinS);
  }
  if (source.kind != SourceKind::Search) return of_query;
  const auto& call = plan.parsed[source.query].expression->searches()[source.search];
  return call.period_s ? static_cast<int64_t>(*call.period_s) : of_query;
}

void set_periods(Plan& plan, const Walker& walker) {
  int64_t age_s = (plan.request.now_ms - plan.request.start_ms) / 1000;
  std::set<ReadKey> reads;
  for (size_t i = 0; i < plan.parsed.size(); ++i) {
    int64_t period_s = 0;
    for (size_t source : plan.sources_of[i]) {
      period_s = std::max(period_s, own_period_s(plan, plan.sources[source]));
    }
    if (period_s == 0) period_s = plan.request.queries[i].period_s;
    if (period_s == 0) period_s = default_period_s(age_s);
    plan.period_s.push_back(period_s);
    if (!plan.request.queries[i].returned) continue;
    for (size_t source : plan.sources_of[i]) {
      reads.insert({source, period_s, false});
      if (walker.has_band(i)) reads.insert({source, period_s, true});
    }
  }
  plan.reads.assign(reads.begin(), reads.end());
}

// Of metrics as CloudWatch makes them, of expressions their id.
void set_default_labels(Plan& plan) {
  std::vector<LabelSubject> subjects;
  std::vector<size_t> metrics;
  for (size_t i = 0; i < plan.parsed.size(); ++i) {
    const Query& query = plan.request.queries[i];
    plan.default_label.push_back(query.id);
    if (!query.metric) continue;
    metrics.push_back(i);
    subjects.push_back({query.metric->metric_namespace, query.metric->metric_name,
                        query.metric->dimensions, query.metric->statistic.text, query.period_s,
                        std::nullopt});
  }
  std::vector<std::string> labels = default_labels(subjects);
  for (size_t i = 0; i < metrics.size(); ++i) plan.default_label[metrics[i]] = labels[i];
}

}  // namespace

uint64_t Plan::cells() const {
  uint64_t out = 0;
  for (const ReadKey& key : reads) out += range(key).cells();
  for (size_t i = 0; i < parsed.size(); ++i) {
    if (parsed[i].expression && request.queries[i].returned) out += range(period_s[i]).cells();
  }
  return out;
}

CellRange Plan::history(int64_t period) const {
  CellRange out = range(period);
  int64_t held_ms = request.now_ms - held_s(period) * 1000;
  int64_t wanted_ms = std::max(out.start_ms - anomaly::kTrainingMs, held_ms);
  out.start_ms = std::min(floor_to(wanted_ms + out.period_ms - 1, out.period_ms), out.start_ms);
  out.held = true;
  return out;
}

std::optional<size_t> Plan::find(std::string_view id) const {
  for (size_t i = 0; i < request.queries.size(); ++i) {
    if (request.queries[i].id == id) return i;
  }
  return std::nullopt;
}

std::expected<Plan, Failure> make_plan(Request request) {
  Plan plan;
  plan.request = std::move(request);
  plan.parsed.resize(plan.request.queries.size());
  for (size_t i = 0; i < plan.parsed.size(); ++i) {
    if (auto wrong = parse_query(plan.parsed[i], plan.request.queries[i], i)) {
      return std::unexpected(std::move(*wrong));
    }
  }
  if (auto wrong = add_sources(plan)) return std::unexpected(std::move(*wrong));
  Walker walker(plan);
  for (size_t i = 0; i < plan.parsed.size(); ++i) {
    if (auto wrong = walker.walk(i)) return std::unexpected(std::move(*wrong));
  }
  set_periods(plan, walker);
  set_default_labels(plan);
  return plan;
}

}  // namespace kansoku::query::metric_data
