#include "pipeline/receivers/syslog/syslog_receiver.h"

#include <set>

#include "pipeline/sending/stream_and_datagrams.h"
#include "pipeline/sending/stream_inbox.h"
#include "wire/syslog/syslog.h"

namespace kansoku::pipeline::syslog {
namespace {

namespace ws = wire::syslog;

// Of datagrams that wait for the pool.
constexpr size_t kDatagramBytesMax = 8U << 20;
constexpr int64_t kStopGraceMs = 1'000;

constexpr std::array<std::string_view, 5> kPlaceholders{"hostname", "app_name", "facility",
                                                        "severity", "peer"};

class Session final : public StreamInbox {
 public:
  Session(ComponentContext& context, std::shared_ptr<SyslogReceiver> receiver,
          std::shared_ptr<EventSender> sender, std::shared_ptr<net::StreamConnection> connection,
          size_t message_bytes_max)
      : StreamInbox(*context.executor, std::move(sender), std::move(connection)),
        receiver_(std::move(receiver)),
        framer_(message_bytes_max) {}

 private:
  bool drain(std::string&& bytes) override {
    framer_.feed(bytes);
    for (;;) {
      const auto message = framer_.next();
      if (!message) {
        receiver_->count(signal::Outcome::Rejected, "bad_frame", 1);
        return false;
      }
      if (!*message) return true;
      receiver_->take(**message, connection().peer().address);
    }
  }
  void ended() override {
    if (!framer_.rest().empty()) receiver_->take(framer_.rest(), connection().peer().address);
    connection().close();
  }

  std::shared_ptr<SyslogReceiver> receiver_;
  ws::Framer framer_;
};

void set_columns(const ws::Message& message, std::string_view peer,
                 signal::EventBatchBuilder& builder) {
  const auto set = [&](std::string_view path, std::string_view value) {
    if (!value.empty()) builder.set_text(path, value);
  };
  if (message.has_priority) {
    set("facility", ws::facility_name(message.facility));
    set("severity", ws::severity_name(message.severity));
  }
  set("hostname", message.host);
  set("app_name", message.app);
  set("proc_id", message.process);
  set("msg_id", message.id);
  set("peer", peer);
  // A row has one value of a path; of parameters that are repeated the first counts.
  std::set<std::string> paths;
  for (const ws::Parameter& parameter : message.parameters) {
    std::string path = "structured_data";
    signal::append_path_level(parameter.element, path);
    if (!parameter.name.empty()) signal::append_path_level(parameter.name, path);
    const auto [known, fresh] = paths.insert(std::move(path));
    if (fresh) builder.set_text(*known, parameter.value);
  }
}

}  // namespace

Result<std::shared_ptr<SyslogReceiver>> SyslogReceiver::make(ComponentContext context,
                                                             SyslogConfig config,
                                                             net::EventLoops* loops,
                                                             EventSink& sink) {
  KANSOKU_TRY(NameTemplate group, NameTemplate::compile(config.group, kPlaceholders));
  KANSOKU_TRY(NameTemplate stream, NameTemplate::compile(config.stream, kPlaceholders));
  return std::shared_ptr<SyslogReceiver>(new SyslogReceiver(
      std::move(context), std::move(config), loops, sink, std::move(group), std::move(stream)));
}

SyslogReceiver::SyslogReceiver(ComponentContext context, SyslogConfig config,
                               net::EventLoops* loops, EventSink& sink, NameTemplate group,
                               NameTemplate stream)
    : context_(std::move(context)),
      config_(std::move(config)),
      loops_(loops),
      group_(std::move(group)),
      stream_(std::move(stream)),
      sender_(std::make_shared<EventSender>(
          context_,
          EventSenderOptions{.in_flight_bytes_max =
                                 static_cast<size_t>(config_.in_flight_bytes_max)},
          sink)),
      batcher_(std::make_shared<EventBatcher>(
          context_, EventBatcherOptions{.linger_ms = config_.linger_ms}, sender_)) {}

Status SyslogReceiver::start() {
  net::StreamServerOptions options;
  options.address = config_.address;
  options.port = config_.port;
  options.tls = config_.tls;
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

std::shared_ptr<net::StreamSession> SyslogReceiver::accept(
    std::shared_ptr<net::StreamConnection> connection) {
  return std::make_shared<Session>(context_, shared_from_this(), sender_, std::move(connection),
                                   static_cast<size_t>(config_.message_bytes_max));
}

void SyslogReceiver::take(std::string_view bytes, std::string_view peer) {
  const int64_t now_ns = context_.env.clock->wall_now().ns;
  const ws::Message message = ws::parse(bytes, config_.zone, now_ns);
  const std::array<std::string_view, kPlaceholders.size()> values{
      message.host.empty() ? peer : message.host, message.app, ws::facility_name(message.facility),
      ws::severity_name(message.severity), peer};
  std::string group;
  std::string stream;
  group_.expand(values, group);
  stream_.expand(values, stream);
  batcher_->add(group, stream, message.unix_ns.value_or(now_ns), message.text,
                [&](signal::EventBatchBuilder& builder) { set_columns(message, peer, builder); });
}

void SyslogReceiver::take_datagrams(std::span<const net::Datagram> datagrams, uint64_t lost) {
  if (lost > 0) count(signal::Outcome::Dropped, "socket_full", lost);
  size_t bytes = 0;
  for (const net::Datagram& datagram : datagrams) bytes += datagram.bytes.size();
  if (sender_->full() || datagram_bytes_ + bytes > kDatagramBytesMax) {
    count(signal::Outcome::Dropped, "receiver_full", datagrams.size());
    return;
  }
  struct Kept {
    std::string bytes;
    std::string address;
  };
  std::vector<Kept> kept;
  kept.reserve(datagrams.size());
  for (const net::Datagram& datagram : datagrams) {
    kept.push_back({std::string(datagram.bytes), std::string(datagram.address)});
  }
  datagram_bytes_ += bytes;
  context_.executor->post(Lane::Ingest, [self = shared_from_this(), kept = std::move(kept), bytes] {
    for (const Kept& datagram : kept) self->take(datagram.bytes, datagram.address);
    self->datagram_bytes_ -= bytes;
  });
}

void SyslogReceiver::count(signal::Outcome outcome, const std::string& reason, uint64_t rows) {
  if (context_.ledger == nullptr) return;
  const signal::LedgerKey key{config_.name, context_.local_scope.account, config_.branch};
  context_.ledger->received(key, rows);
  signal::Verdict verdict;
  verdict.counts.push_back({outcome, reason, rows, {}});
  context_.ledger->resolved(key, verdict);
}

Status SyslogReceiver::reload_tls() { return server_ ? server_->reload_tls() : Status(); }

// Sockets first, then what was read of them: by a task behind those that are queued.
void SyslogReceiver::stop(std::move_only_function<void()> done) {
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

void SyslogReceiver::finish(std::move_only_function<void()> done) {
  context_.executor->post(
      Lane::Ingest, [self = shared_from_this(), done = std::move(done)]() mutable {
        self->context_.executor->post(Lane::Ingest, [self, done = std::move(done)]() mutable {
          self->batcher_->flush();
          self->sender_->stop(std::move(done));
        });
      });
}

}  // namespace kansoku::pipeline::syslog
