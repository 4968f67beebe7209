// The stages of a plan at work. Private to query/exec.
//
// Batches are pushed from stage to stage; a stage that needs all rows before its first one
// (blocks()) keeps what it needs and gives it at the end, or, of what has come so far, for a look
// at a query that still runs.
#pragma once

#include <map>
#include <unordered_map>

#include "query/exec/rows_batch.h"
#include "query/exec/rows_run.h"
#include "query/exec/rows_templates.h"

namespace kansoku::query::rows {

class Operator {
 public:
  explicit Operator(RunState& run) : run_(run) {}
  virtual ~Operator() = default;
  virtual Status push(Batch batch) = 0;
  // No more rows come.
  virtual Status finish() { return next_ == nullptr ? Status() : next_->finish(); }
  // Needs no more rows.
  virtual bool done() const { return next_ != nullptr && next_->done(); }
  virtual bool blocks() const { return false; }
  // Gives what has come so far to `next`; nothing changes.
  virtual Status give(Operator&) const { return {}; }

  Operator* next_ = nullptr;

 protected:
  RunState& run_;
};

// Rows kept as values, all texts copied; memory is charged.
class KeptRows {
 public:
  KeptRows(RunState& run, std::vector<Slot> slots);
  const std::vector<Slot>& slots() const { return slots_; }
  size_t size() const { return rows_; }
  Status add(Batch& batch);
  Status add(Batch& batch, std::span<const uint32_t> rows);
  Status add_row(std::span<const Value> values);
  const Value& at(size_t row, size_t column) const { return values_[row * slots_.size() + column]; }
  // Drops all but these rows, in this order.
  void keep(std::span<const uint32_t> rows);
  // In batches, in the given order.
  Status give(std::span<const uint32_t> order, Operator& next) const;
  Status give(Operator& next) const;

 private:
  Status charge();
  RunState& run_;
  std::vector<Slot> slots_;
  std::unique_ptr<TextArena> arena_ = std::make_unique<TextArena>();
  std::vector<Value> values_;
  size_t rows_ = 0;
  MemoryHold memory_;
};

// Slots that have a meaning behind a stage: read by a later stage or by the output.
std::vector<Slot> slots_needed(const Plan& plan, size_t stage);

// The parts of a run that other plans made before it.
struct StageInputs {
  std::map<size_t, std::shared_ptr<const KeptRows>> joined;       // by stage
  std::map<size_t, std::shared_ptr<const LookupRows>> looked_up;  // by stage
  std::map<size_t, std::shared_ptr<TemplateMiner>> earlier;       // of a difference, by stage
};

// One operator a stage of [first, end), each behind the other; the last pushes into `sink`.
std::vector<std::unique_ptr<Operator>> make_operators(RunState& run, const StageInputs& inputs,
                                                      size_t first, size_t end, Operator& sink);

std::unique_ptr<Operator> make_aggregate(RunState& run, const Aggregate& stage);
std::unique_ptr<Operator> make_sort(RunState& run, const Sort& stage, std::vector<Slot> slots);
std::unique_ptr<Operator> make_patterns(RunState& run, const Patterns& stage,
                                        std::shared_ptr<TemplateMiner> earlier);
std::unique_ptr<Operator> make_join(RunState& run, const Join& stage,
                                    std::shared_ptr<const KeptRows> right, std::vector<Slot> slots);
std::unique_ptr<Operator> make_lookup(RunState& run, const Lookup& stage,
                                      std::shared_ptr<const LookupRows> table);
std::unique_ptr<Operator> make_union(RunState& run, const Union& stage,
                                     std::shared_ptr<const KeptRows> other);

// The bytes that stand for some values in a key: what prints alike is alike.
void append_key(const Semantics& semantics, const Value& value, std::string& key);

}  // namespace kansoku::query::rows
