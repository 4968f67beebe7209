#include "query/exec/rows_batch.h"

#include <charconv>

namespace kansoku::query::rows {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

int64_t ms_of(int64_t ns) {
  const int64_t ms = ns / kNsPerMs;
  return ns % kNsPerMs < 0 ? ms - 1 : ms;
}

std::vector<int64_t> ms_of(std::span<const int64_t> ns) {
  std::vector<int64_t> out(ns.size());
  for (size_t i = 0; i < ns.size(); ++i) out[i] = ms_of(ns[i]);
  return out;
}

// Texts of a dictionary are computed once each.
std::optional<Vector> over_dictionary(const Expression& expression, const Vector& values,
                                      Batch& batch, const std::vector<const Vector*>& arguments,
                                      size_t varying) {
  if (values.dictionary.empty() || values.mixed() || values.constant ||
      values.dictionary.size() >= batch.size()) {
    return std::nullopt;
  }
  std::vector<Value> given(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) given[i] = arguments[i]->at(0);
  const auto call = [&](const Value& one) {
    given[varying] = one;
    RowCall row{given, batch.arena(), batch.run().now_ms, expression.prepared.get()};
    return expression.function->row(row);
  };
  std::vector<Value> results;
  for (const std::string_view text : values.dictionary) {
    results.push_back(call(Value::of_text(text)));
  }
  const Value of_null = call({});
  VectorBuilder out(batch.size());
  for (size_t row = 0; row < batch.size(); ++row) {
    out.push(values.has(row) ? results[values.codes[row]] : of_null);
  }
  return out.finish();
}

Result<Vector> call_rows(const Expression& expression, Batch& batch,
                         const std::vector<const Vector*>& arguments) {
  size_t varying = 0;
  size_t many = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i]->constant) continue;
    varying = i;
    ++many;
  }
  std::vector<Value> given(arguments.size());
  RowCall call{given, batch.arena(), batch.run().now_ms, expression.prepared.get()};
  if (many == 0) {
    for (size_t i = 0; i < arguments.size(); ++i) given[i] = arguments[i]->at(0);
    return Vector::of_constant(expression.function->row(call), batch.size());
  }
  if (many == 1) {
    auto quick = over_dictionary(expression, *arguments[varying], batch, arguments, varying);
    if (quick) return std::move(*quick);
  }
  VectorBuilder out(batch.size());
  for (size_t row = 0; row < batch.size(); ++row) {
    // Text may be long: a look at the clock every few hundred rows.
    KANSOKU_RETURN_IF_ERROR(batch.run().context.spend(64));
    for (size_t i = 0; i < arguments.size(); ++i) given[i] = arguments[i]->at(row);
    out.push(expression.function->row(call));
  }
  return out.finish();
}

Result<Vector> call(const Expression& expression, Batch& batch) {
  std::vector<Vector> scratch(expression.arguments.size());
  std::vector<const Vector*> arguments;
  for (size_t i = 0; i < scratch.size(); ++i) {
    KANSOKU_TRY(const Vector* one, evaluate(expression.arguments[i], batch, scratch[i]));
    arguments.push_back(one);
  }
  Vector out;
  const Function& function = *expression.function;
  const VectorCall whole{batch.size(), arguments, expression.prepared.get()};
  if (function.vectors == nullptr || !function.vectors(whole, out)) {
    KANSOKU_TRY(out, call_rows(expression, batch, arguments));
  }
  return out;
}

Result<Vector> member(const Expression& expression, Batch& batch) {
  Vector scratch;
  KANSOKU_TRY(const Vector* values, evaluate(expression.arguments[0], batch, scratch));
  const auto& set = *batch.run().members[expression.subquery];
  std::vector<int64_t> out(batch.size());
  std::string text;
  for (size_t row = 0; row < out.size(); ++row) {
    KANSOKU_RETURN_IF_ERROR(batch.run().context.spend(16));
    if (!values->has(row)) continue;
    text.clear();
    batch.run().semantics().print(values->at(row), text);
    out[row] = set.contains(text) ? 1 : 0;
  }
  return Vector::of_integers(Kind::Bool, std::move(out));
}

}  // namespace

Batch::Batch(RunState& run, store::EventRows& rows)
    : run_(&run),
      events_(&rows),
      size_(rows.size()),
      arena_(std::make_unique<TextArena>()),
      columns_(run.plan.slots.size()) {}

Batch::Batch(RunState& run, size_t rows)
    : run_(&run),
      size_(rows),
      arena_(std::make_unique<TextArena>()),
      columns_(run.plan.slots.size()) {}

Result<const Vector*> Batch::column(Slot slot) {
  if (columns_[slot] == nullptr) {
    Vector values = Vector::nulls(size_);
    if (events_ != nullptr) {
      KANSOKU_TRY(values, load(slot));
    }
    columns_[slot] = std::make_unique<Vector>(std::move(values));
  }
  return columns_[slot].get();
}

void Batch::set(Slot slot, Vector values) {
  computed_ = true;
  columns_[slot] = std::make_unique<Vector>(std::move(values));
}

void Batch::keep(std::span<const uint32_t> rows) {
  if (rows.size() == size_) return;
  size_ = rows.size();
  if (events_ != nullptr && !computed_) {
    for (auto& column : columns_) column.reset();  // void from here on
    events_->keep(rows);
    return;
  }
  for (auto& column : columns_) {
    if (column != nullptr) *column = column->gather(rows);
  }
  for (auto& column : columns_) {
    if (column != nullptr) column->size = size_;
  }
  if (events_ == nullptr) return;
  std::vector<uint32_t> left(rows.begin(), rows.end());
  if (selection_) {
    for (uint32_t& row : left) row = (*selection_)[row];
  }
  selection_ = std::move(left);
}

Batch Batch::expanded(std::span<const uint32_t> rows, const std::vector<Slot>& slots) {
  Batch out(*run_, rows.size());
  for (const Slot slot : slots) {
    if (columns_[slot] == nullptr) continue;
    out.columns_[slot] = std::make_unique<Vector>(columns_[slot]->gather(rows));
    out.columns_[slot]->size = rows.size();
  }
  out.computed_ = true;
  return out;
}

Result<std::vector<int64_t>> Batch::times_ms() {
  if (events_ == nullptr) return std::vector<int64_t>();
  std::vector<int64_t> out = ms_of(events_->timestamps_ns());
  if (!selection_) return out;
  std::vector<int64_t> left;
  for (const uint32_t row : *selection_) left.push_back(out[row]);
  return left;
}

bool Batch::checked(std::span<const size_t> clauses) const {
  if (events_ == nullptr || clauses.empty()) return false;
  return std::ranges::all_of(clauses, [&](size_t one) { return events_->checked(one); });
}

Vector Batch::selected(Vector whole) const {
  if (!selection_) return whole;
  Vector out = whole.gather(*selection_);
  out.size = size_;
  return out;
}

Result<Vector> Batch::load(Slot slot) {
  const SlotSource& source = run_->plan.slots[slot];
  switch (source.type) {
    case SlotSource::Type::Computed:
      return Vector::nulls(size_);
    case SlotSource::Type::Field:
      return field(source.paths);
    case SlotSource::Type::Timestamp: {
      KANSOKU_TRY(std::vector<int64_t> ms, times_ms());
      return Vector::of_times(std::move(ms));
    }
    case SlotSource::Type::Ingestion:
      return selected(Vector::of_times(ms_of(events_->ingested_ns())));
    case SlotSource::Type::Stream:
      return stream_column(false);
    case SlotSource::Type::Group:
      return stream_column(true);
    case SlotSource::Type::Pointer: {
      VectorBuilder out(size_);
      for (size_t row = 0; row < size_; ++row) {
        const size_t of_chunk = selection_ ? (*selection_)[row] : row;
        out.push(Value::of_text(arena_->keep(event_pointer(events_->id(of_chunk)))));
      }
      return out.finish();
    }
  }
  return Vector::nulls(size_);
}

Vector Batch::stream_column(bool group) {
  const auto streams = events_->streams();
  std::vector<std::string_view> dictionary;
  for (const store::EventStreamName& name : streams) {
    dictionary.push_back(group ? arena_->keep(fmt::format("{}:{}", run_->account, name.group))
                               : arena_->keep(name.stream));
  }
  const auto rows = events_->stream_rows();
  return selected(Vector::of_codes({rows.begin(), rows.end()}, std::move(dictionary)));
}

Result<Vector> Batch::field(const std::vector<std::string>& paths) {
  std::vector<store::EventValues> found;
  for (const std::string& path : paths) {
    KANSOKU_TRY(const auto columns, events_->columns(path));
    found.insert(found.end(), columns.begin(), columns.end());
  }
  const size_t whole = events_->size();
  if (found.empty()) return Vector::nulls(size_);
  if (found.size() == 1) return selected(Vector::of_column(found[0], whole));
  std::vector<Vector> parts;
  for (const store::EventValues& values : found) parts.push_back(Vector::of_column(values, whole));
  VectorBuilder out(whole);
  for (size_t row = 0; row < whole; ++row) {
    const auto part = std::ranges::find_if(parts, [&](const Vector& one) { return one.has(row); });
    out.push(part == parts.end() ? Value() : part->at(row));
  }
  return selected(out.finish());
}

Result<const Vector*> evaluate(const Expression& expression, Batch& batch, Vector& scratch) {
  switch (expression.type) {
    case Expression::Type::Column:
      return batch.column(expression.slot);
    case Expression::Type::Literal: {
      Value value = expression.literal;
      value.text = expression.text;
      scratch = Vector::of_constant(value, batch.size());
      return &scratch;
    }
    case Expression::Type::Call: {
      KANSOKU_TRY(scratch, call(expression, batch));
      return &scratch;
    }
    case Expression::Type::Member: {
      KANSOKU_TRY(scratch, member(expression, batch));
      return &scratch;
    }
  }
  return &scratch;
}

Result<std::vector<uint32_t>> rows_where(const Expression& expression, Batch& batch) {
  Vector scratch;
  KANSOKU_TRY(const Vector* values, evaluate(expression, batch, scratch));
  std::vector<uint32_t> out;
  const auto n = static_cast<uint32_t>(batch.size());
  if (values->kind == Kind::Bool && !values->mixed() && !values->constant) {
    for (uint32_t row = 0; row < n; ++row) {
      if (values->integers[row] != 0 && values->has(row)) out.push_back(row);
    }
    return out;
  }
  const Semantics& semantics = batch.run().semantics();
  for (uint32_t row = 0; row < n; ++row) {
    if (semantics.truth(values->at(row))) out.push_back(row);
  }
  return out;
}

std::string event_pointer(const store::EventId& id) {
  return fmt::format("{:016x}{:016x}{:08x}", static_cast<uint64_t>(id.timestamp_ns),
                     id.log_sequence, id.row);
}

std::optional<store::EventId> parse_event_pointer(std::string_view text) {
  if (text.size() != 40) return std::nullopt;
  const auto hex = [&](size_t from, size_t digits, auto& out) {
    const char* end = text.data() + from + digits;
    const auto [stop, error] = std::from_chars(text.data() + from, end, out, 16);
    return error == std::errc() && stop == end;
  };
  uint64_t ns = 0;
  store::EventId out;
  if (!hex(0, 16, ns) || !hex(16, 16, out.log_sequence) || !hex(32, 8, out.row)) {
    return std::nullopt;
  }
  out.timestamp_ns = static_cast<int64_t>(ns);
  return out;
}

}  // namespace kansoku::query::rows
