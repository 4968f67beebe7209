#include "app/promql_engine.h"

#include <algorithm>
#include <thread>

#include "base/check.h"
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

// A query that has been admitted. Moves from queue to queue; a step has it to itself.
struct PromqlEngine::Evaluation {
  Job job;
  std::unique_ptr<Fiber> fiber;  // null before the first step
  Result<ResultDocument> result = cancelled("query cancelled");
};

PromqlEngine::PromqlEngine(Parts parts) : parts_(parts) {}

PromqlEngine::~PromqlEngine() {
  shutdown();
  // Steps whose tasks the executor has dropped.
  run_slot();
  KANSOKU_CHECK(running_ == 0);
}

void PromqlEngine::shutdown() {
  std::deque<Job> refused;
  {
    std::lock_guard lock(evaluations_mutex_);
    stopping_.store(true);
    refused.swap(waiting_);
  }
  for (Job& job : refused) job.done(unavailable("the server is stopping; try again later"));
}

void PromqlEngine::submit(Job job) {
  job.queued_ns = parts_.clock->monotonic_now().ns;
  Status refused;
  {
    std::lock_guard lock(evaluations_mutex_);
    if (stopping_.load()) {
      refused = unavailable("the server is stopping; try again later");
    } else if (running_ < parts_.running_max) {
      ++running_;
      fresh_.push_back(std::make_unique<Evaluation>(std::move(job)));
      if (slots_ >= parts_.steps_at_once) return;
      ++slots_;
    } else if (waiting_.size() < kWaitingMax) {
      waiting_.push_back(std::move(job));
      return;
    } else {
      refused =
          unavailable("too many queries: {} are running and {} waiting, limit {}; try again later",
                      running_, waiting_.size(), parts_.running_max + kWaitingMax);
    }
  }
  if (refused) {
    post_slot(true);
  } else {
    job.done(std::unexpected(std::move(refused).error()));
  }
}

// What has used up a step waits behind ingest; what is new goes before it.
void PromqlEngine::post_slot(bool any_fresh) {
  parts_.executor->post(any_fresh ? Lane::Query : Lane::Ingest, [this] { run_slot(); });
}

// One step, or all that is left when nothing will be posted any more.
void PromqlEngine::run_slot() {
  for (;;) {
    EvaluationPtr evaluation;
    {
      std::lock_guard lock(evaluations_mutex_);
      evaluation = next();
    }
    bool any_fresh = false;
    const bool more = evaluation && step(*evaluation);
    if (evaluation && !more) end(std::move(evaluation));
    {
      std::lock_guard lock(evaluations_mutex_);
      if (more) ready_.push_back(std::move(evaluation));
      any_fresh = !fresh_.empty();
      if (!any_fresh && ready_.empty()) {
        slots_ -= slots_ > 0 ? 1 : 0;
        return;
      }
    }
    if (stopping_.load()) continue;
    // The loops that read and write sockets, and the log's writer, may wait for this core.
    std::this_thread::yield();
    post_slot(any_fresh);
    return;
  }
}

PromqlEngine::EvaluationPtr PromqlEngine::next() {
  // New ones before old ones, so that a cheap query is answered at once, but in turn, so that many
  // new ones do not keep the old ones from going on.
  fresh_was_last_ = !fresh_.empty() && (ready_.empty() || !fresh_was_last_);
  std::deque<EvaluationPtr>& from = fresh_was_last_ ? fresh_ : ready_;
  if (from.empty()) return nullptr;
  EvaluationPtr out = std::move(from.front());
  from.pop_front();
  return out;
}

// False: it has ended.
bool PromqlEngine::step(Evaluation& evaluation) {
  const int64_t begun_ns = parts_.clock->monotonic_now().ns;
  if (!evaluation.fiber) {
    auto fiber = Fiber::make(stacks_, [this, &evaluation](Fiber& self) {
      evaluation.result = run(evaluation.job, self);
    });
    if (!fiber) {
      evaluation.result = std::unexpected(std::move(fiber).error());
      return false;
    }
    evaluation.fiber = std::move(*fiber);
  }
  const bool more = evaluation.fiber->resume();
  count_step(parts_.clock->monotonic_now().ns - begun_ns);
  return more;
}

void PromqlEngine::end(EvaluationPtr evaluation) {
  evaluation->fiber.reset();
  evaluation->job.done(std::move(evaluation->result));
  std::lock_guard lock(evaluations_mutex_);
  ++stats_.answered;
  if (waiting_.empty()) {
    --running_;
    return;
  }
  fresh_.push_back(std::make_unique<Evaluation>(std::move(waiting_.front())));
  waiting_.pop_front();
}

void PromqlEngine::count_step(int64_t ns) {
  const auto bound = std::ranges::find_if(
      kStepMsBounds, [&](int64_t bound_ms) { return ns <= bound_ms * env::kNsPerMs; });
  std::lock_guard lock(evaluations_mutex_);
  ++stats_.steps[static_cast<size_t>(bound - kStepMsBounds.begin())];
  stats_.longest_step_ns = std::max(stats_.longest_step_ns, ns);
}

PromqlEngine::Stats PromqlEngine::stats() const {
  std::lock_guard lock(evaluations_mutex_);
  Stats out = stats_;
  out.running = running_;
  out.waiting = waiting_.size();
  return out;
}

// On the fiber.
Result<ResultDocument> PromqlEngine::run(Job& job, Fiber& fiber) {
  int64_t begun_ns = parts_.clock->monotonic_now().ns;
  const auto unwanted = [&] {
    return stopping_.load() || (job.options.cancelled && job.options.cancelled());
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
  const int64_t waited_ms = (begun_ns - job.queued_ns) / env::kNsPerMs;
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
    stats.queue_s = seconds(begun_ns - job.queued_ns);
    stats.eval_total_s = stats.inner_eval_s = seconds(ended_ns - begun_ns);
    stats.exec_total_s = seconds(ended_ns - job.queued_ns);
    stats.samples_queryable = stats.samples_peak = context.cost().points;
    out.stats = std::move(stats);
  }
  return out;
}

}  // namespace kansoku::app
