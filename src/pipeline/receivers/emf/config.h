// Configuration of the receiver `emf`: documents of the embedded metric format by TCP and UDP. See
// README.md for what each option means to a user.
#pragma once

#include <cstdint>
#include <string>

namespace kansoku::pipeline::emf_listener {

struct EmfConfig {
  // Names the receiver in the ledger.
  std::string name = "emf";
  std::string branch = "store";

  std::string address = "127.0.0.1";
  uint16_t port = 25'888;  // 0 picks a free one; UDP and TCP have the same
  bool tcp = true;
  bool udp = true;
  std::string group = "emf/logs/default";  // of documents that name none
  std::string stream;                      // of those; empty: "default"

  int64_t document_bytes_max = (1 << 20) - 26;  // what PutLogEvents takes of an event
  int64_t connections_max = 1'000;
  int64_t linger_ms = 200;  // that a document waits for others of its batch
  int64_t in_flight_bytes_max = 16 << 20;
  // Listens beyond loopback, though nobody proves who they are.
  bool insecure = false;
};

}  // namespace kansoku::pipeline::emf_listener
