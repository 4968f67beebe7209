// Datagrams, received in batches. See README.md.
//
// Thread contract: the handler is called on the loop and must not block. UdpSocket belongs to one
// thread and is stopped before the loops are.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/http/http.h"

namespace kansoku::net {

struct Datagram {
  std::string_view bytes;    // good until the handler returns
  std::string_view address;  // of the sender, textual IP
  bool cut = false;          // it was longer than the limit
};

struct UdpOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0 picks a free one
  size_t datagram_bytes_max = 65'535;
  int receive_buffer_bytes = 4 << 20;
};

struct UdpStats {
  uint64_t datagrams = 0;
  uint64_t bytes = 0;
  uint64_t lost = 0;  // thrown away by the kernel, for want of room
};

// `lost`: datagrams that the kernel threw away since the call before.
using UdpHandler = std::function<void(std::span<const Datagram> datagrams, uint64_t lost)>;

class UdpSocket {
 public:
  static Result<std::unique_ptr<UdpSocket>> start(EventLoops& loops, const UdpOptions& options,
                                                  UdpHandler handler);
  virtual ~UdpSocket() = default;
  virtual uint16_t port() const = 0;
  // Reads nothing more and lets go of the handler; then `done` is called on the loop.
  virtual void stop(std::move_only_function<void()> done) = 0;
  virtual UdpStats stats() const = 0;
};

}  // namespace kansoku::net
