// Appends CBOR (RFC 8949) to a string. The caller keeps counts, or begin and end, in balance.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kansoku::wire {

class CborWriter {
 public:
  explicit CborWriter(std::string& out) : out_(out) {}

  void map(uint64_t pairs) { head(5, pairs); }
  void list(uint64_t items) { head(4, items); }
  void begin_map() { out_ += static_cast<char>(0xBF); }
  void begin_list() { out_ += static_cast<char>(0x9F); }
  void end() { out_ += static_cast<char>(0xFF); }
  void text(std::string_view value) {
    head(3, value.size());
    out_ += value;
  }
  void bytes(std::string_view value) {
    head(2, value.size());
    out_ += value;
  }
  void integer(int64_t value) {
    if (value >= 0) {
      head(0, static_cast<uint64_t>(value));
    } else {
      head(1, static_cast<uint64_t>(-1 - value));
    }
  }
  void unsigned_integer(uint64_t value) { head(0, value); }
  void number(double value);
  void number32(float value);
  void boolean(bool value) { out_ += static_cast<char>(value ? 0xF5 : 0xF4); }
  void null() { out_ += static_cast<char>(0xF6); }
  void tag(uint64_t value) { head(6, value); }

 private:
  void head(uint8_t major, uint64_t argument);

  std::string& out_;
};

}  // namespace kansoku::wire
