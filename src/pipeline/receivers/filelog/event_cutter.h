// Cuts bytes of a file into events: lines, or groups of lines. Pure; knows neither files nor time.
//
// Lines end with \n; a \r before it, or at the end of what is final, is no part of the text. UTF-16
// lines end with that character as two bytes. Cutting is resumed anywhere by (position, CutState),
// and gives the same events for the same range, which is what lets a batch be made again after a
// crash. Thread contract: const and free-threaded after construction.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/receivers/filelog/config.h"

namespace kansoku::pipeline::filelog {

enum class CutState : uint8_t {
  Start,            // a file begins: a byte order mark, or a hole (zero bytes) may stand here
  Fresh,            // an event begins
  Continued,        // the last event went out without its line's end (flushed, or split)
  Discarding,       // inside of a line that was cut: up to its end nothing is taken
  DiscardingGroup,  // between lines of a group that was cut: up to one that begins an event
};
inline constexpr uint8_t kCutStates = 5;

enum class SpanKind : uint8_t {
  Event,
  Truncated,  // an event whose rest is discarded
  Discarded,  // such a rest
  LineEnd,    // that of an event that went out before
};

// Bytes [begin, end) of what was cut; the text is [begin, text_end).
struct EventSpan {
  uint32_t begin = 0;
  uint32_t text_end = 0;
  uint32_t end = 0;
  SpanKind kind = SpanKind::Event;
  bool several_lines = false;
};

struct CutterOptions {
  Charset charset = Charset::Utf8;
  size_t event_bytes_max = 1 << 20;
  LongEvents long_events = LongEvents::Split;
  // Whether a line begins an event; without it every line is one. Gets UTF-8.
  std::function<bool(std::string_view)> begins_event;
};

class EventCutter {
 public:
  explicit EventCutter(CutterOptions options);
  // Appends the events of `bytes` to `out`; returns how many bytes they cover (from the begin on)
  // and changes `state` to that of the place behind them. `final`: all bytes are covered, whatever
  // is open ends there. Start counts as Fresh. What is left uncovered is at most event_bytes_max.
  size_t cut(std::string_view bytes, bool final, CutState& state,
             std::vector<EventSpan>& out) const;

 private:
  size_t cut_lines(std::string_view bytes, bool final, CutState& state,
                   std::vector<EventSpan>& out) const;
  size_t cut_groups(std::string_view bytes, bool final, CutState& state,
                    std::vector<EventSpan>& out) const;
  size_t find_line_end(std::string_view bytes, size_t from) const;
  size_t text_end(std::string_view bytes, size_t begin, size_t end) const;
  size_t piece_end(std::string_view bytes, size_t begin) const;
  bool begins(std::string_view line) const;
  void long_event(std::string_view bytes, size_t begin, size_t text, size_t end, CutState& state,
                  std::vector<EventSpan>& out) const;

  CutterOptions options_;
  size_t unit_ = 1;
};

}  // namespace kansoku::pipeline::filelog
