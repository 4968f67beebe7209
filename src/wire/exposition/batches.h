// An exposition as metric batches: a visitor that fills them and hands each on.
//
// Every sample is a float of a replacing series; classic histograms and summaries stay the series
// that they are written as. Thread contract: thread-confined.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "signal/metric_batch.h"
#include "wire/exposition/exposition.h"

namespace kansoku::wire::exposition {

struct Family {
  std::string name;
  MetricType type = MetricType::Unknown;
  std::string help;
  std::string unit;
};

class BatchVisitor final : public Visitor {
 public:
  using Take = std::function<void(std::shared_ptr<const signal::MetricBatch>)>;
  struct Options {
    int64_t now_ms = 0;  // of samples without a timestamp
    // A batch is handed on at this many points (a remote-write sender's is 2,000 to 10,000).
    size_t points_max = 20'000;
  };
  BatchVisitor(Options options, Take take) : options_(options), take_(std::move(take)) {}

  void type(std::string_view family, MetricType type) override;
  void help(std::string_view family, std::string_view text) override;
  void unit(std::string_view family, std::string_view unit) override;
  void sample(Sample& sample) override;
  // Hands on what is left.
  void finish();

  const std::vector<Family>& families() const { return families_; }
  uint64_t samples() const { return samples_; }

 private:
  Family& family(std::string_view name);

  Options options_;
  Take take_;
  signal::MetricBatchBuilder builder_;
  std::unordered_map<std::string, signal::SeriesRow> rows_;
  std::string canonical_;
  std::vector<Family> families_;
  std::unordered_map<std::string, size_t> family_rows_;
  uint64_t samples_ = 0;
};

}  // namespace kansoku::wire::exposition
