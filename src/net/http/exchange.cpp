// ConnectionExchange, and the small text that both protocols write.

#include "base/time/iso8601.h"
#include "net/http/connection.h"

namespace kansoku::net {

template <class F>
void ConnectionExchange::on_loop(F call) {
  // Also what lets an exchange of a closed connection outlive the loops.
  if (closed_) return;
  // On the loop the call is made at once, but never ahead of one that was posted before.
  if (loop_->in_loop() && posted_ == 0) {
    auto connection = connection_;
    if (connection == nullptr || connection->closed() || connection->session() == nullptr) return;
    call(*connection->session());
    connection->flush_now();
    return;
  }
  ++posted_;
  loop_->post([self = shared_from_this(), call = std::move(call)]() mutable {
    --self->posted_;
    auto connection = self->connection_;
    if (connection == nullptr || connection->closed() || connection->session() == nullptr) return;
    call(*connection->session());
    connection->flush_now();
  });
}

void ConnectionExchange::respond(HttpResponse response) {
  on_loop([stream = stream_, response = std::move(response)](Session& session) mutable {
    session.respond(stream, std::move(response));
  });
}

void ConnectionExchange::begin(int status, Headers headers) {
  on_loop([stream = stream_, status, headers = std::move(headers)](Session& session) mutable {
    session.begin(stream, status, std::move(headers));
  });
}

bool ConnectionExchange::write(std::string chunk) {
  if (closed_) return true;  // nobody reads; there is no room to wait for
  size_t buffered = buffered_.fetch_add(chunk.size()) + chunk.size();
  on_loop([stream = stream_, chunk = std::move(chunk)](Session& session) mutable {
    session.write(stream, std::move(chunk));
  });
  // What was sent meanwhile does not matter: on_drain() calls at once where there is room again.
  return buffered < buffered_max_;
}

void ConnectionExchange::end(Headers trailers) {
  on_loop([stream = stream_, trailers = std::move(trailers)](Session& session) mutable {
    session.end(stream, std::move(trailers));
  });
}

void ConnectionExchange::abort() {
  on_loop([stream = stream_](Session& session) { session.abort(stream); });
}

void ConnectionExchange::dropped() {
  on_loop([self = shared_from_this()](Session& session) {
    ++self->connection_->state().unanswered;
    if (self->begun) {
      session.abort(self->stream_);
    } else {
      session.respond(self->stream_, {.status = 500,
                                      .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                                      .body = "the request was not answered\n"});
    }
  });
}

void ConnectionExchange::on_close(std::move_only_function<void()> callback) {
  loop_->post([self = shared_from_this(), callback = std::move(callback)]() mutable {
    if (self->closed_) {
      callback();
    } else if (self->connection_ != nullptr) {
      self->close_callback_ = std::move(callback);
    }
  });
}

void ConnectionExchange::on_drain(std::move_only_function<void()> callback) {
  loop_->post([self = shared_from_this(), callback = std::move(callback)]() mutable {
    if (self->closed_ || self->connection_ == nullptr) return;
    if (self->buffered_ <= self->buffered_max_ / 2) {
      callback();
    } else {
      self->drain_callback_ = std::move(callback);
    }
  });
}

void ConnectionExchange::sent(size_t bytes) {
  size_t left = buffered_.fetch_sub(bytes) - bytes;
  if (left > buffered_max_ / 2 || !drain_callback_) return;
  // Posted: the callback writes, and the caller is in the middle of sending.
  loop_->post(std::exchange(drain_callback_, nullptr));
}

void ConnectionExchange::peer_gone() {
  if (closed_.exchange(true)) return;
  if (close_callback_) loop_->post(std::exchange(close_callback_, nullptr));
  finished();
}

void ConnectionExchange::finished() {
  reservation.release();
  // Callbacks may own what owns this exchange; they are destroyed when the stack is unwound.
  loop_->post([self = shared_from_this(), close = std::exchange(close_callback_, nullptr),
               drain = std::exchange(drain_callback_, nullptr),
               connection = std::exchange(connection_, nullptr)] {});
}

std::string_view http_date() {
  static thread_local int64_t written_s = -1;
  static thread_local std::string text;
  int64_t now_s = env::real_clock().wall_now().ns / env::kNsPerS;
  if (now_s != written_s) {
    written_s = now_s;
    text = kansoku::http_date(now_s * 1000);
  }
  return text;
}

bool is_framing_header(std::string_view name) {
  switch (name.size()) {
    case 7:
      return header_equals(name, "upgrade") || header_equals(name, "trailer");
    case 10:
      return header_equals(name, "connection") || header_equals(name, "keep-alive");
    case 14:
      return header_equals(name, "content-length");
    case 16:
      return header_equals(name, "proxy-connection");
    case 17:
      return header_equals(name, "transfer-encoding");
    default:
      return false;
  }
}

void append_header_value(std::string& out, std::string_view value) {
  for (char c : value) {
    bool ends_line = c == '\r' || c == '\n' || c == '\0';
    out += ends_line ? ' ' : c;
  }
}

}  // namespace kansoku::net
