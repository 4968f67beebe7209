#include <doctest/doctest.h>
#include <libdeflate.h>
#include <malloc.h>
#include <zstd.h>

#include "net/http/http.h"

namespace kansoku::net {
namespace {

std::string text_of(size_t bytes) {
  std::string text;
  for (uint32_t i = 0; text.size() < bytes; ++i)
    text += fmt::format("line {} of text\n", i * 2654435761U);
  text.resize(bytes);
  return text;
}

std::string zstd_of(std::string_view text, bool with_size = true) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size ? 1 : 0);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string deflate_of(std::string_view text, bool zlib) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(text.size() + 1'000, '\0');
  out.resize(
      zlib ? libdeflate_zlib_compress(compressor, text.data(), text.size(), out.data(), out.size())
           : libdeflate_deflate_compress(compressor, text.data(), text.size(), out.data(),
                                         out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

TEST_CASE("content coding: every coding comes back as it was") {
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{100}, size_t{70'000}, size_t{3'000'000}}) {
    std::string text = text_of(bytes);
    CHECK(decode_content("gzip", gzip_encode(text), 4'000'000).value() == text);
    CHECK(decode_content("X-GZip", gzip_encode(text, 6), 4'000'000).value() == text);
    CHECK(decode_content("deflate", deflate_of(text, true), 4'000'000).value() == text);
    CHECK(decode_content("deflate", deflate_of(text, false), 4'000'000).value() == text);
    CHECK(decode_content("zstd", zstd_of(text), 4'000'000).value() == text);
    CHECK(decode_content("zstd", zstd_of(text, false), 4'000'000).value() == text);
    CHECK(decode_content("", text, 4'000'000).value() == text);
    CHECK(decode_content("identity", text, 4'000'000).value() == text);
  }
}

TEST_CASE("content coding: members of a gzip and frames of a zstd are put together") {
  std::string a = text_of(50'000), b = text_of(9);
  CHECK(decode_content("gzip", gzip_encode(a) + gzip_encode(b), 1'000'000).value() == a + b);
  CHECK(decode_content("zstd", zstd_of(a) + zstd_of(b, false), 1'000'000).value() == a + b);
}

TEST_CASE("content coding: a list is undone from the right") {
  std::string text = text_of(10'000);
  CHECK(decode_content("zstd, gzip", gzip_encode(zstd_of(text)), 1'000'000).value() == text);
  CHECK_FALSE(decode_content("gzip, gzip, gzip, gzip", gzip_encode(text), 1'000'000).has_value());
}

TEST_CASE("content coding: the limit is exact") {
  std::string text = text_of(100'000);
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", gzip_encode(text)},
                                     {"deflate", deflate_of(text, true)},
                                     {"deflate", deflate_of(text, false)},
                                     {"zstd", zstd_of(text)},
                                     {"zstd", zstd_of(text, false)},
                                     {"identity", text}}) {
    CHECK(decode_content(coding, body, 100'000).value() == text);
    auto refused = decode_content(coding, body, 99'999);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::ResourceExhausted);
  }
}

TEST_CASE("content coding: damaged and cut bodies are refused") {
  std::string text = text_of(20'000);
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", gzip_encode(text)},
                                     {"deflate", deflate_of(text, true)},
                                     {"zstd", zstd_of(text)},
                                     {"zstd", zstd_of(text, false)}}) {
    for (size_t cut : {size_t{0}, size_t{5}, body.size() / 2, body.size() - 1}) {
      CHECK_FALSE(
          decode_content(coding, std::string_view(body).substr(0, cut), 1'000'000).has_value());
    }
  }
  std::string flipped = gzip_encode(text);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  CHECK_FALSE(decode_content("gzip", flipped, 1'000'000).has_value());
  auto unknown = decode_content("br", text, 1'000'000);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == ErrorCode::InvalidArgument);
}

TEST_CASE("content coding: twenty bombs are refused within the limit's memory") {
  std::string zeros(64U << 20, '\0');
  std::string gzip = gzip_encode(zeros, 9);
  std::string zstd = zstd_of(zeros);
  std::string unsized = zstd_of(zeros, false);
  zeros = {};
  // A bomb inside a bomb, and one that lies about its size.
  std::string nested = gzip_encode(gzip);
  std::string lying = gzip;
  for (size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = i == 2 ? 1 : 0;
  struct mallinfo2 before = mallinfo2();
  constexpr size_t kMax = 4U << 20;
  size_t refused = 0;
  for (int i = 0; i < 4; ++i) {
    for (const auto& [coding, body] : {std::pair<std::string_view, std::string_view>{"gzip", gzip},
                                       {"zstd", zstd},
                                       {"zstd", unsized},
                                       {"gzip, gzip", nested},
                                       {"gzip", lying}}) {
      auto result = decode_content(coding, body, kMax);
      refused += !result && result.error().code == ErrorCode::ResourceExhausted;
    }
  }
  CHECK(refused == 20);
  struct mallinfo2 after = mallinfo2();
  // Nothing is kept: arena and mapped bytes in use are as before, give or take a context.
  CHECK(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + (2U << 20));
}

TEST_CASE("content coding: the ratio is limited once the output is large") {
  std::string zeros(8U << 20, '\0');
  std::string zstd = zstd_of(zeros);
  REQUIRE(zstd.size() * 1'000 < zeros.size());
  auto refused = decode_content("zstd", zstd, 64U << 20);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::ResourceExhausted);
  CHECK(decode_content("zstd", zstd, 64U << 20, 100'000).value().size() == zeros.size());
}

}  // namespace
}  // namespace kansoku::net
