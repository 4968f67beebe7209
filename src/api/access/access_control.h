// Access keys, users and tokens of the server. See README.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "net/auth/identity.h"
#include "net/secrets/secrets.h"
#include "store/catalog.h"

namespace kansoku::api {

struct KeyInfo {
  std::string access_key_id;
  std::string user;
  std::string role;  // administrator or agent
  int64_t created_ms = 0;
  bool disabled = false;
};

struct NewKey {
  KeyInfo info;
  std::string secret_access_key;  // shown once
};

struct UserInfo {
  std::string user;
  std::string role;  // administrator or viewer
  int64_t created_ms = 0;
  bool has_password = false;
};

class AccessControl {
 public:
  // Reads everything from the catalog; DataLoss when a secret does not open with the key file.
  static Result<std::unique_ptr<AccessControl>> open(env::Env env, store::Catalog& catalog,
                                                     net::SecretBox box, std::string account);

  const net::auth::KeyStore& keys() const { return keys_; }
  const net::auth::TokenStore& tokens() const { return tokens_; }
  // The account's administrator (open mode, first start).
  std::shared_ptr<const net::auth::Principal> administrator() const { return administrator_; }

  template <class T>
  using Done = std::move_only_function<void(Result<T>)>;

  void create_key(const std::string& user, const std::string& role, Done<NewKey> done);
  // With secrets chosen elsewhere: the first start writes them to the credentials file first.
  void put_key(NewKey key, Done<NewKey> done);
  std::vector<KeyInfo> list_keys() const;
  void set_key_disabled(const std::string& access_key_id, bool disabled, Done<KeyInfo> done);
  void delete_key(const std::string& access_key_id, Done<KeyInfo> done);

  void put_token(const std::string& token, const std::string& user, Done<std::string> done);

  void put_user(const std::string& user, const std::string& role,
                const std::optional<std::string>& password, Done<UserInfo> done);
  std::vector<UserInfo> list_users() const;
  void delete_user(const std::string& user, Done<UserInfo> done);
  struct SignedIn {
    std::string user;
    std::string role;
    std::shared_ptr<const net::auth::Principal> principal;
  };
  // Also an access key id with its secret. Takes the time of one password hash.
  std::optional<SignedIn> sign_in(const std::string& user, const std::string& password) const;
  std::optional<SignedIn> user(const std::string& user) const;

 private:
  struct User {
    UserInfo info;
    std::string password_hash;
    uint64_t version = 0;
  };
  AccessControl(env::Env env, store::Catalog& catalog, net::SecretBox box, std::string account);
  Status load();
  Status load_key(const store::CatalogRecord& record);
  Status load_user(const store::CatalogRecord& record);
  std::shared_ptr<const net::auth::Principal> principal_of(const std::string& user,
                                                           const std::string& role) const;
  void remember(const NewKey& key);
  std::string encode_key(const NewKey& key) const;

  env::Env env_;
  store::Catalog& catalog_;
  net::SecretBox box_;
  std::string account_;
  std::shared_ptr<const net::auth::Principal> administrator_;
  net::auth::MemoryKeyStore keys_;
  net::auth::MemoryTokenStore tokens_;
  mutable std::mutex access_mutex_;
  std::map<std::string, NewKey> key_infos_;
  std::map<std::string, User> users_;
};

bool is_key_role(std::string_view role);
bool is_user_role(std::string_view role);

}  // namespace kansoku::api
