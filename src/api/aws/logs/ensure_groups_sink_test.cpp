#include "api/aws/logs/ensure_groups_sink.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "pipeline/exporters/store/store_exporter.h"
#include "store/reference/reference_catalog.h"
#include "store/reference/reference_events.h"

namespace kansoku::api::aws::logs {
namespace {

using signal::Outcome;

// Fails every commit while told so.
class TestCatalog final : public store::Catalog {
 public:
  bool fails = false;
  Result<store::CatalogRecord> get(const std::string& collection,
                                   const std::string& key) const override {
    return inner_.get(collection, key);
  }
  Result<std::vector<store::CatalogRecord>> list(const std::string& collection,
                                                 const std::string& prefix,
                                                 const std::string& after,
                                                 size_t limit) const override {
    return inner_.list(collection, prefix, after, limit);
  }
  Result<std::vector<store::CatalogRecord>> find(const std::string& collection,
                                                 const std::string& index,
                                                 const std::string& value) const override {
    return inner_.find(collection, index, value);
  }
  void commit(std::vector<store::CatalogWrite> writes,
              std::move_only_function<void(Result<std::vector<uint64_t>>)> done) override {
    if (fails) return done(internal_error("no room on the disk"));
    inner_.commit(std::move(writes), std::move(done));
  }
  uint64_t watch(const std::string& collection, Watcher watcher) override {
    return inner_.watch(collection, std::move(watcher));
  }
  void unwatch(uint64_t id) override { inner_.unwatch(id); }

 private:
  store::ReferenceCatalog inner_;
};

struct Fixture {
  env::SimClock clock{env::WallTime{1'795'348'800'000'000'000}};
  ManualExecutor executor;
  TestCatalog catalog;
  std::unique_ptr<GroupStore> groups = *GroupStore::open(
      catalog, clock, {.groups_per_account_max = 2, .streams_per_account_max = 4});
  store::ReferenceEventStore events{clock, groups.get()};
  pipeline::EventStoreExporter exporter{events};
  EnsureGroupsSink sink{*groups, executor, exporter};
  signal::Scope scope{"000000000000", "us-east-1"};
  std::vector<signal::Verdict> verdicts;

  void push(const std::vector<std::pair<std::string, std::string>>& streams) {
    signal::EventBatchBuilder builder;
    for (const auto& [group, stream] : streams) {
      const uint32_t row = builder.add_stream({.group = group, .stream = stream});
      builder.add_row(row, clock.wall_now().ns);
      builder.set_text(signal::kMessagePath, group + " " + stream);
    }
    sink.push({scope,
               builder.finish(),
               {},
               signal::AckToken(streams.size(), nullptr, Lane::Ingest,
                                [this](signal::Verdict v) { verdicts.push_back(std::move(v)); })});
  }
  // "group/stream: message" of all events.
  std::vector<std::string> stored() {
    std::vector<std::string> out;
    (void)events.scan({.scope = scope}, [&](store::EventRows& rows) -> Result<bool> {
      auto columns = rows.columns(signal::kMessagePath);
      for (size_t i = 0; i < rows.size(); ++i) {
        const store::EventStreamName name = rows.streams()[rows.stream_rows()[i]];
        out.push_back(fmt::format("{}|{}: {}", name.group, name.stream, columns->front().text(i)));
      }
      return true;
    });
    return out;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("groups and streams that lack are made before events are stored") {
  Fixture f;
  f.push({{"/g", "a"}, {"/g", "b"}, {"/h", "a"}});
  f.executor.run_until_idle();
  REQUIRE(f.verdicts.size() == 1);
  CHECK(f.verdicts[0].good());
  CHECK(f.verdicts[0].rows() == 3);
  CHECK(f.stored() == Lines{"/g|a: /g a", "/g|b: /g b", "/h|a: /h a"});
  CHECK(f.groups->list(f.scope).size() == 2);
  CHECK(f.groups->streams(f.scope, "/g", "", "", 0)->size() == 2);
}

TEST_CASE("batches of known streams pass at once, also while others wait for theirs") {
  Fixture f;
  f.push({{"/g", "a"}});
  f.executor.run_until_idle();
  f.push({{"/g", "new"}});
  f.push({{"/g", "newer"}});
  CHECK(f.verdicts.size() == 1);
  f.push({{"/g", "a"}});
  CHECK(f.verdicts.size() == 2);
  f.executor.run_until_idle();
  CHECK(f.verdicts.size() == 4);
  CHECK(f.stored().size() == 4);
}

TEST_CASE("a group that was deleted comes back new, without what it had") {
  Fixture f;
  f.push({{"/g", "a"}});
  f.executor.run_until_idle();
  f.groups->remove(f.scope, "/g", [](Status) {});
  f.clock.advance(1'000'000);
  f.push({{"/g", "b"}});
  f.executor.run_until_idle();
  CHECK(f.stored() == Lines{"/g|b: /g b"});
  CHECK(f.groups->streams(f.scope, "/g", "", "", 0)->size() == 1);
}

TEST_CASE("names are made valid") {
  CHECK(valid_group_name("app name:*ü") == "app_name____");
  CHECK(valid_group_name("") == "_");
  CHECK(valid_stream_name("fe80::1 ü*") == "fe80__1 ü_");
  CHECK(valid_stream_name(std::string(511, 'x') + "ü") == std::string(511, 'x'));
  Fixture f;
  f.push({{"a b", "x:y"}, {"a_b", "x_y"}});
  f.executor.run_until_idle();
  CHECK(f.stored() == Lines{"a_b|x_y: a b x:y", "a_b|x_y: a_b x_y"});
}

TEST_CASE("rows over a limit of the account are rejected, the others stored") {
  Fixture f;
  f.push({{"/g", "a"}, {"/h", "a"}, {"/h", "b"}, {"/h", "c"}});
  f.executor.run_until_idle();
  f.push({{"/i", "a"}, {"/g", "a"}, {"/h", "d"}, {"/h", "d"}});
  f.push({{"/i", "a"}});
  f.executor.run_until_idle();
  REQUIRE(f.verdicts.size() == 3);
  const signal::Verdict& verdict = f.verdicts[1];
  CHECK(verdict.rows() == 4);
  CHECK_FALSE(verdict.good());
  REQUIRE(verdict.counts.size() == 3);
  CHECK(verdict.counts[0].outcome == Outcome::Stored);
  CHECK(verdict.counts[0].rows == 1);
  CHECK(verdict.counts[1].reason == "group_limit");
  CHECK(verdict.counts[1].rows == 1);
  CHECK(verdict.counts[2].reason == "stream_limit");
  CHECK(verdict.counts[2].rows == 2);
  CHECK(f.verdicts[2].counts.at(0).reason == "group_limit");
  CHECK(f.stored().size() == 5);
}

TEST_CASE("where the catalog cannot be written, nothing is stored and the source may send again") {
  Fixture f;
  f.catalog.fails = true;
  f.push({{"/g", "a"}});
  f.executor.run_until_idle();
  f.catalog.fails = false;
  REQUIRE(f.verdicts.size() == 1);
  CHECK(f.verdicts[0].status.error().code == ErrorCode::Unavailable);
  CHECK(f.verdicts[0].counts.at(0).reason == "catalog");
  CHECK(f.stored().empty());
  f.push({{"/g", "a"}});
  f.executor.run_until_idle();
  CHECK(f.stored() == Lines{"/g|a: /g a"});
}

}  // namespace kansoku::api::aws::logs
