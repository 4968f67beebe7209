// Listening for streams and datagrams on one port number, as syslog and the embedded metric format
// are sent. Thread contract: called once, when a receiver starts.
#pragma once

#include <memory>

#include "net/stream/stream.h"
#include "net/udp/udp.h"

namespace kansoku::pipeline {

struct StreamAndDatagrams {
  std::unique_ptr<net::StreamServer> server;  // null: no streams
  std::unique_ptr<net::UdpSocket> socket;     // null: no datagrams
  uint16_t port = 0;
};

// `accept` or `handler` empty: not that one. With port 0 both get the same free number.
// AlreadyExists when the number is taken for either; then nothing listens.
Result<StreamAndDatagrams> listen_for_both(net::EventLoops& loops,
                                           const net::StreamServerOptions& options,
                                           const net::StreamAccept& accept,
                                           const net::UdpHandler& handler);

}  // namespace kansoku::pipeline
