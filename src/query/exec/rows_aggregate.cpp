#include <bit>

#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

// A group has a number for each of its keys, and a key a number for each of its values: rows are
// told apart by integers. What the values print to is looked at once a value and chunk where the
// column has a dictionary, or where it repeats the row before.
class KeyValues {
 public:
  explicit KeyValues(const Semantics& semantics) : semantics_(semantics) {}

  Status number(const Vector& values, QueryContext& context, std::vector<uint32_t>& out) {
    out.resize(values.size);
    if (values.constant) {
      std::ranges::fill(out, values.size == 0 ? 0 : id_of(values.at(0)));
      return {};
    }
    if (!values.dictionary.empty() && !values.mixed()) return by_code(values, context, out);
    if (!values.integers.empty() && !values.mixed()) return by_integer(values, context, out);
    for (size_t row = 0; row < out.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(context.spend(16));
      out[row] = id_of(values.at(row));
    }
    return {};
  }
  const Value& value(uint32_t id) const { return values_[id]; }
  uint64_t memory_bytes() const { return arena_.bytes() + values_.capacity() * 128; }

 private:
  Status by_code(const Vector& values, QueryContext& context, std::vector<uint32_t>& out) {
    constexpr uint32_t kUnknown = 0xffffffffU;
    std::vector<uint32_t> ids(values.dictionary.size(), kUnknown);
    KANSOKU_RETURN_IF_ERROR(context.spend(out.size()));
    const uint32_t* const codes = values.codes.data();
    uint32_t* const of_codes = ids.data();
    uint32_t* const to = out.data();
    const bool all = values.present.empty();
    for (size_t row = 0; row < out.size(); ++row) {
      if (!all && !values.has(row)) {
        to[row] = id_of({});
        continue;
      }
      uint32_t& id = of_codes[codes[row]];
      if (id == kUnknown) id = id_of(values.at(row));
      to[row] = id;
    }
    return {};
  }
  Status by_integer(const Vector& values, QueryContext& context, std::vector<uint32_t>& out) {
    KANSOKU_RETURN_IF_ERROR(context.spend(out.size() * 2));
    for (size_t row = 0; row < out.size(); ++row) {
      const bool repeats = row > 0 && values.integers[row] == values.integers[row - 1] &&
                           values.has(row) && values.has(row - 1);
      out[row] = repeats ? out[row - 1] : id_of(values.at(row));
    }
    return {};
  }
  uint32_t id_of(const Value& value) {
    if (value.kind == Kind::Int || value.kind == Kind::Time) {
      auto& ids = value.kind == Kind::Int ? integers_ : times_;
      const auto known = ids.find(value.integer);
      if (known != ids.end()) return known->second;
      const uint32_t id = id_of_text(value);
      ids.emplace(value.integer, id);
      return id;
    }
    return id_of_text(value);
  }
  uint32_t id_of_text(const Value& value) {
    key_.clear();
    append_key(semantics_, value, key_);
    const auto known = texts_.find(key_);
    if (known != texts_.end()) return known->second;
    const auto id = static_cast<uint32_t>(values_.size());
    texts_.emplace(arena_.keep(key_), id);
    Value kept = value;
    if (kept.is_text()) kept.text = arena_.keep(value.text);
    values_.push_back(kept);
    return id;
  }

  const Semantics& semantics_;
  TextArena arena_;
  std::vector<Value> values_;
  std::unordered_map<std::string_view, uint32_t> texts_;
  std::unordered_map<int64_t, uint32_t> integers_;
  std::unordered_map<int64_t, uint32_t> times_;
  std::string key_;
};

struct IdsHash {
  size_t operator()(const std::vector<uint32_t>& ids) const {
    uint64_t out = 0x9e3779b97f4a7c15ULL;
    for (const uint32_t id : ids) out = std::rotl(out ^ id, 27) * 0x9e3779b97f4a7c15ULL;
    return out;
  }
};

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(RunState& run, const Aggregate& stage)
      : Operator(run), stage_(stage), memory_(run.context) {
    for (size_t i = 0; i < stage.keys.size(); ++i) keys_.emplace_back(run.semantics());
    for (const Aggregate::Call& call : stage.calls) {
      std::vector<Value> parameters;
      for (const Expression& one : call.parameters) {
        parameters.push_back(one.literal);
        parameters.back().text = one.text;
      }
      calls_.push_back(call.function->make(parameters, run.semantics()));
    }
    if (stage.keys.empty()) grow(1);
  }

  Status push(Batch batch) override {
    KANSOKU_RETURN_IF_ERROR(number_groups(batch));
    std::vector<int64_t> times;
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Aggregate::Call& call = stage_.calls[i];
      std::vector<Vector> scratch(call.arguments.size());
      std::vector<const Vector*> arguments;
      for (size_t a = 0; a < scratch.size(); ++a) {
        KANSOKU_TRY(const Vector* one, evaluate(call.arguments[a], batch, scratch[a]));
        arguments.push_back(one);
      }
      if (times.empty() && call.function->of_times) {
        KANSOKU_TRY(times, batch.times_ms());
      }
      calls_[i]->add({batch.size(), groups_of_rows_, arguments, times, batch.counts()});
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(batch.size()));
    }
    return charge();
  }
  bool done() const override { return false; }
  bool blocks() const override { return true; }

  Status give(Operator& next) const override {
    std::vector<Slot> slots;
    for (const Aggregate::Key& key : stage_.keys) slots.push_back(key.slot);
    for (const Aggregate::Call& call : stage_.calls) slots.push_back(call.slot);
    constexpr size_t kBatchRows = 4'096;
    for (size_t first = 0; first < groups_ && !next.done(); first += kBatchRows) {
      KANSOKU_RETURN_IF_ERROR(run_.context.check());
      const size_t rows = std::min(kBatchRows, groups_ - first);
      Batch batch(run_, rows);
      for (size_t k = 0; k < keys_.size(); ++k) {
        VectorBuilder values(rows);
        for (size_t i = 0; i < rows; ++i) {
          values.push(keys_[k].value(key_ids_[(first + i) * keys_.size() + k]));
        }
        batch.set(slots[k], values.finish());
      }
      for (size_t c = 0; c < calls_.size(); ++c) {
        VectorBuilder values(rows);
        for (size_t i = 0; i < rows; ++i) {
          values.push(calls_[c]->result(first + i, batch.arena()));
        }
        batch.set(slots[keys_.size() + c], values.finish());
      }
      KANSOKU_RETURN_IF_ERROR(next.push(std::move(batch)));
    }
    return {};
  }
  Status finish() override {
    KANSOKU_RETURN_IF_ERROR(give(*next_));
    return next_->finish();
  }

 private:
  void grow(size_t groups) {
    groups_ = groups;
    for (const auto& call : calls_) call->resize(groups);
  }
  Status charge() {
    uint64_t bytes = (key_ids_.capacity() + of_values_.capacity()) * sizeof(uint32_t) +
                     pairs_.size() * 48 + many_.size() * 96;
    for (const KeyValues& key : keys_) bytes += key.memory_bytes();
    for (const auto& call : calls_) bytes += call->memory_bytes();
    return memory_.hold(bytes);
  }

  Status number_groups(Batch& batch) {
    groups_of_rows_.clear();
    if (keys_.empty()) return {};
    std::vector<std::vector<uint32_t>> ids(keys_.size());
    for (size_t k = 0; k < keys_.size(); ++k) {
      Vector scratch;
      KANSOKU_TRY(const Vector* values, evaluate(stage_.keys[k].expression, batch, scratch));
      KANSOKU_RETURN_IF_ERROR(keys_[k].number(*values, run_.context, ids[k]));
    }
    groups_of_rows_.resize(batch.size());
    if (keys_.size() == 1) return number_by_value(ids[0]);
    size_t groups = groups_;
    std::vector<uint32_t> key(keys_.size());
    for (size_t row = 0; row < batch.size(); ++row) {
      if (row > 0 && same(ids, row, row - 1)) {
        groups_of_rows_[row] = groups_of_rows_[row - 1];
        continue;
      }
      for (size_t k = 0; k < key.size(); ++k) key[k] = ids[k][row];
      groups_of_rows_[row] = find(key, groups);
      if (groups_of_rows_[row] == groups) {
        ++groups;
        key_ids_.insert(key_ids_.end(), key.begin(), key.end());
      }
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(4));
    }
    grow(groups);
    return {};
  }
  // With one key, its values are numbered without gaps: no map is needed.
  Status number_by_value(std::span<const uint32_t> ids) {
    size_t groups = groups_;
    const size_t values = ids.empty() ? 0 : std::ranges::max(ids) + size_t{1};
    if (values > of_values_.size()) of_values_.resize(values, kNoGroup);
    uint32_t* const of_values = of_values_.data();
    uint32_t* const of_rows = groups_of_rows_.data();
    for (size_t row = 0; row < ids.size(); ++row) {
      uint32_t& group = of_values[ids[row]];
      if (group == kNoGroup) {
        group = static_cast<uint32_t>(groups++);
        key_ids_.push_back(ids[row]);
      }
      of_rows[row] = group;
    }
    grow(groups);
    return run_.context.spend(ids.size());
  }
  static bool same(const std::vector<std::vector<uint32_t>>& ids, size_t a, size_t b) {
    return std::ranges::all_of(ids, [&](const auto& of_key) { return of_key[a] == of_key[b]; });
  }
  // The group of a key; `fresh` where it is new.
  uint32_t find(const std::vector<uint32_t>& key, size_t fresh) {
    const auto next = static_cast<uint32_t>(fresh);
    if (key.size() <= 2) {
      const uint64_t packed = key[0] | (key.size() == 2 ? uint64_t{key[1]} << 32U : 0);
      return pairs_.try_emplace(packed, next).first->second;
    }
    return many_.try_emplace(key, next).first->second;
  }

  const Aggregate& stage_;
  std::vector<KeyValues> keys_;
  std::vector<std::unique_ptr<Accumulator>> calls_;
  size_t groups_ = 0;
  std::vector<uint32_t> key_ids_;  // of each group, key by key
  static constexpr uint32_t kNoGroup = 0xffffffffU;
  std::vector<uint32_t> of_values_;  // with one key: the group of each of its values
  std::unordered_map<uint64_t, uint32_t> pairs_;
  std::unordered_map<std::vector<uint32_t>, uint32_t, IdsHash> many_;
  std::vector<uint32_t> groups_of_rows_;
  MemoryHold memory_;
};

}  // namespace

std::unique_ptr<Operator> make_aggregate(RunState& run, const Aggregate& stage) {
  return std::make_unique<AggregateOperator>(run, stage);
}

}  // namespace kansoku::query::rows
