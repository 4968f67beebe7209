#include "base/regex/regex.h"

#include <re2/re2.h>

namespace kansoku {

struct Regex::State {
  State(std::string_view pattern, const re2::RE2::Options& options, re2::RE2::Anchor anchored)
      : expression(re2::StringPiece(pattern.data(), pattern.size()), options), anchor(anchored) {}
  re2::RE2 expression;
  re2::RE2::Anchor anchor;
};

Regex::Regex(std::unique_ptr<State> state) : state_(std::move(state)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::make(std::string_view pattern, bool anywhere) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(!anywhere);  // as Prometheus, whose matchers are (?s)
  options.set_max_mem(8 << 20);
  auto state = std::make_unique<State>(pattern, options,
                                       anywhere ? re2::RE2::UNANCHORED : re2::RE2::ANCHOR_BOTH);
  if (!state->expression.ok()) {
    return invalid_argument("bad regular expression {}: {}", quoted(pattern),
                            state->expression.error());
  }
  return Regex(std::move(state));
}

Result<Regex> Regex::compile(std::string_view pattern) { return make(pattern, false); }
Result<Regex> Regex::compile_search(std::string_view pattern) { return make(pattern, true); }

bool Regex::matches(std::string_view text) const {
  return state_->expression.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                                  state_->anchor, nullptr, 0);
}

std::optional<std::vector<std::string_view>> Regex::groups(std::string_view text) const {
  std::vector<re2::StringPiece> pieces(
      static_cast<size_t>(state_->expression.NumberOfCapturingGroups()) + 1);
  if (!state_->expression.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                                state_->anchor, pieces.data(), static_cast<int>(pieces.size()))) {
    return std::nullopt;
  }
  std::vector<std::string_view> out;
  for (const re2::StringPiece& piece : pieces) out.emplace_back(piece.data(), piece.size());
  return out;
}

std::optional<size_t> Regex::group_number(std::string_view name) const {
  const auto& named = state_->expression.NamedCapturingGroups();
  const auto found = named.find(std::string(name));
  if (found == named.end()) return std::nullopt;
  return static_cast<size_t>(found->second);
}

}  // namespace kansoku
