// Configuration of the receiver `syslog`. See README.md for what each option means to a user.
#pragma once

#include <cstdint>
#include <string>

#include "base/time/zone.h"
#include "net/http/http.h"

namespace kansoku::pipeline::syslog {

struct SyslogConfig {
  // Names the receiver in the ledger.
  std::string name = "syslog";
  std::string branch = "store";

  std::string address = "127.0.0.1";
  uint16_t port = 5'514;  // 0 picks a free one; UDP and TCP have the same
  bool udp = true;
  bool tcp = true;
  net::TlsFiles tls;  // with a certificate TCP is TLS only (RFC 5425)

  // {hostname} (else the sender's address), {app_name}, {facility}, {severity}, {peer}
  std::string group = "/kansoku/syslog";
  std::string stream = "{hostname}";

  Zone zone;                             // of times without an offset (RFC 3164)
  int64_t message_bytes_max = 64 << 10;  // over TCP; longer lines go out in pieces
  int64_t connections_max = 1'000;
  int64_t linger_ms = 200;  // that an event waits for others of its batch
  int64_t in_flight_bytes_max = 16 << 20;
  // Listens beyond loopback also where nobody proves who they are.
  bool insecure = false;
};

}  // namespace kansoku::pipeline::syslog
