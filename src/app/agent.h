// The composition root of kansoku agent: receivers and exporters without a store, and a door on
// loopback for whoever looks after the host. Engines, catalog and languages are not made.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "pipeline/graph/spec.h"

namespace kansoku::app {

struct AgentOptions {
  std::string data_directory;  // of offsets, spool and the door's token
  // Of the door; loopback only.
  ListenAddress listen{.address = "127.0.0.1", .port = 0};
  size_t workers = 2;
};

class Agent {
 public:
  // When it returns, the receivers run.
  static Result<std::unique_ptr<Agent>> start(AgentOptions options, pipeline::GraphSpec graph);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // "http://127.0.0.1:41235/".
  std::string url() const;
  // Saves what was acknowledged, within about 9 s; what is in flight is sent again at the next
  // start.
  void stop();

 private:
  struct State;
  explicit Agent(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Where an agent keeps what it must remember: below the directory of kansoku up.
std::string default_agent_directory();

}  // namespace kansoku::app
