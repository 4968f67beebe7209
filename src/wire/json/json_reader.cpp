// The only file that knows simdjson.
#include "wire/json/json_reader.h"

#include "wire/json/json_object.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wconversion"
#pragma clang diagnostic ignored "-Wshadow"
#include <simdjson.h>
#pragma clang diagnostic pop

#include <charconv>

namespace kansoku::wire {
namespace {

namespace od = simdjson::ondemand;
using simdjson::error_code;

enum class Outcome : uint8_t { Ok, Stopped, Bad };

// Parsers grow to the largest document; above this many bytes they are freed after use.
constexpr size_t kKeptBytesMax = 4U << 20;

class Walk {
 public:
  Walk(TreeVisitor& visitor, int depth_max) : visitor_(visitor), depth_max_(depth_max) {}

  error_code error() const { return error_; }
  bool too_deep() const { return too_deep_; }
  bool wide_root() const { return wide_root_; }

  template <class Value>
  Outcome value(Value& value, int depth) {
    od::json_type type;
    if (fails(value.type().get(type))) return Outcome::Bad;
    switch (type) {
      case od::json_type::object:
        return object(value, depth);
      case od::json_type::array:
        return array(value, depth);
      case od::json_type::string: {
        std::string_view text;
        if (fails(value.get_string().get(text))) return Outcome::Bad;
        return visited(visitor_.text(text));
      }
      case od::json_type::number:
        return number(value);
      case od::json_type::boolean: {
        bool flag = false;
        if (fails(value.get_bool().get(flag))) return Outcome::Bad;
        return visited(visitor_.boolean(flag));
      }
      case od::json_type::null: {
        // is_null() of a literal that only begins like null says false.
        bool is_null = false;
        if (fails(null_of(value, is_null))) return Outcome::Bad;
        if (!is_null) {
          error_ = simdjson::N_ATOM_ERROR;
          return Outcome::Bad;
        }
        return visited(visitor_.null());
      }
    }
    return Outcome::Bad;
  }

 private:
  static Outcome visited(bool go_on) { return go_on ? Outcome::Ok : Outcome::Stopped; }
  bool fails(error_code error) {
    if (error != simdjson::SUCCESS) error_ = error;
    return error != simdjson::SUCCESS;
  }
  static error_code null_of(od::value& value, bool& out) {
    return simdjson::simdjson_result<bool>(value.is_null()).get(out);
  }
  static error_code null_of(od::document& value, bool& out) {
    return simdjson::simdjson_result<bool>(value.is_null()).get(out);
  }

  template <class Value>
  Outcome number(Value& value) {
    od::number number;
    std::string_view token;
    if constexpr (std::is_same_v<Value, od::value>) token = value.raw_json_token();
    error_code error = value.get_number().get(number);
    if (error != simdjson::SUCCESS) return wide_number(value, error);
    switch (number.get_number_type()) {
      case od::number_type::signed_integer:
        return visited(visitor_.integer(number.get_int64()));
      case od::number_type::unsigned_integer:
        return visited(visitor_.number(static_cast<double>(number.get_uint64())));
      default:
        return visited(visitor_.number(exact(token, number.get_double())));
    }
  }

  // simdjson 3.0 says 0 of some numbers of many digits (12345678901234567.25).
  static double exact(std::string_view token, double value) {
    constexpr size_t kSafeBytes = 17;
    if (token.size() <= kSafeBytes) return value;
    double out = 0;
    const auto read = std::from_chars(token.data(), token.data() + token.size(), out);
    return read.ec == std::errc{} ? out : value;
  }

  // Integers beyond uint64: simdjson refuses them; as a double they are still a number.
  template <class Value>
  Outcome wide_number(Value& value, error_code error) {
    std::string_view token;
    if constexpr (std::is_same_v<Value, od::value>) {
      token = value.raw_json_token();
    } else {
      // A whole document of one wide number; its token ends where the input does.
      if (fails(value.raw_json_token().get(token))) return Outcome::Bad;
      wide_root_ = true;
    }
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
      token.remove_suffix(1);
    std::string_view digits = token.starts_with('-') ? token.substr(1) : token;
    bool integer = !digits.empty() && digits.front() != '0' &&
                   digits.find_first_not_of("0123456789") == std::string_view::npos;
    double wide = 0;
    if (!integer || digits.size() > 308 ||
        std::from_chars(token.data(), token.data() + token.size(), wide).ec != std::errc{}) {
      error_ = error;
      return Outcome::Bad;
    }
    return visited(visitor_.number(wide));
  }

  bool deeper(int depth) {
    too_deep_ |= depth >= depth_max_;
    return !too_deep_;
  }

  template <class Value>
  Outcome object(Value& value, int depth) {
    if (!deeper(depth)) return Outcome::Bad;
    od::object object;
    if (fails(value.get_object().get(object))) return Outcome::Bad;
    if (!visitor_.begin_map()) return Outcome::Stopped;
    for (auto result : object) {
      od::field field;
      if (fails(std::move(result).get(field))) return Outcome::Bad;
      std::string_view key;
      if (fails(field.unescaped_key().get(key))) return Outcome::Bad;
      if (!visitor_.key(key)) return Outcome::Stopped;
      od::value item = field.value();
      if (Outcome outcome = this->value(item, depth + 1); outcome != Outcome::Ok) return outcome;
    }
    return visited(visitor_.end());
  }

  template <class Value>
  Outcome array(Value& value, int depth) {
    if (!deeper(depth)) return Outcome::Bad;
    od::array array;
    if (fails(value.get_array().get(array))) return Outcome::Bad;
    if (!visitor_.begin_list()) return Outcome::Stopped;
    for (auto result : array) {
      od::value item;
      if (fails(std::move(result).get(item))) return Outcome::Bad;
      if (Outcome outcome = this->value(item, depth + 1); outcome != Outcome::Ok) return outcome;
    }
    return visited(visitor_.end());
  }

  TreeVisitor& visitor_;
  int depth_max_;
  error_code error_ = simdjson::SUCCESS;
  bool too_deep_ = false;
  bool wide_root_ = false;
};

struct ThreadParser {
  od::parser parser;
  std::string buffer;
};

}  // namespace

Status read_json(std::string_view json, TreeVisitor& visitor, int depth_max) {
  thread_local std::unique_ptr<ThreadParser> kept;
  // A visitor may read JSON inside JSON, so the parser is taken while in use.
  std::unique_ptr<ThreadParser> mine = kept ? std::move(kept) : std::make_unique<ThreadParser>();
  std::string& buffer = mine->buffer;
  buffer.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  buffer.assign(json);
  od::document document;
  simdjson::padded_string_view view(buffer.data(), buffer.size(), buffer.capacity());
  error_code error = mine->parser.iterate(view).get(document);
  Walk walk(visitor, depth_max);
  Outcome outcome = Outcome::Bad;
  size_t offset = 0;
  if (error == simdjson::SUCCESS) {
    outcome = walk.value(document, 0);
    error = walk.error();
    const char* location = nullptr;
    if (document.current_location().get(location) == simdjson::SUCCESS && location != nullptr) {
      offset = static_cast<size_t>(location - buffer.data());
      if (outcome == Outcome::Ok && !walk.wide_root()) {
        outcome = Outcome::Bad;
        error = simdjson::TRAILING_CONTENT;
      }
    } else {
      offset = json.size();
    }
  }
  if (mine->buffer.size() <= kKeptBytesMax) kept = std::move(mine);
  if (outcome == Outcome::Ok) return {};
  if (outcome == Outcome::Stopped) return cancelled("stopped at byte {}", offset);
  if (walk.too_deep()) return invalid_argument("JSON deeper than {} levels", depth_max);
  return invalid_argument("not JSON at byte {}: {}", offset, simdjson::error_message(error));
}

PaddedText::PaddedText(std::string text) : text_(std::move(text)) {
  text_.reserve(text_.size() + simdjson::SIMDJSON_PADDING);
}

namespace {

// Text or number; nothing for other kinds.
error_code scalar_of(od::value& value, std::optional<JsonMember>& out, size_t name) {
  od::json_type type;
  if (error_code error = value.type().get(type)) return error;
  if (type == od::json_type::string) {
    std::string_view text;
    if (error_code error = value.get_string().get(text)) return error;
    out = JsonMember{name, text};
  } else if (type == od::json_type::number) {
    od::number number;
    if (error_code error = value.get_number().get(number)) return error;
    if (number.is_int64()) {
      out = JsonMember{name, number.get_int64()};
    } else {
      out = JsonMember{name, number.as_double()};
    }
  }
  return simdjson::SUCCESS;
}

error_code find_member(od::document& document, std::span<const std::string_view> names,
                       std::optional<JsonMember>& out) {
  od::object object;
  if (error_code error = document.get_object().get(object)) return error;
  for (auto result : object) {
    od::field field;
    if (error_code error = std::move(result).get(field)) return error;
    const size_t better = out ? out->name : names.size();
    for (size_t name = 0; name < better; ++name) {
      if (!field.key().unsafe_is_equal(names[name])) continue;
      if (error_code error = scalar_of(field.value(), out, name)) return error;
      break;
    }
  }
  // Behind the last token there is no location.
  const char* location = nullptr;
  const bool more =
      document.current_location().get(location) == simdjson::SUCCESS && location != nullptr;
  return more ? simdjson::TRAILING_CONTENT : simdjson::SUCCESS;
}

}  // namespace

Result<std::optional<JsonMember>> find_json_member(const PaddedText& text,
                                                   std::string_view document,
                                                   std::span<const std::string_view> names) {
  thread_local od::parser parser;
  const size_t begin = static_cast<size_t>(document.data() - text.text().data());
  simdjson::padded_string_view view(document.data(), document.size(), text.capacity() - begin);
  od::document read;
  error_code error = parser.iterate(view).get(read);
  std::optional<JsonMember> out;
  if (error == simdjson::SUCCESS) error = find_member(read, names, out);
  if (parser.capacity() > kKeptBytesMax) parser = od::parser();
  if (error == simdjson::SUCCESS) return out;
  return invalid_argument("not a JSON object: {}", simdjson::error_message(error));
}

}  // namespace kansoku::wire
