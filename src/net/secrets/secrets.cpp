#include "net/secrets/secrets.h"

#include <argon2.h>
#include <openssl/evp.h>

#include "base/check.h"
#include "base/text/base64.h"
#include "base/text/hex.h"

namespace kansoku::net {
namespace {

constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kHashBytes = 32;
constexpr size_t kSaltBytes = 16;
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

std::string random_bytes(env::Random& random, size_t bytes) {
  std::string out(bytes, '\0');
  random.fill(std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

unsigned char* bytes_of(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
const unsigned char* bytes_of(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

}  // namespace

Result<std::string> hash_password(std::string_view password, env::Random& random) {
  std::string salt = random_bytes(random, kSaltBytes);
  std::string encoded(
      argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  int rc =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (rc != ARGON2_OK) return internal_error("argon2: {}", argon2_error_message(rc));
  encoded.resize(std::strlen(encoded.c_str()));
  return encoded;
}

bool verify_password(std::string_view password, const std::string& encoded) {
  if (encoded.empty()) {
    // As much work as for a user who exists.
    char hash[kHashBytes];
    const char salt[kSaltBytes] = {};
    argon2id_hash_raw(kPasses, kMemoryKib, kLanes, password.data(), password.size(), salt,
                      sizeof(salt), hash, sizeof(hash));
    return false;
  }
  return argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

Result<SecretBox> SecretBox::open(env::FileSystem& files, env::Random& random,
                                  const std::string& path) {
  SecretBox box;
  auto existing = files.read_all(path, 1024);
  if (existing) {
    if (existing->size() != kKeyBytes) {
      return fail(ErrorCode::DataLoss,
                  fmt::format("key file has {} bytes, expected {}", existing->size(), kKeyBytes),
                  path);
    }
    box.key_ = std::move(*existing);
    return box;
  }
  if (existing.error().code != ErrorCode::NotFound) return std::unexpected(existing.error());
  box.key_ = random_bytes(random, kKeyBytes);
  KANSOKU_RETURN_IF_ERROR(files.write_atomic(path, box.key_));
  return box;
}

std::string SecretBox::seal(std::string_view secret, std::string_view context,
                            env::Random& random) const {
  std::string out = random_bytes(random, kNonceBytes);
  std::string cipher(secret.size() + kTagBytes, '\0');
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  int n = 0;
  bool ok = ctx != nullptr &&
            EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), nullptr, bytes_of(std::string_view(key_)),
                               bytes_of(std::string_view(out))) == 1 &&
            EVP_EncryptUpdate(ctx, nullptr, &n, bytes_of(context),
                              static_cast<int>(context.size())) == 1 &&
            EVP_EncryptUpdate(ctx, bytes_of(cipher), &n, bytes_of(secret),
                              static_cast<int>(secret.size())) == 1 &&
            EVP_EncryptFinal_ex(ctx, bytes_of(cipher) + secret.size(), &n) == 1 &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                bytes_of(cipher) + secret.size()) == 1;
  EVP_CIPHER_CTX_free(ctx);
  KANSOKU_CHECK(ok);
  return base64_encode(out + cipher);
}

Result<std::string> SecretBox::unseal(std::string_view sealed, std::string_view context) const {
  auto decoded = base64_decode(sealed);
  if (!decoded) return invalid_argument("a sealed secret is no base64");
  std::string bytes = std::move(*decoded);
  if (bytes.size() < kNonceBytes + kTagBytes) return corruption("sealed secret cut off");
  std::string_view nonce = std::string_view(bytes).substr(0, kNonceBytes);
  std::string tag = bytes.substr(bytes.size() - kTagBytes);
  std::string_view cipher =
      std::string_view(bytes).substr(kNonceBytes, bytes.size() - kNonceBytes - kTagBytes);
  std::string out(cipher.size(), '\0');
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  int n = 0;
  bool ok = ctx != nullptr &&
            EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), nullptr, bytes_of(std::string_view(key_)),
                               bytes_of(nonce)) == 1 &&
            EVP_DecryptUpdate(ctx, nullptr, &n, bytes_of(context),
                              static_cast<int>(context.size())) == 1 &&
            EVP_DecryptUpdate(ctx, bytes_of(out), &n, bytes_of(cipher),
                              static_cast<int>(cipher.size())) == 1 &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
            EVP_DecryptFinal_ex(ctx, bytes_of(out) + out.size(), &n) == 1;
  EVP_CIPHER_CTX_free(ctx);
  if (!ok) return corruption("sealed secret does not open: wrong key file or damaged");
  return out;
}

std::string random_hex(env::Random& random, size_t bytes) {
  return to_hex(random_bytes(random, bytes));
}

}  // namespace kansoku::net
