// What a query wants to tell beside its answer: warnings and infos, each with the place in the
// query.
//
// Texts are those of Prometheus 3.14. Equal ones are kept once. Thread contract: confined to one
// query.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "query/promql/ast.h"

namespace kansoku::query::promql {

class Annotations {
 public:
  void warn(std::string text, PositionRange at) { add(true, std::move(text), at); }
  void info(std::string text, PositionRange at) { add(false, std::move(text), at); }

  // "PromQL warning: ... (1:5)", in the order of the texts.
  std::vector<std::string> warnings(std::string_view query) const { return list(true, query); }
  std::vector<std::string> infos(std::string_view query) const { return list(false, query); }

  // Bounds of buckets whose counts were lifted; such infos of one metric become one.
  struct Lifted {
    int64_t t_first = 0;
    int64_t t_last = 0;
    double from = 0;
    double to = 0;
    double by = 0;
    uint64_t times = 0;
  };
  void lifted(std::string_view metric, PositionRange at, const Lifted& lifted);

  // --- texts that several places use; `metric` may be empty ---
  void mixed_floats_histograms(std::string_view metric, PositionRange at);
  void mixed_schemas(std::string_view metric, PositionRange at);
  void not_counter(std::string_view metric, PositionRange at);
  void not_gauge(std::string_view metric, PositionRange at);
  void bounds_reconciled(std::string_view operation, PositionRange at);
  void reset_collision(std::string_view operation, PositionRange at);
  void histogram_ignored_in_range(std::string_view metric, PositionRange at);
  void bad_bucket_label(std::string_view value, std::string_view metric, PositionRange at);
  void mixed_classic_native(std::string_view metric, PositionRange at);
  // `text` says what NaN observations did to the result.
  void nan_observations(std::string_view text, std::string_view metric, PositionRange at);
  void bad_quantile(double q, PositionRange at);

 private:
  void add(bool warning, std::string text, PositionRange at);
  std::vector<std::string> list(bool warning, std::string_view query) const;
  using Key = std::tuple<bool, std::string, uint32_t>;
  std::map<Key, Lifted> entries_;
};

}  // namespace kansoku::query::promql
