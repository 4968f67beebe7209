// Sign-in of people: sessions, CSRF values, one-time links, back-off.
//
// Owned by the server; free-threaded. Sessions live in memory only, at most kSessionsMax; the
// oldest goes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/env/env.h"
#include "base/result.h"
#include "net/auth/identity.h"

namespace kansoku::api::console {

inline constexpr size_t kSessionsMax = 10'000;
inline constexpr int64_t kSessionIdleMs =
    12 * 3'600'000LL;  // OWASP: hours for a tool of the working day
inline constexpr int64_t kSessionAgeMs = 7 * 86'400'000LL;
inline constexpr int64_t kOneTimeLinkMs = 24 * 3'600'000LL;
// Wrong passwords of one user or address: after kFreeAttempts each costs twice the wait, up to a
// quarter of an hour. Other users are not affected.
inline constexpr uint32_t kFreeAttempts = 5;
// Of an address, which many people may share behind a proxy.
inline constexpr uint32_t kFreeAttemptsOfAddress = 50;
inline constexpr int64_t kBackOffMaxMs = 15 * 60'000;

struct Session {
  std::string user;
  std::string role;  // "administrator" or "viewer"
  std::string csrf;
  std::shared_ptr<const net::auth::Principal> principal;
};

class Sessions {
 public:
  explicit Sessions(env::Env env) : env_(env) {}

  // The cookie's value.
  std::string begin(Session session);
  std::optional<Session> find(std::string_view cookie);
  void end(std::string_view cookie);
  // All sessions and links of a user; the user or the key is gone.
  void end_user(const std::string& user);

  std::string make_one_time_token(Session session);
  // The session it stands for, once.
  std::optional<Session> take_one_time_token(std::string_view token);

  // Milliseconds to wait before the next attempt of this key (user or address); 0: now.
  int64_t wait_ms(const std::string& key);
  void attempt_failed(const std::string& key, uint32_t free_attempts = kFreeAttempts);
  void attempt_succeeded(const std::string& key);

 private:
  struct Entry {
    Session session;
    int64_t begun_ms = 0;
    int64_t used_ms = 0;
  };
  struct Attempts {
    uint32_t failed = 0;
    int64_t next_ms = 0;
  };
  int64_t now_ms() const { return env_.clock->monotonic_now().ns / env::kNsPerMs; }

  env::Env env_;
  std::mutex sessions_mutex_;
  std::map<std::string, Entry, std::less<>> sessions_;  // by SHA-256 of the cookie
  std::map<std::string, std::pair<Session, int64_t>, std::less<>> one_time_;
  std::map<std::string, Attempts> attempts_;
};

}  // namespace kansoku::api::console
