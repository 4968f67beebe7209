#include "api/prometheus/search_match.h"

#include <algorithm>

#include "base/text/ascii.h"

namespace kansoku::api::prometheus {
namespace {

// A match of the whole pattern that begins at `start`; nothing when it cannot be completed.
std::optional<double> score_from(std::u32string_view pattern, std::u32string_view text,
                                 size_t start) {
  const double per_gap = 1.0 / static_cast<double>(text.size());
  double score = 0;
  size_t matched = 0;
  size_t run_end = 0;  // behind the last run; before the first the gap is what leads
  for (size_t at = start; matched < pattern.size();) {
    at = text.find(pattern[matched], at);
    if (at == std::u32string_view::npos) return std::nullopt;
    size_t begin = at;
    while (matched < pattern.size() && at < text.size() && text[at] == pattern[matched]) {
      ++at;
      ++matched;
    }
    auto run = static_cast<double>(at - begin);
    score += run * run - static_cast<double>(begin - run_end) * per_gap;
    run_end = at;
  }
  // What trails counts half.
  return score - static_cast<double>(text.size() - run_end) * per_gap / 2;
}

// Letters of `a` that have a partner in `b` no further away than `distance`.
struct Partners {
  std::vector<bool> of_a;
  std::vector<bool> of_b;
  size_t count = 0;
};
Partners find_partners(std::u32string_view a, std::u32string_view b, size_t distance) {
  Partners out{std::vector<bool>(a.size()), std::vector<bool>(b.size()), 0};
  for (size_t i = 0; i < a.size(); ++i) {
    size_t end = std::min(i + distance + 1, b.size());
    for (size_t j = i > distance ? i - distance : 0; j < end; ++j) {
      if (out.of_b[j] || a[i] != b[j]) continue;
      out.of_a[i] = out.of_b[j] = true;
      ++out.count;
      break;
    }
  }
  return out;
}

}  // namespace

double subsequence_score(std::u32string_view pattern, std::u32string_view text) {
  if (pattern.empty() || pattern == text) return 1;
  if (pattern.size() > text.size()) return 0;
  double best = 0;
  for (size_t start = 0; start + pattern.size() <= text.size(); ++start) {
    if (text[start] != pattern[0]) continue;
    auto score = score_from(pattern, text, start);
    if (!score) break;  // later starts have less text
    best = std::max(best, *score);
  }
  return best / static_cast<double>(pattern.size() * pattern.size());
}

double jaro_winkler_score(std::u32string_view a, std::u32string_view b) {
  if (a == b) return 1;
  if (a.empty() || b.empty()) return 0;
  if (a.size() > b.size()) std::swap(a, b);
  Partners partners = find_partners(a, b, b.size() / 2 > 0 ? b.size() / 2 - 1 : 0);
  if (partners.count == 0) return 0;
  size_t swapped = 0;
  for (size_t i = 0, j = 0; i < a.size(); ++i) {
    if (!partners.of_a[i]) continue;
    while (!partners.of_b[j]) ++j;
    if (a[i] != b[j]) ++swapped;
    ++j;
  }
  auto matches = static_cast<double>(partners.count);
  double jaro = (matches / static_cast<double>(a.size()) + matches / static_cast<double>(b.size()) +
                 (matches - static_cast<double>(swapped) / 2) / matches) /
                3;
  // Winkler: what begins alike, up to four letters, is more alike; 0.1 a letter.
  size_t prefix = 0;
  while (prefix < std::min<size_t>(4, a.size()) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * 0.1 * (1 - jaro);
}

std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  constexpr char32_t kReplacement = 0xfffd;
  for (size_t at = 0; at < text.size();) {
    auto lead = static_cast<uint8_t>(text[at]);
    size_t bytes = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    char32_t point = bytes == 1 ? lead : lead & (0x7fU >> bytes);
    bool good = bytes > 0 && lead < 0xf5 && at + bytes <= text.size();
    for (size_t i = 1; good && i < bytes; ++i) {
      auto next = static_cast<uint8_t>(text[at + i]);
      good = (next & 0xc0) == 0x80;
      point = point << 6 | (next & 0x3f);
    }
    out += good ? point : kReplacement;
    at += good ? bytes : 1;
  }
  return out;
}

SearchFilter::SearchFilter(const Options& options)
    : algorithm_(options.algorithm),
      threshold_(options.threshold),
      case_sensitive_(options.case_sensitive) {
  for (std::string_view term : options.terms) {
    terms_.push_back(code_points(case_sensitive_ ? std::string(term) : lower_ascii(term)));
  }
}

std::optional<double> SearchFilter::score(std::u32string_view term,
                                          std::u32string_view value) const {
  if (term.empty() || value.starts_with(term)) return 1;
  if (algorithm_ == FuzzAlgorithm::Subsequence) {
    double score = subsequence_score(term, value);
    if (score > 0 && score >= threshold_) return score;
    return std::nullopt;
  }
  // Beside fuzzy matches, those that contain the term; without a threshold these alone.
  constexpr double kContained = 0.9;
  if (value.find(term) != std::u32string_view::npos) return kContained;
  if (threshold_ == 0) return std::nullopt;
  double score = jaro_winkler_score(term, value);
  if (score >= threshold_) return score;
  return std::nullopt;
}

std::optional<double> SearchFilter::score(std::string_view value) const {
  if (terms_.empty()) return 1;
  std::u32string points = code_points(case_sensitive_ ? std::string(value) : lower_ascii(value));
  std::optional<double> best;
  for (const std::u32string& term : terms_) {
    auto one = score(term, points);
    if (one) best = std::max(best.value_or(0), *one);
  }
  return best;
}

}  // namespace kansoku::api::prometheus
