#include "pipeline/receivers/emf/emf_receiver.h"

#include "pipeline/receivers/emf/document.h"
#include "pipeline/sending/stream_and_datagrams.h"
#include "pipeline/sending/stream_inbox.h"

namespace kansoku::pipeline::emf_listener {
namespace {

// Of datagrams that wait for the pool.
constexpr size_t kDatagramBytesMax = 8U << 20;
constexpr int64_t kStopGraceMs = 1'000;
constexpr std::string_view kDefaultStream = "default";
// CloudWatch takes events of the last 14 days, up to 2 hours ahead; another time is that of a wrong
// clock, and the event gets that of its arrival.
constexpr int64_t kOldestMs = 14 * int64_t{86'400'000};
constexpr int64_t kNewestMs = 2 * int64_t{3'600'000};

// Lines of a connection. Of one that is too long nothing is kept but that it was there.
class Session final : public StreamInbox {
 public:
  Session(ComponentContext& context, std::shared_ptr<EmfReceiver> receiver,
          std::shared_ptr<EventSender> sender, std::shared_ptr<net::StreamConnection> connection,
          size_t line_bytes_max)
      : StreamInbox(*context.executor, std::move(sender), std::move(connection)),
        receiver_(std::move(receiver)),
        line_bytes_max_(line_bytes_max) {}

 private:
  bool drain(std::string&& bytes) override {
    std::string_view rest = bytes;
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      add(rest.substr(0, end));
      end_line();
      rest.remove_prefix(end + 1);
    }
    add(rest);
    return true;
  }
  void ended() override {
    end_line();
    connection().close();
  }

  void add(std::string_view bytes) {
    too_long_ = too_long_ || line_.size() + bytes.size() > line_bytes_max_;
    if (too_long_) {
      line_.clear();
    } else {
      line_ += bytes;
    }
  }
  void end_line() {
    if (too_long_) {
      receiver_->count(signal::Outcome::Rejected, "too_long", 1);
    } else {
      receiver_->take(line_);
    }
    line_.clear();
    too_long_ = false;
  }

  std::shared_ptr<EmfReceiver> receiver_;
  const size_t line_bytes_max_;
  std::string line_;  // what there is of the last one
  bool too_long_ = false;
};

}  // namespace

Result<std::shared_ptr<EmfReceiver>> EmfReceiver::make(ComponentContext context, EmfConfig config,
                                                       net::EventLoops* loops, EventSink& sink) {
  if (!config.tcp && !config.udp) return invalid_argument("needs udp or tcp");
  if (config.stream.empty()) config.stream = kDefaultStream;
  return std::shared_ptr<EmfReceiver>(
      new EmfReceiver(std::move(context), std::move(config), loops, sink));
}

EmfReceiver::EmfReceiver(ComponentContext context, EmfConfig config, net::EventLoops* loops,
                         EventSink& sink)
    : context_(std::move(context)),
      config_(std::move(config)),
      loops_(loops),
      sender_(std::make_shared<EventSender>(
          context_,
          EventSenderOptions{.in_flight_bytes_max =
                                 static_cast<size_t>(config_.in_flight_bytes_max)},
          sink)),
      batcher_(std::make_shared<EventBatcher>(
          context_, EventBatcherOptions{.linger_ms = config_.linger_ms}, sender_)) {}

Status EmfReceiver::start() {
  net::StreamServerOptions options;
  options.address = config_.address;
  options.port = config_.port;
  options.limits.connections_max = static_cast<size_t>(config_.connections_max);
  net::StreamAccept accepting;
  net::UdpHandler taking;
  if (config_.tcp) accepting = [self = shared_from_this()](auto c) { return self->accept(c); };
  if (config_.udp) {
    taking = [self = shared_from_this()](auto datagrams, uint64_t lost) {
      self->take_datagrams(datagrams, lost);
    };
  }
  KANSOKU_TRY(auto both, listen_for_both(*loops_, options, accepting, taking));
  server_ = std::move(both.server);
  socket_ = std::move(both.socket);
  port_ = both.port;
  return {};
}

std::shared_ptr<net::StreamSession> EmfReceiver::accept(
    std::shared_ptr<net::StreamConnection> connection) {
  return std::make_shared<Session>(context_, shared_from_this(), sender_, std::move(connection),
                                   static_cast<size_t>(config_.document_bytes_max));
}

void EmfReceiver::take(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return;
  const auto document = read_document(line);
  if (!document) return count(signal::Outcome::Rejected, "not_emf", 1);
  const int64_t now_ms = context_.env.clock->wall_now().ms();
  int64_t time_ms = document->timestamp_ms.value_or(now_ms);
  if (time_ms < now_ms - kOldestMs || time_ms > now_ms + kNewestMs) time_ms = now_ms;
  const std::string& group = document->group.empty() ? config_.group : document->group;
  const std::string& stream = document->stream.empty() ? config_.stream : document->stream;
  const auto send = [&](std::string_view text) {
    batcher_->add(group, stream, time_ms * env::kNsPerMs, text, [](signal::EventBatchBuilder&) {});
  };
  if (document->parts.empty()) return send(line);
  for (const std::string& part : document->parts) send(part);
}

void EmfReceiver::take_datagrams(std::span<const net::Datagram> datagrams, uint64_t lost) {
  if (lost > 0) count(signal::Outcome::Dropped, "socket_full", lost);
  size_t bytes = 0;
  for (const net::Datagram& datagram : datagrams) bytes += datagram.bytes.size();
  if (sender_->full() || datagram_bytes_ + bytes > kDatagramBytesMax) {
    count(signal::Outcome::Dropped, "receiver_full", datagrams.size());
    return;
  }
  std::vector<std::string> kept;
  kept.reserve(datagrams.size());
  for (const net::Datagram& datagram : datagrams) kept.emplace_back(datagram.bytes);
  datagram_bytes_ += bytes;
  context_.executor->post(Lane::Ingest, [self = shared_from_this(), kept = std::move(kept), bytes] {
    for (const std::string& datagram : kept) {
      std::string_view rest = datagram;
      while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        self->take(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    self->datagram_bytes_ -= bytes;
  });
}

void EmfReceiver::count(signal::Outcome outcome, const std::string& reason, uint64_t rows) {
  if (context_.ledger == nullptr) return;
  const signal::LedgerKey key{config_.name, context_.local_scope.account, config_.branch};
  context_.ledger->received(key, rows);
  signal::Verdict verdict;
  verdict.counts.push_back({outcome, reason, rows, {}});
  context_.ledger->resolved(key, verdict);
}

// Sockets first, then what was read of them: by a task behind those that are queued.
void EmfReceiver::stop(std::move_only_function<void()> done) {
  auto ended = [self = shared_from_this(), done = std::move(done)]() mutable {
    self->finish(std::move(done));
  };
  auto end_streams = [self = shared_from_this(), ended = std::move(ended)]() mutable {
    if (self->server_ == nullptr) return ended();
    self->server_->stop(kStopGraceMs, std::move(ended));
  };
  if (socket_ == nullptr) return end_streams();
  socket_->stop(std::move(end_streams));
}

void EmfReceiver::finish(std::move_only_function<void()> done) {
  context_.executor->post(
      Lane::Ingest, [self = shared_from_this(), done = std::move(done)]() mutable {
        self->context_.executor->post(Lane::Ingest, [self, done = std::move(done)]() mutable {
          self->batcher_->flush();
          self->sender_->stop(std::move(done));
        });
      });
}

}  // namespace kansoku::pipeline::emf_listener
