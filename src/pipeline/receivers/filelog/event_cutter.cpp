#include "pipeline/receivers/filelog/event_cutter.h"

#include "base/check.h"

namespace kansoku::pipeline::filelog {
namespace {

constexpr size_t kNone = std::string_view::npos;

EventSpan span(size_t begin, size_t text, size_t end, SpanKind kind, bool several = false) {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(text), static_cast<uint32_t>(end),
          kind, several};
}

}  // namespace

EventCutter::EventCutter(CutterOptions options)
    : options_(std::move(options)), unit_(charset_unit_bytes(options_.charset)) {
  // Pieces are whole code units, and no cut leaves an event without progress.
  options_.event_bytes_max = std::max<size_t>(options_.event_bytes_max / 4 * 4, 16);
}

// Where the line's end stands: of UTF-16 its two bytes, at an even place.
size_t EventCutter::find_line_end(std::string_view bytes, size_t from) const {
  for (;;) {
    const void* found =
        from < bytes.size() ? std::memchr(bytes.data() + from, '\n', bytes.size() - from) : nullptr;
    if (found == nullptr) return kNone;
    auto at = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    if (unit_ == 1) return at;
    bool big = options_.charset == Charset::Utf16Be;
    if (big && at % 2 == 1 && bytes[at - 1] == '\0') return at - 1;
    if (!big && at % 2 == 0 && at + 1 < bytes.size() && bytes[at + 1] == '\0') return at;
    from = at + 1;
  }
}

// Without a carriage return at the end.
size_t EventCutter::text_end(std::string_view bytes, size_t begin, size_t end) const {
  if (end < begin + unit_) return end;
  if (unit_ == 1) return bytes[end - 1] == '\r' ? end - 1 : end;
  bool big = options_.charset == Charset::Utf16Be;
  char letter = big ? bytes[end - 1] : bytes[end - 2];
  char zero = big ? bytes[end - 2] : bytes[end - 1];
  return letter == '\r' && zero == '\0' ? end - 2 : end;
}

// The end of the first piece of a long event: not within a character of UTF-8 or a pair of UTF-16.
size_t EventCutter::piece_end(std::string_view bytes, size_t begin) const {
  size_t end = begin + options_.event_bytes_max;
  if (options_.charset == Charset::Utf8) {
    size_t back = end;
    while (back > end - 3 && (static_cast<uint8_t>(bytes[back]) & 0xc0U) == 0x80) --back;
    return (static_cast<uint8_t>(bytes[back]) & 0xc0U) == 0x80 ? end : back;
  }
  if (unit_ == 2) {
    auto high =
        static_cast<uint8_t>(bytes[options_.charset == Charset::Utf16Be ? end - 2 : end - 1]);
    if (high >= 0xd8 && high < 0xdc) return end - 2;
  }
  return end;
}

bool EventCutter::begins(std::string_view line) const {
  if (options_.charset == Charset::Utf8) return options_.begins_event(line);
  std::string text;
  append_utf8(options_.charset, line, text);
  return options_.begins_event(text);
}

// An event of [begin, text) that is over the limit and whose end is known.
void EventCutter::long_event(std::string_view bytes, size_t begin, size_t text, size_t end,
                             CutState& state, std::vector<EventSpan>& out) const {
  if (options_.long_events == LongEvents::Truncate) {
    size_t cut_at = piece_end(bytes, begin);
    out.push_back(span(begin, cut_at, cut_at, SpanKind::Truncated));
    out.push_back(span(cut_at, cut_at, end, SpanKind::Discarded));
    state = CutState::Fresh;
    return;
  }
  while (text - begin > options_.event_bytes_max) {
    size_t cut_at = piece_end(bytes, begin);
    out.push_back(span(begin, cut_at, cut_at, SpanKind::Event));
    begin = cut_at;
  }
  out.push_back(span(begin, text, end, SpanKind::Event));
  state = CutState::Fresh;
}

size_t EventCutter::cut(std::string_view bytes, bool final, CutState& state,
                        std::vector<EventSpan>& out) const {
  KANSOKU_CHECK(bytes.size() < 0xffffffffU);
  return options_.begins_event ? cut_groups(bytes, final, state, out)
                               : cut_lines(bytes, final, state, out);
}

size_t EventCutter::cut_lines(std::string_view bytes, bool final, CutState& state,
                              std::vector<EventSpan>& out) const {
  size_t at = 0;
  for (;;) {
    size_t line_end = find_line_end(bytes, at);
    if (line_end == kNone) break;
    size_t text = text_end(bytes, at, line_end);
    size_t next = line_end + unit_;
    if (state == CutState::Discarding) {
      out.push_back(span(at, at, next, SpanKind::Discarded));
      state = CutState::Fresh;
    } else if (text - at > options_.event_bytes_max) {
      long_event(bytes, at, text, next, state, out);
    } else {
      bool rest = state == CutState::Continued && text == at;
      out.push_back(span(at, text, next, rest ? SpanKind::LineEnd : SpanKind::Event));
      state = CutState::Fresh;
    }
    at = next;
  }
  // A line whose end is not here.
  while (at < bytes.size()) {
    size_t left = bytes.size() - at;
    if (state == CutState::Discarding) {
      size_t whole = left / unit_ * unit_;
      if (final) whole = left;
      if (whole == 0) break;
      out.push_back(span(at, at, at + whole, SpanKind::Discarded));
      at += whole;
    } else if (left > options_.event_bytes_max + 2 * unit_) {
      size_t cut_at = piece_end(bytes, at);
      bool truncate = options_.long_events == LongEvents::Truncate;
      out.push_back(span(at, cut_at, cut_at, truncate ? SpanKind::Truncated : SpanKind::Event));
      state = truncate ? CutState::Discarding : CutState::Continued;
      at = cut_at;
    } else if (final) {
      size_t text = text_end(bytes, at, bytes.size());
      bool rest = state == CutState::Continued && text == at;
      out.push_back(span(at, text, bytes.size(), rest ? SpanKind::LineEnd : SpanKind::Event));
      state = CutState::Continued;
      at = bytes.size();
    } else {
      break;
    }
  }
  return at;
}

size_t EventCutter::cut_groups(std::string_view bytes, bool final, CutState& state,
                               std::vector<EventSpan>& out) const {
  size_t event = 0;       // begin of the open event
  size_t event_text = 0;  // end of its text so far
  size_t at = 0;
  int lines = 0;
  auto close = [&](size_t end, SpanKind kind) {
    if (end > event) out.push_back(span(event, event_text, end, kind, lines > 1));
    event = end;
    lines = 0;
  };
  for (;;) {
    size_t line_end = find_line_end(bytes, at);
    size_t next = line_end == kNone ? bytes.size() : line_end + unit_;
    size_t text = text_end(bytes, at, line_end == kNone ? bytes.size() : line_end);
    if (line_end == kNone) {
      if (at >= bytes.size()) break;
      bool fits = next - event <= options_.event_bytes_max;
      if (!final && fits && state != CutState::Discarding) return event;
    }
    if (state == CutState::Continued && lines == 0 && text == at && line_end != kNone) {
      out.push_back(span(at, at, next, SpanKind::LineEnd));
      state = CutState::Fresh;
      event = at = next;
      continue;
    }
    bool discard = state == CutState::Discarding;
    bool starts = !discard && begins(bytes.substr(at, text - at));
    if (discard || (state == CutState::DiscardingGroup && !starts)) {
      out.push_back(span(at, at, next, SpanKind::Discarded));
      event = at = next;
      if (line_end == kNone) break;
      state = CutState::DiscardingGroup;
      continue;
    }
    if (starts && lines > 0) close(at, SpanKind::Event);
    if (text - event > options_.event_bytes_max) {
      bool truncate = options_.long_events == LongEvents::Truncate;
      if (lines > 0 && !truncate) close(at, SpanKind::Event);
      while (text - event > options_.event_bytes_max) {
        size_t cut_at = piece_end(bytes, event);
        event_text = cut_at;
        lines = std::max(lines, 1);
        close(cut_at, truncate ? SpanKind::Truncated : SpanKind::Event);
        state = truncate ? CutState::Discarding : CutState::Continued;
        at = cut_at;
        if (truncate) break;
      }
      continue;
    }
    if (line_end == kNone && !final) return event;
    state = line_end == kNone ? CutState::Continued : CutState::Fresh;
    event_text = text;
    ++lines;
    at = next;
    if (line_end == kNone) break;
  }
  if (final && lines > 0) close(bytes.size(), SpanKind::Event);
  return event;
}

}  // namespace kansoku::pipeline::filelog
