#include "api/console/explore.h"

#include <doctest/doctest.h>

#include "wire/document/document.h"

using namespace kansoku;
using namespace kansoku::api::console;

namespace {

constexpr int64_t kDay = 86'400'000;

// cpu of two instances, net of one, up of Prometheus; only the first cpu was ever read.
class FewSeries final : public store::MetricStore {
 public:
  explicit FewSeries(bool knows_reads) : knows_reads_(knows_reads) {
    add({{"__name__", "cpu"}, {"__namespace__", "N"}, {"i", "x"}}, 10 * kDay);
    add({{"__name__", "cpu"}, {"__namespace__", "N"}, {"i", "y"}}, 0);
    add({{"__name__", "net"}, {"__namespace__", "N"}, {"i", "x"}, {"if", "lo"}}, 0);
    add({{"__name__", "up"}, {"job", "node"}}, 0);
  }
  void append(signal::MetricDelivery delivery) override {
    delivery.token.resolve(signal::Verdict::stored(delivery.token.rows()));
  }
  Result<std::vector<store::SeriesInfo>> select(const store::SeriesSelector& asked) const override {
    std::vector<store::SeriesInfo> out;
    for (const store::SeriesInfo& info : series_) {
      bool all = std::ranges::all_of(asked.matchers, [&](const store::Matcher& matcher) {
        return info.labels.get(matcher.label) == matcher.value;
      });
      if (all) out.push_back(info);
    }
    return out;
  }
  Result<store::ScanReport> scan(const store::MetricScan&, const store::ScanSink&) const override {
    return store::ScanReport{};
  }
  void flush(bool, std::move_only_function<void(Status)> done) override { done({}); }
  void enforce_retention(std::move_only_function<void(Status)> done) override { done({}); }
  store::MetricStoreStats stats() const override { return {}; }
  Result<std::vector<int64_t>> last_read_ms(std::span<const store::SeriesId> ids) const override {
    if (!knows_reads_) return unimplemented("no");
    std::vector<int64_t> out;
    for (store::SeriesId id : ids) out.push_back(reads_[id]);
    return out;
  }

 private:
  void add(std::vector<std::pair<std::string, std::string>> labels, int64_t read_ms) {
    std::vector<signal::LabelView> list;
    for (auto& [name, value] : labels) list.push_back({name, value});
    store::SeriesInfo info;
    info.id = series_.size();
    info.labels = *signal::Labels::from(std::move(list));
    info.last_ms = 11 * kDay;
    series_.push_back(std::move(info));
    reads_.push_back(read_ms);
  }
  std::vector<store::SeriesInfo> series_;
  std::vector<int64_t> reads_;
  bool knows_reads_;
};

struct Fixture {
  explicit Fixture(bool knows_reads = true) : store(knows_reads) {}
  FewSeries store;
  std::map<std::string, std::string> parameters;

  ExploreRequest request() {
    return {&store, {"1", "r"}, 12 * kDay, [this](std::string_view name) {
              return parameters[std::string(name)];
            }};
  }
  // "name/namespace or value:series" of each row.
  std::string rows(std::map<std::string, std::string> asked) {
    parameters = std::move(asked);
    auto body = wire::parse_json(cardinality_reply(request()).body);
    std::string out;
    for (const wire::Node& row : body->find("rows")->items) {
      out += fmt::format("{}/{}{}:{} ", row.text_of("name"), row.text_of("namespace"),
                         row.text_of("value"), *row.number_of("series"));
    }
    return out;
  }
  wire::Node counts(std::map<std::string, std::string> asked) {
    parameters = std::move(asked);
    return *wire::parse_json(cardinality_reply(request()).body);
  }
};

}  // namespace

TEST_CASE("cardinality counts series by name, label and pair, the most first") {
  Fixture f;
  CHECK(f.rows({}) == "cpu/N:2 net/N:1 up/Prometheus:1 ");
  CHECK(f.rows({{"by", "label"}}) == "i/:3 if/:1 job/:1 ");
  CHECK(f.rows({{"by", "pair"}}) == "i/x:2 i/y:1 if/lo:1 job/node:1 ");
  CHECK(f.rows({{"by", "pair"}, {"q", "NODE"}}) == "job/node:1 ");
  CHECK(f.rows({{"limit", "1"}}) == "cpu/N:2 ");
  wire::Node labels = f.counts({{"by", "label"}, {"limit", "1"}});
  CHECK(labels.number_of("total") == 3);
  CHECK(labels.number_of("series") == 4);
  CHECK(labels.find("rows")->items[0].number_of("values") == 2);
}

TEST_CASE("cardinality finds what no query has read, ever or for some days") {
  Fixture f;
  CHECK(f.rows({{"by", "unread"}}) == "cpu/N:2 net/N:1 up/Prometheus:1 ");
  wire::Node never = f.counts({{"by", "unread"}});
  CHECK(never.number_of("unread") == 3);
  CHECK(never.find("rows")->items[0].number_of("unread") == 1);
  CHECK(never.find("rows")->items[0].number_of("lastRead") == static_cast<double>(10 * kDay));
  CHECK(f.counts({{"by", "unread"}, {"days", "1"}}).number_of("unread") == 4);
  CHECK(f.counts({{"by", "unread"}, {"days", "7"}}).number_of("unread") == 3);
}

TEST_CASE("a store that does not know reads still counts, and refuses the question") {
  Fixture f(false);
  wire::Node names = f.counts({});
  CHECK(names.find("rows")->items[0].find("unread")->kind == wire::Node::Kind::Null);
  f.parameters = {{"by", "unread"}};
  CHECK(cardinality_reply(f.request()).status == 501);
}

TEST_CASE("cardinality refuses what it does not understand") {
  Fixture f;
  for (auto asked : std::vector<std::map<std::string, std::string>>{
           {{"by", "colour"}}, {{"limit", "1001"}}, {{"limit", "x"}}, {{"days", "-1"}}}) {
    f.parameters = asked;
    CHECK(cardinality_reply(f.request()).status == 400);
  }
}

TEST_CASE("labels, values and metadata are those of the stored series") {
  Fixture f;
  auto list = [](const net::HttpResponse& response) {
    auto body = wire::parse_json(response.body);
    std::string out;
    for (const wire::Node& one : body->find("values")->items) out += one.scalar + " ";
    return out;
  };
  f.parameters = {{"metric", "net"}};
  CHECK(list(labels_reply(f.request())) == "__name__ __namespace__ i if ");
  f.parameters = {};
  CHECK(list(label_values_reply(f.request(), "i")) == "x y ");
  f.parameters = {{"metric", "net"}};
  CHECK(list(label_values_reply(f.request(), "i")) == "x ");
  f.parameters = {{"q", "LO"}};
  CHECK(list(label_values_reply(f.request(), "if")) == "lo ");
  f.parameters = {};
  auto metadata = wire::parse_json(metadata_reply(f.request()).body);
  CHECK(metadata->find("metrics")->items[2].text_of("namespace") == "Prometheus");
  CHECK(metadata->find("metrics")->items[2].text_of("type") == "gauge");
}

TEST_CASE("the functions of the languages are listed with what they do") {
  auto body = wire::parse_json(languages_reply().body);
  auto has = [&](std::string_view language, std::string_view name) {
    return std::ranges::any_of(body->find(language)->items, [&](const wire::Node& one) {
      return one.text_of("name") == name && !one.text_of("doc").empty();
    });
  };
  CHECK(has("promql", "rate"));
  CHECK(has("math", "SEARCH"));
  CHECK(has("sql", "AVG"));
  CHECK(body->find("sqlKeywords")->items[0].scalar == "SELECT");
}
