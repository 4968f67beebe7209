#include "pipeline/receivers/forward/forward_receiver.h"

#include <atomic>
#include <map>

#include "net/auth/sigv4.h"
#include "pipeline/sending/stream_inbox.h"
#include "wire/msgpack/msgpack_json.h"

namespace kansoku::pipeline::forward {

namespace wf = wire::forward;

namespace {

// Of one batch; a chunk that is larger goes in several.
constexpr size_t kBatchRowsMax = 10'000;
constexpr size_t kBatchBytesMax = 4U << 20;
constexpr size_t kNonceBytes = 16;
constexpr int64_t kStopGraceMs = 1'000;
// {} with its head: no metadata.
constexpr size_t kEmptyMapBytes = 1;

constexpr std::array<std::string_view, 2> kPlaceholders{"tag", "peer"};

std::string random_bytes(env::Random& random) {
  std::string out(kNonceBytes, '\0');
  random.fill(std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

// Closes the connection when the session and every chunk have let go.
class Closer {
 public:
  explicit Closer(std::shared_ptr<net::StreamConnection> c) : connection(std::move(c)) {}
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  ~Closer() { connection->close(); }
  const std::shared_ptr<net::StreamConnection> connection;
};

// A message whose sender waits for the acknowledgement, given when the last of its batches is safe.
struct Chunk {
  std::string id;
  std::shared_ptr<Closer> closer;
  std::atomic<size_t> open{1};  // the reader of the message is one
  std::atomic<bool> lost = false;

  void finish() {
    if (open.fetch_sub(1) == 1 && !lost && !id.empty())
      closer->connection->write(wf::encode_ack(id));
  }
};
using ChunkPtr = std::shared_ptr<Chunk>;

bool is_lost(const signal::Verdict& verdict) {
  return std::ranges::any_of(verdict.counts, [](const signal::OutcomeCount& count) {
    return count.outcome == signal::Outcome::Dropped;
  });
}

}  // namespace

// Fills batches with the entries of messages.
class ChunkBatches {
 public:
  ChunkBatches(ForwardReceiver& receiver, std::string_view peer)
      : receiver_(receiver), peer_(peer) {}
  ~ChunkBatches() { flush(); }
  ChunkBatches(const ChunkBatches&) = delete;
  ChunkBatches& operator=(const ChunkBatches&) = delete;

  void begin(std::string_view tag, ChunkPtr chunk) {
    tag_ = tag;
    chunk_ = std::move(chunk);
    const std::array<std::string_view, kPlaceholders.size()> values{tag, peer_};
    receiver_.group_.expand(values, group_);
    receiver_.stream_.expand(values, stream_);
  }
  // False: the record is no JSON (malformed, or nested too deep).
  bool add(const wf::Entry& entry) {
    text_.clear();
    if (!wire::msgpack::append_json(entry.record, text_)) return false;
    if (builder_.row_count() == 0) message_column_ = builder_.text_column(signal::kMessagePath);
    builder_.add_text_row(stream_row(), entry.unix_ns, message_column_, text_);
    builder_.set_text("tag", tag_);
    bytes_ += text_.size();
    if (entry.metadata.size() > kEmptyMapBytes) {
      text_.clear();
      if (wire::msgpack::append_json(entry.metadata, text_)) builder_.set_text("metadata", text_);
    }
    if (chunks_.empty() || chunks_.back() != chunk_) {
      ++chunk_->open;
      chunks_.push_back(chunk_);
    }
    if (builder_.row_count() >= kBatchRowsMax || bytes_ >= kBatchBytesMax) flush();
    return true;
  }
  void flush() {
    if (builder_.row_count() == 0) return;
    bytes_ = 0;
    streams_.clear();
    receiver_.sender_->send(builder_.finish(),
                            [chunks = std::exchange(chunks_, {})](const signal::Verdict& verdict) {
                              for (const ChunkPtr& chunk : chunks) {
                                if (is_lost(verdict)) chunk->lost = true;
                                chunk->finish();
                              }
                            });
  }

 private:
  uint32_t stream_row() {
    auto [known, fresh] = streams_.try_emplace({group_, stream_}, 0);
    if (fresh) known->second = builder_.add_stream({.group = group_, .stream = stream_});
    return known->second;
  }

  ForwardReceiver& receiver_;
  std::string_view peer_;
  std::string_view tag_;
  std::string group_;
  std::string stream_;
  std::string text_;
  ChunkPtr chunk_;
  std::vector<ChunkPtr> chunks_;  // of the batch
  signal::EventBatchBuilder builder_;
  std::map<std::pair<std::string, std::string>, uint32_t> streams_;
  uint32_t message_column_ = 0;
  size_t bytes_ = 0;
};

class ForwardSession final : public StreamInbox {
 public:
  ForwardSession(std::shared_ptr<ForwardReceiver> receiver,
                 std::shared_ptr<net::StreamConnection> connection)
      : StreamInbox(*receiver->context_.executor, receiver->sender_, std::move(connection)),
        receiver_(std::move(receiver)),
        closer_(std::make_shared<Closer>(shared_connection())) {}

  // Greets where senders must shake hands.
  void begin() {
    if (!receiver_->shakes_hands()) return;
    env::Random& random = *receiver_->context_.env.random;
    handshake_.emplace(receiver_->handshake_, random_bytes(random), random_bytes(random),
                       net::auth::sha512_hex);
    connection().write(handshake_->helo());
    receiver_->context_.timers->after(
        receiver_->config_.handshake_timeout_ms * env::kNsPerMs, [weak = weak_from_this()] {
          const auto self = std::static_pointer_cast<ForwardSession>(weak.lock());
          if (self != nullptr && !self->greeted_) self->connection().close();
        });
  }

 private:
  bool drain(std::string&& bytes) override {
    if (buffer_.empty()) {
      buffer_ = std::move(bytes);
    } else {
      buffer_ += bytes;
    }
    size_t at = 0;
    if (handshake_) {
      const auto answer = shake(at);
      if (!answer) return false;
      if (!*answer) return true;
    }
    const bool good = read_messages(at);
    buffer_.erase(0, at);
    if (good && buffer_.size() > static_cast<size_t>(receiver_->config_.message_bytes_max)) {
      receiver_->count_rejected("message_too_large", 1);
      return false;
    }
    return good;
  }
  // Acknowledgements of what is under way are written first.
  void ended() override { closer_.reset(); }

  // Nothing: too few bytes yet. An error: not let in.
  Result<bool> shake(size_t& at) {
    auto answer = handshake_->take_ping(buffer_);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (!*answer) return false;
    connection().write((*answer)->pong);
    if (!(*answer)->accepted) {
      receiver_->count_rejected("handshake", 1);
      return unauthenticated("{}", (*answer)->reason);
    }
    at = (*answer)->bytes;
    handshake_.reset();
    greeted_ = true;
    return true;
  }

  bool read_messages(size_t& at) {
    ChunkBatches batches(*receiver_, connection().peer().address);
    for (;;) {
      const auto message = wf::decode(std::string_view(buffer_).substr(at));
      if (!message) {
        receiver_->count_rejected("malformed", 1);
        return false;
      }
      if (!*message) return true;
      if (!read_message(**message, batches)) return false;
      at += (*message)->bytes;
    }
  }

  bool read_message(const wf::Message& message, ChunkBatches& batches) {
    const uint64_t claimed = std::max<uint64_t>(message.options.size, 1);
    if (message.options.signal != wf::Signal::Logs) {
      const bool metrics = message.options.signal == wf::Signal::Metrics;
      receiver_->count_rejected(metrics ? "signal_metrics" : "signal_traces", claimed);
      return false;
    }
    auto chunk = std::make_shared<Chunk>();
    chunk->id = message.options.chunk;
    chunk->closer = closer_;
    batches.begin(message.tag, chunk);
    uint64_t refused = 0;
    const auto expand = [this](std::string_view coding, std::string_view bytes) {
      return net::decode_content(coding, bytes,
                                 static_cast<size_t>(receiver_->config_.expanded_bytes_max));
    };
    const Status visited = wf::visit_entries(message, expand, [&](const wf::Entry& entry) {
      if (!batches.add(entry)) ++refused;
    });
    if (refused > 0) receiver_->count_rejected("bad_record", refused);
    if (!visited) {
      // What was read before stands; the sender sends the whole again, or gives up.
      chunk->lost = true;
      const bool large = visited.error().code == ErrorCode::ResourceExhausted;
      receiver_->count_rejected(large ? "message_too_large" : "malformed", 1);
    }
    chunk->finish();
    return visited.has_value();
  }

  std::shared_ptr<ForwardReceiver> receiver_;
  std::shared_ptr<Closer> closer_;
  std::optional<wf::Handshake> handshake_;
  std::atomic<bool> greeted_ = false;
  std::string buffer_;
};

Result<std::shared_ptr<ForwardReceiver>> ForwardReceiver::make(ComponentContext context,
                                                               ForwardConfig config,
                                                               net::EventLoops* loops,
                                                               EventSink& sink) {
  KANSOKU_TRY(NameTemplate group, NameTemplate::compile(config.group, kPlaceholders));
  KANSOKU_TRY(NameTemplate stream, NameTemplate::compile(config.stream, kPlaceholders));
  return std::shared_ptr<ForwardReceiver>(new ForwardReceiver(
      std::move(context), std::move(config), loops, sink, std::move(group), std::move(stream)));
}

ForwardReceiver::ForwardReceiver(ComponentContext context, ForwardConfig config,
                                 net::EventLoops* loops, EventSink& sink, NameTemplate group,
                                 NameTemplate stream)
    : context_(std::move(context)),
      config_(std::move(config)),
      loops_(loops),
      group_(std::move(group)),
      stream_(std::move(stream)),
      handshake_{
          .hostname = config_.hostname, .shared_key = config_.shared_key, .users = config_.users},
      sender_(std::make_shared<EventSender>(
          context_,
          EventSenderOptions{.in_flight_bytes_max =
                                 static_cast<size_t>(config_.in_flight_bytes_max)},
          sink)) {}

Status ForwardReceiver::start() {
  net::StreamServerOptions options;
  options.address = config_.address;
  options.port = config_.port;
  options.tls = config_.tls;
  options.limits.connections_max = static_cast<size_t>(config_.connections_max);
  KANSOKU_TRY(server_, net::StreamServer::start(*loops_, std::move(options),
                                                [self = shared_from_this()](auto connection) {
                                                  return self->accept(std::move(connection));
                                                }));
  port_ = server_->port();
  return {};
}

std::shared_ptr<net::StreamSession> ForwardReceiver::accept(
    std::shared_ptr<net::StreamConnection> connection) {
  auto out = std::make_shared<ForwardSession>(shared_from_this(), std::move(connection));
  out->begin();
  return out;
}

void ForwardReceiver::count_rejected(const std::string& reason, uint64_t rows) {
  if (context_.ledger == nullptr) return;
  const signal::LedgerKey key{config_.name, context_.local_scope.account, config_.branch};
  context_.ledger->received(key, rows);
  signal::Verdict verdict;
  verdict.counts.push_back({signal::Outcome::Rejected, reason, rows, {}});
  context_.ledger->resolved(key, verdict);
}

Status ForwardReceiver::reload_tls() { return server_ ? server_->reload_tls() : Status(); }

// Nothing more is read; what was read is settled and acknowledged; then the connections go.
void ForwardReceiver::stop(std::move_only_function<void()> done) {
  auto close = [self = shared_from_this(), done = std::move(done)]() mutable {
    if (self->server_ == nullptr) return done();
    self->server_->stop(kStopGraceMs, std::move(done));
  };
  auto settle = [self = shared_from_this(), close = std::move(close)]() mutable {
    // Behind the steps that are queued.
    self->context_.executor->post(Lane::Ingest, [self, close = std::move(close)]() mutable {
      self->sender_->stop(std::move(close));
    });
  };
  if (server_ == nullptr) return settle();
  server_->stop_reading(std::move(settle));
}

}  // namespace kansoku::pipeline::forward
