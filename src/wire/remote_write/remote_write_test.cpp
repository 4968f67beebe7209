#include "wire/remote_write/remote_write.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <random>

#include "wire/remote_write/test_messages.h"

using namespace kansoku;
using namespace kansoku::wire::remote_write;
namespace t = kansoku::wire::remote_write::test;

namespace {

std::string message(Version version, const std::vector<t::Series>& series) {
  return version == Version::V1 ? t::message_v1(series) : t::message_v2(series);
}
uint64_t rows(const Refused& refused, Reason reason) {
  return refused.rows[static_cast<size_t>(reason)];
}
std::string labels_of(const signal::MetricBatch& batch, signal::SeriesRow row) {
  return signal::Labels::from_canonical(std::string(batch.canonical_labels(row))).to_string();
}
constexpr std::array<Version, 2> kVersions{Version::V1, Version::V2};
constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;

t::Histogram exponential() {
  return {.count = 12,
          .sum = 18.4,
          .schema = 1,
          .zero_threshold = 0.001,
          .zero_count = 2,
          .positive_spans = {{0, 2}, {1, 2}},
          .positive_deltas = {1, 1, -1, 0},
          .negative_spans = {{-1, 1}, {2, 1}},
          .negative_deltas = {2, 1},
          .hint = 2,
          .timestamp_ms = 3'000};
}

}  // namespace

TEST_CASE("remote write: samples of both versions reach the batch with their bits") {
  for (Version version : kVersions) {
    std::vector<t::Series> series(2);
    series[0] = {.labels = {{"__name__", "up"}, {"instance", "a:1"}, {"job", "x"}},
                 .samples = {{1'000, 1}, {2'000, std::bit_cast<double>(kStaleBits)}}};
    series[1] = {.labels = {{"__name__", "temp"}, {"sensor", "温度"}, {"z", ""}},
                 .samples = {{-5, -0.0}, {7, INFINITY}}};
    auto out = decode(version, message(version, series), {});
    REQUIRE(out.has_value());
    CHECK(out->refused.total == 0);
    CHECK(out->histograms == nullptr);
    CHECK(out->exemplars == nullptr);
    const signal::MetricBatch& batch = *out->floats;
    REQUIRE(batch.series_count() == 2);
    CHECK(labels_of(batch, 0) == R"({__name__="up", instance="a:1", job="x"})");
    CHECK(signal::Labels::from_canonical(std::string(batch.canonical_labels(1))).list().size() ==
          2);
    CHECK(batch.meta(0).merge == signal::MergeKind::Replace);
    REQUIRE(batch.point_count() == 4);
    CHECK(std::bit_cast<uint64_t>(batch.values()[1]) == kStaleBits);
    CHECK(std::signbit(batch.values()[2]));
    CHECK(batch.timestamps_ms()[2] == -5);
    CHECK(std::isinf(batch.values()[3]));
  }
}

TEST_CASE("remote write: plain labels take a shorter way to the same batch") {
  std::mt19937_64 random(7);
  const auto text = [&](size_t bytes_max) {
    std::string out;
    for (uint64_t n = random() % (bytes_max + 1); n > 0; --n) {
      out += static_cast<char>(random() % 40 == 0 ? 0xc3 : 'a' + static_cast<char>(random() % 3));
    }
    return out;
  };
  size_t good = 0;
  for (int round = 0; round < 3000; ++round) {
    t::Labels labels{{"__name__", "m"}};
    for (uint64_t n = random() % 6; n > 0; --n)
      labels.emplace_back(text(12), text(random() % 8 == 0 ? 200 : 20));
    if (random() % 4 != 0) std::sort(labels.begin(), labels.end());
    const t::Series series{.labels = labels, .samples = {{1, random() % 2 == 0 ? 0.0 : 2.5}}};
    // The last series of a message goes the general way: alone, and followed by others.
    const auto alone = decode(Version::V1, t::message_v1({series}), {});
    const auto first = decode(Version::V1, t::message_v1({series, series}), {});
    REQUIRE(alone.has_value());
    REQUIRE(first.has_value());
    CHECK(first->refused.total == 2 * alone->refused.total);
    CHECK(first->refused.message == alone->refused.message);
    REQUIRE((first->floats == nullptr) == (alone->floats == nullptr));
    if (alone->floats == nullptr) continue;
    ++good;
    CHECK(first->floats->canonical_labels(0) == alone->floats->canonical_labels(0));
    CHECK(first->floats->canonical_labels(1) == alone->floats->canonical_labels(0));
    CHECK(first->floats->values()[0] == alone->floats->values()[0]);
  }
  CHECK(good > 1000);
  // A sample of a plain series that is refused is shown with its labels.
  const t::Series old{.labels = {{"__name__", "m"}, {"a", "b"}}, .samples = {{1, 2}}};
  auto refused = decode(Version::V1, t::message_v1({old, old}), {.oldest_ms = 5});
  REQUIRE(refused.has_value());
  CHECK(refused->refused.message.ends_with(R"({"__name__"="m", "a"="b"})"));
}

TEST_CASE("remote write: labels are sorted, what is wrong is refused and the rest is kept") {
  for (Version version : kVersions) {
    std::vector<t::Series> series;
    auto add = [&](t::Labels labels) {
      series.push_back({.labels = std::move(labels), .samples = {{1, 1}, {2, 2}}});
    };
    add({{"z", "1"}, {"__name__", "good"}, {"a", "2"}});
    add({{"a", "no name"}});
    add({{"__name__", ""}, {"a", "empty name"}});
    add({{"__name__", "m"}, {"a", "1"}, {"a", "2"}});
    add({{"", "x"}, {"__name__", "m"}});
    add({{"__name__", "m"}, {"bad", "\xff\xfe"}});
    add({});
    auto out = decode(version, message(version, series), {});
    REQUIRE(out.has_value());
    CHECK(rows(out->refused, Reason::BadLabels) == 12);
    CHECK(out->refused.total == 12);
    CHECK(out->refused.message == R"(no metric name (__name__): {"a"="no name"})");
    REQUIRE(out->floats->series_count() == 1);
    CHECK(labels_of(*out->floats, 0) == R"({__name__="good", a="2", z="1"})");
  }
}

TEST_CASE("remote write: the limits of labels and of time hold") {
  std::vector<t::Series> series(3);
  series[0].labels = {{"__name__", "many"}};
  for (int i = 0; i < 10; ++i) series[0].labels.push_back({fmt::format("l{}", i), "v"});
  series[1].labels = {{"__name__", "long"}, {"v", std::string(5'000, 'x')}};
  series[2].labels = {{"__name__", "timed"}};
  for (auto& s : series) s.samples = {{99, 1}, {100, 2}, {200, 3}, {201, 4}};
  Limits limits{.oldest_ms = 100, .newest_ms = 200, .labels_max = 8, .label_bytes_max = 4'096};
  auto out = decode(Version::V2, t::message_v2(series), limits);
  REQUIRE(out.has_value());
  CHECK(rows(out->refused, Reason::BadLabels) == 8);
  CHECK(rows(out->refused, Reason::TooOld) == 1);
  CHECK(rows(out->refused, Reason::TooNew) == 1);
  CHECK(out->floats->point_count() == 2);
  CHECK(out->floats->series_count() == 1);
}

TEST_CASE("remote write: an exponential histogram becomes buckets of our index convention") {
  for (Version version : kVersions) {
    auto out = decode(
        version, message(version, {{.labels = {{"__name__", "h"}}, .histograms = {exponential()}}}),
        {});
    REQUIRE(out.has_value());
    CHECK(out->refused.message.empty());
    CHECK(out->floats == nullptr);
    REQUIRE(out->histograms != nullptr);
    REQUIRE(out->histograms->distributions().size() == 1);
    const signal::Distribution& d = out->histograms->distributions()[0];
    CHECK(d.count == 12);
    CHECK(d.sum == 18.4);
    CHECK_FALSE(d.has_min_max);
    CHECK(d.reset_hint == signal::ResetHint::NotReset);
    const auto& b = std::get<signal::ExponentialBuckets>(d.buckets);
    CHECK(b.schema == 1);
    CHECK(b.zero_threshold == 0.001);
    CHECK(b.zero_count == 2);
    // The wire's buckets 0, 1, 3, 4 and -1, 2.
    CHECK(b.positive == std::vector<signal::Bucket>{{-1, 1}, {0, 2}, {2, 1}, {3, 1}});
    CHECK(b.negative == std::vector<signal::Bucket>{{-2, 2}, {1, 3}});
    CHECK(out->histograms->meta(0).temporality == signal::Temporality::Cumulative);
    CHECK(out->histograms->timestamps_ms()[0] == 3'000);
  }
}

TEST_CASE("remote write: finer schemas are reduced, float histograms keep their counts") {
  t::Histogram fine{
      .count = 6, .schema = 9, .positive_spans = {{1, 4}}, .positive_deltas = {1, 0, 1, 0}};
  t::Histogram floats{.schema = 0,
                      .positive_spans = {{2, 2}},
                      .float_counts = {0.5, 1.25},
                      .float_count = 1.75,
                      .hint = 3};
  auto out =
      decode(Version::V1,
             t::message_v1({{.labels = {{"__name__", "h"}}, .histograms = {fine, floats}}}), {});
  REQUIRE(out.has_value());
  REQUIRE(out->refused.message.empty());
  const auto& d = out->histograms->distributions();
  const auto& reduced = std::get<signal::ExponentialBuckets>(d[0].buckets);
  CHECK(reduced.schema == 8);
  // Wire indexes 1..4 of schema 9 are 1, 1, 2, 2 of schema 8; ours are one lower.
  CHECK(reduced.positive == std::vector<signal::Bucket>{{0, 2}, {1, 4}});
  CHECK(d[1].count == 1.75);
  CHECK(std::get<signal::ExponentialBuckets>(d[1].buckets).positive ==
        std::vector<signal::Bucket>{{1, 0.5}, {2, 1.25}});
}

TEST_CASE("remote write: custom buckets become explicit bounds") {
  t::Histogram h{.count = 5,
                 .sum = 4,
                 .schema = -53,
                 .positive_spans = {{0, 1}, {1, 1}},
                 .positive_deltas = {2, 1},
                 .custom_values = {0.5, 1}};
  auto out =
      decode(Version::V2, t::message_v2({{.labels = {{"__name__", "h"}}, .histograms = {h}}}), {});
  REQUIRE(out.has_value());
  REQUIRE(out->refused.message.empty());
  const auto& b = std::get<signal::ExplicitBuckets>(out->histograms->distributions()[0].buckets);
  CHECK(b.bounds == std::vector<double>{0.5, 1});
  CHECK(b.counts == std::vector<double>{2, 0, 3});
}

TEST_CASE("remote write: histograms that do not hold are refused one by one") {
  std::vector<t::Histogram> bad;
  auto add = [&](auto change) {
    bad.push_back(exponential());
    change(bad.back());
  };
  add([](t::Histogram& h) { h.count = 13; });
  add([](t::Histogram& h) { h.positive_spans[0].length = 3; });
  add([](t::Histogram& h) { h.positive_deltas[0] = -5; });
  add([](t::Histogram& h) { h.schema = -5; });
  add([](t::Histogram& h) { h.schema = 53; });
  add([](t::Histogram& h) { h.custom_values = {1}; });
  add([](t::Histogram& h) { h.hint = 9; });
  add([](t::Histogram& h) { h.positive_spans[1].offset = -1; });
  add([](t::Histogram& h) { h.positive_spans = {{INT32_MAX, 4}}; });
  t::Histogram custom{
      .count = 1, .schema = -53, .positive_spans = {{1, 1}}, .positive_deltas = {1}};
  bad.push_back(custom);  // bucket 1 of no bounds
  custom.custom_values = {2, 1};
  bad.push_back(custom);
  custom.custom_values = {1, NAN};
  bad.push_back(custom);
  t::Histogram good = exponential();
  // With a sum of NaN the count may be larger than the buckets.
  good.sum = NAN;
  good.count = 20;
  for (const t::Histogram& h : bad) {
    auto out = decode(
        Version::V2, t::message_v2({{.labels = {{"__name__", "h"}}, .histograms = {h, good}}}), {});
    REQUIRE(out.has_value());
    CHECK(rows(out->refused, Reason::BadHistogram) == 1);
    CHECK(out->refused.message.find("histogram") == 0);
    CHECK(out->histograms->point_count() == 1);
  }
}

TEST_CASE("remote write: exemplars and metadata of both versions") {
  t::Series series{.labels = {{"__name__", "req_bucket"}, {"le", "1"}},
                   .samples = {{1'000, 5, 400}},
                   .exemplars = {{{{"trace_id", "abc"}}, 0.7, 990},
                                 {{{"trace_id", std::string(200, 'x')}}, 0.7, 991}},
                   .type = 3,
                   .help = "requests\nin two lines",
                   .unit = "seconds"};
  auto v1 = decode(Version::V1,
                   t::message_v1({series}, {{3, "req", "requests\nin two lines", "seconds"}}), {});
  auto v2 = decode(Version::V2, t::message_v2({series}), {});
  for (auto* out : {&v1, &v2}) {
    REQUIRE(out->has_value());
    REQUIRE((*out)->exemplars != nullptr);
    REQUIRE((*out)->exemplars->exemplars().size() == 1);
    const signal::Exemplar& e = (*out)->exemplars->exemplars()[0];
    CHECK(e.value == 0.7);
    CHECK(e.timestamp_ms == 990);
    CHECK(e.labels.get("trace_id") == "abc");
    CHECK(labels_of(*(*out)->exemplars, e.series) == R"({__name__="req_bucket", le="1"})");
    CHECK((*out)->refused.exemplars == 1);
    CHECK((*out)->metadata == std::vector<Metadata>{{"req", MetricType::Histogram,
                                                     "requests\nin two lines", "seconds"}});
  }
  CHECK(v2->floats->start_ms()[0] == 400);
  CHECK(v2->floats->meta(0).temporality == signal::Temporality::Cumulative);
}

TEST_CASE("remote write: a series without a name is told even when it has no samples") {
  for (Version version : kVersions) {
    auto out = decode(version, message(version, {{.labels = {{"a", "b"}}, .type = 1}}), {});
    REQUIRE(out.has_value());
    CHECK(out->refused.total == 1);
    CHECK(out->metadata.empty());
  }
}

TEST_CASE("remote write: damaged messages and symbols are refused whole") {
  std::string v1 = t::message_v1({{.labels = {{"__name__", "m"}}, .samples = {{1, 2}}}});
  std::string v2 = t::message_v2({{.labels = {{"__name__", "m"}}, .samples = {{1, 2}}}});
  for (size_t cut = 1; cut < v1.size(); ++cut) {
    CHECK_FALSE(decode(Version::V1, std::string_view(v1).substr(0, cut), {}).has_value());
  }
  CHECK_FALSE(decode(Version::V1, "not protobuf", {}).has_value());
  auto with_refs = [](std::vector<uint64_t> refs, std::vector<std::string> symbols) {
    std::string text;
    wire::ProtobufWriter out(text);
    for (const std::string& symbol : symbols) out.bytes(4, symbol);
    std::string packed;
    for (uint64_t ref : refs) append_varint(packed, ref);
    out.message(5, [&](wire::ProtobufWriter& w) { w.bytes(1, packed); });
    return decode(Version::V2, text, {}).has_value();
  };
  CHECK(with_refs({1, 2}, {"", "__name__", "m"}));
  CHECK_FALSE(with_refs({1, 3}, {"", "__name__", "m"}));
  CHECK_FALSE(with_refs({1, 2, 1}, {"", "__name__", "m"}));
  CHECK_FALSE(with_refs({1, 2}, {"x", "__name__", "m"}));  // symbol 0 has to be empty
  CHECK_FALSE(with_refs({1ULL << 40, 2}, {"", "__name__", "m"}));
  CHECK(decode(Version::V2, v2, {}).has_value());
  CHECK(decode(Version::V1, "", {}).has_value());
}
