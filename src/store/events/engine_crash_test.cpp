// Power cuts, I/O errors, truncation and bit flips under a scripted run of ingest, seal, merge,
// deletion and retention: acknowledged is contained in stored, stored in sent, nothing is doubled.
#include <doctest/doctest.h>

#include <random>

#include "store/events/engine_fixture.h"
#include "store/metric_store_conformance.h"

namespace kansoku::store::events {
namespace {

using env::CutStyle;

const signal::Scope kScope{"1", "r"};
constexpr int kBatches = 20;
// Batches before this one put an event into a stream that is deleted with it.
constexpr int kDeletion = 13;
constexpr int64_t kDayNs = 86'400 * env::kNsPerS;

struct Sent {
  std::set<int> tried;
  std::set<int> acknowledged;
  bool deletion_acknowledged = false;
};

EventEngineOptions small_options() {
  EventEngineOptions options;
  options.merge_fan_in = 2;
  options.copy_bytes_min = 100;  // merges copy some blocks and put others together
  options.copy_streams_max = 1;
  return options;
}

std::string message_of(int batch) {
  return fmt::format(R"({{"batch":{},"text":"{}"}})", batch, std::string(40, 'x'));
}

// Each batch has an event of its day and one of the day after; the script goes on through errors,
// as clients do.
void run_script(EngineFixture& f, int64_t base_ns, Sent& sent) {
  for (int i = 0; i < kBatches; ++i) {
    sent.tried.insert(i);
    std::vector<TestEvent> events{
        {.stream = fmt::format("s{}", i % 3), .ns = base_ns + i, .message = message_of(i)},
        {.stream = "next", .ns = base_ns + kDayNs + i, .message = message_of(i)}};
    if (i < kDeletion) {
      events.push_back({.stream = "gone", .ns = base_ns + i, .message = message_of(i)});
    }
    if (put(f, events).good()) sent.acknowledged.insert(i);
    if (i % 4 == 3) (void)flush(f, i % 8 == 7);
    if (i == kDeletion) {
      f.store().delete_stream(kScope, "g", "gone", [&](const Status& status) {
        sent.deletion_acknowledged = status.has_value();
      });
      f.run();
    }
    if (i % 10 == 9) {
      f.store().enforce_retention([](const Status&) {});
      f.run();
    }
  }
}

// Everything the store says, by stream and batch.
struct Stored {
  std::map<std::pair<std::string, int>, int> times;
  bool missing = false;
  bool wrong = false;  // something that nobody sent, or out of order
};

Stored read_all(const EventStore& store, int64_t base_ns, EventOrder order) {
  Stored out;
  std::optional<EventId> last;
  const auto report = store.scan({.scope = kScope, .order = order}, [&](EventRows& rows) {
    const auto column = rows.columns("batch");
    const auto messages = rows.columns(kMessagePath);
    if (!column || !messages) out.wrong = true;
    for (size_t row = 0; row < rows.size(); ++row) {
      const EventId id = rows.id(row);
      if (last && order == EventOrder::OldestFirst && id <= *last) out.wrong = true;
      if (last && order == EventOrder::NewestFirst && id >= *last) out.wrong = true;
      last = id;
      const std::string stream(rows.streams()[rows.stream_rows()[row]].stream);
      const int64_t first_ns = stream == "next" ? base_ns + kDayNs : base_ns;
      const auto batch = static_cast<int>(id.timestamp_ns - first_ns);
      if (batch < 0 || batch >= kBatches) {
        out.wrong = true;
        continue;
      }
      ++out.times[{stream, batch}];
      // A damaged column is shown as none, and told.
      if (column->empty() || messages->empty()) continue;
      if ((*column)[0].has(row) && (*column)[0].integers[row] != batch) out.wrong = true;
      if ((*messages)[0].has(row) && (*messages)[0].text(row) != message_of(batch)) {
        out.wrong = true;
      }
    }
    return Result<bool>(true);
  });
  REQUIRE(report);
  out.missing = !report->missing.empty();
  return out;
}

// True when what is stored is what was sent allows.
bool holds(const Stored& stored, const Sent& sent) {
  if (stored.wrong) return false;
  for (const auto& [key, times] : stored.times) {
    if (times != 1 || !sent.tried.contains(key.second)) return false;
    if (key.first == "gone" && sent.deletion_acknowledged) return false;
  }
  if (stored.missing) return true;
  for (const int batch : sent.acknowledged) {
    if (!stored.times.contains({fmt::format("s{}", batch % 3), batch})) return false;
    if (!stored.times.contains({"next", batch})) return false;
  }
  return true;
}

bool holds(EngineFixture& f, int64_t base_ns, const Sent& sent) {
  bool good = true;
  for (const EventOrder order :
       {EventOrder::Any, EventOrder::OldestFirst, EventOrder::NewestFirst}) {
    const Stored stored = read_all(f.store(), base_ns, order);
    good = good && !stored.missing && holds(stored, sent);
  }
  return good;
}

uint64_t operations_of_script() {
  EngineFixture f(small_options());
  Sent sent;
  run_script(f, f.clock().wall_now().ns, sent);
  CHECK(sent.acknowledged.size() == kBatches);
  CHECK(sent.deletion_acknowledged);
  CHECK(f.engine().engine_stats().blocks_copied > 0);
  CHECK(holds(f, f.clock().wall_now().ns, sent));
  return f.disk().operations();
}

uint64_t operations_to_open() {
  EngineFixture f(small_options());
  return f.disk().operations();
}

int64_t base_of_clock() {
  const env::SimClock clock;
  return clock.wall_now().ns;
}

// Runs the script on a disk that fails from operation `cut` on, cuts the power, opens again.
void cut_at(uint64_t cut, CutStyle style, uint64_t seed) {
  env::SimFileSystem disk(seed);
  disk.set_fault_hook([&](uint64_t operation, std::string_view,
                          const std::string&) -> std::optional<env::SimFault> {
    if (operation < cut) return std::nullopt;
    return env::SimFault{ErrorCode::Internal, "power is going", operation % 3 * 700};
  });
  Sent sent;
  const int64_t base_ns = base_of_clock();
  try {
    auto f = std::make_unique<EngineFixture>(small_options(), &disk);
    run_script(*f, base_ns, sent);
    disk.power_cut(style);
  } catch (const doctest::detail::TestFailureException&) {
    disk.power_cut(style);
  }
  disk.set_fault_hook(nullptr);
  EngineFixture again(small_options(), &disk);
  const bool good = holds(again, base_ns, sent);
  CHECK_MESSAGE(good, "cut at ", cut, " style ", static_cast<int>(style), " seed ", seed);
  // The store works on, and a merge of all that was recovered changes nothing.
  CHECK(flush(again, true));
  CHECK(holds(again, base_ns, sent));
  again.restart();
  CHECK(holds(again, base_ns, sent));
}

struct Image {
  std::map<std::string, std::string> files;
  Sent sent;
  int64_t base_ns = 0;
};

// A store after the script, stopped as by a crash.
Image make_image(bool sealed) {
  Image image;
  env::SimFileSystem disk;
  auto f = std::make_unique<EngineFixture>(small_options(), &disk);
  image.base_ns = f->clock().wall_now().ns;
  if (sealed) {
    run_script(*f, image.base_ns, image.sent);
  } else {
    for (int i = 0; i < 3; ++i) {
      image.sent.tried.insert(i);
      const auto verdict = put(
          *f, {{.stream = fmt::format("s{}", i), .ns = image.base_ns + i, .message = message_of(i)},
               {.stream = "next", .ns = image.base_ns + kDayNs + i, .message = message_of(i)}});
      if (verdict.good()) image.sent.acknowledged.insert(i);
    }
  }
  disk.power_cut(CutStyle::DropAll);
  for (const std::string& path : disk.paths()) image.files[path] = disk.contents(path);
  return image;
}

enum class Judgement : uint8_t { Right, Reported, Wrong };

// Opens a damaged image. Reported: open fails, a scan names missing times, or statistics tell.
Judgement judge(const Image& image, const std::map<std::string, std::string>& files) {
  env::SimFileSystem disk;
  (void)disk.create_directories("/d/log");
  (void)disk.create_directories("/d/events");
  for (const auto& [path, bytes] : files) disk.set_contents(path, bytes);
  env::SimClock clock;
  env::SimRandom random(3);
  ManualExecutor executor;
  const env::Env env{&clock, &disk, &random};
  auto log = wal::Log::open(env, "/d/log", {.manual = true});
  if (!log) return Judgement::Reported;
  EventEngineOptions options = small_options();
  options.directory = "/d/events";
  auto engine = EventEngine::open(env, executor, nullptr, **log, options);
  if (!engine) return Judgement::Reported;
  bool told = (*log)->recovery().tail_bytes_cut > 0 || !(*engine)->stats().last_error.empty();
  for (const EventOrder order : {EventOrder::Any, EventOrder::NewestFirst}) {
    Stored stored = read_all(**engine, image.base_ns, order);
    told = told || stored.missing;
    stored.missing = told;
    Sent sent = image.sent;
    // A deletion whose record was damaged, which the start tells, may be undone.
    if (told) sent.deletion_acknowledged = false;
    if (!holds(stored, sent)) return Judgement::Wrong;
  }
  // Merging what is there ends, and makes nothing of it wrong.
  (*log)->start();
  bool answered = false;
  (*engine)->flush(true, [&](const Status&) { answered = true; });
  while (executor.run_one() || (*log)->run_once()) {
  }
  if (!answered) return Judgement::Wrong;
  Stored merged = read_all(**engine, image.base_ns, EventOrder::OldestFirst);
  told = told || merged.missing;
  merged.missing = told;
  Sent sent = image.sent;
  if (told) sent.deletion_acknowledged = false;
  if (!holds(merged, sent)) return Judgement::Wrong;
  return told ? Judgement::Reported : Judgement::Right;
}

}  // namespace

TEST_CASE("events: power cut after every write, sync and rename loses and doubles nothing") {
  const uint64_t begin = operations_to_open();
  const uint64_t end = operations_of_script();
  MESSAGE("operations: ", end);
  for (uint64_t cut = begin; cut <= end; ++cut) {
    for (const CutStyle style :
         {CutStyle::DropAll, CutStyle::KeepAll, CutStyle::Torn, CutStyle::Reordered}) {
      cut_at(cut, style, cut * 7 + 1);
    }
  }
}

TEST_CASE("events: one I/O error at each call in turn loses and doubles nothing") {
  const uint64_t begin = operations_to_open();
  const uint64_t end = operations_of_script();
  for (uint64_t failing = begin; failing < end; ++failing) {
    env::SimFileSystem disk(failing);
    disk.set_fault_hook([&](uint64_t operation, std::string_view,
                            const std::string&) -> std::optional<env::SimFault> {
      if (operation != failing) return std::nullopt;
      return env::SimFault{ErrorCode::Internal, "injected", 100};
    });
    Sent sent;
    auto f = std::make_unique<EngineFixture>(small_options(), &disk);
    const int64_t base_ns = f->clock().wall_now().ns;
    run_script(*f, base_ns, sent);
    const bool live = holds(*f, base_ns, sent);
    CHECK_MESSAGE(live, "before the cut, fault at ", failing);
    disk.power_cut(CutStyle::DropAll);
    f.reset();
    EngineFixture again(small_options(), &disk);
    const bool good = holds(again, base_ns, sent);
    CHECK_MESSAGE(good, "after the cut, fault at ", failing);
  }
}

TEST_CASE("events: a full disk refuses, and takes again when there is room") {
  env::SimFileSystem disk;
  EngineFixture f(small_options(), &disk);
  CHECK(put(f, {{.ns = 1, .message = "a"}}).good());
  disk.set_capacity(1);
  const auto refused = put(f, {{.ns = 2, .message = "b"}});
  CHECK_FALSE(refused.good());
  CHECK(refused.status.error().code == ErrorCode::Unavailable);
  CHECK_FALSE(flush(f, false));
  CHECK(read(f, {}).size() == 1);
  disk.set_capacity(0);
  CHECK(put(f, {{.ns = 3, .message = "c"}}).good());
  CHECK(flush(f, true));
  f.restart();
  CHECK(read(f, {}) == std::vector<std::string>{"1 g/s @message=t:a", "3 g/s @message=t:c"});
  // No file is left of what failed.
  for (const std::string& path : disk.paths()) CHECK_FALSE(path.ends_with(".tmp"));
}

TEST_CASE("events: the log cut at every byte gives a prefix or says so") {
  const Image image = make_image(false);
  for (const auto& [path, bytes] : image.files) {
    if (!path.ends_with(".wal")) continue;
    for (size_t size = 0; size < bytes.size(); ++size) {
      auto files = image.files;
      files[path].resize(size);
      Image cut = image;
      // A log cut on a record's end looks whole: only what is read must be right then.
      cut.sent.acknowledged.clear();
      const bool fine = judge(cut, files) != Judgement::Wrong;
      CHECK_MESSAGE(fine, path, " cut at ", size);
    }
  }
}

TEST_CASE("events: a part or the manifest cut at every byte is fenced or recovered, never wrong") {
  const Image image = make_image(true);
  for (const auto& [path, bytes] : image.files) {
    if (!path.ends_with(".kep") && !path.ends_with("manifest")) continue;
    for (size_t size = 0; size < bytes.size(); ++size) {
      auto files = image.files;
      files[path].resize(size);
      const bool fine = judge(image, files) != Judgement::Wrong;
      CHECK_MESSAGE(fine, path, " cut at ", size);
    }
  }
}

TEST_CASE("events: 1,000 bit flips over log, parts and manifest give no silent wrong answer") {
  std::mt19937_64 random(test_seed(4711));
  const std::array<Image, 2> images{make_image(false), make_image(true)};
  int reported = 0;
  for (int round = 0; round < 1000; ++round) {
    const Image& image = images[static_cast<size_t>(round % 2)];
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : image.files) {
      if (!bytes.empty()) paths.push_back(path);
    }
    const std::string& path = paths[random() % paths.size()];
    auto files = image.files;
    std::string& bytes = files[path];
    const size_t bit = random() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const Judgement judgement = judge(image, files);
    CHECK_MESSAGE(judgement != Judgement::Wrong, path, " bit ", bit, " round ", round);
    reported += static_cast<int>(judgement == Judgement::Reported);
  }
  MESSAGE("reported: ", reported, " of 1000");
  CHECK(reported > 0);
}

TEST_CASE("events: every byte of a part damaged in turn is told, and the rest is still read") {
  const Image image = make_image(true);
  int told = 0;
  int rounds = 0;
  for (const auto& [path, bytes] : image.files) {
    if (!path.ends_with(".kep")) continue;
    for (size_t at = 0; at < bytes.size(); at += 3) {
      auto files = image.files;
      files[path][at] = static_cast<char>(files[path][at] ^ 0x55);
      const Judgement judgement = judge(image, files);
      CHECK_MESSAGE(judgement != Judgement::Wrong, path, " byte ", at);
      told += static_cast<int>(judgement == Judgement::Reported);
      ++rounds;
    }
  }
  MESSAGE("told: ", told, " of ", rounds);
  CHECK(told > rounds / 3);
}

}  // namespace kansoku::store::events
