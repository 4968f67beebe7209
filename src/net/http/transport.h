// Bytes over one connected socket, in the clear or under TLS; the files of a server's TLS.
//
// All calls are non-blocking. Thread contract: a Transport is confined to its loop; TlsContext is
// immutable and shared.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>

#include "net/http/http.h"

struct ssl_st;
struct ssl_ctx_st;

namespace kansoku::net {

// Certificate, key and client CA as they were when the files were read.
class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();
  ssl_ctx_st* get() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

enum class IoState : uint8_t { Done, WouldBlock, End, Failed };

struct IoResult {
  IoState state = IoState::Done;
  size_t bytes = 0;
};

class Transport {
 public:
  explicit Transport(int fd) : fd_(fd) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport() { close_socket(); }
  void close_socket();

  int fd() const { return fd_; }
  // From here on all bytes go through TLS. The handshake happens inside read().
  Status start_tls(std::shared_ptr<const TlsContext> context);
  bool tls() const { return ssl_ != nullptr; }
  bool handshake_done() const;
  // "h2", "http/1.1" or empty.
  std::string_view alpn() const;
  std::string client_certificate_subject() const;
  // The first byte that waits in the socket, without taking it.
  IoResult peek(char& first);

  IoResult read(std::span<char> into);
  // Writes from the front of the list; bytes says how much.
  IoResult write(std::span<const iovec> pieces);
  // TLS holds bytes that are decrypted but not read: the socket will not become readable for them.
  bool pending() const;
  // TLS needs the socket writable before it can go on reading (handshake, key update).
  bool read_wants_write() const { return read_wants_write_; }
  // Tells the peer that nothing more comes.
  void shutdown_write();

 private:
  IoResult tls_result(int returned);
  int fd_;
  ssl_st* ssl_ = nullptr;
  bool read_wants_write_ = false;
  bool failed_ = false;
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace kansoku::net
