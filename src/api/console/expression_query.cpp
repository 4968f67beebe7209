#include "api/console/expression_query.h"

#include "query/exec/cells.h"
#include "query/exec/resolution.h"

namespace kansoku::api::console {
namespace {

namespace data = query::metric_data;

// As many as GetMetricData takes, with the expression.
constexpr size_t kOperandsMax = 499;
constexpr std::string_view kOwnId = "expression";

std::unexpected<QueryError> bad(std::string message, std::optional<size_t> position = {}) {
  return std::unexpected(
      QueryError{{ErrorCode::InvalidArgument, std::move(message), {}}, position});
}

// The period of a node in s; 0 where it has none.
std::expected<int64_t, QueryError> period_of(const wire::Node& node) {
  double period = node.number_of("period").value_or(0);
  if (period == 0) return 0;
  if (std::abs(period) > 1e9 || period != std::floor(period) ||
      !query::is_period(static_cast<int64_t>(period))) {
    return bad(fmt::format("period {} is not 1, 5, 10, 20, 30 or a multiple of 60", period));
  }
  return static_cast<int64_t>(period);
}

// {"id":…,"expression":…} or {"id":…,"namespace":…,"metric":…,"dimensions":{…},"stat":…}.
std::expected<data::Query, QueryError> read_operand(const wire::Node& node, int64_t period_s) {
  data::Query out;
  out.id = node.text_of("id");
  out.returned = false;
  if (out.id.empty() || out.id[0] < 'a' || out.id[0] > 'z') {
    return bad(
        fmt::format("operand {} needs an id that begins with a small letter", quoted(out.id)));
  }
  auto own = period_of(node);
  if (!own) return std::unexpected(std::move(own).error());
  out.expression = node.text_of("expression");
  if (!out.expression.empty()) {
    out.period_s = *own;
    return out;
  }
  out.period_s = *own > 0 ? *own : period_s;
  data::MetricStat metric;
  metric.metric_namespace = node.text_of("namespace");
  metric.metric_name = node.text_of("metric");
  if (metric.metric_namespace.empty() || metric.metric_name.empty()) {
    return bad(
        fmt::format("operand {} needs a namespace and a metric, or an expression", quoted(out.id)));
  }
  if (const wire::Node* dimensions = node.find("dimensions")) {
    for (const auto& entry : dimensions->entries) {
      metric.dimensions.emplace_back(entry.key, entry.value.scalar);
    }
    std::ranges::sort(metric.dimensions);
  }
  if (std::string_view unit = node.text_of("unit"); !unit.empty()) metric.unit = unit;
  std::string_view stat = node.text_of("stat");
  auto statistic = query::parse_statistic(stat.empty() ? "Average" : stat);
  if (!statistic) return bad(statistic.error().message);
  metric.statistic = std::move(*statistic);
  out.metric = std::move(metric);
  return out;
}

std::expected<void, QueryError> read_body(data::Request& request, data::Query& own,
                                          const wire::Node& body, int64_t period_s) {
  own.expression = body.text_of("expression");
  auto period = period_of(body);
  if (!period) return std::unexpected(std::move(period).error());
  if (*period > 0) own.period_s = *period;
  if (const wire::Node* label = body.find("label")) {
    if (auto good = data::check_label(label->scalar); !good) return bad(good.error());
    own.label = label->scalar;
  }
  const wire::Node* operands = body.find("operands");
  if (operands == nullptr) return {};
  if (operands->items.size() > kOperandsMax) {
    return bad(fmt::format("{} operands, limit {}", operands->items.size(), kOperandsMax));
  }
  for (const wire::Node& node : operands->items) {
    auto operand = read_operand(node, own.period_s > 0 ? own.period_s : period_s);
    if (!operand) return std::unexpected(std::move(operand).error());
    bool known = std::ranges::any_of(request.queries,
                                     [&](const data::Query& one) { return one.id == operand->id; });
    if (known) return bad(fmt::format("two operands have the id {}", quoted(operand->id)));
    request.queries.push_back(std::move(*operand));
  }
  return {};
}

}  // namespace

bool is_expression(std::string_view text, const wire::Node* body) {
  if (body != nullptr) return body->find("expression") != nullptr;
  size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] != '{';
}

std::expected<data::Plan, QueryError> plan_expression(const ExpressionQuery& query,
                                                      const wire::Node* body) {
  data::Request request;
  request.scope = query.scope;
  request.start_ms = query.range.begin;
  request.end_ms = query.range.end;
  request.now_ms = query.now_ms;
  int64_t period_s = query::choose_period_ms(query.range, query.now_ms, query.points_max) / 1000;
  data::Query own;
  own.id = kOwnId;
  own.expression = query.text;
  if (body != nullptr) {
    if (auto good = read_body(request, own, *body, period_s); !good) {
      return std::unexpected(good.error());
    }
  }
  // Metrics say their period; an expression of nothing but searches takes this one.
  if (own.period_s == 0) own.period_s = period_s;
  request.queries.push_back(std::move(own));
  auto plan = data::make_plan(request);
  if (!plan) return std::unexpected(query_error(request.queries, plan.error()));
  return std::move(*plan);
}

QueryError query_error(std::span<const data::Query> queries, const data::Failure& failure) {
  QueryError out{failure.error, std::nullopt};
  if (!failure.query) return out;
  bool own = *failure.query + 1 == queries.size();
  if (own) {
    out.position = failure.position;
  } else {
    out.error.message =
        fmt::format("operand {}, at byte {}: {}", quoted(queries[*failure.query].id),
                    failure.position.value_or(0), failure.error.message);
  }
  return out;
}

}  // namespace kansoku::api::console
