#include "base/env/sim.h"

#include <doctest/doctest.h>

namespace kansoku::env {
namespace {

std::unique_ptr<File> make(SimFileSystem& disk, const std::string& path) {
  REQUIRE(disk.create_directories("/d"));
  auto file = disk.open(path, OpenMode::Create);
  REQUIRE(file);
  return std::move(*file);
}

}  // namespace

TEST_CASE("unsynced writes and unsynced names vanish in a power cut") {
  SimFileSystem disk;
  auto a = make(disk, "/d/a");
  REQUIRE(a->write_at(0, as_bytes("synced")));
  REQUIRE(a->sync_data());
  REQUIRE(disk.sync_directory("/d"));
  REQUIRE(a->write_at(6, as_bytes(" not")));
  auto b = make(disk, "/d/b");
  REQUIRE(b->write_at(0, as_bytes("x")));
  REQUIRE(b->sync_data());
  CHECK(disk.contents("/d/a") == "synced not");
  disk.power_cut(CutStyle::DropAll);
  CHECK(disk.contents("/d/a") == "synced");
  CHECK_FALSE(disk.exists("/d/b"));
  CHECK_FALSE(a->write_at(0, as_bytes("z")));
}

TEST_CASE("a process kill keeps everything") {
  SimFileSystem disk;
  auto a = make(disk, "/d/a");
  REQUIRE(a->write_at(0, as_bytes("page cache")));
  disk.power_cut(CutStyle::KeepAll);
  CHECK(disk.contents("/d/a") == "page cache");
}

TEST_CASE("torn writes end on a sector, and every cut is a prefix of the operations") {
  bool torn = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFileSystem disk(seed);
    auto a = make(disk, "/d/a");
    REQUIRE(disk.sync_directory("/d"));
    std::string first(2048, 'a');
    REQUIRE(a->write_at(0, as_bytes(first)));
    REQUIRE(a->write_at(2048, as_bytes(std::string(2048, 'b'))));
    disk.power_cut(CutStyle::Torn);
    std::string left = disk.contents("/d/a");
    CHECK(left.size() % 512 == 0);
    if (left.size() > 2048) CHECK(left.substr(0, 2048) == first);
    torn = torn || (left.size() % 2048 != 0);
  }
  CHECK(torn);
}

TEST_CASE("reordering may keep a later write without an earlier one") {
  bool seen = false;
  for (uint64_t seed = 0; seed < 50 && !seen; ++seed) {
    SimFileSystem disk(seed);
    auto a = make(disk, "/d/a");
    REQUIRE(a->write_at(0, as_bytes(std::string(512, '0'))));
    REQUIRE(a->sync_data());
    REQUIRE(disk.sync_directory("/d"));
    REQUIRE(a->write_at(0, as_bytes(std::string(512, 'a'))));
    REQUIRE(a->write_at(512, as_bytes(std::string(512, 'b'))));
    disk.power_cut(CutStyle::Reordered);
    std::string left = disk.contents("/d/a");
    seen = left == std::string(512, '0') + std::string(512, 'b');
  }
  CHECK(seen);
}

TEST_CASE("a rename is durable only after the directory's sync") {
  for (bool synced : {false, true}) {
    SimFileSystem disk;
    auto a = make(disk, "/d/a.tmp");
    REQUIRE(a->write_at(0, as_bytes("new")));
    REQUIRE(a->sync_data());
    REQUIRE(disk.sync_directory("/d"));
    REQUIRE(disk.rename("/d/a.tmp", "/d/a"));
    if (synced) REQUIRE(disk.sync_directory("/d"));
    disk.power_cut(CutStyle::DropAll);
    CHECK(disk.exists("/d/a") == synced);
    CHECK(disk.exists("/d/a.tmp") == !synced);
  }
}

TEST_CASE("faults hit the call they are meant for") {
  SimFileSystem disk;
  auto a = make(disk, "/d/a");
  std::string failing;
  disk.set_fault_hook(
      [&](uint64_t, std::string_view name, const std::string&) -> std::optional<SimFault> {
        if (name != failing) return std::nullopt;
        return SimFault{ErrorCode::Internal, "injected", 2};
      });
  failing = "write";
  CHECK_FALSE(a->write_at(0, as_bytes("four")));
  CHECK(disk.contents("/d/a") == "fo");
  failing = "sync";
  CHECK_FALSE(a->sync_data());
  failing = "truncate";
  CHECK_FALSE(a->truncate(0));
  failing = "rename";
  CHECK_FALSE(disk.rename("/d/a", "/d/b"));
  failing = "remove";
  CHECK_FALSE(disk.remove("/d/a"));
  failing = "sync directory";
  CHECK_FALSE(disk.sync_directory("/d"));
  failing = "open";
  CHECK_FALSE(disk.open("/d/new", OpenMode::CreateNew).has_value());
  failing = "";
  CHECK(a->sync_data());
}

TEST_CASE("after a failed sync the data are gone though a later sync succeeds") {
  SimFileSystem disk;
  auto a = make(disk, "/d/a");
  REQUIRE(disk.sync_directory("/d"));
  bool fail_once = true;
  disk.set_fault_hook(
      [&](uint64_t, std::string_view name, const std::string&) -> std::optional<SimFault> {
        if (name != "sync" || !std::exchange(fail_once, false)) return std::nullopt;
        return SimFault{};
      });
  REQUIRE(a->write_at(0, as_bytes("lost")));
  CHECK_FALSE(a->sync_data());
  disk.power_cut(CutStyle::DropAll);
  CHECK(disk.contents("/d/a").empty());
}

TEST_CASE("a full disk refuses writes and preallocation") {
  SimFileSystem disk;
  auto a = make(disk, "/d/a");
  disk.set_capacity(4);
  CHECK(a->write_at(0, as_bytes("1234")));
  auto refused = a->write_at(4, as_bytes("5"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::Unavailable);
  CHECK_FALSE(a->preallocate(100));
}

TEST_CASE("a lock has one holder at a time") {
  SimFileSystem disk;
  REQUIRE(disk.create_directories("/d"));
  auto first = disk.lock("/d/lock");
  REQUIRE(first);
  CHECK_FALSE(disk.lock("/d/lock").has_value());
  first->reset();
  CHECK(disk.lock("/d/lock").has_value());
}

TEST_CASE("timers run in order, at their own time, and not after cancel") {
  SimClock clock;
  int64_t start = clock.monotonic_now().ns;
  std::vector<std::pair<char, int64_t>> ran;
  auto note = [&](char name) { ran.emplace_back(name, clock.monotonic_now().ns - start); };
  clock.after(20, [&] { note('b'); });
  clock.after(10, [&] {
    note('a');
    clock.after(5, [&] { note('c'); });
  });
  uint64_t gone = clock.after(12, [&] { note('x'); });
  CHECK(clock.cancel(gone));
  CHECK_FALSE(clock.cancel(gone));
  clock.advance(30);
  CHECK(ran == std::vector<std::pair<char, int64_t>>{{'a', 10}, {'c', 15}, {'b', 20}});
}

TEST_CASE("the wall clock may jump, the monotonic one does not") {
  SimClock clock;
  int64_t wall = clock.wall_now().ns;
  int64_t monotonic = clock.monotonic_now().ns;
  clock.jump_wall(-5 * kNsPerS);
  CHECK(clock.wall_now().ns == wall - 5 * kNsPerS);
  CHECK(clock.monotonic_now().ns == monotonic);
}

TEST_CASE("real files: write_atomic, read_all, listing, locks") {
  FileSystem& files = real_files();
  std::string directory = fmt::format("{}/env_test_{:x}", KANSOKU_BINARY_DIR, real_random().u64());
  REQUIRE(files.create_directories(directory));
  std::string path = join_path(directory, "a");
  REQUIRE(files.write_atomic(path, "text"));
  CHECK(files.read_all(path) == "text");
  CHECK_FALSE(files.read_all(path, 2).has_value());
  auto listed = files.list(directory);
  REQUIRE(listed);
  CHECK(listed->size() == 1);
  auto lock = files.lock(join_path(directory, "lock"));
  REQUIRE(lock);
  CHECK_FALSE(files.lock(join_path(directory, "lock")).has_value());
  auto missing = files.open(join_path(directory, "none"), OpenMode::Read);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == ErrorCode::NotFound);
  lock->reset();
  CHECK(files.remove(path));
  CHECK(files.remove(join_path(directory, "lock")));
  CHECK(files.remove(directory));
}

}  // namespace kansoku::env
