#include "api/console/sessions.h"

#include "net/auth/sigv4.h"
#include "net/secrets/secrets.h"

namespace kansoku::api::console {
namespace {

constexpr size_t kTokenBytes = 32;
// Keys of failed attempts remembered; beyond it the ones whose wait is over go.
constexpr size_t kAttemptKeysMax = 50'000;

}  // namespace

std::string Sessions::begin(Session session) {
  std::string cookie = net::random_hex(*env_.random, kTokenBytes);
  session.csrf = net::random_hex(*env_.random, kTokenBytes);
  std::lock_guard lock(sessions_mutex_);
  if (sessions_.size() >= kSessionsMax) {
    auto oldest = std::min_element(sessions_.begin(), sessions_.end(), [](auto& a, auto& b) {
      return a.second.used_ms < b.second.used_ms;
    });
    sessions_.erase(oldest);
  }
  sessions_[net::auth::sha256_hex(cookie)] = {std::move(session), now_ms(), now_ms()};
  return cookie;
}

std::optional<Session> Sessions::find(std::string_view cookie) {
  if (cookie.empty()) return std::nullopt;
  std::lock_guard lock(sessions_mutex_);
  auto found = sessions_.find(net::auth::sha256_hex(cookie));
  if (found == sessions_.end()) return std::nullopt;
  Entry& entry = found->second;
  if (now_ms() - entry.used_ms > kSessionIdleMs || now_ms() - entry.begun_ms > kSessionAgeMs) {
    sessions_.erase(found);
    return std::nullopt;
  }
  entry.used_ms = now_ms();
  return entry.session;
}

void Sessions::end(std::string_view cookie) {
  std::lock_guard lock(sessions_mutex_);
  sessions_.erase(net::auth::sha256_hex(cookie));
}

void Sessions::end_user(const std::string& user) {
  std::lock_guard lock(sessions_mutex_);
  std::erase_if(sessions_, [&](const auto& item) { return item.second.session.user == user; });
  std::erase_if(one_time_, [&](const auto& item) { return item.second.first.user == user; });
}

std::string Sessions::make_one_time_token(Session session) {
  std::string token = net::random_hex(*env_.random, kTokenBytes);
  std::lock_guard lock(sessions_mutex_);
  int64_t now = now_ms();
  std::erase_if(one_time_, [&](const auto& item) { return item.second.second < now; });
  one_time_[net::auth::sha256_hex(token)] = {std::move(session), now_ms() + kOneTimeLinkMs};
  return token;
}

std::optional<Session> Sessions::take_one_time_token(std::string_view token) {
  std::lock_guard lock(sessions_mutex_);
  auto found = one_time_.find(net::auth::sha256_hex(token));
  if (found == one_time_.end()) return std::nullopt;
  auto [session, until_ms] = std::move(found->second);
  one_time_.erase(found);
  if (now_ms() > until_ms) return std::nullopt;
  return session;
}

int64_t Sessions::wait_ms(const std::string& key) {
  std::lock_guard lock(sessions_mutex_);
  auto found = attempts_.find(key);
  if (found == attempts_.end()) return 0;
  return std::max<int64_t>(0, found->second.next_ms - now_ms());
}

void Sessions::attempt_failed(const std::string& key, uint32_t free_attempts) {
  std::lock_guard lock(sessions_mutex_);
  if (attempts_.size() >= kAttemptKeysMax) {
    int64_t now = now_ms();
    std::erase_if(attempts_, [&](auto& item) { return item.second.next_ms <= now; });
  }
  Attempts& attempts = attempts_[key];
  ++attempts.failed;
  if (attempts.failed <= free_attempts) return;
  uint32_t doublings = std::min<uint32_t>(attempts.failed - free_attempts - 1, 20);
  attempts.next_ms = now_ms() + std::min<int64_t>(kBackOffMaxMs, 1'000LL << doublings);
}

void Sessions::attempt_succeeded(const std::string& key) {
  std::lock_guard lock(sessions_mutex_);
  attempts_.erase(key);
}

}  // namespace kansoku::api::console
