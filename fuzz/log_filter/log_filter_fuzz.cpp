// A pattern, a line end, a message: refused at a place inside the pattern, or an answer.
#include "base/check.h"
#include "query/log_filter/log_filter.h"
#include "store/event_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::query::log_filter;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('\n');
  const std::string_view head = text.substr(0, cut);
  auto pattern = Pattern::parse(head);
  if (!pattern) {
    KANSOKU_CHECK(pattern.error().position <= head.size());
    return 0;
  }
  KANSOKU_CHECK(kansoku::store::EventFilter::make(pattern->pushdown()).has_value());
  Message message(cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1));
  const bool matches = pattern->matches(message);
  KANSOKU_CHECK(matches || pattern->shape() != Shape::Everything);
  (void)pattern->extracted(message);
  (void)Selector::parse("$.a[0]", *pattern);
  return 0;
}
