// Receiver `forward`: the protocol of Fluentd and Fluent Bit. See README.md.
#pragma once

#include "net/stream/stream.h"
#include "pipeline/receivers/forward/config.h"
#include "pipeline/sending/event_sender.h"
#include "pipeline/sending/name_template.h"
#include "wire/forward/forward.h"
#include "wire/forward/handshake.h"

namespace kansoku::pipeline::forward {

class ForwardReceiver final : public Receiver,
                              public std::enable_shared_from_this<ForwardReceiver> {
 public:
  // InvalidArgument for a template that is none. `loops` may be null where no sockets are wanted
  // (tests).
  static Result<std::shared_ptr<ForwardReceiver>> make(ComponentContext context,
                                                       ForwardConfig config, net::EventLoops* loops,
                                                       EventSink& sink);
  // AlreadyExists when the port is taken.
  Status start() override;
  void stop(std::move_only_function<void()> done) override;
  Status reload_tls();
  uint16_t port() const { return port_; }

  std::shared_ptr<net::StreamSession> accept(std::shared_ptr<net::StreamConnection> connection);

 private:
  friend class ForwardSession;
  friend class ChunkBatches;
  ForwardReceiver(ComponentContext context, ForwardConfig config, net::EventLoops* loops,
                  EventSink& sink, NameTemplate group, NameTemplate stream);
  bool shakes_hands() const { return !config_.shared_key.empty() || !config_.users.empty(); }
  // What never became an event.
  void count_rejected(const std::string& reason, uint64_t rows);

  ComponentContext context_;
  ForwardConfig config_;
  net::EventLoops* loops_;
  NameTemplate group_;
  NameTemplate stream_;
  wire::forward::HandshakeConfig handshake_;
  std::shared_ptr<EventSender> sender_;
  std::unique_ptr<net::StreamServer> server_;
  uint16_t port_ = 0;
};

}  // namespace kansoku::pipeline::forward
