// /api/v1/query, query_range, query_exemplars, format_query, parse_query.
#include "api/prometheus/ast_json.h"
#include "api/prometheus/call.h"
#include "api/prometheus/matching.h"
#include "api/prometheus/values.h"
#include "query/promql/parser.h"

namespace kansoku::api::prometheus {
namespace {

// As the reference server: more points a series than this is a mistake in the step.
constexpr int64_t kPointsMax = 11'000;

void append_point(wire::JsonWriter& json, const FloatPoint& point) {
  json.begin_array();
  json.raw(format_timestamp(point.timestamp_ms));
  json.string(format_value(point.value));
  json.end_array();
}

void append_point(wire::JsonWriter& json, const HistogramPoint& point) {
  json.begin_array();
  json.raw(format_timestamp(point.timestamp_ms));
  json.begin_object();
  json.key("count");
  json.string(format_value(point.count));
  json.key("sum");
  json.string(format_value(point.sum));
  if (!point.buckets.empty()) {
    json.key("buckets");
    json.begin_array();
    for (const HistogramBucket& bucket : point.buckets) {
      json.begin_array();
      json.integer(bucket.boundaries);
      json.string(format_value(bucket.lower));
      json.string(format_value(bucket.upper));
      json.string(format_value(bucket.count));
      json.end_array();
    }
    json.end_array();
  }
  json.end_object();
  json.end_array();
}

template <class Point>
void append_points(wire::JsonWriter& json, std::string_view key, const std::vector<Point>& points) {
  if (points.empty()) return;
  json.key(key);
  json.begin_array();
  for (const Point& point : points) append_point(json, point);
  json.end_array();
}

void append_series(wire::JsonWriter& json, ResultType type, const ResultSeries& series) {
  json.begin_object();
  json.key("metric");
  append_labels(json, series.labels);
  if (type == ResultType::Matrix) {
    append_points(json, "values", series.floats);
    append_points(json, "histograms", series.histograms);
  } else if (!series.floats.empty()) {
    json.key("value");
    append_point(json, series.floats.front());
  } else if (!series.histograms.empty()) {
    json.key("histogram");
    append_point(json, series.histograms.front());
  }
  json.end_object();
}

void append_stats(wire::JsonWriter& json, const QueryStats& stats) {
  json.key("stats");
  json.begin_object();
  json.key("timings");
  json.begin_object();
  auto seconds = [&](std::string_view key, double value) {
    json.key(key);
    json.number(value);
  };
  seconds("evalTotalTime", stats.eval_total_s);
  seconds("resultSortTime", stats.result_sort_s);
  seconds("queryPreparationTime", stats.preparation_s);
  seconds("innerEvalTime", stats.inner_eval_s);
  seconds("execQueueTime", stats.queue_s);
  seconds("execTotalTime", stats.exec_total_s);
  json.end_object();
  json.key("samples");
  json.begin_object();
  if (!stats.per_step.empty()) {
    json.key("totalQueryableSamplesPerStep");
    json.begin_array();
    for (const StepCount& step : stats.per_step) {
      json.begin_array();
      json.raw(format_timestamp(step.timestamp_ms));
      json.unsigned_integer(step.samples);
      json.end_array();
    }
    json.end_array();
  }
  json.key("totalQueryableSamples");
  json.unsigned_integer(stats.samples_queryable);
  json.key("peakSamples");
  json.unsigned_integer(stats.samples_peak);
  json.end_object();
  json.end_object();
}

void append_document(wire::JsonWriter& json, const ResultDocument& document) {
  constexpr std::array<std::string_view, 4> kTypes{"vector", "matrix", "scalar", "string"};
  json.begin_object();
  json.key("resultType");
  json.string(kTypes[static_cast<size_t>(document.type)]);
  json.key("result");
  if (document.type == ResultType::Scalar) {
    append_point(json, document.scalar);
  } else if (document.type == ResultType::String) {
    json.begin_array();
    json.raw(format_timestamp(document.scalar.timestamp_ms));
    json.string(document.text);
    json.end_array();
  } else {
    json.begin_array();
    for (const ResultSeries& series : document.series) append_series(json, document.type, series);
    json.end_array();
  }
  if (document.stats) append_stats(json, *document.stats);
  json.end_object();
}

// Answers with what the engine found; `limit` series at most (0: all).
QueryDone answer_with(Context& context, CallPtr call, size_t limit) {
  return [&context, call = std::move(call), limit](Result<ResultDocument> result) mutable {
    if (!result) {
      call->answer(error_reply(result.error(), true));
      return;
    }
    if (limit != 0 && result->series.size() > limit) {
      result->series.resize(limit);
      result->warnings.emplace_back("results truncated due to limit");
    }
    context.services.executor->post(
        Lane::Query, [call = std::move(call), document = std::move(*result)]() {
          call->answer(json_reply(
              success_body([&](wire::JsonWriter& json) { append_document(json, document); },
                           {.warnings = document.warnings, .infos = document.infos})));
        });
  };
}

struct QueryRequest {
  std::string text;
  QueryOptions options;
  size_t limit = 0;
};

Result<int64_t> positive_duration(const Call& call, std::string_view name) {
  std::string_view text = call.value(name);
  if (text.empty()) return 0;
  auto duration = parse_duration_ms(text);
  if (!duration) {
    return invalid_argument("invalid parameter \"{}\": {}", name, duration.error().message);
  }
  if (*duration <= 0) {
    return invalid_argument("invalid parameter \"{}\": {} is not positive", name, quoted(text));
  }
  return duration;
}

Result<QueryRequest> read_query(const CallPtr& call) {
  QueryRequest out;
  out.text = call->value("query");
  if (out.text.empty())
    return invalid_argument(
        "invalid parameter \"query\": unknown position: parse error: no expression found in input");
  auto parsed = query::promql::parse(out.text);
  if (!parsed) {
    return invalid_argument("invalid parameter \"query\": {}", parsed.error().to_string(out.text));
  }
  KANSOKU_TRY(out.limit, call->limit("limit"));
  KANSOKU_TRY(out.options.timeout_ms, positive_duration(*call, "timeout"));
  KANSOKU_TRY(out.options.lookback_ms, positive_duration(*call, "lookback_delta"));
  out.options.scope = call->caller.scope;
  out.options.stats = !call->value("stats").empty();
  out.options.stats_per_step = call->value("stats") == "all";
  std::weak_ptr<Call> waiting = call;
  out.options.cancelled = [waiting] {
    auto held = waiting.lock();
    return held == nullptr || held->exchange.closed();
  };
  return out;
}

net::HttpResponse no_engine() {
  return error_reply(501, "unavailable", "this process has no query engine");
}

struct RangeOfQuery {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;
};
Result<RangeOfQuery> read_range(const Call& call) {
  RangeOfQuery out;
  for (std::string_view name : {"start", "end", "step"}) {
    if (call.value(name).empty()) {
      return invalid_argument("invalid parameter \"{}\": it is missing", name);
    }
  }
  KANSOKU_TRY(out.start_ms, call.time_ms("start", 0));
  KANSOKU_TRY(out.end_ms, call.time_ms("end", 0));
  if (out.end_ms < out.start_ms) {
    return invalid_argument(
        "invalid parameter \"end\": end timestamp must not be before start time");
  }
  auto step = parse_duration_ms(call.value("step"));
  if (!step) {
    return invalid_argument("invalid parameter \"step\": {}", step.error().message);
  }
  out.step_ms = *step;
  if (out.step_ms <= 0) {
    return invalid_argument(
        "invalid parameter \"step\": zero or negative query resolution step widths are not "
        "accepted. Try a positive integer");
  }
  if ((out.end_ms - out.start_ms) / out.step_ms > kPointsMax) {
    return invalid_argument(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
        "resolution (?step=XX)");
  }
  return out;
}

void collect_selectors(const query::promql::Expr& expr,
                       std::vector<std::vector<store::Matcher>>& out) {
  using namespace query::promql;
  visit_selectors(expr, [&](const VectorSelector& selector) {
    out.push_back(store_matchers(selector.matchers));
  });
}

net::HttpResponse exemplars_reply(const Context& context, const Call& call) {
  std::string_view text = call.value("query");
  auto start = call.time_ms("start", kTimeMinMs);
  if (!start) return error_reply(start.error());
  auto end = call.time_ms("end", kTimeMaxMs);
  if (!end) return error_reply(end.error());
  if (*end < *start) {
    return error_reply(
        400, "bad_data",
        "invalid parameter \"end\": end timestamp must not be before start timestamp");
  }
  auto parsed = query::promql::parse(text);
  if (!parsed) return error_reply(400, "bad_data", parsed.error().to_string(text));
  std::vector<std::vector<store::Matcher>> selectors;
  collect_selectors(**parsed, selectors);
  store::ExemplarAnswer found;
  if (context.services.exemplars != nullptr) {
    auto answer =
        context.services.exemplars->find({call.caller.scope, std::move(selectors), *start, *end});
    if (!answer) return error_reply(answer.error(), true);
    found = std::move(*answer);
  }
  Annotations annotations;
  if (found.missing_before_ms) {
    annotations.warnings.push_back(
        fmt::format("stored exemplars were damaged: some before {} may be missing",
                    format_timestamp(*found.missing_before_ms)));
  }
  auto write = [&](wire::JsonWriter& json) {
    json.begin_array();
    for (const store::SeriesExemplars& series : found.series) {
      json.begin_object();
      json.key("seriesLabels");
      append_labels(json, series.series);
      json.key("exemplars");
      json.begin_array();
      for (const signal::Exemplar& exemplar : series.exemplars) {
        json.begin_object();
        json.key("labels");
        append_labels(json, exemplar.labels);
        json.key("value");
        json.string(format_value(exemplar.value));
        json.key("timestamp");
        json.raw(format_timestamp(exemplar.timestamp_ms));
        json.end_object();
      }
      json.end_array();
      json.end_object();
    }
    json.end_array();
  };
  return json_reply(success_body(write, annotations));
}

// Runs `write(json, expression)` over the parsed `query`, or answers why it does not parse.
template <class Write>
net::HttpResponse parsed_reply(const Call& call, Write&& write) {
  std::string_view text = call.value("query");
  auto parsed = query::promql::parse(text);
  if (!parsed) {
    return error_reply(
        400, "bad_data",
        fmt::format("invalid parameter \"query\": {}", parsed.error().to_string(text)));
  }
  return json_reply(success_body([&](wire::JsonWriter& json) { write(json, **parsed); }));
}

}  // namespace

void handle_query(Context& context, CallPtr call) {
  context.services.executor->post(Lane::Query, [&context, call] {
    auto time = call->time_ms("time", context.services.env.clock->wall_now().ms());
    if (!time) {
      call->answer(error_reply(time.error()));
      return;
    }
    auto request = read_query(call);
    if (!request) {
      call->answer(error_reply(request.error()));
      return;
    }
    if (context.services.engine == nullptr) {
      call->answer(no_engine());
      return;
    }
    context.services.engine->instant(std::move(request->text), *time, std::move(request->options),
                                     answer_with(context, call, request->limit));
  });
}

void handle_query_range(Context& context, CallPtr call) {
  context.services.executor->post(Lane::Query, [&context, call] {
    auto range = read_range(*call);
    if (!range) {
      call->answer(error_reply(range.error()));
      return;
    }
    auto request = read_query(call);
    if (!request) {
      call->answer(error_reply(request.error()));
      return;
    }
    if (context.services.engine == nullptr) {
      call->answer(no_engine());
      return;
    }
    context.services.engine->range(std::move(request->text), range->start_ms, range->end_ms,
                                   range->step_ms, std::move(request->options),
                                   answer_with(context, call, request->limit));
  });
}

void handle_query_exemplars(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), exemplars_reply);
}

void handle_format_query(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), [](const Context&, const Call& c) {
    return parsed_reply(c, [](wire::JsonWriter& json, const query::promql::Expr& expr) {
      json.string(query::promql::pretty(expr));
    });
  });
}

void handle_parse_query(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call),
                 [](const Context&, const Call& c) { return parsed_reply(c, append_ast); });
}

}  // namespace kansoku::api::prometheus
