// A fully anchored RE2 expression. The only place of the store that includes RE2.
// Thread contract: immutable, free-threaded.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace kansoku::store {

class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();
  bool matches(std::string_view text) const;

 private:
  struct State;
  explicit Regex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kansoku::store
