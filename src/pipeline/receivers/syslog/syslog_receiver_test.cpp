#include "pipeline/receivers/syslog/syslog_receiver.h"

#include <doctest/doctest.h>

#include "pipeline/sending/receiver_fixture.h"

namespace kansoku::pipeline::syslog {
namespace {

struct Fixture : ReceiverFixture {
  std::shared_ptr<SyslogReceiver> receiver;
  explicit Fixture(SyslogConfig config = {}) : ReceiverFixture("syslog") {
    receiver = *SyslogReceiver::make(context(), std::move(config), nullptr, entry);
  }
};

using Lines = std::vector<std::string>;
constexpr const char* kModern =
    "<165>1 2026-11-22T12:00:00.5Z web-1 app 77 ID7 [a.b@1 k=\"v\" k=\"w\"][c] ready";

}  // namespace

TEST_CASE("a message of RFC 5424 becomes an event with columns, in the stream of its host") {
  Fixture f;
  f.receiver->take(kModern, "10.0.0.1");
  CHECK(f.sink.held.empty());
  f.clock.advance(200 * env::kNsPerMs);
  f.executor.run_until_idle();
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.text(0) ==
        Lines{"/kansoku/syslog|web-1 1795348800500000000 @message=ready facility=local4 "
              "severity=notice hostname=web-1 app_name=app proc_id=77 msg_id=ID7 peer=10.0.0.1 "
              "structured_data.a\\.b@1.k=v structured_data.c="});
}

TEST_CASE("a message of RFC 3164 has its host or the sender's address") {
  Fixture f({.stream = "{hostname}/{app_name}"});
  f.receiver->take("<34>Nov 22 11:59:59 db-1 su[9]: failed", "10.0.0.2");
  f.receiver->take("<34>su: who", "10.0.0.2");
  f.receiver->take("no form at all", "10.0.0.2");
  f.clock.advance(200 * env::kNsPerMs);
  f.executor.run_until_idle();
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.text(0) ==
        Lines{"/kansoku/syslog|db-1/su 1795348799000000000 @message=failed facility=auth "
              "severity=crit hostname=db-1 app_name=su proc_id=9 peer=10.0.0.2",
              "/kansoku/syslog|10.0.0.2/su 1795348800000000000 @message=who facility=auth "
              "severity=crit app_name=su peer=10.0.0.2",
              "/kansoku/syslog|10.0.0.2/ 1795348800000000000 @message=no form at all "
              "peer=10.0.0.2"});
}

TEST_CASE("lines and counted messages are cut from a stream; its end ends the last line") {
  Fixture f;
  auto connection = std::make_shared<FakeConnection>();
  auto session = f.receiver->accept(connection);
  session->on_bytes("<13>a: one\n<13>a: t");
  session->on_bytes("wo\n14 <13>a: th\nree!<13>a: la");
  session->on_bytes("st");
  session->on_end();
  f.executor.run_until_idle();
  CHECK(connection->closed);
  f.clock.advance(200 * env::kNsPerMs);
  f.executor.run_until_idle();
  CHECK(f.sink.messages() == Lines{"one", "two", "th\nree!", "last"});
}

TEST_CASE("a frame that cannot be ends the connection and is counted") {
  Fixture f;
  auto connection = std::make_shared<FakeConnection>();
  auto session = f.receiver->accept(connection);
  session->on_bytes("99999999 x");
  f.executor.run_until_idle();
  CHECK(connection->closed);
  CHECK(f.ledger_text() == "syslog: 1 received, rejected bad_frame 1");
  session->on_bytes("more");
  session->on_end();
  f.executor.run_until_idle();
}

TEST_CASE(
    "a full receiver stops reading streams and drops datagrams, counted, until there is room") {
  Fixture f({.in_flight_bytes_max = 1'000});
  auto connection = std::make_shared<FakeConnection>();
  auto session = f.receiver->accept(connection);
  session->on_bytes("<13>a: one\n");
  f.executor.run_until_idle();
  f.clock.advance(200 * env::kNsPerMs);
  f.executor.run_until_idle();
  REQUIRE(f.sink.held.size() == 1);  // and nothing answers it
  session->on_bytes("<13>a: " + std::string(2'000, 'x') + "\n");
  session->on_bytes(std::string(300 << 10, '\n'));
  f.executor.run_until_idle();
  CHECK(connection->paused);
  const net::Datagram datagram{.bytes = "<13>a: lost", .address = "10.0.0.1"};
  f.receiver->take_datagrams({&datagram, 1}, 2);
  f.executor.run_until_idle();
  CHECK(f.sink.held.size() == 1);
  f.sink.answer_all();
  f.executor.run_until_idle();
  CHECK_FALSE(connection->paused);
  f.clock.advance(200 * env::kNsPerMs);
  f.executor.run_until_idle();
  f.sink.answer_all();
  CHECK(f.sink.messages().size() == 2);
  CHECK(f.ledger_text() ==
        "syslog: 5 received, stored 2, dropped receiver_full 1, dropped socket_full 2");
}

TEST_CASE("what the sink cannot take is tried again until it can") {
  Fixture f;
  f.receiver->take("<13>a: one", "10.0.0.1");
  f.clock.advance(200 * env::kNsPerMs);
  f.executor.run_until_idle();
  f.sink.answer_all(unavailable("disk full"));
  f.executor.run_until_idle();
  CHECK(f.sink.held.empty());
  f.clock.advance(250 * env::kNsPerMs);
  f.executor.run_until_idle();
  REQUIRE(f.sink.held.size() == 1);
  f.sink.answer_all(unavailable("disk full"));
  f.clock.advance(499 * env::kNsPerMs);
  f.executor.run_until_idle();
  CHECK(f.sink.held.empty());
  f.clock.advance(1 * env::kNsPerMs);
  f.executor.run_until_idle();
  REQUIRE(f.sink.held.size() == 1);
  f.sink.answer_all();
  CHECK(f.ledger_text() == "syslog: 3 received, stored 1, dropped overload 2");
}

TEST_CASE("stop sends what waits and is done when it is settled") {
  Fixture f;
  f.receiver->take("<13>a: one", "10.0.0.1");
  bool done = false;
  f.receiver->stop([&] { done = true; });
  f.executor.run_until_idle();
  REQUIRE(f.sink.held.size() == 1);
  CHECK_FALSE(done);
  f.sink.answer_all();
  CHECK(done);
}

TEST_CASE("templates with other placeholders are refused") {
  Fixture f;
  auto made = SyslogReceiver::make(f.context(), {.stream = "{host}"}, nullptr, f.entry);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message ==
        "no placeholder named \"host\"; there are hostname, app_name, facility, severity, peer");
}

}  // namespace kansoku::pipeline::syslog
