// Any text as a search: refused at a place inside it, or an answer for any name.
#include "base/check.h"
#include "query/metric_search/metric_search.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::query::metric_search;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto search = Search::parse(text);
  if (!search) {
    KANSOKU_CHECK(search.error().position <= text.size());
    return 0;
  }
  // The text itself is a name too.
  std::vector<std::pair<std::string, std::string>> dimensions{{"Host", std::string(text)}};
  (void)search->matches({"1", "Namespace", text, dimensions});
  (void)search->matches({"1", text, "MetricName", {}});
  for (const std::string& token : tokens_of(text)) KANSOKU_CHECK(!token.empty());
  return 0;
}
