// The nodes between components, for both shapes of batches. See README.md.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/component.h"

namespace kansoku::pipeline {

template <class Batch>
struct BasicBranch {
  Sink<Batch>* sink = nullptr;
  bool required = true;
};
using Branch = BasicBranch<signal::MetricBatch>;
using EventBranch = BasicBranch<signal::EventBatch>;

// Gives every branch the same batch and joins their verdicts.
template <class Batch>
class BasicFanOut final : public Sink<Batch> {
 public:
  // At least one branch, at least one of them required.
  explicit BasicFanOut(std::vector<BasicBranch<Batch>> branches);
  void push(signal::BasicDelivery<Batch> delivery) override;

 private:
  std::vector<BasicBranch<Batch>> branches_;
  std::vector<bool> required_;
};
using FanOut = BasicFanOut<signal::MetricBatch>;
using EventFanOut = BasicFanOut<signal::EventBatch>;

// Enters what passes, and what became of it, under (receiver, account, branch).
template <class Batch>
class BasicLedgerSink final : public Sink<Batch> {
 public:
  BasicLedgerSink(signal::Ledger& ledger, std::string receiver, std::string branch,
                  Sink<Batch>& next)
      : ledger_(ledger), receiver_(std::move(receiver)), branch_(std::move(branch)), next_(next) {}
  void push(signal::BasicDelivery<Batch> delivery) override;

 private:
  signal::Ledger& ledger_;
  std::string receiver_;
  std::string branch_;
  Sink<Batch>& next_;
};
using LedgerSink = BasicLedgerSink<signal::MetricBatch>;
using EventLedgerSink = BasicLedgerSink<signal::EventBatch>;

extern template class BasicFanOut<signal::MetricBatch>;
extern template class BasicFanOut<signal::EventBatch>;
extern template class BasicLedgerSink<signal::MetricBatch>;
extern template class BasicLedgerSink<signal::EventBatch>;

}  // namespace kansoku::pipeline
