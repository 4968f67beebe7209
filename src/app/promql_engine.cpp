#include "app/promql_engine.h"

#include <algorithm>

#include "query/promql/evaluate.h"
#include "query/promql/parser.h"
#include "query/promql/store_source.h"

namespace kansoku::app {
namespace {

namespace promql = query::promql;
using api::prometheus::FloatPoint;
using api::prometheus::HistogramBucket;
using api::prometheus::HistogramPoint;
using api::prometheus::QueryDone;
using api::prometheus::QueryOptions;
using api::prometheus::ResultDocument;
using api::prometheus::ResultSeries;
using api::prometheus::ResultType;

signal::Labels labels_of(const promql::LabelSet& labels) {
  return signal::Labels::from_canonical(std::string(labels.canonical()));
}

// The numbers by which the API tells open from closed ends of a bucket.
int boundaries_of(const promql::BoundedBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
}

void add_point(ResultSeries& series, int64_t time_ms, const promql::Point& point) {
  if (!point.h) {
    series.floats.push_back({time_ms, point.f});
    return;
  }
  HistogramPoint out{time_ms, point.h->count, point.h->sum, {}};
  for (const promql::BoundedBucket& bucket : point.h->buckets()) {
    out.buckets.push_back({boundaries_of(bucket), bucket.lower, bucket.upper, bucket.count});
  }
  series.histograms.push_back(std::move(out));
}

// What a series costs beside its points, and a point, in units of QueryContext::spend().
constexpr uint64_t kSeriesUnits = 128;
constexpr uint64_t kPointUnits = 2;

Result<ResultDocument> document_of(const promql::QueryResult& result, const std::string& expression,
                                   int64_t time_ms, query::QueryContext& context) {
  ResultDocument out;
  for (const promql::Series& series : result.matrix) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits + kPointUnits * series.points.size()));
    ResultSeries& one = out.series.emplace_back();
    one.labels = labels_of(series.labels);
    for (const promql::Point& point : series.points) add_point(one, point.t, point);
  }
  for (const promql::Sample& sample : result.vector) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits));
    ResultSeries& one = out.series.emplace_back();
    one.labels = labels_of(sample.labels);
    add_point(one, time_ms, sample.point);
  }
  switch (result.type) {
    case promql::ValueType::Matrix:
      out.type = ResultType::Matrix;
      break;
    case promql::ValueType::Scalar:
      out.type = ResultType::Scalar;
      break;
    case promql::ValueType::String:
      out.type = ResultType::String;
      break;
    default:
      out.type = ResultType::Vector;
      break;
  }
  out.scalar = {time_ms, result.scalar};
  out.text = result.string;
  out.warnings = result.annotations.warnings(expression);
  out.infos = result.annotations.infos(expression);
  return out;
}

// Whoever may cancel knows the context for as long as it lives.
class Attached {
 public:
  Attached(api::console::PromqlCancel* cancel, query::QueryContext& context) : cancel_(cancel) {
    if (cancel_ != nullptr) cancel_->attach(&context);
  }
  ~Attached() {
    if (cancel_ != nullptr) cancel_->attach(nullptr);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  api::console::PromqlCancel* cancel_;
};

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace

void PromqlEngine::instant(std::string expression, int64_t time_ms, QueryOptions options,
                           QueryDone done) {
  submit({std::move(expression), time_ms, time_ms, 0, std::move(options), std::move(done)});
}

void PromqlEngine::range(std::string expression, int64_t start_ms, int64_t end_ms, int64_t step_ms,
                         QueryOptions options, QueryDone done) {
  submit({std::move(expression), start_ms, end_ms, step_ms, std::move(options), std::move(done)});
}

void PromqlEngine::range(api::console::PromqlRange range, api::console::PromqlDone done) {
  Job job;
  job.expression = std::move(range.text);
  job.start_ms = range.start_ms;
  job.end_ms = range.end_ms;
  job.step_ms = range.step_ms;
  job.options.scope = std::move(range.scope);
  job.cancel = std::move(range.cancel);
  if (job.cancel) job.options.cancelled = [cancel = job.cancel] { return cancel->cancelled(); };
  job.cost = std::make_shared<query::QueryCost>();
  job.done = [cost = job.cost, done = std::move(done)](Result<ResultDocument> document) mutable {
    if (!document) return done(std::unexpected(std::move(document).error()));
    done(api::console::PromqlAnswer{std::move(*document), *cost});
  };
  submit(std::move(job));
}

void PromqlEngine::submit(Job job) {
  auto asked = std::make_shared<Job>(std::move(job));
  parts_.queue->submit(
      {.run = [this, asked](Fiber& fiber, int64_t waited_ns) -> FiberQueue::Finish {
         auto answer = std::make_shared<Result<ResultDocument>>(run(*asked, fiber, waited_ns));
         return [asked, answer] { asked->done(std::move(*answer)); };
       },
       .refuse = [asked](Error error) { asked->done(std::unexpected(std::move(error))); }});
}

// On the fiber.
Result<ResultDocument> PromqlEngine::run(Job& job, Fiber& fiber, int64_t waited_ns) {
  const int64_t begun_ns = parts_.clock->monotonic_now().ns;
  const auto unwanted = [&] {
    return parts_.queue->stopping() || (job.options.cancelled && job.options.cancelled());
  };
  if (unwanted()) return cancelled("query cancelled");
  auto expression = promql::parse(job.expression);
  if (!expression) return invalid_argument("{}", expression.error().to_string(job.expression));
  const promql::ValueType type = (*expression)->type();
  if (job.step_ms > 0 && type != promql::ValueType::Scalar && type != promql::ValueType::Vector) {
    return invalid_argument(
        "invalid expression type {} for range query, must be Scalar or instant Vector",
        quoted(promql::value_type_name(type)));
  }
  query::QueryLimits limits = parts_.limits;
  if (job.options.timeout_ms > 0) limits.time_ms = std::min(limits.time_ms, job.options.timeout_ms);
  // Time spent in the line counts: whoever asked has waited.
  const int64_t waited_ms = waited_ns / env::kNsPerMs;
  if (waited_ms >= limits.time_ms) {
    return deadline_exceeded("query waited {} ms for its turn, limit {} ms; try again later",
                             waited_ms, limits.time_ms);
  }
  limits.time_ms -= waited_ms;
  query::QueryContext context(*parts_.clock, limits, parts_.memory);
  Attached attached(job.cancel.get(), context);
  context.set_give_way(
      [&] {
        fiber.yield();
        if (unwanted()) context.cancel();
      },
      parts_.step_ns);
  promql::StoreSource source(*parts_.metrics, job.options.scope, *parts_.clock);
  promql::EvaluateOptions options;
  if (job.options.lookback_ms > 0) options.lookback_ms = job.options.lookback_ms;
  auto result = promql::evaluate(**expression, {job.start_ms, job.end_ms, job.step_ms}, source,
                                 options, context);
  if (!result) {
    Error error = std::move(result).error();
    // The expression is one; it is the data that it cannot be applied to.
    if (error.code == ErrorCode::InvalidArgument) error.code = ErrorCode::FailedPrecondition;
    return std::unexpected(std::move(error));
  }
  if (job.cost) *job.cost = context.cost();
  KANSOKU_TRY(ResultDocument out, document_of(*result, job.expression, job.start_ms, context));
  if (context.missing())
    out.warnings.emplace_back("partial answer: some of the stored data are damaged and left out");
  if (job.options.stats) {
    int64_t ended_ns = parts_.clock->monotonic_now().ns;
    api::prometheus::QueryStats stats;
    stats.queue_s = seconds(waited_ns);
    stats.eval_total_s = stats.inner_eval_s = seconds(ended_ns - begun_ns);
    stats.exec_total_s = seconds(ended_ns - begun_ns + waited_ns);
    stats.samples_queryable = stats.samples_peak = context.cost().points;
    out.stats = std::move(stats);
  }
  return out;
}

}  // namespace kansoku::app
