// Power cuts, I/O errors, truncation and bit flips under a scripted run of ingest, seal, merge and
// retention: acknowledged is contained in stored, stored in sent, nothing is doubled.
#include <doctest/doctest.h>

#include <random>

#include "store/metrics/engine_fixture.h"

namespace kansoku::store::metrics {
namespace {

using env::CutStyle;
using signal::MergeKind;
using signal::Point;

const signal::Scope kScope{"1", "r"};
// Batch i adds 4^i to one cell: the digits of the sum in base 4 say how often each batch is stored.
constexpr int kBatches = 20;

struct Sent {
  std::set<int> tried;
  std::set<int> acknowledged;
};

MetricEngineOptions small_options(bool cold) {
  MetricEngineOptions options = cold ? cold_options() : MetricEngineOptions();
  options.merge_fan_in = 2;
  return options;
}

// The script; goes on through errors, as clients do.
void run_script(EngineFixture& f, int64_t base_ms, Sent& sent) {
  for (int i = 0; i < kBatches; ++i) {
    sent.tried.insert(i);
    auto verdict =
        put(f, {{{{"n", "sum"}}, base_ms, Point(std::pow(4.0, i)), MergeKind::Accumulate},
                {{{"n", fmt::format("replace{}", i % 4)}}, base_ms + i * 1000, Point(i)}});
    if (verdict.good()) sent.acknowledged.insert(i);
    if (i % 4 == 3) (void)flush(f, i % 8 == 7);
    if (i % 10 == 9) {
      f.store().enforce_retention([](Status) {});
      f.run();
    }
  }
}

// Everything the store says about the script's series.
struct Stored {
  std::array<int, kBatches> times{};  // of each batch, by the accumulating series
  std::set<int> replaced;             // batches seen in the replacing series
  bool missing = false;
  bool wrong = false;  // something that nobody sent
};

Stored read_stored(EngineFixture& f, int64_t base_ms) {
  Stored out;
  auto found = f.store().select({.scope = kScope});
  REQUIRE(found);
  MetricScan scan{.scope = kScope};
  std::map<SeriesId, SeriesInfo> infos;
  for (const SeriesInfo& info : *found) {
    scan.ids.push_back(info.id);
    infos[info.id] = info;
  }
  auto report = f.store().scan(scan, [&](const SeriesPoints& p) {
    if (infos[p.id].merge == MergeKind::Accumulate) {
      if (p.size() != 1 || p.timestamps_ms[0] != base_ms) out.wrong = true;
      auto sum = static_cast<uint64_t>(p.point(0).sum());
      for (int& times : out.times) {
        times = static_cast<int>(sum % 4);
        sum /= 4;
      }
      return Status();
    }
    for (size_t i = 0; i < p.size(); ++i) {
      int batch = static_cast<int>(p.point(i).value);
      if (p.timestamps_ms[i] != base_ms + batch * 1000) out.wrong = true;
      out.replaced.insert(batch);
    }
    return Status();
  });
  REQUIRE(report);
  out.missing = !report->missing.empty();
  // The tiers hold the same sum.
  scan.tier_ms = 3'600'000;
  double raw = 0;
  double cells = 0;
  for (int i = 0; i < kBatches; ++i) raw += out.times[static_cast<size_t>(i)] * std::pow(4.0, i);
  auto tiers = f.store().scan(scan, [&](const SeriesPoints& p) {
    if (infos[p.id].merge != MergeKind::Accumulate) return Status();
    for (double value : p.values) cells += value;
    return Status();
  });
  REQUIRE(tiers);
  out.missing = out.missing || !tiers->missing.empty();
  if (raw != cells && !out.missing) out.wrong = true;
  return out;
}

// True when `stored` is what `sent` allows.
bool holds(const Stored& stored, const Sent& sent) {
  if (stored.wrong || stored.missing) return false;
  for (int i = 0; i < kBatches; ++i) {
    int times = stored.times[static_cast<size_t>(i)];
    if (times > 1) return false;
    if (times == 0 && sent.acknowledged.contains(i)) return false;
    if (times == 1 && !sent.tried.contains(i)) return false;
    if (sent.acknowledged.contains(i) && !stored.replaced.contains(i)) return false;
  }
  return true;
}

uint64_t operations_of_script(bool cold) {
  EngineFixture f(small_options(cold));
  Sent sent;
  run_script(f, f.clock().wall_now().ms(), sent);
  CHECK(sent.acknowledged.size() == kBatches);
  return f.disk().operations();
}

// Runs the script on a disk that fails from operation `cut` on, cuts the power, opens again.
void cut_at(uint64_t cut, CutStyle style, uint64_t seed, bool cold) {
  env::SimFileSystem disk(seed);
  disk.set_fault_hook([&](uint64_t operation, std::string_view,
                          const std::string&) -> std::optional<env::SimFault> {
    if (operation < cut) return std::nullopt;
    return env::SimFault{ErrorCode::Internal, "power is going", operation % 3 * 700};
  });
  Sent sent;
  int64_t base_ms = 0;
  {
    env::SimClock clock;
    base_ms = clock.wall_now().ms();
  }
  try {
    auto f = std::make_unique<EngineFixture>(small_options(cold), &disk);
    run_script(*f, base_ms, sent);
    disk.power_cut(style);
  } catch (const doctest::detail::TestFailureException&) {
    disk.power_cut(style);
  }
  disk.set_fault_hook(nullptr);
  EngineFixture again(small_options(cold), &disk);
  bool good = holds(read_stored(again, base_ms), sent);
  CHECK_MESSAGE(good, "cut at ", cut, " style ", static_cast<int>(style), " seed ", seed);
  // The store works on, and a merge of all that was recovered changes nothing.
  CHECK(flush(again, true));
  CHECK(holds(read_stored(again, base_ms), sent));
  again.restart();
  CHECK(holds(read_stored(again, base_ms), sent));
}

// First operations happen while the store is first opened; the script begins behind them.
uint64_t operations_to_open(bool cold) {
  EngineFixture f(small_options(cold));
  return f.disk().operations();
}

struct Image {
  std::map<std::string, std::string> files;
  Sent sent;
  int64_t base_ms = 0;
  bool cold = false;
};

// A store after the script, stopped as by a crash.
Image make_image(bool sealed, bool cold) {
  Image image;
  image.cold = cold;
  env::SimFileSystem disk;
  auto f = std::make_unique<EngineFixture>(small_options(cold), &disk);
  image.base_ms = f->clock().wall_now().ms();
  if (sealed) {
    run_script(*f, image.base_ms, image.sent);
  } else {
    for (int i = 0; i < 3; ++i) {
      image.sent.tried.insert(i);
      auto verdict =
          put(*f, {{{{"n", "sum"}}, image.base_ms, Point(std::pow(4.0, i)), MergeKind::Accumulate},
                   {{{"n", "replace"}}, image.base_ms + i * 1000, Point(i)}});
      if (verdict.good()) image.sent.acknowledged.insert(i);
    }
  }
  disk.power_cut(CutStyle::DropAll);
  for (const std::string& path : disk.paths()) image.files[path] = disk.contents(path);
  return image;
}

enum class Judgement { Right, Reported, Wrong };

// Opens a damaged image. Reported: open fails, a scan names missing times, or statistics tell.
Judgement judge(const Image& image, const std::map<std::string, std::string>& files) {
  env::SimFileSystem disk;
  (void)disk.create_directories("/d/log");
  (void)disk.create_directories("/d/metrics");
  for (const auto& [path, bytes] : files) disk.set_contents(path, bytes);
  env::SimClock clock;
  env::SimRandom random(3);
  ManualExecutor executor;
  env::Env env{&clock, &disk, &random};
  auto log = wal::Log::open(env, "/d/log", {.manual = true});
  if (!log) return Judgement::Reported;
  MetricEngineOptions options = small_options(image.cold);
  options.directory = "/d/metrics";
  auto engine = MetricEngine::open(env, executor, nullptr, **log, options);
  if (!engine) return Judgement::Reported;
  // A damaged last record cannot be told from an interrupted write: the start says that it cut
  // something. Everything else every query must say.
  bool told = (*log)->recovery().tail_bytes_cut > 0;
  auto empty = (*engine)->scan({.scope = kScope}, [](const SeriesPoints&) { return Status(); });
  if (!empty) return Judgement::Reported;
  told = told || !empty->missing.empty();
  std::set<int> replaced;
  std::array<int, kBatches> times{};
  bool wrong = false;
  auto found = (*engine)->select({.scope = kScope});
  if (!found) return Judgement::Reported;
  for (const SeriesInfo& info : *found) {
    auto report = (*engine)->scan({.scope = kScope, .ids = {info.id}}, [&](const SeriesPoints& p) {
      for (size_t i = 0; i < p.size(); ++i) {
        if (info.merge == MergeKind::Replace) {
          int batch = static_cast<int>(p.point(i).value);
          wrong = wrong || p.timestamps_ms[i] != image.base_ms + batch * 1000;
          replaced.insert(batch);
          continue;
        }
        auto sum = static_cast<uint64_t>(p.point(i).sum());
        for (int& each : times) {
          each = static_cast<int>(sum % 4);
          sum /= 4;
          wrong = wrong || each > 1;
        }
      }
      return Status();
    });
    if (!report) return Judgement::Reported;
    told = told || !report->missing.empty();
  }
  if (wrong) return Judgement::Wrong;
  for (int i : image.sent.acknowledged) {
    if ((times[static_cast<size_t>(i)] != 1 || !replaced.contains(i)) && !told) {
      return Judgement::Wrong;
    }
  }
  return told ? Judgement::Reported : Judgement::Right;
}

}  // namespace

TEST_CASE("power cut after every write, sync and rename loses and doubles nothing") {
  for (bool cold : {false, true}) {
    uint64_t begin = operations_to_open(cold);
    uint64_t end = operations_of_script(cold);
    MESSAGE("operations: ", end);
    for (uint64_t cut = begin; cut <= end; ++cut) {
      for (CutStyle style :
           {CutStyle::DropAll, CutStyle::KeepAll, CutStyle::Torn, CutStyle::Reordered}) {
        cut_at(cut, style, cut * 7 + 1, cold);
      }
    }
  }
}

TEST_CASE("one I/O error at each call in turn loses and doubles nothing") {
  for (bool cold : {false, true}) {
    uint64_t begin = operations_to_open(cold);
    uint64_t end = operations_of_script(cold);
    for (uint64_t failing = begin; failing < end; ++failing) {
      env::SimFileSystem disk(failing);
      disk.set_fault_hook([&](uint64_t operation, std::string_view,
                              const std::string&) -> std::optional<env::SimFault> {
        if (operation != failing) return std::nullopt;
        return env::SimFault{ErrorCode::Internal, "injected", 100};
      });
      Sent sent;
      auto f = std::make_unique<EngineFixture>(small_options(cold), &disk);
      int64_t base_ms = f->clock().wall_now().ms();
      run_script(*f, base_ms, sent);
      bool live = holds(read_stored(*f, base_ms), sent);
      CHECK_MESSAGE(live, "before the cut, fault at ", failing);
      disk.power_cut(CutStyle::DropAll);
      f.reset();
      EngineFixture again(small_options(cold), &disk);
      bool good = holds(read_stored(again, base_ms), sent);
      CHECK_MESSAGE(good, "after the cut, fault at ", failing);
    }
  }
}

TEST_CASE("a full disk refuses, and takes again when there is room") {
  env::SimFileSystem disk;
  EngineFixture f(small_options(false), &disk);
  int64_t now = f.clock().wall_now().ms();
  CHECK(put(f, {{{{"n", "a"}}, now, Point(1)}}).good());
  disk.set_capacity(1);
  auto refused = put(f, {{{{"n", "a"}}, now + 1, Point(2)}});
  CHECK_FALSE(refused.good());
  CHECK(refused.status.error().code == ErrorCode::Unavailable);
  CHECK_FALSE(flush(f, false));
  CHECK(read(f, {.scope = kScope})[0].points.size() == 1);
  disk.set_capacity(0);
  CHECK(put(f, {{{{"n", "a"}}, now + 2, Point(3)}}).good());
  CHECK(flush(f, true));
  f.restart();
  CHECK(read(f, {.scope = kScope})[0].timestamps_ms == std::vector<int64_t>{now, now + 2});
}

TEST_CASE("the log cut at every byte gives a prefix or says so") {
  Image image = make_image(false, false);
  for (const auto& [path, bytes] : image.files) {
    if (!path.ends_with(".wal")) continue;
    for (size_t size = 0; size < bytes.size(); ++size) {
      auto files = image.files;
      files[path].resize(size);
      Image cut = image;
      // A log cut on a record's end looks whole: only what is read must be right then.
      cut.sent.acknowledged.clear();
      bool fine = judge(cut, files) != Judgement::Wrong;
      CHECK_MESSAGE(fine, path, " cut at ", size);
    }
  }
}

TEST_CASE(
    "a part, a cold segment or the manifest cut at every byte is fenced or recovered, never "
    "wrong") {
  for (bool cold : {false, true}) {
    Image image = make_image(true, cold);
    for (const auto& [path, bytes] : image.files) {
      if (!path.ends_with(".kmp") && !path.ends_with(".kcs") && !path.ends_with("manifest"))
        continue;
      for (size_t size = 0; size < bytes.size(); ++size) {
        auto files = image.files;
        files[path].resize(size);
        bool fine = judge(image, files) != Judgement::Wrong;
        CHECK_MESSAGE(fine, path, " cut at ", size);
      }
    }
  }
}

TEST_CASE(
    "1,000 bit flips over log, parts, segments, manifest and series file give no silent wrong "
    "answer") {
  std::mt19937_64 random(test_seed(4711));
  int reported = 0;
  for (int round = 0; round < 1000; ++round) {
    Image image = make_image(round % 2 == 0, round % 4 < 2);
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : image.files) {
      if (!bytes.empty() && !path.ends_with("secret")) paths.push_back(path);
    }
    const std::string& path = paths[random() % paths.size()];
    std::string& bytes = image.files[path];
    size_t bit = random() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    Judgement judgement = judge(image, image.files);
    CHECK_MESSAGE(judgement != Judgement::Wrong, path, " bit ", bit, " round ", round);
    reported += static_cast<int>(judgement == Judgement::Reported);
  }
  MESSAGE("reported: ", reported, " of 1000");
  CHECK(reported > 0);
}

TEST_CASE("a second process on the data directory is refused") {
  env::SimFileSystem disk;
  EngineFixture f({}, &disk);
  env::SimClock clock;
  env::SimRandom random(1);
  auto second = wal::Log::open({&clock, &disk, &random}, "/d/log", {.manual = true});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == ErrorCode::FailedPrecondition);
}

TEST_CASE("a numbered batch that is sent again counts once, also after a restart") {
  EngineFixture f;
  int64_t now = f.clock().wall_now().ms();
  std::vector<TestPoint> points{{{{"n", "a"}}, now, Point(5), MergeKind::Accumulate}};
  for (int round = 0; round < 4; ++round) {
    CHECK(put(f, points, kScope, {"agent", 1, 7}).good());
    if (round == 1) f.restart();
    if (round == 2) CHECK(flush(f, true));
  }
  CHECK(read(f, {.scope = kScope})[0].points[0].sum() == 5);
  CHECK(put(f, points, kScope, {"agent", 1, 8}).good());
  CHECK(read(f, {.scope = kScope})[0].points[0].sum() == 10);
}

}  // namespace kansoku::store::metrics
