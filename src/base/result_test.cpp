#include "base/result.h"

#include <doctest/doctest.h>

#include "base/bytes.h"
#include "base/memory_budget.h"

using namespace kansoku;

namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return invalid_argument("{} is odd", value);
  return value / 2;
}

Result<int> quarter(int value) {
  KANSOKU_TRY(int once, half(value));
  KANSOKU_TRY(int twice, half(once));
  return twice;
}

}  // namespace

TEST_CASE("the first error of a chain comes out unchanged") {
  CHECK(*quarter(12) == 3);
  auto wrong = quarter(6);
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message == "3 is odd");
  CHECK(error_code_http_status(wrong.error().code) == 400);
  CHECK(error_code_grpc_status(ErrorCode::Unavailable) == 14);
}

TEST_CASE("values in messages are bounded and escaped") {
  CHECK(quoted("a\n\"b\x01") == "\"a\\x0a\\\"b\\x01\"");
  CHECK(quoted(std::string(100, 'x'), 3) == "\"xxx...\"");
}

TEST_CASE("varints come back, and cut or overlong ones are refused") {
  for (uint64_t value : {0ULL, 1ULL, 127ULL, 128ULL, 300ULL, ~0ULL}) {
    std::string bytes;
    append_varint(bytes, value);
    const char* at = bytes.data();
    uint64_t back = 0;
    CHECK(read_varint(at, bytes.data() + bytes.size(), back));
    CHECK(back == value);
    at = bytes.data();
    CHECK_FALSE(read_varint(at, bytes.data() + bytes.size() - 1, back));
    CHECK(unzigzag(zigzag(static_cast<int64_t>(value))) == static_cast<int64_t>(value));
  }
  std::string overlong(11, '\x80');
  const char* at = overlong.data();
  uint64_t value = 0;
  CHECK_FALSE(read_varint(at, overlong.data() + overlong.size(), value));
}

TEST_CASE("crc32c has the check value of its definition and continues") {
  // RFC 3720, appendix B.4: 32 bytes of zero.
  std::string zeros(32, '\0');
  CHECK(crc32c(as_bytes(zeros)) == 0x8a9136aaU);
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283U);
  CHECK(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))) == 0xe3069283U);
  // Short stretches and long ones are summed in different ways.
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += static_cast<char>(i * 31 + i / 7);
  uint32_t bitwise = 0xffffffffU;
  for (size_t bytes = 1; bytes <= text.size(); ++bytes) {
    bitwise ^= static_cast<unsigned char>(text[bytes - 1]);
    for (int bit = 0; bit < 8; ++bit)
      bitwise = (bitwise >> 1) ^ ((bitwise & 1) != 0 ? 0x82f63b78U : 0U);
    CHECK(crc32c(as_bytes(std::string_view(text).substr(0, bytes))) == ~bitwise);
  }
}

TEST_CASE("a budget refuses beyond its own and its parent's limit, and gets everything back") {
  MemoryBudget process("process", 100);
  MemoryBudget queries("queries", 80, &process);
  MemoryBudget ingest("ingest", 0, &process);
  auto lease = MemoryLease::take(queries, 60);
  REQUIRE(lease.has_value());
  CHECK_FALSE(MemoryLease::take(queries, 30).has_value());
  CHECK_FALSE(MemoryLease::take(ingest, 50).has_value());
  CHECK(queries.used_bytes() == 60);
  CHECK(ingest.used_bytes() == 0);
  CHECK(lease->resize(80).has_value());
  CHECK_FALSE(lease->resize(81).has_value());
  CHECK(process.used_bytes() == 80);
  lease->release();
  CHECK(process.used_bytes() == 0);
  CHECK(process.peak_bytes() == 80);
}
