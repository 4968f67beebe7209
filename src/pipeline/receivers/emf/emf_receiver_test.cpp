#include "pipeline/receivers/emf/emf_receiver.h"

#include <doctest/doctest.h>

#include "pipeline/receivers/emf/document.h"
#include "pipeline/sending/receiver_fixture.h"
#include "wire/emf/emf.h"

namespace kansoku::pipeline::emf_listener {
namespace {

using Lines = std::vector<std::string>;

struct Fixture : ReceiverFixture {
  std::shared_ptr<EmfReceiver> receiver;
  explicit Fixture(EmfConfig config = {.stream = "host"}) : ReceiverFixture("emf") {
    receiver = *EmfReceiver::make(context(), std::move(config), nullptr, entry);
  }
  void settle() {
    executor.run_until_idle();
    clock.advance(200 * env::kNsPerMs);
    executor.run_until_idle();
  }
};

// With one metric `n`; `more` stands in _aws.
std::string document(const std::string& more = "") {
  return R"({"_aws":{"Timestamp":1795348799000)" + more +
         R"(,"CloudWatchMetrics":[{"Namespace":"A","Dimensions":[["h"]],"Metrics":[{"Name":"n"}]}]},)"
         R"("h":"x","n":1})";
}

std::string with_metrics(int count) {
  std::string definitions;
  std::string values;
  for (int i = 0; i < count; ++i) {
    definitions += fmt::format(R"({}{{"Name":"m{}","Unit":"Count"}})", i == 0 ? "" : ",", i);
    values += fmt::format(R"(,"m{}":{})", i, i);
  }
  return R"({"_aws":{"Timestamp":1795348799000,"CloudWatchMetrics":[{"Namespace":"A","Dimensions":[["h"]],"Metrics":[)" +
         definitions + R"(]}]},"h":"x","note":"kept")" + values + "}";
}

}  // namespace

TEST_CASE("a document goes to the group and stream that it names, else to those of the receiver") {
  Fixture f;
  f.receiver->take(document());
  f.receiver->take(document(R"(,"LogGroupName":"/g","LogStreamName":"s")"));
  f.receiver->take(document(R"(,"LogGroup":"/old")") + "\r");
  f.receiver->take(document(R"(,"LogGroupName":"not good")"));
  f.settle();
  REQUIRE(f.sink.held.size() == 1);
  const Lines rows = f.sink.text(0);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == "emf/logs/default|host 1795348799000000000 @message=" + document());
  CHECK(rows[1].starts_with("/g|s 1795348799000000000 "));
  CHECK(rows[2] == "/old|host 1795348799000000000 @message=" + document(R"(,"LogGroup":"/old")"));
  CHECK(rows[3].starts_with("emf/logs/default|host "));
}

TEST_CASE("lines of a connection that are no documents are dropped and counted, the rest go on") {
  Fixture f({.stream = "s", .document_bytes_max = 400});
  auto connection = std::make_shared<FakeConnection>();
  auto session = f.receiver->accept(connection);
  const std::string one = document();
  session->on_bytes("no json\n" + one.substr(0, 20));
  session->on_bytes(one.substr(20) + "\n\n{\"a\":1}\n" + std::string(300, 'x'));
  session->on_bytes(std::string(300, 'x') + "\n" + one);
  session->on_end();
  f.settle();
  CHECK(connection->closed);
  CHECK(f.sink.messages() == Lines{one, one});
  f.sink.answer_all();
  CHECK(f.ledger_text() == "emf: 5 received, stored 2, rejected not_emf 2, rejected too_long 1");
}

TEST_CASE("a datagram may hold several documents") {
  Fixture f;
  const std::string text = document() + "\n" + document() + "\nnothing";
  const std::vector<net::Datagram> datagrams{{.bytes = text, .address = "10.0.0.1"}};
  f.receiver->take_datagrams(datagrams, 3);
  f.settle();
  CHECK(f.sink.messages() == Lines{document(), document()});
  f.sink.answer_all();
  CHECK(f.ledger_text() == "emf: 6 received, stored 2, rejected not_emf 1, dropped socket_full 3");
}

TEST_CASE("a time that CloudWatch refuses becomes that of the arrival") {
  Fixture f;
  std::string old = document();
  old.replace(old.find("1795348799000"), 13, "1000000000000");
  f.receiver->take(old);
  f.settle();
  CHECK(f.sink.text(0)[0].starts_with("emf/logs/default|host 1795348800000000000 "));
}

TEST_CASE("a document with over 100 metrics is cut into several, none of them lost") {
  CHECK(read_document(with_metrics(100))->parts.empty());
  const auto read = read_document(with_metrics(250));
  REQUIRE(read);
  REQUIRE(read->parts.size() == 3);
  std::set<std::string> names;
  for (const std::string& part : read->parts) {
    const auto parsed = wire::parse_emf(part);
    REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message);
    CHECK(parsed->metrics.size() <= 100);
    CHECK(part.find(R"("note":"kept")") != std::string::npos);
    for (const wire::EmfMetric& metric : parsed->metrics) {
      CHECK(names.insert(metric.name).second);
      CHECK(metric.values == std::vector<double>{std::stod(metric.name.substr(1))});
      CHECK(metric.unit == "Count");
    }
  }
  CHECK(names.size() == 250);
  Fixture f;
  f.receiver->take(with_metrics(250));
  f.settle();
  CHECK(f.sink.messages() == read->parts);
}

}  // namespace kansoku::pipeline::emf_listener
