// The stages that pass rows on as they come.
#include "query/exec/rows_operators.h"
#include "wire/json/json_reader.h"
#include "wire/json/json_writer.h"

namespace kansoku::query::rows {
namespace {

class FilterOperator final : public Operator {
 public:
  FilterOperator(RunState& run, const Filter& stage) : Operator(run), stage_(stage) {}
  Status push(Batch batch) override {
    if (!batch.checked(stage_.same_as)) {
      KANSOKU_TRY(const std::vector<uint32_t> rows, rows_where(stage_.condition, batch));
      batch.keep(rows);
    }
    if (batch.size() == 0) return {};
    return next_->push(std::move(batch));
  }

 private:
  const Filter& stage_;
};

class ComputeOperator final : public Operator {
 public:
  ComputeOperator(RunState& run, const Compute& stage) : Operator(run), stage_(stage) {}
  Status push(Batch batch) override {
    Vector scratch;
    KANSOKU_TRY(const Vector* values, evaluate(stage_.expression, batch, scratch));
    if (values != &scratch) {
      std::vector<uint32_t> all(batch.size());
      for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
      scratch = values->gather(all);
    }
    batch.set(stage_.slot, std::move(scratch));
    return next_->push(std::move(batch));
  }

 private:
  const Compute& stage_;
};

// The first piece where it stands first, each other one behind it: no later place of a piece could
// find more. The groups begin at 1, as those of an expression.
std::optional<std::vector<std::string_view>> match_glob(const std::vector<std::string>& pieces,
                                                        std::string_view text) {
  size_t at = text.find(pieces[0]);
  if (at == std::string_view::npos) return std::nullopt;
  at += pieces[0].size();
  std::vector<std::string_view> out(1);
  for (size_t i = 1; i < pieces.size(); ++i) {
    const bool rest = i + 1 == pieces.size() && pieces[i].empty();
    const size_t found = rest ? text.size() : text.find(pieces[i], at);
    if (found == std::string_view::npos) return std::nullopt;
    out.push_back(text.substr(at, found - at));
    at = found + pieces[i].size();
  }
  return out;
}

class ExtractOperator final : public Operator {
 public:
  ExtractOperator(RunState& run, const Extract& stage) : Operator(run), stage_(stage) {}
  Status push(Batch batch) override {
    Vector scratch;
    KANSOKU_TRY(const Vector* values, evaluate(stage_.text, batch, scratch));
    std::vector<VectorBuilder> columns;
    for (size_t i = 0; i < stage_.groups.size(); ++i) columns.emplace_back(batch.size());
    std::string printed;
    for (size_t row = 0; row < batch.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(128));
      const Value value = values->at(row);
      std::string_view text = value.text;
      if (!value.is_null() && !value.is_text()) {
        printed.clear();
        run_.semantics().print(value, printed);
        text = batch.arena().keep(printed);
      }
      std::optional<std::vector<std::string_view>> groups;
      if (!value.is_null()) {
        groups = stage_.regex ? stage_.regex->groups(text) : match_glob(stage_.glob, text);
      }
      for (size_t i = 0; i < columns.size(); ++i) {
        const bool taken = groups && (*groups)[stage_.groups[i].first].data() != nullptr;
        columns[i].push(taken ? Value::of_text((*groups)[stage_.groups[i].first]) : Value());
      }
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      batch.set(stage_.groups[i].second, columns[i].finish());
    }
    return next_->push(std::move(batch));
  }

 private:
  const Extract& stage_;
};

class LimitOperator final : public Operator {
 public:
  LimitOperator(RunState& run, const Limit& stage) : Operator(run), left_(stage.rows) {}
  Status push(Batch batch) override {
    if (batch.size() > left_) {
      std::vector<uint32_t> first(left_);
      for (uint32_t i = 0; i < first.size(); ++i) first[i] = i;
      batch.keep(first);
    }
    left_ -= batch.size();
    if (batch.size() == 0) return {};
    return next_->push(std::move(batch));
  }
  bool done() const override { return left_ == 0 || next_->done(); }

 private:
  uint64_t left_;
};

class LastOperator final : public Operator {
 public:
  LastOperator(RunState& run, const Limit& stage, std::vector<Slot> slots)
      : Operator(run), rows_(stage.rows), kept_(run, std::move(slots)) {}
  Status push(Batch batch) override {
    KANSOKU_RETURN_IF_ERROR(kept_.add(batch));
    if (kept_.size() > 2 * rows_ + 1'024) kept_.keep(last());
    return {};
  }
  bool done() const override { return false; }
  bool blocks() const override { return true; }
  Status give(Operator& next) const override { return kept_.give(last(), next); }
  Status finish() override {
    KANSOKU_RETURN_IF_ERROR(give(*next_));
    return next_->finish();
  }

 private:
  std::vector<uint32_t> last() const {
    std::vector<uint32_t> out;
    const size_t first = kept_.size() > rows_ ? kept_.size() - rows_ : 0;
    for (size_t row = first; row < kept_.size(); ++row) out.push_back(static_cast<uint32_t>(row));
    return out;
  }
  uint64_t rows_;
  KeptRows kept_;
};

class DedupOperator final : public Operator {
 public:
  DedupOperator(RunState& run, const Dedup& stage)
      : Operator(run), stage_(stage), memory_(run.context) {}
  Status push(Batch batch) override {
    std::vector<Vector> scratch(stage_.keys.size());
    std::vector<const Vector*> values;
    for (size_t i = 0; i < scratch.size(); ++i) {
      KANSOKU_TRY(const Vector* one, evaluate(stage_.keys[i], batch, scratch[i]));
      values.push_back(one);
    }
    std::vector<uint32_t> fresh;
    std::string key;
    for (uint32_t row = 0; row < batch.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(32));
      key.clear();
      for (const Vector* one : values) append_key(run_.semantics(), one->at(row), key);
      if (!seen_.insert(key).second) continue;
      fresh.push_back(row);
      bytes_ += key.size() + 80;  // of a node and its bucket
    }
    KANSOKU_RETURN_IF_ERROR(memory_.hold(bytes_));
    if (fresh.empty()) return {};
    batch.keep(fresh);
    return next_->push(std::move(batch));
  }

 private:
  const Dedup& stage_;
  std::unordered_set<std::string> seen_;
  uint64_t bytes_ = 0;
  MemoryHold memory_;
};

// The items of a list, each as a value.
class ItemReader final : public wire::TreeVisitor {
 public:
  explicit ItemReader(TextArena& arena) : arena_(arena) { writer_.emplace(json_); }
  bool begin_map() override {
    if (depth_++ == 0) return false;  // no list
    writer_->begin_object();
    kinds_.push_back(true);
    return true;
  }
  bool begin_list() override {
    if (depth_++ == 0) return true;
    writer_->begin_array();
    kinds_.push_back(false);
    return true;
  }
  bool end() override {
    if (--depth_ == 0) return true;
    kinds_.back() ? writer_->end_object() : writer_->end_array();
    kinds_.pop_back();
    if (depth_ == 1) {
      items_.push_back(Value::of_json(arena_.keep(json_)));
      json_.clear();
      writer_.emplace(json_);
    }
    return true;
  }
  bool key(std::string_view name) override {
    writer_->key(name);
    return true;
  }
  bool text(std::string_view value) override {
    if (depth_ == 1) return item(Value::of_text(arena_.keep(value)));
    writer_->string(value);
    return depth_ > 0;
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t value) override {
    if (depth_ == 1) return item(Value::of_int(value));
    writer_->integer(value);
    return depth_ > 0;
  }
  bool number(double value) override {
    if (depth_ == 1) return item(Value::of_float(value));
    writer_->number(value);
    return depth_ > 0;
  }
  bool boolean(bool value) override {
    if (depth_ == 1) return item(Value::of_bool(value));
    writer_->boolean(value);
    return depth_ > 0;
  }
  bool null() override {
    if (depth_ == 1) return item({});
    writer_->null();
    return depth_ > 0;
  }
  std::vector<Value> take() { return std::move(items_); }

 private:
  bool item(const Value& value) {
    items_.push_back(value);
    return true;
  }
  TextArena& arena_;
  std::string json_;
  std::optional<wire::JsonWriter> writer_;
  std::vector<bool> kinds_;
  size_t depth_ = 0;
  std::vector<Value> items_;
};

// What is no list is a list of itself; an empty one gives no row.
std::vector<Value> items_of(const Value& value, TextArena& arena) {
  if (value.kind != Kind::Json || !value.text.starts_with('[')) return {value};
  ItemReader reader(arena);
  if (!wire::read_json(value.text, reader)) return {value};
  return reader.take();
}

class UnnestOperator final : public Operator {
 public:
  UnnestOperator(RunState& run, const Unnest& stage, std::vector<Slot> slots)
      : Operator(run), stage_(stage), slots_(std::move(slots)) {}
  Status push(Batch batch) override {
    Vector scratch;
    KANSOKU_TRY(const Vector* lists, evaluate(stage_.list, batch, scratch));
    for (const Slot slot : slots_) {
      if (slot == stage_.slot) continue;
      KANSOKU_TRY([[maybe_unused]] const Vector* made, batch.column(slot));
    }
    std::vector<uint32_t> rows;
    std::vector<Value> items;
    for (uint32_t row = 0; row < batch.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(128));
      for (const Value& item : items_of(lists->at(row), batch.arena())) {
        rows.push_back(row);
        items.push_back(item);
      }
      if (rows.size() >= store::kEventRowsPerBatchMax)
        KANSOKU_RETURN_IF_ERROR(pass(batch, rows, items));
    }
    return rows.empty() ? Status() : pass(batch, rows, items);
  }

 private:
  Status pass(Batch& batch, std::vector<uint32_t>& rows, std::vector<Value>& items) {
    Batch out = batch.expanded(rows, slots_);
    VectorBuilder values(items.size());
    for (const Value& item : items) values.push(item);
    out.set(stage_.slot, values.finish());
    rows.clear();
    items.clear();
    return next_->push(std::move(out));
  }
  const Unnest& stage_;
  std::vector<Slot> slots_;
};

class TotalsOperator final : public Operator {
 public:
  TotalsOperator(RunState& run, const AddTotals& stage)
      : Operator(run), stage_(stage), sums_(stage.columns.size()), any_(stage.columns.size()) {}
  Status push(Batch batch) override {
    std::vector<double> totals(batch.size());
    for (size_t i = 0; i < stage_.columns.size(); ++i) {
      KANSOKU_TRY(const Vector* values, batch.column(stage_.columns[i].second));
      for (size_t row = 0; row < batch.size(); ++row) {
        const auto number = run_.semantics().number(values->at(row));
        if (!number || values->at(row).kind == Kind::Time) continue;
        totals[row] += *number;
        sums_[i] += *number;
        any_[i] = true;
      }
    }
    if (stage_.row_total) batch.set(*stage_.row_total, Vector::of_floats(std::move(totals)));
    return next_->push(std::move(batch));
  }
  Status finish() override {
    if (stage_.column_totals && !next_->done()) {
      Batch last(run_, 1);
      double all = 0;
      for (size_t i = 0; i < sums_.size(); ++i) {
        all += sums_[i];
        if (any_[i]) last.set(stage_.columns[i].second, Vector::of_floats({sums_[i]}));
      }
      if (stage_.row_total) last.set(*stage_.row_total, Vector::of_floats({all}));
      KANSOKU_RETURN_IF_ERROR(next_->push(std::move(last)));
    }
    return next_->finish();
  }

 private:
  const AddTotals& stage_;
  std::vector<double> sums_;
  std::vector<bool> any_;
};

// ---- slots that matter -------------------------------------------------------------------------

void add_slots(const Expression& expression, std::set<Slot>& out) {
  if (expression.type == Expression::Type::Column) out.insert(expression.slot);
  for (const Expression& one : expression.arguments) add_slots(one, out);
}

struct Reads {
  std::set<Slot>& out;
  void operator()(const Filter& stage) { add_slots(stage.condition, out); }
  void operator()(const Compute& stage) { add_slots(stage.expression, out); }
  void operator()(const Extract& stage) { add_slots(stage.text, out); }
  void operator()(const Aggregate& stage) {
    for (const Aggregate::Key& key : stage.keys) add_slots(key.expression, out);
    for (const Aggregate::Call& call : stage.calls) {
      for (const Expression& one : call.arguments) add_slots(one, out);
    }
  }
  void operator()(const Sort& stage) {
    for (const Sort::Key& key : stage.keys) add_slots(key.expression, out);
  }
  void operator()(const Limit&) {}
  void operator()(const Dedup& stage) {
    for (const Expression& key : stage.keys) add_slots(key, out);
  }
  void operator()(const Unnest& stage) { add_slots(stage.list, out); }
  void operator()(const Patterns& stage) { add_slots(stage.text, out); }
  void operator()(const AddTotals& stage) {
    for (const auto& [name, slot] : stage.columns) out.insert(slot);
    for (const Slot slot : stage.carried) out.insert(slot);
  }
  void operator()(const Join& stage) {
    for (const Expression& key : stage.left_keys) add_slots(key, out);
  }
  void operator()(const Lookup& stage) {
    for (const auto& [column, key] : stage.keys) add_slots(key, out);
    for (const Lookup::Output& one : stage.outputs) {
      if (one.otherwise) add_slots(*one.otherwise, out);
    }
  }
  void operator()(const Union&) {}
};

struct Maker {
  RunState& run;
  const StageInputs& inputs;
  size_t stage = 0;

  std::vector<Slot> slots(size_t from) const { return slots_needed(run.plan, from); }
  std::unique_ptr<Operator> operator()(const Filter& one) const {
    return std::make_unique<FilterOperator>(run, one);
  }
  std::unique_ptr<Operator> operator()(const Compute& one) const {
    return std::make_unique<ComputeOperator>(run, one);
  }
  std::unique_ptr<Operator> operator()(const Extract& one) const {
    return std::make_unique<ExtractOperator>(run, one);
  }
  std::unique_ptr<Operator> operator()(const Aggregate& one) const {
    return make_aggregate(run, one);
  }
  std::unique_ptr<Operator> operator()(const Sort& one) const {
    return make_sort(run, one, slots(stage + 1));
  }
  std::unique_ptr<Operator> operator()(const Limit& one) const {
    if (one.last) return std::make_unique<LastOperator>(run, one, slots(stage + 1));
    return std::make_unique<LimitOperator>(run, one);
  }
  std::unique_ptr<Operator> operator()(const Dedup& one) const {
    return std::make_unique<DedupOperator>(run, one);
  }
  std::unique_ptr<Operator> operator()(const Unnest& one) const {
    return std::make_unique<UnnestOperator>(run, one, slots(stage + 1));
  }
  std::unique_ptr<Operator> operator()(const Patterns& one) const {
    const auto earlier = inputs.earlier.find(stage);
    return make_patterns(run, one, earlier == inputs.earlier.end() ? nullptr : earlier->second);
  }
  std::unique_ptr<Operator> operator()(const AddTotals& one) const {
    return std::make_unique<TotalsOperator>(run, one);
  }
  std::unique_ptr<Operator> operator()(const Join& one) const {
    return make_join(run, one, inputs.joined.at(stage), slots(stage + 1));
  }
  std::unique_ptr<Operator> operator()(const Lookup& one) const {
    return make_lookup(run, one, inputs.looked_up.at(stage));
  }
  std::unique_ptr<Operator> operator()(const Union& one) const {
    return make_union(run, one, inputs.joined.at(stage));
  }
};

}  // namespace

std::vector<Slot> slots_needed(const Plan& plan, size_t stage) {
  std::set<Slot> out;
  for (const OutputColumn& column : plan.output) out.insert(column.slot);
  if (plan.pointer) out.insert(*plan.pointer);
  for (size_t i = stage; i < plan.stages.size(); ++i) std::visit(Reads{out}, plan.stages[i]);
  return {out.begin(), out.end()};
}

std::vector<std::unique_ptr<Operator>> make_operators(RunState& run, const StageInputs& inputs,
                                                      size_t first, size_t end, Operator& sink) {
  std::vector<std::unique_ptr<Operator>> out;
  for (size_t i = first; i < end; ++i) {
    out.push_back(std::visit(Maker{run, inputs, i}, run.plan.stages[i]));
    if (out.size() > 1) out[out.size() - 2]->next_ = out.back().get();
  }
  if (!out.empty()) out.back()->next_ = &sink;
  return out;
}

}  // namespace kansoku::query::rows
