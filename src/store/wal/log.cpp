#include "store/wal/log.h"

#include <pthread.h>

#include <condition_variable>
#include <thread>

#include "base/check.h"
#include "store/wal/producers.h"
#include "store/wal/segments.h"

namespace kansoku::store::wal {
namespace {

// A group waits only when the one before it found company: 2-10 ms (specs: fdatasync of a small
// group takes 2.5-6 ms, so this at most doubles the latency of a loaded log).
constexpr int64_t kWindowMinNs = 2 * env::kNsPerMs;
constexpr int64_t kWindowMaxNs = 10 * env::kNsPerMs;
// A group this big goes without waiting.
constexpr size_t kGroupBytesFull = 1U << 20;
// Buffers larger than this are given back after use.
constexpr size_t kBufferBytesKept = 1U << 20;

struct Item {
  RecordTag tag;  // producer is empty here: the name is kept beside
  std::string producer;
  Log::Done done;
};

// What was queued at one moment: records one after another, and who waits for them.
struct Group {
  std::string bytes;
  std::vector<Item> items;
  uint64_t first_sequence = 0;
  bool urgent = false;  // some record does not wait for company

  void clear() {
    items.clear();
    urgent = false;
    bytes.clear();
    if (bytes.capacity() > kBufferBytesKept) std::string().swap(bytes);
  }
};

enum class Haste : uint8_t { Now, WithNext };

using ProducerKey = std::tuple<Engine, std::string, uint64_t, uint64_t>;

}  // namespace

struct Log::State {
  env::Env env;
  std::string directory;
  LogOptions options;
  std::unique_ptr<env::FileLock> lock;
  RecoveryReport recovery;

  // Queue side.
  mutable std::mutex queue_mutex;
  std::condition_variable ready;
  std::condition_variable idle;
  Group queued;
  size_t writing_bytes = 0;
  uint64_t next_sequence = 1;
  Producers producers;
  std::set<ProducerKey> in_flight;
  std::map<std::pair<Engine, uint16_t>, uint64_t> floors;
  std::vector<Segment> segments;  // the last one is being written when file is open
  LogStats stats;
  size_t holds = 0;  // no segment is removed
  bool stopping = false;
  bool started = false;

  // Writer side.
  std::mutex run_mutex;  // one writer: the thread, or callers of run_once()
  Group group;
  std::unique_ptr<env::File> file;
  uint64_t file_bytes = 0;
  int64_t window_ns = 0;
  std::thread writer;

  Status recover();
  Status cut_tail(Segment& segment, const SegmentScan& scan);
  void note_damage(const Segment& segment, uint64_t damages);
  Result<uint64_t> enqueue(Engine engine, uint16_t shard, const signal::Producer& producer,
                           std::string_view payload, Haste haste, Done done);
  Status refuse_known(Engine engine, const signal::Producer& producer);
  void work();
  bool write_group();
  Status put_group();
  Status open_segment(uint64_t first_sequence, std::string& head);
  Status write_and_sync(std::string_view head, bool& sync_failed);
  void abandon_segment();
  void finish_group(const Status& status);
  void remove_absorbed();
  void remove_closed();
  bool absorbed(const Segment& segment) const;
  bool replace_absorbed();
  Status forget_segment(const std::string& path) const;
  Status copy_segments(const std::vector<Segment>& list, const std::string& to);
};

void Log::State::note_damage(const Segment& segment, uint64_t damages) {
  if (damages == 0) return;
  recovery.damages += damages;
  if (recovery.first_damage.empty()) recovery.first_damage = segment.path;
}

Status Log::State::cut_tail(Segment& segment, const SegmentScan& scan) {
  if (scan.total_bytes <= scan.good_bytes) return {};
  recovery.tail_bytes_cut += scan.total_bytes - scan.good_bytes;
  KANSOKU_TRY(auto tail, env.files->open(segment.path, env::OpenMode::ReadWrite));
  KANSOKU_RETURN_IF_ERROR(tail->truncate(scan.good_bytes));
  segment.bytes = scan.good_bytes;
  return tail->sync_data();
}

Status Log::State::recover() {
  KANSOKU_TRY(segments, list_segments(*env.files, directory));
  uint64_t previous = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    Segment& segment = segments[i];
    bool is_last = i + 1 == segments.size();
    uint64_t end = is_last ? std::numeric_limits<uint64_t>::max() : segments[i + 1].first_sequence;
    previous = std::max(previous, segment.first_sequence - 1);
    auto visit = [&](const ParsedRecord& record) -> Status {
      if (record.tag.engine == Engine::Log) return producers.decode(record.payload);
      segment.last[{record.tag.engine, record.tag.shard}] = record.tag.sequence;
      if (!record.tag.producer.empty()) {
        producers.remember(record.tag.engine, record.tag.producer, record.tag.epoch,
                           record.tag.producer_sequence, record.tag.sequence);
      }
      return {};
    };
    KANSOKU_TRY(auto scan, scan_segment(*env.files, segment, previous, end, visit));
    recovery.records += scan.records;
    recovery.bytes += scan.good_bytes;
    note_damage(segment, scan.damages);
    uint64_t& lost_until = recovery.lost_until_sequence;
    lost_until = std::max(lost_until, scan.lost_until);
    if (!is_last && previous + 1 < end) lost_until = std::max(lost_until, end);
    if (is_last && scan.damaged_at_end) lost_until = std::numeric_limits<uint64_t>::max();
    if (is_last) {
      KANSOKU_RETURN_IF_ERROR(cut_tail(segment, scan));
    } else if (scan.good_bytes < scan.total_bytes && previous + 1 < end) {
      note_damage(segment, 1);
    }
  }
  recovery.segments = segments.size();
  next_sequence = previous + 1;
  return {};
}

// Why a numbered batch cannot be taken, or nothing.
Status Log::State::refuse_known(Engine engine, const signal::Producer& producer) {
  if (producer.id.size() > kProducerBytesMax) {
    return invalid_argument("producer name too long: {} bytes, limit {}", producer.id.size(),
                            kProducerBytesMax);
  }
  switch (producers.look_up(engine, producer.id, producer.epoch, producer.sequence)) {
    case Producers::Known::Seen:
      ++stats.duplicates;
      return already_exists("batch {} of epoch {} is stored already", producer.sequence,
                            producer.epoch);
    case Producers::Known::StaleEpoch:
      return failed_precondition("epoch {} of the producer is over", producer.epoch);
    case Producers::Known::New:
      break;
  }
  ProducerKey key(engine, producer.id, producer.epoch, producer.sequence);
  if (in_flight.contains(key)) {
    return cancelled("batch {} of epoch {} is being stored", producer.sequence, producer.epoch);
  }
  return {};
}

Result<uint64_t> Log::State::enqueue(Engine engine, uint16_t shard,
                                     const signal::Producer& producer, std::string_view payload,
                                     Haste haste, Done done) {
  if (payload.size() > kPayloadBytesMax) {
    return resource_exhausted("log record too large: {} bytes, limit {}", payload.size(),
                              kPayloadBytesMax);
  }
  std::lock_guard guard(queue_mutex);
  if (stopping) return unavailable("the log is closed");
  if (stats.read_only) return unavailable("the log is read-only: {}", stats.last_error);
  if (queued.bytes.size() + writing_bytes + payload.size() > options.queue_bytes_max &&
      queued.bytes.size() + writing_bytes > 0) {
    ++stats.refused_full;
    return unavailable("the log queue is full: {} bytes", options.queue_bytes_max);
  }
  if (!producer.id.empty()) {
    KANSOKU_RETURN_IF_ERROR(refuse_known(engine, producer));
    in_flight.emplace(engine, producer.id, producer.epoch, producer.sequence);
  }
  RecordTag tag{engine, shard, next_sequence++, producer.id, producer.epoch, producer.sequence};
  if (queued.items.empty()) queued.first_sequence = tag.sequence;
  append_record(tag, payload, queued.bytes);
  uint64_t sequence = tag.sequence;
  tag.producer = {};
  queued.items.push_back({tag, producer.id, std::move(done)});
  queued.urgent = queued.urgent || haste == Haste::Now;
  ready.notify_one();
  return sequence;
}

void Log::State::work() {
  ::pthread_setname_np(::pthread_self(), "kansoku-log");
  std::unique_lock guard(queue_mutex);
  for (;;) {
    ready.wait(guard, [&] { return stopping || !queued.items.empty(); });
    if (queued.items.empty() && stopping) return;
    if (!queued.urgent) {
      ready.wait_for(guard, std::chrono::nanoseconds(options.company_ns), [&] {
        return stopping || queued.urgent || queued.bytes.size() >= kGroupBytesFull;
      });
    }
    if (window_ns > 0) {
      ready.wait_for(guard, std::chrono::nanoseconds(window_ns),
                     [&] { return stopping || queued.bytes.size() >= kGroupBytesFull; });
    }
    guard.unlock();
    write_group();
    guard.lock();
    idle.notify_all();
  }
}

bool Log::State::write_group() {
  std::lock_guard running(run_mutex);
  {
    std::lock_guard guard(queue_mutex);
    if (queued.items.empty()) return false;
    std::swap(queued, group);
    writing_bytes = group.bytes.size();
  }
  Status status = put_group();
  finish_group(status);
  return true;
}

// Puts the group on disk. A failed sync means that what the kernel holds of that file is unknown:
// the same records go to a new segment, once; then the log is read-only.
Status Log::State::put_group() {
  bool sync_failed = false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::string head;
    if (!file || file_bytes + group.bytes.size() > options.segment_bytes) {
      abandon_segment();
      if (Status status = open_segment(group.first_sequence, head); !status) return status;
    }
    bool failed = false;
    Status status = write_and_sync(head, failed);
    if (status || !failed) return status;
    sync_failed = true;
    std::lock_guard guard(queue_mutex);
    ++stats.sync_failures;
    stats.last_error = status.error().to_string();
  }
  KANSOKU_CHECK(sync_failed);
  std::lock_guard guard(queue_mutex);
  stats.read_only = true;
  return unavailable("the log is read-only: {}", stats.last_error);
}

// Makes the next segment; `head` gets what must stand before its first group.
Status Log::State::open_segment(uint64_t first_sequence, std::string& head) {
  Segment segment;
  {
    std::lock_guard guard(queue_mutex);
    segment.index = segments.empty() ? 1 : segments.back().index + 1;
    segment.first_sequence = first_sequence;
    head = segment_header(segment.index, segment.first_sequence);
    if (producers.size() > 0) {
      std::string snapshot;
      producers.encode(snapshot);
      append_record({Engine::Log, 0, segment.first_sequence, {}, 0, 0}, snapshot, head);
    }
  }
  segment.path = env::join_path(directory, segment_name(segment.index, segment.first_sequence));
  auto opened = env.files->open(segment.path, env::OpenMode::CreateNew);
  if (!opened) return std::unexpected(std::move(opened).error());
  // Room is taken first, so that a full disk refuses here and not in the middle of a group.
  Status ready_file = (*opened)->preallocate(options.segment_bytes);
  if (ready_file) ready_file = env.files->sync_directory(directory);
  if (!ready_file) {
    opened->reset();
    (void)env.files->remove(segment.path);
    return ready_file;
  }
  file = std::move(*opened);
  file_bytes = 0;
  std::lock_guard guard(queue_mutex);
  segments.push_back(std::move(segment));
  return {};
}

Status Log::State::write_and_sync(std::string_view head, bool& sync_failed) {
  Status status;
  uint64_t end = file_bytes;
  if (head.empty()) {
    status = file->write_at(end, as_bytes(group.bytes));
    end += group.bytes.size();
  } else {
    // One write, so that a header never survives without its first group or the other way round.
    std::string first(head);
    first += group.bytes;
    status = file->write_at(end, as_bytes(first));
    end += first.size();
  }
  if (!status) {
    std::lock_guard guard(queue_mutex);
    ++stats.write_failures;
    stats.last_error = status.error().to_string();
  } else {
    int64_t before = env.clock->monotonic_now().ns;
    status = file->sync_data();
    std::lock_guard guard(queue_mutex);
    stats.sync_ns += static_cast<uint64_t>(env.clock->monotonic_now().ns - before);
    sync_failed = !status;
  }
  if (!status) {
    abandon_segment();
    return status;
  }
  file_bytes = end;
  return {};
}

// Leaves the current segment for good; what was written behind its last good group is cut if
// possible.
void Log::State::abandon_segment() {
  if (!file) return;
  (void)file->truncate(file_bytes);
  file.reset();
  std::lock_guard guard(queue_mutex);
  segments.back().bytes = file_bytes;
}

void Log::State::finish_group(const Status& status) {
  {
    std::lock_guard guard(queue_mutex);
    for (const Item& item : group.items) {
      const RecordTag& tag = item.tag;
      if (!item.producer.empty()) {
        in_flight.erase(ProducerKey(tag.engine, item.producer, tag.epoch, tag.producer_sequence));
      }
      if (!status) continue;
      segments.back().last[{tag.engine, tag.shard}] = tag.sequence;
      stats.durable_sequence = tag.sequence;
      if (!item.producer.empty()) {
        producers.remember(tag.engine, item.producer, tag.epoch, tag.producer_sequence,
                           tag.sequence);
      }
    }
    if (status) {
      segments.back().bytes = file_bytes;
      stats.records += group.items.size();
      ++stats.groups;
      stats.bytes += group.bytes.size();
    } else if (stats.last_error.empty()) {
      stats.last_error = status.error().to_string();
    }
    bool loaded = group.items.size() > 1 && !queued.items.empty();
    window_ns = loaded ? std::clamp(window_ns * 2, kWindowMinNs, kWindowMaxNs) : 0;
  }
  for (Item& item : group.items) {
    if (status) {
      item.done(item.tag.sequence);
    } else {
      item.done(std::unexpected(status.error()));
    }
  }
  group.clear();
  {
    std::lock_guard guard(queue_mutex);
    writing_bytes = 0;
  }
  remove_absorbed();
}

// With queue_mutex held.
bool Log::State::absorbed(const Segment& segment) const {
  return std::ranges::all_of(segment.last, [&](const auto& last) {
    auto floor = floors.find(last.first);
    return floor != floors.end() && floor->second >= last.second;
  });
}

// Oldest first, and never the current one: its head carries what the producers said before.
void Log::State::remove_absorbed() {
  remove_closed();
  // What cannot be replaced now (a full disk) stays, and is written on.
  if (replace_absorbed()) remove_closed();
}

void Log::State::remove_closed() {
  for (;;) {
    std::string path;
    {
      std::lock_guard guard(queue_mutex);
      if (segments.size() < 2 || holds > 0 || !absorbed(segments.front())) return;
      path = segments.front().path;
    }
    if (!env.files->remove(path)) return;
    std::lock_guard guard(queue_mutex);
    segments.erase(segments.begin());
  }
}

// Durably.
Status Log::State::forget_segment(const std::string& path) const {
  Status removed = env.files->remove(path);
  if (!removed && removed.error().code != ErrorCode::NotFound) return removed;
  return env.files->sync_directory(directory);
}

// When nothing in the current segment is needed any more and it is worth the trouble, an empty one
// takes its place, so that a settled store keeps no log and a start reads none. False: it stays.
bool Log::State::replace_absorbed() {
  uint64_t first_sequence = 0;
  std::string path;
  {
    std::lock_guard guard(queue_mutex);
    const bool worth = file && file_bytes >= options.replace_bytes_min && absorbed(segments.back());
    if (!worth || !queued.items.empty() || stats.read_only) return false;
    first_sequence = next_sequence;
    path = env::join_path(directory, segment_name(segments.back().index + 1, first_sequence));
  }
  std::unique_ptr<env::File> old = std::move(file);
  const uint64_t old_bytes = file_bytes;
  std::string head;
  Status status = open_segment(first_sequence, head);
  const bool opened = status.has_value();
  if (status) status = file->write_at(0, as_bytes(head));
  if (status) status = file->sync_data();
  if (!status) {
    if (opened) {
      file.reset();
      std::lock_guard guard(queue_mutex);
      segments.pop_back();
    }
    // Back to the old one, but only when the new one is gone for good: were it there again after a
    // power cut, what is written from here on would count as written twice.
    if (forget_segment(path)) {
      file = std::move(old);
      file_bytes = old_bytes;
    }
    return false;
  }
  (void)old->truncate(old_bytes);  // gives back the room that it had taken ahead
  file_bytes = head.size();
  std::lock_guard guard(queue_mutex);
  segments.back().bytes = file_bytes;
  return true;
}

// Closed segments get a second name; of the current one its durable bytes are copied.
Status Log::State::copy_segments(const std::vector<Segment>& list, const std::string& to) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Segment& segment = list[i];
    std::string target = env::join_path(to, segment.path.substr(directory.size() + 1));
    if (i + 1 < list.size()) {
      KANSOKU_RETURN_IF_ERROR(env.files->link(segment.path, target));
      continue;
    }
    if (segment.bytes == 0) continue;  // its first group never became durable
    KANSOKU_RETURN_IF_ERROR(env.files->copy(segment.path, target, segment.bytes));
  }
  return env.files->sync_directory(to);
}

Status Log::snapshot(const std::string& directory) {
  auto held = hold_segments();
  std::vector<Segment> list;
  {
    std::lock_guard guard(state_->queue_mutex);
    list = state_->segments;
  }
  return state_->copy_segments(list, directory);
}

std::shared_ptr<void> Log::hold_segments() {
  std::lock_guard guard(state_->queue_mutex);
  ++state_->holds;
  return {state_.get(), [](State* state) {
            std::lock_guard releasing(state->queue_mutex);
            --state->holds;
          }};
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() { close(); }

Result<std::unique_ptr<Log>> Log::open(env::Env env, const std::string& directory,
                                       LogOptions options) {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(directory));
  auto state = std::make_unique<State>();
  state->env = env;
  state->directory = directory;
  state->options = options;
  KANSOKU_TRY(state->lock, env.files->lock(env::join_path(directory, "lock")));
  KANSOKU_RETURN_IF_ERROR(state->recover());
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

const RecoveryReport& Log::recovery() const { return state_->recovery; }

uint64_t Log::first_sequence() const {
  return state_->segments.empty() ? state_->next_sequence : state_->segments.front().first_sequence;
}

Status Log::replay(Engine engine, const Visitor& visit) {
  uint64_t previous = 0;
  const auto& segments = state_->segments;
  for (size_t i = 0; i < segments.size(); ++i) {
    uint64_t end = i + 1 == segments.size() ? std::numeric_limits<uint64_t>::max()
                                            : segments[i + 1].first_sequence;
    previous = std::max(previous, segments[i].first_sequence - 1);
    auto scan = scan_segment(*state_->env.files, segments[i], previous, end,
                             [&](const ParsedRecord& record) -> Status {
                               if (record.tag.engine != engine) return {};
                               return visit(record.tag, record.payload);
                             });
    if (!scan) return std::unexpected(std::move(scan).error());
  }
  return {};
}

void Log::start() {
  std::lock_guard guard(state_->queue_mutex);
  if (state_->options.manual || state_->started || state_->stopping) return;
  state_->started = true;
  state_->writer = std::thread([state = state_.get()] { state->work(); });
}

Result<uint64_t> Log::append(Engine engine, uint16_t shard, const signal::Producer& producer,
                             std::string_view payload, Done done) {
  return state_->enqueue(engine, shard, producer, payload, Haste::Now, std::move(done));
}

Result<uint64_t> Log::append_with_next(Engine engine, uint16_t shard,
                                       const signal::Producer& producer, std::string_view payload,
                                       Done done) {
  return state_->enqueue(engine, shard, producer, payload, Haste::WithNext, std::move(done));
}

void Log::set_floor(Engine engine, uint16_t shard, uint64_t sequence) {
  {
    std::lock_guard guard(state_->queue_mutex);
    uint64_t& floor = state_->floors[{engine, shard}];
    floor = std::max(floor, sequence);
    state_->next_sequence = std::max(state_->next_sequence, sequence + 1);
  }
  // The writer may be in its own removal; it will look again after the next group.
  if (state_->run_mutex.try_lock()) {
    std::lock_guard running(state_->run_mutex, std::adopt_lock);
    state_->remove_absorbed();
  }
}

uint64_t Log::pinned_bytes(Engine engine) const {
  std::lock_guard guard(state_->queue_mutex);
  uint64_t bytes = 0;
  for (const Segment& segment : state_->segments) {
    bool pinned = std::any_of(segment.last.begin(), segment.last.end(), [&](const auto& last) {
      if (last.first.first != engine) return false;
      auto floor = state_->floors.find(last.first);
      return floor == state_->floors.end() || floor->second < last.second;
    });
    if (pinned || bytes > 0) bytes += segment.bytes;
  }
  return bytes;
}

bool Log::run_once() { return state_->write_group(); }

void Log::drain() {
  if (!state_->started) {
    while (run_once()) {
    }
    return;
  }
  std::unique_lock guard(state_->queue_mutex);
  state_->idle.wait(guard,
                    [&] { return state_->queued.items.empty() && state_->writing_bytes == 0; });
}

void Log::close() {
  bool first = false;
  {
    std::lock_guard guard(state_->queue_mutex);
    first = !state_->stopping;
    state_->stopping = true;
  }
  state_->ready.notify_all();
  if (state_->writer.joinable()) state_->writer.join();
  if (!first) return;
  while (run_once()) {
  }
  std::lock_guard running(state_->run_mutex);
  state_->abandon_segment();
  state_->lock.reset();
}

LogStats Log::stats() const {
  std::lock_guard guard(state_->queue_mutex);
  LogStats stats = state_->stats;
  stats.queue_bytes = state_->queued.bytes.size() + state_->writing_bytes;
  stats.segments = state_->segments.size();
  for (const Segment& segment : state_->segments) stats.segment_bytes += segment.bytes;
  stats.next_sequence = state_->next_sequence;
  return stats;
}

}  // namespace kansoku::store::wal
