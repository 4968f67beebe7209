#include "pipeline/sending/name_template.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kansoku::pipeline {

Result<NameTemplate> NameTemplate::compile(std::string_view text,
                                           std::span<const std::string_view> placeholders) {
  NameTemplate out;
  while (!text.empty()) {
    const size_t open = text.find('{');
    if (open != 0) {
      out.pieces_.push_back({.literal = std::string(text.substr(0, open))});
      text.remove_prefix(std::min(open, text.size()));
      continue;
    }
    const size_t close = text.find('}');
    if (close == std::string_view::npos)
      return invalid_argument("a brace is not closed: {}", quoted(text));
    const std::string_view name = text.substr(1, close - 1);
    const auto found = std::ranges::find(placeholders, name);
    if (found == placeholders.end()) {
      return invalid_argument("no placeholder named {}; there are {}", quoted(name),
                              fmt::join(placeholders, ", "));
    }
    out.pieces_.push_back({.value = static_cast<size_t>(found - placeholders.begin())});
    text.remove_prefix(close + 1);
  }
  if (out.pieces_.empty()) return invalid_argument("the name is empty");
  return out;
}

void NameTemplate::expand(std::span<const std::string_view> values, std::string& out) const {
  out.clear();
  for (const Piece& piece : pieces_) {
    out += piece.literal.empty() ? values[piece.value] : std::string_view(piece.literal);
  }
}

}  // namespace kansoku::pipeline
