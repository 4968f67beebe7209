#include "net/udp/udp.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/http/listening.h"

namespace kansoku::net {
namespace {

constexpr size_t kBatch = 64;
// Batches in a row before other work of the loop gets its turn.
constexpr int kBatchesPerTurn = 8;

class Receiver final : public FdHandler, public std::enable_shared_from_this<Receiver> {
 public:
  Receiver(Loop& loop, int fd, const UdpOptions& options, UdpHandler handler)
      : loop_(loop),
        fd_(fd),
        handler_(std::move(handler)),
        bytes_max_(options.datagram_bytes_max),
        // Touched, and so resident, only as far as datagrams are long.
        buffer_(new char[kBatch * options.datagram_bytes_max]) {
    for (size_t i = 0; i < kBatch; ++i) {
      pieces_[i] = {buffer_.get() + i * bytes_max_, bytes_max_};
    }
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() override { close(); }

  void start() {
    watch_ = loop_.watch(fd_);
    watch_->want_read(shared_from_this());
  }
  void close() {
    watch_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // Once closed: it mostly holds whoever owns the socket.
  void forget_handler() { handler_ = nullptr; }
  void on_readable() override {
    if (fd_ < 0) return;
    for (int turn = 0; turn < kBatchesPerTurn; ++turn) {
      if (receive() < kBatch) break;
    }
    watch_->want_read(shared_from_this());
  }
  void on_writable() override {}
  UdpStats stats() const { return {.datagrams = datagrams_, .bytes = bytes_, .lost = lost_}; }

 private:
  // One call of the kernel; how many datagrams it gave.
  size_t receive() {
    for (size_t i = 0; i < kBatch; ++i) {
      msghdr& header = messages_[i].msg_hdr;
      header = {};
      header.msg_name = &from_[i];
      header.msg_namelen = sizeof from_[i];
      header.msg_iov = &pieces_[i];
      header.msg_iovlen = 1;
      header.msg_control = control_[i].bytes;
      header.msg_controllen = sizeof control_[i].bytes;
    }
    const int got = recvmmsg(fd_, messages_, kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) return 0;
    const auto count = static_cast<size_t>(got);
    for (size_t i = 0; i < count; ++i) {
      const msghdr& header = messages_[i].msg_hdr;
      addresses_[i] = peer_of(from_[i]).address;
      batch_[i] = {.bytes = {static_cast<const char*>(pieces_[i].iov_base), messages_[i].msg_len},
                   .address = addresses_[i],
                   .cut = (header.msg_flags & MSG_TRUNC) != 0};
      bytes_ += messages_[i].msg_len;
      note_lost(messages_[i].msg_hdr);
    }
    datagrams_ += count;
    handler_(std::span(batch_, count), std::exchange(lost_now_, 0));
    return count;
  }

  // The kernel's count of what it threw away, since the socket was made; it wraps at 32 bits.
  void note_lost(msghdr& header) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL) continue;
      uint32_t count = 0;
      std::memcpy(&count, CMSG_DATA(c), sizeof count);
      const uint32_t more = count - kernel_lost_;
      kernel_lost_ = count;
      lost_ += more;
      lost_now_ += more;
    }
  }

  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(uint32_t))];
  };
  Loop& loop_;
  int fd_;
  UdpHandler handler_;
  size_t bytes_max_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<FdWatch> watch_;
  mmsghdr messages_[kBatch] = {};
  iovec pieces_[kBatch] = {};
  sockaddr_storage from_[kBatch] = {};
  Control control_[kBatch] = {};
  std::string addresses_[kBatch];
  Datagram batch_[kBatch];
  uint32_t kernel_lost_ = 0;
  uint64_t lost_now_ = 0;
  std::atomic<uint64_t> datagrams_ = 0;
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> lost_ = 0;
};

class LoopUdpSocket final : public UdpSocket {
 public:
  LoopUdpSocket(Loop& loop, std::shared_ptr<Receiver> receiver, uint16_t port)
      : loop_(loop), receiver_(std::move(receiver)), port_(port) {
    loop_.post([receiver = receiver_] { receiver->start(); });
  }
  LoopUdpSocket(const LoopUdpSocket&) = delete;
  LoopUdpSocket& operator=(const LoopUdpSocket&) = delete;
  ~LoopUdpSocket() override {
    if (!stopped_) stop([] {});
  }
  uint16_t port() const override { return port_; }
  void stop(std::move_only_function<void()> done) override {
    KANSOKU_CHECK(!stopped_);
    stopped_ = true;
    loop_.post([receiver = receiver_, done = std::move(done)]() mutable {
      receiver->close();
      receiver->forget_handler();
      done();
    });
  }
  UdpStats stats() const override { return receiver_->stats(); }

 private:
  Loop& loop_;
  std::shared_ptr<Receiver> receiver_;
  uint16_t port_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<UdpSocket>> UdpSocket::start(EventLoops& loops, const UdpOptions& options,
                                                    UdpHandler handler) {
  auto* set = dynamic_cast<LoopSet*>(&loops);
  KANSOKU_CHECK(set != nullptr);  // the only kind there is
  KANSOKU_TRY(const Listening listening, bind_datagrams(options.address, options.port));
  const int on = 1;
  setsockopt(listening.fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  setsockopt(listening.fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes,
             sizeof options.receive_buffer_bytes);
  auto receiver =
      std::make_shared<Receiver>(set->loop(0), listening.fd, options, std::move(handler));
  return std::make_unique<LoopUdpSocket>(set->loop(0), std::move(receiver), listening.port);
}

}  // namespace kansoku::net
