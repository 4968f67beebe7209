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
  for (char c : std::string_view("POST /b?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
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
    client.send(fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.size()));
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

}  // namespace
}  // namespace kansoku::net
