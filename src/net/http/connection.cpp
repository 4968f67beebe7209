#include "net/http/connection.h"

namespace kansoku::net {
namespace {

// Output pieces under this are copied together: one segment, one system call.
constexpr size_t kCoalesceBytesMax = 16 * 1024;
constexpr size_t kPiecesPerWrite = 16;
// How long and how much of a refused request's rest is read before the connection is closed.
constexpr int64_t kLingerNs = 2 * env::kNsPerS;
constexpr size_t kLingerBytesMax = 8U << 20;
// Reads in a row before other connections of the loop get their turn.
constexpr int kReadsPerTurn = 16;

}  // namespace

bool BodyReservation::grow_to(size_t bytes) {
  if (bytes <= bytes_) return true;
  size_t more = bytes - bytes_;
  size_t before = state_->bodies_bytes.fetch_add(more);
  if (before + more > state_->limits.bodies_bytes_max) {
    state_->bodies_bytes.fetch_sub(more);
    return false;
  }
  bytes_ = bytes;
  return true;
}

bool grow_body(std::string& body, size_t bytes, uint64_t expected, BodyReservation& reservation) {
  // Up to here a promised length is believed: one allocation, no copies.
  constexpr size_t kBelievedBytes = 1U << 20;
  size_t need = body.size() + bytes;
  if (need <= body.capacity() && need <= reservation.bytes()) return true;
  size_t capacity = std::max<size_t>({need, std::min<uint64_t>(expected, kBelievedBytes),
                                      std::min<uint64_t>(expected, body.size() * 2)});
  if (!reservation.grow_to(capacity)) return false;
  body.reserve(capacity);
  return true;
}

Connection::Connection(Loop& loop, int fd, Peer peer, std::shared_ptr<ServerState> state,
                       std::shared_ptr<Shard> shard)
    : loop_(loop),
      transport_(fd),
      state_(std::move(state)),
      shard_(std::move(shard)),
      peer_(std::move(peer)),
      now_ns_(monotonic_ns()),
      opened_ns_(now_ns_),
      progress_ns_(now_ns_) {
  ++state_->connections_open;
}

Connection::~Connection() {
  if (!closed_) --state_->connections_open;
}

void Connection::start() {
  watch_ = loop_.watch(transport_.fd());
  arm();
}

std::string Connection::plain_answer(int status, std::string_view message) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
      "Date: {}\r\nConnection: close\r\n\r\n{}\n",
      status, http_reason(status), message.size() + 1, http_date(), message);
}

// Decides from the first byte whether TLS is spoken; false: nothing can be read yet.
bool Connection::choose_transport() {
  std::shared_ptr<const TlsContext> tls = state_->current_tls();
  char first = 0;
  IoResult peeked = transport_.peek(first);
  if (peeked.state == IoState::WouldBlock) return false;
  if (peeked.state != IoState::Done) {
    close();
    return false;
  }
  transport_chosen_ = true;
  constexpr char kTlsHandshakeRecord = 0x16;  // RFC 8446 5.1
  if (first == kTlsHandshakeRecord && tls != nullptr) {
    if (!transport_.start_tls(std::move(tls))) {
      close();
      return false;
    }
    peer_.tls = true;
    return true;
  }
  if (tls == nullptr && first != kTlsHandshakeRecord) return true;
  ++state_->bad_requests;
  send(plain_answer(400, tls != nullptr ? "this port speaks TLS only; use https://"
                                        : "this port does not speak TLS; use http://"));
  finish(true);
  return false;
}

void Connection::choose_session(std::string_view bytes) {
  first_bytes_.append(bytes);
  if (peer_.tls && peer_.client_certificate_subject.empty()) {
    peer_.client_certificate_subject = transport_.client_certificate_subject();
  }
  std::string_view seen = first_bytes_;
  bool preface = seen.substr(0, kHttp2Preface.size()) == kHttp2Preface.substr(0, seen.size());
  if (transport_.alpn() == "h2") {
    session_ = make_http2_session(*this);
  } else if (preface && seen.size() < kHttp2Preface.size()) {
    return;
  } else {
    session_ = preface ? make_http2_session(*this) : make_http1_session(*this);
  }
  std::string taken = std::move(first_bytes_);
  first_bytes_ = {};
  session_->on_bytes(taken);
}

void Connection::feed(std::string_view bytes) {
  if (session_ != nullptr) {
    session_->on_bytes(bytes);
    return;
  }
  // HTTP/1.1 in the clear, by far the most common, needs no copy of its first bytes.
  if (first_bytes_.empty() && !peer_.tls && bytes.front() != kHttp2Preface.front()) {
    session_ = make_http1_session(*this);
    session_->on_bytes(bytes);
    return;
  }
  choose_session(bytes);
}

void Connection::read_some() {
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    if (closed_ || lingering_ || finishing_) return;
    if (session_ != nullptr && !session_->wants_read()) return;
    std::span<char> buffer = loop_.read_buffer();
    size_t room = buffer.size();
    std::optional<IoResult> direct;
    if (session_ != nullptr) direct = session_->read_direct(transport_);
    IoResult result = direct ? *direct : transport_.read(buffer);
    if (result.state == IoState::WouldBlock) return;
    if (result.state != IoState::Done) {
      input_ended_ = true;
      if (result.state == IoState::Failed || session_ == nullptr) {
        close();
      } else {
        session_->on_end_of_input();
      }
      return;
    }
    state_->bytes_in.fetch_add(result.bytes, std::memory_order_relaxed);
    if (!direct) {
      feed(std::string_view(buffer.data(), result.bytes));
    }
    // A short read emptied the socket, and a body that is not complete waits for more; TLS may hold
    // more in itself.
    if (!peer_.tls && (direct || result.bytes < room)) return;
  }
}

void Connection::lingering_read() {
  std::span<char> buffer = loop_.read_buffer();
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    IoResult result = transport_.read(buffer);
    if (result.state == IoState::WouldBlock) return;
    lingered_bytes_ += result.bytes;
    if (result.state != IoState::Done || lingered_bytes_ > kLingerBytesMax) {
      close();
      return;
    }
  }
}

void Connection::on_readable() {
  reading_ = false;
  if (closed_) return;
  now_ns_ = monotonic_ns();
  busy_ = true;
  if (lingering_) {
    lingering_read();
  } else if (transport_chosen_ || choose_transport()) {
    read_some();
  }
  busy_ = false;
  flush_now();
}

void Connection::on_writable() {
  writing_ = false;
  if (closed_) return;
  now_ns_ = monotonic_ns();
  if (transport_.read_wants_write()) {
    busy_ = true;
    read_some();
    busy_ = false;
  }
  flush_now();
}

void Connection::send(std::string bytes) {
  if (closed_ || bytes.empty()) return;
  if (out_bytes_ == 0) progress_ns_ = now_ns_;
  out_bytes_ += bytes.size();
  if (out_first_ < out_.size() && out_.back().is_owned) {
    Piece& last = out_.back();
    // Only pieces of which nothing was sent may move in memory.
    if (last.bytes.size() == last.owned.size() &&
        last.owned.size() + bytes.size() <= kCoalesceBytesMax) {
      last.owned += bytes;
      last.bytes = last.owned;
      return;
    }
  }
  // The view is set when the piece is sent: a short string moves with its object.
  Piece& piece = out_.emplace_back();
  piece.owned = std::move(bytes);
  piece.bytes = piece.owned;
  piece.is_owned = true;
}

void Connection::send_view(std::string_view bytes) {
  if (closed_ || bytes.empty()) return;
  if (out_bytes_ == 0) progress_ns_ = now_ns_;
  out_bytes_ += bytes.size();
  out_.emplace_back().bytes = bytes;
}

// False: the peer takes no more for now, or the connection is closed.
bool Connection::flush() {
  while (out_first_ < out_.size()) {
    iovec pieces[kPiecesPerWrite];
    size_t count = 0;
    for (size_t i = out_first_; i < out_.size() && count < kPiecesPerWrite; ++i) {
      Piece& piece = out_[i];
      if (piece.is_owned) {
        // The vector may have moved the string; the rest to be sent is its tail.
        size_t rest = piece.bytes.size();
        piece.bytes = std::string_view(piece.owned).substr(piece.owned.size() - rest);
      }
      pieces[count++] = {const_cast<char*>(piece.bytes.data()), piece.bytes.size()};
    }
    IoResult result = transport_.write(std::span(pieces, count));
    if (result.bytes > 0) {
      progress_ns_ = now_ns_;
      out_bytes_ -= result.bytes;
      state_->bytes_out.fetch_add(result.bytes, std::memory_order_relaxed);
    }
    for (size_t left = result.bytes; left > 0;) {
      Piece& piece = out_[out_first_];
      size_t taken = std::min(left, piece.bytes.size());
      piece.bytes.remove_prefix(taken);
      left -= taken;
      if (piece.bytes.empty()) {
        piece.owned = {};
        ++out_first_;
      }
    }
    if (result.state == IoState::WouldBlock) return false;
    if (result.state != IoState::Done) {
      close();
      return false;
    }
  }
  out_.clear();
  out_first_ = 0;
  return true;
}

void Connection::flush_now() {
  if (busy_ || closed_) return;
  busy_ = true;
  for (;;) {
    size_t before = out_bytes_;
    bool all = flush();
    if (closed_) break;
    if (before != out_bytes_ && session_ != nullptr) session_->on_written();
    if (closed_ || !all || out_bytes_ == 0) break;
  }
  busy_ = false;
  if (closed_) return;
  if (finishing_ && out_bytes_ == 0 && !lingering_) {
    if (!linger_) {
      transport_.shutdown_write();
      close();
      return;
    }
    begin_lingering();
  }
  arm();
}

void Connection::begin_lingering() {
  lingering_ = true;
  linger_until_ns_ = now_ns_ + kLingerNs;
  transport_.shutdown_write();
}

void Connection::finish(bool linger) {
  finishing_ = true;
  linger_ = linger && !input_ended_;
}

void Connection::arm() {
  if (closed_) return;
  bool wants_read = lingering_ || (!finishing_ && !input_ended_ &&
                                   (session_ == nullptr || session_->wants_read()));
  if (wants_read && !reading_) {
    reading_ = true;
    if (transport_.pending()) {
      loop_.post([self = shared_from_this()] { self->on_readable(); });
    } else {
      watch_->want_read(shared_from_this());
    }
  }
  if ((out_bytes_ > 0 || transport_.read_wants_write()) && !writing_) {
    writing_ = true;
    watch_->want_write(shared_from_this());
  }
}

void Connection::sweep(int64_t now_ns) {
  if (closed_) return;
  now_ns_ = now_ns;
  const HttpLimits& limits = state_->limits;
  if (lingering_) {
    if (now_ns > linger_until_ns_) close();
    return;
  }
  if (out_bytes_ > 0 && now_ns - progress_ns_ > limits.write_stall_timeout_ms * env::kNsPerMs) {
    ++state_->timeouts;
    close();
    return;
  }
  if (finishing_) return;
  if (session_ != nullptr) {
    busy_ = true;
    session_->on_sweep(now_ns);
    busy_ = false;
    flush_now();
    return;
  }
  // Nothing came yet, or a TLS handshake or an HTTP/2 preface hangs half open.
  int64_t timeout_ms = transport_chosen_ ? limits.header_timeout_ms : limits.keep_alive_timeout_ms;
  if (now_ns - opened_ns_ > timeout_ms * env::kNsPerMs) {
    if (transport_chosen_) ++state_->timeouts;
    close();
  }
}

void Connection::stop() {
  if (closed_ || finishing_) return;
  now_ns_ = monotonic_ns();
  if (session_ == nullptr) {
    close();
    return;
  }
  busy_ = true;
  session_->stop();
  busy_ = false;
  flush_now();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  --state_->connections_open;
  watch_->cancel();
  out_.clear();
  out_first_ = out_bytes_ = 0;
  auto self = shared_from_this();
  if (session_ != nullptr) session_->on_closed();
  // The session may be among the callers; it and the socket go when the stack is unwound.
  loop_.post([self, shard = shard_] {
    self->session_.reset();
    self->watch_.reset();
    self->transport_.close_socket();
    shard->forget(self.get());
  });
}

}  // namespace kansoku::net
