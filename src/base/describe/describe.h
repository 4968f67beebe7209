// What codecs know of a described struct. Values are reached through thunks; behind the pointer
// that a thunk gives stands, by Kind: bool, int32_t, int64_t, float, double, std::string (text,
// bytes, or the JSON text of a document), Timestamp, a container, or the struct itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace kansoku::describe {

enum class Kind : uint8_t {
  Boolean,
  Integer,
  Long,
  Float,
  Double,
  String,
  Blob,
  Timestamp,
  Document,
  List,
  Map,
  Structure
};

// Milliseconds since 1970 UTC; finer parts are cut.
struct Timestamp {
  int64_t ms = 0;
  friend auto operator<=>(Timestamp, Timestamp) = default;
};

enum class TimestampFormat : uint8_t { Default, Iso8601, EpochSeconds, HttpDate };

// What becomes of a member that a caller sends.
enum class Use : uint8_t {
  Used,
  Inert,    // accepted without effect; the note says why
  Refused,  // an error names it
};

struct Pattern {
  std::string_view text;  // as the model has it, for messages
  bool (*matches)(std::string_view value) = nullptr;
};

struct Member;

struct Type {
  Kind kind = Kind::Structure;
  std::string_view name;
  // Limits of the value: numbers themselves, characters of text, items of lists and maps.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::span<const std::string_view> values = {};  // of an enumeration
  Pattern pattern = {};
  TimestampFormat timestamp_format = TimestampFormat::Default;

  // Lists and maps: the item or value; names of the parts in XML and query forms.
  const Type* element = nullptr;
  std::string_view element_name = {};  // lists: default "member"
  std::string_view key_name = {};      // maps: default "key"
  std::string_view value_name = {};    // maps: default "value"
  bool flattened = false;
  size_t (*size)(const Type&, const void* container) = nullptr;
  const void* (*at)(const Type&, const void* container, size_t index) = nullptr;
  std::string_view (*key_at)(const Type&, const void* container, size_t index) = nullptr;
  // A new item at the end, or the value of a new key.
  void* (*append)(const Type&, void* container, std::string_view key) = nullptr;

  // Structures.
  std::span<const Member> members = {};
};

struct Member {
  std::string_view name;
  const Type* type = nullptr;
  Use use = Use::Refused;
  std::string_view note = {};  // why inert or refused; for configuration files the doc line
  bool required = false;
  bool flattened = false;
  std::string_view query_name = {};  // name in query forms and XML where it differs
  TimestampFormat timestamp_format = TimestampFormat::Default;
  std::string_view default_text = {};
  uint32_t index = 0;
  // The value, or null when it is absent.
  const void* (*get)(const Member&, const void* object) = nullptr;
  // The value, made when it is absent.
  void* (*make)(const Member&, void* object) = nullptr;

  std::string_view form_name() const { return query_name.empty() ? name : query_name; }
};

// The member of that name, or null. Tables keep the order of the model; up to 30 members a linear
// search is faster than a hash, and `hint` makes the usual case, members in order, a single
// compare.
const Member* find_member(const Type& structure, std::string_view name, size_t hint = 0);

template <class T>
const T& value_as(const void* value) {
  return *static_cast<const T*>(value);
}
template <class T>
T& value_as(void* value) {
  return *static_cast<T*>(value);
}

}  // namespace kansoku::describe
