#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

// Sorting is not cut into steps: this many rows are some milliseconds.
class SortOperator final : public Operator {
 public:
  SortOperator(RunState& run, const Sort& stage, std::vector<Slot> slots)
      : Operator(run),
        stage_(stage),
        columns_(slots.size()),
        kept_(run, with_keys(std::move(slots), stage)) {}

  Status push(Batch batch) override {
    // Keys are columns of their own behind those that go on.
    for (size_t i = 0; i < stage_.keys.size(); ++i) {
      const Expression& key = stage_.keys[i].expression;
      if (key.type == Expression::Type::Column) continue;
      return internal_error("a sort key is no column");
    }
    KANSOKU_RETURN_IF_ERROR(run_.context.spend(batch.size() * 16));
    KANSOKU_RETURN_IF_ERROR(kept_.add(batch));
    // Three times the limit: a cut costs a sort of what is there, and takes two thirds away.
    if (stage_.limit && kept_.size() > 3 * *stage_.limit + 4'096) {
      std::vector<uint32_t> first = order();
      kept_.keep(first);
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
};

}  // namespace

std::unique_ptr<Operator> make_sort(RunState& run, const Sort& stage, std::vector<Slot> slots) {
  return std::make_unique<SortOperator>(run, stage, std::move(slots));
}

}  // namespace kansoku::query::rows
