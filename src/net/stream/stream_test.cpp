#include "net/stream/stream.h"

#include <doctest/doctest.h>

#include "net/http/test_support.h"

namespace kansoku::net {
namespace {

// Echoes lines; "pause" stops reading, "bye" closes.
class Echo final : public StreamSession {
 public:
  Echo(std::shared_ptr<StreamConnection> connection, test::Event& ended)
      : connection_(std::move(connection)), ended_(ended) {}
  void on_bytes(std::string_view bytes) override {
    connection_->write(fmt::format("got {} from {}\n", bytes, connection_->peer().address));
    if (bytes == "pause") connection_->pause();
    if (bytes == "bye") connection_->close();
  }
  void on_end() override {
    connection_->write("end\n");
    connection_->close();
    ended_.set();
  }

 private:
  std::shared_ptr<StreamConnection> connection_;
  test::Event& ended_;
};

struct Fixture {
  test::Event ended;
  std::unique_ptr<EventLoops> loops = EventLoops::start(1);
  std::unique_ptr<StreamServer> server;
  std::mutex connections_mutex;
  std::vector<std::shared_ptr<StreamConnection>> connections;

  explicit Fixture(StreamLimits limits = {}) {
    StreamServerOptions options;
    options.limits = limits;
    server = *StreamServer::start(*loops, options, [this](auto connection) {
      std::lock_guard lock(connections_mutex);
      connections.push_back(connection);
      return std::make_shared<Echo>(std::move(connection), ended);
    });
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    stop();
    loops->stop();
  }
  void stop() {
    if (server == nullptr) return;
    test::Event stopped;
    server->stop(0, [&] { stopped.set(); });
    CHECK(stopped.wait());
    server.reset();
  }
};

}  // namespace

TEST_CASE("bytes of a stream reach its session, and answers the peer, also after its own end") {
  Fixture f;
  test::RawClient client(f.server->port());
  client.send("one");
  CHECK(client.read_until("\n") == "got one from 127.0.0.1\n");
  client.close_sending();
  CHECK(client.read_to_end() == "end\n");
  CHECK(f.ended.wait());
}

TEST_CASE("close sends what was written first") {
  Fixture f;
  test::RawClient client(f.server->port());
  client.send("bye");
  CHECK(client.read_to_end() == "got bye from 127.0.0.1\n");
}

TEST_CASE("a paused session gets nothing until it resumes") {
  Fixture f;
  test::RawClient client(f.server->port());
  client.send("pause");
  CHECK(client.read_until("\n") == "got pause from 127.0.0.1\n");
  client.send("two");
  const uint64_t read = f.server->stats().bytes_in;
  CHECK(read == 5);
  f.connections.at(0)->write("written\n");
  CHECK(client.read_until("\n") == "written\n");
  CHECK(f.server->stats().bytes_in == 5);
  f.connections.at(0)->resume();
  CHECK(client.read_until("\n") == "got two from 127.0.0.1\n");
}

TEST_CASE("over the limit of connections a new one is closed") {
  Fixture f({.connections_max = 1});
  test::RawClient first(f.server->port());
  first.send("a");
  CHECK(first.read_until("\n") == "got a from 127.0.0.1\n");
  test::RawClient second(f.server->port());
  CHECK(second.read_to_end().empty());
  CHECK(second.ended());
  CHECK(f.server->stats().connections_refused == 1);
}

TEST_CASE("a peer that does not read its answers is cut off") {
  Fixture f({.output_bytes_max = 100'000});
  test::RawClient client(f.server->port(), 4'096);
  client.send("x");
  CHECK(client.read_until("\n") == "got x from 127.0.0.1\n");
  for (int i = 0; i < 100; ++i) f.connections.at(0)->write(std::string(1 << 20, 'y'));
  CHECK(f.ended.wait());
}

TEST_CASE("what accepts connections and holds the owner of its server goes when that is stopped") {
  const auto loops = EventLoops::start(1);
  struct Owner {
    std::unique_ptr<StreamServer> server;
  };
  auto owner = std::make_shared<Owner>();
  owner->server = *StreamServer::start(*loops, {}, [owner](auto) { return nullptr; });
  test::Event stopped;
  owner->server->stop(0, [&] { stopped.set(); });
  CHECK(stopped.wait());
  CHECK(owner.use_count() == 1);
  loops->stop();
}

TEST_CASE("stop ends all connections, and a taken port is said") {
  Fixture f;
  test::RawClient client(f.server->port());
  client.send("a");
  client.read_until("\n");
  StreamServerOptions options;
  options.port = f.server->port();
  auto again = StreamServer::start(*f.loops, options, [](auto) { return nullptr; });
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::AlreadyExists);
  f.stop();
  CHECK(client.read_to_end().empty());
  CHECK(client.ended());
}

}  // namespace kansoku::net
