#include "net/auth/identity.h"

#include "base/text/ascii.h"
#include "net/auth/sigv4.h"

namespace kansoku::net::auth {

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!equals_ignore_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return trimmed(authorization.substr(kScheme.size()), kBlanks);
}

std::shared_ptr<const AccessKey> MemoryKeyStore::find(std::string_view access_key_id) const {
  std::lock_guard lock(keys_mutex_);
  auto it = keys_.find(std::string(access_key_id));
  return it == keys_.end() ? nullptr : it->second;
}

void MemoryKeyStore::put(AccessKey key) {
  auto shared = std::make_shared<const AccessKey>(std::move(key));
  std::lock_guard lock(keys_mutex_);
  keys_[shared->access_key_id] = shared;
}

bool MemoryKeyStore::remove(std::string_view access_key_id) {
  std::lock_guard lock(keys_mutex_);
  return keys_.erase(std::string(access_key_id)) > 0;
}

std::shared_ptr<const Principal> MemoryTokenStore::find(std::string_view token,
                                                        env::WallTime now) const {
  // Looking a hash up leaks nothing useful about the token by its timing.
  std::string hash = sha256_hex(token);
  std::lock_guard lock(tokens_mutex_);
  auto it = tokens_.find(hash);
  if (it == tokens_.end() || (it->second.expires && *it->second.expires <= now)) return nullptr;
  return it->second.principal;
}

void MemoryTokenStore::put(std::string_view token, std::shared_ptr<const Principal> principal,
                           std::optional<env::WallTime> expires) {
  put_hash(sha256_hex(token), std::move(principal), expires);
}

void MemoryTokenStore::put_hash(std::string hash_hex, std::shared_ptr<const Principal> principal,
                                std::optional<env::WallTime> expires) {
  std::lock_guard lock(tokens_mutex_);
  tokens_[std::move(hash_hex)] = {std::move(principal), expires};
}

bool MemoryTokenStore::remove(std::string_view token) {
  std::string hash = sha256_hex(token);
  std::lock_guard lock(tokens_mutex_);
  return tokens_.erase(hash) > 0;
}

}  // namespace kansoku::net::auth
