// Walks the fields of a protobuf message in place. See README.md.
//
// Nothing is copied; views point into the message. Damage is sticky: every reader returns zero or
// nothing after it and ok() is false. Thread contract: thread-confined.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace kansoku::wire {

enum class ProtobufType : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message)
      : at_(message.data()), end_(message.data() + message.size()) {}

  // Moves to the next field; false at the end or at damage. A value that was not read is skipped.
  bool next() {
    if (pending_) skip();
    if (!ok_ || at_ == end_) return false;
    uint64_t key = varint_raw();
    if (!ok_ || key >> 3 == 0 || key >> 3 > kFieldMax) return fail();
    field_ = static_cast<uint32_t>(key >> 3);
    auto type = static_cast<uint8_t>(key & 7);
    if (type != 0 && type != 1 && type != 2 && type != 5) return fail();
    type_ = static_cast<ProtobufType>(type);
    pending_ = true;
    return true;
  }
  uint32_t field() const { return field_; }
  ProtobufType type() const { return type_; }
  // False once anything did not hold.
  bool ok() const { return ok_; }

  // A value of another wire type than the field's is damage.
  uint64_t varint() { return take(ProtobufType::Varint) ? varint_raw() : 0; }
  int64_t int64() { return static_cast<int64_t>(varint()); }
  int32_t int32() { return static_cast<int32_t>(varint()); }
  uint32_t uint32() { return static_cast<uint32_t>(varint()); }
  int32_t sint32() { return static_cast<int32_t>(unzigzag(varint())); }
  int64_t sint64() { return unzigzag(varint()); }
  double float64() {
    if (!take(ProtobufType::Fixed64)) return 0;
    return std::bit_cast<double>(fixed<uint64_t>());
  }
  std::string_view bytes() { return take(ProtobufType::Bytes) ? bytes_raw() : std::string_view(); }
  ProtobufReader message() { return ProtobufReader(bytes()); }

  // A repeated scalar, packed or one by one: calls visit(reader) with a reader whose next value is
  // read with one of the value_* functions below.
  template <class Visit>
  void for_each_packed(ProtobufType scalar, Visit&& visit) {
    if (type_ == ProtobufType::Bytes) {
      ProtobufReader packed(bytes());
      while (packed.ok_ && packed.at_ < packed.end_) visit(packed);
      if (!packed.ok_) fail();
    } else if (take(scalar)) {
      visit(*this);
    }
  }
  uint64_t value_varint() { return varint_raw(); }
  double value_double() { return std::bit_cast<double>(fixed<uint64_t>()); }

  // For callers that find the content wrong.
  bool fail() {
    ok_ = false;
    pending_ = false;
    at_ = end_;
    return false;
  }

 private:
  static constexpr uint64_t kFieldMax = (1U << 29) - 1;

  bool take(ProtobufType type) {
    if (!pending_ || type_ != type) return fail();
    pending_ = false;
    return true;
  }
  uint64_t varint_raw() {
    if (at_ < end_ && static_cast<unsigned char>(*at_) < 0x80) {
      return static_cast<unsigned char>(*at_++);
    }
    uint64_t value = 0;
    if (!ok_ || !read_varint(at_, end_, value)) {
      fail();
      return 0;
    }
    return value;
  }
  template <class T>
  T fixed() {
    if (static_cast<size_t>(end_ - at_) < sizeof(T)) {
      fail();
      return 0;
    }
    T value = load_le<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  std::string_view bytes_raw() {
    uint64_t size = varint_raw();
    if (size > static_cast<uint64_t>(end_ - at_)) {
      fail();
      return {};
    }
    std::string_view out{at_, static_cast<size_t>(size)};
    at_ += size;
    return out;
  }
  void skip() {
    pending_ = false;
    switch (type_) {
      case ProtobufType::Varint:
        varint_raw();
        break;
      case ProtobufType::Fixed64:
        fixed<uint64_t>();
        break;
      case ProtobufType::Bytes:
        bytes_raw();
        break;
      case ProtobufType::Fixed32:
        fixed<uint32_t>();
        break;
    }
  }

  const char* at_;
  const char* end_;
  uint32_t field_ = 0;
  ProtobufType type_ = ProtobufType::Varint;
  bool pending_ = false;
  bool ok_ = true;
};

}  // namespace kansoku::wire
