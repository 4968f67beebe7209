// The filter of a scan, ready to be asked: what every engine and executor may use for rows that
// nothing quicker has decided.
// Thread contract: immutable; rows() may be called from many threads, each with rows of its own.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "store/event_store.h"

namespace kansoku::store {

class EventFilter {
 public:
  // InvalidArgument for an expression that RE2 refuses.
  static Result<EventFilter> make(std::span<const EventClause> clauses);
  EventFilter(EventFilter&&) noexcept;
  EventFilter& operator=(EventFilter&&) noexcept;
  ~EventFilter();

  std::span<const EventClause> clauses() const;
  // The rows, ascending, that satisfy all clauses that the chunk has not checked.
  Result<std::vector<uint32_t>> rows(EventRows& rows) const;
  // Sets `hit[row]` to 1 for rows that satisfy the clause.
  Status mark(EventRows& rows, size_t clause, std::span<uint8_t> hit) const;

 private:
  struct State;
  explicit EventFilter(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace kansoku::store
