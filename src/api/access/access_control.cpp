#include "api/access/access_control.h"

#include "base/text/base64.h"
#include "net/auth/policy.h"
#include "net/auth/sigv4.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api {
namespace {

constexpr std::string_view kKeys = "access_keys";
constexpr std::string_view kUsers = "users";
constexpr std::string_view kTokens = "tokens";

// 20 characters as AWS makes them: AKIA and 16 of [A-Z2-7].
std::string new_access_key_id(env::Random& random) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out = "AKIA";
  for (int i = 0; i < 16; ++i) out += kAlphabet[random.u64() % kAlphabet.size()];
  return out;
}

// 40 characters of base64, 30 random bytes.
std::string new_secret(env::Random& random) {
  std::string bytes(30, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  return base64_encode(bytes);
}

std::string object_of(std::initializer_list<std::pair<std::string_view, std::string_view>> texts,
                      int64_t created_ms, bool disabled) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  for (const auto& [key, value] : texts) {
    json.key(key);
    json.string(value);
  }
  json.key("created_ms");
  json.integer(created_ms);
  json.key("disabled");
  json.boolean(disabled);
  json.end_object();
  return out;
}

}  // namespace

bool is_key_role(std::string_view role) { return role == "administrator" || role == "agent"; }
bool is_user_role(std::string_view role) { return role == "administrator" || role == "viewer"; }

AccessControl::AccessControl(env::Env env, store::Catalog& catalog, net::SecretBox box,
                             std::string account)
    : env_(env), catalog_(catalog), box_(std::move(box)), account_(std::move(account)) {
  administrator_ = principal_of("root", "administrator");
}

Result<std::unique_ptr<AccessControl>> AccessControl::open(env::Env env, store::Catalog& catalog,
                                                           net::SecretBox box,
                                                           std::string account) {
  std::unique_ptr<AccessControl> out(
      new AccessControl(env, catalog, std::move(box), std::move(account)));
  KANSOKU_RETURN_IF_ERROR(out->load());
  return out;
}

std::shared_ptr<const net::auth::Principal> AccessControl::principal_of(
    const std::string& user, const std::string& role) const {
  auto out = std::make_shared<net::auth::Principal>();
  out->account = account_;
  bool root = user == "root";
  out->arn = root ? fmt::format("arn:aws:iam::{}:root", account_)
                  : fmt::format("arn:aws:iam::{}:user/{}", account_, user);
  // AIDA and 17 characters, the same for the same name.
  std::string digest = net::auth::sha256_hex(account_ + "/" + user).substr(0, 17);
  for (char& c : digest) c = c >= 'a' ? static_cast<char>(c - 32) : c;
  out->user_id = root ? account_ : "AIDA" + digest;
  if (auto policy = net::auth::built_in_policy(role)) out->policies.push_back(std::move(policy));
  return out;
}

Status AccessControl::load() {
  KANSOKU_TRY(auto keys, catalog_.list(std::string(kKeys), "", "", 0));
  for (const auto& record : keys) KANSOKU_RETURN_IF_ERROR(load_key(record));
  KANSOKU_TRY(auto users, catalog_.list(std::string(kUsers), "", "", 0));
  for (const auto& record : users) KANSOKU_RETURN_IF_ERROR(load_user(record));
  KANSOKU_TRY(auto tokens, catalog_.list(std::string(kTokens), "", "", 0));
  for (const auto& record : tokens) {
    KANSOKU_TRY(auto body, wire::parse_json(record.value));
    std::string user(body.text_of("user"));
    tokens_.put_hash(record.key, principal_of(user, "administrator"));
  }
  return {};
}

Status AccessControl::load_key(const store::CatalogRecord& record) {
  KANSOKU_TRY(auto body, wire::parse_json(record.value));
  NewKey key;
  key.info.access_key_id = record.key;
  key.info.user = body.text_of("user");
  key.info.role = body.text_of("role");
  key.info.created_ms = static_cast<int64_t>(body.number_of("created_ms").value_or(0));
  key.info.disabled = body.text_of("disabled") == "true";
  auto secret = box_.unseal(body.text_of("sealed"), record.key);
  if (!secret) return fail(ErrorCode::DataLoss, secret.error().message, "access key " + record.key);
  key.secret_access_key = std::move(*secret);
  remember(key);
  return {};
}

Status AccessControl::load_user(const store::CatalogRecord& record) {
  KANSOKU_TRY(auto body, wire::parse_json(record.value));
  User user;
  user.info.user = record.key;
  user.info.role = body.text_of("role");
  user.info.created_ms = static_cast<int64_t>(body.number_of("created_ms").value_or(0));
  user.password_hash = body.text_of("password_hash");
  user.info.has_password = !user.password_hash.empty();
  user.version = record.version;
  users_[record.key] = std::move(user);
  return {};
}

void AccessControl::remember(const NewKey& key) {
  keys_.put({.access_key_id = key.info.access_key_id,
             .secret_access_key = key.secret_access_key,
             .disabled = key.info.disabled,
             .principal = principal_of(key.info.user, key.info.role)});
  std::lock_guard lock(access_mutex_);
  key_infos_[key.info.access_key_id] = key;
}

std::string AccessControl::encode_key(const NewKey& key) const {
  return object_of(
      {{"user", key.info.user},
       {"role", key.info.role},
       {"sealed", box_.seal(key.secret_access_key, key.info.access_key_id, *env_.random)}},
      key.info.created_ms, key.info.disabled);
}

void AccessControl::create_key(const std::string& user, const std::string& role,
                               Done<NewKey> done) {
  NewKey key;
  key.info = {new_access_key_id(*env_.random), user, role, env_.clock->wall_now().ms(), false};
  key.secret_access_key = new_secret(*env_.random);
  put_key(std::move(key), std::move(done));
}

void AccessControl::put_key(NewKey key, Done<NewKey> done) {
  if (!is_key_role(key.info.role)) {
    done(invalid_argument("role {} is neither administrator nor agent", quoted(key.info.role)));
    return;
  }
  std::vector<store::CatalogWrite> writes;
  writes.push_back({std::string(kKeys), key.info.access_key_id, encode_key(key), {}, std::nullopt});
  catalog_.commit(std::move(writes), [this, key = std::move(key), done = std::move(done)](
                                         Result<std::vector<uint64_t>> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
      return;
    }
    remember(key);
    done(std::move(key));
  });
}

std::vector<KeyInfo> AccessControl::list_keys() const {
  std::lock_guard lock(access_mutex_);
  std::vector<KeyInfo> out;
  for (const auto& [id, key] : key_infos_) out.push_back(key.info);
  return out;
}

void AccessControl::set_key_disabled(const std::string& access_key_id, bool disabled,
                                     Done<KeyInfo> done) {
  NewKey key;
  {
    std::lock_guard lock(access_mutex_);
    auto found = key_infos_.find(access_key_id);
    if (found != key_infos_.end()) key = found->second;
  }
  if (key.info.access_key_id.empty()) {
    done(not_found("no access key {}", quoted(access_key_id)));
    return;
  }
  key.info.disabled = disabled;
  put_key(std::move(key), [done = std::move(done)](Result<NewKey> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
    } else {
      done(std::move(result->info));
    }
  });
}

void AccessControl::delete_key(const std::string& access_key_id, Done<KeyInfo> done) {
  KeyInfo info;
  {
    std::lock_guard lock(access_mutex_);
    auto found = key_infos_.find(access_key_id);
    if (found != key_infos_.end()) info = found->second.info;
  }
  if (info.access_key_id.empty()) {
    done(not_found("no access key {}", quoted(access_key_id)));
    return;
  }
  std::vector<store::CatalogWrite> writes;
  writes.push_back({std::string(kKeys), access_key_id, std::nullopt, {}, std::nullopt});
  catalog_.commit(std::move(writes), [this, info = std::move(info), done = std::move(done)](
                                         Result<std::vector<uint64_t>> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
      return;
    }
    keys_.remove(info.access_key_id);
    {
      std::lock_guard lock(access_mutex_);
      key_infos_.erase(info.access_key_id);
    }
    done(std::move(info));
  });
}

void AccessControl::put_token(const std::string& token, const std::string& user,
                              Done<std::string> done) {
  std::string hash = net::auth::sha256_hex(token);
  std::vector<store::CatalogWrite> writes;
  writes.push_back({std::string(kTokens),
                    hash,
                    object_of({{"user", user}}, env_.clock->wall_now().ms(), false),
                    {},
                    std::nullopt});
  catalog_.commit(std::move(writes), [this, hash, user, done = std::move(done)](
                                         Result<std::vector<uint64_t>> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
      return;
    }
    tokens_.put_hash(hash, principal_of(user, "administrator"));
    done(hash);
  });
}

void AccessControl::put_user(const std::string& name, const std::string& role,
                             const std::optional<std::string>& password, Done<UserInfo> done) {
  if (name.empty() || name.size() > 64 || name.find_first_of("/\\ \t\n\"") != std::string::npos) {
    done(invalid_argument(
        "user name {} must have 1 to 64 characters without spaces, quotes or slashes",
        quoted(name)));
    return;
  }
  if (!is_user_role(role)) {
    done(invalid_argument("role {} is neither administrator nor viewer", quoted(role)));
    return;
  }
  User user;
  {
    std::lock_guard lock(access_mutex_);
    if (auto found = users_.find(name); found != users_.end()) user = found->second;
  }
  if (user.info.user.empty()) user.info = {name, role, env_.clock->wall_now().ms(), false};
  user.info.role = role;
  if (password) {
    if (password->size() < 8) {
      done(invalid_argument("password too short: {} characters, at least 8", password->size()));
      return;
    }
    auto hash = net::hash_password(*password, *env_.random);
    if (!hash) {
      done(std::unexpected(std::move(hash).error()));
      return;
    }
    user.password_hash = std::move(*hash);
    user.info.has_password = true;
  }
  std::vector<store::CatalogWrite> writes;
  writes.push_back({std::string(kUsers),
                    name,
                    object_of({{"role", role}, {"password_hash", user.password_hash}},
                              user.info.created_ms, false),
                    {},
                    user.version});
  catalog_.commit(std::move(writes), [this, user = std::move(user), done = std::move(done)](
                                         Result<std::vector<uint64_t>> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
      return;
    }
    user.version = result->front();
    UserInfo info = user.info;
    {
      std::lock_guard lock(access_mutex_);
      users_[info.user] = std::move(user);
    }
    done(std::move(info));
  });
}

std::vector<UserInfo> AccessControl::list_users() const {
  std::lock_guard lock(access_mutex_);
  std::vector<UserInfo> out;
  for (const auto& [name, user] : users_) out.push_back(user.info);
  return out;
}

void AccessControl::delete_user(const std::string& name, Done<UserInfo> done) {
  UserInfo info;
  {
    std::lock_guard lock(access_mutex_);
    if (auto found = users_.find(name); found != users_.end()) info = found->second.info;
  }
  if (info.user.empty()) {
    done(not_found("no user {}", quoted(name)));
    return;
  }
  std::vector<store::CatalogWrite> writes;
  writes.push_back({std::string(kUsers), name, std::nullopt, {}, std::nullopt});
  catalog_.commit(std::move(writes), [this, info = std::move(info), done = std::move(done)](
                                         Result<std::vector<uint64_t>> result) mutable {
    if (!result) {
      done(std::unexpected(std::move(result).error()));
      return;
    }
    {
      std::lock_guard lock(access_mutex_);
      users_.erase(info.user);
    }
    done(std::move(info));
  });
}

std::optional<AccessControl::SignedIn> AccessControl::user(const std::string& name) const {
  std::lock_guard lock(access_mutex_);
  auto found = users_.find(name);
  if (found == users_.end()) return std::nullopt;
  return SignedIn{name, found->second.info.role, principal_of(name, found->second.info.role)};
}

std::optional<AccessControl::SignedIn> AccessControl::sign_in(const std::string& name,
                                                              const std::string& password) const {
  std::string hash;
  {
    std::lock_guard lock(access_mutex_);
    if (auto found = users_.find(name); found != users_.end()) hash = found->second.password_hash;
  }
  bool password_right = net::verify_password(password, hash);
  if (password_right) return user(name);
  auto key = keys_.find(name);
  if (key == nullptr || key->disabled ||
      !net::auth::constant_time_equal(key->secret_access_key, password)) {
    return std::nullopt;
  }
  std::lock_guard lock(access_mutex_);
  auto found = key_infos_.find(name);
  if (found == key_infos_.end() || found->second.info.role != "administrator") return std::nullopt;
  return SignedIn{name, "administrator", key->principal};
}

}  // namespace kansoku::api
