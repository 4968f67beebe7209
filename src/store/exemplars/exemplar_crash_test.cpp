// Power cuts, I/O errors, full disks, truncation and bit flips under a run of appends and files:
// what was acknowledged and has not given way to newer ones is found once, or the answer says that
// something is missing.
#include <random>

#include "store/exemplars/exemplar_fixture.h"
#include "store/metric_store_conformance.h"

namespace kansoku::store::exemplars {
namespace {

using env::CutStyle;

constexpr int kBatches = 16;
constexpr int kBatchesKept = 6;  // batches that the limit holds

struct Sent {
  std::vector<int> tried;
  std::set<int> acknowledged;
};

ExemplarEngineOptions small_options() { return {.exemplars_per_account_max = 2 * kBatchesKept}; }

std::vector<TestExemplar> batch_number(int i, int64_t base_ms) {
  return {{fmt::format("s{}", i % 3), base_ms + i, 1.0 * i, "first"},
          {"shared", base_ms, 1.0 * i, "second"}};
}

// The script; goes on through errors, as clients do.
void run_script(ExemplarFixture& f, int64_t base_ms, Sent& sent) {
  for (int i = 0; i < kBatches; ++i) {
    sent.tried.push_back(i);
    auto taken = f.put(batch_number(i, base_ms));
    if (taken) CHECK(*taken == 2);
    if (taken) sent.acknowledged.insert(i);
    if (i % 5 == 4) (void)f.flush();
  }
}

// What the store holds, compared with what it may and must hold.
struct Found {
  bool wrong = false;  // something that nobody sent, or twice
  bool lost = false;   // something acknowledged is not there, or half of a batch
  bool told = false;   // the answer says that something may be missing
};

Found look(const ExemplarEngine& store, const Sent& sent, int64_t base_ms) {
  auto answer = store.find({.scope = kScope, .selectors = {{}}});
  REQUIRE(answer);
  Found out{.told = answer->missing_before_ms.has_value()};
  std::map<int, int> seen;  // halves of each batch
  size_t count = 0;
  for (const SeriesExemplars& series : answer->series) {
    for (const signal::Exemplar& one : series.exemplars) {
      ++count;
      int i = static_cast<int>(one.value);
      bool second = one.labels.get("trace_id") == "second";
      auto batch = batch_number(i, base_ms);
      const TestExemplar& was = batch[second ? 1 : 0];
      int half = second ? 2 : 1;
      bool sent_so = std::ranges::find(sent.tried, i) != sent.tried.end() &&
                     series.series.get("s") == was.series && one.timestamp_ms == was.timestamp_ms &&
                     one.labels.get("trace_id") == was.trace;
      out.wrong = out.wrong || !sent_so || (seen[i] & half) != 0;
      seen[i] |= half;
    }
  }
  out.wrong = out.wrong || count != store.stats().exemplars;
  for (const auto& [i, halves] : seen) out.lost = out.lost || halves != 3;
  size_t first = sent.tried.size() - std::min<size_t>(sent.tried.size(), kBatchesKept);
  for (size_t at = first; at < sent.tried.size(); ++at) {
    int i = sent.tried[at];
    out.lost = out.lost || (sent.acknowledged.contains(i) && !seen.contains(i));
  }
  return out;
}

bool holds(ExemplarFixture& f, const Sent& sent, int64_t base_ms) {
  Found found = look(f.store(), sent, base_ms);
  return !found.wrong && !found.lost && !found.told;
}

uint64_t operations_of_script() {
  ExemplarFixture f(small_options());
  Sent sent;
  run_script(f, f.now_ms(), sent);
  CHECK(sent.acknowledged.size() == kBatches);
  return f.disk().operations();
}

uint64_t operations_to_open() {
  ExemplarFixture f(small_options());
  return f.disk().operations();
}

struct Image {
  std::map<std::string, std::string> files;
  Sent sent;
  int64_t base_ms = 0;
};

// A store after the script, stopped as by a crash.
Image make_image() {
  Image image;
  env::SimFileSystem disk;
  auto f = std::make_unique<ExemplarFixture>(small_options(), &disk);
  image.base_ms = f->now_ms();
  run_script(*f, image.base_ms, image.sent);
  disk.power_cut(CutStyle::DropAll);
  for (const std::string& path : disk.paths()) image.files[path] = disk.contents(path);
  return image;
}

enum class Judgement { Right, Reported, Wrong };

Judgement judge(const Image& image, const std::map<std::string, std::string>& files) {
  env::SimFileSystem disk;
  (void)disk.create_directories("/d/log");
  (void)disk.create_directories(kDirectory);
  for (const auto& [path, bytes] : files) disk.set_contents(path, bytes);
  env::SimClock clock;
  env::SimRandom random(3);
  ManualExecutor executor;
  env::Env env{&clock, &disk, &random};
  auto log = wal::Log::open(env, "/d/log", {.manual = true});
  if (!log) return Judgement::Reported;
  ExemplarEngineOptions options = small_options();
  options.directory = kDirectory;
  auto store = ExemplarEngine::open(env, executor, nullptr, **log, options);
  if (!store) return Judgement::Reported;
  // A damaged last record cannot be told from an interrupted write: the start says that it cut
  // something.
  bool told = (*log)->recovery().tail_bytes_cut > 0;
  Found found = look(**store, image.sent, image.base_ms);
  told = told || found.told;
  if (found.wrong || (found.lost && !told)) return Judgement::Wrong;
  if (told) {
    // It goes on being told after the file was written anew.
    bool told_by_store =
        (*store)->find({.scope = kScope, .selectors = {{}}})->missing_before_ms.has_value();
    CHECK(told_by_store == !(*store)->stats().last_error.empty());
    (*store)->flush([](Status status) { CHECK(status); });
    executor.run_until_idle();
    (*store)->close();
    auto again = ExemplarEngine::open(env, executor, nullptr, **log, options);
    REQUIRE(again);
    CHECK((*again)->find({.scope = kScope, .selectors = {{}}})->missing_before_ms.has_value() ==
          told_by_store);
    (*again)->close();
    return Judgement::Reported;
  }
  (*store)->close();
  return Judgement::Right;
}

}  // namespace

TEST_CASE("exemplars: power cut after every write, sync and rename loses and doubles nothing") {
  uint64_t begin = operations_to_open();
  uint64_t end = operations_of_script();
  MESSAGE("operations: ", end);
  for (uint64_t cut = begin; cut <= end; ++cut) {
    for (CutStyle style :
         {CutStyle::DropAll, CutStyle::KeepAll, CutStyle::Torn, CutStyle::Reordered}) {
      env::SimFileSystem disk(cut * 7 + 1);
      disk.set_fault_hook([&](uint64_t operation, std::string_view,
                              const std::string&) -> std::optional<env::SimFault> {
        if (operation < cut) return std::nullopt;
        return env::SimFault{ErrorCode::Internal, "power is going", operation % 3 * 700};
      });
      Sent sent;
      auto f = std::make_unique<ExemplarFixture>(small_options(), &disk);
      int64_t base_ms = f->now_ms();
      run_script(*f, base_ms, sent);
      disk.power_cut(style);
      f.reset();
      disk.set_fault_hook(nullptr);
      ExemplarFixture again(small_options(), &disk);
      CHECK_MESSAGE(holds(again, sent, base_ms), "cut at ", cut, " style ",
                    static_cast<int>(style));
      // The store works on, and a file of all that was recovered changes nothing.
      CHECK(again.flush());
      CHECK(holds(again, sent, base_ms));
      again.restart();
      CHECK(holds(again, sent, base_ms));
      CHECK(*again.put({{"new", base_ms, -1, "t"}}) == 1);
    }
  }
}

TEST_CASE("exemplars: one I/O error at each call in turn loses and doubles nothing") {
  uint64_t begin = operations_to_open();
  uint64_t end = operations_of_script();
  for (uint64_t failing = begin; failing < end; ++failing) {
    env::SimFileSystem disk(failing);
    bool in_log = false;
    disk.set_fault_hook([&](uint64_t operation, std::string_view,
                            const std::string& path) -> std::optional<env::SimFault> {
      if (operation != failing) return std::nullopt;
      in_log = path.starts_with("/d/log");
      return env::SimFault{ErrorCode::Internal, "injected", 100};
    });
    Sent sent;
    auto f = std::make_unique<ExemplarFixture>(small_options(), &disk);
    int64_t base_ms = f->now_ms();
    run_script(*f, base_ms, sent);
    CHECK_MESSAGE(holds(*f, sent, base_ms), "before the cut, fault at ", failing);
    disk.power_cut(CutStyle::DropAll);
    f.reset();
    ExemplarFixture again(small_options(), &disk);
    // A group that the log gave up leaves a gap in its sequences, which it may take for damage.
    Found found = look(again.store(), sent, base_ms);
    CHECK_MESSAGE(!(found.wrong || found.lost), "after the cut, fault at ", failing);
    CHECK_MESSAGE((in_log || !found.told), "told without need, fault at ", failing);
  }
}

TEST_CASE("exemplars: a full disk refuses, and takes again when there is room") {
  env::SimFileSystem disk;
  ExemplarFixture f(small_options(), &disk);
  int64_t now = f.now_ms();
  CHECK(*f.put({{"a", now, 1, "t"}}) == 1);
  disk.set_capacity(1);
  auto refused = f.put({{"a", now, 2, "t"}});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::Unavailable);
  CHECK(f.store().stats().refused == 1);
  CHECK_FALSE(f.flush());
  CHECK(f.store().stats().last_error.find("snapshot.tmp") != std::string::npos);
  CHECK(read_all(f.store()).size() == 1);
  disk.set_capacity(0);
  CHECK(*f.put({{"a", now, 3, "t"}}) == 1);
  CHECK(f.flush());
  CHECK(f.store().stats().last_error.empty());
  f.restart();
  CHECK(read_all(f.store()).size() == 2);
}

TEST_CASE("exemplars: while the file cannot be written, they are refused before the log is full") {
  env::SimFileSystem disk;
  ExemplarEngineOptions options;
  options.pinned_log_bytes = 1'000;
  options.pinned_log_bytes_max = 10'000;
  ExemplarFixture f(options, &disk);
  disk.set_fault_hook(
      [](uint64_t, std::string_view, const std::string& path) -> std::optional<env::SimFault> {
        if (!path.starts_with(kDirectory)) return std::nullopt;
        return env::SimFault{ErrorCode::Internal, "broken", 0};
      });
  int64_t now = f.now_ms();
  int taken = 0;
  while (f.put({{"a", now + taken, 1, std::string(100, 'x')}}).has_value() && taken < 1'000) {
    ++taken;
  }
  CHECK(taken > 10);
  CHECK(taken < 100);
  CHECK(f.store().stats().file_failures == 1);
  disk.set_fault_hook(nullptr);
  CHECK(f.flush());
  CHECK(*f.put({{"a", now - 1, 1, "t"}}) == 1);
  CHECK(read_all(f.store()).size() == static_cast<size_t>(taken) + 1);
}

TEST_CASE("exemplars: the file cut at every byte is told, never wrong") {
  Image image = make_image();
  const std::string path = exemplar_file_path(kDirectory);
  const std::string bytes = image.files[path];
  REQUIRE(bytes.size() > 100);
  CHECK(judge(image, image.files) == Judgement::Right);
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto files = image.files;
    files[path].resize(size);
    CHECK_MESSAGE(judge(image, files) == Judgement::Reported, "cut at ", size);
  }
}

TEST_CASE("exemplars: bit flips over file and log give no silent wrong answer") {
  std::mt19937_64 random(test_seed(4711));
  Image image = make_image();
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : image.files) {
    if (!bytes.empty()) paths.push_back(path);
  }
  int reported = 0;
  for (int round = 0; round < 1000; ++round) {
    auto files = image.files;
    const std::string& path = paths[random() % paths.size()];
    std::string& bytes = files[path];
    size_t bit = random() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    Judgement judgement = judge(image, files);
    CHECK_MESSAGE(judgement != Judgement::Wrong, path, " bit ", bit, " round ", round);
    reported += static_cast<int>(judgement == Judgement::Reported);
  }
  MESSAGE("reported: ", reported, " of 1000");
  CHECK(reported > 0);
}

}  // namespace kansoku::store::exemplars
