// Sockets that listen, and who speaks on them: shared by HTTP, streams and datagrams. Internal to
// net/.
//
// Thread contract: free functions; an Acceptor is confined to its loop.
#pragma once

#include <sys/socket.h>

#include <functional>

#include "net/http/loop.h"

namespace kansoku::net {

struct Listening {
  int fd = -1;
  uint16_t port = 0;  // the one that was bound
};

// Non-blocking. AlreadyExists when the port is taken; InvalidArgument where `address` is no IP
// address.
Result<Listening> listen_on(const std::string& address, uint16_t port);
Result<Listening> bind_datagrams(const std::string& address, uint16_t port);

Peer peer_of(const sockaddr_storage& address);

// Accepts on its loop until it is closed. Owns the descriptor.
class Acceptor final : public FdHandler, public std::enable_shared_from_this<Acceptor> {
 public:
  using Accepted = std::function<void(int fd, Peer peer)>;
  // `out_of_descriptors` is called when a connection could not be taken for lack of them.
  Acceptor(Loop& loop, int fd, Accepted accepted, std::function<void()> out_of_descriptors)
      : loop_(loop),
        fd_(fd),
        accepted_(std::move(accepted)),
        out_of_descriptors_(std::move(out_of_descriptors)) {}
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor() override { close(); }

  void start();
  void close();
  void on_readable() override;
  void on_writable() override {}

 private:
  Loop& loop_;
  int fd_;
  Accepted accepted_;
  std::function<void()> out_of_descriptors_;
  std::unique_ptr<FdWatch> watch_;
};

}  // namespace kansoku::net
