#include "net/auth/signing_key.h"

#include <functional>

#include "base/text/hex.h"
#include "net/auth/canonical.h"

namespace kansoku::net::auth {
namespace {

constexpr size_t kSlots = 64;

struct Slot {
  std::string id;  // secret, date, region and service
  Sha256 key{};
};

std::string_view as_key(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Sha256 signing_key(std::string_view secret_access_key, const CredentialScope& scope) {
  thread_local std::array<Slot, kSlots> slots;
  thread_local std::string id;
  id.assign(secret_access_key);
  for (const std::string* part : {&scope.date, &scope.region, &scope.service}) {
    id += '\0';
    id += *part;
  }
  Slot& slot = slots[std::hash<std::string>{}(id) % kSlots];
  if (constant_time_equal(slot.id, id)) return slot.key;
  std::string first = "AWS4";
  first += secret_access_key;
  Sha256 key = hmac_sha256(first, scope.date);
  key = hmac_sha256(as_key(key), scope.region);
  key = hmac_sha256(as_key(key), scope.service);
  key = hmac_sha256(as_key(key), kTerminator);
  slot.id = id;
  slot.key = key;
  return key;
}

std::string string_to_sign(std::string_view amz_date, const CredentialScope& scope,
                           std::string_view canonical_request) {
  std::string out(kAlgorithm);
  out += '\n';
  out += amz_date;
  out += '\n';
  for (const std::string* part : {&scope.date, &scope.region, &scope.service}) {
    out += *part;
    out += '/';
  }
  out += kTerminator;
  out += '\n';
  out += sha256_hex(canonical_request);
  return out;
}

std::string signature_of(std::string_view secret_access_key, const CredentialScope& scope,
                         std::string_view string_to_sign) {
  return to_hex(hmac_sha256(as_key(signing_key(secret_access_key, scope)), string_to_sign));
}

}  // namespace kansoku::net::auth
