// The endpoint is away for a day, on a simulated clock with real bytes: behind the spool, which is
// too small for the day, and behind filelog, whose files are the buffer. Processes are killed.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "base/env/sim.h"
#include "pipeline/exporters/cloudwatch_logs/cloudwatch_logs_exporter.h"
#include "pipeline/receivers/filelog/filelog_receiver.h"
#include "pipeline/spool/spool.h"
#include "wire/document/document.h"

namespace kansoku::pipeline::cloudwatch_logs {
namespace {

using signal::Outcome;
using signal::Verdict;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kOutageBeginMs = kHourMs;
constexpr int64_t kOutageEndMs = 25 * kHourMs;

// A kansoku server as far as it matters: takes each numbered request once, counts messages.
struct Endpoint {
  bool away = false;
  uint64_t lost_answers = 0;
  uint64_t rows = 0;
  std::map<std::string, int> messages;
  std::set<std::string> known;
  std::set<std::string> streams;
  std::mt19937_64 random{17};

  Result<net::HttpClientResponse> answer(const net::HttpClientRequest& request) {
    if (away) return unavailable("connection refused");
    const std::string operation(request.headers.get("x-amz-target").substr(14));
    std::string body = request.body;
    if (request.headers.get("content-encoding") == "gzip")
      body = net::decode_content("gzip", body, 64U << 20).value();
    const wire::Node node = wire::parse_json(body).value();
    const std::string stream(node.text_of("logStreamName"));
    if (operation == "CreateLogStream") streams.insert(stream);
    if (operation != "PutLogEvents") return net::HttpClientResponse{.status = 200, .body = "{}"};
    if (!streams.contains(stream)) {
      return net::HttpClientResponse{.status = 400,
                                     .body = R"({"__type":"ResourceNotFoundException"})"};
    }
    const std::string number(request.headers.get("x-kansoku-batch"));
    CHECK(!number.empty());
    if (known.insert(number).second) {
      for (const wire::Node& event : node.find("logEvents")->items) {
        ++messages[std::string(event.text_of("message"))];
        ++rows;
      }
    }
    if (random() % 50 == 0) {
      ++lost_answers;
      return unavailable("connection reset");
    }
    return net::HttpClientResponse{.status = 200, .body = "{}"};
  }
};

// What every process of these tests has: a clock of its own (that of a dead one stands still), an
// exporter, and the host's disk. A dead one reaches neither endpoint nor disk.
struct Host {
  env::SimFileSystem disk{3};
  Endpoint endpoint;
  env::WallTime now{1'763'800'000 * env::kNsPerS};
};
struct Process {
  explicit Process(Host& h, uint64_t seed) : host(h), clock(h.now), random(seed) {
    net::aws::Doors doors{.http = &http,
                          .timers = &clock,
                          .clock = &clock,
                          .random = &random,
                          .files = &host.disk,
                          .variable = [](const char*) { return std::nullopt; }};
    auto client = net::aws::AwsClient::make(
        doors, net::aws::static_credentials({"AKIDEXAMPLE", "secret", ""}),
        {.region = "us-east-1", .service = "logs", .attempts_max = 1});
    exporter = CloudWatchLogsExporter::make(context(), {.concurrency = 2}, std::move(client));
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    bool done = false;
    exporter->stop([&] { done = true; });
    for (int i = 0; i < 100 && !done; ++i) run(env::kNsPerS);
    CHECK(done);
  }
  ComponentContext context() {
    return {.env = {&clock, &host.disk, &random},
            .timers = &clock,
            .executor = &executor,
            .ledger = &ledger,
            .local_scope = {"1", "r"}};
  }
  void run(int64_t ns) {
    executor.run_until_idle();
    clock.advance(ns);
    executor.run_until_idle();
  }
  uint64_t counted(Outcome outcome, std::string_view reason) const {
    uint64_t out = 0;
    for (const auto& [key, line] : ledger.lines()) {
      for (const auto& [what, rows] : line.outcomes) {
        if (what.first == outcome && what.second == reason) out += rows;
      }
    }
    return out;
  }

  Host& host;
  bool dead = false;
  env::SimClock clock;
  env::SimRandom random;
  ManualExecutor executor;
  signal::Ledger ledger;
  net::SimHttpClient http{clock, [this](const net::HttpClientRequest& request) {
                            return dead ? Result<net::HttpClientResponse>(unavailable("dead"))
                                        : host.endpoint.answer(request);
                          }};
  std::shared_ptr<CloudWatchLogsExporter> exporter;
};

// A source that cannot wait, the spool, the exporter.
struct SpoolProcess : Process {
  SpoolProcess(Host& h, uint64_t seed) : Process(h, seed) {
    auto opened = spool::Spool::open(context(),
                                     {.directory = "/spool",
                                      .name = "cloudwatch_logs",
                                      .bytes_max = 2U << 20,
                                      .segment_bytes = 64U << 10},
                                     exporter.get(), nullptr);
    REQUIRE(opened);
    spool = std::move(*opened);
    spool->start();
  }
  ~SpoolProcess() {
    spool->stop([] {});
    executor.run_until_idle();
  }
  // Rows whose custody the spool took, in `taken`.
  void push(const std::vector<std::string>& texts, std::set<std::string>& taken) {
    signal::EventBatchBuilder builder;
    const uint32_t stream = builder.add_stream({"group", "stream"});
    for (size_t i = 0; i < texts.size(); ++i) {
      builder.add_row(stream, clock.wall_now().ns + static_cast<int64_t>(i));
      builder.set_text(signal::kMessagePath, texts[i]);
    }
    spool->events().push({{"1", "r"},
                          builder.finish(),
                          {},
                          signal::AckToken(texts.size(), nullptr, Lane::Ingest,
                                           [texts, &taken, this](const Verdict& verdict) {
                                             if (dead || !verdict.good()) return;
                                             taken.insert(texts.begin(), texts.end());
                                           })});
  }
  std::shared_ptr<spool::Spool> spool;
};

std::vector<std::string> random_texts(std::mt19937_64& random, uint64_t& next) {
  std::vector<std::string> out(1 + random() % 40);
  for (std::string& text : out) {
    text = fmt::format("{} ", next++);
    for (int i = 0; i < 6; ++i) text += fmt::format("{:016x}", random());
  }
  return out;
}

// Runs the day; `kill_one_in`: a kill at about each so many steps of half a minute, 0: none.
void spool_day(uint64_t seed, uint64_t kill_one_in) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Host host;
  std::set<std::string> taken;
  std::vector<std::unique_ptr<SpoolProcess>> dead;
  auto process = std::make_unique<SpoolProcess>(host, seed);
  uint64_t next = 0;
  uint64_t dropped = 0;
  uint64_t kills = 0;
  uint64_t bytes_peak = 0;
  const auto step = [&](int64_t ms) {
    for (int64_t at = 0; at < ms; at += 1'000) {
      process->run(env::kNsPerS);
      host.now.ns += env::kNsPerS;
    }
    bytes_peak = std::max(bytes_peak, process->spool->stats().bytes);
  };
  const auto kill = [&] {
    ++kills;
    dropped += process->counted(Outcome::Dropped, "spool_full");
    process->dead = true;
    host.disk.power_cut(env::CutStyle::KeepAll);
    dead.push_back(std::move(process));
    process = std::make_unique<SpoolProcess>(host, seed + kills);
  };
  for (int64_t at = 0; at < kOutageEndMs + kHourMs; at += 30'000) {
    host.endpoint.away = at >= kOutageBeginMs && at < kOutageEndMs;
    process->push(random_texts(random, next), taken);
    step(30'000);
    if (kill_one_in > 0 && random() % kill_one_in == 0) kill();
  }
  for (int i = 0; i < 40 && process->spool->stats().records_waiting > 0; ++i) step(30'000);
  CHECK(process->spool->stats().records_waiting == 0);
  dropped += process->counted(Outcome::Dropped, "spool_full");
  // To the unit: what the server has and what was dropped, by its one reason, is what was taken.
  CHECK(dropped > 10'000);
  CHECK(process->counted(Outcome::Dropped, "spool_expired") == 0);
  CHECK(host.endpoint.rows + dropped == taken.size());
  CHECK(host.endpoint.rows == host.endpoint.messages.size());
  for (const auto& [text, times] : host.endpoint.messages) CHECK(taken.contains(text));
  CHECK(host.endpoint.lost_answers > 0);
  CHECK(bytes_peak <= (2U << 20) + 6 * (64U << 10));
  CHECK((kills > 0) == (kill_one_in > 0));
  for (auto& one : dead) one->host.endpoint.away = true;
}

TEST_CASE("outage: what a spool that is too small drops over a day agrees with the server") {
  for (uint64_t seed = 1; seed <= 3; ++seed) spool_day(seed, 0);
}

TEST_CASE("outage: a spool that is killed through the day still agrees with the server") {
  for (uint64_t seed = 11; seed <= 14; ++seed) spool_day(seed, 60);
}

struct FileProcess : Process {
  FileProcess(Host& h, uint64_t seed) : Process(h, seed) {
    filelog::FilelogConfig config;
    config.state_path = "/state/filelog.state";
    config.batch_bytes = 16 << 10;
    config.block_bytes = 4 << 10;
    filelog::SourceConfig source;
    source.name = "logs";
    source.include = {"/logs/*.log"};
    source.group = "group";
    source.stream = "stream";
    config.sources.push_back(std::move(source));
    receiver = *filelog::FilelogReceiver::make(context(), config, *exporter);
    REQUIRE(receiver->start());
  }
  ~FileProcess() {
    receiver->stop([] {});
    executor.run_until_idle();
  }
  std::shared_ptr<filelog::FilelogReceiver> receiver;
};

// A program that writes a log, and rotates it by renaming.
struct Log {
  env::SimFileSystem& disk;
  std::unique_ptr<env::File> file;
  uint64_t offset = 0;
  int rotations = 0;
  void reopen() {
    file = *disk.open("/logs/app.log", env::OpenMode::Create);
    offset = disk.info("/logs/app.log")->size_bytes;
  }
  void write(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    REQUIRE(file->write_at(offset, as_bytes(text)));
    offset += text.size();
  }
  void rotate() {
    for (int i = rotations; i > 0; --i) {
      REQUIRE(
          disk.rename(fmt::format("/logs/app.log.{}", i), fmt::format("/logs/app.log.{}", i + 1)));
    }
    REQUIRE(disk.rename("/logs/app.log", "/logs/app.log.1"));
    ++rotations;
    reopen();
  }
};

TEST_CASE("outage: behind files nothing is lost over a day, whatever is killed and rotated") {
  for (uint64_t seed = 21; seed <= 23; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Host host;
    REQUIRE(host.disk.create_directories("/logs"));
    REQUIRE(host.disk.create_directories("/state"));
    Log log{.disk = host.disk, .file = nullptr};
    log.reopen();
    std::vector<std::unique_ptr<FileProcess>> dead;
    auto process = std::make_unique<FileProcess>(host, seed);
    uint64_t next = 0;
    uint64_t kills = 0;
    const auto step = [&](int64_t ms) {
      for (int64_t at = 0; at < ms; at += 1'000) {
        process->run(env::kNsPerS);
        host.now.ns += env::kNsPerS;
      }
    };
    for (int64_t at = 0; at < kOutageEndMs + kHourMs; at += 30'000) {
      host.endpoint.away = at >= kOutageBeginMs && at < kOutageEndMs;
      log.write(random_texts(random, next));
      step(30'000);
      if (random() % 300 == 0) log.rotate();
      if (random() % 60 != 0) continue;
      ++kills;
      process->dead = true;
      host.disk.power_cut(env::CutStyle::KeepAll);
      dead.push_back(std::move(process));
      log.reopen();
      process = std::make_unique<FileProcess>(host, seed + kills);
    }
    for (int i = 0; i < 100 && host.endpoint.rows < next; ++i) step(30'000);
    step(30'000);
    CHECK(host.endpoint.rows == next);
    CHECK(host.endpoint.messages.size() == next);
    CHECK(process->receiver->total().in_flight == 0);
    CHECK(process->receiver->total().balanced());
    CHECK(kills > 10);
    CHECK(log.rotations > 2);
    CHECK(host.endpoint.lost_answers > 0);
  }
}

}  // namespace
}  // namespace kansoku::pipeline::cloudwatch_logs
