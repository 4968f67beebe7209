// Bytes over TCP or TLS, for protocols that are no HTTP. See README.md.
//
// Thread contract: sessions are called on the loop, one call at a time, and must not block.
// StreamConnection is free-threaded; calls after its end do nothing. StreamServer belongs to one
// thread and is stopped before the loops are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http/http.h"

namespace kansoku::net {

struct StreamLimits {
  size_t connections_max = 1'000;
  // Of output that waits for the peer; over it the connection is closed.
  size_t output_bytes_max = 4U << 20;
  int64_t handshake_timeout_ms = 15'000;  // of TLS
  int64_t idle_timeout_ms = 0;            // without a byte; 0: for ever
  int64_t write_stall_timeout_ms = 60'000;
};

class StreamConnection {
 public:
  virtual ~StreamConnection() = default;
  virtual const Peer& peer() const = 0;
  virtual void write(std::string bytes) = 0;
  // Nothing more is read until resume(). At once when called by the session on the loop, else a
  // call with bytes may still come.
  virtual void pause() = 0;
  virtual void resume() = 0;
  // When what was written has been sent.
  virtual void close() = 0;
};

class StreamSession {
 public:
  virtual ~StreamSession() = default;
  virtual void on_bytes(std::string_view bytes) = 0;
  // The last call: nothing more comes. The connection stays until close() where the peer only ended
  // its own side, so that answers still reach it.
  virtual void on_end() = 0;
};
// Makes the session of an accepted connection; null refuses it.
using StreamAccept =
    std::function<std::shared_ptr<StreamSession>(std::shared_ptr<StreamConnection>)>;

struct StreamServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0 picks a free one
  TlsFiles tls;       // without a certificate: in the clear
  StreamLimits limits;
};

struct StreamServerStats {
  uint64_t connections_open = 0;
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t timeouts = 0;
};

class StreamServer {
 public:
  static Result<std::unique_ptr<StreamServer>> start(EventLoops& loops, StreamServerOptions options,
                                                     StreamAccept accept);
  virtual ~StreamServer() = default;
  virtual uint16_t port() const = 0;
  // Reads the certificate files again; on failure the old ones stay.
  virtual Status reload_tls() = 0;
  // Closes the listener and reads nothing more; `done` is called on the loop when no session is
  // called with bytes any more.
  virtual void stop_reading(std::move_only_function<void()> done) = 0;
  // Sends what is written within `grace_ms`, then closes all. After stop_reading().
  virtual void stop(int64_t grace_ms, std::move_only_function<void()> done) = 0;
  virtual StreamServerStats stats() const = 0;
};

}  // namespace kansoku::net
