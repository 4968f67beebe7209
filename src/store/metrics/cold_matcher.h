// A selector applied to chunks of cold segments: by the dictionary first, then row by row. Used by
// ColdIndex::select() alone. Thread contract: one owner.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "store/metrics/cold_chunk.h"
#include "store/regex.h"

namespace kansoku::store::metrics {

class ColdMatcher {
 public:
  // The selector must outlive it. InvalidArgument for a bad regular expression.
  static Result<ColdMatcher> create(const SeriesSelector& selector);
  bool may_match(const ColdChunkBuilder::Summary& summary) const;
  // Whether some row passes as far as the dictionary says. The page must outlive collect().
  Result<bool> begin_chunk(std::string_view dictionary, const ColdChunkBuilder::Summary& summary);
  // Appends the rows that pass and for which `counts(id)` says so.
  Result<bool> collect(std::string_view rows, std::span<const signal::Scope> scopes,
                       const std::function<bool(SeriesId)>& counts, std::vector<SeriesInfo>& out);

 private:
  explicit ColdMatcher(const SeriesSelector& selector) : selector_(&selector) {}
  bool passes(const ColdRow& row, std::span<const uint32_t> pairs,
              std::span<const signal::Scope> scopes) const;
  bool has_exact_names(std::span<const uint32_t> pairs) const;
  void append_labels(std::span<const uint32_t> pairs, std::string& out) const;
  bool value_matches(size_t matcher, std::string_view value) const;

  const SeriesSelector* selector_;
  std::vector<std::optional<Regex>> regexes_;  // by matcher
  std::vector<bool> absent_passes_;            // by matcher
  ColdChunkBuilder::Summary summary_;
  ColdDictionary dictionary_;
  RowSet rows_;
};

}  // namespace kansoku::store::metrics
