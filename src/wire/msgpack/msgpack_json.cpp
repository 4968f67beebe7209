#include "wire/msgpack/msgpack_json.h"

#include <charconv>

#include "base/text/hex.h"
#include "wire/json/json_writer.h"
#include "wire/msgpack/msgpack.h"

namespace kansoku::wire::msgpack {
namespace {

template <class T>
void append_integer(T value, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

bool append_value(Reader& reader, int depth, std::string& out);

bool append_key(Reader& reader, int depth, std::string& out) {
  Reader ahead = reader;
  Value value;
  if (ahead.next(value) != Read::Good) return false;
  if (value.is_text()) {
    append_json_string(out, value.text);
    reader = ahead;
    return true;
  }
  std::string key;
  if (!append_value(reader, depth, key)) return false;
  append_json_string(out, key);
  return true;
}

bool append_items(Reader& reader, const Value& head, int depth, std::string& out) {
  if (depth >= kDepthMax) return false;
  const bool map = head.kind == Kind::Map;
  out += map ? '{' : '[';
  for (uint32_t i = 0; i < head.count; ++i) {
    if (i > 0) out += ',';
    if (map) {
      if (!append_key(reader, depth + 1, out)) return false;
      out += ':';
    }
    if (!append_value(reader, depth + 1, out)) return false;
  }
  out += map ? '}' : ']';
  return true;
}

bool append_value(Reader& reader, int depth, std::string& out) {
  Value value;
  if (reader.next(value) != Read::Good) return false;
  switch (value.kind) {
    case Kind::Nil:
      out += "null";
      return true;
    case Kind::Bool:
      out += value.truth ? "true" : "false";
      return true;
    case Kind::Int:
      append_integer(value.integer, out);
      return true;
    case Kind::Uint:
      append_integer(value.unsigned_int, out);
      return true;
    case Kind::Float:
      append_json_number(out, value.number);
      return true;
    case Kind::Text:
    case Kind::Bytes:
      append_json_string(out, value.text);
      return true;
    case Kind::Extension:
      append_json_string(out, to_hex(value.text));
      return true;
    case Kind::Array:
    case Kind::Map:
      return append_items(reader, value, depth, out);
  }
  return false;
}

}  // namespace

bool append_json(std::string_view bytes, std::string& out) {
  Reader reader(bytes);
  return append_value(reader, 0, out);
}

}  // namespace kansoku::wire::msgpack
