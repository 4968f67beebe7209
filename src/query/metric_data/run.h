// Answers a plan over a metric store, in steps.
#pragma once

#include "query/metric_data/label.h"
#include "query/metric_data/plan.h"
#include "query/metric_data/reads.h"

namespace kansoku::query::metric_data {

struct Message {
  std::string code;
  std::string text;
};

struct ResultSeries {
  size_t query = 0;
  // Without the label that the request asks for.
  std::string label;
  // Null where no one metric is behind it.
  std::shared_ptr<const metric_math::Origin> origin;
  std::string unit;                    // of a metric that has points
  bool of_array = false;               // the query gives series, not one
  std::vector<int64_t> timestamps_ms;  // ascending
  std::vector<double> values;
  std::vector<Message> messages;
  bool partial = false;  // damage on disk hid a part of it
};

struct Answer {
  std::vector<ResultSeries> results;  // in the order of the queries, each at least once
  std::vector<Message> messages;      // of the request
};

// The label of a result as the request wants it, dynamic values filled in. Of a query that gives
// several series, a label without dynamic values stands before the series' own.
std::string label_of(const Plan& plan, const ResultSeries& result, const LabelContext& context);

class Evaluator;

// One request. Thread contract: confined to the steps; store, plan and context outlive it.
class Runner {
 public:
  Runner(const store::MetricStore& store, const Plan& plan, QueryContext& context);
  ~Runner();
  // False when the answer is whole.
  std::expected<bool, Failure> step();
  Answer take() { return std::move(answer_); }

 private:
  Result<bool> find_step();
  Result<bool> read_step();
  std::expected<bool, Failure> answer_step();
  std::unique_ptr<SourceReader> open(const ReadKey& key);
  Status check_found(const ReadKey& key);
  Status keep(const ReadKey& key, Read read);
  Read empty_read(size_t source) const;
  void add_read(size_t query, const Read& read, bool of_array);
  std::expected<void, Failure> add_expression(size_t query);
  void note_truncated(size_t query, std::string_view what);

  const store::MetricStore& store_;
  const Plan& plan_;
  QueryContext& context_;
  std::map<size_t, Found> found_;  // by source
  std::unique_ptr<Finder> finder_;
  size_t next_source_ = 0;
  size_t found_total_ = 0;
  uint64_t found_cells_ = 0;
  uint64_t evaluated_bytes_ = 0;
  std::unique_ptr<SourceReader> reader_;
  size_t next_read_ = 0;
  std::map<ReadKey, Read> reads_;
  std::unique_ptr<Evaluator> evaluator_;
  size_t next_query_ = 0;
  Answer answer_;
};

}  // namespace kansoku::query::metric_data
