// Who asks: principals, the access keys that prove them, bearer tokens.
//
// A Principal is immutable and shared; a changed policy is a new Principal. Tenant (account) always
// comes from here, never from a header. Thread contract: KeyStore and TokenStore are free-threaded.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/env/env.h"
#include "base/result.h"

namespace kansoku::net::auth {

class Policy;

struct Principal {
  std::string account;  // 12 digits
  std::string arn;  // arn:aws:iam::123456789012:user/name, …:root, arn:aws:sts::…:assumed-role/…
  std::string user_id;  // AIDA…, the account for root, AROA…:session
  // All policies that hold for this principal; none allows nothing.
  std::vector<std::shared_ptr<const Policy>> policies;
};

struct AccessKey {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty for long-lived keys
  std::optional<env::WallTime> expires;
  bool disabled = false;
  std::shared_ptr<const Principal> principal;
};

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  // Null when there is no such key. The key stays valid while the caller holds it.
  virtual std::shared_ptr<const AccessKey> find(std::string_view access_key_id) const = 0;
};

class TokenStore {
 public:
  virtual ~TokenStore() = default;
  // Looks the token up by its SHA-256; null when there is none or it has expired.
  virtual std::shared_ptr<const Principal> find(std::string_view token,
                                                env::WallTime now) const = 0;
};

// The token of the value of an Authorization header, "Bearer TOKEN" with the scheme in any case
// (RFC 9110 §11.1, RFC 6750 §2.1); empty where it is another scheme.
std::string_view bearer_token(std::string_view authorization);

class MemoryKeyStore final : public KeyStore {
 public:
  std::shared_ptr<const AccessKey> find(std::string_view access_key_id) const override;
  // Adds the key or replaces the one of that id.
  void put(AccessKey key);
  // False when there is none.
  bool remove(std::string_view access_key_id);

 private:
  mutable std::mutex keys_mutex_;
  std::unordered_map<std::string, std::shared_ptr<const AccessKey>> keys_;
};

// Holds hashes only: a copy of the memory or of the file gives no token away.
class MemoryTokenStore final : public TokenStore {
 public:
  std::shared_ptr<const Principal> find(std::string_view token, env::WallTime now) const override;
  void put(std::string_view token, std::shared_ptr<const Principal> principal,
           std::optional<env::WallTime> expires = std::nullopt);
  // As put(), for a hash read from the catalog: 64 lower-case hex digits of SHA-256(token).
  void put_hash(std::string hash_hex, std::shared_ptr<const Principal> principal,
                std::optional<env::WallTime> expires = std::nullopt);
  bool remove(std::string_view token);

 private:
  struct Entry {
    std::shared_ptr<const Principal> principal;
    std::optional<env::WallTime> expires;
  };
  mutable std::mutex tokens_mutex_;
  std::unordered_map<std::string, Entry> tokens_;  // by hash
};

}  // namespace kansoku::net::auth
