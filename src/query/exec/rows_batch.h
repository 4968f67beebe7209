// Some rows on their way through the stages of a plan, and the values of expressions over them.
// Thread contract: confined to the query's call.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "query/exec/budget.h"
#include "query/plan/plan.h"

namespace kansoku::query::rows {

// What the stages of one run share.
struct RunState {
  QueryContext& context;
  const Plan& plan;
  std::string account;
  int64_t now_ms = 0;
  int64_t begin_ns = 0;  // of the range
  int64_t end_ns = 0;
  // Of plan.subqueries: what each gave, as the language prints it.
  std::vector<std::shared_ptr<const std::unordered_set<std::string>>> members;
  const Semantics& semantics() const { return *plan.semantics; }
};

// Columns are made when they are asked for. Rows of events are thrown out by the engine's own
// chunk as long as nothing has been computed of them, afterwards by a selection.
class Batch {
 public:
  // Of a chunk of a scan, which outlives it.
  Batch(RunState& run, store::EventRows& rows);
  // Of rows that are no events any more: slots are set.
  Batch(RunState& run, size_t rows);

  size_t size() const { return size_; }
  bool of_events() const { return events_ != nullptr; }
  // By row: how many events it stands for, where a scan counts only; else empty.
  std::span<const uint64_t> counts() const {
    return events_ == nullptr ? std::span<const uint64_t>() : events_->counts();
  }
  Result<const Vector*> column(Slot slot);
  void set(Slot slot, Vector values);
  // Leaves these rows (ascending).
  void keep(std::span<const uint32_t> rows);
  // Rows again and again, as a join or an unnest makes them: any order, with repeats.
  Batch expanded(std::span<const uint32_t> rows, const std::vector<Slot>& slots);
  Result<std::vector<int64_t>> times_ms();
  // Whether the engine has checked all of these clauses for every row.
  bool checked(std::span<const size_t> clauses) const;
  TextArena& arena() { return *arena_; }
  RunState& run() { return *run_; }

 private:
  Result<Vector> load(Slot slot);
  Result<Vector> field(const std::vector<std::string>& paths);
  Vector stream_column(bool group);
  Vector selected(Vector whole) const;

  RunState* run_;
  store::EventRows* events_ = nullptr;
  size_t size_ = 0;
  std::unique_ptr<TextArena> arena_;
  std::vector<std::unique_ptr<Vector>> columns_;  // by slot
  bool computed_ = false;
  // Rows of the chunk that are left; absent: all.
  std::optional<std::vector<uint32_t>> selection_;
};

// The values of an expression; `scratch` holds them unless they are a column.
Result<const Vector*> evaluate(const Expression& expression, Batch& batch, Vector& scratch);
// The rows for which it is true.
Result<std::vector<uint32_t>> rows_where(const Expression& expression, Batch& batch);

std::string event_pointer(const store::EventId& id);
std::optional<store::EventId> parse_event_pointer(std::string_view text);

}  // namespace kansoku::query::rows
