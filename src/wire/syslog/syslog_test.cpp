#include "wire/syslog/syslog.h"

#include <doctest/doctest.h>

#include "base/time/iso8601.h"

using namespace kansoku;
using namespace kansoku::wire::syslog;

namespace {

constexpr int64_t kNowNs = 1'792'000'000'000'000'000;  // 2026-10-14T18:26:40Z

Message read(std::string_view text) { return parse(text, Zone(), kNowNs); }
std::string time_of(const Message& message) {
  return message.unix_ns ? iso8601(*message.unix_ns / 1'000'000, IsoFraction::WhenNeeded) : "none";
}

}  // namespace

TEST_CASE("the examples of RFC 5424 are read") {
  Message one = read(
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' "
      "failed");
  CHECK(one.format == Message::Format::Rfc5424);
  CHECK(facility_name(one.facility) == "auth");
  CHECK(severity_name(one.severity) == "crit");
  CHECK(time_of(one) == "2003-10-11T22:14:15.003Z");
  CHECK(one.host == "mymachine.example.com");
  CHECK(one.app == "su");
  CHECK(one.process.empty());
  CHECK(one.id == "ID47");
  CHECK(one.text == "'su root' failed");
  Message two =
      read("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time");
  CHECK(two.unix_ns == 1'061'727'255'000'003'000);
  CHECK(two.process == "8710");
  Message three = read(
      "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 "
      "iut=\"3\" eventSource=\"Application\" eventID=\"1011\"][examplePriority@32473 "
      "class=\"high\"]");
  REQUIRE(three.parameters.size() == 4);
  CHECK(three.parameters[0].element == "exampleSDID@32473");
  CHECK(three.parameters[2].name == "eventID");
  CHECK(three.parameters[2].value == "1011");
  CHECK(three.parameters[3].element == "examplePriority@32473");
  CHECK(three.text.empty());
}

TEST_CASE("values of structured data are unescaped, other backslashes stay") {
  Message one = read("<13>1 - - - - - [a x=\"1\\\"2\\\\3\\]4\\n\"][b] text");
  REQUIRE(one.parameters.size() == 2);
  CHECK(one.parameters[0].value == "1\"2\\3]4\\n");
  CHECK(one.parameters[1].element == "b");
  CHECK(one.parameters[1].name.empty());
  CHECK(one.text == "text");
  CHECK(time_of(one) == "none");
}

TEST_CASE("messages of RFC 3164 are read as they are met") {
  Message one = read("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick");
  CHECK(one.format == Message::Format::Rfc3164);
  CHECK(time_of(one) == "2026-10-11T22:14:15Z");
  CHECK(one.host == "mymachine");
  CHECK(one.app == "su");
  CHECK(one.text == "'su root' failed for lonvick");
  Message local = read("<30>Oct  1 02:04:05 sshd[123]: Accepted publickey\n");
  CHECK(local.host.empty());
  CHECK(local.app == "sshd");
  CHECK(local.process == "123");
  CHECK(local.text == "Accepted publickey");
  Message cisco = read("<189>Oct 14 2026 18:00:00.123: %SYS-5-CONFIG_I: Configured");
  CHECK(time_of(cisco) == "2026-10-14T18:00:00.123Z");
  CHECK(cisco.app == "%SYS-5-CONFIG_I");
  Message iso = read("<14>2026-10-14T10:00:00+02:00 host app: text");
  CHECK(time_of(iso) == "2026-10-14T08:00:00Z");
  CHECK(iso.host == "host");
}

TEST_CASE("a time without a year that would be far ahead is of the year before") {
  CHECK(time_of(read("<13>Dec 24 01:02:03 h a: b")) == "2025-12-24T01:02:03Z");
}

TEST_CASE("what is no syslog message is a text") {
  for (std::string_view text : {"", "just text", "<192>too high", "<>x", "<1", "<12345>x"}) {
    Message one = read(text);
    CHECK(one.format == Message::Format::Plain);
    CHECK(one.text == text);
    CHECK_FALSE(one.has_priority);
    CHECK(one.facility == 1);
  }
  // No time, no host.
  Message bare = read("<13>text only");
  CHECK(bare.text == "text only");
}

TEST_CASE("streams are cut by counts and by line ends, in any pieces") {
  std::string stream = "11 <13>1 - a b7 <13>a\nb<13>line one\n<13>line two\r\n\n5 <1>ab";
  for (size_t piece = 1; piece < stream.size(); ++piece) {
    Framer framer(100);
    std::vector<std::string> messages;
    for (size_t at = 0; at < stream.size(); at += piece) {
      framer.feed(std::string_view(stream).substr(at, piece));
      for (;;) {
        auto next = framer.next();
        REQUIRE(next);
        if (!*next) break;
        messages.emplace_back(**next);
      }
    }
    CHECK(messages == std::vector<std::string>{"<13>1 - a b", "<13>a\nb", "<13>line one",
                                               "<13>line two\r", "<1>ab"});
  }
}

TEST_CASE("counts that are wrong or too large end the stream, long lines go out in pieces") {
  Framer wrong(100);
  wrong.feed("12x<13>");
  CHECK_FALSE(wrong.next().has_value());
  Framer large(100);
  large.feed("101 ");
  CHECK_FALSE(large.next().has_value());
  Framer lines(4);
  lines.feed("<1>abcdef\n");
  CHECK(**lines.next() == "<1>a");
  CHECK(**lines.next() == "bcde");
  CHECK(**lines.next() == "f");
  CHECK(lines.split() == 2);
}
