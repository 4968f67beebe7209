#include "api/prometheus/select.h"

#include <unordered_set>

#include "api/prometheus/matching.h"
#include "api/prometheus/values.h"
#include "query/promql/parser.h"

namespace kansoku::api::prometheus {

Result<SeriesRequest> read_series_request(const Call& call, bool required) {
  SeriesRequest out;
  for (std::string_view text : call.values("match[]")) {
    auto matchers = query::promql::parse_selector(text);
    if (!matchers) {
      return invalid_argument("invalid parameter \"match[]\": {}",
                              matchers.error().to_string(text));
    }
    out.selectors.push_back(store_matchers(*matchers));
  }
  if (required && out.selectors.empty()) {
    return invalid_argument("no match[] parameter provided");
  }
  KANSOKU_TRY(out.start_ms, call.time_ms("start", kTimeMinMs));
  KANSOKU_TRY(out.end_ms, call.time_ms("end", kTimeMaxMs));
  if (out.end_ms < out.start_ms) {
    return invalid_argument("invalid parameter \"end\": end timestamp must not be before start");
  }
  return out;
}

Result<std::vector<store::SeriesInfo>> select_series(const Context& context, const Call& call,
                                                     const SeriesRequest& request) {
  std::vector<std::vector<store::Matcher>> selectors = request.selectors;
  if (selectors.empty()) selectors.emplace_back();
  std::vector<store::SeriesInfo> out;
  std::unordered_set<store::SeriesId> seen;
  for (auto& matchers : selectors) {
    store::SeriesSelector selector{.scope = call.caller.scope, .matchers = std::move(matchers)};
    if (request.label) {
      selector.sorted = false;
      selector.labels_wanted = std::vector<std::string>{*request.label};
    }
    if (request.start_ms != kTimeMinMs) selector.active_since_ms = request.start_ms;
    if (request.end_ms < std::numeric_limits<int64_t>::max())
      selector.active_before_ms = request.end_ms + 1;
    KANSOKU_TRY(auto found, context.services.metrics->select(selector));
    for (store::SeriesInfo& info : found) {
      if (selectors.size() > 1 && !seen.insert(info.id).second) continue;
      out.push_back(std::move(info));
    }
  }
  return out;
}

}  // namespace kansoku::api::prometheus
