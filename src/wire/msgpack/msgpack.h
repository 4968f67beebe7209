// MessagePack: a pull parser over bytes, and writing. See README.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kansoku::wire::msgpack {

inline constexpr int kDepthMax = 64;

enum class Kind : uint8_t { Nil, Bool, Int, Uint, Float, Text, Bytes, Array, Map, Extension };
enum class Read : uint8_t { Good, Incomplete, Malformed };

struct Value {
  Kind kind = Kind::Nil;
  bool truth = false;
  int64_t integer = 0;        // Int: negative ones
  uint64_t unsigned_int = 0;  // Uint: all others
  double number = 0;
  std::string_view text;  // Text, Bytes, Extension
  uint32_t count = 0;     // Array: items; Map: pairs
  int8_t extension = 0;

  bool is_integer() const { return kind == Kind::Int || kind == Kind::Uint; }
  bool is_text() const { return kind == Kind::Text || kind == Kind::Bytes; }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes)
      : begin_(bytes.data()), at_(begin_), end_(at_ + bytes.size()) {}
  // Reads the next value; of an array or a map only its head: the items follow as values.
  Read next(Value& value);
  // Passes one value with all that it holds.
  Read skip();
  // The bytes of one value with all that it holds, and passes it.
  Read take(std::string_view& bytes);
  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  bool done() const { return at_ == end_; }

 private:
  template <class T>
  bool load(T& value);
  Read body(uint64_t size, std::string_view& out);

  const char* begin_;
  const char* at_;
  const char* end_;
};

void append_nil(std::string& out);
void append_bool(std::string& out, bool value);
void append_uint(std::string& out, uint64_t value);
void append_int(std::string& out, int64_t value);
void append_float(std::string& out, double value);
void append_text(std::string& out, std::string_view value);
void append_bytes(std::string& out, std::string_view value);
void append_array(std::string& out, uint32_t count);  // its items follow
void append_map(std::string& out, uint32_t count);    // its pairs follow
void append_extension(std::string& out, int8_t type, std::string_view value);

}  // namespace kansoku::wire::msgpack
