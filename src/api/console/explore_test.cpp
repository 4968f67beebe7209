#include "api/console/explore.h"

#include <doctest/doctest.h>

#include "wire/document/document.h"

using namespace kansoku;
using namespace kansoku::api::console;

namespace {

// cpu of two instances, net of one, up of Prometheus.
class FewSeries final : public store::MetricStore {
 public:
  FewSeries() {
    add({{"__name__", "cpu"}, {"__namespace__", "N"}, {"i", "x"}});
    add({{"__name__", "cpu"}, {"__namespace__", "N"}, {"i", "y"}});
    add({{"__name__", "net"}, {"__namespace__", "N"}, {"i", "x"}, {"if", "lo"}});
    add({{"__name__", "up"}, {"job", "node"}});
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

 private:
  void add(std::vector<std::pair<std::string, std::string>> labels) {
    std::vector<signal::LabelView> list;
    for (auto& [name, value] : labels) list.push_back({name, value});
    store::SeriesInfo info;
    info.id = series_.size();
    info.labels = *signal::Labels::from(std::move(list));
    series_.push_back(std::move(info));
  }
  std::vector<store::SeriesInfo> series_;
};

struct Fixture {
  FewSeries store;
  std::map<std::string, std::string> parameters;

  ExploreRequest request() {
    return {&store, {"1", "r"}, [this](std::string_view name) {
              return parameters[std::string(name)];
            }};
  }
};

}  // namespace

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
