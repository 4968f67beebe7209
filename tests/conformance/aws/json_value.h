// A small JSON tree for tests that read case files. The product has no such tree.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/conformance.h"
#include "wire/json/json_reader.h"

namespace kansoku::test {

struct JsonEntry;

struct JsonValue {
  enum class Kind { Null, Boolean, Integer, Number, Text, List, Map };
  Kind kind = Kind::Null;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;  // of integers too
  std::string text;
  std::vector<JsonValue> list;
  std::vector<JsonEntry> map;

  const JsonValue* find(std::string_view key) const;
  // The null value when there is no such key.
  const JsonValue& operator[](std::string_view key) const;
  bool is_null() const { return kind == Kind::Null; }
};

struct JsonEntry {
  std::string first;
  JsonValue second;
};

inline const JsonValue* JsonValue::find(std::string_view key) const {
  for (const JsonEntry& entry : map) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}
inline const JsonValue& JsonValue::operator[](std::string_view key) const {
  static const JsonValue kNone;
  const JsonValue* value = find(key);
  return value == nullptr ? kNone : *value;
}

class JsonTreeBuilder final : public wire::TreeVisitor {
 public:
  JsonValue root;

  bool begin_map() override { return open(JsonValue::Kind::Map); }
  bool begin_list() override { return open(JsonValue::Kind::List); }
  bool end() override {
    stack_.pop_back();
    return true;
  }
  bool key(std::string_view name) override {
    key_ = name;
    return true;
  }
  bool text(std::string_view value) override {
    JsonValue& v = add(JsonValue::Kind::Text);
    v.text = value;
    return true;
  }
  bool bytes(std::string_view value) override { return text(value); }
  bool integer(int64_t value) override {
    JsonValue& v = add(JsonValue::Kind::Integer);
    v.integer = value;
    v.number = static_cast<double>(value);
    return true;
  }
  bool number(double value) override {
    add(JsonValue::Kind::Number).number = value;
    return true;
  }
  bool boolean(bool value) override {
    add(JsonValue::Kind::Boolean).boolean = value;
    return true;
  }
  bool null() override {
    add(JsonValue::Kind::Null);
    return true;
  }

 private:
  JsonValue& add(JsonValue::Kind kind) {
    JsonValue* at = &root;
    if (!stack_.empty()) {
      JsonValue& parent = *stack_.back();
      if (parent.kind == JsonValue::Kind::List) {
        at = &parent.list.emplace_back();
      } else {
        at = &parent.map.emplace_back(JsonEntry{key_, {}}).second;
      }
    }
    at->kind = kind;
    return *at;
  }
  bool open(JsonValue::Kind kind) {
    stack_.push_back(&add(kind));
    return true;
  }
  std::vector<JsonValue*> stack_;
  std::string key_;
};

inline JsonValue parse_json(std::string_view json) {
  JsonTreeBuilder builder;
  Status status = wire::read_json(json, builder, 200);
  INFO(std::string(json.substr(0, 200)));
  if (!status) MESSAGE(status.error().message);
  REQUIRE(status.has_value());
  return std::move(builder.root);
}
inline JsonValue read_json_file(const std::filesystem::path& path) {
  return parse_json(read_text(path));
}
// One document a line.
inline std::vector<JsonValue> read_json_lines(const std::filesystem::path& path) {
  std::vector<JsonValue> out;
  std::string text = read_text(path);
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (!line.empty()) out.push_back(parse_json(line));
  }
  return out;
}

}  // namespace kansoku::test
