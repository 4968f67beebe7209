#include "api/console/assets.h"

#include "net/secrets/secrets.h"

extern "C" {
extern const char kansoku_console_pack[];
extern const char kansoku_console_pack_end[];
extern const char kansoku_console_index[];
extern const char kansoku_console_index_end[];
}

namespace kansoku::api::console {
namespace {

constexpr std::string_view kPrefix = "/ui/";
constexpr std::string_view kNoncePlaceholder = "__CSP_NONCE__";

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    size_t end = std::min(text.find(at), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

size_t to_size(std::string_view text) {
  size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void add_security_headers(net::Headers& headers, const std::string& nonce) {
  std::string style = nonce.empty() ? "'self'" : fmt::format("'self' 'nonce-{}'", nonce);
  headers.set(
      "content-security-policy",
      fmt::format(
          "default-src 'none'; script-src 'self'; style-src {}; img-src 'self' data: blob:; "
          "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
          "frame-ancestors 'none'",
          style));
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "same-origin");
}

}  // namespace

Assets Assets::embedded() {
  return {std::string_view(kansoku_console_pack,
                           static_cast<size_t>(kansoku_console_pack_end - kansoku_console_pack)),
          std::string_view(kansoku_console_index,
                           static_cast<size_t>(kansoku_console_index_end - kansoku_console_index))};
}

Assets::Assets(std::string_view pack, std::string_view index) : pack_(pack) {
  for (std::string_view line : split(index, '\n')) {
    auto fields = split(line, '\t');
    if (fields.size() < 7) continue;
    Asset& asset = assets_[std::string(fields[0])];
    asset.type = fields[1];
    asset.etag = fields[2];
    asset.immutable = fields[6] == "1" || fields[6] == "true" || fields[6] == "immutable";
    asset.encodings[std::string(fields[3])] = {to_size(fields[4]), to_size(fields[5])};
  }
}

net::HttpResponse Assets::document(const net::HttpRequest&, env::Random& random) const {
  net::HttpResponse out;
  out.headers.set("content-type", "text/html; charset=utf-8");
  out.headers.set("cache-control", "no-cache");
  auto found = assets_.find("index.html");
  if (found == assets_.end()) {
    out.body =
        "<!doctype html><title>kansoku</title><p>this kansoku was built without its console; "
        "build it with KANSOKU_CONSOLE=ON\n";
    add_security_headers(out.headers, {});
    return out;
  }
  // The nonce is fresh for each response and stands in the body, so no two documents are the same
  // and none is answered with 304.
  std::string nonce = net::random_hex(random, 16);
  out.headers.set("etag", fmt::format("\"{}\"", nonce));
  const Body& body = found->second.encodings.at("identity");
  out.body = std::string(pack_.substr(body.offset, body.length));
  if (size_t at = out.body.find(kNoncePlaceholder); at != std::string::npos) {
    out.body.replace(at, kNoncePlaceholder.size(), nonce);
  }
  add_security_headers(out.headers, nonce);
  return out;
}

net::HttpResponse Assets::serve(const net::HttpRequest& request, env::Random& random) const {
  std::string_view path = request.path();
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  auto found = assets_.find(path);
  if (found == assets_.end() || path == "index.html") {
    std::string_view last = path.substr(path.rfind('/') + 1);
    if (last.find('.') == std::string_view::npos || path == "index.html") {
      return document(request, random);
    }
    net::HttpResponse out{.status = 404, .body = "no such file\n"};
    out.headers.set("content-type", "text/plain; charset=utf-8");
    add_security_headers(out.headers, {});
    return out;
  }
  const Asset& asset = found->second;
  net::HttpResponse out;
  add_security_headers(out.headers, {});
  out.headers.set("etag", asset.etag);
  out.headers.set("vary", "accept-encoding");
  out.headers.set("cache-control",
                  asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.headers.get("if-none-match") == asset.etag) {
    out.status = 304;
    return out;
  }
  out.headers.set("content-type", asset.type);
  std::string_view accepted = request.headers.get("accept-encoding");
  for (std::string_view encoding : {"br", "gzip", "identity"}) {
    auto body = asset.encodings.find(std::string(encoding));
    if (body == asset.encodings.end()) continue;
    if (encoding != "identity" && accepted.find(encoding) == std::string_view::npos) continue;
    if (encoding != "identity") out.headers.set("content-encoding", std::string(encoding));
    out.static_body = pack_.substr(body->second.offset, body->second.length);
    break;
  }
  return out;
}

}  // namespace kansoku::api::console
