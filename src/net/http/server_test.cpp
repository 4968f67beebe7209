#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "net/http/test_support.h"

namespace kansoku::net {
namespace {

using namespace test;

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_CASE("http1: answers a request and keeps the connection") {
  TestServer server(echo);
  REQUIRE(server.server != nullptr);
  RawClient client(server.server->port());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.send(kGet));
    std::string answer = client.read_answer();
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    CHECK(contains(answer, "GMT\r\nContent-Type: text/plain\r\n"));
    CHECK(answer.ends_with("\r\n\r\nGET /a "));
  }
  CHECK(server.server->stats().requests == 3);
  CHECK(server.server->stats().connections_accepted == 1);
}

TEST_CASE("http1: a request that comes byte by byte is read") {
  TestServer server(echo);
  RawClient client(server.server->port());
  for (char c :
       std::string_view("POST /b?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
    REQUIRE(client.send(std::string_view(&c, 1)));
  }
  CHECK(client.read_answer().ends_with("POST /b?q=1 abc"));
}

TEST_CASE("http1: pipelined requests are answered in order, also when answers are late") {
  auto loops_handler = [](HttpRequest request, HttpExchange exchange) {
    std::thread([request = std::move(request), exchange = std::move(exchange)]() mutable {
      exchange.respond({.body = request.target});
    }).detach();
  };
  TestServer server(loops_handler);
  RawClient client(server.server->port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
  REQUIRE(client.send(requests));
  for (int i = 0; i < 50; ++i) CHECK(client.read_answer().ends_with(fmt::format("\r\n\r\n/{}", i)));
}

TEST_CASE("http1: large bodies arrive whole, by length and in chunks") {
  TestServer server([](HttpRequest request, HttpExchange exchange) {
    exchange.respond({.body = std::move(request.body)});
  });
  std::string body;
  for (uint32_t i = 0; body.size() < 3'000'000; ++i) body += fmt::format("{} ", i * 2654435761U);
  RawClient client(server.server->port());
  std::thread sender([&] {
    client.send(
        fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.size()));
    client.send(body);
  });
  std::string answer = client.read_answer();
  sender.join();
  CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == body);

  RawClient chunked(server.server->port());
  std::thread chunk_sender([&] {
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < body.size(); at += 70'001) {
      std::string_view piece = std::string_view(body).substr(at, 70'001);
      chunked.send(fmt::format("{:x};name=value\r\n{}\r\n", piece.size(), piece));
    }
    chunked.send("0\r\nX-Trailer: 1\r\n\r\n");
  });
  answer = chunked.read_answer();
  chunk_sender.join();
  CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == body);
}

TEST_CASE("http1: Expect 100-continue is answered before the body, refused when it is too long") {
  HttpServerOptions options;
  options.limits.body_bytes_max = 1'000;
  TestServer server(echo, options);
  RawClient client(server.server->port());
  client.send("PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  CHECK(client.read_answer().ends_with("PUT /c hi"));
  client.send("PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_answer().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("http1: HEAD has the length of the body and no body") {
  TestServer server(echo);
  RawClient client(server.server->port());
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(contains(client.read_answer(false), "Content-Length: 8\r\n"));
  client.send(kGet);
  CHECK(client.read_answer().starts_with("HTTP/1.1 200"));
}

TEST_CASE("http1: HTTP/1.0 closes unless asked to keep") {
  TestServer server(echo);
  RawClient client(server.server->port());
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(contains(client.read_answer(), "Connection: keep-alive\r\n"));
  client.send("GET /a HTTP/1.0\r\n\r\n");
  std::string answer = client.read_to_end();
  CHECK(contains(answer, "Connection: close\r\n"));
  CHECK(client.ended());
}

TEST_CASE("http1: every refusal is an answer with a status and a text, then the end") {
  HttpServerOptions options;
  options.limits.body_bytes_max = 1'000;
  options.limits.target_bytes_max = 100;
  options.limits.header_bytes_max = 1'000;
  TestServer server(echo, options);
  struct Case {
    const char* status;
    std::string text;
  };
  const Case cases[] = {
      {"400", "nonsense\r\n\r\n"},
      {"400",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"413",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + std::string(1'001, 'b')},
      {"413", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                  std::string(1'001, 'b')},
      {"414", "GET /" + std::string(1'000, 'a')},
      {"431", "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2'000, 'a')},
      {"505", "GET / HTTP/3.0\r\n\r\n"},
      {"501", "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"417", "GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text.substr(0, 40));
    RawClient client(server.server->port());
    client.send(c.text);
    std::string answer = client.read_to_end();
    CHECK(answer.starts_with(fmt::format("HTTP/1.1 {} ", c.status)));
    CHECK(contains(answer, "Connection: close\r\n"));
    CHECK(contains(answer, "Content-Type: text/plain"));
    CHECK(answer.ends_with("\n"));
    CHECK(client.ended());
  }
  CHECK(server.server->stats().bad_requests == std::size(cases));
  CHECK(server.server->stats().requests == 0);
}

TEST_CASE("http1: a request smuggled behind a refused one is never run") {
  TestServer server(echo);
  RawClient client(server.server->port());
  client.send(
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string answer = client.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK_FALSE(contains(answer, "smuggled"));
  CHECK(server.server->stats().requests == 0);
}

TEST_CASE("http1: the answer to a refused upload arrives while the client still sends") {
  HttpServerOptions options;
  options.limits.body_bytes_max = 1'000;
  TestServer server(echo, options);
  RawClient client(server.server->port());
  std::string answer;
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'b'));
  CHECK(client.read_answer().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("http1: slow heads and bodies are answered 408, idle connections are closed") {
  HttpServerOptions options;
  options.limits.header_timeout_ms = 40;
  options.limits.body_idle_timeout_ms = 40;
  options.limits.keep_alive_timeout_ms = 60;
  TestServer server(echo, options);
  RawClient head(server.server->port());
  head.send("GET / HTTP/1.1\r\nHo");
  CHECK(head.read_to_end().starts_with("HTTP/1.1 408 "));
  RawClient body(server.server->port());
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(body.read_to_end().starts_with("HTTP/1.1 408 "));
  RawClient idle(server.server->port());
  CHECK(idle.read_to_end().empty());
  CHECK(idle.ended());
  RawClient kept(server.server->port());
  kept.send(kGet);
  CHECK(kept.read_answer().starts_with("HTTP/1.1 200"));
  CHECK(kept.read_to_end().empty());
  CHECK(kept.ended());
  CHECK(server.server->stats().timeouts == 2);
}

TEST_CASE("http1: a body that drips below the least rate is cut, however regular") {
  HttpServerOptions options;
  options.limits.body_idle_timeout_ms = 50;
  options.limits.body_bytes_per_s_min = 1'000'000'000;
  TestServer server(echo, options);
  RawClient client(server.server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n");
  std::string piece(1'000, 'd');
  bool answered = false;
  while (!answered && client.send(piece)) {
    pollfd ready{client.fd(), POLLIN, 0};
    answered = poll(&ready, 1, 1) > 0;
  }
  CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 408 "));
}

TEST_CASE("http1: hundreds of slow heads do not keep others waiting") {
  TestServer server(echo);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 400; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.server->port()));
    slow.back()->send("POST / HTTP/1.1\r\nHost: x\r\nX-Drip: ");
  }
  RawClient good(server.server->port());
  good.send(kGet);
  CHECK(good.read_answer().starts_with("HTTP/1.1 200"));
  CHECK(server.server->stats().connections_open >= 401);
}

TEST_CASE("http1: bodies of all connections share one budget") {
  HttpServerOptions options;
  options.limits.body_bytes_max = 3'000;
  options.limits.bodies_bytes_max = 4'000;
  std::mutex mutex;
  std::vector<HttpExchange> held;
  Event arrived;
  TestServer server(
      [&](HttpRequest, HttpExchange exchange) {
        std::lock_guard lock(mutex);
        held.push_back(std::move(exchange));
        arrived.set();
      },
      options);
  std::string request =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n" + std::string(3'000, 'b');
  RawClient first(server.server->port());
  first.send(request);
  REQUIRE(arrived.wait());
  RawClient second(server.server->port());
  second.send(request);
  CHECK(second.read_to_end().starts_with("HTTP/1.1 503 "));
  {
    std::lock_guard lock(mutex);
    held[0].respond({.body = "ok"});
  }
  CHECK(first.read_answer().ends_with("ok"));
  // The share is free again as soon as the answer is out.
  first.send(request);
  RawClient third(server.server->port());
  third.send(request);
  CHECK(third.read_to_end().starts_with("HTTP/1.1 503 "));
  std::lock_guard lock(mutex);
  for (HttpExchange& exchange : held) exchange.respond({});
}

TEST_CASE("http1: long heads count against the same budget as bodies") {
  HttpServerOptions options;
  options.limits.bodies_bytes_max = 50'000;
  TestServer server(echo, options);
  std::string head = "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(30'000, 'h');
  // A complete one is answered and gives its share back, any number of times.
  RawClient whole(server.server->port());
  for (int i = 0; i < 5; ++i) {
    whole.send(head + "\r\n\r\n");
    CHECK(whole.read_answer().starts_with("HTTP/1.1 200"));
  }
  std::vector<std::unique_ptr<RawClient>> slow;
  bool refused = false;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.server->port()));
    slow.back()->send(head);
  }
  // Of three that stay open at least one is over; which one is the loop's business.
  std::vector<pollfd> waiting;
  for (auto& client : slow) waiting.push_back({client->fd(), POLLIN, 0});
  REQUIRE(poll(waiting.data(), waiting.size(), 20'000) > 0);
  for (size_t i = 0; i < slow.size(); ++i) {
    if ((waiting[i].revents & POLLIN) != 0) {
      refused |= slow[i]->read_until("\r\n\r\n").starts_with("HTTP/1.1 503 ");
    }
  }
  CHECK(refused);
}

TEST_CASE("http1: over connections_max a newcomer is told 503") {
  HttpServerOptions options;
  options.limits.connections_max = 2;
  TestServer server(echo, options);
  RawClient a(server.server->port());
  a.send(kGet);
  a.read_answer();
  RawClient b(server.server->port());
  b.send(kGet);
  b.read_answer();
  RawClient c(server.server->port());
  CHECK(c.read_to_end().starts_with("HTTP/1.1 503 "));
  CHECK(server.server->stats().connections_refused == 1);
  a.send(kGet);
  CHECK(a.read_answer().starts_with("HTTP/1.1 200"));
}

TEST_CASE("http1: an exchange dropped unanswered is a 500 and a counted fault") {
  TestServer server([](HttpRequest, HttpExchange) {});
  RawClient client(server.server->port());
  client.send(kGet);
  CHECK(client.read_answer().starts_with("HTTP/1.1 500 "));
  CHECK(server.server->stats().unanswered == 1);
  client.send(kGet);
  CHECK(client.read_answer().starts_with("HTTP/1.1 500 "));
}

TEST_CASE("http1: streams go out in chunks with trailers; a dropped stream is visibly cut") {
  TestServer server([](HttpRequest request, HttpExchange exchange) {
    exchange.begin(200, {{"Content-Type", "text/event-stream"}});
    exchange.write("data: 1\n\n");
    exchange.write("");
    exchange.write("data: 2\n\n");
    if (request.target == "/whole") exchange.end({{"X-Sum", "3"}});
  });
  RawClient client(server.server->port());
  client.send("GET /whole HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(contains(client.read_until("\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
  CHECK(client.read_until("0\r\nX-Sum: 3\r\n\r\n") ==
        "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\nX-Sum: 3\r\n\r\n");
  client.send("GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_FALSE(contains(client.read_to_end(), "\r\n0\r\n"));
  CHECK(server.server->stats().unanswered == 1);
  RawClient old(server.server->port());
  old.send("GET /whole HTTP/1.0\r\n\r\n");
  CHECK(old.read_to_end().ends_with("\r\n\r\ndata: 1\n\ndata: 2\n\n"));
}

TEST_CASE("http1: a slow reader is pushed back on, and drains") {
  Event drained;
  Event full;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    exchange.begin(200, {});
    size_t bytes = 0;
    while (bytes < (256U << 20)) {
      bytes += 100'000;
      if (!exchange.write(std::string(100'000, 'x'))) break;
    }
    CHECK(bytes < (64U << 20));
    full.set();
    auto shared = std::make_shared<HttpExchange>(std::move(exchange));
    shared->on_drain([shared, &drained] {
      drained.set();
      shared->end();
    });
  });
  RawClient client(server.server->port(), 4'096);
  client.send(kGet);
  REQUIRE(full.wait());
  std::string answer = client.read_until("\r\n0\r\n\r\n");
  CHECK(answer.size() > (1U << 20));
  CHECK(drained.wait());
}

TEST_CASE("http1: a reader that stalls is cut after the write timeout") {
  HttpServerOptions options;
  options.limits.write_stall_timeout_ms = 40;
  Event closed;
  TestServer server(
      [&](HttpRequest, HttpExchange exchange) {
        auto shared = std::make_shared<HttpExchange>(std::move(exchange));
        shared->begin(200, {});
        shared->on_close([&closed, shared] {
          CHECK(shared->closed());
          closed.set();
          shared->abort();
        });
        shared->write(std::string(64U << 20, 'x'));
      },
      options);
  RawClient client(server.server->port(), 4'096);
  client.send(kGet);
  CHECK(closed.wait());
  CHECK(server.server->stats().timeouts == 1);
}

TEST_CASE("http1: a client that goes away is noticed by the stream it leaves") {
  Event closed;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    auto shared = std::make_shared<HttpExchange>(std::move(exchange));
    shared->begin(200, {});
    shared->write("first");
    shared->on_close([&closed, shared] {
      closed.set();
      shared->abort();
    });
  });
  RawClient client(server.server->port());
  client.send(kGet);
  client.read_until("first");
  client.close_socket();
  CHECK(closed.wait());
}

TEST_CASE("http1: a client that closes its sending side still gets its answer") {
  Event arrived;
  HttpExchange held;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    held = std::move(exchange);
    arrived.set();
  });
  RawClient client(server.server->port());
  client.send(kGet);
  client.close_sending();
  REQUIRE(arrived.wait());
  held.respond({.body = "late"});
  CHECK(client.read_to_end().ends_with("\r\n\r\nlate"));
}

TEST_CASE("http1: header values cannot split an answer") {
  TestServer server([](HttpRequest, HttpExchange exchange) {
    exchange.respond(
        {.headers = {{"X-A", "1\r\nX-Evil: 2"}, {"Bad Name", "3"}, {"Content-Length", "99"}},
         .static_body = "static"});
  });
  RawClient client(server.server->port());
  client.send(kGet);
  std::string answer = client.read_answer();
  CHECK(contains(answer, "X-A: 1  X-Evil: 2\r\n"));
  CHECK_FALSE(contains(answer, "Bad Name"));
  CHECK(contains(answer, "Content-Length: 6\r\n"));
  CHECK(answer.ends_with("static"));
}

TEST_CASE("http1: stop answers what is in flight, closes the idle and the late") {
  std::mutex mutex;
  std::vector<HttpExchange> held;
  Event both;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    std::lock_guard lock(mutex);
    held.push_back(std::move(exchange));
    if (held.size() == 2) both.set();
  });
  uint16_t port = server.server->port();
  RawClient idle(port), answered(port), late(port);
  answered.send("GET /answered HTTP/1.1\r\nHost: x\r\n\r\n");
  late.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(both.wait());
  Event stopped;
  server.server->stop(200, [&] { stopped.set(); });
  CHECK(idle.read_to_end().empty());
  {
    std::lock_guard lock(mutex);
    held[0].respond({.body = "done"});
  }
  bool first_is_answered = true;
  std::string answer = answered.read_to_end();
  if (answer.empty()) first_is_answered = false;
  if (!first_is_answered) answer = late.read_to_end();
  CHECK(contains(answer, "Connection: close\r\n"));
  CHECK(answer.ends_with("done"));
  CHECK(stopped.wait());
  server.server.reset();
  CHECK_FALSE(RawClient(port).connected());
  std::lock_guard lock(mutex);
  CHECK(held[1].closed());
}

TEST_CASE("http: a taken port is an error, an address that is no IP too") {
  TestServer server(echo);
  HttpServerOptions options;
  options.port = server.server->port();
  auto second = HttpServer::start(*server.loops, options, echo);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == ErrorCode::AlreadyExists);
  options.address = "example.com";
  CHECK_FALSE(HttpServer::start(*server.loops, options, echo).has_value());
  options.address = "::1";
  options.port = 0;
  auto six = HttpServer::start(*server.loops, options, echo);
  if (six) {
    Event done;
    (*six)->stop(0, [&] { done.set(); });
    CHECK(done.wait());
  }
}

}  // namespace
}  // namespace kansoku::net
