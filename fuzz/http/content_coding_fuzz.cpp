// Compressed bodies from strangers: never more than the limit, never a crash, and what we encode
// comes back.
#include "base/check.h"
#include "net/http/http.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::net;
  if (size == 0) return 0;
  static constexpr const char* kCodings[] = {"gzip", "deflate", "zstd", "gzip, zstd",
                                             "zstd, deflate"};
  constexpr size_t kBytesMax = 1U << 20;
  std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto decoded = decode_content(kCodings[data[0] % std::size(kCodings)], body, kBytesMax);
  if (decoded) KANSOKU_CHECK(decoded->size() <= kBytesMax);
  if (body.size() < kBytesMax)
    KANSOKU_CHECK(decode_content("gzip", gzip_encode(body), kBytesMax).value() == body);
  return 0;
}
