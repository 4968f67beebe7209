// Signing what we send.
#include <fmt/core.h>

#include <algorithm>

#include "base/text/percent.h"
#include "net/auth/canonical.h"
#include "net/auth/sigv4.h"

namespace kansoku::net::auth {
namespace {

struct UrlParts {
  std::string_view host;  // with the port where the URL has one
  std::string_view path;
  std::string_view query;
};

UrlParts split_url(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('#'));
  UrlParts parts;
  size_t end = std::min(url.find_first_of("/?"), url.size());
  parts.host = url.substr(0, end);
  size_t at = parts.host.rfind('@');
  if (at != std::string_view::npos) parts.host.remove_prefix(at + 1);
  std::string_view rest = url.substr(end);
  size_t question = rest.find('?');
  parts.path = rest.substr(0, question);
  if (question != std::string_view::npos) parts.query = rest.substr(question + 1);
  return parts;
}

std::string default_host(std::string_view url, std::string_view host) {
  // Clients leave the scheme's own port out of the Host header.
  bool https = url.starts_with("https://");
  std::string_view port = https ? ":443" : ":80";
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return std::string(host);
}

Header* find_header(std::vector<Header>& headers, std::string_view name) {
  for (Header& header : headers) {
    if (equals_ignore_case(header.name, name)) return &header;
  }
  return nullptr;
}

void set_header(std::vector<Header>& headers, std::string_view name, std::string value) {
  std::erase_if(headers,
                [&](const Header& header) { return equals_ignore_case(header.name, name); });
  headers.push_back({std::string(name), std::move(value)});
}

bool signs(std::string_view lower_name) {
  return lower_name == "host" || lower_name == "content-type" || lower_name == "content-encoding" ||
         lower_name == "smithy-protocol" || lower_name.starts_with("x-amz-") ||
         lower_name.starts_with("x-amzn-query") || lower_name.starts_with("x-kansoku-");
}

CanonicalOptions options_for(std::string_view service) {
  CanonicalOptions options;
  if (service == "s3") {
    options.path_rule = PathRule::AsReceived;
    options.normalize_path = false;
  }
  return options;
}

}  // namespace

void sign_request(HttpClientRequest& request, const Credentials& credentials,
                  std::string_view region, std::string_view service, env::WallTime now) {
  std::vector<Header>& headers = request.headers.list();
  UrlParts url = split_url(request.url);
  std::string date = amz_date(now);
  std::erase_if(headers, [](const Header& header) {
    return equals_ignore_case(header.name, "authorization") ||
           equals_ignore_case(header.name, "x-amz-security-token");
  });
  if (find_header(headers, "host") == nullptr) {
    headers.push_back({"Host", default_host(request.url, url.host)});
  }
  set_header(headers, "X-Amz-Date", date);
  if (!credentials.session_token.empty()) {
    set_header(headers, "X-Amz-Security-Token", credentials.session_token);
  }
  std::vector<std::string> names;
  for (const Header& header : headers) {
    std::string name = lower_ascii(header.name);
    if (signs(name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<std::string_view> views(names.begin(), names.end());

  const Header* claimed = find_header(headers, "x-amz-content-sha256");
  std::string hash = claimed != nullptr ? claimed->value : sha256_hex(request.body);
  SignedRequest view{request.method, url.path, url.query, headers, request.body};
  CredentialScope scope{credentials.access_key_id, date.substr(0, 8), std::string(region),
                        std::string(service)};
  std::string canonical = canonical_request(view, views, hash, options_for(service));
  std::string signature =
      signature_of(credentials.secret_access_key, scope, string_to_sign(date, scope, canonical));
  std::string list;
  for (std::string_view name : views) {
    if (!list.empty()) list += ';';
    list += name;
  }
  headers.push_back(
      {"Authorization", fmt::format("{} Credential={}/{}/{}/{}/{}, SignedHeaders={}, Signature={}",
                                    kAlgorithm, scope.access_key_id, scope.date, region, service,
                                    kTerminator, list, signature)});
}

std::string presign_url(std::string_view method, std::string_view url,
                        const Credentials& credentials, std::string_view region,
                        std::string_view service, env::WallTime now, int64_t expires_s) {
  UrlParts parts = split_url(url);
  std::string date = amz_date(now);
  CredentialScope scope{credentials.access_key_id, date.substr(0, 8), std::string(region),
                        std::string(service)};
  std::string query(parts.query);
  auto append = [&](std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += name;
    query += '=';
    append_percent_encoded(query, value, "");
  };
  append("X-Amz-Algorithm", kAlgorithm);
  append("X-Amz-Credential", fmt::format("{}/{}/{}/{}/{}", scope.access_key_id, scope.date, region,
                                         service, kTerminator));
  append("X-Amz-Date", date);
  append("X-Amz-Expires", fmt::format("{}", expires_s));
  append("X-Amz-SignedHeaders", "host");
  if (!credentials.session_token.empty()) append("X-Amz-Security-Token", credentials.session_token);
  std::vector<Header> headers{{"Host", default_host(url, parts.host)}};
  std::string_view host = "host";
  SignedRequest view{method, parts.path, query, headers, {}};
  std::string canonical =
      canonical_request(view, {&host, 1}, kEmptyPayloadHash, options_for(service));
  append("X-Amz-Signature", signature_of(credentials.secret_access_key, scope,
                                         string_to_sign(date, scope, canonical)));
  std::string_view base = url.substr(0, url.find_first_of("?#"));
  return fmt::format("{}{}?{}", base, parts.path.empty() ? "/" : "", query);
}

}  // namespace kansoku::net::auth
