#include "pipeline/graph/graph.h"

#include "base/check.h"

namespace kansoku::pipeline {

using signal::AckToken;
using signal::BasicDelivery;
using signal::Verdict;

template <class Batch>
BasicFanOut<Batch>::BasicFanOut(std::vector<BasicBranch<Batch>> branches)
    : branches_(std::move(branches)) {
  for (const BasicBranch<Batch>& branch : branches_) required_.push_back(branch.required);
  KANSOKU_CHECK(std::count(required_.begin(), required_.end(), true) > 0);
}

template <class Batch>
void BasicFanOut<Batch>::push(BasicDelivery<Batch> delivery) {
  std::vector<AckToken> tokens = std::move(delivery.token).split(required_);
  for (size_t i = 0; i < branches_.size(); ++i) {
    branches_[i].sink->push({delivery.scope, delivery.batch, delivery.producer,
                             std::move(tokens[i]), delivery.back_fill});
  }
}

template <class Batch>
void BasicLedgerSink<Batch>::push(BasicDelivery<Batch> delivery) {
  signal::LedgerKey key{receiver_, delivery.scope.account, branch_};
  uint64_t rows = rows_of(*delivery.batch);
  ledger_.received(key, rows);
  AckToken outer = std::move(delivery.token);
  env::MonotonicTime deadline = outer.deadline();
  delivery.token = AckToken(
      rows, nullptr, Lane::Ingest,
      [this, key = std::move(key), outer = std::move(outer)](Verdict verdict) mutable {
        ledger_.resolved(key, verdict);
        outer.resolve(std::move(verdict));
      },
      deadline);
  next_.push(std::move(delivery));
}

template class BasicFanOut<signal::MetricBatch>;
template class BasicFanOut<signal::EventBatch>;
template class BasicLedgerSink<signal::MetricBatch>;
template class BasicLedgerSink<signal::EventBatch>;

}  // namespace kansoku::pipeline
