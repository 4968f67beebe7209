// The server's side of the forward protocol's handshake. See README.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kansoku::wire::forward {

// SHA-512 of the bytes, in lower-case hexadecimal digits.
using Digest = std::function<std::string(std::string_view)>;

struct HandshakeConfig {
  std::string hostname;  // of this server
  std::string shared_key;
  std::map<std::string, std::string> users;  // name -> password; empty: none are asked for
  bool keepalive = true;
};

// nonce and salt: 16 random bytes each, of this connection.
class Handshake {
 public:
  Handshake(const HandshakeConfig& config, std::string nonce, std::string salt, Digest digest);
  // To be sent first.
  std::string helo() const;
  struct Answer {
    std::string pong;  // to be sent
    bool accepted = false;
    std::string reason;  // why not; no secrets in it
    size_t bytes = 0;    // that PING took of the stream
  };
  // Nothing: more bytes are needed. An error: it is no PING.
  Result<std::optional<Answer>> take_ping(std::string_view stream) const;

 private:
  const HandshakeConfig& config_;
  std::string nonce_;
  std::string salt_;
  Digest digest_;
};

}  // namespace kansoku::wire::forward
