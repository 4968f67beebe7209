#include "api/aws/page_token.h"

#include <charconv>

#include "base/text/base64.h"
#include "net/auth/sigv4.h"

namespace kansoku::api::aws {
namespace {

constexpr size_t kSealBytes = 16;
constexpr size_t kTokenBytesMax = 16 * 1024;

}  // namespace

void append_part(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

bool take_part(std::string_view& text, std::string_view& part) {
  size_t size = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end == text.data() + text.size() || *end != ':') return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  if (size > text.size()) return false;
  part = text.substr(0, size);
  text.remove_prefix(size);
  return true;
}

std::string PageTokens::seal(std::string_view binding, std::string_view position) const {
  std::string text;
  append_part(text, binding);
  append_part(text, position);
  auto digest = net::auth::hmac_sha256(key_, text);
  return {reinterpret_cast<const char*>(digest.data()), kSealBytes};
}

std::string PageTokens::issue(std::string_view binding, std::string_view position) const {
  std::string bytes = seal(binding, position);
  bytes += position;
  return base64_encode(bytes);
}

std::optional<std::string> PageTokens::open(std::string_view binding,
                                            std::string_view token) const {
  if (token.size() > kTokenBytesMax) return std::nullopt;
  auto bytes = base64_decode(token);
  if (!bytes || bytes->size() < kSealBytes) return std::nullopt;
  std::string position = bytes->substr(kSealBytes);
  if (!net::auth::constant_time_equal(std::string_view(*bytes).substr(0, kSealBytes),
                                      seal(binding, position))) {
    return std::nullopt;
  }
  return position;
}

}  // namespace kansoku::api::aws
