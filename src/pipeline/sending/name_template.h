// A name with placeholders: "/app/{tag}". See README.md. Thread contract: immutable, free-threaded.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::pipeline {

class NameTemplate {
 public:
  // `placeholders`: what may stand between braces. InvalidArgument for others, and for a brace that
  // is not closed.
  static Result<NameTemplate> compile(std::string_view text,
                                      std::span<const std::string_view> placeholders);
  // `values`: in the order of the placeholders. Replaces `out`.
  void expand(std::span<const std::string_view> values, std::string& out) const;

 private:
  struct Piece {
    std::string literal;
    size_t value = 0;  // index, where `literal` is empty
  };
  std::vector<Piece> pieces_;
};

}  // namespace kansoku::pipeline
