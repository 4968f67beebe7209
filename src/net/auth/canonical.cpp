#include "net/auth/canonical.h"

#include <algorithm>

namespace kansoku::net::auth {
namespace {

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Trims and folds runs of blanks, line ends of folded headers included.
void append_folded(std::string& out, std::string_view value) {
  value = trimmed(value);
  bool in_blank = false;
  for (char c : value) {
    if (blank(c)) {
      in_blank = true;
      continue;
    }
    if (in_blank) out += ' ';
    in_blank = false;
    out += c;
  }
}

void append_canonical_path(std::string& out, std::string_view path,
                           const CanonicalOptions& options) {
  if (path.empty()) {
    out += '/';
    return;
  }
  std::string normalized;
  if (options.normalize_path) {
    normalized = normalized_path(path);
    path = normalized;
  }
  if (options.path_rule == PathRule::AsReceived) {
    out += path;
  } else {
    append_uri_encoded(out, path, true);
  }
}

void append_canonical_query(std::string& out, std::string_view query,
                            const CanonicalOptions& options) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const QueryParameter& parameter : parse_query(query)) {
    if (options.omit_signature_query && parameter.name == "X-Amz-Signature") continue;
    if (options.omit_token_query && parameter.name == "X-Amz-Security-Token") continue;
    auto& [name, value] = encoded.emplace_back();
    append_uri_encoded(name, parameter.name, false);
    append_uri_encoded(value, parameter.value, false);
  }
  std::sort(encoded.begin(), encoded.end());
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (i > 0) out += '&';
    out += encoded[i].first;
    out += '=';
    out += encoded[i].second;
  }
}

}  // namespace

void append_uri_encoded(std::string& out, std::string_view text, bool keep_slash) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (char c : text) {
    if (unreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

std::string uri_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::vector<QueryParameter> parse_query(std::string_view query) {
  std::vector<QueryParameter> out;
  while (!query.empty()) {
    size_t end = query.find('&');
    std::string_view item = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    if (item.empty()) continue;
    size_t equals = item.find('=');
    std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    out.push_back({uri_decode(item.substr(0, equals)), uri_decode(value)});
  }
  return out;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string normalized_path(std::string_view path) {
  std::vector<std::string_view> folders;
  bool slash_at_end = false;
  size_t at = 0;
  while (at <= path.size()) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string_view folder = path.substr(at, end - at);
    slash_at_end = folder.empty() || folder == "." || folder == "..";
    if (folder == "..") {
      if (!folders.empty()) folders.pop_back();
    } else if (!folder.empty() && folder != ".") {
      folders.push_back(folder);
    }
    at = end + 1;
  }
  std::string out;
  for (std::string_view folder : folders) {
    out += '/';
    out += folder;
  }
  if (slash_at_end || out.empty()) out += '/';
  return out;
}

std::string canonical_request(const SignedRequest& request,
                              std::span<const std::string_view> signed_headers,
                              std::string_view payload_hash, const CanonicalOptions& options) {
  std::string out;
  out.reserve(512 + request.path.size() + request.query.size());
  out += request.method;
  out += '\n';
  append_canonical_path(out, request.path, options);
  out += '\n';
  append_canonical_query(out, request.query, options);
  out += '\n';
  for (std::string_view name : signed_headers) {
    out += name;
    out += ':';
    bool first = true;
    for (const Header& header : request.headers) {
      if (!equals_ignore_case(header.name, name)) continue;
      if (!first) out += ',';
      first = false;
      append_folded(out, header.value);
    }
    out += '\n';
  }
  out += '\n';
  for (size_t i = 0; i < signed_headers.size(); ++i) {
    if (i > 0) out += ';';
    out += signed_headers[i];
  }
  out += '\n';
  out += payload_hash;
  return out;
}

}  // namespace kansoku::net::auth
