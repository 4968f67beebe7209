// The conformance suite of Catalog, run on the reference and on SQLite, and SQLite under power
// cuts.
#include <doctest/doctest.h>

#include <random>

#include "base/env/sim.h"
#include "store/catalog/sqlite_catalog.h"
#include "store/metric_store_conformance.h"
#include "store/reference/reference_catalog.h"

namespace kansoku::store {
namespace {

struct CatalogFixture {
  env::SimClock clock;
  env::SimRandom random{5};
  env::SimFileSystem own_disk;
  env::SimFileSystem* disk = &own_disk;
  ManualExecutor executor;
  std::unique_ptr<Catalog> catalog;
  bool sqlite = false;

  explicit CatalogFixture(bool on_sqlite, env::SimFileSystem* on_disk = nullptr)
      : sqlite(on_sqlite) {
    if (on_disk != nullptr) disk = on_disk;
    REQUIRE(open());
  }
  Status open() {
    catalog.reset();
    if (!sqlite) {
      catalog = std::make_unique<ReferenceCatalog>();
      return {};
    }
    KANSOKU_TRY(catalog, SqliteCatalog::open({&clock, disk, &random}, executor, "/d/catalog.db"));
    return {};
  }
  Result<std::vector<uint64_t>> commit(std::vector<CatalogWrite> writes) {
    Result<std::vector<uint64_t>> out = unavailable("not answered");
    catalog->commit(std::move(writes), [&](auto result) { out = std::move(result); });
    executor.run_until_idle();
    return out;
  }
};

std::vector<std::string> keys(const Result<std::vector<CatalogRecord>>& records) {
  std::vector<std::string> out;
  REQUIRE(records);
  for (const CatalogRecord& record : *records) out.push_back(record.key);
  return out;
}

using Versions = std::vector<uint64_t>;

void check_catalog(CatalogFixture& f) {
  CHECK(f.commit({{"alarms", "a", "one", {{"state", "OK"}}, 0}}) == Versions{1});
  CHECK(f.commit({{"alarms", "a", "two", {{"state", "ALARM"}}, 1},
                  {"outbox", "1", "mail", {}, {}}}) == Versions{2, 1});
  auto lost = f.commit({{"outbox", "2", "mail", {}, {}}, {"alarms", "a", "three", {}, 1}});
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().code == ErrorCode::FailedPrecondition);
  CHECK(lost.error().object == "alarms/a");
  CHECK_FALSE(f.catalog->get("outbox", "2").has_value());
  CHECK_FALSE(f.commit({{"alarms", "a", "again", {}, 0}}).has_value());
  for (int round = 0; round < 2; ++round) {
    auto record = f.catalog->get("alarms", "a");
    REQUIRE(record);
    CHECK(record->value == "two");
    CHECK(record->version == 2);
    CHECK(keys(f.catalog->find("alarms", "state", "ALARM")) == std::vector<std::string>{"a"});
    CHECK(keys(f.catalog->find("alarms", "state", "OK")).empty());
    if (f.sqlite) REQUIRE(f.open());
  }
  std::vector<CatalogChange> changes;
  uint64_t watch =
      f.catalog->watch("alarms", [&](const CatalogChange& c) { changes.push_back(c); });
  CHECK(f.commit({{"alarms", "b/1", "", {}, {}},
                  {"alarms", "b/2", std::string(100'000, 'x'), {}, {}},
                  {"other", "z", "v", {}, {}}}));
  CHECK(changes.size() == 2);
  CHECK(keys(f.catalog->list("alarms", "", "", 0)) == std::vector<std::string>{"a", "b/1", "b/2"});
  CHECK(keys(f.catalog->list("alarms", "b/", "", 0)) == std::vector<std::string>{"b/1", "b/2"});
  CHECK(keys(f.catalog->list("alarms", "", "a", 1)) == std::vector<std::string>{"b/1"});
  CHECK(keys(f.catalog->list("alarms", "b/", "b/1", 0)) == std::vector<std::string>{"b/2"});
  CHECK(f.commit({{"alarms", "b/1", std::nullopt, {}, 1}}) == Versions{0});
  CHECK(changes.back().version == 0);
  f.catalog->unwatch(watch);
  CHECK(f.commit({{"alarms", "b/1", "new", {}, 0}}) == Versions{1});
  CHECK(changes.size() == 3);
}

}  // namespace

TEST_CASE("catalogs conform: the reference and SQLite") {
  for (bool sqlite : {false, true}) {
    CatalogFixture fixture(sqlite);
    check_catalog(fixture);
  }
}

TEST_CASE("the SQLite catalog answers as the reference does, step by step") {
  std::mt19937_64 random(test_seed(99));
  CatalogFixture subject(true);
  CatalogFixture model(false);
  for (int step = 0; step < 400; ++step) {
    std::vector<CatalogWrite> writes;
    for (uint64_t i = 0; i < 1 + random() % 3; ++i) {
      CatalogWrite write{"c", std::string(1, static_cast<char>('a' + random() % 6)), {}, {}, {}};
      if (random() % 4 != 0) write.value = fmt::format("v{}", step);
      if (random() % 2 == 0)
        write.indexes = {{"i", std::string(1, static_cast<char>('x' + random() % 3))}};
      if (random() % 2 == 0) write.expected_version = random() % 4;
      writes.push_back(write);
    }
    auto mine = subject.commit(writes);
    auto theirs = model.commit(writes);
    CHECK(mine.has_value() == theirs.has_value());
    if (mine && theirs) CHECK(*mine == *theirs);
    if (random() % 50 == 0) REQUIRE(subject.open());
    CHECK(keys(subject.catalog->list("c", "", "", 0)) == keys(model.catalog->list("c", "", "", 0)));
    CHECK(keys(subject.catalog->find("c", "i", "x")) == keys(model.catalog->find("c", "i", "x")));
  }
}

TEST_CASE("power cut after every operation of the catalog keeps transactions whole") {
  auto script = [](CatalogFixture& f, int& acknowledged) {
    for (int i = 1; i <= 12; ++i) {
      auto text = fmt::format("{}", i);
      auto done = f.commit({{"state", "s", text, {}, {}}, {"outbox", "o", text, {}, {}}});
      if (!done) return;
      acknowledged = i;
    }
  };
  uint64_t end = 0;
  uint64_t begin = 0;
  {
    CatalogFixture f(true);
    begin = f.disk->operations();
    int acknowledged = 0;
    script(f, acknowledged);
    CHECK(acknowledged == 12);
    end = f.disk->operations();
  }
  for (uint64_t cut = begin; cut <= end; ++cut) {
    for (auto style : {env::CutStyle::DropAll, env::CutStyle::Torn, env::CutStyle::Reordered}) {
      env::SimFileSystem disk(cut);
      disk.set_fault_hook([&](uint64_t operation, std::string_view,
                              const std::string&) -> std::optional<env::SimFault> {
        if (operation < cut) return std::nullopt;
        return env::SimFault{ErrorCode::Internal, "power is going", 200};
      });
      int acknowledged = 0;
      auto f = std::make_unique<CatalogFixture>(true, &disk);
      script(*f, acknowledged);
      disk.power_cut(style);
      f.reset();
      disk.set_fault_hook(nullptr);
      CatalogFixture again(true, &disk);
      auto state = again.catalog->get("state", "s");
      auto outbox = again.catalog->get("outbox", "o");
      CHECK(state.has_value() == outbox.has_value());
      int stored = state ? std::stoi(state->value) : 0;
      if (state && outbox) CHECK(state->value == outbox->value);
      CHECK(stored >= acknowledged);
      CHECK(stored <= acknowledged + 1);
    }
  }
}

}  // namespace kansoku::store
