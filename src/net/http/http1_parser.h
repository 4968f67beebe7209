// The bytes of HTTP/1.1 requests taken apart: no sockets, no clocks, no allocation beyond its
// limits.
//
// RFC 9110 and 9112, read strictly where two readers could disagree, since disagreement is what
// request smuggling is made of: lines end in CRLF only; no folded lines; one Content-Length of
// digits; never Content-Length and Transfer-Encoding together; the only transfer coding is one
// "chunked", in HTTP/1.1 only. Differences from other parsers are listed in http1_parser_test.cpp.
// Thread contract: confined to its owner. After an Error the parser stays in Error.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/http.h"

namespace kansoku::net {

struct Http1Limits {
  size_t header_bytes_max = 64 * 1024;
  size_t headers_max = 200;
  size_t target_bytes_max = 64 * 1024;
  // Of one chunk-size line with its extensions, and of all extensions of a body.
  size_t chunk_line_bytes_max = 1024;
  size_t chunk_extension_bytes_max = 16 * 1024;
};

// A refusal: the status to answer and one line for people.
struct Http1Error {
  int status = 400;
  const char* message = "";
};

struct Http1Head {
  std::string method;
  std::string target;  // origin form, or "*"
  int version_minor = 1;
  Headers headers;
  bool keep_alive = true;
  bool chunked = false;
  bool expect_continue = false;
  uint64_t content_length = 0;
};

class Http1Parser {
 public:
  explicit Http1Parser(const Http1Limits& limits)
      : limits_(&limits) {}  // limits outlive the parser

  enum class Event : uint8_t {
    NeedMore,  // all input is consumed
    Head,      // head() is complete; the caller may move it away
    Body,      // body() is a piece of the body, a view into the input
    End,       // the message is over; the next call begins the next message
    Error,     // error() says what to answer; nothing more is consumed
  };
  // Consumes from the front of `input` up to the next event.
  Event next(std::string_view& input);

  Http1Head& head() { return head_; }
  std::string_view body() const { return body_; }
  const Http1Error& error() const { return error_; }
  // True between the first byte of a message and its head.
  bool in_head() const { return state_ == State::Head && begun_; }
  // True where not a byte of the next message has come.
  bool idle() const { return state_ == State::Head && !begun_; }
  // Memory held for a head: of one that is coming in pieces, or of the last one complete.
  size_t head_bytes() const { return std::max(head_bytes_, partial_.capacity()); }
  // Bytes that a Content-Length body still lacks; 0 elsewhere. The owner may read them by itself
  // and then says so with skip_body().
  uint64_t body_remaining() const { return state_ == State::Body ? remaining_ : 0; }
  void skip_body(uint64_t bytes) { remaining_ -= bytes; }

 private:
  enum class State : uint8_t {
    Head,
    Body,
    ChunkSize,
    ChunkData,
    ChunkDataEnd,
    Trailers,
    Finish,
    Failed
  };
  Event fail_with(int status, const char* message);
  Event take_head(std::string_view& input);
  bool parse_head(std::string_view text);
  bool parse_request_line(std::string_view line);
  bool parse_target(std::string_view target);
  bool parse_field(std::string_view line, bool trailer);
  bool apply_field(const Header& header);
  bool finish_fields();
  Event take_chunk_size(std::string_view& input);
  Event take_chunk_data_end(std::string_view& input);
  Event take_trailers(std::string_view& input);
  // Moves one line of at most `bytes_max` bytes from the input into line_; 1 when it is complete,
  // 0 when more is needed, -1 when it is too long or badly ended.
  int take_line(std::string_view& input, size_t bytes_max);

  const Http1Limits* limits_;
  State state_ = State::Head;
  bool begun_ = false;
  uint8_t blank_lines_ = 0;
  // What fields said so far.
  bool has_length_ = false;
  bool has_coding_ = false;
  uint8_t hosts_ = 0;
  bool close_ = false;
  bool keep_alive_asked_ = false;
  std::string authority_;  // of an absolute-form target
  Http1Head head_;
  std::string partial_;  // a head or line that came in pieces
  size_t scanned_ = 0;   // of partial_, known to hold no end
  std::string_view line_;
  std::string line_store_;
  std::string_view body_;
  uint64_t remaining_ = 0;
  size_t head_bytes_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  size_t trailers_ = 0;
  Http1Error error_;
};

// RFC 9110 5.6.2.
bool is_token(std::string_view text);
std::string_view http_reason(int status);

}  // namespace kansoku::net
