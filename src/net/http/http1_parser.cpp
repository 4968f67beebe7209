#include "net/http/http1_parser.h"

#include "base/text/ascii.h"
#include "base/text/hex.h"

namespace kansoku::net {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

// Methods are short words; 32 leaves room for WebDAV's and refuses garbage early.
constexpr size_t kMethodBytesMax = 32;
// "METHOD " and " HTTP/1.1\r\n" around the target.
constexpr size_t kRequestLineRest = kMethodBytesMax + 12;
// Robust against clients that end a body with a stray CRLF (RFC 9112 2.2).
constexpr uint8_t kBlankLinesMax = 2;

bool is_value_byte(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool is_host(std::string_view host) {
  for (char c : host) {
    auto byte = static_cast<unsigned char>(c);
    bool ok = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
              (byte >= 'A' && byte <= 'Z') ||
              std::string_view("-._~!$&'()*+,;=:[]%").find(c) != std::string_view::npos;
    if (!ok) return false;
  }
  return true;
}

// Calls `each` with every comma-separated element, trimmed.
template <class F>
void for_each_element(std::string_view list, F each) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    each(trimmed(list.substr(0, comma), kBlanks));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
}

}  // namespace

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

Http1Parser::Event Http1Parser::fail_with(int status, const char* message) {
  state_ = State::Failed;
  error_ = {status, message};
  partial_ = {};
  return Event::Error;
}

Http1Parser::Event Http1Parser::next(std::string_view& input) {
  for (;;) {
    switch (state_) {
      case State::Head:
        return take_head(input);
      case State::Body:
      case State::ChunkData: {
        if (remaining_ == 0) {
          state_ = state_ == State::Body ? State::Finish : State::ChunkDataEnd;
          continue;
        }
        if (input.empty()) return Event::NeedMore;
        size_t bytes = static_cast<size_t>(std::min<uint64_t>(remaining_, input.size()));
        body_ = input.substr(0, bytes);
        input.remove_prefix(bytes);
        remaining_ -= bytes;
        return Event::Body;
      }
      case State::ChunkSize: {
        Event event = take_chunk_size(input);
        if (event != Event::Body) return event;
        continue;
      }
      case State::ChunkDataEnd: {
        Event event = take_chunk_data_end(input);
        if (event != Event::Body) return event;
        continue;
      }
      case State::Trailers:
        return take_trailers(input);
      case State::Finish:
        state_ = State::Head;
        begun_ = false;
        head_bytes_ = 0;
        blank_lines_ = 0;
        return Event::End;
      case State::Failed:
        return Event::Error;
    }
  }
}

Http1Parser::Event Http1Parser::take_head(std::string_view& input) {
  while (!begun_ && !input.empty()) {
    char c = input.front();
    if (c == '\r' || c == '\n') {
      // A blank line between messages; its CR and LF may come in two pieces.
      if (c == '\n' && ++blank_lines_ > kBlankLinesMax)
        return fail_with(400, "too many blank lines");
      input.remove_prefix(1);
      continue;
    }
    if (!kToken[static_cast<unsigned char>(c)]) return fail_with(400, "not an HTTP request");
    begun_ = true;
    scanned_ = 0;
  }
  if (input.empty()) return Event::NeedMore;
  size_t bytes_max = limits_->header_bytes_max + limits_->target_bytes_max + kRequestLineRest;
  if (partial_.empty()) {
    size_t end = input.find("\r\n\r\n");
    if (end != std::string_view::npos && end + 4 <= bytes_max) {
      std::string_view text = input.substr(0, end + 2);
      input.remove_prefix(end + 4);
      return parse_head(text) ? Event::Head : Event::Error;
    }
  }
  size_t take = std::min(input.size(), bytes_max + 1 - std::min(partial_.size(), bytes_max));
  size_t before = partial_.size();
  partial_.append(input.substr(0, take));
  size_t end = partial_.find("\r\n\r\n", scanned_);
  if (end == std::string::npos) {
    input.remove_prefix(take);
    scanned_ = partial_.size() < 3 ? 0 : partial_.size() - 3;
    size_t line_end = partial_.find('\n');
    if (std::min(line_end, partial_.size()) > limits_->target_bytes_max + kRequestLineRest) {
      return fail_with(414, "the request target is too long");
    }
    if (line_end != std::string::npos) {
      // A first line that is no request is answered without waiting for the rest.
      if (line_end == 0 || partial_[line_end - 1] != '\r') {
        return fail_with(400, "a line ends without CR");
      }
      // The line's LF and the blank line's CR LF are no header bytes.
      if (partial_.size() - line_end > limits_->header_bytes_max + 3) {
        return fail_with(431, "the header lines are too long");
      }
    }
    return Event::NeedMore;
  }
  input.remove_prefix(end + 4 - before);
  std::string text = std::move(partial_);
  partial_ = {};
  return parse_head(std::string_view(text).substr(0, end + 2)) ? Event::Head : Event::Error;
}

bool Http1Parser::parse_head(std::string_view text) {
  head_ = {};
  head_bytes_ = text.size();
  has_length_ = has_coding_ = close_ = keep_alive_asked_ = false;
  hosts_ = 0;
  authority_.clear();
  size_t line_end = text.find("\r\n");
  if (!parse_request_line(text.substr(0, line_end))) return false;
  text.remove_prefix(line_end + 2);
  if (text.size() > limits_->header_bytes_max) {
    fail_with(431, "the header lines are too long");
    return false;
  }
  head_.headers.list().reserve(12);
  while (!text.empty()) {
    line_end = text.find("\r\n");
    if (head_.headers.list().size() >= limits_->headers_max) {
      fail_with(431, "too many header lines");
      return false;
    }
    if (!parse_field(text.substr(0, line_end), false)) return false;
    text.remove_prefix(line_end + 2);
  }
  return finish_fields();
}

bool Http1Parser::parse_request_line(std::string_view line) {
  size_t space = line.find(' ');
  if (space == std::string_view::npos || space > kMethodBytesMax ||
      !is_token(line.substr(0, space))) {
    fail_with(400, "the request line is malformed");
    return false;
  }
  head_.method = line.substr(0, space);
  line.remove_prefix(space + 1);
  space = line.find(' ');
  if (space == std::string_view::npos || space == 0) {
    fail_with(400, "the request line is malformed");
    return false;
  }
  std::string_view target = line.substr(0, space);
  std::string_view version = line.substr(space + 1);
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) ||
      version[6] != '.' || !digit(version[7])) {
    fail_with(400, "the request line is malformed");
    return false;
  }
  if (version[5] != '1') {
    fail_with(505, "only HTTP/1.0, HTTP/1.1 and HTTP/2 are served");
    return false;
  }
  head_.version_minor = version[7] == '0' ? 0 : 1;
  if (target.size() > limits_->target_bytes_max) {
    fail_with(414, "the request target is too long");
    return false;
  }
  return parse_target(target);
}

bool Http1Parser::parse_target(std::string_view target) {
  for (char c : target) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) {
      fail_with(400, "the request target has control bytes");
      return false;
    }
  }
  if (head_.method == "CONNECT") {
    fail_with(501, "CONNECT is not served");
    return false;
  }
  if (target.front() == '/' || (target == "*" && head_.method == "OPTIONS")) {
    head_.target = target;
    return true;
  }
  size_t scheme_end = target.find("://");
  std::string_view scheme = target.substr(0, std::min(scheme_end, target.size()));
  if (scheme_end == std::string_view::npos ||
      !(header_equals(scheme, "http") || header_equals(scheme, "https"))) {
    fail_with(400, "the request target is malformed");
    return false;
  }
  // Absolute form (RFC 9112 3.2.2): its authority wins over the Host line.
  target.remove_prefix(scheme_end + 3);
  size_t path = target.find_first_of("/?");
  authority_ = target.substr(0, path);
  if (authority_.empty() || !is_host(authority_)) {
    fail_with(400, "the request target is malformed");
    return false;
  }
  std::string_view rest = path == std::string_view::npos ? std::string_view() : target.substr(path);
  if (rest.empty() || rest.front() == '?') head_.target = "/";
  head_.target += rest;
  return true;
}

bool Http1Parser::parse_field(std::string_view line, bool trailer) {
  if (line.front() == ' ' || line.front() == '\t') {
    fail_with(400, "folded header lines are refused");
    return false;
  }
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    fail_with(400, "a header line is malformed");
    return false;
  }
  std::string_view value = trimmed(line.substr(colon + 1), kBlanks);
  for (char c : value) {
    if (!is_value_byte(c)) {
      fail_with(400, "a header value has control bytes");
      return false;
    }
  }
  if (trailer) return true;
  Header& header =
      head_.headers.list().emplace_back(std::string(line.substr(0, colon)), std::string(value));
  return apply_field(header);
}

bool Http1Parser::apply_field(const Header& header) {
  auto refuse = [this](int status, const char* message) {
    fail_with(status, message);
    return false;
  };
  std::string_view name = header.name;
  std::string_view value = header.value;
  // Framing fields are told apart by length first: this runs for every header line.
  if (name.size() == 4 && header_equals(name, "host")) {
    if (++hosts_ > 1) return refuse(400, "more than one Host");
    if (!is_host(value)) return refuse(400, "the Host is malformed");
  } else if (name.size() == 6 && header_equals(name, "expect")) {
    if (!header_equals(value, "100-continue"))
      return refuse(417, "only 100-continue can be expected");
    head_.expect_continue = true;
  } else if (name.size() == 10 && header_equals(name, "connection")) {
    for_each_element(value, [this](std::string_view token) {
      if (header_equals(token, "close")) close_ = true;
      if (header_equals(token, "keep-alive")) keep_alive_asked_ = true;
    });
  } else if (name.size() == 14 && header_equals(name, "content-length")) {
    if (has_length_) return refuse(400, "more than one Content-Length");
    has_length_ = true;
    // 18 digits cannot overflow; no body comes near.
    if (value.empty() || value.size() > 18) return refuse(400, "the Content-Length is malformed");
    for (char c : value) {
      if (c < '0' || c > '9') return refuse(400, "the Content-Length is malformed");
      head_.content_length = head_.content_length * 10 + static_cast<uint64_t>(c - '0');
    }
  } else if (name.size() == 17 && header_equals(name, "transfer-encoding")) {
    if (has_coding_) return refuse(400, "more than one Transfer-Encoding");
    has_coding_ = true;
    if (!header_equals(value, "chunked"))
      return refuse(501, "the only transfer coding served is chunked");
    head_.chunked = true;
  }
  return true;
}

bool Http1Parser::finish_fields() {
  auto refuse = [this](int status, const char* message) {
    fail_with(status, message);
    return false;
  };
  if (has_coding_ && has_length_)
    return refuse(400, "Content-Length and Transfer-Encoding together");
  if (has_coding_ && head_.version_minor == 0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
  if (hosts_ == 0 && head_.version_minor == 1) return refuse(400, "the Host is missing");
  if (!authority_.empty()) head_.headers.set("Host", authority_);
  head_.keep_alive = !close_ && (head_.version_minor == 1 || keep_alive_asked_);
  if (head_.version_minor == 0) head_.expect_continue = false;
  if (head_.chunked) {
    state_ = State::ChunkSize;
    extension_bytes_ = trailer_bytes_ = trailers_ = 0;
  } else {
    state_ = State::Body;
    remaining_ = head_.content_length;
    if (remaining_ == 0) head_.expect_continue = false;
  }
  return true;
}

int Http1Parser::take_line(std::string_view& input, size_t bytes_max) {
  size_t end = input.find('\n');
  size_t take = end == std::string_view::npos ? input.size() : end + 1;
  if (partial_.size() + take > bytes_max + 2) return -1;
  if (end == std::string_view::npos) {
    partial_.append(input);
    input = {};
    return 0;
  }
  if (partial_.empty()) {
    line_ = input.substr(0, take);
  } else {
    partial_.append(input.substr(0, take));
    line_store_ = std::move(partial_);
    partial_ = {};
    line_ = line_store_;
  }
  input.remove_prefix(take);
  if (line_.size() < 2 || line_[line_.size() - 2] != '\r') return -1;
  line_.remove_suffix(2);
  return 1;
}

// Body here means "go on"; no body bytes are given out.
Http1Parser::Event Http1Parser::take_chunk_size(std::string_view& input) {
  int got = take_line(input, limits_->chunk_line_bytes_max);
  if (got == 0) return Event::NeedMore;
  if (got < 0) return fail_with(400, "a chunk size line is malformed");
  uint64_t size = 0;
  size_t digits = 0;
  while (digits < line_.size() && hex_digit(line_[digits]) >= 0) {
    if (digits == 15) return fail_with(400, "a chunk is too large");
    size = size * 16 + static_cast<uint64_t>(hex_digit(line_[digits++]));
  }
  if (digits == 0) return fail_with(400, "a chunk size line is malformed");
  std::string_view extension = line_.substr(digits);
  if (!extension.empty()) {
    // RFC 9112 7.1.1: extensions begin with ';' (white space before it is bad, but allowed).
    if (trimmed(extension, kBlanks).empty() || trimmed(extension, kBlanks).front() != ';') {
      return fail_with(400, "a chunk size line is malformed");
    }
    for (char c : extension) {
      if (!is_value_byte(c)) return fail_with(400, "a chunk size line is malformed");
    }
    extension_bytes_ += extension.size();
    if (extension_bytes_ > limits_->chunk_extension_bytes_max) {
      return fail_with(400, "the chunk extensions are too long");
    }
  }
  remaining_ = size;
  state_ = size == 0 ? State::Trailers : State::ChunkData;
  if (state_ == State::Trailers) return take_trailers(input);
  return Event::Body;
}

Http1Parser::Event Http1Parser::take_chunk_data_end(std::string_view& input) {
  int got = take_line(input, 0);
  if (got == 0) {
    if (!partial_.empty() && partial_[0] != '\r')
      return fail_with(400, "a chunk is longer than its size");
    return Event::NeedMore;
  }
  if (got < 0 || !line_.empty()) return fail_with(400, "a chunk is longer than its size");
  state_ = State::ChunkSize;
  return Event::Body;
}

Http1Parser::Event Http1Parser::take_trailers(std::string_view& input) {
  for (;;) {
    int got = take_line(input, limits_->header_bytes_max);
    if (got == 0) return Event::NeedMore;
    if (got < 0) return fail_with(400, "a trailer line is malformed or too long");
    if (line_.empty()) break;
    trailer_bytes_ += line_.size() + 2;
    if (trailer_bytes_ > limits_->header_bytes_max || ++trailers_ > limits_->headers_max) {
      return fail_with(431, "the trailers are too long");
    }
    // Checked and dropped: nothing above uses trailers of HTTP/1.1 requests.
    if (!parse_field(line_, true)) return Event::Error;
  }
  line_store_ = {};
  state_ = State::Finish;
  return next(input);
}

std::string_view http_reason(int status) {
  struct Row {
    int status;
    std::string_view reason;
  };
  static constexpr Row kRows[] = {{100, "Continue"},
                                  {101, "Switching Protocols"},
                                  {200, "OK"},
                                  {201, "Created"},
                                  {202, "Accepted"},
                                  {204, "No Content"},
                                  {206, "Partial Content"},
                                  {301, "Moved Permanently"},
                                  {302, "Found"},
                                  {303, "See Other"},
                                  {304, "Not Modified"},
                                  {307, "Temporary Redirect"},
                                  {308, "Permanent Redirect"},
                                  {400, "Bad Request"},
                                  {401, "Unauthorized"},
                                  {403, "Forbidden"},
                                  {404, "Not Found"},
                                  {405, "Method Not Allowed"},
                                  {406, "Not Acceptable"},
                                  {408, "Request Timeout"},
                                  {409, "Conflict"},
                                  {410, "Gone"},
                                  {411, "Length Required"},
                                  {412, "Precondition Failed"},
                                  {413, "Content Too Large"},
                                  {414, "URI Too Long"},
                                  {415, "Unsupported Media Type"},
                                  {416, "Range Not Satisfiable"},
                                  {417, "Expectation Failed"},
                                  {422, "Unprocessable Content"},
                                  {429, "Too Many Requests"},
                                  {431, "Request Header Fields Too Large"},
                                  {499, "Client Closed Request"},
                                  {500, "Internal Server Error"},
                                  {501, "Not Implemented"},
                                  {502, "Bad Gateway"},
                                  {503, "Service Unavailable"},
                                  {504, "Gateway Timeout"},
                                  {505, "HTTP Version Not Supported"},
                                  {507, "Insufficient Storage"}};
  for (const Row& row : kRows) {
    if (row.status == status) return row.reason;
  }
  return "Status";
}

}  // namespace kansoku::net
