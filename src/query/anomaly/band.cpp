#include "query/anomaly/band.h"

#include <algorithm>
#include <limits>

#include "base/time/civil.h"
#include "base/time/grid.h"

namespace kansoku::query::anomaly {
namespace {

History before(const History& history, size_t end) {
  auto length = static_cast<size_t>(kTrainingMs / history.period_ms);
  size_t begin = end > length ? end - length : 0;
  return {history.start_ms + static_cast<int64_t>(begin) * history.period_ms, history.period_ms,
          history.values.subspan(begin, end - begin)};
}

struct Block {
  size_t begin = 0;  // periods of the history
  size_t end = 0;
  std::optional<Model> model;
};

// Cut at midnights, at every second one and so on.
std::vector<Block> cut(const History& history, size_t begin) {
  auto training = static_cast<size_t>(kTrainingMs / history.period_ms);
  int64_t step_ms = kDayMs;
  size_t range = history.values.size() - begin;
  auto cost = [&] {
    auto blocks = range * static_cast<size_t>(history.period_ms) / static_cast<size_t>(step_ms) + 2;
    return blocks * std::min(training, history.values.size());
  };
  while (cost() > kPointsFittedMax && step_ms < kTrainingMs) step_ms *= 2;
  std::vector<Block> out;
  for (size_t i = begin; i < history.values.size(); ++i) {
    int64_t at = history.start_ms + static_cast<int64_t>(i) * history.period_ms;
    bool next = out.empty() || floor_to(at, step_ms) != floor_to(at - history.period_ms, step_ms);
    if (next) out.push_back({i, i, std::nullopt});
    out.back().end = i + 1;
  }
  return out;
}

}  // namespace

Band band(const BandQuery& query, const Options& options) {
  const History& history = query.history;
  std::vector<Block> blocks = cut(history, query.range_begin);
  const Model* earliest = nullptr;
  for (Block& block : blocks) {
    block.model = Model::fit(before(history, block.begin), options);
    if (block.model && earliest == nullptr) earliest = &*block.model;
  }
  std::optional<Model> whole;
  if (earliest == nullptr) {
    whole = Model::fit(before(history, history.values.size()), options);
    if (whole) earliest = &*whole;
  }
  Band out;
  size_t count = history.values.size() - query.range_begin;
  out.upper.assign(count, std::numeric_limits<double>::quiet_NaN());
  out.lower = out.upper;
  if (earliest == nullptr) return out;
  const Model* model = earliest;
  for (const Block& block : blocks) {
    if (block.model) model = &*block.model;
    for (size_t i = block.begin; i < block.end; ++i) {
      Expected expected =
          model->expected(history.start_ms + static_cast<int64_t>(i) * history.period_ms);
      double half = query.deviations * expected.deviation;
      double lower = std::max(expected.value - half, model->lower_limit());
      double upper = std::min(expected.value + half, model->upper_limit());
      // Where the trend leads out of the logical bounds the band is the bound itself.
      out.lower[i - query.range_begin] = std::min(lower, model->upper_limit());
      out.upper[i - query.range_begin] = std::max(upper, model->lower_limit());
    }
  }
  return out;
}

}  // namespace kansoku::query::anomaly
