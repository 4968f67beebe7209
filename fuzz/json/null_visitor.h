// A visitor that takes everything and counts the open containers.
#pragma once

#include "base/check.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::fuzz {

class NullVisitor final : public wire::TreeVisitor {
 public:
  int depth = 0;
  bool begin_map() override { return ++depth > 0; }
  bool begin_list() override { return ++depth > 0; }
  bool end() override {
    KANSOKU_CHECK(depth > 0);
    --depth;
    return true;
  }
  bool key(std::string_view) override { return true; }
  bool text(std::string_view) override { return true; }
  bool bytes(std::string_view) override { return true; }
  bool integer(int64_t) override { return true; }
  bool number(double) override { return true; }
  bool boolean(bool) override { return true; }
  bool null() override { return true; }
};

}  // namespace kansoku::fuzz
