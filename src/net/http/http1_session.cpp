// HTTP/1.1 and 1.0 on a connection: one request at a time, in order; what a client pipelines waits.

#include "net/http/connection.h"

namespace kansoku::net {
namespace {

// Pipelined input that is held while a request is being answered; beyond it the socket is not read.
constexpr size_t kHeldBytesMax = 16 * 1024;
// Heads up to this are every connection's own; longer ones count against bodies_bytes_max, so that
// many clients with long heads cannot take what many with long bodies could not.
constexpr size_t kFreeHeadBytes = 4 * 1024;
// Bodies up to this are copied behind their head into one piece.
constexpr size_t kJoinedBodyBytesMax = 16 * 1024;

class Http1Session final : public Session {
 public:
  explicit Http1Session(Connection& connection)
      : connection_(connection),
        state_(connection.state()),
        parser_(state_.http1_limits),
        head_reservation_(connection.shared_state()),
        phase_began_ns_(connection.now_ns()) {}

  void on_bytes(std::string_view bytes) override;
  std::optional<IoResult> read_direct(Transport& transport) override;
  bool wants_read() const override { return !exchange_ || held_.size() < kHeldBytesMax; }
  void on_end_of_input() override;
  void on_written() override;
  void on_sweep(int64_t now_ns) override;
  void stop() override;
  void on_closed() override;

  void respond(int32_t stream, HttpResponse response) override;
  void begin(int32_t stream, int status, Headers headers) override;
  void write(int32_t stream, std::string chunk) override;
  void end(int32_t stream, Headers trailers) override;
  void abort(int32_t stream) override;

 private:
  void process(std::string_view input);
  bool reserve_head();
  bool on_head();
  bool append_body(std::string_view bytes);
  void dispatch();
  void refuse(int status, std::string_view message);
  void append_head(std::string& out, int status, const Headers& headers);
  void answered();

  Connection& connection_;
  ServerState& state_;
  Http1Parser parser_;
  HttpRequest request_;
  BodyReservation head_reservation_;
  // While a request is read: of its body; then moved to its exchange.
  std::shared_ptr<ConnectionExchange> reading_exchange_;
  std::shared_ptr<ConnectionExchange> exchange_;  // being answered
  std::string held_;
  uint64_t body_expected_ = 0;
  size_t stream_bytes_unsent_ = 0;  // of write(), told to the exchange as they leave
  int64_t phase_began_ns_;          // of waiting for a request, its head, its body
  int64_t body_byte_ns_ = 0;
  int64_t body_timed_bytes_ = 0;
  bool processing_ = false;
  bool keep_alive_ = true;
  bool is_head_request_ = false;
  bool chunked_answer_ = false;
  bool bodyless_answer_ = false;
  bool input_ended_ = false;
  bool stopping_ = false;
  bool in_body_ = false;
};

void Http1Session::on_bytes(std::string_view bytes) {
  if (exchange_ != nullptr) {
    held_.append(bytes);
    return;
  }
  process(bytes);
}

void Http1Session::process(std::string_view input) {
  processing_ = true;
  while (exchange_ == nullptr && !connection_.finishing() && !connection_.closed()) {
    bool was_idle = parser_.idle();
    Http1Parser::Event event = parser_.next(input);
    if (was_idle && !parser_.idle()) {
      phase_began_ns_ = connection_.now_ns();
      request_.arrived = {phase_began_ns_};
    }
    if (event == Http1Parser::Event::NeedMore) {
      if (parser_.in_head()) reserve_head();
      break;
    }
    bool go_on = true;
    switch (event) {
      case Http1Parser::Event::Head:
        go_on = on_head();
        break;
      case Http1Parser::Event::Body:
        go_on = append_body(parser_.body());
        break;
      case Http1Parser::Event::End:
        dispatch();
        break;
      case Http1Parser::Event::Error:
        refuse(parser_.error().status, parser_.error().message);
        go_on = false;
        break;
      case Http1Parser::Event::NeedMore:
        break;
    }
    if (!go_on) break;
  }
  if (exchange_ != nullptr && !input.empty()) held_.assign(input);
  processing_ = false;
}

bool Http1Session::reserve_head() {
  size_t bytes = parser_.head_bytes();
  if (bytes <= kFreeHeadBytes || head_reservation_.grow_to(bytes)) return true;
  refuse(503, "too many request bytes are in flight; try again");
  return false;
}

bool Http1Session::on_head() {
  if (!reserve_head()) return false;
  Http1Head& head = parser_.head();
  request_.method = std::move(head.method);
  request_.target = std::move(head.target);
  request_.version_minor = head.version_minor;
  request_.headers = std::move(head.headers);
  keep_alive_ = head.keep_alive && !stopping_;
  is_head_request_ = request_.method == "HEAD";
  in_body_ = true;
  phase_began_ns_ = body_byte_ns_ = connection_.now_ns();
  body_timed_bytes_ = 0;
  body_expected_ = head.chunked ? 0 : head.content_length;
  if (body_expected_ > state_.limits.body_bytes_max) {
    refuse(413, fmt::format("the body is too long: {} bytes, limit {}", body_expected_,
                            state_.limits.body_bytes_max));
    return false;
  }
  reading_exchange_ = std::make_shared<ConnectionExchange>(connection_.shared_from_this(), 0);
  if (body_expected_ > 0 &&
      !grow_body(request_.body, 1, body_expected_, reading_exchange_->reservation)) {
    refuse(503, "too many request bodies are in flight; try again");
    return false;
  }
  if (head.expect_continue) connection_.send("HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

bool Http1Session::append_body(std::string_view bytes) {
  if (request_.body.size() + bytes.size() > state_.limits.body_bytes_max) {
    refuse(413, fmt::format("the body is too long: limit {} bytes", state_.limits.body_bytes_max));
    return false;
  }
  uint64_t expected = body_expected_ > 0 ? body_expected_ : state_.limits.body_bytes_max;
  if (body_expected_ == 0 && request_.body.empty()) expected = bytes.size();
  if (!grow_body(request_.body, bytes.size(), expected, reading_exchange_->reservation)) {
    refuse(503, "too many request bodies are in flight; try again");
    return false;
  }
  request_.body.append(bytes);
  body_byte_ns_ = connection_.now_ns();
  body_timed_bytes_ += static_cast<int64_t>(bytes.size());
  return true;
}

std::optional<IoResult> Http1Session::read_direct(Transport& transport) {
  uint64_t remaining = exchange_ == nullptr ? parser_.body_remaining() : 0;
  // Small rests come with whatever follows them through the shared buffer.
  constexpr uint64_t kDirectBytesMin = 4 * 1024;
  if (remaining < kDirectBytesMin) return std::nullopt;
  std::string& body = request_.body;
  size_t old_size = body.size();
  size_t room = body.capacity() - old_size;
  if (room < std::min(remaining, kDirectBytesMin)) {
    if (!grow_body(body, kDirectBytesMin, body_expected_, reading_exchange_->reservation)) {
      refuse(503, "too many request bodies are in flight; try again");
      return IoResult{IoState::WouldBlock, 0};
    }
    room = body.capacity() - old_size;
  }
  size_t bytes = static_cast<size_t>(std::min<uint64_t>(remaining, room));
  IoResult result;
  body.resize_and_overwrite(old_size + bytes, [&](char* text, size_t) {
    result = transport.read(std::span(text + old_size, bytes));
    return old_size + result.bytes;
  });
  if (result.bytes > 0) {
    parser_.skip_body(result.bytes);
    body_byte_ns_ = connection_.now_ns();
    body_timed_bytes_ += static_cast<int64_t>(result.bytes);
    if (parser_.body_remaining() == 0) process({});
  }
  return result;
}

void Http1Session::dispatch() {
  in_body_ = false;
  request_.peer = connection_.peer();
  exchange_ = std::move(reading_exchange_);
  state_.requests.fetch_add(1, std::memory_order_relaxed);
  HttpRequest request = std::move(request_);
  request_ = {};
  state_.handler(std::move(request), HttpExchange(exchange_));
}

// The connection cannot go on: what follows a bad request is not known to be a request.
void Http1Session::refuse(int status, std::string_view message) {
  ++state_.bad_requests;
  connection_.send(Connection::plain_answer(status, message));
  connection_.finish(true);
  request_ = {};
  head_reservation_.release();
  if (reading_exchange_ != nullptr) std::exchange(reading_exchange_, nullptr)->finished();
  in_body_ = false;
}

void Http1Session::append_head(std::string& out, int status, const Headers& headers) {
  out += "HTTP/1.1 ";
  char digits[12];
  auto end = std::to_chars(digits, digits + sizeof digits, status);
  out.append(digits, end.ptr);
  out += ' ';
  out += http_reason(status);
  out += "\r\nDate: ";
  out += http_date();
  out += "\r\n";
  for (const Header& header : headers.list()) {
    if (header_equals(header.name, "connection") && header_equals(header.value, "close")) {
      keep_alive_ = false;
    }
    if (is_framing_header(header.name) || !is_token(header.name)) continue;
    out += header.name;
    out += ": ";
    append_header_value(out, header.value);
    out += "\r\n";
  }
  bodyless_answer_ = is_head_request_ || status == 204 || status == 304;
}

void Http1Session::respond(int32_t /*stream*/, HttpResponse response) {
  if (exchange_ == nullptr || exchange_->begun) return;
  std::string_view body = response.body.empty() ? response.static_body : response.body;
  std::string out;
  out.reserve(256 + (body.size() <= kJoinedBodyBytesMax ? body.size() : 0));
  append_head(out, response.status, response.headers);
  if (response.status != 204 && response.status != 304) {
    out += "Content-Length: ";
    // A handler that answers HEAD without making the body says its length by the header.
    std::string_view told = response.headers.get("Content-Length");
    if (is_head_request_ && body.empty() && !told.empty()) {
      append_header_value(out, told);
    } else {
      char digits[24];
      auto end = std::to_chars(digits, digits + sizeof digits, body.size());
      out.append(digits, end.ptr);
    }
    out += "\r\n";
  }
  bool http10 = parser_.head().version_minor == 0;
  if (!keep_alive_ || stopping_ || input_ended_) {
    keep_alive_ = false;
    out += "Connection: close\r\n";
  } else if (http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  bool joined = !bodyless_answer_ && body.size() <= kJoinedBodyBytesMax;
  if (joined) out += body;
  connection_.send(std::move(out));
  if (!bodyless_answer_ && !joined) {
    if (response.body.empty()) {
      connection_.send_view(body);
    } else {
      connection_.send(std::move(response.body));
    }
  }
  answered();
}

void Http1Session::begin(int32_t /*stream*/, int status, Headers headers) {
  if (exchange_ == nullptr || exchange_->begun) return;
  exchange_->begun = true;
  std::string out;
  append_head(out, status, headers);
  // HTTP/1.0 has no chunks: the end of the connection is the end of the body.
  chunked_answer_ = parser_.head().version_minor == 1;
  if (!chunked_answer_ || stopping_ || input_ended_) keep_alive_ = false;
  if (chunked_answer_ && status != 204 && status != 304) out += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive_) out += "Connection: close\r\n";
  out += "\r\n";
  connection_.send(std::move(out));
}

void Http1Session::write(int32_t /*stream*/, std::string chunk) {
  if (exchange_ == nullptr || !exchange_->begun) return;
  if (bodyless_answer_ || chunk.empty()) {
    exchange_->sent(chunk.size());
    return;
  }
  stream_bytes_unsent_ += chunk.size();
  if (!chunked_answer_) {
    connection_.send(std::move(chunk));
    return;
  }
  connection_.send(fmt::format("{:x}\r\n", chunk.size()));
  connection_.send(std::move(chunk));
  connection_.send("\r\n");
}

void Http1Session::end(int32_t /*stream*/, Headers trailers) {
  if (exchange_ == nullptr || !exchange_->begun) return;
  if (chunked_answer_ && !bodyless_answer_) {
    std::string out = "0\r\n";
    for (const Header& header : trailers.list()) {
      if (is_framing_header(header.name) || !is_token(header.name)) continue;
      out += header.name;
      out += ": ";
      append_header_value(out, header.value);
      out += "\r\n";
    }
    out += "\r\n";
    connection_.send(std::move(out));
  }
  answered();
}

void Http1Session::abort(int32_t /*stream*/) {
  if (exchange_ != nullptr) connection_.close();
}

void Http1Session::answered() {
  auto exchange = std::exchange(exchange_, nullptr);
  stream_bytes_unsent_ = 0;
  head_reservation_.release();
  exchange->finished();
  phase_began_ns_ = connection_.now_ns();
  if (!keep_alive_ || stopping_ || input_ended_) {
    connection_.finish(!held_.empty());
    return;
  }
  if (processing_ || held_.empty()) return;  // process() goes on by itself
  std::string held = std::move(held_);
  held_ = {};
  process(held);
}

void Http1Session::on_written() {
  // A connection carries one answer at a time, so what has left the queue has left the exchange.
  size_t unsent = std::min(stream_bytes_unsent_, connection_.out_bytes());
  if (exchange_ != nullptr && unsent < stream_bytes_unsent_) {
    size_t sent = stream_bytes_unsent_ - unsent;
    stream_bytes_unsent_ = unsent;
    exchange_->sent(sent);
  }
}

void Http1Session::on_end_of_input() {
  input_ended_ = true;
  if (exchange_ == nullptr) {
    if (parser_.idle()) {
      connection_.close();
    } else {
      refuse(400, "the request ends too early");
    }
    return;
  }
  // A client may close its sending side and still read the answer; where the answer is a stream
  // that lasts, an end of input is how a client that has gone is noticed.
  if (exchange_->begun) connection_.close();
}

void Http1Session::on_sweep(int64_t now_ns) {
  const HttpLimits& limits = state_.limits;
  if (exchange_ != nullptr) return;
  int64_t waited_ms = (now_ns - phase_began_ns_) / env::kNsPerMs;
  if (in_body_) {
    int64_t silent_ms = (now_ns - body_byte_ns_) / env::kNsPerMs;
    bool too_slow = waited_ms > limits.body_idle_timeout_ms &&
                    body_timed_bytes_ < waited_ms * limits.body_bytes_per_s_min / 1'000;
    if (silent_ms > limits.body_idle_timeout_ms || too_slow) {
      ++state_.timeouts;
      refuse(408, "the body came too slowly");
    }
  } else if (parser_.in_head()) {
    if (waited_ms > limits.header_timeout_ms) {
      ++state_.timeouts;
      refuse(408, "the request head came too slowly");
    }
  } else if (waited_ms > limits.keep_alive_timeout_ms) {
    connection_.close();
  }
}

void Http1Session::stop() {
  stopping_ = true;
  if (exchange_ == nullptr && !in_body_ && !parser_.in_head()) connection_.close();
}

void Http1Session::on_closed() {
  if (reading_exchange_ != nullptr) std::exchange(reading_exchange_, nullptr)->finished();
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->peer_gone();
}

}  // namespace

std::unique_ptr<Session> make_http1_session(Connection& connection) {
  return std::make_unique<Http1Session>(connection);
}

}  // namespace kansoku::net
