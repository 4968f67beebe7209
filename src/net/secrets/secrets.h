// Password hashes and sealed secrets. See README.md.
#pragma once

#include <string>
#include <string_view>

#include "base/env/env.h"
#include "base/result.h"

namespace kansoku::net {

// The encoded form of libargon2 ("$argon2id$v=19$m=…"), with a fresh salt.
Result<std::string> hash_password(std::string_view password, env::Random& random);
// Takes the time of one hash whatever the answer; `encoded` empty (no such user) is false after
// that time.
bool verify_password(std::string_view password, const std::string& encoded);

// A key of 32 bytes that seals and opens; from a file that is made when missing.
class SecretBox {
 public:
  static Result<SecretBox> open(env::FileSystem& files, env::Random& random,
                                const std::string& path);
  // Base64 of nonce, ciphertext and tag. `context` must be the same when opening.
  std::string seal(std::string_view secret, std::string_view context, env::Random& random) const;
  Result<std::string> unseal(std::string_view sealed, std::string_view context) const;

 private:
  std::string key_;
};

// `bytes` random bytes as lower-case hex.
std::string random_hex(env::Random& random, size_t bytes);

}  // namespace kansoku::net
