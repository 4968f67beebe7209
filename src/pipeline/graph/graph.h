// The nodes between components. See README.md.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/component.h"

namespace kansoku::pipeline {

struct Branch {
  MetricSink* sink = nullptr;
  bool required = true;
};

// Gives every branch the same batch and joins their verdicts.
class FanOut final : public MetricSink {
 public:
  // At least one branch, at least one of them required.
  explicit FanOut(std::vector<Branch> branches);
  void push(signal::MetricDelivery delivery) override;

 private:
  std::vector<Branch> branches_;
  std::vector<bool> required_;
};

// Enters what passes, and what became of it, under (receiver, account, branch).
class LedgerSink final : public MetricSink {
 public:
  LedgerSink(signal::Ledger& ledger, std::string receiver, std::string branch, MetricSink& next)
      : ledger_(ledger), receiver_(std::move(receiver)), branch_(std::move(branch)), next_(next) {}
  void push(signal::MetricDelivery delivery) override;

 private:
  signal::Ledger& ledger_;
  std::string receiver_;
  std::string branch_;
  MetricSink& next_;
};

}  // namespace kansoku::pipeline
