// Messages of the forward protocol. See README.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kansoku::wire::forward {

enum class Mode : uint8_t { Message, Forward, PackedForward, CompressedPackedForward };
// What the entries are (Fluent Bit's option fluent_signal).
enum class Signal : uint8_t { Logs = 0, Metrics = 1, Traces = 2 };

struct Options {
  std::string_view chunk;  // to be acknowledged when the entries are safe; empty: nobody asks
  uint64_t size = 0;       // entries, as the sender counts them; 0: not said
  std::string_view compressed;
  Signal signal = Signal::Logs;
};

struct Message {
  Mode mode = Mode::Message;
  std::string_view tag;
  Options options;
  // Of the modes by their kind: entries as an array's items, as concatenated [time, record], or as
  // one pair (Message: time, then record). Views into the bytes given.
  std::string_view entries;
  uint32_t count = 0;  // Forward: items of the array
  size_t bytes = 0;    // that the message took of the stream
};

// One message off the front. Nothing: more bytes are needed. An error: the stream cannot be read
// on.
Result<std::optional<Message>> decode(std::string_view stream);

struct Entry {
  int64_t unix_ns = 0;
  std::string_view record;    // a msgpack map
  std::string_view metadata;  // a msgpack map, or empty
};
// Expands a payload by its coding ("gzip", "zstd"), within the caller's bound.
using Expand = std::function<Result<std::string>(std::string_view coding, std::string_view bytes)>;
// Calls `visit` for each entry; an error ends it, what was visited before stands.
Status visit_entries(const Message& message, const Expand& expand,
                     const std::function<void(const Entry&)>& visit);

// {"ack": chunk}
std::string encode_ack(std::string_view chunk);

}  // namespace kansoku::wire::forward
