// A fully anchored RE2 expression. The only place of the store that includes RE2.
// Thread contract: immutable, free-threaded.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::store {

class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern);
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
  std::unique_ptr<State> state_;
};

}  // namespace kansoku::store
