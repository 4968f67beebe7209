#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "net/http/test_support.h"

namespace kansoku::net {
namespace {

using namespace test;

Result<HttpClientResponse> fetch(HttpClient& client, HttpClientRequest request) {
  auto done = std::make_shared<Event>();
  auto result =
      std::make_shared<Result<HttpClientResponse>>(fail(ErrorCode::Internal, "no answer"));
  client.send(std::move(request), [done, result](Result<HttpClientResponse> answer) {
    *result = std::move(answer);
    done->set();
  });
  CHECK(done->wait());
  return std::move(*result);
}

TEST_CASE("client: sends method, path, headers and body as given and reads the answer") {
  TestServer server([](HttpRequest request, HttpExchange exchange) {
    std::string seen = fmt::format("{} {}", request.method, request.target);
    for (const Header& header : request.headers.list()) {
      seen += fmt::format("|{}={}", header.name, header.value);
    }
    exchange.respond({.status = 404,
                      .headers = {{"X-Seen", seen}, {"X-Twice", "1"}, {"X-Twice", "2"}},
                      .body = request.body});
  });
  auto client = make_http_client(*server.loops);
  std::string base = fmt::format("http://127.0.0.1:{}", server.server->port());
  std::string binary("a\0b\xff", 4);
  auto answer = fetch(*client, {.method = "PUT",
                                .url = base + "/a/../b%2f?q=1",
                                .headers = {{"X-Own", "v"}, {"X-Empty", ""}},
                                .body = binary});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 404);
  CHECK(answer->body == binary);
  CHECK(answer->headers.get("x-seen") ==
        fmt::format("PUT /a/../b%2f?q=1|Host=127.0.0.1:{}|X-Own=v|X-Empty=|Content-Length=4",
                    server.server->port()));
  CHECK(answer->headers.list().size() >= 4);
  for (const char* method : {"GET", "HEAD", "POST", "DELETE", "PATCH"}) {
    auto plain = fetch(*client, {.method = method, .url = base + "/"});
    REQUIRE(plain.has_value());
    CHECK(plain->headers.get("X-Seen").starts_with(fmt::format("{} /", method)));
  }
  CHECK(server.server->stats().connections_accepted == 1);
  client.reset();
}

TEST_CASE("client: follows no redirect, keeps its limits and tells errors apart") {
  HttpExchange never;
  TestServer server([&](HttpRequest request, HttpExchange exchange) {
    if (request.target == "/never") {
      never = std::move(exchange);
    } else if (request.target == "/redirect") {
      exchange.respond({.status = 302, .headers = {{"Location", "/elsewhere"}}});
    } else {
      exchange.respond({.body = std::string(100'000, 'x')});
    }
  });
  auto client = make_http_client(*server.loops);
  std::string base = fmt::format("http://127.0.0.1:{}", server.server->port());
  CHECK(fetch(*client, {.url = base + "/redirect"})->status == 302);
  auto large = fetch(*client, {.url = base + "/large", .response_bytes_max = 99'999});
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().code == ErrorCode::ResourceExhausted);
  auto late = fetch(*client, {.url = base + "/never", .timeout_ms = 50});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == ErrorCode::DeadlineExceeded);
  auto scheme = fetch(*client, {.url = "file:///etc/passwd"});
  REQUIRE_FALSE(scheme.has_value());
  CHECK(scheme.error().code == ErrorCode::InvalidArgument);
  auto split = fetch(*client, {.url = base, .headers = {{"X", "a\r\nY: b"}}});
  REQUIRE_FALSE(split.has_value());
  CHECK(split.error().code == ErrorCode::InvalidArgument);
  uint16_t port = server.server->port();
  never.respond({});
  CHECK(server.stop(0));
  auto refused = fetch(*client, {.url = fmt::format("http://127.0.0.1:{}/", port)});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::Unavailable);
  client.reset();
}

TEST_CASE("client: many requests at once are all answered") {
  TestServer server(echo, {}, 2);
  auto client = make_http_client(*server.loops);
  constexpr int kRequests = 300;
  Event done;
  std::atomic<int> left = kRequests;
  std::atomic<int> good = 0;
  for (int i = 0; i < kRequests; ++i) {
    std::string expected = fmt::format("POST /{} {}", i, i);
    client->send({.method = "POST",
                  .url = fmt::format("http://127.0.0.1:{}/{}", server.server->port(), i),
                  .body = std::to_string(i)},
                 [&, expected](Result<HttpClientResponse> answer) {
                   if (answer && answer->body == expected) ++good;
                   if (--left == 0) done.set();
                 });
  }
  REQUIRE(done.wait());
  CHECK(good == kRequests);
  CHECK(server.server->stats().connections_accepted <= 64);
  client.reset();
}

TEST_CASE("client: closing it answers what is under way") {
  HttpExchange never;
  Event arrived;
  TestServer server([&](HttpRequest, HttpExchange exchange) {
    never = std::move(exchange);
    arrived.set();
  });
  auto client = make_http_client(*server.loops);
  Event done;
  ErrorCode code = ErrorCode::Internal;
  client->send({.url = fmt::format("http://127.0.0.1:{}/", server.server->port())},
               [&](Result<HttpClientResponse> answer) {
                 if (!answer) code = answer.error().code;
                 done.set();
               });
  REQUIRE(arrived.wait());
  client.reset();
  REQUIRE(done.wait());
  CHECK(code == ErrorCode::Cancelled);
  never.abort();
}

TEST_CASE("client: the simulated twin answers after its delay") {
  env::SimClock clock;
  SimHttpClient client(clock, [](const HttpClientRequest& request) -> Result<HttpClientResponse> {
    if (request.url == "bad") return unavailable("no network");
    return HttpClientResponse{.status = 200, .body = request.url};
  });
  client.set_delay_ns(1'000);
  std::string seen;
  client.send({.url = "good"}, [&](auto answer) { seen += answer->body; });
  client.send({.url = "bad"}, [&](auto answer) { seen += answer.error().message; });
  CHECK(seen.empty());
  clock.advance(999);
  CHECK(seen.empty());
  clock.advance(1);
  CHECK(seen == "goodno network");
}

TEST_CASE("loops: timers run in order, once, and can be cancelled") {
  auto loops = EventLoops::start(1);
  Event done;
  std::string order;
  uint64_t never = loops->after(env::kNsPerS * 3'600, [&] { order += "never"; });
  loops->post([&] {
    loops->after(3'000'000, [&] {
      order += "3";
      done.set();
    });
    loops->after(1'000'000, [&] { order += "1"; });
    loops->after(2'000'000, [&] { order += "2"; });
  });
  REQUIRE(done.wait());
  CHECK(loops->cancel(never));
  CHECK_FALSE(loops->cancel(never));
  loops->stop();
  CHECK(order == "123");
}

}  // namespace
}  // namespace kansoku::net
