#include "net/auth/sigv4.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <random>

#include "conformance/aws/json_value.h"
#include "conformance/aws/raw_request.h"
#include "net/auth/auth_error_table.h"

namespace kansoku::net::auth {
namespace {

using test::JsonValue;
using test::RawRequest;

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

SignedRequest view(const RawRequest& request) {
  std::string_view target = request.target;
  size_t question = target.find('?');
  return {request.method, target.substr(0, question),
          question == std::string_view::npos ? std::string_view{} : target.substr(question + 1),
          request.headers, request.body};
}

MemoryKeyStore& add_key(MemoryKeyStore& keys, std::string id = "AKIDEXAMPLE",
                        std::string secret = std::string(kSecret), std::string token = {}) {
  auto principal = std::make_shared<Principal>();
  principal->account = "123456789012";
  keys.put({.access_key_id = std::move(id),
            .secret_access_key = std::move(secret),
            .session_token = std::move(token),
            .principal = principal});
  return keys;
}

// The time a request says it was signed at.
env::WallTime time_of(const RawRequest& request) {
  for (const Header& header : request.headers) {
    std::string lower = header.name;
    std::ranges::transform(lower, lower.begin(), [](char c) { return std::tolower(c); });
    if (lower == "x-amz-date") return *parse_amz_date(header.value);
  }
  size_t at = request.target.find("X-Amz-Date=");
  REQUIRE(at != std::string::npos);
  return *parse_amz_date(std::string_view(request.target).substr(at + 11, 16));
}

RawRequest signed_post(std::string body = "Action=ListMetrics&Version=2010-08-01",
                       std::string token = {}) {
  HttpClientRequest request;
  request.method = "POST";
  request.url = "http://127.0.0.1:8470/";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"X-Amz-Target", "GraniteServiceVersion20100801.ListMetrics"},
                     {"User-Agent", "test"}};
  request.body = std::move(body);
  sign_request(request, {"AKIDEXAMPLE", std::string(kSecret), std::move(token)}, "eu-west-1",
               "monitoring", *parse_amz_date("20261122T120000Z"));
  return {request.method, "/", request.headers.list(), request.body};
}

RawRequest presigned_get(int64_t expires_s = 600) {
  std::string url = presign_url("GET", "http://127.0.0.1:8470/a%3Ab?Action=GetCallerIdentity&x=1",
                                {"AKIDEXAMPLE", std::string(kSecret)}, "eu-west-1", "sts",
                                *parse_amz_date("20261122T120000Z"), expires_s);
  return {"GET", url.substr(url.find("8470") + 4), {{"Host", "127.0.0.1:8470"}}, ""};
}

std::expected<Verified, AuthFailure> verify(const RawRequest& request, const KeyStore& keys,
                                            std::string_view now = "20261122T120001Z") {
  return verify_request(view(request), keys, *parse_amz_date(now));
}

AuthFault fault(const RawRequest& request, const KeyStore& keys,
                std::string_view now = "20261122T120001Z") {
  auto verified = verify(request, keys, now);
  REQUIRE_FALSE(verified.has_value());
  return verified.error().fault;
}

// ---- The published test-suite

struct SuiteCase {
  JsonValue context;
  std::filesystem::path folder;
  std::string file(const char* name) const { return test::read_text(folder / name); }
};

std::vector<std::string> names_in(const std::string& canonical) {
  // The line before the last is the list.
  size_t end = canonical.rfind('\n');
  size_t start = canonical.rfind('\n', end - 1) + 1;
  std::vector<std::string> out;
  std::string_view list = std::string_view(canonical).substr(start, end - start);
  while (true) {
    size_t at = list.find(';');
    out.emplace_back(list.substr(0, at));
    if (at == std::string_view::npos) return out;
    list.remove_prefix(at + 1);
  }
}

void check_suite_case(const SuiteCase& one, const char* form) {
  std::string canonical = one.file((std::string(form) + "-canonical-request.txt").c_str());
  RawRequest request =
      test::parse_raw_request(one.file((std::string(form) + "-signed-request.txt").c_str()));
  std::vector<std::string> names = names_in(canonical);
  std::vector<std::string_view> views(names.begin(), names.end());
  CanonicalOptions options;
  options.normalize_path = one.context["normalize"].boolean;
  std::string hash = canonical.substr(canonical.rfind('\n') + 1);
  CHECK(canonical_request(view(request), views, hash, options) == canonical);
  if (one.context["sign_body"].boolean) CHECK(hash == sha256_hex(request.body));

  CredentialScope scope{one.context["credentials"]["access_key_id"].text, "20150830",
                        one.context["region"].text, one.context["service"].text};
  std::string text = string_to_sign("20150830T123600Z", scope, canonical);
  CHECK(text == one.file((std::string(form) + "-string-to-sign.txt").c_str()));
  const std::string& secret = one.context["credentials"]["secret_access_key"].text;
  CHECK(signature_of(secret, scope, text) ==
        one.file((std::string(form) + "-signature.txt").c_str()));
}

// FIPS 180-4, example of one block.
TEST_CASE("sha512 of the standard's example") {
  CHECK(
      sha512_hex("abc") ==
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
      "ebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("published_sigv4_suite_is_reproduced_step_by_step") {
  auto folder = test::conformance("aws/sigv4");
  if (!folder) return test::skip("published_sigv4_suite");
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    SuiteCase one{test::read_json_file(entry.path() / "context.json"), entry.path()};
    INFO(entry.path().filename().string());
    check_suite_case(one, "header");
    check_suite_case(one, "query");
    ++cases;
  }
  CHECK(cases >= 20);
}

TEST_CASE("published_sigv4_suite_requests_verify") {
  auto folder = test::conformance("aws/sigv4");
  if (!folder) return test::skip("published_sigv4_suite_requests_verify");
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    INFO(entry.path().filename().string());
    SuiteCase one{test::read_json_file(entry.path() / "context.json"), entry.path()};
    // Real clients normalise; paths that the suite signs unnormalised are no wire requests.
    if (!one.context["normalize"].boolean) continue;
    MemoryKeyStore keys;
    add_key(keys, "AKIDEXAMPLE", std::string(kSecret), one.context["credentials"]["token"].text);
    for (const char* form : {"header-signed-request.txt", "query-signed-request.txt"}) {
      INFO(std::string(form));
      RawRequest request = test::parse_raw_request(one.file(form));
      // The suite's folders that sign no body of a request that has one.
      if (!one.context["sign_body"].boolean && !request.body.empty()) continue;
      auto verified = verify_request(view(request), keys, *parse_amz_date("20150830T123600Z"));
      if (!verified) MESSAGE(verified.error().message);
      CHECK(verified.has_value());
    }
  }
}

RawRequest from_capture(const JsonValue& capture) {
  RawRequest request;
  request.method = capture["method"].text;
  request.target = capture["path"].text;
  for (const JsonValue& header : capture["headers"].list) {
    request.headers.push_back({header.list[0].text, header.list[1].text});
  }
  std::string_view text = capture["body_b64"].text;
  int bits = 0;
  uint32_t word = 0;
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (char c : text) {
    if (c == '=') break;
    word = word << 6 | static_cast<uint32_t>(kDigits.find(c));
    if ((bits += 6) >= 8) request.body += static_cast<char>(word >> (bits -= 8) & 0xFF);
  }
  return request;
}

TEST_CASE("captured_requests_of_real_clients_verify") {
  auto folder = test::conformance("aws/wire-captures");
  if (!folder) return test::skip("captured_requests_of_real_clients_verify");
  int requests = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    JsonValue file = test::read_json_file(entry.path());
    MemoryKeyStore keys;
    add_key(keys, file["credentials"]["access_key_id"].text,
            file["credentials"]["secret_access_key"].text);
    for (const JsonValue& capture : file["requests"].list) {
      RawRequest request = from_capture(capture);
      INFO(entry.path().filename().string(), " ", request.target);
      auto verified = verify_request(view(request), keys, time_of(request));
      if (!verified) MESSAGE(verified.error().message);
      CHECK(verified.has_value());
      if (!request.body.empty()) {
        request.body[request.body.size() / 2] ^= 1;
        CHECK_FALSE(verify_request(view(request), keys, time_of(request)).has_value());
      }
      ++requests;
    }
  }
  CHECK(requests >= 50);
}

// ---- Cases of our own

TEST_CASE("the_suite_s_vanilla_request_has_its_published_signature") {
  RawRequest request{
      "GET", "/", {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, ""};
  std::string_view names[] = {"host", "x-amz-date"};
  CredentialScope scope{"AKIDEXAMPLE", "20150830", "us-east-1", "service"};
  std::string canonical = canonical_request(view(request), names, sha256_hex(""));
  CHECK(signature_of(kSecret, scope, string_to_sign("20150830T123600Z", scope, canonical)) ==
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("canonical_forms_follow_the_rules") {
  auto first_lines = [](std::string target) {
    RawRequest request{"GET", std::move(target), {}, ""};
    std::string canonical = canonical_request(view(request), {}, "");
    return canonical.substr(4, canonical.find("\n\n") - 4);
  };
  CHECK(first_lines("/a%3Ab") == "/a%253Ab");
  CHECK(first_lines("/a/./b/../c//d/") == "/a/c/d/");
  CHECK(first_lines("/?b=2&a=1&a=0") == "/\na=0&a=1&b=2");
  CHECK(first_lines("/?a=x%20y&b=x+y&c=%2B&d") == "/\na=x%20y&b=x%20y&c=%2B&d=");
  CHECK(first_lines("/?k%zz=1") == "/\nk%25zz=1");
  RawRequest folded{"GET", "/", {{"A", "  x   y "}, {"a", "z"}}, ""};
  std::string_view names[] = {"a"};
  CHECK(canonical_request(view(folded), names, "h") == "GET\n/\n\na:x y,z\n\na\nh");
}

TEST_CASE("what_we_sign_we_verify") {
  MemoryKeyStore keys;
  add_key(keys);
  auto verified = verify(signed_post(), keys);
  REQUIRE(verified.has_value());
  CHECK(verified->principal->account == "123456789012");
  CHECK(verified->scope.region == "eu-west-1");
  CHECK(verified->scope.service == "monitoring");
  auto presigned = verify(presigned_get(), keys);
  REQUIRE(presigned.has_value());
  CHECK(presigned->presigned);
  CHECK(claimed_scope(view(presigned_get()))->service == "sts");
  CHECK(claimed_scope(view(signed_post()))->region == "eu-west-1");
}

TEST_CASE("faults_are_told_apart") {
  MemoryKeyStore keys;
  add_key(keys);
  RawRequest unsigned_request{"POST", "/", {{"Host", "x"}}, "Action=ListMetrics"};
  CHECK(fault(unsigned_request, keys) == AuthFault::NoSignature);

  MemoryKeyStore none;
  CHECK(fault(signed_post(), none) == AuthFault::UnknownKey);
  MemoryKeyStore wrong;
  add_key(wrong, "AKIDEXAMPLE", "another secret");
  CHECK(fault(signed_post(), wrong) == AuthFault::BadSignature);

  CHECK(fault(signed_post(), keys, "20261122T120501Z") == AuthFault::Skewed);
  CHECK(fault(signed_post(), keys, "20261122T115459Z") == AuthFault::Skewed);
  CHECK(verify(signed_post(), keys, "20261122T120459Z").has_value());
  CHECK(fault(presigned_get(600), keys, "20261122T121001Z") == AuthFault::Expired);
  CHECK(verify(presigned_get(600), keys, "20261122T120959Z").has_value());
  CHECK(fault(presigned_get(604'801), keys) == AuthFault::Malformed);

  RawRequest tampered = signed_post();
  tampered.body += "&x=1";
  CHECK(fault(tampered, keys) == AuthFault::BadSignature);
}

TEST_CASE("malformed_signatures_are_refused_by_name") {
  MemoryKeyStore keys;
  add_key(keys);
  auto with_authorization = [](std::string value) {
    RawRequest request = signed_post();
    for (Header& header : request.headers) {
      if (header.name == "Authorization") header.value = std::move(value);
    }
    return request;
  };
  CHECK(fault(with_authorization("AWS4-HMAC-SHA256 Credential=A/20261122/r/s/aws4_request"),
              keys) == AuthFault::Malformed);
  CHECK(fault(with_authorization("Basic dXNlcjpwYXNz"), keys) == AuthFault::Malformed);
  auto v4a = verify(with_authorization("AWS4-ECDSA-P256-SHA256 Credential=A, SignedHeaders=host, "
                                       "Signature=00"),
                    keys);
  REQUIRE_FALSE(v4a.has_value());
  CHECK(v4a.error().fault == AuthFault::Malformed);
  CHECK(v4a.error().message.find("AWS4-ECDSA-P256-SHA256") != std::string::npos);

  RawRequest twice = signed_post();
  twice.headers.push_back({"x-amz-date", "20261122T120000Z"});
  CHECK(fault(twice, keys) == AuthFault::Malformed);
  RawRequest both = signed_post();
  both.target = presigned_get().target;
  CHECK(fault(both, keys) == AuthFault::Malformed);
}

TEST_CASE("an_unsigned_amz_header_is_refused") {
  MemoryKeyStore keys;
  add_key(keys);
  RawRequest request = signed_post();
  request.headers.push_back({"X-Amz-Acl", "public"});
  CHECK(fault(request, keys) == AuthFault::BadSignature);
}

TEST_CASE("session_tokens_must_match_and_end") {
  MemoryKeyStore keys;
  add_key(keys, "AKIDEXAMPLE", std::string(kSecret), "the token");
  CHECK(verify(signed_post("x=1", "the token"), keys).has_value());
  CHECK(fault(signed_post("x=1", "another"), keys) == AuthFault::UnknownKey);
  CHECK(fault(signed_post("x=1"), keys) == AuthFault::UnknownKey);
  AccessKey key = *keys.find("AKIDEXAMPLE");
  key.expires = *parse_amz_date("20261122T120000Z");
  keys.put(key);
  CHECK(fault(signed_post("x=1", "the token"), keys) == AuthFault::ExpiredToken);
  key.expires.reset();
  key.disabled = true;
  keys.put(key);
  CHECK(fault(signed_post("x=1", "the token"), keys) == AuthFault::UnknownKey);
}

TEST_CASE("the_content_hash_header_is_held_against_the_body") {
  MemoryKeyStore keys;
  add_key(keys);
  auto signed_with = [](std::string hash, std::string body) {
    HttpClientRequest request;
    request.method = "POST";
    request.url = "http://h/";
    request.headers = {{"X-Amz-Content-Sha256", std::move(hash)}};
    request.body = std::move(body);
    sign_request(request, {"AKIDEXAMPLE", std::string(kSecret)}, "r", "s",
                 *parse_amz_date("20261122T120000Z"));
    return RawRequest{request.method, "/", request.headers.list(), request.body};
  };
  CHECK(verify(signed_with(sha256_hex("abc"), "abc"), keys).has_value());
  CHECK(fault(signed_with(sha256_hex("abc"), "abd"), keys) == AuthFault::BadSignature);
  CHECK(verify(signed_with("UNSIGNED-PAYLOAD", "anything"), keys).has_value());
  CHECK(fault(signed_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x"), keys) ==
        AuthFault::Malformed);
}

TEST_CASE("a_date_header_stands_in_for_x_amz_date") {
  MemoryKeyStore keys;
  add_key(keys);
  RawRequest request{"GET", "/", {{"Host", "h"}, {"Date", "Sun, 22 Nov 2026 12:00:00 GMT"}}, ""};
  std::string_view names[] = {"date", "host"};
  CredentialScope scope{"AKIDEXAMPLE", "20261122", "r", "s"};
  std::string canonical = canonical_request(view(request), names, sha256_hex(""));
  std::string signature =
      signature_of(kSecret, scope, string_to_sign("20261122T120000Z", scope, canonical));
  request.headers.push_back({"Authorization",
                             "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/r/s/aws4_request, "
                             "SignedHeaders=date;host, Signature=" +
                                 signature});
  CHECK(verify(request, keys).has_value());
}

// ---- Mutations: whatever is changed in a signed request, it is not let in.

char other_char(char c, std::mt19937_64& random) {
  constexpr std::string_view kChars = "abcdefghijklmnopqrstuvwxyz0123456789%/=&;.-";
  char out = c;
  while (out == c) out = kChars[random() % kChars.size()];
  return out;
}

// One change of a signed part; false where it would change nothing that is signed.
bool mutate(RawRequest& request, std::mt19937_64& random) {
  auto header = [&](std::string_view name) -> Header* {
    for (Header& one : request.headers) {
      if (one.name == name) return &one;
    }
    return nullptr;
  };
  bool presigned = header("Authorization") == nullptr;
  auto change = [&](std::string& text) {
    if (text.empty()) return false;
    size_t at = random() % text.size();
    if (text[at] == ' ') return false;
    text[at] = other_char(text[at], random);
    return true;
  };
  switch (random() % 14) {
    case 0:
      return change(request.body);
    case 1:
      request.body += static_cast<char>('a' + random() % 26);
      return true;
    case 2:
      if (request.body.empty()) return false;
      request.body.pop_back();
      return true;
    case 3: {
      if (presigned) return change(request.target);
      return change(header("Authorization")->value);
    }
    case 4: {
      Header* one = &request.headers[random() % request.headers.size()];
      if (one->name == "User-Agent") return false;
      return change(one->value);
    }
    case 5: {
      size_t at = random() % request.headers.size();
      if (request.headers[at].name == "User-Agent") return false;
      request.headers.erase(request.headers.begin() + static_cast<ptrdiff_t>(at));
      return true;
    }
    case 6: {
      Header copy = request.headers[random() % request.headers.size()];
      if (copy.name == "User-Agent") return false;
      request.headers.push_back(copy);
      return true;
    }
    case 7:
      request.method = request.method == "POST" ? "PUT" : "POST";
      return true;
    case 8:
      request.target.insert(request.target.find('?') == std::string::npos
                                ? request.target.size()
                                : request.target.find('?'),
                            "a");
      return true;
    case 9:
      request.target += request.target.find('?') == std::string::npos ? "?x=2" : "&x=2";
      return true;
    case 10: {  // scope swap
      std::string& text = presigned ? request.target : header("Authorization")->value;
      size_t at = text.find("eu-west-1");
      if (at == std::string::npos) return false;
      text.replace(at, 9, "us-east-1");
      return true;
    }
    case 11: {  // a signed header is no longer in the list
      if (presigned) return false;
      std::string& text = header("Authorization")->value;
      size_t at = text.find("content-type;");
      if (at == std::string::npos) return false;
      text.erase(at, 13);
      return true;
    }
    case 12: {  // double encoding
      size_t at = request.target.find('%');
      if (at == std::string::npos) return false;
      request.target.insert(at + 1, "25");
      return true;
    }
    default:
      request.headers.push_back({"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"});
      return true;
  }
}

TEST_CASE("no_mutated_request_is_accepted") {
  MemoryKeyStore keys;
  add_key(keys);
  const uint64_t seed = 20261122;
  MESSAGE("seed ", seed);
  std::mt19937_64 random(seed);
  int tried = 0, accepted = 0;
  RawRequest originals[] = {signed_post(), presigned_get(), signed_post(std::string(3'000, 'v'))};
  for (const RawRequest& original : originals) REQUIRE(verify(original, keys).has_value());
  while (tried < 12'000) {
    RawRequest request = originals[random() % 3];
    if (!mutate(request, random)) continue;
    ++tried;
    auto verified = verify(request, keys);
    if (verified) {
      ++accepted;
      MESSAGE("accepted: ", request.method, " ", request.target, " ", request.body);
    }
  }
  CHECK(accepted == 0);
}

TEST_CASE("every_fault_has_its_codes") {
  auto row = [](AuthFault fault, bool presigned = false) {
    const AuthErrorCodes& c = auth_error_codes(fault, presigned);
    return fmt::format("{} {} {} {} {} {}", c.query_code, c.query_status, c.ec2_code, c.ec2_status,
                       c.json_shape, c.json_status);
  };
  CHECK(row(AuthFault::NoSignature) ==
        "MissingAuthenticationToken 403 AuthFailure 401 MissingAuthenticationTokenException 403");
  CHECK(row(AuthFault::Malformed) ==
        "IncompleteSignature 400 AuthFailure 401 IncompleteSignatureException 400");
  CHECK(row(AuthFault::UnknownKey) ==
        "InvalidClientTokenId 403 AuthFailure 401 UnrecognizedClientException 400");
  CHECK(row(AuthFault::BadSignature) ==
        "SignatureDoesNotMatch 403 AuthFailure 401 InvalidSignatureException 400");
  CHECK(row(AuthFault::Skewed) ==
        "SignatureDoesNotMatch 403 RequestExpired 400 InvalidSignatureException 400");
  CHECK(row(AuthFault::Skewed, true) ==
        "RequestExpired 400 RequestExpired 400 InvalidSignatureException 400");
  CHECK(row(AuthFault::ExpiredToken) ==
        "ExpiredToken 403 RequestExpired 400 ExpiredTokenException 400");
  CHECK(row(AuthFault::NoPermission) ==
        "AccessDenied 403 UnauthorizedOperation 403 AccessDeniedException 400");
}

TEST_CASE("bearer_tokens_are_read_whatever_the_case_of_the_scheme") {
  CHECK(bearer_token("Bearer abc") == "abc");
  CHECK(bearer_token("bEARER  abc ") == "abc");
  for (std::string_view none : {"", "Bearer", "Bearer ", "Bearerabc", "Basic abc", "abc"}) {
    CAPTURE(none);
    CHECK(bearer_token(none).empty());
  }
}

TEST_CASE("bearer_tokens_are_found_by_hash_until_they_end") {
  MemoryTokenStore tokens;
  auto principal = std::make_shared<Principal>();
  tokens.put("secret", principal, env::WallTime{1'000});
  CHECK(tokens.find("secret", {999}) == principal);
  CHECK(tokens.find("secret", {1'000}) == nullptr);
  CHECK(tokens.find("Secret", {0}) == nullptr);
  CHECK(tokens.remove("secret"));
  CHECK(tokens.find("secret", {0}) == nullptr);
}

}  // namespace
}  // namespace kansoku::net::auth
