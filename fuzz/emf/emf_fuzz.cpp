// A log event: refused with a reason, or metrics within the limits of the format.
#include "base/check.h"
#include "wire/emf/emf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)may_be_emf(text);
  const auto document = parse_emf(text);
  if (!document) {
    KANSOKU_CHECK(!document.error().message.empty());
    return 0;
  }
  for (const EmfMetric& metric : document->metrics) {
    KANSOKU_CHECK(may_be_emf(text) && !metric.name.empty() && !metric.values.empty());
    KANSOKU_CHECK(metric.values.size() <= kEmfValuesMax);
    KANSOKU_CHECK(metric.dimensions.size() <= kEmfDimensionsMax);
  }
  return 0;
}
