// CBOR (RFC 8949), streaming.
#pragma once

#include <cstdint>
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
  bool argument(uint8_t low, uint64_t& value);
  bool simple(uint8_t low, CborItem& item);
  bool string(CborKind kind, uint8_t low, CborItem& item);
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

// One item and nothing behind it. InvalidArgument with the byte offset otherwise; Cancelled when
// the visitor stopped. Map keys must be text.
Status read_cbor(std::string_view bytes, TreeVisitor& visitor, int depth_max = kTreeDepthMax);

}  // namespace kansoku::wire
