#include "store/events/lifetimes.h"

namespace kansoku::store::events {

const Lifetimes::Known& Lifetimes::of(const signal::Scope& scope, std::string_view group) {
  auto& groups = known_[scope];
  const auto found = groups.find(group);
  if (found != groups.end()) return found->second;
  Known known;
  if (policies_ != nullptr) known.policy = policies_->policy_of(scope, group);
  if (known.policy.keep_ns > 0 &&
      now_ns_ > std::numeric_limits<int64_t>::min() + known.policy.keep_ns) {
    known.begin_ns = now_ns_ - known.policy.keep_ns;
  }
  return groups.emplace(std::string(group), known).first->second;
}

uint64_t Lifetimes::deleted_until(const signal::Scope& scope, std::string_view group,
                                  std::string_view stream) const {
  if (tombstones_->empty()) return 0;
  const auto found =
      tombstones_->find({scope.account, scope.region, std::string(group), std::string(stream)});
  return found == tombstones_->end() ? 0 : found->second;
}

}  // namespace kansoku::store::events
