// An RE2 expression, fully anchored or found anywhere. The only place with RE2.
// Thread contract: immutable, free-threaded.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku {

class Regex {
 public:
  // matches() is true of texts that it matches from begin to end.
  static Result<Regex> compile(std::string_view pattern);
  // matches() is true of texts that have a match somewhere. '.' is no line's end, as RE2 has it.
  static Result<Regex> compile_search(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();
  bool matches(std::string_view text) const;
  // What each group took of a text that matches, 0 is the whole; a group that took no part is
  // empty.
  std::optional<std::vector<std::string_view>> groups(std::string_view text) const;
  // The number of a named group; nothing when there is none.
  std::optional<size_t> group_number(std::string_view name) const;

 private:
  struct State;
  explicit Regex(std::unique_ptr<State> state);
  static Result<Regex> make(std::string_view pattern, bool anywhere);
  std::unique_ptr<State> state_;
};

}  // namespace kansoku
