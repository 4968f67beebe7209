// Receiver `syslog`: messages over UDP, TCP and TLS become events. See README.md.
#pragma once

#include <atomic>

#include "net/stream/stream.h"
#include "net/udp/udp.h"
#include "pipeline/receivers/syslog/config.h"
#include "pipeline/sending/event_batcher.h"
#include "pipeline/sending/name_template.h"

namespace kansoku::pipeline::syslog {

class SyslogReceiver final : public Receiver, public std::enable_shared_from_this<SyslogReceiver> {
 public:
  // InvalidArgument for a template that is none. `loops` may be null where no sockets are wanted
  // (tests).
  static Result<std::shared_ptr<SyslogReceiver>> make(ComponentContext context, SyslogConfig config,
                                                      net::EventLoops* loops, EventSink& sink);

  // AlreadyExists when the port is taken.
  Status start() override;
  void stop(std::move_only_function<void()> done) override;
  Status reload_tls();
  uint16_t port() const { return port_; }

  // One message as it came.
  void take(std::string_view bytes, std::string_view peer);
  void take_datagrams(std::span<const net::Datagram> datagrams, uint64_t lost);
  std::shared_ptr<net::StreamSession> accept(std::shared_ptr<net::StreamConnection> connection);
  // What never became an event.
  void count(signal::Outcome outcome, const std::string& reason, uint64_t rows);

 private:
  SyslogReceiver(ComponentContext context, SyslogConfig config, net::EventLoops* loops,
                 EventSink& sink, NameTemplate group, NameTemplate stream);
  void finish(std::move_only_function<void()> done);

  ComponentContext context_;
  SyslogConfig config_;
  net::EventLoops* loops_;
  NameTemplate group_;
  NameTemplate stream_;
  std::shared_ptr<EventSender> sender_;
  std::shared_ptr<EventBatcher> batcher_;
  std::unique_ptr<net::StreamServer> server_;
  std::unique_ptr<net::UdpSocket> socket_;
  uint16_t port_ = 0;
  std::atomic<size_t> datagram_bytes_ = 0;  // between the loop and the pool
};

}  // namespace kansoku::pipeline::syslog
