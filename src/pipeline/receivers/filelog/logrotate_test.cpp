// Debian's logrotate on real files, and a receiver in a process of its own that is killed with -9.
//
// The process is this program again; it appends what it is sent to a file, one record a batch, as a
// server keeps it. Batches that come twice under one number count once, as a kansoku server does.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>

#include "pipeline/receivers/filelog/filelog_receiver.h"
#include "support/conformance.h"

using namespace kansoku;
using namespace kansoku::pipeline::filelog;

namespace {

constexpr const char* kLogrotate = "/usr/sbin/logrotate";
constexpr const char* kFolder = "KANSOKU_LOGROTATE_FOLDER";
constexpr const char* kChildTest = "the process that the test of logrotate starts and kills";
constexpr int kNewsFd = 3;  // the child writes a byte into it for every batch
constexpr int kPatienceMs = 20'000;

// One record: length of what follows, then "producer epoch sequence\n", then the lines.
class RecordSink final : public pipeline::EventSink {
 public:
  explicit RecordSink(const std::string& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {}
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;
  ~RecordSink() override { ::close(fd_); }

  void push(signal::EventDelivery delivery) override {
    const signal::Producer& producer = delivery.producer;
    std::string body = fmt::format("{} {} {}\n", producer.id, producer.epoch, producer.sequence);
    for (const signal::EventColumn& column : delivery.batch->columns()) {
      for (size_t i = 0; i < column.rows.size(); ++i) {
        body += column.text_at(i);
        body += '\n';
      }
    }
    std::string record;
    append_le(record, static_cast<uint32_t>(body.size()));
    record += body;
    REQUIRE(::write(fd_, record.data(), record.size()) == static_cast<ssize_t>(record.size()));
    uint64_t rows = delivery.batch->row_count();
    delivery.token.resolve(signal::Verdict::stored(rows));
    (void)!::write(kNewsFd, "b", 1);
  }

 private:
  int fd_;
};

// Timers of a process that does nothing else than to run them.
class LoopTimers final : public env::Timers {
 public:
  uint64_t after(int64_t delay_ns, Callback callback) override {
    std::lock_guard lock(mutex_);
    due_.emplace(env::real_clock().monotonic_now().ns + delay_ns,
                 std::pair(next_, std::move(callback)));
    changed_.notify_one();
    return next_++;
  }
  bool cancel(uint64_t id) override {
    std::lock_guard lock(mutex_);
    return std::erase_if(due_, [&](const auto& timer) { return timer.second.first == id; }) > 0;
  }
  [[noreturn]] void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (due_.empty()) {
        changed_.wait(lock);
        continue;
      }
      int64_t left = due_.begin()->first - env::real_clock().monotonic_now().ns;
      if (left > 0) {
        changed_.wait_for(lock, std::chrono::nanoseconds(left));
        continue;
      }
      Callback callback = std::move(due_.begin()->second.second);
      due_.erase(due_.begin());
      lock.unlock();
      callback();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ = 1;
  std::multimap<int64_t, std::pair<uint64_t, Callback>> due_;
};

class Child {
 public:
  explicit Child(const std::filesystem::path& folder) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    news_ = ends[0];
    std::string test = fmt::format("-tc={}", kChildTest);
    std::string self = "/proc/self/exe";
    std::string skip = "--no-skip";
    std::string quiet = "--minimal";
    char* arguments[] = {self.data(), test.data(), skip.data(), quiet.data(), nullptr};
    std::string variable = fmt::format("{}={}", kFolder, folder.string());
    char* environment[] = {variable.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], kNewsFd);
    REQUIRE(::posix_spawn(&pid_, self.c_str(), &actions, nullptr, arguments, environment) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(news_);
  }
  // Waits until it has stored another batch. False: none came for a long time.
  bool wait_for_news() const {
    pollfd waiting{news_, POLLIN, 0};
    if (::poll(&waiting, 1, kPatienceMs) != 1) return false;
    char bytes[256];
    return ::read(news_, bytes, sizeof(bytes)) > 0;
  }

 private:
  pid_t pid_ = 0;
  int news_ = -1;
};

class Rotation {
 public:
  explicit Rotation(const std::string& directives) {
    std::string pattern = (std::filesystem::temp_directory_path() / "filelog-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    std::filesystem::create_directories(folder_ / "logs" / "old");
    std::ofstream(folder_ / "rotate.conf") << (folder_ / "logs/app.log").string() << " {\n"
                                           << "  rotate 99\n"
                                           << directives << "}\n";
    std::filesystem::permissions(folder_ / "rotate.conf", std::filesystem::perms(0644));
    std::filesystem::permissions(folder_ / "logs", std::filesystem::perms(0755));
    std::ofstream(folder_ / "logs/app.log").flush();
  }
  Rotation(const Rotation&) = delete;
  Rotation& operator=(const Rotation&) = delete;
  ~Rotation() { std::filesystem::remove_all(folder_); }

  const std::filesystem::path& folder() const { return folder_; }
  void write_lines(int count) {
    int fd =
        ::open((folder_ / "logs/app.log").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0);
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += fmt::format("{} {}\n", next_, std::string(next_ * 7 % 120, 'x'));
      ++next_;
    }
    REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
  }
  void rotate() {
    std::string command = fmt::format("{} -f -s {}/state {}/rotate.conf", kLogrotate,
                                      folder_.string(), folder_.string());
    REQUIRE(std::system(command.c_str()) == 0);
  }
  // How often each line was stored. A record that the kill cut off was not acknowledged, and goes.
  std::map<uint64_t, int> stored() {
    std::string bytes = test::read_text(folder_ / "sink");
    std::map<uint64_t, int> lines;
    std::set<std::string> known;
    size_t at = 0;
    while (bytes.size() - at >= 4) {
      size_t size = load_le<uint32_t>(bytes.data() + at);
      if (bytes.size() - at - 4 < size) break;
      std::istringstream record(bytes.substr(at + 4, size));
      at += 4 + size;
      std::string line;
      std::getline(record, line);
      if (!known.insert(line).second) continue;
      while (std::getline(record, line)) ++lines[std::strtoull(line.c_str(), nullptr, 10)];
    }
    whole_bytes_ = at;
    return lines;
  }
  void cut_torn_record() {
    if (!std::filesystem::exists(folder_ / "sink")) return;
    stored();
    std::filesystem::resize_file(folder_ / "sink", whole_bytes_);
  }
  uint64_t lines_written() const { return next_ - 1; }

 private:
  std::filesystem::path folder_;
  uint64_t next_ = 1;
  uint64_t whole_bytes_ = 0;
};

// Rotations while the receiver reads, while it is behind, and while it is dead.
void rotate_under_load(const std::string& directives) {
  if (!std::filesystem::exists(kLogrotate)) return test::skip("filelog with logrotate");
  CAPTURE(directives);
  Rotation rotation(directives);
  auto child = std::make_unique<Child>(rotation.folder());
  rotation.write_lines(10);
  REQUIRE(child->wait_for_news());
  for (int round = 0; round < 6; ++round) {
    rotation.write_lines(5'000);
    rotation.rotate();
    rotation.write_lines(3'000);
    if (round % 2 == 1) {
      child.reset();
      rotation.cut_torn_record();
      rotation.write_lines(1'000);
      rotation.rotate();
      rotation.write_lines(10);
      rotation.rotate();
      rotation.write_lines(100);
      child = std::make_unique<Child>(rotation.folder());
    } else {
      REQUIRE(child->wait_for_news());
    }
  }
  std::map<uint64_t, int> lines = rotation.stored();
  while (lines.size() < rotation.lines_written() && child->wait_for_news()) {
    lines = rotation.stored();
  }
  child.reset();
  for (uint64_t number = 1; number <= rotation.lines_written(); ++number) {
    REQUIRE_MESSAGE(lines.contains(number), "line ", number, " is lost");
  }
  for (auto [number, times] : lines) REQUIRE_MESSAGE(times == 1, "line ", number);
}

}  // namespace

TEST_CASE("the process that the test of logrotate starts and kills" * doctest::skip()) {
  const char* folder = std::getenv(kFolder);
  REQUIRE(folder != nullptr);
  FilelogConfig config;
  config.state_path = std::string(folder) + "/filelog.state";
  config.poll_interval_ms = 20;
  config.discovery_interval_ms = 50;
  SourceConfig source;
  source.name = "logs";
  source.include = {std::string(folder) + "/logs/*.log"};
  config.sources.push_back(std::move(source));
  LoopTimers timers;
  ThreadPool pool(1);
  signal::Ledger ledger;
  RecordSink sink(std::string(folder) + "/sink");
  pipeline::ComponentContext context{.env = env::real_env(),
                                     .timers = &timers,
                                     .executor = &pool,
                                     .ledger = &ledger,
                                     .local_scope = {"000000000000", "us-east-1"}};
  auto receiver = FilelogReceiver::make(context, config, sink);
  REQUIRE(receiver.has_value());
  REQUIRE((*receiver)->start().has_value());
  timers.run();
}

TEST_CASE("filelog and logrotate, create: each line once, across kill -9") {
  rotate_under_load("  create 0644\n");
}

TEST_CASE("filelog and logrotate, create and compress: each line once, across kill -9") {
  rotate_under_load("  create 0644\n  compress\n");
}

TEST_CASE("filelog and logrotate, delaycompress: each line once, across kill -9") {
  rotate_under_load("  create 0644\n  compress\n  delaycompress\n");
}

TEST_CASE("filelog and logrotate, copytruncate: each line once, across kill -9") {
  rotate_under_load("  copytruncate\n");
}

TEST_CASE("filelog and logrotate, copytruncate and compress: each line once, across kill -9") {
  rotate_under_load("  copytruncate\n  compress\n");
}

TEST_CASE("filelog and logrotate, olddir: each line once, across kill -9") {
  rotate_under_load("  create 0644\n  olddir old\n  compress\n");
}
