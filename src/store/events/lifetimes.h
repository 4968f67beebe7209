// Which events still are: generations and retention by what the policies say now, and streams that
// were deleted. Thread contract: Tombstones are immutable; Lifetimes is confined to one thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "store/event_store.h"
#include "store/events/block.h"

namespace kansoku::store::events {

// Streams that were deleted, and before which sequence of the log. By account, region, group,
// stream.
using TombstoneKey = std::tuple<std::string, std::string, std::string, std::string>;
using Tombstones = std::map<TombstoneKey, uint64_t>;

class Lifetimes {
 public:
  // What is asked for outlives it. `policies` may be null: everything is kept.
  Lifetimes(const EventPolicies* policies, const Tombstones& tombstones, int64_t now_ns)
      : policies_(policies), tombstones_(&tombstones), now_ns_(now_ns) {}

  bool lives(const signal::Scope& scope, std::string_view group, uint64_t generation) {
    return of(scope, group).policy.generation == generation;
  }
  // Events of the group from before are over.
  int64_t begin_ns(const signal::Scope& scope, std::string_view group) {
    return of(scope, group).begin_ns;
  }
  int64_t keep_ns(const signal::Scope& scope, std::string_view group) {
    return of(scope, group).policy.keep_ns;
  }
  // Events of the stream with a smaller sequence are deleted; 0: none.
  uint64_t deleted_until(const signal::Scope& scope, std::string_view group,
                         std::string_view stream) const;
  bool any_deleted() const { return !tombstones_->empty(); }

 private:
  struct Known {
    EventPolicy policy;
    int64_t begin_ns = std::numeric_limits<int64_t>::min();
  };
  const Known& of(const signal::Scope& scope, std::string_view group);

  const EventPolicies* policies_;
  const Tombstones* tombstones_;
  int64_t now_ns_;
  std::map<signal::Scope, std::map<std::string, Known, std::less<>>> known_;
};

}  // namespace kansoku::store::events
