#include <doctest/doctest.h>

#include "wire/protobuf/protobuf.h"
#include "wire/protobuf/protobuf_writer.h"
#include "wire/remote_read/request.h"
#include "wire/remote_read/response.h"

namespace kansoku::wire::remote_read {
namespace {

std::string request_message() {
  std::string out;
  ProtobufWriter request(out);
  for (int64_t i = 0; i < 2; ++i) {
    request.message(1, [&](ProtobufWriter& query) {
      query.varint(1, static_cast<uint64_t>(i - 1));
      query.varint(2, 2'000);
      for (uint64_t type = 0; type < 4; ++type) {
        query.message(3, [&](ProtobufWriter& matcher) {
          if (type != 0) matcher.varint(1, type);
          matcher.bytes(2, "job");
          matcher.bytes(3, fmt::format("v{}", type));
        });
      }
      query.message(4, [&](ProtobufWriter& hints) {
        hints.varint(1, 15'000);
        hints.bytes(2, "rate");
        hints.varint(3, 500);
        hints.varint(4, 1'500);
        hints.bytes(5, "a");
        hints.bytes(5, "b");
        hints.varint(6, 1);
        hints.varint(7, 300'000);
        hints.varint(99, 1);  // of a later version
      });
    });
  }
  request.varint(2, 7);
  request.varint(2, 1);
  return out;
}

TEST_CASE("remote read: queries, matchers of all kinds, hints and accepted types are read") {
  auto request = decode_request(request_message());
  REQUIRE(request.has_value());
  REQUIRE(request->queries.size() == 2);
  const Query& query = request->queries[0];
  CHECK(query.start_ms == -1);
  CHECK(query.end_ms == 2'000);
  CHECK(query.matchers == std::vector<Matcher>{{"job", MatchType::Equal, "v0"},
                                               {"job", MatchType::NotEqual, "v1"},
                                               {"job", MatchType::Regex, "v2"},
                                               {"job", MatchType::NotRegex, "v3"}});
  REQUIRE(query.hints.has_value());
  CHECK(query.hints->step_ms == 15'000);
  CHECK(query.hints->function == "rate");
  CHECK(query.hints->start_ms == 500);
  CHECK(query.hints->end_ms == 1'500);
  CHECK(query.hints->grouping == std::vector<std::string>{"a", "b"});
  CHECK(query.hints->by);
  CHECK(query.hints->range_ms == 300'000);
  CHECK(request->accepted == std::vector<uint64_t>{7, 1});
  CHECK(choose_response_type(*request) == ResponseType::StreamedXorChunks);
}

TEST_CASE("remote read: the first accepted type that there is, samples without a list") {
  CHECK(choose_response_type({}) == ResponseType::Samples);
  CHECK(choose_response_type({.queries = {}, .accepted = {0, 1}}) == ResponseType::Samples);
  auto none = choose_response_type({.queries = {}, .accepted = {2, 9}});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().message.starts_with(
      "server does not support any of the requested response types: 2, 9;"));
  // Packed, as newer encoders write repeated enumerations.
  std::string packed;
  ProtobufWriter(packed).bytes(2, std::string("\x01\x00", 2));
  CHECK(decode_request(packed)->accepted == std::vector<uint64_t>{1, 0});
}

TEST_CASE("remote read: damaged, unknown and too large requests are refused") {
  std::string whole = request_message();
  size_t refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    if (!decode_request(std::string_view(whole).substr(0, size))) ++refused;
  }
  CHECK(refused > whole.size() * 9 / 10);  // all but those cut between fields
  std::string unknown;
  ProtobufWriter(unknown).message(1, [](ProtobufWriter& query) {
    query.message(3, [](ProtobufWriter& matcher) { matcher.varint(1, 4); });
  });
  auto bad = decode_request(unknown);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message == "matcher type 4 of label \"\" is not known");
  CHECK_FALSE(decode_request(whole, {.queries_max = 1}).has_value());
  CHECK_FALSE(decode_request(whole, {.matchers_max = 7}).has_value());
  CHECK(decode_request(whole, {.queries_max = 2, .matchers_max = 8}).has_value());
}

struct Frame {
  std::string labels;
  uint64_t query_index = 0;
  size_t bytes = 0;
  std::vector<std::pair<uint64_t, std::string>> chunks;  // encoding, data
};

std::vector<Frame> read_frames(std::string_view bytes) {
  std::vector<Frame> out;
  while (!bytes.empty()) {
    const char* at = bytes.data();
    uint64_t size = 0;
    REQUIRE(read_varint(at, bytes.data() + bytes.size(), size));
    bytes.remove_prefix(static_cast<size_t>(at - bytes.data()));
    REQUIRE(bytes.size() >= 4 + size);
    uint32_t checksum = 0;
    for (size_t i = 0; i < 4; ++i) checksum = checksum << 8 | static_cast<uint8_t>(bytes[i]);
    std::string_view message = bytes.substr(4, size);
    CHECK(checksum == crc32c(as_bytes(message)));
    bytes.remove_prefix(4 + size);
    Frame frame{.bytes = size};
    ProtobufReader in(message);
    while (in.next()) {
      if (in.field() == 2) frame.query_index = in.varint();
      if (in.field() != 1) continue;
      ProtobufReader series = in.message();
      while (series.next()) {
        ProtobufReader one = series.message();
        bool label = series.field() == 1;
        uint64_t encoding = 0;
        while (one.next()) {
          if (label) {
            frame.labels += std::string(one.bytes()) + (one.field() == 1 ? "=" : ";");
          } else if (one.field() == 3) {
            encoding = one.varint();
          } else if (one.field() == 4) {
            frame.chunks.emplace_back(encoding, one.bytes());
          }
        }
      }
    }
    CHECK(in.ok());
    out.push_back(std::move(frame));
  }
  return out;
}

TEST_CASE("remote read: the checksum of frames is CRC-32C as its authors check it") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283U);
}

TEST_CASE("remote read: frames stay below their limit and tell series and query") {
  auto labels = *signal::Labels::from({{"job", "x"}, {"__name__", "m"}});
  std::vector<int64_t> times;
  std::vector<double> values;
  uint64_t bits = 1;
  for (int64_t i = 0; i < 5'000; ++i) {
    times.push_back(i * 1'000);
    bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
    values.push_back(std::bit_cast<double>(bits >> 2));
  }
  std::string bytes;
  append_frames(labels, {times, values, {}}, 3, 4'096, bytes);
  auto frames = read_frames(bytes);
  CHECK(frames.size() > 5);
  std::vector<double> back;
  for (const Frame& frame : frames) {
    CHECK(frame.labels == "__name__=m;job=x;");
    CHECK(frame.query_index == 3);
    CHECK(frame.bytes <= 4'096);
    REQUIRE_FALSE(frame.chunks.empty());
    for (const auto& [encoding, data] : frame.chunks) {
      CHECK(encoding == 1);
      REQUIRE(tsdb_block::decode_chunk(
          1, data, [&](int64_t, const signal::Point& point) { back.push_back(point.value); }));
    }
  }
  CHECK(back == values);
  // A limit below one chunk: a chunk a frame.
  bytes.clear();
  append_frames(labels, {times, values, {}}, 0, 1, bytes);
  CHECK(read_frames(bytes).size() == (5'000 + 119) / 120);
  // Labels alone.
  bytes.clear();
  append_frames(labels, {}, 0, 1, bytes);
  frames = read_frames(bytes);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].chunks.empty());
}

TEST_CASE("remote read: samples keep their bits, histograms are a field of their own") {
  auto labels = *signal::Labels::from({{"__name__", "m"}});
  std::vector<int64_t> times{-5, 10, 20};
  std::vector<double> values{std::bit_cast<double>(0x7ff0000000000002ULL), 6, 3};
  std::vector<std::unique_ptr<signal::Distribution>> distributions(3);
  signal::Distribution native;
  native.count = 4;
  native.sum = 6;
  native.reset_hint = signal::ResetHint::Gauge;
  native.buckets = signal::ExponentialBuckets{
      .schema = 1, .zero_threshold = 0, .zero_count = 1, .positive = {{0, 3}}, .negative = {}};
  distributions[1] = std::make_unique<signal::Distribution>(native);
  signal::Distribution pairs;
  pairs.buckets = signal::Pairs{{3, 2}};
  distributions[2] = std::make_unique<signal::Distribution>(pairs);
  std::string result;
  append_time_series(labels, {times, values, distributions}, result);
  std::string response;
  append_query_result(result, response);
  std::string text;
  ProtobufReader in(response);
  REQUIRE(in.next());
  ProtobufReader query = in.message();
  REQUIRE(query.next());
  ProtobufReader series = query.message();
  while (series.next()) {
    ProtobufReader one = series.message();
    text += fmt::format("{}:", series.field());
    while (one.next()) {
      if (series.field() == 2 && one.field() == 1) {
        text += fmt::format("{:x} ", std::bit_cast<uint64_t>(one.float64()));
      } else if (series.field() == 2) {
        text += fmt::format("@{} ", one.int64());
      } else if (series.field() == 4 && (one.field() == 14 || one.field() == 15)) {
        text += fmt::format("{}={} ", one.field(), one.varint());
      }
    }
  }
  CHECK(text == "1:2:7ff0000000000002 @-5 4:14=3 15=10 2:4008000000000000 @20 ");
}

}  // namespace
}  // namespace kansoku::wire::remote_read
