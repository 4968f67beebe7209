// Content codings of bodies, with a guard against bodies that expand without end.
//
// libdeflate wants all of its output in one buffer. The size at a gzip's end is the sender's word,
// so it is only a first guess; a buffer that is too small is thrown away before a larger one is
// made, and none is ever larger than the limit.

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zstd.h>

#include "base/check.h"
#include "base/text/ascii.h"
#include "net/http/http.h"

namespace kansoku::net {
namespace {

// Below this the ratio does not matter: a row of zeros may well shrink by more.
constexpr size_t kRatioFreeBytes = 1U << 20;
constexpr size_t kFirstGuessMin = 16 * 1024;
// A list of codings longer than this is nobody's honest body.
constexpr size_t kCodingsMax = 3;
// RFC 8878 3.1.1.1.2 recommends decoders to support 8 MiB windows.
constexpr int kZstdWindowLogMax = 23;

std::unexpected<Error> too_large(size_t input, size_t limit) {
  return resource_exhausted("body expands too far: {} bytes expand to more than {}", input, limit);
}

struct DeflateFree {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

libdeflate_decompressor* thread_decompressor() {
  static thread_local std::unique_ptr<libdeflate_decompressor, DeflateFree> decompressor(
      libdeflate_alloc_decompressor());
  KANSOKU_CHECK(decompressor != nullptr);
  return decompressor.get();
}

using InflateFunction = libdeflate_result (*)(libdeflate_decompressor*, const void*, size_t, void*,
                                              size_t, size_t*, size_t*);

// One member or stream from the front of `input`, which it advances; appends to `out`.
Status inflate_one(InflateFunction function, std::string_view& input, std::string& out,
                   size_t first_guess, size_t output_max, std::string_view coding) {
  size_t before = out.size();
  size_t left = output_max - std::min(before, output_max);
  size_t room = std::min(std::max(first_guess, kFirstGuessMin), left);
  for (;;) {
    size_t taken = 0;
    size_t made = 0;
    libdeflate_result result = LIBDEFLATE_BAD_DATA;
    if (before == 0) out = {};  // free the smaller buffer before the larger one is made
    out.resize_and_overwrite(before + room, [&](char* text, size_t) {
      result = function(thread_decompressor(), input.data(), input.size(), text + before, room,
                        &taken, &made);
      return before + (result == LIBDEFLATE_SUCCESS ? made : 0);
    });
    if (result == LIBDEFLATE_SUCCESS) {
      input.remove_prefix(taken);
      return {};
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) {
      return invalid_argument("body is not valid {}", coding);
    }
    if (room >= left) return too_large(input.size(), output_max);
    room = std::min(room * 4, left);
  }
}

Result<std::string> decode_gzip(std::string_view input, size_t output_max) {
  std::string out;
  // RFC 1952 2.2: a file is a series of members.
  do {
    size_t guess = input.size() * 4;
    if (input.size() >= 18) {
      uint32_t told = 0;
      std::memcpy(&told, input.data() + input.size() - sizeof told, sizeof told);
      // Deflate cannot expand by more than 1,032 (a 258-byte match in 2 bits).
      if (told / 1'032 <= input.size()) guess = told;
    }
    KANSOKU_RETURN_IF_ERROR(
        inflate_one(libdeflate_gzip_decompress_ex, input, out, guess, output_max, "gzip"));
  } while (!input.empty());
  return out;
}

Result<std::string> decode_deflate(std::string_view input, size_t output_max) {
  std::string out;
  std::string_view rest = input;
  Status zlib = inflate_one(libdeflate_zlib_decompress_ex, rest, out, input.size() * 4, output_max,
                            "deflate");
  if (zlib) {
    if (!rest.empty()) return invalid_argument("body has bytes after its deflate stream");
    return out;
  }
  if (zlib.error().code == ErrorCode::ResourceExhausted) return std::unexpected(zlib.error());
  // RFC 9110 8.4.1.2: some senders leave the zlib wrapper out.
  out = {};
  rest = input;
  KANSOKU_RETURN_IF_ERROR(inflate_one(libdeflate_deflate_decompress_ex, rest, out, input.size() * 4,
                                      output_max, "deflate"));
  if (!rest.empty()) return invalid_argument("body has bytes after its deflate stream");
  return out;
}

struct ZstdFree {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// How much the frames expand to, without keeping any of it; over the limit is an error at once.
Result<size_t> measure_zstd(ZSTD_DCtx* context, std::string_view input, size_t output_max) {
  static thread_local std::vector<char> scratch(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  size_t bytes = 0;
  size_t hint = 1;
  for (;;) {
    ZSTD_outBuffer to{scratch.data(), scratch.size(), 0};
    size_t in_before = in.pos;
    hint = ZSTD_decompressStream(context, &to, &in);
    if (ZSTD_isError(hint) != 0) return invalid_argument("body is not valid zstd");
    bytes += to.pos;
    if (bytes > output_max) return too_large(input.size(), output_max);
    if (hint == 0 && in.pos == in.size) return bytes;
    if (to.pos == 0 && in.pos == in_before) return invalid_argument("body is cut zstd");
  }
}

Result<std::string> decode_zstd(std::string_view input, size_t output_max) {
  std::unique_ptr<ZSTD_DCtx, ZstdFree> context(ZSTD_createDCtx());
  KANSOKU_CHECK(context != nullptr);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  // One frame that tells its size (which the decoder checks) is expanded in one go; anything else
  // is measured first, so that the buffer is made once and never beyond the limit.
  unsigned long long told = ZSTD_getFrameContentSize(input.data(), input.size());
  size_t size = 0;
  if (told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR &&
      ZSTD_findFrameCompressedSize(input.data(), input.size()) == input.size()) {
    if (told > output_max) return too_large(input.size(), output_max);
    size = static_cast<size_t>(told);
  } else {
    KANSOKU_TRY(size, measure_zstd(context.get(), input, output_max));
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  }
  std::string out;
  bool failed = false;
  out.resize_and_overwrite(size, [&](char* text, size_t) {
    size_t made = ZSTD_decompressDCtx(context.get(), text, size, input.data(), input.size());
    failed = ZSTD_isError(made) != 0;
    return failed ? 0 : made;
  });
  if (failed) return invalid_argument("body is not valid zstd");
  return out;
}

Result<std::string> decode_one(std::string_view coding, std::string_view body, size_t bytes_max,
                               size_t ratio_max) {
  size_t by_ratio = body.size() > bytes_max / std::max<size_t>(ratio_max, 1)
                        ? bytes_max
                        : body.size() * ratio_max;
  size_t output_max = std::min(bytes_max, std::max(kRatioFreeBytes, by_ratio));
  if (header_equals(coding, "gzip") || header_equals(coding, "x-gzip"))
    return decode_gzip(body, output_max);
  if (header_equals(coding, "deflate")) return decode_deflate(body, output_max);
  if (header_equals(coding, "zstd")) return decode_zstd(body, output_max);
  if (coding.empty() || header_equals(coding, "identity")) {
    if (body.size() > bytes_max) return too_large(body.size(), bytes_max);
    return std::string(body);
  }
  return invalid_argument("content encoding {} is not known; gzip, deflate and zstd are",
                          quoted(coding));
}

}  // namespace

Result<std::string> decode_content(std::string_view encoding, std::string_view body,
                                   size_t bytes_max, size_t ratio_max) {
  std::string decoded;
  std::string_view current = body;
  for (size_t codings = 0;; ++codings) {
    if (codings == kCodingsMax)
      return invalid_argument("more than {} content encodings", kCodingsMax);
    // The last one named was applied last.
    size_t comma = encoding.rfind(',');
    std::string_view coding =
        trimmed(comma == std::string_view::npos ? encoding : encoding.substr(comma + 1), kBlanks);
    KANSOKU_TRY(std::string next, decode_one(coding, current, bytes_max, ratio_max));
    decoded = std::move(next);
    if (comma == std::string_view::npos) return decoded;
    current = decoded;
    encoding = encoding.substr(0, comma);
  }
}

namespace {

// ISA-L's level 1: 2.3 times as fast as libdeflate's, 3 % larger (decision 142). Empty: it could
// not, which it does not say of any body we know.
std::string gzip_quick(std::string_view body) {
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  static thread_local std::array<uint8_t, ISAL_DEF_LVL1_DEFAULT> level_buffer;
  stream.level = 1;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<uint32_t>(level_buffer.size());
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  // Its names of input are not const; it reads only.
  stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uint32_t>(body.size());
  // Stored blocks of 64 KiB at the worst, 5 bytes each, and what stands around them.
  const size_t bound = body.size() + body.size() / 1'024 + 1'024;
  bool good = false;
  std::string out;
  out.resize_and_overwrite(bound, [&](char* text, size_t) {
    stream.next_out = reinterpret_cast<uint8_t*>(text);
    stream.avail_out = static_cast<uint32_t>(bound);
    good = isal_deflate_stateless(&stream) == COMP_OK && stream.avail_in == 0;
    return good ? stream.total_out : 0;
  });
  return out;
}

}  // namespace

std::string gzip_encode(std::string_view body, int level) {
  if (level == 1 && body.size() < (1U << 31)) {
    std::string out = gzip_quick(body);
    if (!out.empty()) {
      out.shrink_to_fit();
      return out;
    }
  }
  std::unique_ptr<libdeflate_compressor, DeflateFree> compressor(
      libdeflate_alloc_compressor(std::clamp(level, 0, 12)));
  KANSOKU_CHECK(compressor != nullptr);
  std::string out;
  size_t bound = libdeflate_gzip_compress_bound(compressor.get(), body.size());
  out.resize_and_overwrite(bound, [&](char* text, size_t) {
    return libdeflate_gzip_compress(compressor.get(), body.data(), body.size(), text, bound);
  });
  KANSOKU_CHECK(!out.empty());
  out.shrink_to_fit();
  return out;
}

}  // namespace kansoku::net
