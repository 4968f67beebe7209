// The composition root of kansoku up and kansoku server: the one place that names concrete engines
// and components and decides in which order they start and stop.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"

namespace kansoku::app {

class Server {
 public:
  // Opens the data directory, replays the log and listens. When it returns, requests are served.
  static Result<std::unique_ptr<Server>> start(Configuration configuration);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "http://127.0.0.1:8470/".
  std::string url() const;
  // A sign-in link for the administrator, valid once.
  std::string sign_in_link();
  // Reads configuration and certificates again; what cannot change while running is said in the
  // log.
  void reload();
  // Finishes what was accepted, writes everything to disk, within about 9 s.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "0.1.0".
std::string_view version();

}  // namespace kansoku::app
