#include "pipeline/exporters/cloudwatch_logs/refusals.h"

#include <algorithm>
#include <array>

namespace kansoku::pipeline::cloudwatch_logs {
namespace {

// CloudWatch Logs API Reference, common errors, and what IAM's other front ends say.
constexpr std::array<std::string_view, 3> kRefusals{"AccessDeniedException", "AccessDenied",
                                                    "NotAuthorized"};
// CreateLogGroup and CreateLogStream: a quota of groups, names that cannot be, a group that was
// made and is not there.
constexpr std::array<std::string_view, 4> kRefusalsToMake{
    "LimitExceededException", "InvalidParameterException", "ValidationException",
    "ResourceNotFoundException"};

}  // namespace

bool is_refusal_of_stream(std::string_view code) {
  return std::ranges::find(kRefusals, code) != kRefusals.end();
}

bool is_refusal_to_make(std::string_view code) {
  return is_refusal_of_stream(code) ||
         std::ranges::find(kRefusalsToMake, code) != kRefusalsToMake.end();
}

Refusals::Known& Refusals::note(Key key, env::MonotonicTime now) {
  const auto at = known_.find(key);
  if (at != known_.end()) {
    at->second.last = now;
    return at->second;
  }
  if (known_.size() >= kKnownMax) {
    known_.erase(std::ranges::min_element(
        known_, [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  }
  return known_.emplace(std::move(key), Known{now, now, false}).first->second;
}

Refusals::Refused Refusals::refused(const signal::EventStream& stream, env::MonotonicTime now) {
  const env::MonotonicTime group_since = note({stream.group, {}}, now).since;
  const Known& known = note({stream.group, stream.stream}, now);
  return {(now.ns - std::min(known.since, group_since).ns) / env::kNsPerMs, known.told};
}

void Refusals::tell(const signal::EventStream& stream) {
  const auto at = known_.find({stream.group, stream.stream});
  if (at != known_.end()) at->second.told = true;
}

void Refusals::taken(const signal::EventStream& stream) {
  if (known_.empty()) return;
  known_.erase({stream.group, stream.stream});
  known_.erase({stream.group, {}});
}

}  // namespace kansoku::pipeline::cloudwatch_logs
