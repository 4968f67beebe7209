#include "query/promql/script.h"

#include <algorithm>

#include "query/promql/functions.h"
#include "query/promql/lexer.h"
#include "query/promql/memory_source.h"
#include "query/promql/nhcb.h"
#include "query/promql/parser.h"
#include "query/promql/script_case.h"

namespace kansoku::query::promql {
namespace {

// Prometheus' own runner allows this many samples, so that its scripts can reach the limit.
constexpr uint64_t kScriptSamplesMax = 10'000;

struct Line {
  size_t number = 0;
  std::string_view text;
};

std::string_view trimmed_line(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  const size_t end = text.find_last_not_of(" \t\r");
  const std::string_view out =
      begin > end ? std::string_view() : text.substr(begin, end - begin + 1);
  return out.starts_with('#') ? std::string_view() : out;
}

// Blocks of lines: a command and what belongs to it.
std::vector<std::vector<Line>> blocks_of(std::string_view text) {
  std::vector<std::vector<Line>> out;
  bool open = false;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const bool command = line == "clear" || line.starts_with("load") || line.starts_with("eval");
    if (line.empty()) {
      open = false;
    } else if (!open || command) {
      out.push_back({{number, line}});
      open = true;
    } else {
      out.back().push_back({number, line});
    }
  }
  return out;
}

// What would make a re-run mean something else.
bool depends_on_query_range(const Expr& expr);

bool duration_depends(const std::unique_ptr<DurationExpr>& expr) {
  if (!expr) return false;
  using Kind = DurationExpr::Kind;
  return expr->kind == Kind::Step || expr->kind == Kind::Range || expr->kind == Kind::Start ||
         expr->kind == Kind::End || duration_depends(expr->left) || duration_depends(expr->right);
}

bool time_depends(const TimeModifiers& time) {
  return time.at == TimeModifiers::At::Start || time.at == TimeModifiers::At::End ||
         duration_depends(time.offset_expr);
}

// Visits every node below `expr`, itself included; true when any answers so.
template <class Visit>
bool any_node(const Expr& expr, Visit&& visit) {
  if (visit(expr)) return true;
  switch (expr.kind) {
    case ExprKind::MatrixSelector:
      return any_node(*as<MatrixSelector>(expr).vector, visit);
    case ExprKind::Subquery:
      return any_node(*as<SubqueryExpr>(expr).expr, visit);
    case ExprKind::Paren:
      return any_node(*as<ParenExpr>(expr).expr, visit);
    case ExprKind::Unary:
      return any_node(*as<UnaryExpr>(expr).expr, visit);
    case ExprKind::Binary:
      return any_node(*as<BinaryExpr>(expr).lhs, visit) ||
             any_node(*as<BinaryExpr>(expr).rhs, visit);
    case ExprKind::Aggregate: {
      const auto& aggregate = as<AggregateExpr>(expr);
      return any_node(*aggregate.expr, visit) ||
             (aggregate.param && any_node(*aggregate.param, visit));
    }
    case ExprKind::Call:
      return std::ranges::any_of(as<CallExpr>(expr).args,
                                 [&](const ExprPtr& arg) { return any_node(*arg, visit); });
    default:
      return false;
  }
}

bool depends_on_query_range(const Expr& expr) {
  return any_node(expr, [](const Expr& node) {
    if (node.kind == ExprKind::VectorSelector) return time_depends(as<VectorSelector>(node).time);
    if (node.kind == ExprKind::MatrixSelector)
      return duration_depends(as<MatrixSelector>(node).range_expr);
    if (node.kind == ExprKind::Subquery) {
      const auto& subquery = as<SubqueryExpr>(node);
      return time_depends(subquery.time) || duration_depends(subquery.range_expr) ||
             duration_depends(subquery.step_expr);
    }
    if (node.kind != ExprKind::Call) return false;
    const std::string_view name = as<CallExpr>(node).function->name;
    return name == "start" || name == "end" || name == "step" || name == "range";
  });
}

bool depends_on_time(const Expr& expr) {
  constexpr std::array<std::string_view, 12> kNames{
      "time",         "timestamp",   "start_timestamp", "predict_linear",
      "day_of_month", "day_of_week", "day_of_year",     "days_in_month",
      "hour",         "minute",      "month",           "year"};
  return any_node(expr, [&](const Expr& node) {
    return node.kind == ExprKind::Call &&
           std::ranges::find(kNames, as<CallExpr>(node).function->name) != kNames.end();
  });
}

// Adds `@ t` to the outermost selectors and subqueries that have none.
void pin(Expr& expr, int64_t t) {
  const auto set = [&](TimeModifiers& time) {
    if (time.at != TimeModifiers::At::None) return;
    time.at = TimeModifiers::At::Timestamp;
    time.at_ms = t;
  };
  switch (expr.kind) {
    case ExprKind::VectorSelector:
      return set(as<VectorSelector>(expr).time);
    case ExprKind::MatrixSelector:
      return set(as<MatrixSelector>(expr).vector->time);
    case ExprKind::Subquery:
      return set(as<SubqueryExpr>(expr).time);
    case ExprKind::Paren:
      return pin(*as<ParenExpr>(expr).expr, t);
    case ExprKind::Unary:
      return pin(*as<UnaryExpr>(expr).expr, t);
    case ExprKind::Binary:
      pin(*as<BinaryExpr>(expr).lhs, t);
      return pin(*as<BinaryExpr>(expr).rhs, t);
    case ExprKind::Aggregate: {
      auto& aggregate = as<AggregateExpr>(expr);
      if (aggregate.param) pin(*aggregate.param, t);
      return pin(*aggregate.expr, t);
    }
    case ExprKind::Call: {
      auto& call = as<CallExpr>(expr);
      const bool info = call.function->special == SpecialFunction::Info;
      for (size_t i = 0; i < call.args.size(); ++i) {
        if (!info || i == 0) pin(*call.args[i], t);
      }
      return;
    }
    default:
      return;
  }
}

class ScriptRunner {
 public:
  explicit ScriptRunner(const env::Clock& clock) : clock_(clock) {
    options_.samples_max = kScriptSamplesMax;
  }
  void run(const std::vector<Line>& block);
  ScriptReport take() { return std::move(report_); }

 private:
  Status load(const std::vector<Line>& block);
  void eval(const std::vector<Line>& block);
  void plain(const ScriptCase& wanted);
  void again_pinned(const ScriptCase& wanted, const Expr& expr);
  void again_in_range(const ScriptCase& wanted, const Expr& expr);
  Result<QueryResult> ask(const Expr& expr, QueryRange range) {
    QueryContext context(clock_, {});
    return evaluate(expr, range, source_, options_, context);
  }
  void count(bool good, uint64_t& passed, uint64_t& failed, size_t line, std::string_view prefix,
             std::string text) {
    ++(good ? passed : failed);
    if (!good) report_.failures.push_back({line, std::string(prefix) + std::move(text)});
  }

  const env::Clock& clock_;
  EvaluateOptions options_;
  MemorySource source_;
  ScriptReport report_;
};

void ScriptRunner::run(const std::vector<Line>& block) {
  const std::string_view command = block.front().text;
  if (command == "clear") {
    source_.clear();
  } else if (command.starts_with("load")) {
    if (auto loaded = load(block); !loaded) {
      count(false, report_.plain_passed, report_.plain_failed, block.front().number, "",
            loaded.error().message);
    }
  } else {
    eval(block);
  }
}

Status ScriptRunner::load(const std::vector<Line>& block) {
  std::string_view command = block.front().text;
  const bool with_nhcb = command.starts_with("load_with_nhcb");
  command.remove_prefix(with_nhcb ? 14 : 4);
  const size_t begin = command.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return invalid_argument("load without a step");
  KANSOKU_TRY(const int64_t step, parse_duration_ms(command.substr(begin)));
  std::vector<std::optional<int64_t>> starts;
  ClassicToCustom converter;
  for (size_t i = 1; i < block.size(); ++i) {
    std::string_view line = block[i].text;
    KANSOKU_TRY(const LabelSet labels, parse_labels(line));
    if (line.starts_with("@st")) {
      KANSOKU_TRY(starts, parse_start_offsets(line.substr(3)));
      continue;
    }
    KANSOKU_TRY(const WrittenPoints points, parse_points(line));
    for (size_t k = 0; k < points.size(); ++k) {
      if (!points[k]) continue;
      const int64_t t = static_cast<int64_t>(k) * step;
      Point point{.t = t, .f = points[k]->value, .h = points[k]->histogram};
      if (k < starts.size() && starts[k]) point.st = t + *starts[k];
      if (with_nhcb) converter.add(labels, point);
      source_.add(labels, std::move(point));
    }
    starts.clear();
  }
  converter.finish(
      [&](const LabelSet& labels, Point point) { source_.add(labels, std::move(point)); });
  source_.finish();
  return {};
}

void ScriptRunner::eval(const std::vector<Line>& block) {
  const auto unreadable = [&](size_t line, const Error& error) {
    count(false, report_.plain_passed, report_.plain_failed, line, "", error.to_string());
  };
  auto wanted = parse_eval(block.front().text, block.front().number);
  if (!wanted) return unreadable(block.front().number, wanted.error());
  for (size_t i = 1; i < block.size(); ++i) {
    if (auto read = parse_expectation(block[i].text, *wanted); !read)
      return unreadable(block[i].number, read.error());
  }
  plain(*wanted);
}

void ScriptRunner::plain(const ScriptCase& wanted) {
  const auto done = [&](bool good, std::string text) {
    count(good, report_.plain_passed, report_.plain_failed, wanted.line, "", std::move(text));
  };
  auto expr = parse(wanted.query);
  Result<QueryResult> result = expr ? ask(**expr, wanted.range)
                                    : invalid_argument("{}", expr.error().to_string(wanted.query));
  if (wanted.fails) {
    if (result) return done(false, "expected to fail: " + wanted.query);
    return done(
        wanted.failure.matches(result.error().message),
        fmt::format("failed with {}, expected {}", result.error().message, wanted.failure.text));
  }
  if (!result) return done(false, fmt::format("{}: {}", wanted.query, result.error().message));
  auto different = difference(wanted, *result);
  if (!different) different = annotation_difference(wanted, *result);
  done(!different, fmt::format("{}: {}", wanted.query, different.value_or("")));
  const bool again =
      wanted.instant && !wanted.string && !wanted.grid && !depends_on_query_range(**expr);
  if (!again) return;
  if (!depends_on_time(**expr)) again_pinned(wanted, **expr);
  again_in_range(wanted, **expr);
}

void ScriptRunner::again_pinned(const ScriptCase& wanted, const Expr& expr) {
  const ExprPtr pinned = clone(expr);
  pin(*pinned, wanted.range.start_ms);
  constexpr std::array<int64_t, 5> kOthers{-600'000, -1'000, 1, 60'000, 3'600'000};
  for (int64_t other : kOthers) {
    const int64_t t = wanted.range.start_ms + other;
    auto result = ask(*pinned, {t, t, 0});
    ScriptCase at = wanted;
    at.range = {t, t, 0};
    const auto different = result ? difference(at, *result) : result.error().message;
    count(!different, report_.at_passed, report_.at_failed, wanted.line,
          fmt::format("with @, asked at {} ms: ", t),
          fmt::format("{}: {}", to_string(*pinned), different.value_or("")));
  }
}

void ScriptRunner::again_in_range(const ScriptCase& wanted, const Expr& expr) {
  constexpr int64_t kMinute = 60'000;
  const int64_t t = wanted.range.start_ms;
  auto result = ask(expr, {t - kMinute, t + kMinute, kMinute});
  const auto different = result ? difference_at(wanted, *result, t) : result.error().message;
  count(!different, report_.range_passed, report_.range_failed, wanted.line,
        "in a range: ", fmt::format("{}: {}", wanted.query, different.value_or("")));
}

}  // namespace

ScriptReport run_script(std::string_view text, const env::Clock& clock) {
  ScriptRunner runner(clock);
  for (const std::vector<Line>& block : blocks_of(text)) runner.run(block);
  return runner.take();
}

}  // namespace kansoku::query::promql
