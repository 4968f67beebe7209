#include "net/udp/udp.h"

#include <doctest/doctest.h>

#include "net/http/test_support.h"

namespace kansoku::net {
namespace {

class Sender {
 public:
  explicit Sender(uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() { close(fd_); }
  void send(std::string_view bytes) { ::send(fd_, bytes.data(), bytes.size(), 0); }

 private:
  int fd_;
};

struct Fixture {
  std::mutex received_mutex;
  std::vector<std::string> received;
  uint64_t lost = 0;
  test::Event last;  // a datagram "last"
  std::unique_ptr<EventLoops> loops = EventLoops::start(1);
  std::unique_ptr<UdpSocket> socket;

  explicit Fixture(UdpOptions options = {}) {
    socket = *UdpSocket::start(*loops, options, [this](auto datagrams, uint64_t more) {
      std::lock_guard lock(received_mutex);
      lost += more;
      for (const Datagram& datagram : datagrams) {
        received.push_back(
            fmt::format("{} {}{}", datagram.address, datagram.bytes, datagram.cut ? " (cut)" : ""));
        if (datagram.bytes == "last") last.set();
      }
    });
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    test::Event stopped;
    socket->stop([&] { stopped.set(); });
    CHECK(stopped.wait());
    loops->stop();
  }
};

}  // namespace

TEST_CASE("datagrams arrive whole, with their sender; longer ones are cut and say so") {
  Fixture f({.datagram_bytes_max = 8});
  Sender sender(f.socket->port());
  sender.send("one");
  sender.send("");
  sender.send("123456789");
  sender.send("last");
  REQUIRE(f.last.wait());
  CHECK(f.received == std::vector<std::string>{"127.0.0.1 one", "127.0.0.1 ",
                                               "127.0.0.1 12345678 (cut)", "127.0.0.1 last"});
  CHECK(f.socket->stats().datagrams == 4);
}

TEST_CASE("a handler that holds the owner of its socket goes when the socket is stopped") {
  const auto loops = EventLoops::start(1);
  struct Owner {
    std::unique_ptr<UdpSocket> socket;
  };
  auto owner = std::make_shared<Owner>();
  owner->socket = *UdpSocket::start(*loops, {}, [owner](auto, uint64_t) {});
  test::Event stopped;
  owner->socket->stop([&] { stopped.set(); });
  CHECK(stopped.wait());
  CHECK(owner.use_count() == 1);
  loops->stop();
}

TEST_CASE("what the kernel throws away is counted") {
  Fixture f({.datagram_bytes_max = 1'024, .receive_buffer_bytes = 4'096});
  Sender sender(f.socket->port());
  {
    // The loop waits in the handler for the mutex while the small buffer runs over.
    std::lock_guard lock(f.received_mutex);
    for (int i = 0; i < 5'000; ++i) sender.send(std::string(1'000, 'x'));
  }
  for (int i = 0; i < 1'000 && f.socket->stats().lost == 0; ++i) sender.send("more");
  do {
    sender.send("last");
    std::this_thread::yield();
  } while ([&] {
    std::lock_guard lock(f.received_mutex);
    return f.received.empty() || !f.received.back().ends_with("last");
  }());
  std::lock_guard lock(f.received_mutex);
  CHECK(f.lost > 0);
  CHECK(f.lost == f.socket->stats().lost);
}

}  // namespace kansoku::net
