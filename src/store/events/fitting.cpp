#include "store/events/fitting.h"

#include <algorithm>

#include "base/simd/find_text.h"

namespace kansoku::store::events {
namespace {

constexpr size_t kWaysMax = 32;
// Steps of a search for ways; repeated bytes could make very many.
constexpr size_t kStepsMax = 20'000;

class Search {
 public:
  Search(std::string_view text, Fit fit, std::span<const std::string_view> literals,
         std::span<const ValueBounds> slots)
      : text_(text), fit_(fit), literals_(literals), slots_(slots) {}

  FitWays all() {
    if (fit_ == Fit::Begins || fit_ == Fit::Whole) {
      literal(0, 0, 0);
      return std::move(out_);
    }
    for (size_t i = 0; i < literals_.size() && !over(); ++i) {
      const std::string_view literal_text = literals_[i];
      if (fit_ == Fit::Inside && text_.size() <= literal_text.size() &&
          find_text(literal_text, text_) != std::string_view::npos) {
        out_.certain = true;
        return std::move(out_);
      }
      // Where the rest of the literal is shorter than the text, or ends with it.
      const size_t first =
          literal_text.size() > text_.size() ? literal_text.size() - text_.size() : 0;
      for (size_t at = literal_text.find(text_[0], first); at != std::string_view::npos && !over();
           at = literal_text.find(text_[0], at + 1)) {
        literal(i, at, 0);
      }
    }
    for (size_t i = 0; i < slots_.size() && !over(); ++i) slot(i, 0, false);
    return std::move(out_);
  }

 private:
  bool over() {
    if (++steps_ > kStepsMax || out_.ways.size() > kWaysMax) out_.unknown = true;
    return out_.certain || out_.unknown;
  }
  bool to_end() const { return fit_ == Fit::Ends || fit_ == Fit::Whole; }

  // The text from `place` on stands in literal `i` from `at` on.
  void literal(size_t i, size_t at, size_t place) {
    if (over()) return;
    const std::string_view here = literals_[i].substr(at);
    const std::string_view left = text_.substr(place);
    const size_t common = std::min(here.size(), left.size());
    if (here.substr(0, common) != left.substr(0, common)) return;
    if (common == left.size()) {
      const bool at_end = i + 1 == literals_.size() && common == here.size();
      if (at_end || !to_end()) accept();
      // An empty end may still stand before a value.
      return;
    }
    if (i < slots_.size()) slot(i, place + common, true);
  }

  void slot(size_t i, size_t place, bool from_start) {
    if (over()) return;
    const ValueBounds& bounds = slots_[i];
    const std::string_view left = text_.substr(place);
    size_t most = 0;
    while (most < left.size() && most < bounds.bytes_max && bounds.bytes.has(left[most])) ++most;
    const auto part = [&](Fit fit, size_t bytes) {
      parts_.push_back({static_cast<uint32_t>(i), fit, left.substr(0, bytes)});
    };
    if (most == left.size()) {
      const bool last = i + 2 == literals_.size() && literals_[i + 1].empty();
      if (!to_end()) {
        const bool all = most == bounds.bytes_max;  // it is the whole of a value, or of none
        part(all ? Fit::Whole : from_start ? Fit::Begins : Fit::Inside, most);
        accept();
        parts_.pop_back();
      } else if (last && (!from_start || most >= bounds.bytes_min)) {
        part(from_start ? Fit::Whole : Fit::Ends, most);
        accept();
        parts_.pop_back();
      }
    }
    const std::string_view next = literals_[i + 1];
    const size_t least = from_start ? bounds.bytes_min : 1;
    for (size_t bytes = least; bytes <= most && bytes < left.size() && !over(); ++bytes) {
      if (!next.empty()) bytes = left.find(next[0], bytes);
      if (bytes > most) break;
      part(from_start ? Fit::Whole : Fit::Ends, bytes);
      literal(i + 1, 0, place + bytes);
      parts_.pop_back();
    }
  }

  void accept() {
    if (parts_.empty()) out_.certain = true;
    if (std::ranges::find(out_.ways, parts_) == out_.ways.end()) out_.ways.push_back(parts_);
  }

  std::string_view text_;
  Fit fit_;
  std::span<const std::string_view> literals_;
  std::span<const ValueBounds> slots_;
  std::vector<FitPart> parts_;
  size_t steps_ = 0;
  FitWays out_;
};

}  // namespace

bool fits(std::string_view value, Fit fit, std::string_view text) {
  switch (fit) {
    case Fit::Inside:
      return find_text(value, text) != std::string_view::npos;
    case Fit::Begins:
      return value.starts_with(text);
    case Fit::Ends:
      return value.ends_with(text);
    case Fit::Whole:
      return value == text;
  }
  return false;
}

FitWays fit_ways(std::string_view text, Fit fit, std::span<const std::string_view> literals,
                 std::span<const ValueBounds> slots) {
  if (text.empty() && fit != Fit::Whole) return {.certain = true};
  return Search(text, fit, literals, slots).all();
}

}  // namespace kansoku::store::events
