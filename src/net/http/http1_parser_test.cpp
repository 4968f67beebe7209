// Where this parser is stricter than Debian's libhttp-parser 2.9.4 (Node's former parser), on
// purpose: bare LF ends no line; a space before ':' and folded lines are refused; a second
// Content-Length is refused even when it repeats the first; Transfer-Encoding takes only "chunked",
// never in HTTP/1.0, never beside Content-Length; HTTP/1.1 needs exactly one Host; control bytes
// are in no value.
#include "net/http/http1_parser.h"

#include <doctest/doctest.h>

namespace kansoku::net {
namespace {

struct Parsed {
  std::vector<std::string> targets;
  std::vector<std::string> bodies;
  int error = 0;
  std::string rest;
};

// Feeds pieces of `step` bytes; each message's body is gathered.
Parsed parse(std::string_view text, size_t step, const Http1Limits& limits = {}) {
  Parsed parsed;
  Http1Parser parser(limits);
  std::string body;
  for (size_t at = 0; at < text.size(); at += step) {
    std::string piece(text.substr(at, step));
    std::string_view input = piece;
    for (;;) {
      Http1Parser::Event event = parser.next(input);
      if (event == Http1Parser::Event::NeedMore) break;
      if (event == Http1Parser::Event::Head) parsed.targets.push_back(parser.head().target);
      if (event == Http1Parser::Event::Body) body += parser.body();
      if (event == Http1Parser::Event::End) parsed.bodies.push_back(std::exchange(body, {}));
      if (event == Http1Parser::Event::Error) {
        parsed.error = parser.error().status;
        return parsed;
      }
    }
    CHECK(input.empty());
  }
  return parsed;
}

int error_of(std::string_view text) {
  int whole = parse(text, text.size()).error;
  for (size_t step : {size_t{1}, size_t{2}, size_t{7}}) CHECK(parse(text, step).error == whole);
  return whole;
}

TEST_CASE("http1 parser: any cut of the bytes gives the same messages") {
  std::string text =
      "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "\r\nGET /two?x HTTP/1.1\r\nhost:b\r\n\r\n"
      "PUT /three HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;a=b\r\nhello\r\n6 ; q=\"x\"\r\n world\r\n0\r\nTrailer: t\r\n\r\n"
      "GET http://auth.example:80/four?y HTTP/1.1\r\nHost: other\r\n\r\n"
      "OPTIONS * HTTP/1.1\r\nHost: d\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step) {
    Parsed parsed = parse(text, step);
    REQUIRE(parsed.error == 0);
    REQUIRE(parsed.targets == std::vector<std::string>{"/one", "/two?x", "/three", "/four?y", "*"});
    REQUIRE(parsed.bodies == std::vector<std::string>{"hello", "", "hello world", "", ""});
  }
}

TEST_CASE("http1 parser: refuses whatever two readers could read in two ways") {
  struct Case {
    int status;
    const char* text;
  };
  const Case cases[] = {
      {400,
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {400,
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1234567890123456789\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\n Content-Length: 5\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n"},
      {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"},
      {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
      {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n"},
      {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0b chunked\r\n\r\n"},
      {400,
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n"},
      {400, "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {400, "GET / HTTP/1.1\nHost: x\n\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\x01\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x y\r\n\r\n"},
      {400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET / http/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n"},
      {400, "GET /\r\nHost: x\r\n\r\n"},
      {505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
      {505, "GET / HTTP/0.9\r\nHost: x\r\n\r\n"},
      {400, "GET path HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET http://user@x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {501, "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "G@T / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n"},
      {400, "\x16\x03\x01 binary"},
      {400, "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {417, "GET / HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(error_of(c.text) == c.status);
  }
}

TEST_CASE("http1 parser: bad chunks are refused") {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body :
       {"\r\n", "g\r\n", "-1\r\n", "0x5\r\nhello\r\n", " 5\r\nhello\r\n", "5 x\r\nhello\r\n",
        "5\nhello\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\n",
        "1000000000000000\r\n", "FFFFFFFFFFFFFFFFF\r\n", "5;a\x01\r\nhello\r\n", "5;a\rb\r\n",
        "0\r\nBad trailer\r\n\r\n", "0\r\n folded: x\r\n\r\n", "5\r\r\nhello\r\n"}) {
    CAPTURE(body);
    CHECK(error_of(head + body) == 400);
  }
  CHECK(parse(head + "5 \t;x\r\nhello\r\n000\r\n\r\n", 3).bodies ==
        std::vector<std::string>{"hello"});
}

TEST_CASE("http1 parser: limits name their status") {
  Http1Limits limits{.header_bytes_max = 200,
                     .headers_max = 5,
                     .target_bytes_max = 50,
                     .chunk_line_bytes_max = 20,
                     .chunk_extension_bytes_max = 30};
  auto error = [&](const std::string& text) {
    int whole = parse(text, text.size(), limits).error;
    CHECK(parse(text, 1, limits).error == whole);
    return whole;
  };
  CHECK(error("GET /" + std::string(50, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 414);
  CHECK(error("GET /" + std::string(49, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 0);
  CHECK(error("GET /" + std::string(500, 'a')) == 414);
  // Found by fuzzing: the end of a line that is too long must not hide its length.
  CHECK(error("GET /" + std::string(150, 'a') + " HTTP/1.1\r\nHost: x\r\n") == 414);
  CHECK(error("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(186, 'a') + "\r\n\r\n") == 0);
  CHECK(error("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(187, 'a') + "\r\n\r\n") == 431);
  CHECK(error("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(300, 'a') + "\r\n\r\n") == 431);
  CHECK(error("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(600, 'a')) == 431);
  CHECK(error("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n") == 0);
  CHECK(error("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n") == 431);
  std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(error(chunked + "1;" + std::string(30, 'a') + "\r\n") == 400);
  std::string extensions = chunked;
  for (int i = 0; i < 3; ++i) extensions += "1;" + std::string(11, 'a') + "\r\nx\r\n";
  CHECK(error(extensions) == 400);
  std::string trailers = chunked + "0\r\n";
  for (int i = 0; i < 6; ++i) trailers += "T: v\r\n";
  CHECK(error(trailers) == 431);
}

TEST_CASE("http1 parser: absolute form replaces Host") {
  Http1Limits limits;
  Http1Parser parser(limits);
  std::string_view input =
      "GET https://real:8470?q=1 HTTP/1.1\r\nX: 1\r\nHost: decoy\r\nHost2: y\r\n\r\n";
  REQUIRE(parser.next(input) == Http1Parser::Event::Head);
  CHECK(parser.head().target == "/?q=1");
  CHECK(parser.head().headers.get("host") == "real:8470");
}

TEST_CASE("http1 parser: keep-alive follows version and Connection") {
  auto keep = [](std::string_view text) {
    Http1Limits limits;
    Http1Parser parser(limits);
    REQUIRE(parser.next(text) == Http1Parser::Event::Head);
    return parser.head().keep_alive;
  };
  CHECK(keep("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK_FALSE(keep("GET / HTTP/1.1\r\nHost: x\r\nConnection: te , Close\r\n\r\n"));
  CHECK_FALSE(keep("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keep("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  CHECK_FALSE(keep("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n"));
}

}  // namespace
}  // namespace kansoku::net
