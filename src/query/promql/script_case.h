// One eval of a script: what is asked and what is expected, and the comparison.
// Thread contract: plain values and free functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/promql/evaluate.h"
#include "query/promql/series_notation.h"

namespace kansoku::query::promql {

struct ExpectedText {
  enum class How : uint8_t { Any, Exact, Pattern };
  How how = How::Any;
  std::string text;
  bool matches(std::string_view actual) const;
};

struct ExpectedSeries {
  LabelSet labels;
  WrittenPoints points;
};

struct ScriptCase {
  size_t line = 0;
  std::string query;
  QueryRange range;
  bool instant = true;

  bool fails = false;
  ExpectedText failure;
  std::vector<ExpectedText> warnings;
  std::vector<ExpectedText> infos;
  bool no_warnings = false;
  bool no_infos = false;
  bool ordered = false;
  std::optional<std::string> string;
  std::optional<QueryRange> grid;  // of an expected range vector
  std::optional<double> scalar;
  std::vector<ExpectedSeries> series;
};

// `eval instant at 1m up` and its kin.
Result<ScriptCase> parse_eval(std::string_view line, size_t number);
// A line below it.
Status parse_expectation(std::string_view line, ScriptCase& into);

// Nothing when it is as expected, else what differs.
std::optional<std::string> difference(const ScriptCase& expected, const QueryResult& actual);
std::optional<std::string> annotation_difference(const ScriptCase& expected,
                                                 const QueryResult& actual);
// The vector at `t` of a range query's answer against the expectations of an instant case.
std::optional<std::string> difference_at(const ScriptCase& expected, const QueryResult& actual,
                                         int64_t t);

}  // namespace kansoku::query::promql
