// What readers of tree-shaped formats push into. A decoder that implements it reads JSON and CBOR
// alike, without an intermediate tree.
#pragma once

#include <cstdint>
#include <string_view>

namespace kansoku::wire {

// Every call returns false to stop the reader; the visitor keeps the reason. Views live until the
// call returns. Containers nest: begin_map (key value)* end, begin_list value* end.
class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  virtual bool begin_map() = 0;
  virtual bool begin_list() = 0;
  virtual bool end() = 0;
  virtual bool key(std::string_view name) = 0;
  virtual bool text(std::string_view value) = 0;
  // CBOR byte strings only.
  virtual bool bytes(std::string_view value) = 0;
  // An integer that fits.
  virtual bool integer(int64_t value) = 0;
  // Anything else that is a number, integers beyond int64 included.
  virtual bool number(double value) = 0;
  virtual bool boolean(bool value) = 0;
  virtual bool null() = 0;
  // CBOR: the next value carries this tag.
  virtual bool tag(uint64_t) { return true; }
};

// Deeper nesting than this is refused by all readers; AWS shapes stay below 10.
inline constexpr int kTreeDepthMax = 64;

}  // namespace kansoku::wire
