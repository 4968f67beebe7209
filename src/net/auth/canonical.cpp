#include "net/auth/canonical.h"

#include <algorithm>

#include "base/text/percent.h"

namespace kansoku::net::auth {
namespace {

// Trims and folds runs of blanks, line ends of folded headers included.
void append_folded(std::string& out, std::string_view value) {
  value = trimmed(value, kBlanksAndLineEnds);
  bool in_blank = false;
  for (char c : value) {
    if (kBlanksAndLineEnds.find(c) != std::string_view::npos) {
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
    append_percent_encoded(out, path, "/");
  }
}

void append_canonical_query(std::string& out, std::string_view query,
                            const CanonicalOptions& options) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const QueryParameter& parameter : parse_query(query)) {
    if (options.omit_signature_query && parameter.name == "X-Amz-Signature") continue;
    if (options.omit_token_query && parameter.name == "X-Amz-Security-Token") continue;
    auto& [name, value] = encoded.emplace_back();
    append_percent_encoded(name, parameter.name, "");
    append_percent_encoded(value, parameter.value, "");
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
    out.push_back({form_decoded_leniently(item.substr(0, equals)), form_decoded_leniently(value)});
  }
  return out;
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
