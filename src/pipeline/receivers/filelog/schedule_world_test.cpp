#include "pipeline/receivers/filelog/schedule_world.h"

#include <zlib.h>

#include <charconv>

#include "base/check.h"
#include "pipeline/receivers/filelog/gzip_file.h"

namespace kansoku::pipeline::filelog::test {
namespace {

constexpr int kRotationsKept = 3;
// A discovery (1 s), a poll (250 ms), a refused batch that waits (1 s at most), and some turns.
constexpr int64_t kAttentionNs = 2'500 * env::kNsPerMs;

std::string gzipped(const std::string& text) {
  z_stream stream{};
  ::deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  KANSOKU_CHECK(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::vector<std::pair<uint64_t, uint64_t>> lines_of(std::string_view bytes) {
  std::vector<std::pair<uint64_t, uint64_t>> out;  // number, begin
  for (size_t at = 0; at < bytes.size();) {
    size_t end = bytes.find('\n', at);
    if (end == std::string_view::npos) break;
    std::string_view line = bytes.substr(at, end - at);
    size_t hole = std::min(line.find_first_not_of('\0'), line.size());
    line.remove_prefix(hole);
    if (line.starts_with('L')) {
      uint64_t number = 0;
      std::from_chars(line.data() + 1, line.data() + line.size(), number);
      out.emplace_back(number, at + hole);
    }
    at = end + 1;
  }
  return out;
}

}  // namespace

void NumberedSink::store(const signal::EventDelivery& delivery) {
  const signal::Producer& producer = delivery.producer;
  if (!known_.insert({producer.id, producer.epoch, producer.sequence}).second) {
    ++repeats;
    return;
  }
  ++batches;
  trace += fmt::format("            stored {} {}:", producer.id.substr(producer.id.size() - 2),
                       producer.sequence);
  for (const signal::EventColumn& column : delivery.batch->columns()) {
    for (size_t i = 0; i < column.rows.size(); ++i) {
      std::string_view text = column.text_at(i);
      bytes += text.size() + 1;
      uint64_t number = 0;
      if (text.starts_with('L')) {
        std::from_chars(text.data() + 1, text.data() + text.size(), number);
        bool whole = text.ends_with('.');
        if (whole) {
          ++lines[number];
          trace += fmt::format(" {}", number);
          continue;
        }
      }
      if (!text.starts_with('#')) others.emplace_back(text);
    }
  }
  trace += '\n';
}

void NumberedSink::push(signal::EventDelivery delivery) {
  uint64_t rows = delivery.batch->row_count();
  for (const signal::EventColumn& column : delivery.batch->columns()) {
    for (size_t i = 0; i < column.rows.size(); ++i) {
      for (auto [number, begin] : lines_of(std::string(column.text_at(i)) + "\n")) {
        offered.insert(number);
      }
    }
  }
  if (mode == Mode::Refuse) {
    delivery.token.resolve(
        signal::Verdict::dropped(rows, "overload", Error{ErrorCode::Unavailable, "try again", {}}));
    return;
  }
  if (mode == Mode::Hold) {
    held_.push_back(std::move(delivery));
    return;
  }
  store(delivery);
  delivery.token.resolve(signal::Verdict::stored(rows));
}

void NumberedSink::answer_held() {
  std::vector<signal::EventDelivery> held = std::move(held_);
  held_.clear();
  for (signal::EventDelivery& delivery : held) {
    store(delivery);
    delivery.token.resolve(signal::Verdict::stored(delivery.batch->row_count()));
  }
}

void NumberedSink::crash(std::mt19937_64& random) {
  std::vector<signal::EventDelivery> held = std::move(held_);
  held_.clear();
  for (signal::EventDelivery& delivery : held) {
    if (random() % 2 == 0) store(delivery);
    delivery.token.resolve(signal::Verdict::stored(delivery.batch->row_count()));
  }
  offered.clear();
}

ScheduleWorld::ScheduleWorld(ScheduleOptions options)
    : options_(options), random_(options.seed), disk_(options.seed), sim_random_(options.seed + 1) {
  if (chance(4) != 0) disk_.reuse_inodes();
  disk_.use_clock(clock_);
  (void)disk_.create_directories("/logs");
  (void)disk_.create_directories("/logs/old");
  (void)disk_.create_directories("/state");
  size_t count = 1 + chance(2);
  for (size_t i = 0; i < count; ++i) {
    Log log;
    log.path = i == 0 ? "/logs/app.log" : "/logs/db.log";
    log.appends = chance(5) != 0;
    log.same_head = options.same_heads;
    logs_.push_back(std::move(log));
  }
  for (Log& log : logs_) reopen(log);
  start_receiver();
  // What is rotated before the very first look is none of its business.
  run_for(0);
}

ScheduleWorld::~ScheduleWorld() {
  sink_.answer_held();
  receiver_.reset();
  executor_.reset();
}

void ScheduleWorld::note(const std::string& what) {
  if (options_.trace) {
    trace_ += fmt::format("{:>8} ms  {}\n", clock_.monotonic_now().ns / env::kNsPerMs, what);
    for (const std::string& path : disk_.paths()) {
      auto lines = lines_of(disk_.contents(path));
      if (!path.starts_with("/logs/") || lines.empty()) continue;
      trace_ +=
          fmt::format("            {} inode {} size {}: L{}..L{}\n", path, disk_.info(path)->inode,
                      disk_.info(path)->size_bytes, lines.front().first, lines.back().first);
    }
    if (receiver_) {
      for (const FileLine& line : receiver_->lines()) {
        trace_ += fmt::format(
            "            file {} {} inode {} kind {} start {} read {} flying {} seen {}\n", line.id,
            line.path, line.key.inode, static_cast<int>(line.kind), line.start, line.read,
            line.in_flight, line.size_seen);
      }
    }
    trace_ += sink_.trace;
    sink_.trace.clear();
  }
}

void ScheduleWorld::start_receiver() {
  executor_ = std::make_unique<ManualExecutor>();
  FilelogConfig config;
  config.state_path = "/state/filelog.state";
  config.batches_in_flight = 1 + static_cast<int64_t>(options_.seed % 3);
  // Small blocks and batches, so that a few lines already meet every border.
  config.block_bytes = options_.seed % 2 == 0 ? 256 << 10 : 97;
  config.batch_bytes = options_.seed % 3 == 0 ? 1 << 20 : 200;
  config.batch_wait_ms = options_.batch_wait_ms;
  config.unlinked_linger_ms = 2'000;
  config.renamed_linger_ms = 3'000;
  config.open_files_max = options_.seed % 5 == 0 ? 2 : 100;
  config.retry_max_ms = 1'000;
  SourceConfig source;
  source.name = "logs";
  // Half of the schedules match the rotated names too.
  source.include = {options_.seed % 4 < 2 ? "/logs/*.log" : "/logs/*.log*"};
  source.flush_ms = 2'000;
  if (olddir()) source.include = {"/logs/*.log*", "/logs/old/*.log*"};
  config.sources.push_back(std::move(source));
  ComponentContext context{.env = {&clock_, &disk_, &sim_random_},
                           .timers = &clock_,
                           .executor = executor_.get(),
                           .ledger = &row_ledger_,
                           .local_scope = {"000000000000", "us-east-1"}};
  receiver_ = *FilelogReceiver::make(context, config, sink_);
  Status started = receiver_->start();
  KANSOKU_CHECK(started.has_value());
  up_since_ns_ = clock_.monotonic_now().ns;
  open_since_ns_.reset();
  watch_sink();
  note("receiver starts");
}

void ScheduleWorld::crash_receiver() {
  bool power = chance(2) == 0;
  ++crashes_;
  note(power ? "power cut" : "kill -9");
  sink_.crash(random_);
  receiver_.reset();
  executor_.reset();
  disk_.power_cut(power ? env::CutStyle::DropAll : env::CutStyle::KeepAll);
  for (uint64_t number : in_memory_) excused_.insert(number);
  in_memory_.clear();
  for (Log& log : logs_) {
    log.writer.reset();
    reopen(log);
  }
  // Life goes on while it is down.
  for (uint64_t i = chance(4); i > 0; --i) {
    Log& log = logs_[chance(logs_.size())];
    switch (chance(4)) {
      case 0:
        rotate_by_rename(log);
        break;
      case 1:
        copytruncate(log);
        break;
      default:
        append(log, static_cast<int>(chance(5)));
    }
  }
  start_receiver();
}

void ScheduleWorld::run_for(int64_t ms) {
  if (executor_) executor_->run_until_idle();
  for (int64_t left = ms; left > 0;) {
    int64_t step = std::min<int64_t>(left, 125);
    clock_.advance(step * env::kNsPerMs);
    if (executor_) executor_->run_until_idle();
    left -= step;
  }
}

void ScheduleWorld::reopen(Log& log) {
  bool fresh = !disk_.exists(log.path);
  log.writer = *disk_.open(log.path, env::OpenMode::Create);
  log.offset = *log.writer->size();
  if (fresh) {
    (void)disk_.sync_directory("/logs");
    if (log.same_head) write(log, "#" + std::string(300, 'h') + "\n");
  }
}

void ScheduleWorld::write(Log& log, std::string_view bytes) {
  if (log.appends) log.offset = *log.writer->size();
  KANSOKU_CHECK(log.writer->write_at(log.offset, as_bytes(bytes)).has_value());
  KANSOKU_CHECK(log.writer->sync_data().has_value());
  log.offset += bytes.size();
}

void ScheduleWorld::append(Log& log, int lines) {
  for (int i = 0; i < lines; ++i) {
    std::string line = fmt::format("L{} {}.\n", next_line_++, std::string(chance(60), 'x'));
    size_t cut = chance(6) == 0 ? chance(line.size()) : 0;
    if (cut > 0) {
      write(log, std::string_view(line).substr(0, cut));
      if (chance(2) == 0) run_for(static_cast<int64_t>(chance(1'000)));
    }
    write(log, std::string_view(line).substr(cut));
    written_at_[next_line_ - 1] = clock_.monotonic_now().ns;
    line_bytes_[next_line_ - 1] = line.size();
  }
}

void ScheduleWorld::watch_sink() {
  bool open = sink_.mode == NumberedSink::Mode::Answer;
  if (!open) open_since_ns_.reset();
  if (open && !open_since_ns_) open_since_ns_ = clock_.monotonic_now().ns;
}

bool ScheduleWorld::surely_seen(uint64_t number, int64_t since_ns) const {
  int64_t from = std::max(since_ns, written_at_.at(number));
  return receiver_ && clock_.monotonic_now().ns - from >= kAttentionNs;
}

// A file that is removed is held open once it was seen; what is truncated must have been read. A
// crash excuses both where the lines were not sent yet.
void ScheduleWorld::lose(const std::string& path, uint64_t from, bool truncated) {
  int64_t up = std::max(up_since_ns_, made_at_[disk_.info(path)->inode]);
  for (auto [number, begin] : lines_of(disk_.contents(path))) {
    if (begin < from || !line_bytes_.contains(number)) continue;
    bool had = receiver_ && sink_.offered.contains(number);
    had = had || (open_since_ns_ && surely_seen(number, *open_since_ns_));
    had = had || (!truncated && surely_seen(number, up));
    (had ? in_memory_ : excused_).insert(number);
  }
}

std::string ScheduleWorld::rotated(const Log& log, int number) const {
  std::string folder = olddir() ? "/logs/old" : "/logs";
  return fmt::format("{}/{}.{}", folder, file_name_of(log.path), number);
}

// app.log.2 -> app.log.3 ..., packed ones too; the oldest one goes.
void ScheduleWorld::shift(Log& log) {
  for (const char* suffix : {"", ".gz"}) {
    std::string oldest = rotated(log, kRotationsKept) + suffix;
    if (disk_.exists(oldest)) {
      if (*suffix == '\0') {
        lose(oldest, 0, false);
      } else {
        lose_packed(oldest);
      }
      (void)disk_.remove(oldest);
    }
    for (int i = kRotationsKept - 1; i >= 1; --i) {
      std::string from = rotated(log, i) + suffix;
      if (disk_.exists(from)) (void)disk_.rename(from, rotated(log, i + 1) + suffix);
    }
  }
  sync_folders();
}

void ScheduleWorld::sync_folders() {
  (void)disk_.sync_directory("/logs");
  (void)disk_.sync_directory("/logs/old");
}

void ScheduleWorld::lose_packed(const std::string& path) {
  auto file = disk_.open(path, env::OpenMode::Read);
  auto text = open_gzip(std::move(*file));
  KANSOKU_CHECK(text.has_value());
  int64_t up = std::max(up_since_ns_, made_at_[disk_.info(path)->inode]);
  for (auto [number, begin] : lines_of(read_bytes(**text, 0, *(*text)->size()))) {
    bool had = surely_seen(number, up) || sink_.offered.contains(number);
    (had ? in_memory_ : excused_).insert(number);
  }
}

void ScheduleWorld::rotate_by_rename(Log& log) {
  note("rename " + log.path);
  shift(log);
  (void)disk_.rename(log.path, rotated(log, 1));
  sync_folders();
  // The writer goes on in the old file until it is told.
  if (chance(2) == 0) append(log, static_cast<int>(chance(4)));
  if (chance(3) == 0) run_for(static_cast<int64_t>(chance(2'500)));
  reopen(log);
}

void ScheduleWorld::copytruncate(Log& log) {
  shift(log);
  std::string copied = disk_.contents(log.path);
  note(fmt::format("copytruncate {} of {} bytes", log.path, copied.size()));
  {
    auto copy = *disk_.open(rotated(log, 1), env::OpenMode::CreateNew);
    sync_folders();
    if (chance(6) == 0) run_for(static_cast<int64_t>(chance(1'500)));
    size_t half = chance(copied.size() + 1);
    (void)copy->write_at(0, as_bytes(std::string_view(copied).substr(0, half)));
    if (chance(6) == 0) run_for(static_cast<int64_t>(chance(1'500)));
    (void)copy->write_at(half, as_bytes(std::string_view(copied).substr(half)));
    (void)copy->sync_data();
    made_at_[copy->info()->inode] = clock_.monotonic_now().ns;
  }
  if (chance(3) == 0) run_for(static_cast<int64_t>(chance(1'500)));
  // Lines between copying and truncating stand in no copy.
  if (chance(3) == 0) {
    append(log, 1 + static_cast<int>(chance(3)));
    if (chance(2) == 0) run_for(static_cast<int64_t>(chance(1'500)));
  }
  lose(log.path, copied.size(), true);
  note_truncation(log, copied.size());
  (void)log.writer->truncate(0);
  (void)log.writer->sync_data();
  if (chance(2) == 0) append(log, static_cast<int>(chance(8)));
}

// What stands behind the copy, and within what the receiver has seen of the file, is in the ledger.
void ScheduleWorld::note_truncation(const Log& log, uint64_t copied) {
  ++truncations_;
  if (!receiver_) return;
  uint64_t seen = 0;
  for (const FileLine& line : receiver_->lines()) {
    bool it = line.key.inode == disk_.info(log.path)->inode && line.kind == FileKind::Followed;
    if (it) seen = line.size_seen;
  }
  for (auto [number, begin] : lines_of(disk_.contents(log.path))) {
    // Polled since: else the size is that of what stood there before.
    if (!line_bytes_.contains(number) || !surely_seen(number, up_since_ns_)) continue;
    if (begin >= copied && begin + line_bytes_[number] <= std::max(seen, copied)) {
      truncated_lines_[number] = line_bytes_[number];
    }
  }
}

// gzip of the newest rotated file, at once.
void ScheduleWorld::compress(Log& log) {
  std::string plain = rotated(log, 1);
  if (!disk_.exists(plain)) return;
  note("gzip " + plain);
  std::string text = disk_.contents(plain);
  {
    std::string bytes = gzipped(text);
    auto packed = *disk_.open(plain + ".gz", env::OpenMode::CreateEmpty);
    size_t half = chance(bytes.size());
    (void)packed->write_at(0, as_bytes(std::string_view(bytes).substr(0, half)));
    if (chance(4) == 0) run_for(static_cast<int64_t>(chance(1'500)));
    (void)packed->write_at(half, as_bytes(std::string_view(bytes).substr(half)));
    (void)packed->sync_data();
    made_at_[packed->info()->inode] = clock_.monotonic_now().ns;
  }
  (void)disk_.remove(plain);
  sync_folders();
}

void ScheduleWorld::remove_and_recreate(Log& log) {
  note("remove " + log.path);
  lose(log.path, 0, false);
  (void)disk_.remove(log.path);
  (void)disk_.sync_directory("/logs");
  if (chance(3) == 0) run_for(static_cast<int64_t>(chance(1'500)));
  reopen(log);
}

void ScheduleWorld::settle() {
  note("settle");
  sink_.mode = NumberedSink::Mode::Answer;
  sink_.answer_held();
  watch_sink();
  run_for(5'000);
  in_memory_.clear();
}

void ScheduleWorld::operation() {
  Log& log = logs_[chance(logs_.size())];
  switch (chance(16)) {
    case 0:
    case 1:
      return rotate_by_rename(log);
    case 2:
    case 3:
      return copytruncate(log);
    case 4:
      return compress(log);
    case 5:
      return chance(2) == 0 ? remove_and_recreate(log) : append(log, 1);
    case 6:
      return crash_receiver();
    case 7:
      sink_.mode = static_cast<NumberedSink::Mode>(chance(3));
      if (sink_.mode == NumberedSink::Mode::Answer) sink_.answer_held();
      watch_sink();
      return note(fmt::format("sink {}", static_cast<int>(sink_.mode)));
    case 8:
      return settle();
    default:
      note("append");
      return append(log, 1 + static_cast<int>(chance(8)));
  }
}

// complete: after settling, when nothing is on its way.
std::string ScheduleWorld::check(bool complete) {
  for (const FileLine& line : receiver_->lines()) {
    if (!line.balanced()) return fmt::format("{} does not balance\n{}", line.path, trace_);
    if (complete && line.in_flight > 0) return "in flight after settling\n" + trace_;
  }
  if (!complete) return {};
  std::string broken = check_lines();
  return broken.empty() ? check_ledger() : broken;
}

std::string ScheduleWorld::check_lines() {
  for (uint64_t number = 1; number < next_line_; ++number) {
    if (sink_.lines.contains(number)) continue;
    if (!excused_.contains(number)) note("broken");
    if (!excused_.contains(number)) return fmt::format("line {} is lost\n{}", number, trace_);
    ++excused_seen_;
  }
  for (const auto& [number, times] : sink_.lines) {
    if (times == 1) continue;
    note("broken");
    return fmt::format("line {} came {} times\n{}", number, times, trace_);
  }
  for (const std::string& text : sink_.others) {
    uint64_t number = 0;
    if (text.starts_with('L')) {
      std::from_chars(text.data() + 1, text.data() + text.size(), number);
    }
    // A hole that was met after the begin of a copy.
    if (text.starts_with('\0')) continue;
    // What was seen of a line when it was truncated.
    bool number_is_cut = text.starts_with('L') && text.find(' ') == std::string::npos;
    if (number_is_cut || excused_.contains(number) || in_memory_.contains(number)) continue;
    return fmt::format("no line: {}\n{}", quoted(text), trace_);
  }
  return {};
}

// To the byte where nothing else can be the reason: no crash (the sums begin anew), no holes.
std::string ScheduleWorld::check_ledger() const {
  bool appends = std::all_of(logs_.begin(), logs_.end(), [](const Log& l) { return l.appends; });
  FileLine total = receiver_->total();
  if (!total.balanced() || total.in_flight != 0) return "the ledger does not balance\n" + trace_;
  if (crashes_ > 0 || !appends) return {};
  // A last line may have been sent without its end, once for each truncation.
  uint64_t sent = total.counts.acknowledged;
  if (sent > sink_.bytes || sent + truncations_ + sink_.others.size() < sink_.bytes) {
    return fmt::format("{} bytes acknowledged, {} stored\n{}", sent, sink_.bytes, trace_);
  }
  uint64_t named = 0;
  for (auto [number, bytes] : truncated_lines_) named += sink_.lines.contains(number) ? 0 : bytes;
  uint64_t lost = 0;
  for (auto [number, bytes] : line_bytes_) lost += sink_.lines.contains(number) ? 0 : bytes;
  uint64_t parts = 0;  // of lines that are counted as lost, and came in part
  for (const std::string& text : sink_.others) parts += text.size();
  uint64_t unread = total.counts.truncated_unread;
  if (unread > lost || unread + parts < named) {
    return fmt::format("truncated_unread is {}: not within {} less {} and {}\n{}", unread, named,
                       parts, lost, trace_);
  }
  return {};
}

uint64_t ScheduleWorld::lines_repeated() const {
  uint64_t out = 0;
  for (const auto& [number, times] : sink_.lines) out += times > 1 ? 1 : 0;
  return out;
}

std::string ScheduleWorld::run() {
  for (int i = 0; i < options_.operations; ++i) {
    operation();
    if (chance(2) == 0) run_for(static_cast<int64_t>(chance(1'500)));
    std::string broken = check(false);
    if (!broken.empty()) return broken;
  }
  settle();
  settle();
  return check(true);
}

}  // namespace kansoku::pipeline::filelog::test
