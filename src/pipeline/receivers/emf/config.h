// Configuration of the receiver `emf`: documents of the embedded metric format by TCP and UDP.
#pragma once

#include <cstdint>
#include <string>

namespace kansoku::pipeline::emf_listener {

struct EmfConfig {
  std::string address = "127.0.0.1";
  uint16_t port = 25'888;
  bool tcp = true;
  bool udp = true;
  std::string group = "emf/logs/default";  // of documents that name none
  std::string stream;
};

}  // namespace kansoku::pipeline::emf_listener
