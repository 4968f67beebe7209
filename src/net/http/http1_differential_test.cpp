// What we accept, another parser must read as the same messages: that is what keeps a proxy in
// front of us and us from disagreeing about where a request ends. (The other way round we are
// stricter; see http1_parser_test.cpp.)
#include <doctest/doctest.h>

#include <random>

#include "net/http/http1_parser.h"
#include "support/conformance.h"

#if __has_include(<http_parser.h>)
#include <http_parser.h>

namespace kansoku::net {
namespace {

struct Message {
  std::string method;
  std::string body;
  bool keep_alive = false;
};

// All complete messages, and whether the input was accepted to its end.
struct Reading {
  std::vector<Message> messages;
  bool refused = false;
};

Reading read_ours(std::string_view text, std::mt19937_64& random) {
  static const Http1Limits kLimits;
  Reading reading;
  Http1Parser parser(kLimits);
  Message message;
  while (!text.empty()) {
    size_t step = std::min<size_t>(text.size(), 1 + random() % 40);
    std::string_view input = text.substr(0, step);
    text.remove_prefix(step);
    for (;;) {
      Http1Parser::Event event = parser.next(input);
      if (event == Http1Parser::Event::NeedMore) break;
      if (event == Http1Parser::Event::Error) {
        reading.refused = true;
        return reading;
      }
      if (event == Http1Parser::Event::Head) {
        message = {parser.head().method, "", parser.head().keep_alive};
      } else if (event == Http1Parser::Event::Body) {
        message.body += parser.body();
      } else {
        reading.messages.push_back(message);
        if (!message.keep_alive) return reading;
      }
    }
  }
  return reading;
}

struct Theirs {
  Reading reading;
  Message message;
};

Reading read_theirs(std::string_view text) {
  Theirs theirs;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &theirs;
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_headers_complete = [](http_parser* p) {
    auto& t = *static_cast<Theirs*>(p->data);
    t.message = {http_method_str(static_cast<http_method>(p->method)), "",
                 http_should_keep_alive(p) != 0};
    return 0;
  };
  settings.on_body = [](http_parser* p, const char* at, size_t size) {
    static_cast<Theirs*>(p->data)->message.body.append(at, size);
    return 0;
  };
  settings.on_message_complete = [](http_parser* p) {
    auto& t = *static_cast<Theirs*>(p->data);
    t.reading.messages.push_back(t.message);
    if (!t.message.keep_alive) http_parser_pause(p, 1);
    return 0;
  };
  http_parser_execute(&parser, &settings, text.data(), text.size());
  http_errno error = HTTP_PARSER_ERRNO(&parser);
  // Paused behind a message that closes: what follows is not read.
  theirs.reading.refused = error != HPE_OK;
  return theirs.reading;
}

TEST_CASE("http1 parser: whatever is accepted, Debian's http-parser reads as the same messages") {
  const std::vector<std::string> lines = {"Host: x\r\n",
                                          "Host: y\r\n",
                                          "Content-Length: 5\r\n",
                                          "Content-Length: 0\r\n",
                                          "content-length:6\r\n",
                                          "Transfer-Encoding: chunked\r\n",
                                          "transfer-encoding:\tCHUNKED \r\n",
                                          "Transfer-Encoding: gzip\r\n",
                                          "Connection: close\r\n",
                                          "Connection: keep-alive\r\n",
                                          "Connection: x, close\r\n",
                                          "X: y\r\n",
                                          "X:\r\n",
                                          "Expect: 100-continue\r\n",
                                          " folded\r\n",
                                          "X : y\r\n",
                                          "Content-Length: 5\n",
                                          "X: a\rb\r\n"};
  const std::vector<std::string> firsts = {"GET / HTTP/1.1\r\n",     "POST /p HTTP/1.1\r\n",
                                           "PUT /q?r HTTP/1.0\r\n",  "GET http://h/p HTTP/1.1\r\n",
                                           "OPTIONS * HTTP/1.1\r\n", "DELETE / HTTP/1.1\r\n"};
  const std::vector<std::string> bodies = {"",
                                           "hello",
                                           "hello!",
                                           "5\r\nhello\r\n0\r\n\r\n",
                                           "0\r\n\r\n",
                                           "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: t\r\n\r\n",
                                           "5\r\nhello0\r\n\r\n",
                                           "\r\n"};
  std::mt19937_64 random(20'251'122);
  auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  size_t accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    for (uint64_t messages = 1 + random() % 3; messages > 0; --messages) {
      text += pick(firsts) + "Host: x\r\n";
      for (uint64_t count = random() % 4; count > 0; --count) text += pick(lines);
      text += "\r\n" + pick(bodies);
    }
    for (uint64_t changes = random() % 3; changes > 0 && !text.empty(); --changes) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text.erase(at, 1);
          break;
        case 1:
          text.insert(at, 1, "\r\n \t:;,0aF\x01"[random() % 11]);
          break;
        default:
          text[at] = "\r\n \t:;,0aF\x01"[random() % 11];
      }
    }
    Reading ours = read_ours(text, random);
    Reading theirs = read_theirs(text);
    // Methods that http-parser does not know are refused by it alone, and it reads "Connection: ,
    // close" as keep-alive; where both read a message it must be the same one.
    for (size_t i = 0; i < ours.messages.size(); ++i) {
      if (i >= theirs.messages.size() && theirs.refused) break;
      CAPTURE(text);
      REQUIRE(i < theirs.messages.size());
      REQUIRE(ours.messages[i].body == theirs.messages[i].body);
      REQUIRE(ours.messages[i].method == theirs.messages[i].method);
      ++accepted;
    }
  }
  CHECK(accepted > 20'000);
}

}  // namespace
}  // namespace kansoku::net
#else
TEST_CASE("http1 parser: whatever is accepted, Debian's http-parser reads as the same messages") {
  kansoku::test::skip("http1_differential: libhttp-parser-dev is not installed");
}
#endif
