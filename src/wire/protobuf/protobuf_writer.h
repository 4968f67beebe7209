// Appends protobuf fields to a string. See README.md. Thread contract: thread-confined.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace kansoku::wire {

class ProtobufWriter {
 public:
  explicit ProtobufWriter(std::string& out) : out_(out) {}

  // int32, int64, uint32, uint64, enum, bool.
  void varint(uint32_t field, uint64_t value) {
    key(field, 0);
    append_varint(out_, value);
  }
  void sint(uint32_t field, int64_t value) { varint(field, zigzag(value)); }
  void float64(uint32_t field, double value) {
    key(field, 1);
    append_le(out_, value);
  }
  // string, bytes, and messages encoded before.
  void bytes(uint32_t field, std::string_view value) {
    key(field, 2);
    append_varint(out_, value.size());
    out_ += value;
  }
  // A message written by `fill(ProtobufWriter&)`.
  template <class Fill>
  void message(uint32_t field, Fill&& fill) {
    std::string inner;
    ProtobufWriter writer(inner);
    fill(writer);
    bytes(field, inner);
  }

 private:
  void key(uint32_t field, uint32_t type) { append_varint(out_, field << 3 | type); }
  std::string& out_;
};

}  // namespace kansoku::wire
