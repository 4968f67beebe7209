// The readers of base/text and base/time: any bytes are read or refused, and what was read is
// written back to the same value.
#include "base/check.h"
#include "base/text/base64.h"
#include "base/text/percent.h"
#include "base/time/duration.h"
#include "base/time/iso8601.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto bytes = base64_decode(text)) {
    KANSOKU_CHECK(base64_decode(base64_encode(*bytes)) == *bytes);
  }
  KANSOKU_CHECK(base64_decode(base64_encode(text)) == text);

  std::string decoded;
  if (append_form_decoded(decoded, text)) KANSOKU_CHECK(decoded == form_decoded_leniently(text));
  std::string encoded;
  append_percent_encoded(encoded, text, "/");
  KANSOKU_CHECK(form_decoded_leniently(encoded) == text);

  if (auto ms = parse_iso8601(text)) {
    // An offset may lead out of the years that are written with four digits.
    constexpr int64_t kYear1Ms = -62'135'596'800'000, kYear10000Ms = 253'402'300'800'000;
    if (*ms >= kYear1Ms && *ms < kYear10000Ms) {
      KANSOKU_CHECK(parse_iso8601(iso8601(*ms, IsoFraction::WhenNeeded)) == *ms);
    }
  }
  if (auto ms = parse_http_date(text)) {
    KANSOKU_CHECK(*ms % 1000 != 0 || *ms >= 253'402'300'800'000 ||
                  parse_http_date(http_date(*ms)) == *ms);
  }
  if (auto ms = parse_joined_duration_ms(text)) KANSOKU_CHECK(*ms > 0);
  (void)parse_decimal_duration_ms(text);
  return 0;
}
