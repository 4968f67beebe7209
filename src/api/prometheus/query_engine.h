// What the HTTP API asks of the evaluator of expressions, and the document that it answers with.
//
// The API owns text, time and JSON; the engine owns everything between. Thread contract:
// QueryEngine is free-threaded and answers on any worker, exactly once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "signal/delivery.h"
#include "signal/labels.h"

namespace kansoku::api::prometheus {

struct QueryOptions {
  signal::Scope scope;
  // 0: the engine's own.
  int64_t timeout_ms = 0;
  int64_t lookback_ms = 0;
  // stats=all adds the counts per step.
  bool stats = false;
  bool stats_per_step = false;
  // True once nobody waits any more; the engine looks between its steps.
  std::function<bool()> cancelled;
};

struct FloatPoint {
  int64_t timestamp_ms = 0;
  double value = 0;
};
// A native histogram as the API shows it: buckets with their boundaries, empty ones left out.
struct HistogramBucket {
  // 0: (lower, upper], 1: [lower, upper), 2: (lower, upper), 3: [lower, upper].
  int boundaries = 0;
  double lower = 0;
  double upper = 0;
  double count = 0;
};
struct HistogramPoint {
  int64_t timestamp_ms = 0;
  double count = 0;
  double sum = 0;
  std::vector<HistogramBucket> buckets;
};
struct ResultSeries {
  signal::Labels labels;
  std::vector<FloatPoint> floats;
  std::vector<HistogramPoint> histograms;
};

enum class ResultType : uint8_t { Vector, Matrix, Scalar, String };

struct StepCount {
  int64_t timestamp_ms = 0;
  uint64_t samples = 0;
};
struct QueryStats {
  double eval_total_s = 0;
  double result_sort_s = 0;
  double preparation_s = 0;
  double inner_eval_s = 0;
  double queue_s = 0;
  double exec_total_s = 0;
  uint64_t samples_queryable = 0;
  uint64_t samples_peak = 0;
  std::vector<StepCount> per_step;
};

struct ResultDocument {
  ResultType type = ResultType::Vector;
  // Vector: one point each; matrix: points in time order. In the order in which they are shown.
  std::vector<ResultSeries> series;
  // Scalar: value at the time. String: text.
  FloatPoint scalar;
  std::string text;
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
  std::optional<QueryStats> stats;
};

// Codes: InvalidArgument is the expression (400 bad_data); DeadlineExceeded and Cancelled as they
// say; Internal is our fault; everything else happened while executing (422).
using QueryDone = std::move_only_function<void(Result<ResultDocument>)>;

class QueryEngine {
 public:
  virtual ~QueryEngine() = default;
  virtual void instant(std::string expression, int64_t time_ms, QueryOptions options,
                       QueryDone done) = 0;
  // Steps start_ms, start_ms + step_ms ... up to end_ms inclusive; the API has checked their
  // number.
  virtual void range(std::string expression, int64_t start_ms, int64_t end_ms, int64_t step_ms,
                     QueryOptions options, QueryDone done) = 0;
};

}  // namespace kansoku::api::prometheus
