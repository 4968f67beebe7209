// Configuration of the receiver `forward`. See README.md for what each option means to a user.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "net/http/http.h"

namespace kansoku::pipeline::forward {

struct ForwardConfig {
  // Names the receiver in the ledger.
  std::string name = "forward";
  std::string branch = "store";

  std::string address = "127.0.0.1";
  uint16_t port = 24'224;  // 0 picks a free one
  net::TlsFiles tls;

  // With one of the two senders must shake hands.
  std::string shared_key;
  std::map<std::string, std::string> users;  // name -> password
  std::string hostname = "kansoku";          // as the handshake names this server

  std::string group = "/kansoku/forward";  // {tag}, {peer}
  std::string stream = "{tag}";

  int64_t message_bytes_max = 16 << 20;   // of a message as it comes
  int64_t expanded_bytes_max = 64 << 20;  // of one that was compressed
  int64_t connections_max = 1'000;
  int64_t handshake_timeout_ms = 15'000;
  int64_t in_flight_bytes_max = 32 << 20;
  // Listens beyond loopback also where nobody proves who they are.
  bool insecure = false;
};

}  // namespace kansoku::pipeline::forward
