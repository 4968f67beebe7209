// Appends JSON to a string: the one writer of the house.
//
// It places commas itself; the caller keeps begin and end in balance. Thread contract:
// thread-confined.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kansoku::wire {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);
  void string(std::string_view value);
  void integer(int64_t value);
  void unsigned_integer(uint64_t value);
  // Shortest form that reads back to the same double; NaN and infinities become null.
  void number(double value);
  void boolean(bool value);
  void null();
  // Text that is JSON already.
  void raw(std::string_view json);

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string& out_;
  bool comma_ = false;  // the next value or key follows another
};

// With quotes. Control bytes, '"' and '\' are escaped; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view value);
// "1.5", "1e+300"; never "nan" or "inf": those append null.
void append_json_number(std::string& out, double value);
// True for well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace kansoku::wire
