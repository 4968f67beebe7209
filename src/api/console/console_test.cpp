#include <doctest/doctest.h>

#include "api/console/assets.h"
#include "api/console/frames.h"
#include "api/console/sessions.h"
#include "base/bytes.h"
#include "base/env/sim.h"
#include "wire/document/document.h"

using namespace kansoku;
using namespace kansoku::api::console;

namespace {

query::CellResult cells_of(std::vector<std::vector<std::pair<int64_t, double>>> series) {
  query::CellResult out;
  int id = 0;
  for (const auto& points : series) {
    query::CellSeries one;
    std::string name = fmt::format("cpu{}", id++);
    one.info.labels = *signal::Labels::from(
        {{"__name__", "m"}, {"__unit__", "Percent"}, {"cpu", name}, {"host", "h"}});
    for (auto [time, value] : points) {
      one.timestamps_ms.push_back(time);
      one.cells.emplace_back(value);
    }
    out.series.push_back(std::move(one));
  }
  return out;
}

struct Clocked {
  env::SimClock clock;
  env::SimRandom random{7};
  env::SimFileSystem files;
  Sessions sessions{{&clock, &files, &random}};
  Session session{"sato", "viewer", "", std::make_shared<net::auth::Principal>()};
};

}  // namespace

TEST_CASE("a frame has one time axis, gaps, and labels that tell its series apart") {
  auto cells = cells_of({{{0, 1}, {120'000, 3}}, {{60'000, 2}}});
  Frame frame = make_frame(cells, *query::parse_statistic("Average"),
                           {.range = {0, 180'000}, .period_ms = 60'000, .metric = "m"});
  CHECK(frame.times_ms == std::vector<int64_t>{0, 60'000, 120'000});
  REQUIRE(frame.series.size() == 2);
  CHECK(frame.series[0].label == "cpu0");
  CHECK(frame.series[0].values[0] == 1);
  CHECK(std::isnan(frame.series[0].values[1]));
  CHECK(frame.series[1].unit == "Percent");
  std::string text;
  wire::JsonWriter writer(text);
  append_frame_json(frame, writer);
  auto json = wire::parse_json(text);
  REQUIRE(json.has_value());
  CHECK(json->find("series")->items[0].find("values")->items[1].kind == wire::Node::Kind::Null);
}

TEST_CASE("reduction keeps minima and maxima") {
  std::vector<std::pair<int64_t, double>> points;
  for (int64_t i = 0; i < 1'000; ++i)
    points.emplace_back(i * 1'000, i == 500 ? 99 : i == 707 ? -9 : 1);
  Frame frame = make_frame(cells_of({points}), *query::parse_statistic("Sum"),
                           {.range = {0, 1'000'000}, .period_ms = 1'000, .points_max = 50});
  CHECK(frame.times_ms.size() <= 52);
  const auto& values = frame.series[0].values;
  CHECK(values.size() == frame.times_ms.size());
  CHECK(std::find(values.begin(), values.end(), 99) != values.end());
  CHECK(std::find(values.begin(), values.end(), -9) != values.end());
}

TEST_CASE("series beyond the limit are counted, not hidden") {
  Frame frame =
      make_frame(cells_of({{{0, 1}}, {{0, 2}}, {}, {{0, 3}}}), *query::parse_statistic("Sum"),
                 {.range = {0, 60'000}, .period_ms = 60'000, .series_max = 2});
  CHECK(frame.series.size() == 2);
  CHECK(frame.series_total == 3);
  std::string text;
  wire::JsonWriter writer(text);
  append_frame_json(frame, writer);
  CHECK(text.find("\"truncated\":{\"limit\":2,\"total\":3}") != std::string::npos);
}

TEST_CASE("a binary frame is aligned and little-endian") {
  Frame frame = make_frame(cells_of({{{0, 1.5}}}), *query::parse_statistic("Sum"),
                           {.range = {0, 120'000}, .period_ms = 60'000});
  std::string bytes = frame_binary(frame);
  auto head_bytes = load_le<uint32_t>(bytes.data());
  size_t at = (4 + head_bytes + 7) / 8 * 8;
  REQUIRE(bytes.size() == at + 4 * 8);
  CHECK(load_le<double>(bytes.data() + at + 8) == 60'000);
  CHECK(load_le<double>(bytes.data() + at + 16) == 1.5);
  CHECK(std::isnan(load_le<double>(bytes.data() + at + 24)));
}

TEST_CASE("sessions end by idleness, age and sign-out; links work once") {
  Clocked c;
  std::string cookie = c.sessions.begin(c.session);
  REQUIRE(c.sessions.find(cookie).has_value());
  CHECK(c.sessions.find(cookie)->csrf.size() == 64);
  CHECK_FALSE(c.sessions.find("x" + cookie).has_value());
  c.clock.advance((kSessionIdleMs + 1) * env::kNsPerMs);
  CHECK_FALSE(c.sessions.find(cookie).has_value());

  cookie = c.sessions.begin(c.session);
  c.sessions.end(cookie);
  CHECK_FALSE(c.sessions.find(cookie).has_value());

  std::string link = c.sessions.make_one_time_token(c.session);
  CHECK(c.sessions.take_one_time_token(link).has_value());
  CHECK_FALSE(c.sessions.take_one_time_token(link).has_value());
  link = c.sessions.make_one_time_token(c.session);
  c.clock.advance((kOneTimeLinkMs + 1) * env::kNsPerMs);
  CHECK_FALSE(c.sessions.take_one_time_token(link).has_value());
}

TEST_CASE("wrong passwords cost more and more waiting, for that user alone") {
  Clocked c;
  for (uint32_t i = 0; i < kFreeAttempts; ++i) c.sessions.attempt_failed("user a");
  CHECK(c.sessions.wait_ms("user a") == 0);
  c.sessions.attempt_failed("user a");
  CHECK(c.sessions.wait_ms("user a") == 1'000);
  c.sessions.attempt_failed("user a");
  CHECK(c.sessions.wait_ms("user a") == 2'000);
  for (int i = 0; i < 40; ++i) c.sessions.attempt_failed("user a");
  CHECK(c.sessions.wait_ms("user a") == kBackOffMaxMs);
  CHECK(c.sessions.wait_ms("user b") == 0);
  c.sessions.attempt_succeeded("user a");
  CHECK(c.sessions.wait_ms("user a") == 0);
}

TEST_CASE(
    "assets: encodings by what the client accepts, 404 for unknown files, the document else") {
  std::string pack = "<html>__CSP_NONCE__</html>rawGZBR";
  std::string index =
      "index.html\ttext/html\t\"e1\"\tidentity\t0\t26\t0\n"
      "assets/a.js\ttext/javascript\t\"e2\"\tidentity\t26\t3\t1\n"
      "assets/a.js\ttext/javascript\t\"e2\"\tgzip\t29\t2\t1\n"
      "assets/a.js\ttext/javascript\t\"e2\"\tbr\t31\t2\t1\n";
  Assets assets(pack, index);
  env::SimRandom random(1);
  auto get = [&](std::string target, net::Headers headers = {}) {
    net::HttpRequest request;
    request.method = "GET";
    request.target = std::move(target);
    request.headers = std::move(headers);
    return assets.serve(request, random);
  };
  CHECK(get("/ui/assets/a.js").static_body == "raw");
  CHECK(get("/ui/assets/a.js", {{"accept-encoding", "gzip"}}).static_body == "GZ");
  auto brotli = get("/ui/assets/a.js", {{"accept-encoding", "gzip, br"}});
  CHECK(brotli.static_body == "BR");
  CHECK(brotli.headers.get("cache-control") == "public, max-age=31536000, immutable");
  CHECK(get("/ui/assets/a.js", {{"if-none-match", "\"e2\""}}).status == 304);
  CHECK(get("/ui/assets/b.js").status == 404);
  auto page = get("/ui/hosts/i-1");
  CHECK(page.status == 200);
  CHECK(page.body.find("__CSP_NONCE__") == std::string::npos);
  CHECK(page.headers.get("content-security-policy").find("default-src 'none'") == 0);
  CHECK(get("/ui/").body != get("/ui/").body);
}
