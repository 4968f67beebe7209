// Receiver `emf`: documents of the embedded metric format over TCP and UDP become events. See
// README.md.
#pragma once

#include <atomic>

#include "net/stream/stream.h"
#include "net/udp/udp.h"
#include "pipeline/receivers/emf/config.h"
#include "pipeline/sending/event_batcher.h"

namespace kansoku::pipeline::emf_listener {

class EmfReceiver final : public Receiver, public std::enable_shared_from_this<EmfReceiver> {
 public:
  // `loops` may be null where no sockets are wanted (tests).
  static Result<std::shared_ptr<EmfReceiver>> make(ComponentContext context, EmfConfig config,
                                                   net::EventLoops* loops, EventSink& sink);

  // AlreadyExists when the port is taken.
  Status start() override;
  void stop(std::move_only_function<void()> done) override;
  // It has no certificates.
  Status reload_tls() { return {}; }
  uint16_t port() const { return port_; }

  // One line.
  void take(std::string_view line);
  void take_datagrams(std::span<const net::Datagram> datagrams, uint64_t lost);
  std::shared_ptr<net::StreamSession> accept(std::shared_ptr<net::StreamConnection> connection);
  // What never became an event.
  void count(signal::Outcome outcome, const std::string& reason, uint64_t rows);

 private:
  EmfReceiver(ComponentContext context, EmfConfig config, net::EventLoops* loops, EventSink& sink);
  void finish(std::move_only_function<void()> done);

  ComponentContext context_;
  EmfConfig config_;
  net::EventLoops* loops_;
  std::shared_ptr<EventSender> sender_;
  std::shared_ptr<EventBatcher> batcher_;
  std::unique_ptr<net::StreamServer> server_;
  std::unique_ptr<net::UdpSocket> socket_;
  uint16_t port_ = 0;
  std::atomic<size_t> datagram_bytes_ = 0;  // between the loop and the pool
};

}  // namespace kansoku::pipeline::emf_listener
