// How well a name matches a search term, as the reference server's search API scores it.
//
// Sources: prometheus/prometheus, util/strutil (subsequence, jarowinkler), web/api/v1
// search_filters. Letters are code points; without regard to case only those of ASCII are folded.
// Thread contract: score() is free-threaded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::api::prometheus {

// Every letter of `pattern` in order within `text`: 0 where that is not so, 1 where they are equal,
// less for gaps and short runs.
double subsequence_score(std::u32string_view pattern, std::u32string_view text);
// The similarity of Jaro and Winkler, 0 to 1.
double jaro_winkler_score(std::u32string_view a, std::u32string_view b);

// Bytes that are no UTF-8 become U+FFFD.
std::u32string code_points(std::string_view text);

enum class FuzzAlgorithm : uint8_t { Subsequence, JaroWinkler };
inline constexpr const char* kFuzzAlgorithms[] = {"subsequence", "jarowinkler"};

class SearchFilter {
 public:
  struct Options {
    std::vector<std::string_view> terms;  // any of them; none: everything matches
    FuzzAlgorithm algorithm = FuzzAlgorithm::Subsequence;
    double threshold = 0;  // 0 to 1
    bool case_sensitive = true;
  };
  explicit SearchFilter(const Options& options);
  // The best score of a term that accepts the value; nothing when none does.
  std::optional<double> score(std::string_view value) const;

 private:
  std::optional<double> score(std::u32string_view term, std::u32string_view value) const;

  FuzzAlgorithm algorithm_;
  double threshold_;
  bool case_sensitive_;
  std::vector<std::u32string> terms_;
};

}  // namespace kansoku::api::prometheus
