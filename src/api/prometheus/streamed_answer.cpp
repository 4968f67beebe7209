#include "api/prometheus/streamed_answer.h"

namespace kansoku::api::prometheus {
namespace {

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(Executor& executor, CallPtr call, NextPiece next)
      : executor_(executor), call_(std::move(call)), next_(std::move(next)) {}
  void begin(net::Headers headers) {
    call_->exchange.begin(200, std::move(headers));
    go_on();
  }

 private:
  void go_on() {
    executor_.post(Lane::Query, [self = shared_from_this()] { self->write_one(); });
  }
  void write_one() {
    if (call_->exchange.closed()) return;
    auto piece = next_();
    if (!piece) return call_->exchange.end();
    if (call_->exchange.write(std::move(*piece))) return go_on();
    call_->exchange.on_drain([self = shared_from_this()] { self->go_on(); });
  }

  Executor& executor_;
  CallPtr call_;
  NextPiece next_;
};

}  // namespace

void stream_pieces(Context& context, CallPtr call, net::Headers headers, NextPiece next) {
  std::make_shared<Stream>(*context.services.executor, std::move(call), std::move(next))
      ->begin(std::move(headers));
}

}  // namespace kansoku::api::prometheus
