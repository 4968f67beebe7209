// Syslog messages: RFC 5424, and RFC 3164 as devices write it. See README.md.
// Thread contract: pure; a Framer has one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time/zone.h"

namespace kansoku::wire::syslog {

struct Parameter {
  std::string_view element;  // SD-ID
  std::string_view name;     // empty: the element has no parameters
  std::string value;         // unescaped
};

struct Message {
  enum class Format : uint8_t { Rfc5424, Rfc3164, Plain } format = Format::Plain;
  // Where there is no PRI: user.notice (RFC 3164 §4.3.3).
  int facility = 1;
  int severity = 5;
  bool has_priority = false;
  std::optional<int64_t> unix_ns;
  std::string_view host;
  std::string_view app;      // APP-NAME; TAG without its pid
  std::string_view process;  // PROCID; the pid of the tag
  std::string_view id;       // MSGID
  std::vector<Parameter> parameters;
  std::string_view text;  // without a byte order mark
};

// Takes anything. `zone`: of times without an offset; now_ns: for times without a year.
Message parse(std::string_view bytes, const Zone& zone, int64_t now_ns);

std::string_view facility_name(int facility);  // "kern" ... "local7"; empty above 23
std::string_view severity_name(int severity);  // "emerg" ... "debug"

// Messages of a stream (RFC 6587): "LENGTH SP message" where a message begins with a digit other
// than 0, else up to a line feed or a NUL.
class Framer {
 public:
  explicit Framer(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next message, good until the next call; nothing: more bytes are needed. An error: the count
  // is malformed or over the limit, and where messages begin is not known any more.
  Result<std::optional<std::string_view>> next();
  // What stands at the end of a closed connection without its line end.
  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
  size_t buffered() const { return buffer_.size() - at_; }
  // Lines over the limit go out in pieces.
  uint64_t split() const { return split_; }

 private:
  size_t message_bytes_max_;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t split_ = 0;
};

}  // namespace kansoku::wire::syslog
