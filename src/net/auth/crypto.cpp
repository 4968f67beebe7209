// The only file of net/auth that knows OpenSSL: SHA-256, SHA-512, HMAC-SHA-256 and the comparison
// of digests.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/check.h"
#include "base/text/hex.h"
#include "net/auth/sigv4.h"

namespace kansoku::net::auth {
namespace {

// Fetching an algorithm costs microseconds in OpenSSL 3, so each thread does it once.
template <size_t kBytes>
class ThreadDigest {
 public:
  explicit ThreadDigest(const char* name)
      : md_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    KANSOKU_CHECK(md_ != nullptr && context_ != nullptr);
  }
  ThreadDigest(const ThreadDigest&) = delete;
  ThreadDigest& operator=(const ThreadDigest&) = delete;
  ~ThreadDigest() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(md_);
  }
  std::array<uint8_t, kBytes> of(std::string_view bytes) {
    std::array<uint8_t, kBytes> out{};
    unsigned size = 0;
    KANSOKU_CHECK(EVP_DigestInit_ex2(context_, md_, nullptr) == 1);
    KANSOKU_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
    KANSOKU_CHECK(EVP_DigestFinal_ex(context_, out.data(), &size) == 1);
    return out;
  }

 private:
  EVP_MD* md_;
  EVP_MD_CTX* context_;
};

class ThreadMac {
 public:
  ThreadMac() : mac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)) {
    KANSOKU_CHECK(mac_ != nullptr);
    context_ = EVP_MAC_CTX_new(mac_);
    KANSOKU_CHECK(context_ != nullptr);
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
    KANSOKU_CHECK(EVP_MAC_CTX_set_params(context_, parameters) == 1);
  }
  ThreadMac(const ThreadMac&) = delete;
  ThreadMac& operator=(const ThreadMac&) = delete;
  ~ThreadMac() {
    EVP_MAC_CTX_free(context_);
    EVP_MAC_free(mac_);
  }
  Sha256 of(std::string_view key, std::string_view bytes) {
    Sha256 out{};
    size_t size = 0;
    // A null key pointer would mean "keep the last key".
    const auto* key_bytes = reinterpret_cast<const unsigned char*>(key.empty() ? "" : key.data());
    KANSOKU_CHECK(EVP_MAC_init(context_, key_bytes, key.size(), nullptr) == 1);
    KANSOKU_CHECK(EVP_MAC_update(context_, reinterpret_cast<const unsigned char*>(bytes.data()),
                                 bytes.size()) == 1);
    KANSOKU_CHECK(EVP_MAC_final(context_, out.data(), &size, out.size()) == 1);
    return out;
  }

 private:
  EVP_MAC* mac_;
  EVP_MAC_CTX* context_ = nullptr;
};

}  // namespace

Sha256 sha256(std::string_view bytes) {
  thread_local ThreadDigest<32> digest("SHA256");
  return digest.of(bytes);
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  thread_local ThreadMac mac;
  return mac.of(key, bytes);
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string sha512_hex(std::string_view bytes) {
  thread_local ThreadDigest<64> digest("SHA512");
  return to_hex(digest.of(bytes));
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace kansoku::net::auth
