// Values and vectors of the row algebra. Thread contract: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/event_store.h"

namespace kansoku::query::rows {

enum class Kind : uint8_t {
  Null,
  Bool,
  Int,
  Float,
  Time,  // Unix ms
  Text,
  Json,  // the text of a map or a list
};

// Views into text that somebody else keeps.
struct Value {
  Kind kind = Kind::Null;
  int64_t integer = 0;  // Bool (0 or 1), Int, Time
  double number = 0;    // Float
  std::string_view text;

  static Value of_bool(bool value) { return {Kind::Bool, value ? 1 : 0, 0, {}}; }
  static Value of_int(int64_t value) { return {Kind::Int, value, 0, {}}; }
  static Value of_float(double value) { return {Kind::Float, 0, value, {}}; }
  static Value of_time(int64_t ms) { return {Kind::Time, ms, 0, {}}; }
  static Value of_text(std::string_view value) { return {Kind::Text, 0, 0, value}; }
  static Value of_json(std::string_view value) { return {Kind::Json, 0, 0, value}; }
  bool is_null() const { return kind == Kind::Null; }
  bool is_integer() const { return kind == Kind::Bool || kind == Kind::Int || kind == Kind::Time; }
  bool is_text() const { return kind == Kind::Text || kind == Kind::Json; }
};

// Text that lives as long as this does. Thread contract: confined.
class TextArena {
 public:
  std::string_view keep(std::string_view text);
  uint64_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  size_t left_ = 0;
  uint64_t bytes_ = 0;
};

// One column of a batch: all its values of one kind, or a kind by row. Spans are of `size`, or
// empty where the kinds need none; they point into the vector's own memory or into what its
// source keeps.
class Vector {
 public:
  size_t size = 0;
  Kind kind = Kind::Null;  // of every row that has a value, unless `kinds` says otherwise
  bool constant = false;   // row 0 stands for all; spans are of size 1
  std::span<const uint8_t> kinds;
  std::span<const uint8_t> present;  // 1 where there is a value; empty: everywhere
  std::span<const int64_t> integers;
  std::span<const double> floats;
  std::span<const std::string_view> texts;
  std::span<const uint32_t> codes;
  std::span<const std::string_view> dictionary;

  bool mixed() const { return !kinds.empty(); }
  bool has(size_t row) const {
    if (constant) row = 0;
    if (mixed()) return kinds[row] != static_cast<uint8_t>(Kind::Null);
    return kind != Kind::Null && (present.empty() || present[row] != 0);
  }
  Value at(size_t row) const;

  static Vector nulls(size_t size);
  static Vector of_constant(const Value& value, size_t size);
  static Vector of_times(std::vector<int64_t> ms);
  static Vector of_integers(Kind kind, std::vector<int64_t> integers,
                            std::vector<uint8_t> present = {});
  static Vector of_floats(std::vector<double> floats, std::vector<uint8_t> present = {});
  static Vector of_codes(std::vector<uint32_t> codes, std::vector<std::string_view> dictionary);
  // Borrows what an engine decoded.
  static Vector of_column(const store::EventValues& values, size_t size);
  // These rows, in this order.
  Vector gather(std::span<const uint32_t> rows) const;

 private:
  friend class VectorBuilder;
  struct Memory {
    std::vector<uint8_t> kinds;
    std::vector<uint8_t> present;
    std::vector<int64_t> integers;
    std::vector<double> floats;
    std::vector<std::string_view> texts;
    std::vector<uint32_t> codes;
    std::vector<std::string_view> dictionary;
  };
  void own(std::unique_ptr<Memory> memory);
  std::unique_ptr<Memory> memory_;
};

// Row by row. Texts are not copied.
class VectorBuilder {
 public:
  explicit VectorBuilder(size_t rows);
  void push(const Value& value);
  Vector finish();

 private:
  size_t rows_;
  size_t filled_ = 0;
  Kind kind_ = Kind::Null;
  bool mixed_ = false;
  bool gaps_ = false;
  std::unique_ptr<Vector::Memory> memory_;
};

}  // namespace kansoku::query::rows
