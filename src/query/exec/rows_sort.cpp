#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

// Keys are slots. Sorting is not cut into steps.
class SortOperator final : public Operator {
 public:
  SortOperator(RunState& run, const Sort& stage, std::vector<Slot> slots)
      : Operator(run),
        stage_(stage),
        columns_(slots.size()),
        kept_(run, with_keys(std::move(slots), stage)) {}

  Status push(Batch batch) override {
    KANSOKU_RETURN_IF_ERROR(run_.context.spend(batch.size() * 16));
    if (cut_) {
      KANSOKU_TRY(const std::vector<uint32_t> rows, better_rows(batch));
      if (rows.empty()) return {};
      batch.keep(rows);
    }
    KANSOKU_RETURN_IF_ERROR(kept_.add(batch));
    // A cut costs a sort of what is there, and takes half of it away.
    if (stage_.limit && *stage_.limit > 0 && kept_.size() > 2 * *stage_.limit + 1'024) {
      kept_.keep(order());
      cut_ = true;
    }
    return {};
  }
  bool done() const override { return false; }
  bool blocks() const override { return true; }
  Status give(Operator& next) const override { return kept_.give(order(), next); }
  Status finish() override {
    KANSOKU_RETURN_IF_ERROR(run_.context.check());
    KANSOKU_RETURN_IF_ERROR(give(*next_));
    return next_->finish();
  }

 private:
  static std::vector<Slot> with_keys(std::vector<Slot> slots, const Sort& stage) {
    for (const Sort::Key& key : stage.keys) slots.push_back(key.expression.slot);
    return slots;
  }
  // Those that come before the last row of the cut; of equal ones the earlier stays.
  Result<std::vector<uint32_t>> better_rows(Batch& batch) {
    std::vector<const Vector*> keys;
    for (const Sort::Key& key : stage_.keys) {
      KANSOKU_TRY(const Vector* one, batch.column(key.expression.slot));
      keys.push_back(one);
    }
    const Semantics& semantics = run_.semantics();
    std::vector<uint32_t> out;
    for (uint32_t row = 0; row < batch.size(); ++row) {
      int order = 0;
      for (size_t i = 0; i < keys.size() && order == 0; ++i) {
        order = semantics.compare(keys[i]->at(row), kept_.at(*stage_.limit - 1, columns_ + i));
        if (stage_.keys[i].descending) order = -order;
      }
      if (order < 0) out.push_back(row);
    }
    return out;
  }
  std::vector<uint32_t> order() const {
    std::vector<uint32_t> rows(kept_.size());
    for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
    const Semantics& semantics = run_.semantics();
    const auto before = [&](uint32_t a, uint32_t b) {
      for (size_t i = 0; i < stage_.keys.size(); ++i) {
        const Value& left = kept_.at(a, columns_ + i);
        const Value& right = kept_.at(b, columns_ + i);
        const int order = semantics.compare(left, right);
        if (order != 0) return stage_.keys[i].descending ? order > 0 : order < 0;
      }
      return a < b;
    };
    if (stage_.limit && *stage_.limit < rows.size()) {
      const auto end = rows.begin() + static_cast<ptrdiff_t>(*stage_.limit);
      std::partial_sort(rows.begin(), end, rows.end(), before);
      rows.resize(*stage_.limit);
    } else {
      std::sort(rows.begin(), rows.end(), before);
    }
    return rows;
  }

  const Sort& stage_;
  size_t columns_;
  KeptRows kept_;
  // The first rows of what is kept are the best so far, in order, as many as the limit.
  bool cut_ = false;
};

}  // namespace

std::unique_ptr<Operator> make_sort(RunState& run, const Sort& stage, std::vector<Slot> slots) {
  return std::make_unique<SortOperator>(run, stage, std::move(slots));
}

}  // namespace kansoku::query::rows
