#include "pipeline/receivers/filelog/event_cutter.h"

#include <doctest/doctest.h>

#include <random>

#include "base/regex/regex.h"

using namespace kansoku;
using namespace kansoku::pipeline::filelog;

namespace {

struct Cut {
  std::vector<std::string> events;
  std::vector<std::string> discarded;
  size_t covered = 0;
  CutState state = CutState::Fresh;
};

Cut cut(const EventCutter& cutter, std::string_view bytes, bool final,
        CutState state = CutState::Fresh) {
  Cut out;
  out.state = state;
  std::vector<EventSpan> spans;
  out.covered = cutter.cut(bytes, final, out.state, spans);
  size_t at = 0;
  for (const EventSpan& span : spans) {
    CHECK(span.begin == at);
    CHECK(span.begin <= span.text_end);
    CHECK(span.text_end <= span.end);
    at = span.end;
    std::string text(bytes.substr(span.begin, span.text_end - span.begin));
    if (span.kind == SpanKind::Event) out.events.push_back(text);
    if (span.kind == SpanKind::Truncated) out.events.push_back(text + "...");
    if (span.kind == SpanKind::Discarded) {
      out.discarded.emplace_back(bytes.substr(span.begin, span.end - span.begin));
    }
  }
  CHECK(at == out.covered);
  return out;
}

CutterOptions groups(const std::string& start, size_t max = 1 << 20) {
  auto regex = std::make_shared<Regex>(*Regex::compile_search(start));
  return {.event_bytes_max = max,
          .begins_event = [regex](std::string_view line) { return regex->matches(line); }};
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("lines end with \\n or \\r\\n, and what has no end waits") {
  EventCutter cutter({});
  Cut one = cut(cutter, "a\nb\r\n\nc\rd\nrest", false);
  CHECK(one.events == Texts{"a", "b", "", "c\rd"});
  CHECK(one.covered == 10);
  Cut last = cut(cutter, "rest\r", true);
  CHECK(last.events == Texts{"rest"});
  CHECK(last.covered == 5);
  // The line's end that comes later belongs to it.
  Cut more = cut(cutter, "\nnext\n", false, last.state);
  CHECK(more.events == Texts{"next"});
}

TEST_CASE("bytes that are no characters stay as they are") {
  EventCutter cutter({});
  CHECK(cut(cutter, std::string("\xff\0\xc3\n", 4), false).events ==
        Texts{std::string("\xff\0\xc3", 3)});
}

TEST_CASE("a long line becomes pieces that end between characters") {
  EventCutter cutter({.event_bytes_max = 16});
  Cut whole = cut(cutter,
                  "123456789012345\xc3\xa4"
                  "6789\nx\n",
                  false);
  CHECK(whole.events == Texts{"123456789012345",
                              "\xc3\xa4"
                              "6789",
                              "x"});
  // The same when its end has not come yet.
  Cut open = cut(cutter, "1234567890123456789", false);
  CHECK(open.events == Texts{"1234567890123456"});
  CHECK(open.state == CutState::Continued);
  // A line as long as a piece leaves no empty event behind.
  CHECK(cut(cutter, "\n2\n", false, open.state).events == Texts{"2"});
}

TEST_CASE("a long line is cut, and its rest is named") {
  EventCutter cutter({.event_bytes_max = 16, .long_events = LongEvents::Truncate});
  Cut whole = cut(cutter, "1234567890123456rest\nx\n", false);
  CHECK(whole.events == Texts{"1234567890123456...", "x"});
  CHECK(whole.discarded == Texts{"rest\n"});
  Cut open = cut(cutter, "1234567890123456rest", false);
  CHECK(open.covered == 20);
  Cut then = cut(cutter, "of it\nx\n", false, open.state);
  CHECK(then.discarded == Texts{"of it\n"});
  CHECK(then.events == Texts{"x"});
}

TEST_CASE("UTF-16 lines end at their own line end only") {
  for (bool big : {false, true}) {
    auto wide = [&](std::u16string_view text) {
      std::string out;
      for (char16_t c : text) {
        char low = static_cast<char>(c & 0xff);
        char high = static_cast<char>(c >> 8);
        out += big ? high : low;
        out += big ? low : high;
      }
      return out;
    };
    EventCutter cutter({.charset = big ? Charset::Utf16Be : Charset::Utf16Le});
    // U+0A0A and U+0A41 have the byte of a line's end in either half.
    Cut all = cut(cutter, wide(u"a\r\n\u0a0a\u0a41\u410a\nrest"), false);
    CHECK(all.events == Texts{wide(u"a"), wide(u"\u0a0a\u0a41\u410a")});
  }
}

TEST_CASE("groups of lines begin where the pattern matches") {
  EventCutter cutter(groups("^\\S"));
  Cut all = cut(cutter, "A\n  at x\n  at y\nB\nC\n  at z\n", false);
  CHECK(all.events == Texts{"A\n  at x\n  at y", "B"});
  CHECK(all.covered == 18);
  Cut flushed = cut(cutter, "C\n  at z\n", true);
  CHECK(flushed.events == Texts{"C\n  at z"});
  CHECK(flushed.state == CutState::Fresh);
  // Lines before the first begin are an event of their own.
  CHECK(cut(cutter, "  lost\nA\n", true).events == Texts{"  lost", "A"});
}

TEST_CASE("a group that grows too long is split by lines, or cut and discarded up to the next") {
  EventCutter split(groups("^\\S", 16));
  CHECK(cut(split, "A\n 2345678\n 2345678\nB\n", true).events ==
        Texts{"A\n 2345678", " 2345678", "B"});
  CutterOptions options = groups("^\\S", 16);
  options.long_events = LongEvents::Truncate;
  EventCutter truncate(options);
  Cut all = cut(truncate, "A\n 2345678\n 2345678\n more\nB\n", true);
  CHECK(all.events == Texts{"A\n 2345678\n 2345...", "B"});
  CHECK(all.discarded == Texts{"678\n", " more\n"});
}

TEST_CASE("cutting in pieces of any size gives the same events as cutting at once") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    size_t size = random() % 120;
    for (size_t i = 0; i < size; ++i) text += "ab \n\n\r\xc3\xa4"[random() % 8];
    CutterOptions options = round % 2 == 0 ? CutterOptions{} : groups("^a", 1 << 20);
    options.event_bytes_max = round % 3 == 0 ? 16 : 1 << 20;
    options.long_events = round % 5 == 0 ? LongEvents::Truncate : LongEvents::Split;
    EventCutter cutter(options);
    Texts at_once;
    {
      Cut all = cut(cutter, text, true);
      at_once = all.events;
    }
    Texts pieces;
    CutState state = CutState::Fresh;
    size_t done = 0;
    for (size_t seen = 0; seen <= text.size();) {
      Cut some = cut(cutter, std::string_view(text).substr(done, seen - done), false, state);
      for (auto& event : some.events) pieces.push_back(event);
      // Bounded: what waits is no longer than an event.
      CHECK(seen - done - some.covered <= options.event_bytes_max + 2);
      done += some.covered;
      state = some.state;
      if (seen == text.size()) break;
      seen = std::min(text.size(), seen + 1 + random() % 9);
    }
    Cut rest = cut(cutter, std::string_view(text).substr(done), true, state);
    for (auto& event : rest.events) pieces.push_back(event);
    auto joined = [](const Texts& events) {
      std::string all;
      for (const std::string& event : events) all += event + "|";
      return all;
    };
    // Limits see lines at once as longer than they were when they came in pieces.
    if (options.event_bytes_max > 16) CHECK(joined(pieces) == joined(at_once));
  }
}
