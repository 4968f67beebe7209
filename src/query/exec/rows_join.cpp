#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

class JoinOperator final : public Operator {
 public:
  JoinOperator(RunState& run, const Join& stage, std::shared_ptr<const KeptRows> right,
               std::vector<Slot> slots)
      : Operator(run),
        stage_(stage),
        right_(std::move(right)),
        slots_(std::move(slots)),
        memory_(run.context) {
    // The right rows carry their keys behind the columns.
    const size_t keys = stage.right_keys.size();
    const size_t first_key = right_->slots().size() - keys;
    std::string key;
    for (uint32_t row = 0; row < right_->size(); ++row) {
      key.clear();
      bool whole = true;
      for (size_t i = 0; i < keys; ++i) {
        whole &= !right_->at(row, first_key + i).is_null();
        append_key(run.semantics(), right_->at(row, first_key + i), key);
      }
      if (whole) rows_by_key_[key].push_back(row);
    }
  }

  Status push(Batch batch) override {
    constexpr uint64_t kBytesPerRow = 128;  // of the table of keys
    KANSOKU_RETURN_IF_ERROR(memory_.hold(right_->size() * kBytesPerRow));
    std::vector<Vector> scratch(stage_.left_keys.size());
    std::vector<const Vector*> keys;
    for (size_t i = 0; i < scratch.size(); ++i) {
      KANSOKU_TRY(const Vector* one, evaluate(stage_.left_keys[i], batch, scratch[i]));
      keys.push_back(one);
    }
    for (const Slot slot : slots_) {
      KANSOKU_TRY([[maybe_unused]] const Vector* made, batch.column(slot));
    }
    std::vector<uint32_t> left;
    std::vector<uint32_t> right;
    std::string key;
    for (uint32_t row = 0; row < batch.size(); ++row) {
      key.clear();
      for (const Vector* one : keys) append_key(run_.semantics(), one->at(row), key);
      const auto found = rows_by_key_.find(key);
      if (found == rows_by_key_.end()) {
        if (stage_.type == Join::Type::Inner) continue;
        left.push_back(row);
        right.push_back(kNone);
      } else {
        for (const uint32_t other : found->second) {
          KANSOKU_RETURN_IF_ERROR(run_.context.spend(16));
          left.push_back(row);
          right.push_back(other);
          if (left.size() >= kBatchRows) KANSOKU_RETURN_IF_ERROR(pass(batch, left, right));
        }
      }
      if (left.size() >= kBatchRows) KANSOKU_RETURN_IF_ERROR(pass(batch, left, right));
    }
    return left.empty() ? Status() : pass(batch, left, right);
  }

 private:
  static constexpr uint32_t kNone = 0xffffffffU;
  static constexpr size_t kBatchRows = 16'384;

  Status pass(Batch& batch, std::vector<uint32_t>& left, std::vector<uint32_t>& right) {
    if (next_->done()) {
      left.clear();
      right.clear();
      return {};
    }
    Batch out = batch.expanded(left, slots_);
    for (size_t column = 0; column < stage_.columns.size(); ++column) {
      VectorBuilder values(right.size());
      for (const uint32_t row : right) {
        values.push(row == kNone ? Value() : right_->at(row, column));
      }
      out.set(stage_.columns[column].second, values.finish());
    }
    left.clear();
    right.clear();
    return next_->push(std::move(out));
  }

  const Join& stage_;
  std::shared_ptr<const KeptRows> right_;
  std::vector<Slot> slots_;
  std::unordered_map<std::string, std::vector<uint32_t>> rows_by_key_;
  MemoryHold memory_;
};

class LookupOperator final : public Operator {
 public:
  LookupOperator(RunState& run, const Lookup& stage, std::shared_ptr<const LookupRows> table)
      : Operator(run), stage_(stage), table_(std::move(table)) {
    std::string key;
    for (size_t row = 0; row < table_->rows.size(); ++row) {
      key.clear();
      for (const auto& [column, value] : stage.keys) {
        append_key(run.semantics(), Value::of_text(table_->rows[row][place(column)]), key);
      }
      row_by_key_.emplace(key, row);  // the first of equal ones
    }
  }

  Status push(Batch batch) override {
    std::vector<Vector> scratch(stage_.keys.size());
    std::vector<const Vector*> keys;
    for (size_t i = 0; i < scratch.size(); ++i) {
      KANSOKU_TRY(const Vector* one, evaluate(stage_.keys[i].second, batch, scratch[i]));
      keys.push_back(one);
    }
    std::vector<const std::vector<std::string>*> found(batch.size());
    std::string key;
    for (size_t row = 0; row < found.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(32));
      key.clear();
      for (const Vector* one : keys) append_key(run_.semantics(), one->at(row), key);
      const auto entry = row_by_key_.find(key);
      if (entry != row_by_key_.end()) found[row] = &table_->rows[entry->second];
    }
    for (const Lookup::Output& output : stage_.outputs) {
      Vector otherwise = Vector::nulls(batch.size());
      const Vector* kept = &otherwise;
      if (output.otherwise) {
        KANSOKU_TRY(kept, evaluate(*output.otherwise, batch, otherwise));
      }
      const size_t column = place(output.column);
      VectorBuilder values(batch.size());
      for (size_t row = 0; row < found.size(); ++row) {
        values.push(found[row] == nullptr ? kept->at(row) : Value::of_text((*found[row])[column]));
      }
      batch.set(output.slot, values.finish());
    }
    return next_->push(std::move(batch));
  }

 private:
  size_t place(const std::string& column) const {
    return static_cast<size_t>(std::ranges::find(table_->columns, column) -
                               table_->columns.begin());
  }
  const Lookup& stage_;
  std::shared_ptr<const LookupRows> table_;
  std::unordered_map<std::string, size_t> row_by_key_;
};

class UnionOperator final : public Operator {
 public:
  UnionOperator(RunState& run, const Union& stage, std::shared_ptr<const KeptRows> other)
      : Operator(run), stage_(stage), other_(std::move(other)) {}
  Status push(Batch batch) override { return next_->push(std::move(batch)); }
  Status finish() override {
    for (size_t first = 0; first < other_->size() && !next_->done(); first += kBatchRows) {
      KANSOKU_RETURN_IF_ERROR(run_.context.check());
      const size_t rows = std::min(kBatchRows, other_->size() - first);
      Batch batch(run_, rows);
      for (size_t column = 0; column < stage_.columns.size(); ++column) {
        VectorBuilder values(rows);
        for (size_t i = 0; i < rows; ++i) values.push(other_->at(first + i, column));
        batch.set(stage_.columns[column].second, values.finish());
      }
      KANSOKU_RETURN_IF_ERROR(next_->push(std::move(batch)));
    }
    return next_->finish();
  }

 private:
  static constexpr size_t kBatchRows = 4'096;
  const Union& stage_;
  std::shared_ptr<const KeptRows> other_;
};

}  // namespace

std::unique_ptr<Operator> make_join(RunState& run, const Join& stage,
                                    std::shared_ptr<const KeptRows> right,
                                    std::vector<Slot> slots) {
  return std::make_unique<JoinOperator>(run, stage, std::move(right), std::move(slots));
}
std::unique_ptr<Operator> make_lookup(RunState& run, const Lookup& stage,
                                      std::shared_ptr<const LookupRows> table) {
  return std::make_unique<LookupOperator>(run, stage, std::move(table));
}
std::unique_ptr<Operator> make_union(RunState& run, const Union& stage,
                                     std::shared_ptr<const KeptRows> other) {
  return std::make_unique<UnionOperator>(run, stage, std::move(other));
}

}  // namespace kansoku::query::rows
