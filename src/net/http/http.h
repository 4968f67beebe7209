// HTTP as the rest of kansoku sees it: a request that has arrived whole, an exchange to answer it,
// a server, a client. HTTP/1.1, HTTP/2 and TLS are the business of net/; no type of Asio, nghttp2,
// OpenSSL or curl appears here.
//
// An answer can be sent at once (respond) or as a stream (begin, write, end with trailers), which
// is what NDJSON, event streams and gRPC need. Thread contract: HttpServer calls the handler on an
// event loop; the handler must not block (it posts to the pool). HttpExchange is move-only and may
// be used from any thread, one at a time; calls are messages to the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env/env.h"
#include "base/result.h"

namespace kansoku::net {

struct Header {
  std::string name;  // as received; compare with header_equals
  std::string value;
};

// ASCII case-insensitive.
bool header_equals(std::string_view a, std::string_view b);

class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> list) : list_(list) {}
  void add(std::string name, std::string value);
  // Replaces all of that name.
  void set(std::string name, std::string value);
  // The first of that name, or empty.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<Header>& list() const { return list_; }
  std::vector<Header>& list() { return list_; }

 private:
  std::vector<Header> list_;
};

struct Peer {
  std::string address;  // textual IP
  uint16_t port = 0;
  bool loopback = false;
  bool tls = false;
  std::string client_certificate_subject;  // set when a client certificate was verified
};

struct HttpRequest {
  std::string method;
  std::string target;  // origin form as on the wire: path, then "?query" when there is one
  std::string_view path() const;   // up to the '?', still encoded
  std::string_view query() const;  // behind the '?', still encoded, without it
  int version_major = 1;
  int version_minor = 1;
  Headers headers;   // for HTTP/2 `:authority` appears as Host
  std::string body;  // as received: still content-encoded (signatures cover these bytes)
  Peer peer;
  // Set in the class HttpServer: time the first byte of the request arrived.
  env::MonotonicTime arrived;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
  // A body in static memory (console assets), sent without copying; used when `body` is empty.
  std::string_view static_body;
};

// One request's answer. Dropping it unanswered sends 500 and counts a fault.
class HttpExchange {
 public:
  // Implemented by the connection. All calls are posted to the connection's loop.
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual void respond(HttpResponse response) = 0;
    virtual void begin(int status, Headers headers) = 0;
    // False: the peer reads too slowly and `buffered_bytes_max` is reached (the bytes are taken all
    // the same); wait for on_drain before the next write.
    virtual bool write(std::string chunk) = 0;
    virtual void end(Headers trailers) = 0;
    virtual void abort() = 0;  // breaks the stream so that the client sees it was cut
    virtual bool closed() const = 0;
    virtual void on_close(std::move_only_function<void()> callback) = 0;
    virtual void on_drain(std::move_only_function<void()> callback) = 0;
    // The owner let go of the exchange without an answer, or in the middle of a stream.
    virtual void dropped() { respond({.status = 500}); }
  };
  HttpExchange() = default;
  explicit HttpExchange(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  HttpExchange(HttpExchange&&) noexcept = default;
  HttpExchange& operator=(HttpExchange&& other) noexcept;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  ~HttpExchange();

  // Sends the whole answer; the exchange is over.
  void respond(HttpResponse response);
  void begin(int status, Headers headers);
  bool write(std::string chunk);
  void end(Headers trailers = {});
  void abort();
  // True once the peer has gone; work for it should stop. Free-threaded.
  bool closed() const { return impl_ == nullptr || impl_->closed(); }
  void on_close(std::move_only_function<void()> callback);
  void on_drain(std::move_only_function<void()> callback);
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  std::shared_ptr<Impl> impl_;
};

using HttpHandler = std::function<void(HttpRequest, HttpExchange)>;

struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string client_ca;  // empty: no client certificates asked for
};

struct HttpLimits {
  size_t header_bytes_max = 64 * 1024;  // all header lines of a request; AWS allows about 60 KiB
  size_t headers_max = 200;
  size_t target_bytes_max = 64 * 1024;  // presigned and query requests by GET
  size_t body_bytes_max = 64U << 20;    // as received
  // Bytes of bodies of all connections together; over it new bodies get 503.
  size_t bodies_bytes_max = 256U << 20;
  size_t connections_max = 10'000;
  size_t response_buffered_bytes_max = 1U << 20;  // per stream, before write() says false
  int64_t header_timeout_ms = 15'000;
  int64_t body_idle_timeout_ms = 30'000;  // without a byte of the body
  int64_t body_bytes_per_s_min = 256;     // slower bodies are cut after the idle time
  int64_t keep_alive_timeout_ms = 120'000;
  int64_t write_stall_timeout_ms = 60'000;
  uint32_t http2_streams_max = 128;
  uint32_t http2_resets_per_s_max = 100;  // rapid reset floods end the connection
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;                 // 0 picks a free one
  std::string tls_certificate_file;  // empty: plain
  std::string tls_key_file;
  std::string tls_client_ca_file;
  HttpLimits limits;
};

// Event loops (one thread each) that servers, clients, timers and UDP sockets share.
class EventLoops : public env::Timers {
 public:
  static std::unique_ptr<EventLoops> start(size_t threads);
  // Stops accepting callbacks and joins; servers must be stopped before.
  virtual void stop() = 0;
  // Runs the callback on loop 0.
  virtual void post(std::move_only_function<void()> callback) = 0;
};

struct HttpServerStats {
  uint64_t connections_open = 0;
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;
  uint64_t requests = 0;
  uint64_t bad_requests = 0;  // answered 4xx by net/ itself
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t unanswered = 0;  // exchanges dropped by a handler: our fault, must be 0
  uint64_t timeouts = 0;
};

class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> start(EventLoops& loops, HttpServerOptions options,
                                                   HttpHandler handler);
  virtual ~HttpServer() = default;
  virtual uint16_t port() const = 0;
  // Reads the certificate files again; on failure the old ones stay.
  virtual Status reload_tls() = 0;
  // Closes the listener, lets requests in flight finish until the deadline, then closes all.
  // Calls back on a loop.
  virtual void stop(int64_t grace_ms, std::move_only_function<void()> done) = 0;
  virtual HttpServerStats stats() const = 0;
};

// ---------------------------------------------------------------------------------------------
// Client

struct HttpClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  int64_t connect_timeout_ms = 5'000;
  int64_t timeout_ms = 30'000;
  size_t response_bytes_max = 64U << 20;
};

struct HttpClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Sends requests; the callback runs exactly once, on a loop or inside send() never.
// Thread contract: free-threaded.
class HttpClient {
 public:
  using Callback = std::move_only_function<void(Result<HttpClientResponse>)>;
  virtual ~HttpClient() = default;
  virtual void send(HttpClientRequest request, Callback callback) = 0;
};

struct HttpClientOptions {
  std::string ca_bundle_file;  // PEM; empty: the system's authorities
  // Empty: http_proxy, https_proxy and no_proxy of the environment.
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
};

// libcurl (multi_socket) on the loops; the library is opened with dlopen at the first send.
std::unique_ptr<HttpClient> make_http_client(EventLoops& loops, HttpClientOptions options = {});

// The simulated twin: answers from a function, after simulated delays, with injected failures.
class SimHttpClient final : public HttpClient {
 public:
  using Server = std::function<Result<HttpClientResponse>(const HttpClientRequest&)>;
  SimHttpClient(env::Timers& timers, Server server) : timers_(timers), server_(std::move(server)) {}
  void send(HttpClientRequest request, Callback callback) override;
  void set_delay_ns(int64_t delay_ns) { delay_ns_ = delay_ns; }

 private:
  env::Timers& timers_;
  Server server_;
  int64_t delay_ns_ = 0;
};

// A gzip, deflate or zstd body expanded, with a guard: at most bytes_max, and at most ratio_max
// times the input once the output is over 1 MiB. `encoding` as in Content-Encoding (a list is
// applied from the right); an unknown one is InvalidArgument.
Result<std::string> decode_content(std::string_view encoding, std::string_view body,
                                   size_t bytes_max, size_t ratio_max = 1'000);
std::string gzip_encode(std::string_view body, int level = 1);

}  // namespace kansoku::net
