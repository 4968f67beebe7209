#include "api/console/query_stream.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "wire/document/document.h"

using namespace kansoku;
using namespace kansoku::api::console;

namespace {

// 300 series of one point; each scan takes 150 ms of simulated time.
class SlowStore final : public store::MetricStore {
 public:
  explicit SlowStore(env::SimClock& clock) : clock_(clock) {}
  void append(signal::MetricDelivery delivery) override {
    delivery.token.resolve(signal::Verdict::stored(delivery.token.rows()));
  }
  Result<std::vector<store::SeriesInfo>> select(const store::SeriesSelector&) const override {
    std::vector<store::SeriesInfo> out(300);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i].id = i;
      out[i].labels = *signal::Labels::from({{"__name__", "m"}, {"i", fmt::format("{}", i)}});
    }
    return out;
  }
  Result<store::ScanReport> scan(const store::MetricScan& scan,
                                 const store::ScanSink& sink) const override {
    clock_.advance(150 * env::kNsPerMs);
    ++scans;
    const int64_t time = 60'000;
    const double value = 1;
    for (store::SeriesId id : scan.ids) {
      KANSOKU_RETURN_IF_ERROR(sink({id, {&time, 1}, {&value, 1}, {}}));
    }
    return store::ScanReport{};
  }
  void flush(bool, std::move_only_function<void(Status)> done) override { done({}); }
  void enforce_retention(std::move_only_function<void(Status)> done) override { done({}); }
  store::MetricStoreStats stats() const override { return {}; }

  mutable int scans = 0;

 private:
  env::SimClock& clock_;
};

// Keeps what is written, and goes away when told.
class Recorder final : public net::HttpExchange::Impl {
 public:
  void respond(net::HttpResponse response) override { status = response.status; }
  void begin(int begun, net::Headers) override { status = begun; }
  bool write(std::string chunk) override {
    body += chunk;
    return true;
  }
  void end(net::Headers) override { ended = true; }
  void abort() override {}
  bool closed() const override { return false; }
  void on_close(std::move_only_function<void()> callback) override { close = std::move(callback); }
  void on_drain(std::move_only_function<void()>) override {}
  std::vector<wire::Node> lines() const {
    std::vector<wire::Node> out;
    size_t at = 0;
    while (at < body.size()) {
      size_t end = body.find('\n', at);
      out.push_back(*wire::parse_json(std::string_view(body).substr(at, end - at)));
      at = end + 1;
    }
    return out;
  }

  int status = 0;
  std::string body;
  bool ended = false;
  std::move_only_function<void()> close;
};

struct Fixture {
  env::SimClock clock;
  ManualExecutor executor;
  SlowStore store{clock};
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();

  void ask(std::string body) {
    net::HttpRequest request;
    request.body = std::move(body);
    stream_queries({.clock = &clock, .executor = &executor, .metrics = &store, .limits = {}},
                   {"1", "r"}, request, net::HttpExchange(recorder));
  }
};

std::string query_of(std::string_view id, std::string_view text) {
  std::string escaped;
  for (char c : text) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
  return fmt::format(
      R"({{"id":"{}","lang":"cloudwatch","range":{{"from":0,"to":120000}},"text":"{}"}})", id,
      escaped);
}

constexpr std::string_view kGood =
    R"({"namespace":"N","metric":"m","dimensions":{"i":"*"},"period":60})";

}  // namespace

TEST_CASE("a long query tells its progress, then its frame and its cost, and the stream ends") {
  Fixture f;
  f.ask("[" + query_of("q", kGood) + "]");
  f.executor.run_until_idle();
  auto lines = f.recorder->lines();
  REQUIRE(lines.size() >= 3);
  int progress = 0;
  double last = -1;
  for (const wire::Node& line : lines) {
    const wire::Node* one = line.find("progress");
    if (one == nullptr) continue;
    ++progress;
    CHECK(one->number_of("total") == 300);
    CHECK(*one->number_of("done") > last);
    last = *one->number_of("done");
  }
  // Five steps of 150 ms, at most one line a quarter of a second.
  CHECK(progress >= 1);
  CHECK(progress <= 3);
  CHECK(lines[lines.size() - 2].find("frame")->find("series")->items.size() == 300);
  CHECK(lines.back().find("stats")->number_of("points") == 300);
  CHECK(f.recorder->ended);
}

TEST_CASE("when the client goes, the work ends within a step") {
  Fixture f;
  f.ask("[" + query_of("q", kGood) + "]");
  f.executor.run_one();
  f.executor.run_one();
  int before = f.store.scans;
  REQUIRE(f.recorder->close);
  f.recorder->close();
  f.executor.run_until_idle();
  CHECK(f.store.scans == before);
  CHECK(f.recorder->lines().back().find("error")->text_of("code") == "Cancelled");
}

TEST_CASE("queries of a batch fail one by one, and say where") {
  Fixture f;
  f.ask("[" + query_of("a", R"({"namespace":"N","metric":"m","stat":"p101"})") + "," +
        query_of("b", "{") + "," + query_of("c", kGood) +
        R"(,{"id":"d","lang":"sql","text":"x","range":{"from":0,"to":1}}])");
  f.executor.run_until_idle();
  std::map<std::string, std::string> errors;
  std::optional<double> position;
  for (const wire::Node& line : f.recorder->lines()) {
    const wire::Node* error = line.find("error");
    if (error == nullptr) continue;
    errors[std::string(line.text_of("id"))] = error->text_of("code");
    if (line.text_of("id") == "a") position = error->number_of("position");
  }
  CHECK(errors["a"] == "InvalidArgument");
  CHECK(position == 38);
  CHECK(errors["b"] == "InvalidArgument");
  CHECK(errors["d"] == "NotSupported");
  CHECK(errors.size() == 3);
  CHECK(f.recorder->ended);
  Fixture bad;
  bad.ask("nothing");
  CHECK(bad.recorder->status == 400);
}
