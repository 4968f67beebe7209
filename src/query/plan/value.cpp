#include "query/plan/value.h"

#include <algorithm>
#include <cstring>

namespace kansoku::query::rows {
namespace {

// Small enough that a query of few rows holds little.
constexpr size_t kArenaBlockBytes = 16 << 10;

bool needs_integers(Kind kind) {
  return kind == Kind::Bool || kind == Kind::Int || kind == Kind::Time;
}

}  // namespace

std::string_view TextArena::keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > left_) {
    const size_t bytes = std::max(kArenaBlockBytes, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    free_ = blocks_.back().get();
    left_ = bytes;
    bytes_ += bytes;
  }
  std::memcpy(free_, text.data(), text.size());
  const std::string_view out(free_, text.size());
  free_ += text.size();
  left_ -= text.size();
  return out;
}

Value Vector::at(size_t row) const {
  if (constant) row = 0;
  if (!has(row)) return {};
  const Kind here = mixed() ? static_cast<Kind>(kinds[row]) : kind;
  switch (here) {
    case Kind::Null:
      return {};
    case Kind::Float:
      return Value::of_float(floats[row]);
    case Kind::Text:
    case Kind::Json:
      return {here, 0, 0, dictionary.empty() ? texts[row] : dictionary[codes[row]]};
    default:
      return {here, integers[row], 0, {}};
  }
}

void Vector::own(std::unique_ptr<Memory> memory) {
  memory_ = std::move(memory);
  kinds = memory_->kinds;
  present = memory_->present;
  integers = memory_->integers;
  floats = memory_->floats;
  texts = memory_->texts;
  codes = memory_->codes;
  dictionary = memory_->dictionary;
}

Vector Vector::nulls(size_t size) {
  Vector out;
  out.size = size;
  out.constant = true;
  return out;
}

Vector Vector::of_constant(const Value& value, size_t size) {
  Vector out;
  out.size = size;
  out.constant = true;
  out.kind = value.kind;
  auto memory = std::make_unique<Memory>();
  memory->integers.push_back(value.integer);
  memory->floats.push_back(value.number);
  memory->texts.push_back(value.text);
  out.own(std::move(memory));
  return out;
}

Vector Vector::of_times(std::vector<int64_t> ms) { return of_integers(Kind::Time, std::move(ms)); }

Vector Vector::of_integers(Kind kind, std::vector<int64_t> integers, std::vector<uint8_t> present) {
  Vector out;
  out.size = integers.size();
  out.kind = kind;
  auto memory = std::make_unique<Memory>();
  memory->integers = std::move(integers);
  memory->present = std::move(present);
  out.own(std::move(memory));
  return out;
}

Vector Vector::of_floats(std::vector<double> floats, std::vector<uint8_t> present) {
  Vector out;
  out.size = floats.size();
  out.kind = Kind::Float;
  auto memory = std::make_unique<Memory>();
  memory->floats = std::move(floats);
  memory->present = std::move(present);
  out.own(std::move(memory));
  return out;
}

Vector Vector::of_codes(std::vector<uint32_t> codes, std::vector<std::string_view> dictionary) {
  if (dictionary.empty()) return nulls(codes.size());
  Vector out;
  out.size = codes.size();
  out.kind = Kind::Text;
  auto memory = std::make_unique<Memory>();
  memory->codes = std::move(codes);
  memory->dictionary = std::move(dictionary);
  out.own(std::move(memory));
  return out;
}

Vector Vector::of_column(const store::EventValues& values, size_t size) {
  Vector out;
  out.size = size;
  out.present = values.present;
  switch (values.type) {
    case signal::ColumnType::Text:
    case signal::ColumnType::Bytes:
      out.kind = Kind::Text;
      out.texts = values.texts;
      out.codes = values.codes;
      out.dictionary = values.dictionary;
      break;
    case signal::ColumnType::Int64:
      out.kind = Kind::Int;
      out.integers = values.integers;
      break;
    case signal::ColumnType::Bool:
      out.kind = Kind::Bool;
      out.integers = values.integers;
      break;
    case signal::ColumnType::Float64:
      out.kind = Kind::Float;
      out.floats = values.floats;
      break;
  }
  return out;
}

Vector Vector::gather(std::span<const uint32_t> rows) const {
  Vector out;
  out.size = rows.size();
  out.kind = kind;
  out.constant = constant;
  auto memory = std::make_unique<Memory>();
  const auto pick = [&](const auto& from, auto& to) {
    if (from.empty()) return;
    if (constant) {
      to.assign(from.begin(), from.end());
      return;
    }
    to.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) to[i] = from[rows[i]];
  };
  pick(kinds, memory->kinds);
  pick(present, memory->present);
  pick(integers, memory->integers);
  pick(floats, memory->floats);
  pick(texts, memory->texts);
  pick(codes, memory->codes);
  memory->dictionary.assign(dictionary.begin(), dictionary.end());
  out.own(std::move(memory));
  return out;
}

VectorBuilder::VectorBuilder(size_t rows)
    : rows_(rows), memory_(std::make_unique<Vector::Memory>()) {}

void VectorBuilder::push(const Value& value) {
  Vector::Memory& memory = *memory_;
  if (memory.kinds.empty()) memory.kinds.resize(rows_);
  const size_t row = filled_++;
  memory.kinds[row] = static_cast<uint8_t>(value.kind);
  if (value.is_null()) {
    gaps_ = true;
    return;
  }
  if (kind_ == Kind::Null) kind_ = value.kind;
  mixed_ |= kind_ != value.kind;
  const auto put = [&](auto& to, auto one) {
    if (to.empty()) to.resize(rows_);
    to[row] = one;
  };
  if (needs_integers(value.kind)) {
    put(memory.integers, value.integer);
  } else if (value.kind == Kind::Float) {
    put(memory.floats, value.number);
  } else {
    put(memory.texts, value.text);
  }
}

Vector VectorBuilder::finish() {
  if (kind_ == Kind::Null) return Vector::nulls(rows_);
  Vector out;
  out.size = rows_;
  out.kind = kind_;
  if (!mixed_) {
    if (gaps_) {
      for (uint8_t& kind : memory_->kinds) kind = kind != 0 ? 1 : 0;
      memory_->present = std::move(memory_->kinds);
    }
    memory_->kinds.clear();
  }
  out.own(std::move(memory_));
  return out;
}

}  // namespace kansoku::query::rows
