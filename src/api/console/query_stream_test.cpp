#include "api/console/query_stream.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "store/reference/reference_metrics.h"
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

// Series N m of two instances in the reference engine, one point a minute.
struct ExpressionFixture {
  env::SimClock clock{env::WallTime{180'000LL * 1'000'000}};
  ManualExecutor executor;
  store::ReferenceMetricStore store{clock, {}};
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();

  ExpressionFixture() {
    put("m", "x", 1);
    put("m", "y", 10);
  }
  void put(std::string_view name, std::string_view instance, double value) {
    signal::MetricBatchBuilder builder;
    std::vector<signal::LabelView> labels{
        {"__name__", name}, {"__namespace__", "N"}, {"__unit__", "None"}, {"i", instance}};
    auto row = builder.add_series(labels, {.merge = signal::MergeKind::Accumulate});
    REQUIRE(row.has_value());
    builder.add_float(*row, 0, value);
    builder.add_float(*row, 60'000, 2 * value);
    store.append({{"1", "r"},
                  builder.finish(),
                  {},
                  signal::AckToken(2, nullptr, Lane::Ingest, [](signal::Verdict) {})});
  }
  void ask(std::string queries) {
    net::HttpRequest request;
    request.body = "[" + queries + "]";
    stream_queries({.clock = &clock, .executor = &executor, .metrics = &store, .limits = {}},
                   {"1", "r"}, request, net::HttpExchange(recorder));
    executor.run_until_idle();
  }
  wire::Node line(std::string_view id, std::string_view what) const {
    for (const wire::Node& one : recorder->lines()) {
      if (one.text_of("id") == id && one.find(what) != nullptr) return *one.find(what);
    }
    FAIL("no ", std::string(what), " of ", std::string(id), ": ", recorder->body);
    return {};
  }
  // "label=dimension: value value " of each series.
  std::string series(std::string_view id) const {
    std::string out;
    const wire::Node frame = line(id, "frame");
    for (const wire::Node& one : frame.find("series")->items) {
      const wire::Node* dimension = one.find("dimensions")->find("i");
      out += fmt::format("{}={}: ", one.text_of("label"),
                         dimension != nullptr ? dimension->scalar : one.text_of("label"));
      for (const wire::Node& value : one.find("values")->items) out += value.scalar + " ";
    }
    return out;
  }
  // "position message", - for no position.
  std::string error(std::string_view id) const {
    const wire::Node one = line(id, "error");
    auto position = one.number_of("position");
    return fmt::format("{} {}", position ? fmt::format("{}", *position) : "-",
                       one.text_of("message"));
  }
};

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

TEST_CASE("language cloudwatch takes expressions: metric math, SEARCH and SELECT") {
  ExpressionFixture f;
  f.ask(query_of("sum", "SUM(SEARCH('{N,i} m', 'Sum', 60))") + "," +
        query_of("found", "SEARCH('{N,i} m', 'Sum', 60)") + "," +
        query_of("sql", "SELECT SUM(m) FROM N GROUP BY i ORDER BY MAX() DESC LIMIT 1") + "," +
        query_of("math", R"({"expression":"a * b","period":60,"label":"product","operands":[)"
                         R"({"id":"a","namespace":"N","metric":"m","dimensions":{"i":"x"}},)"
                         R"({"id":"b","expression":"a + 1"}]})"));
  CHECK(f.series("sum") == "expression=expression: 11 22 ");
  CHECK(f.series("found") == "x=x: 1 2 y=y: 10 20 ");
  CHECK(f.series("sql") == "y=y: 10 20 ");
  CHECK(f.series("math") == "product=product: 2 6 ");
  CHECK(f.recorder->ended);
}

TEST_CASE("an expression that is wrong says where") {
  ExpressionFixture f;
  f.ask(query_of("math", "1 + nope") + "," + query_of("search", "SUM(SEARCH('{N', 'Sum'))") + "," +
        query_of("sql", "SELECT SUM(m) FRM N") + "," + query_of("number", "1 + 2") + "," +
        query_of("operand", R"({"expression":"a","operands":[{"id":"a","expression":"1 +"}]})") +
        "," + query_of("nothing", R"({"expression":"a","operands":[{"id":"a"}]})") + "," +
        query_of("period", R"({"expression":"a","period":61})") + "," +
        query_of("label", R"({"expression":"a","label":"${X}"})"));
  CHECK(f.error("math") == "4 there is no metric or expression with the id \"nope\"");
  CHECK(f.error("search") == "12 a } is missing");
  CHECK(f.error("sql").starts_with("14 \"FRM\" where FROM"));
  CHECK(f.error("number").starts_with("0 the result is a number"));
  CHECK(f.error("operand").starts_with("- operand \"a\", at byte 3: the expression ends"));
  CHECK(f.error("nothing").starts_with("- operand \"a\" needs a namespace"));
  CHECK(f.error("period").starts_with("- period 61"));
  CHECK(f.error("label").starts_with("- Unknown dynamic label"));
}

TEST_CASE("a search that found too much says so in its frame") {
  ExpressionFixture f;
  for (int i = 0; i < 520; ++i) f.put("many", fmt::format("i{}", i), 1);
  f.ask(query_of("found", "SEARCH('many', 'Sum', 60)"));
  const wire::Node frame = f.line("found", "frame");
  CHECK(frame.find("series")->items.size() == 500);
  REQUIRE(frame.find("messages")->items.size() == 1);
  CHECK(frame.find("messages")->items[0].text_of("code") == "MaxMetricsExceeded");
}

TEST_CASE("language promql goes to the engine, and its errors say where") {
  env::SimClock clock{env::WallTime{180'000LL * 1'000'000}};
  ManualExecutor executor;
  store::ReferenceMetricStore store{clock, {}};
  auto recorder = std::make_shared<Recorder>();
  std::vector<PromqlRange> asked;
  std::vector<PromqlDone> waiting;
  QueryServices services{.clock = &clock, .executor = &executor, .metrics = &store, .limits = {}};
  services.promql = [&](PromqlRange range, PromqlDone done) {
    asked.push_back(std::move(range));
    waiting.push_back(std::move(done));
  };
  net::HttpRequest request;
  request.body =
      R"([{"id":"a","lang":"promql","step":60,"range":{"from":1,"to":180000},"text":"up"},)"
      R"({"id":"b","lang":"promql","range":{"from":0,"to":120000},"text":"sum(\nx"},)"
      R"({"id":"c","lang":"promql","step":-1,"range":{"from":0,"to":120000},"text":"x"}])";
  stream_queries(services, {"1", "r"}, request, net::HttpExchange(recorder));
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].text == "up");
  CHECK(asked[0].scope.account == "1");
  CHECK(asked[0].start_ms == 60'000);
  CHECK(asked[0].end_ms == 180'000);
  CHECK_FALSE(asked[0].cancel->cancelled());
  CHECK_FALSE(recorder->ended);
  PromqlAnswer answer;
  answer.document.series.push_back(
      {*signal::Labels::from({{"__name__", "up"}, {"job", "node"}}), {{60'000, 1}}, {}});
  answer.cost.bytes = 77;
  waiting[0](std::move(answer));
  waiting[1](invalid_argument("2:2: parse error: unexpected end"));
  CHECK(recorder->ended);
  std::map<std::string, std::string> seen;
  for (const wire::Node& line : recorder->lines()) {
    std::string id(line.text_of("id"));
    if (const wire::Node* error = line.find("error")) {
      seen[id] = fmt::format("{}", error->number_of("position").value_or(-1));
    }
    if (const wire::Node* frame = line.find("frame")) {
      seen[id] += frame->find("series")->items[0].text_of("label");
    }
    if (const wire::Node* stats = line.find("stats")) {
      seen[id] += fmt::format(" {}", *stats->number_of("bytes"));
    }
  }
  CHECK(seen["a"] == "up{job=\"node\"} 77");
  CHECK(seen["b"] == "6");
  CHECK(seen["c"] == "-1");
  REQUIRE(recorder->close);
  recorder->close();
  CHECK(asked[0].cancel->cancelled());
}
