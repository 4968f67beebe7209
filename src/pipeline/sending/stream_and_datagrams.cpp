#include "pipeline/sending/stream_and_datagrams.h"

namespace kansoku::pipeline {
namespace {

// A free number that TCP got may be taken for UDP.
constexpr int kPortTries = 32;

Result<StreamAndDatagrams> listen_once(net::EventLoops& loops,
                                       const net::StreamServerOptions& options,
                                       const net::StreamAccept& accept,
                                       const net::UdpHandler& handler) {
  StreamAndDatagrams out;
  out.port = options.port;
  if (accept) {
    KANSOKU_TRY(out.server, net::StreamServer::start(loops, options, accept));
    out.port = out.server->port();
  }
  if (handler) {
    KANSOKU_TRY(out.socket, net::UdpSocket::start(
                                loops, {.address = options.address, .port = out.port}, handler));
    out.port = out.socket->port();
  }
  return out;
}

}  // namespace

Result<StreamAndDatagrams> listen_for_both(net::EventLoops& loops,
                                           const net::StreamServerOptions& options,
                                           const net::StreamAccept& accept,
                                           const net::UdpHandler& handler) {
  for (int tries = options.port == 0 ? kPortTries : 1;;) {
    auto out = listen_once(loops, options, accept, handler);
    if (out || out.error().code != ErrorCode::AlreadyExists || --tries == 0) return out;
  }
}

}  // namespace kansoku::pipeline
