// Snappy blocks: any bytes are expanded within the limit or refused; what was encoded reads back.
#include "base/check.h"
#include "wire/snappy/snappy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kBytesMax = 1 << 20;
  std::string_view text{reinterpret_cast<const char*>(data), size};
  std::string out;
  if (kansoku::wire::snappy_decode(text, kBytesMax, out)) KANSOKU_CHECK(out.size() <= kBytesMax);
  KANSOKU_CHECK(
      kansoku::wire::snappy_decode(kansoku::wire::snappy_encode(text), size, out).has_value());
  KANSOKU_CHECK(out == text);
  return 0;
}
