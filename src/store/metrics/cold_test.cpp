// Cold segments: what is written is found by id, hash and matcher; damage is told; the format is
// frozen.
#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "store/metrics/cold_jobs.h"
#include "store/metrics/engine_fixture.h"
#include "store/regex.h"

namespace kansoku::store::metrics {
namespace {

using signal::LabelView;
using signal::MergeKind;
using signal::Temporality;

const signal::Scope kScope{"1", "r"};
const signal::Scope kOther{"2", "r"};

struct Known {
  ColdRow row;
  signal::Scope scope;
  std::vector<std::pair<std::string, std::string>> labels;  // by name
  std::string canonical() const {
    std::vector<LabelView> views;
    for (const auto& [name, value] : labels) views.push_back({name, value});
    return signal::Labels::from(std::move(views))->canonical();
  }
};

Known series(SeriesId id, std::mt19937_64& random) {
  Known out;
  out.row = {.id = id,
             .merge = random() % 2 == 0 ? MergeKind::Replace : MergeKind::Accumulate,
             .temporality = static_cast<Temporality>(random() % 3),
             .gone = random() % 16 == 0,
             .first_ms = static_cast<int64_t>(random() % 1'000'000) - 500'000};
  out.row.last_ms = out.row.first_ms + static_cast<int64_t>(random() % 1'000'000);
  out.scope = random() % 4 == 0 ? kOther : kScope;
  out.labels = {{"__name__", fmt::format("m{}", random() % 7)}, {"id", fmt::format("{}", id)}};
  if (random() % 2 == 0) out.labels.emplace_back("instance", fmt::format("h{}", random() % 9));
  if (random() % 3 == 0) out.labels.emplace_back("zone", random() % 2 == 0 ? "a" : "b");
  return out;
}

// Writes them as segment `id`; they must ascend.
void write_segment(env::SimFileSystem& disk, uint64_t id, const std::vector<Known>& rows) {
  auto writer = ColdSegmentWriter::create(disk, "/c", id);
  REQUIRE(writer);
  std::vector<std::string> labels;
  std::map<std::string, uint32_t> key_of;
  auto bytes_of = [&](uint32_t key) { return std::string_view(labels[key]); };
  for (const Known& each : rows) {
    std::vector<uint32_t> keys;
    ColdRow row = each.row;
    if (!row.gone) {
      for (const auto& [name, value] : each.labels) {
        std::string one = signal::Labels::from({{name, value}})->canonical();
        auto [found, made] = key_of.try_emplace(one, static_cast<uint32_t>(labels.size()));
        if (made) labels.push_back(one);
        keys.push_back(found->second);
      }
      row.scope = (*writer)->scope_row(each.scope);
    }
    (*writer)->add(row, cold_hash(each.scope, row.merge, each.canonical()), keys);
    if ((*writer)->full()) (*writer)->end_chunk(bytes_of);
  }
  (*writer)->end_chunk(bytes_of);
  REQUIRE((*writer)->finish());
}

std::shared_ptr<const ColdIndex> index_of(env::SimFileSystem& disk, std::vector<uint64_t> ids) {
  std::vector<std::shared_ptr<const ColdSegment>> segments;
  for (uint64_t id : ids) {
    auto segment = ColdSegment::open(disk, "/c", id);
    REQUIRE(segment);
    segments.push_back(*segment);
  }
  auto index = ColdIndex::build(std::move(segments));
  REQUIRE(index);
  return *index;
}

using Answer = std::map<SeriesId, std::pair<std::string, int64_t>>;  // labels and newest point

Answer ask(const ColdIndex& index, const SeriesSelector& selector) {
  auto found = index.select(selector, nullptr);
  REQUIRE(found);
  Answer out;
  for (const SeriesInfo& info : *found) {
    CHECK(out.try_emplace(info.id, info.labels.canonical(), info.last_ms).second);
  }
  return out;
}

bool matches(const Known& series, const Matcher& matcher) {
  std::string value;
  for (const auto& [name, of] : series.labels) {
    if (name == matcher.label) value = of;
  }
  auto regex = Regex::compile(
      matcher.op == MatchOp::Equal || matcher.op == MatchOp::NotEqual ? "x" : matcher.value);
  switch (matcher.op) {
    case MatchOp::Equal:
      return value == matcher.value;
    case MatchOp::NotEqual:
      return value != matcher.value;
    case MatchOp::Regex:
      return regex->matches(value);
    case MatchOp::NotRegex:
      return !regex->matches(value);
  }
  return false;
}

Answer want(const std::map<SeriesId, Known>& all, const SeriesSelector& selector) {
  Answer out;
  for (const auto& [id, series] : all) {
    bool in = !series.row.gone && series.scope == selector.scope &&
              (!selector.merge || *selector.merge == series.row.merge) &&
              (!selector.active_since_ms || series.row.last_ms >= *selector.active_since_ms) &&
              (!selector.active_before_ms || series.row.first_ms < *selector.active_before_ms);
    for (const Matcher& matcher : selector.matchers) in = in && matches(series, matcher);
    if (in) out[id] = {series.canonical(), series.row.last_ms};
  }
  return out;
}

SeriesSelector random_selector(std::mt19937_64& random) {
  SeriesSelector out{.scope = random() % 4 == 0 ? kOther : kScope};
  const std::vector<Matcher> some{
      {"__name__", MatchOp::Equal, "m3"},     {"__name__", MatchOp::NotEqual, "m1"},
      {"instance", MatchOp::Regex, "h[1-4]"}, {"instance", MatchOp::NotRegex, "h[1-4]"},
      {"instance", MatchOp::Equal, ""},       {"zone", MatchOp::Regex, "a|"},
      {"zone", MatchOp::NotEqual, ""},        {"nowhere", MatchOp::Equal, "x"},
      {"nowhere", MatchOp::NotEqual, "x"}};
  for (uint64_t i = 0; i < random() % 3; ++i) {
    out.matchers.push_back(some[random() % some.size()]);
  }
  if (random() % 3 == 0) out.merge = random() % 2 == 0 ? MergeKind::Replace : MergeKind::Accumulate;
  if (random() % 3 == 0)
    out.active_before_ms = static_cast<int64_t>(random() % 1'500'000) - 500'000;
  if (random() % 3 == 0) out.active_since_ms = static_cast<int64_t>(random() % 1'500'000) - 500'000;
  return out;
}

std::vector<Known> some_series(std::mt19937_64& random, SeriesId begin, SeriesId end) {
  std::vector<Known> out;
  for (SeriesId id = begin; id < end; ++id) {
    if (random() % 5 != 0) out.push_back(series(id, random));
  }
  return out;
}

std::string golden_path() {
  return fmt::format("{}/src/store/metrics/testdata/cold-v1.kcs", KANSOKU_SOURCE_DIR);
}

std::vector<Known> golden_series() {
  Known gauge{{.id = 3, .first_ms = 1'000, .last_ms = 61'000},
              kScope,
              {{"__name__", "up"}, {"instance", "a:9100"}}};
  Known gone{{.id = 4, .merge = MergeKind::Accumulate, .gone = true}, kScope, {}};
  Known sum{{.id = 900,
             .merge = MergeKind::Accumulate,
             .temporality = Temporality::Delta,
             .first_ms = -5,
             .last_ms = 7},
            kOther,
            {{"__name__", "Requests"}, {"__namespace__", "App"}, {"instance", "a:9100"}}};
  return {gauge, gone, sum};
}

}  // namespace

TEST_CASE("series in cold segments are found by matchers, hash and id, the newest row first") {
  std::mt19937_64 random(test_seed(91));
  for (int round = 0; round < 6; ++round) {
    env::SimFileSystem disk;
    REQUIRE(disk.create_directories("/c"));
    std::map<SeriesId, Known> all;
    std::vector<uint64_t> ids;
    const SeriesId end = round == 0 ? 10'000 : 300;
    for (uint64_t segment = 1; segment <= 3; ++segment) {
      std::vector<Known> rows = some_series(random, segment * end / 4, segment * end / 4 + end / 2);
      for (Known& row : rows) {
        // A series keeps what it is, and its times go on.
        if (auto known = all.find(row.row.id); known != all.end()) {
          const bool gone = row.row.gone;
          const int64_t last_ms = row.row.last_ms;
          row = known->second;
          row.row.gone = gone;
          row.row.last_ms = std::max(row.row.last_ms, last_ms);
        }
        all[row.row.id] = row;
      }
      write_segment(disk, segment, rows);
      ids.push_back(segment);
    }
    auto index = index_of(disk, ids);
    CHECK(index->rows() == all.size());
    for (int i = 0; i < 40; ++i) {
      SeriesSelector selector = random_selector(random);
      CHECK(ask(*index, selector) == want(all, selector));
    }
    ColdReader reader(nullptr);
    for (const auto& [id, known] : all) {
      auto by_id = reader.find(*index, id);
      REQUIRE(by_id);
      REQUIRE(by_id->has_value() == !known.row.gone);
      CHECK(index->find_merge(id) == known.row.merge);
      const uint64_t hash = cold_hash(known.scope, known.row.merge, known.canonical());
      auto by_hash = reader.find(*index, hash, known.scope, known.row.merge, known.canonical());
      REQUIRE(by_hash);
      REQUIRE(by_hash->has_value() == !known.row.gone);
      if (known.row.gone) continue;
      CHECK(index->may_have(hash));
      for (const auto& found : {*by_id, *by_hash}) {
        CHECK(found->canonical == known.canonical());
        CHECK(found->scope == known.scope);
        CHECK(found->row.id == id);
        CHECK(found->row.first_ms == known.row.first_ms);
        CHECK(found->row.last_ms == known.row.last_ms);
        CHECK(found->row.temporality == known.row.temporality);
      }
    }
    CHECK_FALSE(index->contains(end * 2));
  }
}

// Merges both into segment 3; the number of its rows.
uint64_t merge_both(env::SimFileSystem& disk, std::shared_ptr<const ColdIndex> index,
                    const Horizons& horizons) {
  auto job = ColdMergeJob::begin(disk, "/c", 3, std::move(index), {0, 1}, horizons);
  REQUIRE(job);
  for (bool done = false; !done;) {
    auto step = (*job)->step();
    REQUIRE(step);
    done = *step;
  }
  REQUIRE((*job)->finish());
  return (*job)->rows();
}

TEST_CASE("merged cold segments answer as their inputs, without what is gone or expired") {
  std::mt19937_64 random(test_seed(92));
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/c"));
  std::vector<Known> one = some_series(random, 0, 6'000);
  std::vector<Known> two = some_series(random, 3'000, 9'000);
  write_segment(disk, 1, one);
  write_segment(disk, 2, two);
  auto index = index_of(disk, {1, 2});
  std::map<SeriesId, Known> all;
  for (const auto* rows : {&one, &two}) {
    for (const Known& row : *rows) all[row.row.id] = row;
  }
  Horizons horizons;
  horizons.now_ms = 100'000;
  horizons.tier_ms.fill(-100'000);
  const uint64_t rows = merge_both(disk, index, horizons);
  std::erase_if(all, [&](const auto& each) {
    const ColdRow& row = each.second.row;
    return row.gone || row.last_ms < (row.merge == MergeKind::Replace ? 100'000 : -100'000);
  });
  auto merged = index_of(disk, {3});
  CHECK(rows == all.size());
  for (int i = 0; i < 30; ++i) {
    SeriesSelector selector = random_selector(random);
    CHECK(ask(*merged, selector) == want(all, selector));
  }
}

TEST_CASE("chunks that stand apart are copied when cold segments are merged") {
  std::mt19937_64 random(test_seed(93));
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/c"));
  std::vector<Known> one = some_series(random, 0, 12'000);
  std::vector<Known> two = some_series(random, 11'900, 24'000);
  for (auto* rows : {&one, &two}) {
    for (Known& row : *rows) row.scope = kScope;
  }
  write_segment(disk, 1, one);
  write_segment(disk, 2, two);
  std::map<SeriesId, Known> all;
  for (const auto* rows : {&one, &two}) {
    for (const Known& row : *rows) all[row.row.id] = row;
  }
  Horizons horizons;
  horizons.now_ms = horizons.raw_accumulate_ms = -1'000'000;
  horizons.tier_ms.fill(-1'000'000);
  (void)merge_both(disk, index_of(disk, {1, 2}), horizons);
  auto merged = index_of(disk, {3});
  // The page of the first chunk is the same, byte for byte.
  const ColdPage before = index_of(disk, {1})->parts()[0].segment->chunks()[0].rows;
  const ColdPage after = merged->parts()[0].segment->chunks()[0].rows;
  CHECK(after.crc == before.crc);
  for (int i = 0; i < 30; ++i) {
    SeriesSelector selector = random_selector(random);
    CHECK(ask(*merged, selector) == want(all, selector));
  }
  ColdReader reader(nullptr);
  for (const auto& [id, known] : all) {
    if (known.row.gone) continue;
    const uint64_t hash = cold_hash(known.scope, known.row.merge, known.canonical());
    auto found = reader.find(*merged, hash, known.scope, known.row.merge, known.canonical());
    REQUIRE(found);
    REQUIRE(found->has_value());
    CHECK((*found)->row.id == id);
    CHECK(merged->find_merge(id) == known.row.merge);
  }
}

TEST_CASE("the golden cold segment of version 1 is read, and written, byte for byte") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/c"));
  write_segment(disk, 1, golden_series());
  const std::string path = "/c/" + cold_name(1);
  if (std::getenv("KANSOKU_WRITE_GOLDEN") != nullptr) {
    std::ofstream(golden_path(), std::ios::binary) << disk.contents(path);
  }
  std::ifstream in(golden_path(), std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  CHECK(disk.contents(path) == bytes.str());
  disk.set_contents(path, bytes.str());
  auto index = index_of(disk, {1});
  CHECK(ask(*index, {.scope = kScope}).contains(3));
  CHECK(ask(*index, {.scope = kOther}).contains(900));
}

TEST_CASE("a cold segment cut anywhere or with any bit flipped is refused or answers right") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/c"));
  write_segment(disk, 1, golden_series());
  const std::string path = "/c/" + cold_name(1);
  const std::string whole = disk.contents(path);
  auto right = [&] {
    auto segment = ColdSegment::open(disk, "/c", 1);
    if (!segment) return segment.error().code == ErrorCode::DataLoss;
    auto index = ColdIndex::build({*segment});
    if (!index) return index.error().code == ErrorCode::DataLoss;
    auto found = (*index)->select({.scope = kScope}, nullptr);
    if (!found) return found.error().code == ErrorCode::DataLoss;
    return found->size() == 1 && found->front().id == 3 && found->front().last_ms == 61'000;
  };
  for (size_t size = 0; size < whole.size(); ++size) {
    disk.set_contents(path, whole.substr(0, size));
    CHECK_MESSAGE(right(), "cut at ", size);
  }
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    disk.set_contents(path, flipped);
    CHECK_MESSAGE(right(), "bit ", bit);
  }
}

TEST_CASE("idle series leave the memory, are found, and come back with the id they had") {
  MetricEngineOptions options;
  options.series_leave_min = 1;
  EngineFixture f(options);
  auto put_all = [&](int64_t ms) {
    for (const char* name : {"a", "b", "c"}) {
      CHECK(put(f, {{{{"n", name}}, ms, signal::Point(1)}}).good());
    }
  };
  auto ids = [&] {
    std::map<std::string, SeriesId> out;
    auto found = f.store().select({.scope = kScope});
    REQUIRE(found);
    for (const SeriesInfo& info : *found) out[std::string(info.labels.get("n"))] = info.id;
    return out;
  };
  put_all(f.clock().wall_now().ms());
  const auto first = ids();
  CHECK(flush(f, false));
  CHECK(f.store().stats().series == 3);
  f.clock().advance(16 * 60 * env::kNsPerS);
  CHECK(put(f, {{{{"n", "b"}}, f.clock().wall_now().ms(), signal::Point(2)}}).good());
  CHECK(flush(f, false));
  CHECK(f.store().stats().series == 1);
  CHECK(f.engine().engine_stats().series_cold == 2);
  CHECK(ids() == first);
  CHECK(read(f, {.scope = kScope}).size() == 3);
  // Whoever asks for the last minutes does not meet them.
  auto active =
      f.store().select({.scope = kScope, .active_since_ms = f.clock().wall_now().ms() - 60'000});
  REQUIRE(active);
  CHECK(active->size() == 1);
  f.restart();
  CHECK(f.store().stats().series == 1);
  CHECK(ids() == first);
  put_all(f.clock().wall_now().ms());
  CHECK(f.store().stats().series == 3);
  CHECK(ids() == first);
  f.restart();
  CHECK(ids() == first);
  auto answers = read(f, {.scope = kScope});
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].timestamps_ms.size() == 2);
}

TEST_CASE("after a start, series have their time before they count as idle") {
  MetricEngineOptions options;
  options.series_leave_min = 1;
  EngineFixture f(options);
  CHECK(put(f, {{{{"n", "a"}}, f.clock().wall_now().ms(), signal::Point(1)}}).good());
  CHECK(flush(f, false));
  f.stop();
  f.clock().advance(20 * 60 * env::kNsPerS);
  REQUIRE(f.open());
  CHECK(flush(f, false));
  CHECK(f.store().stats().series == 1);
  f.clock().advance(16 * 60 * env::kNsPerS);
  CHECK(flush(f, false));
  CHECK(f.store().stats().series == 0);
  CHECK(read(f, {.scope = kScope}).size() == 1);
}

TEST_CASE("only series that are not idle count towards the limit of a tenant") {
  MetricEngineOptions options;
  options.series_leave_min = 1;
  options.series_per_tenant_max = 2;
  EngineFixture f(options);
  const int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "a"}}, now, signal::Point(1)}, {{{"n", "b"}}, now, signal::Point(1)}})
            .good());
  CHECK_FALSE(put(f, {{{{"n", "c"}}, now, signal::Point(1)}}).good());
  CHECK(flush(f, false));
  f.clock().advance(16 * 60 * env::kNsPerS);
  f.store().enforce_retention([](Status) {});
  CHECK(flush(f, false));
  CHECK(put(f, {{{{"n", "c"}}, f.clock().wall_now().ms(), signal::Point(1)}}).good());
  CHECK(read(f, {.scope = kScope}).size() == 3);
}

TEST_CASE("a damaged cold segment stops the start, and its name is said") {
  env::SimFileSystem disk;
  EngineFixture f(cold_options(), &disk);
  CHECK(put(f, {{{{"n", "a"}}, f.clock().wall_now().ms(), signal::Point(1)}}).good());
  CHECK(flush(f, false));
  CHECK(f.engine().engine_stats().series_cold == 1);
  f.stop();
  for (const std::string& path : disk.paths()) {
    if (!path.ends_with(".kcs")) continue;
    std::string bytes = disk.contents(path);
    bytes[bytes.size() - 30] ^= 1;
    disk.set_contents(path, bytes);
  }
  Status opened = f.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::DataLoss);
  CHECK(opened.error().to_string().find("cold-") != std::string::npos);
}

}  // namespace kansoku::store::metrics
