// CBOR (RFC 8949), streaming.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::wire {

enum class CborKind : uint8_t {
  Unsigned,  // argument
  Negative,  // -1 - argument
  Bytes,     // bytes
  Text,      // bytes
  List,      // argument items, or indefinite
  Map,       // argument pairs, or indefinite
  Tag,       // argument; the tagged item follows
  Boolean,   // argument 0 or 1
  Null,      // null and undefined
  Float32,   // number; argument has the bits (half floats widened)
  Float64,   // number; argument has the bits
  Break,     // ends an indefinite item
};

struct CborItem {
  CborKind kind = CborKind::Null;
  bool indefinite = false;
  uint64_t argument = 0;
  double number = 0;
  std::string_view bytes;  // valid until the next call of the reader
};

// Gives one item head after the other. Chunked strings come joined. Thread-confined.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}
  // False at bad input; message() says why.
  bool next(CborItem& item);
  bool at_end() const { return at_ == end_; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  const char* message() const { return message_; }

 private:
  static constexpr uint8_t kIndefinite = 31;

  bool argument(uint8_t low, uint64_t& value) {
    if (low < 24) {
      value = low;
      return true;
    }
    return wide_argument(low, value);
  }
  bool wide_argument(uint8_t low, uint64_t& value);
  bool simple(uint8_t low, CborItem& item);
  bool string(CborKind kind, uint8_t low, CborItem& item) {
    item.kind = kind;
    if (low == kIndefinite) {
      item.indefinite = true;
      return chunks(kind, item);
    }
    if (!argument(low, item.argument)) return false;
    if (static_cast<uint64_t>(end_ - at_) < item.argument)
      return bad("string longer than the input");
    item.bytes = {at_, static_cast<size_t>(item.argument)};
    at_ += item.argument;
    return true;
  }
  bool chunks(CborKind kind, CborItem& item);
  bool bad(const char* message) {
    message_ = message;
    return false;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* message_ = "";
  std::string joined_;
};

inline bool CborReader::next(CborItem& item) {
  if (at_ == end_) return bad("unexpected end");
  auto head = static_cast<uint8_t>(*at_++);
  uint8_t low = head & 31;
  item.indefinite = false;
  switch (head >> 5) {
    case 0:
      item.kind = CborKind::Unsigned;
      return argument(low, item.argument);
    case 1:
      item.kind = CborKind::Negative;
      return argument(low, item.argument);
    case 2:
      return string(CborKind::Bytes, low, item);
    case 3:
      return string(CborKind::Text, low, item);
    case 4:
    case 5:
      item.kind = (head >> 5) == 4 ? CborKind::List : CborKind::Map;
      item.indefinite = low == kIndefinite;
      if (item.indefinite) return true;
      if (!argument(low, item.argument)) return false;
      // Every item takes a byte at least.
      if (item.argument > static_cast<uint64_t>(end_ - at_)) return bad("more items than input");
      return true;
    case 6:
      item.kind = CborKind::Tag;
      return argument(low, item.argument);
    default:
      return simple(low, item);
  }
}

// One item and nothing behind it. InvalidArgument with the byte offset otherwise; Cancelled when
// the visitor stopped. Map keys must be text.
Status read_cbor(std::string_view bytes, TreeVisitor& visitor, int depth_max = kTreeDepthMax);

}  // namespace kansoku::wire
