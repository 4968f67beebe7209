#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

// A look at the clock comes between two of them.
constexpr size_t kBatchRows = 4'096;

}  // namespace

KeptRows::KeptRows(RunState& run, std::vector<Slot> slots)
    : run_(run), slots_(std::move(slots)), memory_(run.context) {}

Status KeptRows::charge() {
  return memory_.hold(values_.capacity() * sizeof(Value) + arena_->bytes());
}

Status KeptRows::add(Batch& batch) {
  std::vector<uint32_t> all(batch.size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  return add(batch, all);
}

Status KeptRows::add(Batch& batch, std::span<const uint32_t> rows) {
  const size_t first = values_.size();
  values_.resize(first + rows.size() * slots_.size());
  for (size_t column = 0; column < slots_.size(); ++column) {
    KANSOKU_TRY(const Vector* values, batch.column(slots_[column]));
    for (size_t i = 0; i < rows.size(); ++i) {
      Value value = values->at(rows[i]);
      if (value.is_text()) value.text = arena_->keep(value.text);
      values_[first + i * slots_.size() + column] = value;
    }
  }
  rows_ += rows.size();
  return charge();
}

Status KeptRows::add_row(std::span<const Value> values) {
  for (Value value : values) {
    if (value.is_text()) value.text = arena_->keep(value.text);
    values_.push_back(value);
  }
  ++rows_;
  return rows_ % kBatchRows == 0 ? charge() : Status();
}

void KeptRows::keep(std::span<const uint32_t> rows) {
  auto arena = std::make_unique<TextArena>();
  std::vector<Value> left;
  left.reserve(rows.size() * slots_.size());
  for (const uint32_t row : rows) {
    for (size_t column = 0; column < slots_.size(); ++column) {
      Value value = at(row, column);
      if (value.is_text()) value.text = arena->keep(value.text);
      left.push_back(value);
    }
  }
  values_ = std::move(left);
  arena_ = std::move(arena);
  rows_ = rows.size();
}

Status KeptRows::give(std::span<const uint32_t> order, Operator& next) const {
  for (size_t at_row = 0; at_row < order.size() && !next.done(); at_row += kBatchRows) {
    KANSOKU_RETURN_IF_ERROR(run_.context.check());
    const auto part = order.subspan(at_row, std::min(kBatchRows, order.size() - at_row));
    Batch batch(run_, part.size());
    for (size_t column = 0; column < slots_.size(); ++column) {
      VectorBuilder values(part.size());
      for (const uint32_t row : part) values.push(at(row, column));
      batch.set(slots_[column], values.finish());
    }
    KANSOKU_RETURN_IF_ERROR(next.push(std::move(batch)));
  }
  return {};
}

Status KeptRows::give(Operator& next) const {
  std::vector<uint32_t> all(rows_);
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  return give(all, next);
}

void append_key(const Semantics& semantics, const Value& value, std::string& key) {
  if (value.is_null()) {
    key += '\0';
    return;
  }
  key += '\1';
  const size_t begin = key.size();
  key.append(sizeof(uint32_t), '\0');
  semantics.print(value, key);
  const auto bytes = static_cast<uint32_t>(key.size() - begin - sizeof(uint32_t));
  std::memcpy(key.data() + begin, &bytes, sizeof bytes);
}

}  // namespace kansoku::query::rows
