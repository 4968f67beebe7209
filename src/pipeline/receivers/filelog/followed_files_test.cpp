#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "pipeline/receivers/filelog/filelog_receiver.h"
#include "pipeline/sending/receiver_fixture.h"

namespace kansoku::pipeline::filelog {
namespace {

using Lines = std::vector<std::string>;

struct Host {
  env::SimFileSystem disk;
  env::SimClock clock;
  env::SimRandom random{1};
  ManualExecutor executor;
  signal::Ledger ledger;
  HoldingSink sink;
  FilelogConfig config;
  std::shared_ptr<FilelogReceiver> receiver;

  explicit Host(SourceConfig source) {
    disk.use_clock(clock);
    (void)disk.create_directories("/logs");
    (void)disk.create_directories("/state");
    source.name = "logs";
    if (source.include.empty()) source.include = {"/logs/app*"};
    source.flush_ms = 1'000;
    config.sources = {source};
    config.state_path = "/state/filelog.state";
    config.unlinked_linger_ms = 2'000;
  }
  ~Host() {
    sink.answer_all();
    executor.run_until_idle();
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void start() {
    ComponentContext context{.env = {&clock, &disk, &random},
                             .timers = &clock,
                             .executor = &executor,
                             .ledger = &ledger,
                             .local_scope = {"000000000000", "us-east-1"}};
    receiver = *FilelogReceiver::make(context, config, sink);
    REQUIRE(receiver->start().has_value());
    executor.run_until_idle();
  }
  void append(const std::string& path, std::string_view text) {
    auto file = *disk.open(path, env::OpenMode::Create);
    REQUIRE(file->write_at(*file->size(), as_bytes(text)).has_value());
    (void)disk.sync_directory("/logs");
    clock.advance(10 * env::kNsPerMs);  // so that times of change differ
  }
  void run_for(int64_t ms, bool answers = true) {
    for (int64_t left = ms; left > 0; left -= 50) {
      clock.advance(50 * env::kNsPerMs);
      executor.run_until_idle();
      if (!answers) continue;
      sink.answer_all();
      executor.run_until_idle();
    }
  }
};

}  // namespace

TEST_CASE("rotation gives names with higher numbers only") {
  CHECK(is_rotated_back("app.log.1", "app.log"));
  CHECK(is_rotated_back("app.log.3", "app.log.1"));
  CHECK(is_rotated_back("app.log.10.gz", "app.log.9"));
  CHECK(!is_rotated_back("app.log", "app.log.1"));
  CHECK(!is_rotated_back("app.log.1", "app.log.3"));
  CHECK(!is_rotated_back("app.log.2", "app.log.2.gz"));
  CHECK(!is_rotated_back("app.log.3", "db.log.1"));
  CHECK(!is_rotated_back("app.log-20261122", "app.log.1"));
}

TEST_CASE("names that a pattern finds are left alone; groups and streams are made of the path") {
  Host host({.include = {"/logs/**"},
             .exclude_name_pattern = "^b|old$",
             .group = "{file_path_group}",
             .stream = "s{file_path_flat}"});
  host.append("/logs/a b.log", "one\n");
  host.append("/logs/b.log", "two\n");
  host.append("/logs/a.old", "three\n");
  host.start();
  host.run_for(1'500, false);
  CHECK(host.sink.messages() == Lines{"one"});
  CHECK(host.sink.text(0)[0].starts_with("/logs/a_b.log|s_logs_a b.log "));
}

TEST_CASE("a pattern that is none, and settings that do not go together, are refused") {
  Host host({});
  const auto why = [&](SourceConfig source) {
    source.include = {"/a"};
    auto made = Source::make(std::move(source));
    return made ? std::string() : made.error().message;
  };
  CHECK(!why({.exclude_name_pattern = "("}).empty());
  CHECK(why({.remove_finished = true, .release_blocked_ms = 1}).find("kept open") !=
        std::string::npos);
}

TEST_CASE("only the file that changed last is followed, those before it are read to their end") {
  Host host({.newest_only = true});
  host.append("/logs/app1", "not this\n");
  host.append("/logs/app2", "one\n");
  host.start();
  host.run_for(1'500);
  CHECK(host.sink.messages() == Lines{"one"});
  host.append("/logs/app2", "two\n");
  host.append("/logs/app3", "three\n");
  host.run_for(2'500);
  CHECK(host.sink.messages() == Lines{"one", "two", "three"});
  // The older one is closed.
  CHECK(host.receiver->stats().files.open_files == 1);
  // It changed last again.
  host.append("/logs/app2", "four\n");
  host.run_for(4'000);
  CHECK(host.sink.messages() == Lines{"one", "two", "three", "four"});
  host.append("/logs/app1", "now this\n");
  host.run_for(4'000);
  CHECK(host.sink.messages() == Lines{"one", "two", "three", "four", "not this", "now this"});
}

TEST_CASE("files that come and are followed by another one within a round are read") {
  Host host({.newest_only = true});
  host.append("/logs/app1", "one\n");
  host.start();
  host.run_for(1'500);
  host.append("/logs/app2", "two\n");
  host.append("/logs/app3", "three\n");
  host.run_for(1'500);
  CHECK(host.sink.messages() == Lines{"one", "two", "three"});
}

TEST_CASE("a finished file is deleted when a newer one matches and its lines are acknowledged") {
  Host host({.remove_finished = true});
  host.append("/logs/app1", "one\n");
  host.start();
  host.run_for(5'000);
  CHECK(host.disk.exists("/logs/app1"));
  host.append("/logs/app1", "two\n");
  host.append("/logs/app2", "three\n");
  host.run_for(5'000, false);
  CHECK(host.disk.exists("/logs/app1"));
  host.run_for(5'000);
  CHECK(!host.disk.exists("/logs/app1"));
  CHECK(host.disk.exists("/logs/app2"));
  CHECK(host.receiver->stats().files.removed == 1);
  CHECK(host.sink.messages() == Lines{"one", "two", "three"});
}

TEST_CASE("what a writer adds to a deleted file is read") {
  Host host({.remove_finished = true});
  host.append("/logs/app1", "one\n");
  auto writer = *host.disk.open("/logs/app1", env::OpenMode::ReadWrite);
  host.append("/logs/app2", "two\n");
  host.start();
  for (int i = 0; i < 100 && host.disk.exists("/logs/app1"); ++i) host.run_for(100);
  REQUIRE(!host.disk.exists("/logs/app1"));
  REQUIRE(writer->write_at(*writer->size(), as_bytes(std::string_view("three\n"))).has_value());
  host.run_for(5'000);
  CHECK(host.sink.messages() == Lines{"one", "two", "three"});
}

TEST_CASE("a file is closed while nothing can be sent, and goes on where it was") {
  Host host({.release_blocked_ms = 3'000});
  host.config.batches_in_flight = 1;
  host.append("/logs/app1", "one\n");
  host.start();
  host.append("/logs/app1", "two\n");
  host.run_for(2'000, false);
  CHECK(host.receiver->stats().files.open_files == 1);
  host.run_for(2'000, false);
  CHECK(host.receiver->stats().files.open_files == 0);
  CHECK(host.receiver->stats().files.released == 1);
  // Rotated meanwhile; what is read of it is found again by what it has.
  (void)host.disk.rename("/logs/app1", "/logs/app1.1");
  (void)host.disk.sync_directory("/logs");
  host.append("/logs/app1", "three\n");
  host.run_for(3'000, false);
  host.run_for(6'000);
  CHECK(host.sink.messages() == Lines{"one", "two", "three"});
}

TEST_CASE("the bytes of a file that is removed while it is closed are counted") {
  Host host({.release_blocked_ms = 1'000});
  host.config.batches_in_flight = 1;
  host.append("/logs/app1", "one\n");
  host.start();
  host.append("/logs/app1", "two\n");
  host.run_for(3'000, false);
  REQUIRE(host.receiver->stats().files.open_files == 0);
  (void)host.disk.remove("/logs/app1");
  (void)host.disk.sync_directory("/logs");
  host.run_for(3'000, false);
  host.run_for(3'000);
  CHECK(host.sink.messages() == Lines{"one"});
  CHECK(host.receiver->total().counts.truncated_unread == 4);
}

TEST_CASE("a batch that is not full waits for more lines, a full one does not") {
  Host host({});
  host.config.batch_wait_ms = 5'000;
  host.config.batch_bytes = 100;
  host.append("/logs/app1", "one\n");
  host.start();
  host.run_for(2'000);
  host.append("/logs/app2", "two\n");
  host.run_for(2'500);
  CHECK(host.sink.messages().empty());
  host.run_for(600, false);
  CHECK(host.sink.held.size() == 1);
  CHECK(host.sink.messages() == Lines{"one", "two"});
  host.run_for(100);
  host.append("/logs/app1", std::string(120, 'x') + "\n");
  host.run_for(1'500, false);
  CHECK(host.sink.messages().size() == 3);
}

TEST_CASE("a stop sends what waits") {
  Host host({});
  host.config.batch_wait_ms = 60'000;
  host.append("/logs/app1", "one\n");
  host.start();
  host.run_for(2'000);
  CHECK(host.sink.messages().empty());
  bool stopped = false;
  host.receiver->stop([&] { stopped = true; });
  host.executor.run_until_idle();
  CHECK(stopped);
  CHECK(host.sink.messages() == Lines{"one"});
  // It is remembered as one that is on its way: the same number at the next start.
  const signal::Producer first = host.sink.held[0].producer;
  host.start();
  REQUIRE(host.sink.held.size() == 2);
  CHECK(host.sink.held[1].producer.id == first.id);
  CHECK(host.sink.held[1].producer.sequence == first.sequence);
}

}  // namespace kansoku::pipeline::filelog
