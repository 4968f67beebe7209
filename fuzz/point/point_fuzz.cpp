// A distribution from arbitrary bytes; what is read is written back the same.
#include "base/check.h"
#include "signal/labels.h"
#include "signal/point.h"

using namespace kansoku::signal;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view from(reinterpret_cast<const char*>(data), size);
  (void)visit_labels(from, [](LabelView) {});
  std::string_view rest = from;
  auto distribution = decode_distribution(rest);
  if (!distribution) return 0;
  std::string bytes;
  encode_distribution(*distribution, bytes);
  std::string_view again = bytes;
  auto back = decode_distribution(again);
  KANSOKU_CHECK(back.has_value() && again.empty());
  std::string twice;
  encode_distribution(*back, twice);
  KANSOKU_CHECK(twice == bytes);
  return 0;
}
