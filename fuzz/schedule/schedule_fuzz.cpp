// A schedule expression: refused with a reason, or moments that only go on.
#include "base/check.h"
#include "base/schedule/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku;
  if (size < 4) return 0;
  const int64_t begin_s = (int64_t{data[0]} << 24 | data[1] << 16 | data[2] << 8) / 2;
  const Zone zone((data[3] - 128) * 600);
  const auto schedule =
      Schedule::parse(std::string_view(reinterpret_cast<const char*>(data) + 4, size - 4));
  if (!schedule) {
    KANSOKU_CHECK(!schedule.error().message.empty());
    return 0;
  }
  int64_t at = begin_s;
  for (int i = 0; i < 4; ++i) {
    const auto next = schedule->next(at, zone, begin_s);
    if (!next) return 0;
    KANSOKU_CHECK(*next > at);
    at = *next;
  }
  return 0;
}
