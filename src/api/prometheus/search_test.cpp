#include "api/prometheus/search_match.h"
#include "api/prometheus/test_fixture.h"

namespace kansoku::api::prometheus {
namespace {

double subsequence(std::string_view pattern, std::string_view text) {
  return subsequence_score(code_points(pattern), code_points(text));
}
double jaro_winkler(std::string_view a, std::string_view b) {
  double score = jaro_winkler_score(code_points(a), code_points(b));
  CHECK(score == doctest::Approx(jaro_winkler_score(code_points(b), code_points(a))));
  return score;
}

TEST_CASE("search: subsequences score by runs and gaps") {
  CHECK(subsequence("", "anything") == 1);
  CHECK(subsequence("abc", "") == 0);
  CHECK(subsequence("same", "same") == 1);
  CHECK(subsequence("abcd", "abc") == 0);
  CHECK(subsequence("xyz", "abc") == 0);
  // Runs squared, less leading and inner gaps and half the trailing one, by the text's length;
  // over the pattern's length squared.
  CHECK(subsequence("pro", "prometheus") == doctest::Approx((9 - 7.0 / 20) / 9));
  CHECK(subsequence("tex", "my awesome text") == doctest::Approx((9 - 11.0 / 15 - 1.0 / 30) / 9));
  CHECK(subsequence("met", "my awesome text") == doctest::Approx((5 - 9.0 / 15 - 3.0 / 30) / 9));
  CHECK(subsequence("bac", "babac") == doctest::Approx((9 - 2.0 / 5) / 9));
  CHECK(subsequence("温度", "室温_度") == doctest::Approx((2 - 2.0 / 4) / 4));
  CHECK(subsequence("é", "ã") == 0);  // they share a byte
}

TEST_CASE("search: similarity of Jaro and Winkler as published") {
  // Winkler, "Overview of Record Linkage", table 6.
  CHECK(jaro_winkler("martha", "marhta") == doctest::Approx(0.961).epsilon(0.001));
  CHECK(jaro_winkler("dwayne", "duane") == doctest::Approx(0.840).epsilon(0.001));
  CHECK(jaro_winkler("dixon", "dicksonx") == doctest::Approx(0.813).epsilon(0.001));
  CHECK(jaro_winkler("a", "b") == 0);
  CHECK(jaro_winkler("", "b") == 0);
  CHECK(jaro_winkler("温", "温") == 1);
}

std::vector<std::string> lines(const net::HttpResponse& r) {
  CHECK(r.status == 200);
  CHECK(r.headers.get("content-type") == "application/x-ndjson; charset=utf-8");
  std::vector<std::string> out;
  for (size_t at = 0; at < r.body.size();) {
    size_t end = r.body.find('\n', at);
    REQUIRE(end != std::string::npos);
    out.push_back(r.body.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

struct SearchFixture : Fixture {
  SearchFixture() {
    CHECK(write_v2({{.labels = {{"__name__", "http_requests_total"}, {"instance", "a:80"}},
                     .samples = {{kNowMs - 1, 1}},
                     .type = 1,
                     .help = "Requests."},
                    {.labels = {{"__name__", "http_errors"}, {"instance", "b:80"}},
                     .samples = {{kNowMs - 1, 1}}},
                    {.labels = {{"__name__", "node_load1"}, {"zone", "c"}},
                     .samples = {{kNowMs - 1, 1}}},
                    {.labels = {{"__name__", "http_gone"}, {"instance", "x:80"}},
                     .samples = {{kNowMs - 7'200'000, 1}}}})
              .status == 204);
  }
  std::vector<std::string> search(std::string target) {
    return lines(get("/api/v1/search/" + std::move(target)));
  }
};

const std::string kDone = R"({"status":"success","has_more":false})";

TEST_CASE_FIXTURE(SearchFixture, "search: metric names of the last hour, by terms") {
  CHECK(
      search("metric_names") ==
      std::vector<std::string>{
          R"({"results":[{"name":"http_errors"},{"name":"http_requests_total"},{"name":"node_load1"}]})",
          kDone});
  CHECK(
      search("metric_names?search[]=http&include_metadata=true") ==
      std::vector<std::string>{
          R"({"results":[{"name":"http_errors"},{"name":"http_requests_total","type":"counter","help":"Requests."}]})",
          kDone});
  CHECK(search("metric_names?search[]=http&start=0")[0].find("http_gone") != std::string::npos);
  CHECK(search("metric_names?search[]=LOAD") ==
        std::vector<std::string>{R"({"results":[]})", kDone});
  CHECK(search("metric_names?search[]=LOAD&case_sensitive=f&search[]=errors") ==
        std::vector<std::string>{R"({"results":[{"name":"http_errors"},{"name":"node_load1"}]})",
                                 kDone});
  CHECK(search("metric_names?match[]={zone=\"c\"}&match[]={instance=\"b:80\"}") ==
        std::vector<std::string>{R"({"results":[{"name":"http_errors"},{"name":"node_load1"}]})",
                                 kDone});
}

TEST_CASE_FIXTURE(SearchFixture, "search: scores, thresholds and both algorithms") {
  auto scored = search("metric_names?search[]=hr&sort_by=score&include_score=1");
  REQUIRE(scored.size() == 2);
  auto first = wire::parse_json(scored[0]);
  REQUIRE(first.has_value());
  const auto& items = first->find("results")->items;
  REQUIRE(items.size() == 2);
  CHECK(items[0].number_of("score").value() > items[1].number_of("score").value());
  CHECK(search("metric_names?search[]=hr&fuzz_threshold=90")[0] == R"({"results":[]})");
  CHECK(search("metric_names?search[]=htpp_errors&fuzz_alg=jarowinkler")[0] == R"({"results":[]})");
  CHECK(search("metric_names?search[]=htpp_errors&fuzz_alg=jarowinkler&fuzz_threshold=90")[0] ==
        R"({"results":[{"name":"http_errors"}]})");
  CHECK(search("metric_names?search[]=errors&fuzz_alg=jarowinkler&include_score=true")[0] ==
        R"({"results":[{"name":"http_errors","score":0.9}]})");
}

TEST_CASE_FIXTURE(SearchFixture, "search: batches, limits and orders") {
  CHECK(search("metric_names?batch_size=2&limit=3") ==
        std::vector<std::string>{
            R"({"results":[{"name":"http_errors"},{"name":"http_requests_total"}]})",
            R"({"results":[{"name":"node_load1"}]})", kDone});
  CHECK(search("metric_names?limit=1&sort_by=alpha&sort_dir=dsc") ==
        std::vector<std::string>{R"({"results":[{"name":"node_load1"}]})",
                                 R"({"status":"success","has_more":true})"});
  // The next line is made when the reader has taken the one before.
  auto slow = std::make_shared<Recorded>();
  slow->slow = true;
  api->handle(request("GET", "/api/v1/search/metric_names?batch_size=1", {},
                      {{"Authorization", "Bearer tok"}}),
              net::HttpExchange(slow));
  executor.run_until_idle();
  CHECK(slow->writes == 1);
  while (slow->drained) {
    std::exchange(slow->drained, nullptr)();
    executor.run_until_idle();
  }
  CHECK(slow->ended);
  CHECK(lines(*slow->response).size() == 4);
}

TEST_CASE_FIXTURE(SearchFixture, "search: label names and values, also by a form") {
  CHECK(search("label_names?search[]=in") ==
        std::vector<std::string>{R"({"results":[{"name":"instance"}]})", kDone});
  CHECK(search("label_values?label=instance&search[]=80") ==
        std::vector<std::string>{R"({"results":[{"value":"a:80"},{"value":"b:80"}]})", kDone});
  auto form = send(request(
      "POST", "/api/v1/search/label_values", "label=instance&match[]=http_errors",
      {{"Authorization", "Bearer tok"}, {"Content-Type", "application/x-www-form-urlencoded"}}));
  CHECK(lines(form) == std::vector<std::string>{R"({"results":[{"value":"b:80"}]})", kDone});
  auto other = send(request("GET", "/workspaces/" + workspace + "/api/v1/search/label_names", {},
                            {{"Authorization", "Bearer tok"}}));
  CHECK(lines(other).size() == 2);
}

TEST_CASE_FIXTURE(SearchFixture, "search: parameters that are wrong are refused before a line") {
  for (std::string_view query :
       {"metric_names?fuzz_threshold=101", "metric_names?fuzz_threshold=x",
        "metric_names?fuzz_alg=soundex", "metric_names?case_sensitive=maybe",
        "metric_names?sort_by=length", "metric_names?sort_dir=asc",
        "metric_names?sort_by=alpha&sort_dir=up", "metric_names?sort_by=score",
        "metric_names?search[]=a&sort_by=score&sort_dir=asc", "metric_names?limit=-1",
        "metric_names?batch_size=x", "metric_names?match[]=(", "metric_names?start=5&end=4",
        "label_values", "metric_names?include_score=2", "label_names?start=x"}) {
    INFO(query);
    auto r = get("/api/v1/search/" + std::string(query));
    CHECK(r.status == 400);
    CHECK(r.body.starts_with(R"({"status":"error","errorType":"bad_data","error":")"));
  }
  CHECK(get("/api/v1/search/nothing").status == 404);
}

}  // namespace
}  // namespace kansoku::api::prometheus
