// SigV4: a request of any bytes is never accepted, for no input holds a signature by a secret that
// only this target knows. Form of the input: method, target, headers "Name: value" a line, blank
// line, body.
#include "base/check.h"
#include "net/auth/sigv4.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku;
  using namespace kansoku::net::auth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto line = [&] {
    size_t end = text.find('\n');
    std::string_view out = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return out;
  };
  net::HttpRequest request;
  request.method = line();
  request.target = line();
  for (std::string_view one = line(); !one.empty(); one = line()) {
    size_t colon = one.find(':');
    std::string_view value = colon == std::string_view::npos ? "" : one.substr(colon + 1);
    request.headers.list().push_back({std::string(one.substr(0, colon)), std::string(value)});
  }
  request.body = text;
  static MemoryKeyStore keys;
  static const bool filled = [] {
    auto principal = std::make_shared<Principal>();
    keys.put({.access_key_id = "AKIDEXAMPLE",
              .secret_access_key = "a secret of the fuzz target",
              .principal = principal});
    return true;
  }();
  (void)filled;
  SignedRequest view = signed_request(request);
  claimed_scope(view);
  auto verified = verify_request(view, keys, *parse_amz_date("20261122T120000Z"));
  KANSOKU_CHECK(!verified.has_value());
  return 0;
}
