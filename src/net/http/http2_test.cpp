#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>

#include <thread>

#include "net/http/connection.h"
#include "net/http/test_support.h"

namespace kansoku::net {
namespace {

using namespace test;

struct Answer {
  int status = 0;
  Headers headers;
  Headers trailers;
  std::string body;
  bool closed = false;
  uint32_t error = 0;
};

// A client session of nghttp2 on a plain socket.
class Http2Client {
 public:
  explicit Http2Client(uint16_t port) : socket_(port) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
           const uint8_t* value, size_t value_size, uint8_t, void* user) {
          Answer& answer = self(user).answers[frame->hd.stream_id];
          std::string key(reinterpret_cast<const char*>(name), name_size);
          std::string text(reinterpret_cast<const char*>(value), value_size);
          if (key == ":status") {
            answer.status = std::stoi(text);
          } else {
            (frame->headers.cat == NGHTTP2_HCAT_HEADERS ? answer.trailers : answer.headers)
                .add(key, text);
          }
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
          self(user).answers[id].body.append(reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t id, uint32_t error, void* user) {
          self(user).answers[id].closed = true;
          self(user).answers[id].error = error;
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goaway = frame->goaway.error_code;
          if (frame->hd.type == NGHTTP2_SETTINGS) self(user).settings = true;
          return 0;
        });
    nghttp2_session_client_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;
  ~Http2Client() { nghttp2_session_del(session); }

  int32_t submit(std::string method, std::string path, std::string body = {}, Headers more = {}) {
    std::vector<std::pair<std::string, std::string>> fields = {
        {":method", method}, {":scheme", "http"}, {":authority", "host"}, {":path", path}};
    for (const Header& header : more.list()) fields.emplace_back(header.name, header.value);
    std::vector<nghttp2_nv> list;
    for (auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<uint8_t*>(name.data()),
                      reinterpret_cast<uint8_t*>(value.data()), name.size(), value.size(),
                      NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider provider{};
    provider.read_callback = [](nghttp2_session*, int32_t id, uint8_t* into, size_t room,
                                uint32_t* flags, nghttp2_data_source*, void* user) -> ssize_t {
      std::string& rest = self(user).bodies_[id];
      size_t bytes = std::min(room, rest.size());
      std::memcpy(into, rest.data(), bytes);
      rest.erase(0, bytes);
      if (rest.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(bytes);
    };
    int32_t id = nghttp2_submit_request(session, nullptr, list.data(), list.size(),
                                        body.empty() ? nullptr : &provider, nullptr);
    bodies_[id] = std::move(body);
    return id;
  }
  bool send() {
    const uint8_t* bytes = nullptr;
    for (;;) {
      ssize_t size = nghttp2_session_mem_send(session, &bytes);
      if (size <= 0) return size == 0;
      if (!socket_.send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)}))
        return false;
    }
  }
  // Sends and reads until the condition holds or the connection ends.
  template <class F>
  bool run_until(F condition) {
    while (!condition()) {
      if (!send()) {
        // The server has gone; what it said before is still to be read.
      }
      char bytes[16 * 1024];
      ssize_t got = recv(socket_.fd(), bytes, sizeof bytes, 0);
      if (got <= 0) {
        ended = true;
        return condition();
      }
      if (nghttp2_session_mem_recv(session, reinterpret_cast<uint8_t*>(bytes),
                                   static_cast<size_t>(got)) < 0) {
        return false;
      }
    }
    return true;
  }
  bool finish(int32_t id) {
    return run_until([&] { return answers[id].closed; });
  }
  RawClient& socket() { return socket_; }

  nghttp2_session* session = nullptr;
  std::map<int32_t, Answer> answers;
  std::optional<uint32_t> goaway;
  bool settings = false;
  bool ended = false;

 private:
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }
  RawClient socket_;
  std::map<int32_t, std::string> bodies_;
};

TEST_CASE("http2: answers many requests on one connection, bodies both ways") {
  TestServer server([](HttpRequest request, HttpExchange exchange) {
    Headers headers = {{"X-Seen", fmt::format("{} {} {}", request.version_major, request.method,
                                              request.headers.get("host"))}};
    exchange.respond({.headers = headers, .body = request.target + request.body});
  });
  Http2Client client(server.server->port());
  std::string body(3'000'000, 'b');
  std::vector<int32_t> small;
  for (int i = 0; i < 50; ++i) small.push_back(client.submit("GET", fmt::format("/{}", i)));
  int32_t large = client.submit("POST", "/large", body);
  for (size_t i = 0; i < small.size(); ++i) {
    REQUIRE(client.finish(small[i]));
    CHECK(client.answers[small[i]].body == fmt::format("/{}", i));
  }
  REQUIRE(client.finish(large));
  CHECK(client.answers[large].body == "/large" + body);
  CHECK(client.answers[large].headers.get("x-seen") == "2 POST host");
  CHECK(client.answers[large].headers.get("content-length") == std::to_string(body.size() + 6));
}

TEST_CASE("http2: streams an answer with trailers") {
  TestServer server([](HttpRequest, HttpExchange exchange) {
    exchange.begin(200, {{"Content-Type", "application/grpc"}});
    exchange.write("one ");
    std::thread([exchange = std::move(exchange)]() mutable {
      exchange.write("two");
      exchange.end({{"grpc-status", "0"}});
    }).detach();
  });
  Http2Client client(server.server->port());
  int32_t id = client.submit("POST", "/rpc", "x");
  REQUIRE(client.finish(id));
  CHECK(client.answers[id].body == "one two");
  CHECK(client.answers[id].trailers.get("grpc-status") == "0");
  CHECK(client.answers[id].error == 0);
}

TEST_CASE("http2: HEAD, 204 and empty answers have no body") {
  TestServer server([](HttpRequest request, HttpExchange exchange) {
    exchange.respond({.status = request.target == "/204" ? 204 : 200,
                      .body = request.method == "HEAD" ? "12345" : ""});
  });
  Http2Client client(server.server->port());
  int32_t head = client.submit("HEAD", "/");
  int32_t none = client.submit("GET", "/204");
  int32_t empty = client.submit("GET", "/");
  for (int32_t id : {head, none, empty}) REQUIRE(client.finish(id));
  CHECK(client.answers[head].headers.get("content-length") == "5");
  CHECK(client.answers[head].body.empty());
  CHECK(client.answers[none].status == 204);
  CHECK_FALSE(client.answers[none].headers.has("content-length"));
  CHECK(client.answers[empty].headers.get("content-length") == "0");
}

TEST_CASE("http2: limits are answered on the stream and the connection goes on") {
  HttpServerOptions options;
  options.limits.body_bytes_max = 1'000;
  options.limits.target_bytes_max = 100;
  options.limits.headers_max = 10;
  TestServer server(echo, options);
  Http2Client client(server.server->port());
  int32_t body = client.submit("POST", "/", std::string(50'000, 'x'));
  REQUIRE(client.finish(body));
  CHECK(client.answers[body].status == 413);
  int32_t target = client.submit("GET", "/" + std::string(200, 't'));
  REQUIRE(client.finish(target));
  CHECK(client.answers[target].status == 414);
  Headers many;
  for (int i = 0; i < 20; ++i) many.add(fmt::format("x-{}", i), "v");
  int32_t headers = client.submit("GET", "/", {}, many);
  REQUIRE(client.finish(headers));
  CHECK(client.answers[headers].status == 431);
  int32_t good = client.submit("GET", "/good");
  REQUIRE(client.finish(good));
  CHECK(client.answers[good].body == "GET /good ");
  CHECK(server.server->stats().bad_requests == 3);
}

TEST_CASE("http2: a flood of resets or pings ends the connection, others are served") {
  HttpServerOptions options;
  options.limits.http2_resets_per_s_max = 20;
  std::mutex mutex;
  std::vector<HttpExchange> held;
  TestServer server(
      [&](HttpRequest request, HttpExchange exchange) {
        if (request.target == "/good") return echo(std::move(request), std::move(exchange));
        std::lock_guard lock(mutex);
        held.push_back(std::move(exchange));
      },
      options);
  Http2Client resets(server.server->port());
  for (int i = 0; i < 200 && !resets.goaway && !resets.ended; ++i) {
    int32_t id = resets.submit("GET", "/");
    if (!resets.send()) break;
    nghttp2_submit_rst_stream(resets.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    if (!resets.send()) break;
  }
  resets.run_until([&] { return resets.goaway.has_value(); });
  CHECK(resets.goaway.value_or(0) == NGHTTP2_ENHANCE_YOUR_CALM);

  Http2Client pings(server.server->port());
  for (int i = 0; i < 20'000; ++i) {
    nghttp2_submit_ping(pings.session, NGHTTP2_FLAG_NONE, nullptr);
    if (!pings.send()) break;
  }
  pings.run_until([&] { return pings.goaway.has_value(); });
  CHECK((pings.goaway.has_value() || pings.ended));

  Http2Client good(server.server->port());
  int32_t id = good.submit("GET", "/good");
  REQUIRE(good.finish(id));
  CHECK(good.answers[id].status == 200);
  std::lock_guard lock(mutex);
  for (HttpExchange& exchange : held) exchange.respond({});
}

TEST_CASE("http2: stop says GOAWAY and lets the request in flight finish") {
  Event arrived;
  HttpExchange held;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    held = std::move(exchange);
    arrived.set();
  });
  Http2Client client(server.server->port());
  int32_t id = client.submit("GET", "/");
  REQUIRE(client.run_until([&] { return client.settings; }));
  REQUIRE(client.send());
  REQUIRE(arrived.wait());
  Event stopped;
  server.server->stop(30'000, [&] { stopped.set(); });
  REQUIRE(client.run_until([&] { return client.goaway.has_value(); }));
  CHECK(*client.goaway == NGHTTP2_NO_ERROR);
  held.respond({.body = "late"});
  REQUIRE(client.finish(id));
  CHECK(client.answers[id].body == "late");
  CHECK(client.run_until([&] { return client.ended; }));
  client.socket().close_socket();
  CHECK(stopped.wait());
  server.server.reset();
}

TEST_CASE("http2: a reader that grants no window holds its stream, not its server") {
  Event drained;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    exchange.begin(200, {});
    bool room = true;
    size_t bytes = 0;
    while (room && bytes < (64U << 20)) {
      room = exchange.write(std::string(100'000, 'x'));
      bytes += 100'000;
    }
    CHECK(bytes < (4U << 20));
    auto shared = std::make_shared<HttpExchange>(std::move(exchange));
    shared->on_drain([shared, &drained] {
      drained.set();
      shared->end();
    });
  });
  Http2Client client(server.server->port());
  int32_t id = client.submit("GET", "/");
  REQUIRE(client.finish(id));
  CHECK(drained.wait());
  CHECK(client.answers[id].body.size() % 100'000 == 0);
  CHECK(client.answers[id].body.size() >= (1U << 20));
}

TEST_CASE("http2: a bad preface is answered as HTTP/1.1, garbage after it ends the connection") {
  TestServer server(echo);
  RawClient bad(server.server->port());
  bad.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  CHECK(contains(bad.read_to_end(), "505"));
  RawClient garbage(server.server->port());
  garbage.send(std::string(kHttp2Preface) + std::string(100, '\xff'));
  garbage.read_to_end();
  CHECK(garbage.ended());
}

}  // namespace
}  // namespace kansoku::net
