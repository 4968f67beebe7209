#include "pipeline/receivers/forward/forward_receiver.h"

#include <doctest/doctest.h>

#include "net/auth/sigv4.h"
#include "pipeline/sending/receiver_fixture.h"
#include "wire/msgpack/msgpack.h"

namespace kansoku::pipeline::forward {
namespace {

namespace mp = wire::msgpack;
using Lines = std::vector<std::string>;

struct Fixture : ReceiverFixture {
  std::shared_ptr<ForwardReceiver> receiver;
  std::shared_ptr<FakeConnection> connection = std::make_shared<FakeConnection>();
  std::shared_ptr<net::StreamSession> session;

  explicit Fixture(ForwardConfig config = {}) : ReceiverFixture("forward") {
    receiver = *ForwardReceiver::make(context(), std::move(config), nullptr, entry);
    session = receiver->accept(connection);
  }
  void feed(std::string_view bytes) {
    session->on_bytes(bytes);
    executor.run_until_idle();
  }
};

std::string text(std::string_view value) {
  std::string out;
  mp::append_text(out, value);
  return out;
}
std::string array(std::initializer_list<std::string> items) {
  std::string out;
  mp::append_array(out, static_cast<uint32_t>(items.size()));
  for (const std::string& item : items) out += item;
  return out;
}
// Of text to ready values.
std::string map(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out;
  mp::append_map(out, static_cast<uint32_t>(items.size()));
  for (const auto& [key, value] : items) out += text(key) + value;
  return out;
}
std::string number(uint64_t value) {
  std::string out;
  mp::append_uint(out, value);
  return out;
}
std::string entry(uint64_t seconds, std::string_view log) {
  return array({number(seconds), map({{"log", text(log)}})});
}
std::string packed(std::string_view entries, const std::string& options) {
  std::string bin;
  mp::append_bytes(bin, entries);
  return array({text("app.x"), bin, options});
}
std::string ack(std::string_view id) { return map({{"ack", text(id)}}); }

// A sender that knows the key; the nonce as HELO says it.
std::string ping(std::string_view helo, std::string_view key, std::string_view user = {},
                 std::string_view password = {}) {
  mp::Reader reader(helo);
  mp::Value value;
  std::string nonce;
  std::string salt;
  while (reader.next(value) == mp::Read::Good) {
    if (value.text == "nonce" && reader.next(value) == mp::Read::Good) nonce = value.text;
    if (value.text == "auth" && reader.next(value) == mp::Read::Good) salt = value.text;
  }
  CHECK(nonce.size() == 16);
  const std::string by_key = net::auth::sha512_hex(fmt::format("mysalt{}{}{}", "me", nonce, key));
  const std::string by_user =
      user.empty() ? "" : net::auth::sha512_hex(fmt::format("{}{}{}", salt, user, password));
  return array({text("PING"), text("me"), text("mysalt"), text(by_key), text(user), text(by_user)});
}

}  // namespace

TEST_CASE("records become events of their tag's stream, as JSON text") {
  Fixture f;
  const std::string metadata = map({{"k", text("v")}});
  f.feed(array({text("a.b"), number(7), map({{"log", text("x")}, {"n", number(1)}})}) +
         array({text("c"), array({array({array({number(8), metadata}), map({})})})}));
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.text(0) == Lines{"/kansoku/forward|a.b 7000000000 @message={\"log\":\"x\",\"n\":1} "
                                "tag=a.b",
                                "/kansoku/forward|c 8000000000 @message={} tag=c "
                                "metadata={\"k\":\"v\"}"});
}

TEST_CASE("a chunk is acknowledged when it is stored, and not before") {
  Fixture f;
  const std::string options = map({{"chunk", text("id1")}, {"size", number(2)}});
  const std::string message = packed(entry(1, "one") + entry(2, "two"), options);
  f.feed(message.substr(0, 10));
  f.feed(message.substr(10));
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.connection->written.empty());
  f.sink.answer_all();
  CHECK(f.connection->written == ack("id1"));
  CHECK(f.ledger_text() == "forward: 2 received, stored 2");
}

TEST_CASE("a chunk of several batches is acknowledged after the last") {
  Fixture f;
  std::string entries;
  for (int i = 0; i < 10'001; ++i) entries += entry(1, "line");
  f.feed(packed(entries, map({{"chunk", text("big")}})));
  REQUIRE(f.sink.held.size() == 2);
  std::vector<signal::EventDelivery> held = std::exchange(f.sink.held, {});
  held[1].token.resolve(signal::Verdict::stored(1));
  CHECK(f.connection->written.empty());
  held[0].token.resolve(signal::Verdict::stored(10'000));
  CHECK(f.connection->written == ack("big"));
}

TEST_CASE("what could not be stored before the end is not acknowledged") {
  Fixture f;
  f.feed(packed(entry(1, "one"), map({{"chunk", text("id")}})));
  bool stopped = false;
  f.receiver->stop([&] { stopped = true; });
  f.executor.run_until_idle();
  CHECK_FALSE(stopped);
  f.sink.answer_all(unavailable("disk full"));
  CHECK(stopped);
  CHECK(f.connection->written.empty());
}

TEST_CASE("compressed chunks are expanded, within the limit") {
  const std::string entries = entry(1, "one") + entry(2, std::string(5'000, 'x'));
  const std::string options = map({{"compressed", text("gzip")}, {"chunk", text("id")}});
  Fixture f;
  // Several members, as senders that append to a chunk make it.
  f.feed(packed(net::gzip_encode(entry(0, "zero")) + net::gzip_encode(entries), options));
  CHECK(f.sink.messages().size() == 3);
  Fixture small({.expanded_bytes_max = 1'000});
  small.feed(packed(net::gzip_encode(entries), options));
  CHECK(small.connection->closed);
  CHECK(small.connection->written.empty());
  CHECK(small.ledger_text() == "forward: 1 received, rejected message_too_large 1");
}

TEST_CASE("metrics and traces are refused by name") {
  for (const auto& [signal, reason] :
       {std::pair<uint64_t, std::string>{1, "signal_metrics"}, {2, "signal_traces"}}) {
    Fixture f;
    f.feed(packed("x", map({{"fluent_signal", number(signal)}, {"size", number(3)}})));
    CHECK(f.connection->closed);
    CHECK(f.ledger_text() == "forward: 3 received, rejected " + reason + " 3");
  }
}

TEST_CASE("what is no message ends the connection, after what came before it") {
  Fixture f;
  f.feed(array({text("t"), array({entry(1, "good")})}) + "\xc1");
  CHECK(f.connection->closed);
  CHECK(f.sink.messages() == Lines{"{\"log\":\"good\"}"});
  Fixture g({.message_bytes_max = 1'000});
  g.feed(packed(std::string(5'000, 'x'), map({})).substr(0, 2'000));
  CHECK(g.connection->closed);
  CHECK(g.ledger_text() == "forward: 1 received, rejected message_too_large 1");
}

TEST_CASE("with a shared key and users only who knows both is let in") {
  const ForwardConfig config{.shared_key = "secret", .users = {{"ann", "pw"}}, .hostname = "srv"};
  const std::string message = array({text("t"), array({entry(1, "in")})});
  struct Case {
    std::string key, user, password;
    bool let_in;
  };
  for (const Case& c : {Case{"secret", "ann", "pw", true}, Case{"wrong", "ann", "pw", false},
                        Case{"secret", "ann", "no", false}, Case{"secret", "bob", "pw", false}}) {
    Fixture f(config);
    const std::string helo = std::exchange(f.connection->written, {});
    f.feed(ping(helo, c.key, c.user, c.password) + message);
    CHECK(f.connection->closed == !c.let_in);
    CHECK(f.sink.messages().size() == (c.let_in ? 1 : 0));
    CHECK(f.connection->written.find("PONG") != std::string::npos);
  }
  Fixture silent(config);
  silent.feed(message);
  CHECK(silent.connection->closed);
  CHECK(silent.sink.messages().empty());
  Fixture slow(config);
  slow.clock.advance(15'001 * env::kNsPerMs);
  CHECK(slow.connection->closed);
}

TEST_CASE("a peer that ended its side still gets its acknowledgement") {
  Fixture f;
  f.feed(packed(entry(1, "one"), map({{"chunk", text("id")}})));
  f.session->on_end();
  f.executor.run_until_idle();
  CHECK_FALSE(f.connection->closed);
  f.sink.answer_all();
  CHECK(f.connection->written == ack("id"));
  CHECK(f.connection->closed);
}

}  // namespace kansoku::pipeline::forward
