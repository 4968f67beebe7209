#include <map>

#include "api/prometheus/test_fixture.h"
#include "wire/protobuf/protobuf.h"
#include "wire/tsdb_block/chunk.h"

namespace kansoku::api::prometheus {
namespace {

constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;

struct Match {
  uint64_t type = 0;
  std::string name;
  std::string value;
};
struct Ask {
  std::vector<Match> matchers;
  int64_t start_ms = kNowMs - 3'600'000;
  int64_t end_ms = kNowMs;
  std::string function;
  int64_t hint_start_ms = 0;
  int64_t hint_end_ms = 0;
};

std::string read_message(const std::vector<Ask>& queries, const std::vector<uint64_t>& accepted) {
  std::string out;
  wire::ProtobufWriter request(out);
  for (const Ask& ask : queries) {
    request.message(1, [&](wire::ProtobufWriter& query) {
      query.varint(1, static_cast<uint64_t>(ask.start_ms));
      query.varint(2, static_cast<uint64_t>(ask.end_ms));
      for (const Match& match : ask.matchers) {
        query.message(3, [&](wire::ProtobufWriter& matcher) {
          matcher.varint(1, match.type);
          matcher.bytes(2, match.name);
          matcher.bytes(3, match.value);
        });
      }
      if (ask.function.empty() && ask.hint_end_ms == 0) return;
      query.message(4, [&](wire::ProtobufWriter& hints) {
        hints.bytes(2, ask.function);
        hints.varint(3, static_cast<uint64_t>(ask.hint_start_ms));
        hints.varint(4, static_cast<uint64_t>(ask.hint_end_ms));
      });
    });
  }
  for (uint64_t type : accepted) request.varint(2, type);
  return out;
}

net::HttpRequest read_request(std::string message, std::string target = "/api/v1/read") {
  return Fixture::request("POST", std::move(target), wire::snappy_encode(message),
                          {{"Authorization", "Bearer tok"},
                           {"Content-Type", "application/x-protobuf"},
                           {"Content-Encoding", "snappy"},
                           {"Accept-Encoding", "gzip"}});
}

// "{a=b;} 10=BITS 20=H count sum hint" a series, in the order of the answer, queries apart by "|".
std::string labels_text(wire::ProtobufReader one) {
  std::string out;
  while (one.next()) out += std::string(one.bytes()) + (one.field() == 1 ? "=" : ";");
  return out;
}

std::string point_text(int64_t ms, const signal::Point& point) {
  std::string out = fmt::format(" {}=", ms - kNowMs);
  const signal::Distribution* d = point.distribution.get();
  if (d == nullptr) {
    bool stale = std::bit_cast<uint64_t>(point.value) == kStaleBits;
    return out + (stale ? "stale" : fmt::format("{}", point.value));
  }
  return out + fmt::format("H{}/{}", d->count, d->sum);
}

std::string samples_text(const net::HttpResponse& r) {
  CHECK(r.headers.get("content-type") == "application/x-protobuf");
  CHECK(r.headers.get("content-encoding") == "snappy");
  std::string message;
  REQUIRE(wire::snappy_decode(r.body, 1U << 30, message));
  std::string out;
  wire::ProtobufReader response(message);
  while (response.next()) {
    wire::ProtobufReader result = response.message();
    while (result.next()) {
      wire::ProtobufReader series = result.message();
      std::string labels;
      std::string points;
      while (series.next()) {
        wire::ProtobufReader one = series.message();
        if (series.field() == 1) {
          labels += labels_text(one);
          continue;
        }
        int64_t ms = 0;
        signal::Point point;
        if (series.field() == 4) point = signal::Point(signal::Distribution{});
        while (one.next()) {
          if (series.field() == 2 && one.field() == 1) point.value = one.float64();
          if (series.field() == 2 && one.field() == 2) ms = one.int64();
          if (series.field() != 4) continue;
          if (one.field() == 2) point.distribution->count = one.float64();
          if (one.field() == 3) point.distribution->sum = one.float64();
          if (one.field() == 15) ms = one.int64();
        }
        points += point_text(ms, point);
      }
      out += "{" + labels + "}" + points + "\n";
    }
    out += "|";
  }
  CHECK(response.ok());
  return out;
}

std::string chunks_text(const Recorded& recorded, size_t queries) {
  const net::HttpResponse& r = *recorded.response;
  CHECK(r.headers.get("content-type") ==
        "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
  CHECK_FALSE(r.headers.has("content-encoding"));
  CHECK(recorded.ended);
  std::vector<std::string> by_query(queries);
  std::string before;
  std::string_view bytes = r.body;
  while (!bytes.empty()) {
    const char* at = bytes.data();
    uint64_t size = 0;
    REQUIRE(read_varint(at, bytes.data() + bytes.size(), size));
    bytes.remove_prefix(static_cast<size_t>(at - bytes.data()) + 4);
    wire::ProtobufReader in(bytes.substr(0, size));
    bytes.remove_prefix(size);
    std::string labels;
    std::string points;
    uint64_t index = 0;
    while (in.next()) {
      if (in.field() == 2) index = in.varint();
      if (in.field() != 1) continue;
      wire::ProtobufReader series = in.message();
      while (series.next()) {
        wire::ProtobufReader one = series.message();
        if (series.field() == 1) {
          labels += labels_text(one);
          continue;
        }
        uint8_t encoding = 0;
        while (one.next()) {
          if (one.field() == 3) encoding = static_cast<uint8_t>(one.varint());
          if (one.field() != 4) continue;
          REQUIRE(wire::tsdb_block::decode_chunk(
              encoding, one.bytes(),
              [&](int64_t ms, const signal::Point& point) { points += point_text(ms, point); }));
        }
      }
    }
    REQUIRE(index < queries);
    std::string& out = by_query[index];
    // A series that goes on in another frame repeats its labels.
    std::string key = fmt::format("{}{}", index, labels);
    if (key == before) out.pop_back();
    out += key == before ? points + "\n" : "{" + labels + "}" + points + "\n";
    before = key;
  }
  std::string out;
  for (const std::string& one : by_query) out += one + "|";
  return out;
}

// The same question in both kinds, which must agree.
std::string ask_both(Fixture& f, const std::vector<Ask>& queries) {
  auto samples = f.send(read_request(read_message(queries, {})));
  INFO(samples.body);
  REQUIRE(samples.status == 200);
  auto streamed = f.begin(read_request(read_message(queries, {1, 0})));
  REQUIRE(streamed->response.has_value());
  CHECK(streamed->response->status == 200);
  std::string out = samples_text(samples);
  CHECK(chunks_text(*streamed, queries.size()) == out);
  return out;
}

Ask all_of(std::string name) { return {.matchers = {{0, "__name__", std::move(name)}}}; }

t::Histogram native(int64_t timestamp_ms, uint64_t count) {
  return {.count = count + 1,
          .sum = 2.5 * static_cast<double>(count),
          .schema = 1,
          .zero_threshold = 0.001,
          .zero_count = 1,
          .positive_spans = {{2, 1}},
          .positive_deltas = {static_cast<int64_t>(count)},
          .timestamp_ms = timestamp_ms};
}

TEST_CASE("remote read: both answers hold what is stored, series and labels in order") {
  Fixture f;
  CHECK(f.write_v1({{.labels = {{"__name__", "m"}, {"a", "bb"}, {"z", "1"}},
                     .samples = {{kNowMs - 3, 1},
                                 {kNowMs - 2, std::bit_cast<double>(kStaleBits)},
                                 {kNowMs, -0.0}}},
                    {.labels = {{"__name__", "m"}, {"a", "b"}, {"zz", "1"}},
                     .samples = {{kNowMs - 1, 0.1}}},
                    {.labels = {{"__name__", "m"}, {"a", "c"}}, .samples = {{kNowMs - 9, 5}}},
                    {.labels = {{"__name__", "h"}},
                     .histograms = {native(kNowMs - 8, 3), native(kNowMs - 4, 5)}}})
            .status == 204);
  CHECK(ask_both(f, {all_of("m")}) ==
        "{__name__=m;a=b;zz=1;} -1=0.1\n"
        "{__name__=m;a=bb;z=1;} -3=1 -2=stale 0=-0\n"
        "{__name__=m;a=c;} -9=5\n|");
  CHECK(ask_both(f, {all_of("h")}) == "{__name__=h;} -8=H4/7.5 -4=H6/12.5\n|");
  // Ends are inclusive; series without points in the range are left out.
  Ask narrow = all_of("m");
  narrow.start_ms = kNowMs - 3;
  narrow.end_ms = kNowMs - 1;
  CHECK(ask_both(f, {narrow}) ==
        "{__name__=m;a=b;zz=1;} -1=0.1\n{__name__=m;a=bb;z=1;} -3=1 -2=stale\n|");
  narrow.end_ms = narrow.start_ms - 1;
  CHECK(ask_both(f, {narrow}) == "|");
  CHECK(ask_both(f, {}).empty());
}

TEST_CASE("remote read: the four kinds of matchers, and several queries in one request") {
  Fixture f;
  f.write_some();
  auto up = [](uint64_t type, std::string value) {
    Ask out = all_of("up");
    out.matchers.push_back({type, "instance", std::move(value)});
    return out;
  };
  const std::string a = "{__name__=up;instance=a:1;job=node;} -60000=1\n|";
  const std::string b = "{__name__=up;instance=b:1;job=node;} -30000=0.1\n|";
  CHECK(ask_both(f, {up(0, "a:1"), up(1, "a:1"), up(2, "[b-z]:."), up(3, "b.*"), all_of("none"),
                     up(1, "")}) == a + b + b + a + "|" + a.substr(0, a.size() - 1) + b);
  Ask everything{.matchers = {}, .start_ms = 0};
  CHECK(
      ask_both(f, {everything}).starts_with("{__name__=old;instance=c:1;my.label=温;} -7200000=5"));
}

TEST_CASE("remote read: hints narrow the range, and `series` asks for labels alone") {
  Fixture f;
  CHECK(f.write_v1({{.labels = {{"__name__", "m"}},
                     .samples = {{kNowMs - 3, 1}, {kNowMs - 2, 2}, {kNowMs - 1, 3}}}})
            .status == 204);
  Ask hinted = all_of("m");
  hinted.hint_start_ms = kNowMs - 2;
  hinted.hint_end_ms = kNowMs + 100;
  CHECK(ask_both(f, {hinted}) == "{__name__=m;} -2=2 -1=3\n|");
  Ask labels = all_of("m");
  labels.function = "series";
  CHECK(ask_both(f, {labels}) == "{__name__=m;}\n|");
}

TEST_CASE("remote read: CloudWatch series are the averages of closed cells, or __stat__") {
  Fixture f;
  signal::MetricBatchBuilder builder;
  std::vector<signal::LabelView> labels{{"__name__", "Latency"}, {"__namespace__", "App"}};
  auto row = builder.add_series(labels, {.merge = signal::MergeKind::Accumulate});
  REQUIRE(row.has_value());
  for (double value : {1.0, 2.0, 6.0}) {
    builder.add_point(*row, kNowMs - 100'000, signal::Point(value));
  }
  builder.add_point(*row, kNowMs - 1, signal::Point(50.0));  // its cell closes now
  builder.add_point(*row, kNowMs, signal::Point(100.0));     // its cell is open
  signal::MetricDelivery delivery;
  delivery.batch = builder.finish();
  delivery.scope = {"111111111111", "eu-west-1"};
  delivery.token = signal::AckToken(5, &f.executor, Lane::Ingest, [](const signal::Verdict&) {});
  f.store.append(std::move(delivery));
  f.executor.run_until_idle();
  Ask latency = all_of("Latency");
  CHECK(ask_both(f, {latency}) == "{__name__=Latency;__namespace__=App;} -60000=3 0=50\n|");
  latency.matchers.push_back({0, "__stat__", "max"});
  CHECK(ask_both(f, {latency}) == "{__name__=Latency;__namespace__=App;} -60000=6 0=50\n|");
  latency.matchers.back() = {2, "__stat__", "max"};
  CHECK(f.send(read_request(read_message({latency}, {}))).status == 400);
}

TEST_CASE("remote read: other tenants' series, and callers without the permission") {
  Fixture f;
  f.write_some();
  auto request = read_request(read_message({all_of("up")}, {}));
  auto basic = [&](std::string pair) {
    request.headers.set("Authorization", "Basic " + base64_encode(pair));
    return f.send(request);
  };
  CHECK(samples_text(basic("AKIDOTHER:other")) == "|");
  CHECK(basic("AKIDAGENT:agent").status == 403);
  request.headers.set("Authorization", "");
  CHECK(f.send(request).status == 401);
  auto own =
      read_request(read_message({all_of("up")}, {}), "/workspaces/" + f.workspace + "/api/v1/read");
  CHECK(samples_text(f.send(own)).starts_with("{__name__=up;instance=a:1;"));
  auto get = f.get("/api/v1/read");
  CHECK(get.status == 405);
  CHECK(get.headers.get("allow") == "POST");
}

TEST_CASE("remote read: what is refused is told as text") {
  Fixture f({}, nullptr, false, {}, {.samples_max = 2, .answer_bytes_max = 4'000});
  f.write_some();
  auto refusal = [&](net::HttpRequest request, int status) {
    auto r = f.send(std::move(request));
    CHECK(r.status == status);
    CHECK(r.headers.get("content-type") == "text/plain; charset=utf-8");
    return r.body;
  };
  auto damaged = read_request("");
  damaged.body = "no snappy";
  CHECK(refusal(damaged, 400).starts_with("body is no snappy block"));
  CHECK(refusal(read_request("\x0a\x05zz"), 400).starts_with("body is no ReadRequest"));
  CHECK(refusal(read_request(read_message({all_of("up")}, {5})), 400)
            .starts_with("server does not support any of the requested response types: 5;"));
  Ask regex{.matchers = {{2, "job", "("}}};
  CHECK(refusal(read_request(read_message({regex}, {1})), 400).find("(") != std::string::npos);
  // A declared length beyond any request.
  damaged.body = "\xff\xff\xff\xff\x0f";
  CHECK(refusal(damaged, 503).find("limit 33554432") != std::string::npos);
  Ask everything{.matchers = {}, .start_ms = 0};
  CHECK(refusal(read_request(read_message({everything}, {0})), 400) ==
        "exceeded sample limit (2)\n");
  // Each query by itself; a stream has no limit.
  CHECK(f.send(read_request(read_message({all_of("up"), all_of("old")}, {}))).status == 200);
  CHECK(f.begin(read_request(read_message({everything}, {1})))->response->status == 200);
  std::vector<Ask> many(100, all_of("up"));
  CHECK(refusal(read_request(read_message(many, {})), 400)
            .starts_with("exceeded answer limit (4000 bytes)"));
}

TEST_CASE("remote read: memory that is not there is refused, what was taken is given back") {
  Fixture f;
  f.write_some();
  auto held = MemoryLease::take(f.read_memory, f.read_memory.limit_bytes());
  REQUIRE(held.has_value());
  auto r = f.send(read_request(read_message({all_of("up")}, {})));
  CHECK(r.status == 503);
  CHECK(r.headers.has("retry-after"));
  held->release();
  CHECK(f.send(read_request(read_message({all_of("up")}, {}))).status == 200);
  CHECK(f.read_memory.used_bytes() == 0);
  CHECK(f.read_memory.peak_bytes() > 0);
}

TEST_CASE("remote read: a stream waits for its reader and ends with it") {
  Fixture f;
  std::vector<t::Series> series;
  for (int i = 0; i < 200; ++i) {
    series.push_back({.labels = {{"__name__", "m"}, {"i", fmt::format("{:03}", i)}},
                      .samples = {{kNowMs - 1, 1.0 * i}}});
  }
  CHECK(f.write_v1(series).status == 204);
  auto recorded = std::make_shared<Recorded>();
  recorded->slow = true;
  f.api->handle(read_request(read_message({all_of("m")}, {1})), net::HttpExchange(recorded));
  f.executor.run_until_idle();
  CHECK(recorded->writes == 1);
  CHECK_FALSE(recorded->ended);
  size_t turns = 0;
  while (recorded->drained) {
    std::exchange(recorded->drained, nullptr)();
    f.executor.run_until_idle();
    ++turns;
  }
  CHECK(turns > 2);
  CHECK(recorded->writes == turns);
  std::string text = chunks_text(*recorded, 1);
  CHECK(std::count(text.begin(), text.end(), '\n') == 200);
  CHECK(text.find("{__name__=m;i=000;} -1=0\n{__name__=m;i=001;} -1=1\n") == 0);
  // A reader that goes leaves nothing behind.
  auto gone = std::make_shared<Recorded>();
  gone->slow = true;
  f.api->handle(read_request(read_message({all_of("m")}, {1})), net::HttpExchange(gone));
  f.executor.run_until_idle();
  CHECK(f.read_memory.used_bytes() > 0);
  gone->gone = true;
  std::exchange(gone->drained, nullptr)();
  f.executor.run_until_idle();
  CHECK(gone->writes == 1);
  CHECK(f.read_memory.used_bytes() == 0);
}

TEST_CASE("remote read: at most so many at once, the next in line follows, more are refused") {
  Fixture f({}, nullptr, false, {}, {.concurrent_max = 1, .waiting_max = 1});
  f.write_some();
  auto request = [] { return read_request(read_message({all_of("up")}, {1})); };
  std::vector<std::shared_ptr<Recorded>> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(std::make_shared<Recorded>());
    all.back()->slow = true;
    f.api->handle(request(), net::HttpExchange(all.back()));
  }
  f.executor.run_until_idle();
  CHECK(all[0]->streaming);
  CHECK_FALSE(all[1]->response.has_value());
  REQUIRE(all[2]->response.has_value());
  CHECK(all[2]->response->status == 503);
  CHECK(all[2]->response->body.starts_with("too many remote reads: 1 run and 1 wait"));
  std::exchange(all[0]->drained, nullptr)();
  f.executor.run_until_idle();
  CHECK(all[0]->ended);
  CHECK(all[1]->streaming);
  // One that left while it ran makes room as well.
  all[1]->drained = nullptr;
  auto after = std::make_shared<Recorded>();
  f.api->handle(request(), net::HttpExchange(after));
  f.executor.run_until_idle();
  CHECK(after->ended);
}

}  // namespace
}  // namespace kansoku::api::prometheus
