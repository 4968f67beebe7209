#include "wire/forward/handshake.h"

#include "wire/msgpack/msgpack.h"

namespace kansoku::wire::forward {
namespace {

using msgpack::Kind;
using msgpack::Read;
using msgpack::Reader;
using msgpack::Value;

// Takes as long for any two texts of one length.
bool same_digest(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace

Handshake::Handshake(const HandshakeConfig& config, std::string nonce, std::string salt,
                     Digest digest)
    : config_(config),
      nonce_(std::move(nonce)),
      salt_(std::move(salt)),
      digest_(std::move(digest)) {}

std::string Handshake::helo() const {
  std::string out;
  msgpack::append_array(out, 2);
  msgpack::append_text(out, "HELO");
  msgpack::append_map(out, 3);
  msgpack::append_text(out, "nonce");
  msgpack::append_bytes(out, nonce_);
  msgpack::append_text(out, "auth");
  msgpack::append_bytes(out, config_.users.empty() ? std::string_view() : std::string_view(salt_));
  msgpack::append_text(out, "keepalive");
  msgpack::append_bool(out, config_.keepalive);
  return out;
}

Result<std::optional<Handshake::Answer>> Handshake::take_ping(std::string_view stream) const {
  Reader whole(stream);
  std::string_view bytes;
  Read read = whole.take(bytes);
  if (read == Read::Incomplete) return std::nullopt;
  Reader reader(bytes);
  Value head;
  if (read == Read::Malformed || reader.next(head) != Read::Good || head.kind != Kind::Array ||
      head.count != 6) {
    return unauthenticated("the forward handshake expects PING");
  }
  std::array<std::string_view, 6> fields;
  for (std::string_view& field : fields) {
    Value value;
    if (reader.next(value) != Read::Good || !value.is_text()) {
      return unauthenticated("the forward handshake expects PING");
    }
    field = value.text;
  }
  auto [ping, host, salt, key_digest, user, password_digest] = fields;
  if (ping != "PING") return unauthenticated("the forward handshake expects PING");
  Answer out;
  out.bytes = bytes.size();
  std::string with_key = std::string(salt);
  with_key += host;
  with_key += nonce_;
  with_key += config_.shared_key;
  bool key_good = same_digest(digest_(with_key), key_digest);
  bool user_good = config_.users.empty();
  if (!user_good) {
    // As much work for a user that does not exist.
    auto known = config_.users.find(std::string(user));
    std::string with_password = salt_;
    with_password += user;
    if (known != config_.users.end()) with_password += known->second;
    bool same = same_digest(digest_(with_password), password_digest);
    user_good = same && known != config_.users.end();
  }
  out.accepted = key_good && user_good;
  if (!key_good) {
    out.reason = "shared_key mismatch";
  } else if (!user_good) {
    out.reason = "username/password mismatch";
  }
  std::string server = std::string(salt);
  server += config_.hostname;
  server += nonce_;
  server += config_.shared_key;
  msgpack::append_array(out.pong, 5);
  msgpack::append_text(out.pong, "PONG");
  msgpack::append_bool(out.pong, out.accepted);
  msgpack::append_text(out.pong, out.reason);
  msgpack::append_text(out.pong, config_.hostname);
  msgpack::append_text(out.pong, out.accepted ? digest_(server) : std::string());
  return out;
}

}  // namespace kansoku::wire::forward
