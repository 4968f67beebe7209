// The receivers that listen (syslog, forward, emf) of a process: made from its configuration,
// started, stopped.
//
// Thread contract: main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http/http.h"
#include "pipeline/component.h"
#include "pipeline/graph/spec.h"

namespace kansoku::app {

class Listeners {
 public:
  Listeners(pipeline::ComponentContext context, net::EventLoops& loops)
      : context_(std::move(context)), loops_(loops) {}

  // `branch`: of the ledger, for what never reaches `sink`.
  Status add(const pipeline::ReceiverSpec& receiver, const std::string& branch,
             pipeline::EventSink& sink);
  // A taken port of an optional one is a warning; it is left out.
  Status start();
  void reload_tls();
  // Of those that listen: name and port.
  std::vector<std::pair<std::string, uint16_t>> ports() const;
  // To be stopped.
  std::vector<std::shared_ptr<pipeline::Receiver>> receivers() const;

 private:
  struct Listener {
    std::string name;
    bool optional = false;
    std::shared_ptr<pipeline::Receiver> receiver;
    std::function<uint16_t()> port;
    std::function<Status()> reload_tls;
  };
  template <class Made>
  Status keep(const pipeline::ReceiverSpec& receiver, Made made);

  pipeline::ComponentContext context_;
  net::EventLoops& loops_;
  std::vector<Listener> listeners_;
};

}  // namespace kansoku::app
