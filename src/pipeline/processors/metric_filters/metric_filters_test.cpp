#include "pipeline/processors/metric_filters/metric_filters.h"

#include <doctest/doctest.h>

#include "pipeline/graph/test_sinks.h"

namespace kansoku::pipeline::metric_filters {
namespace {

constexpr int64_t kMinuteNs = 60 * env::kNsPerS;

class Group final : public Definitions {
 public:
  Filters filters;
  std::shared_ptr<const Filters> filters_of(const signal::Scope&,
                                            std::string_view group) const override {
    return group == "g" ? std::make_shared<const Filters>(filters) : nullptr;
  }
  void add(std::string_view pattern, Transformation transformation) {
    transformation.metric_namespace = "N";
    filters.push_back(std::make_shared<const Filter>(
        Filter{std::to_string(filters.size()), *query::log_filter::Pattern::parse(pattern),
               std::move(transformation)}));
  }
  query::log_filter::Selector selector(std::string_view pattern, std::string_view text) {
    return *query::log_filter::Selector::parse(text, *query::log_filter::Pattern::parse(pattern));
  }
};

struct Fixture {
  Group group;
  TestEvents events;
  TestMetrics metrics;
  MetricFilters filters{group, events, metrics};

  bool push(std::vector<std::pair<int64_t, std::string>> messages, std::string name = "g") {
    return push_messages(filters, std::move(messages), std::move(name));
  }
};

using Points = std::vector<std::string>;

}  // namespace

TEST_CASE("matches are counted by minute, only in groups with filters") {
  Fixture f;
  f.group.add("ERROR", {.metric_name = "errors", .constant = 1});
  CHECK(f.push({{1, "ERROR a"}, {kMinuteNs - 1, "ERROR b"}, {kMinuteNs, "ERROR c"}, {2, "ok"}}));
  CHECK(f.metrics.points == Points{"errors at 0: 2*2", "errors at 1: 1*1"});
  CHECK(f.push({{1, "ERROR a"}}, "other"));
  CHECK(f.push({{1, "fine"}}));
  CHECK(f.metrics.points.size() == 2);
}

TEST_CASE("values and dimensions come from the message; without one of them there is no point") {
  Fixture f;
  const std::string pattern = "{ $.took >= 0 }";
  f.group.add(pattern, {.metric_name = "took",
                        .selector = f.group.selector(pattern, "$.took"),
                        .dimensions = {{"Path", f.group.selector(pattern, "$.path")}}});
  CHECK(f.push({{0, R"({"took":1.5,"path":"/a"})"},
                {0, R"({"took":2.5,"path":"/a"})"},
                {0, R"({"took":4,"path":"/b"})"},
                {0, R"({"took":8})"},
                {0, R"({"took":-1,"path":"/c"})"}}));
  CHECK(f.metrics.points == Points{"took Path=/a at 0: 2*4", "took Path=/b at 0: 1*4"});
}

TEST_CASE("a default stands for a minute without a match, once") {
  Fixture f;
  f.group.add("ERROR", {.metric_name = "errors", .constant = 1, .default_value = 0});
  CHECK(f.push({{0, "fine"}}));
  CHECK(f.push({{1, "fine"}}));
  CHECK(f.push({{kMinuteNs, "ERROR"}}));
  CHECK(f.push({{kMinuteNs, "fine"}}));
  CHECK(f.metrics.points == Points{"errors at 0: 1*0", "errors at 1: 1*1"});
}

TEST_CASE("events that are refused make no metrics") {
  Fixture f;
  f.group.add("", {.metric_name = "all", .constant = 1});
  f.events.verdict.status = unavailable("disk full");
  CHECK_FALSE(f.push({{0, "a"}}));
  CHECK(f.metrics.points.empty());
}

}  // namespace kansoku::pipeline::metric_filters
