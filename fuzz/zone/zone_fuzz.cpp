// Time zones: any bytes are a zone or none, and every zone has an offset at every moment.
#include "base/time/zone.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto zone = kansoku::Zone::parse({reinterpret_cast<const char*>(data), size});
  if (!zone) return 0;
  for (int64_t at :
       {int64_t{-4'000'000'000}, int64_t{0}, int64_t{1'795'348'800}, int64_t{200'000'000'000}}) {
    int32_t offset = zone->offset_s(at);
    if (offset < -1'000'000 || offset > 1'000'000) __builtin_trap();
  }
  return 0;
}
