#include "store/regex.h"

#include <re2/re2.h>

namespace kansoku::store {

struct Regex::State {
  State(std::string_view pattern, const re2::RE2::Options& options)
      : expression(re2::StringPiece(pattern.data(), pattern.size()), options) {}
  re2::RE2 expression;
};

Regex::Regex(std::unique_ptr<State> state) : state_(std::move(state)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);  // as Prometheus, whose matchers are (?s)
  options.set_max_mem(8 << 20);
  auto state = std::make_unique<State>(pattern, options);
  if (!state->expression.ok()) {
    return invalid_argument("bad regular expression {}: {}", quoted(pattern),
                            state->expression.error());
  }
  return Regex(std::move(state));
}

bool Regex::matches(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), state_->expression);
}

}  // namespace kansoku::store
