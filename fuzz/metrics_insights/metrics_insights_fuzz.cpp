// Any text as a query: refused at a place inside it, or an answer for any metric.
#include "base/check.h"
#include "query/metrics_insights/metrics_insights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::query::metrics_insights;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto query = parse(text);
  if (!query) {
    KANSOKU_CHECK(query.error().position <= text.size());
    return 0;
  }
  KANSOKU_CHECK(is_query(text));
  KANSOKU_CHECK(!query->metric_name.empty() && !query->metric_namespace.empty());
  std::vector<std::pair<std::string, std::string>> dimensions;
  for (const Condition& one : query->required()) dimensions.emplace_back(one.key, one.value);
  Candidate candidate{"1", dimensions};
  (void)query->matches(candidate);
  KANSOKU_CHECK(query->group_of(candidate).size() == query->group_by.size());
  (void)label_of(query->group_of(candidate));
  return 0;
}
