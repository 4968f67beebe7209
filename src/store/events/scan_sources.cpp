#include "store/events/scan_sources.h"

#include <algorithm>

#include "base/check.h"
#include "store/events/memtable_rows.h"

namespace kansoku::store::events {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

int64_t after(int64_t ns) { return ns == kMax ? ns : ns + 1; }

// Events of which no more is asked than how many they are (EventScan::counts_only).
class CountedRows final : public EventRows {
 public:
  explicit CountedRows(BinCounts counts) : counts_(std::move(counts)) {}
  size_t size() const override { return counts_.rows.size(); }
  std::span<const uint64_t> counts() const override { return counts_.rows; }
  bool checked(size_t) const override { return true; }
  std::span<const int64_t> timestamps_ns() const override { return counts_.times_ns; }
  std::span<const int64_t> ingested_ns() override { return not_there<int64_t>(); }
  EventId id(size_t) override { return not_there<EventId>().front(); }
  std::span<const uint32_t> stream_rows() const override { return not_there<uint32_t>(); }
  std::span<const EventStreamName> streams() const override { return not_there<EventStreamName>(); }
  Result<std::span<const EventValues>> columns(std::string_view) override {
    return not_there<EventValues>();
  }
  Result<std::vector<std::string_view>> paths() override {
    (void)not_there<char>();
    return std::vector<std::string_view>();
  }
  void keep(std::span<const uint32_t>) override { (void)not_there<char>(); }

 private:
  template <class Value>
  static std::span<const Value> not_there() {
    KANSOKU_CHECK(false && "rows that were only to be counted have no columns");
    return {};
  }
  BinCounts counts_;
};

}  // namespace

ScanSources::ScanSources(const ScanView& view, const EventScan& scan, const EventFilter& filter)
    : view_(&view),
      scan_(&scan),
      filter_(&filter),
      lifetimes_(view.policies, *view.tombstones, view.now_ns),
      begin_ns_(scan.begin_ns),
      end_ns_(scan.end_ns),
      groups_(scan.groups.begin(), scan.groups.end()),
      streams_(scan.streams) {
  std::ranges::sort(streams_);
  if (scan.after && scan.order == EventOrder::OldestFirst) {
    begin_ns_ = std::max(begin_ns_, scan.after->timestamp_ns);
  }
  if (scan.after && scan.order == EventOrder::NewestFirst) {
    end_ns_ = std::min(end_ns_, after(scan.after->timestamp_ns));
  }
}

bool ScanSources::wants_group(std::string_view group, uint64_t generation) {
  if (!groups_.empty() && !groups_.contains(group)) return false;
  return lifetimes_.lives(scan_->scope, group, generation);
}

bool ScanSources::wants_stream(std::string_view stream) const {
  if (!stream.starts_with(scan_->stream_prefix)) return false;
  return streams_.empty() || std::ranges::binary_search(streams_, stream);
}

bool ScanSources::wants(std::string_view group, uint64_t generation, std::string_view stream) {
  return wants_group(group, generation) && wants_stream(stream);
}

void ScanSources::close(ScanSource& source) {
  source.rows.reset();
  if (source.reader) {
    report_.bytes_read += source.reader->bytes_read() - source.read_before;
    if (view_->open_blocks != nullptr && !source.damaged) {
      view_->open_blocks->give_back(source.part->meta().id, source.block, std::move(source.reader));
    }
  }
  source.reader.reset();
  source.bytes.reset();
}

void ScanSources::note_missing(int64_t min_ns, int64_t max_ns) {
  const TimeRangeNs range{std::max(min_ns, begin_ns_), std::min(after(max_ns), end_ns_)};
  if (range.begin < range.end) report_.missing.push_back(range);
}

void ScanSources::give_up(ScanSource& source, const Error& error) {
  note_damage(static_cast<uint32_t>(&source - sources_.data()), error);
  source.done = true;
  close(source);
}

// What could not be read for another reason than damage may be read the next time.
void ScanSources::note_damage(uint32_t source, const Error& error) {
  ScanSource& from = sources_[source];
  if (from.part == nullptr) return;
  from.damaged = true;
  if (error.code == ErrorCode::DataLoss) from.part->note_damage(from.block);
  note_missing(from.min_ns, from.max_ns);
}

void ScanSources::collect_batch(const std::shared_ptr<const MemoryBatch>& batch) {
  if (batch->scope != scan_->scope || batch->max_ns < begin_ns_ || batch->min_ns >= end_ns_) return;
  ScanSource source{.min_ns = batch->min_ns,
                    .max_ns = batch->max_ns,
                    .row_count = batch->rows(),
                    .message_bytes = batch->message_bytes,
                    .batch = batch};
  bool any = false;
  for (const signal::EventStream& stream : batch->batch->streams()) {
    const bool wanted =
        wants(stream.group, stream.generation, stream.stream) &&
        batch->sequence >= lifetimes_.deleted_until(scan_->scope, stream.group, stream.stream);
    source.wanted.push_back(static_cast<uint8_t>(wanted));
    source.begins_ns.push_back(lifetimes_.begin_ns(scan_->scope, stream.group));
    if (wanted) groups_seen_.insert(stream.group);
    any = any || wanted;
  }
  source.opened = true;
  if (any) sources_.push_back(std::move(source));
}

// Blocks that have one of the streams at one of the times.
Status ScanSources::mark_uses(const Part& part, const GroupPlace& group,
                              std::vector<uint8_t>& blocks) {
  StreamCursor cursor(part, group.first_stream, group.first_stream + group.streams);
  const auto mark = [&] {
    for (const BlockUse& use : cursor.uses()) {
      if (use.max_ns >= begin_ns_ && use.min_ns < end_ns_) blocks[use.block] = 1;
    }
  };
  const std::string& prefix = scan_->stream_prefix;
  if (streams_.empty()) {
    KANSOKU_RETURN_IF_ERROR(cursor.skip_to(prefix));
    for (;;) {
      KANSOKU_TRY(const bool more, cursor.next());
      if (!more || !cursor.name().starts_with(prefix)) return {};
      mark();
    }
  }
  for (const std::string& stream : streams_) {
    if (!stream.starts_with(prefix)) continue;
    KANSOKU_RETURN_IF_ERROR(cursor.skip_to(stream));
    KANSOKU_TRY(const bool more, cursor.next());
    if (!more) return {};
    if (cursor.name() == stream) {
      mark();
    } else {
      cursor.step_back();
    }
  }
  return {};
}

Status ScanSources::mark_streams(const Part& part, const GroupPlace& group,
                                 std::vector<uint8_t>& blocks) {
  if (!streams_.empty() || !scan_->stream_prefix.empty()) return mark_uses(part, group, blocks);
  const uint32_t last = group.first_stream + group.streams - 1;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const BlockPlace& block = part.blocks()[i];
    if (block.first_stream <= last && block.last_stream >= group.first_stream) blocks[i] = 1;
  }
  return {};
}

void ScanSources::collect_part(const Part& part) {
  const PartMeta& meta = part.meta();
  if (meta.group.scope != scan_->scope || meta.max_ns < begin_ns_ || meta.min_ns >= end_ns_) return;
  if (part.fenced()) {
    note_missing(meta.min_ns, meta.max_ns);
    return;
  }
  std::vector<uint8_t> blocks(part.blocks().size());
  for (const GroupPlace& group : part.groups()) {
    if (!wants_group(group.group, group.generation)) continue;
    const int64_t begin = std::max(begin_ns_, lifetimes_.begin_ns(scan_->scope, group.group));
    if (group.max_ns < begin || group.min_ns >= end_ns_) continue;
    groups_seen_.insert(group.group);
    // Without the names, the blocks themselves say which streams they have.
    if (!mark_streams(part, group, blocks)) std::ranges::fill(blocks, uint8_t{1});
  }
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    const BlockPlace& block = part.blocks()[i];
    if (blocks[i] && block.max_ns >= begin_ns_ && block.min_ns < end_ns_) {
      sources_.push_back({.min_ns = block.min_ns,
                          .max_ns = block.max_ns,
                          .row_count = block.rows,
                          .message_bytes = block.message_bytes,
                          .part = &part,
                          .block = i});
    } else {
      report_.rows_skipped += block.rows;
      report_.message_bytes_skipped += block.message_bytes;
    }
  }
}

void ScanSources::collect() {
  if (view_->log_damaged) note_missing(kMin, kMax);
  for (const auto& part : view_->parts) collect_part(*part);
  for (const Memtable::View& memory : view_->memory) {
    for (size_t i = 0; i < memory.size(); ++i) collect_batch(memory[i]);
  }
}

bool ScanSources::judge_streams(ScanSource& source) {
  const std::span<const StreamKey> streams = source.reader->streams();
  bool any = false;
  bool any_deleted = false;
  const StreamKey* before = nullptr;
  bool group_wanted = false;
  int64_t begin_ns = kMin;
  for (const StreamKey& key : streams) {
    if (before == nullptr || before->group != key.group || before->generation != key.generation) {
      group_wanted = wants_group(key.group, key.generation);
      begin_ns = lifetimes_.begin_ns(scan_->scope, key.group);
      before = &key;
    }
    const bool wanted = group_wanted && wants_stream(key.stream);
    any = any || wanted;
    source.wanted.push_back(static_cast<uint8_t>(wanted));
    source.begins_ns.push_back(begin_ns);
    source.deleted.push_back(lifetimes_.deleted_until(scan_->scope, key.group, key.stream));
    any_deleted = any_deleted || source.deleted.back() > 0;
  }
  if (!any_deleted) source.deleted.clear();
  return any;
}

Status ScanSources::open_block(ScanSource& source) {
  source.bytes = std::make_unique<PartBlock>(*source.part, source.block, view_->cache, files_);
  if (view_->open_blocks != nullptr)
    source.reader = view_->open_blocks->take(source.part->meta().id, source.block);
  if (source.reader) {
    source.read_before = source.reader->bytes_read();
    source.reader->rebind(*source.bytes);
  } else {
    const BlockPlace& place = source.part->blocks()[source.block];
    KANSOKU_TRY(source.reader, BlockReader::open(*source.bytes, place.bytes));
  }
  source.opened = true;
  return {};
}

// Names and filters are asked before streams: there may be many of those.
Result<bool> ScanSources::judge_block(ScanSource& source, bool mark) {
  source.judged = true;
  KANSOKU_RETURN_IF_ERROR(open_block(source));
  KANSOKU_TRY(bool wanted, source.reader->may_match(*filter_));
  wanted = wanted && judge_streams(source);
  (wanted ? report_.rows_scanned : report_.rows_skipped) += source.row_count;
  (wanted ? report_.message_bytes_scanned : report_.message_bytes_skipped) += source.message_bytes;
  if (wanted && mark && !filter_->clauses().empty()) {
    KANSOKU_TRY(const size_t rows, source.reader->mark(*filter_));
    // From here on they are what a slice of time has of the block.
    source.message_bytes = source.message_bytes * rows / std::max<uint64_t>(source.row_count, 1);
    source.row_count = rows;
    wanted = rows > 0;
  }
  if (!wanted) {
    source.done = true;
    close(source);
  }
  return wanted;
}

bool ScanSources::judge(size_t at, bool mark) {
  ScanSource& source = sources_[at];
  if (source.batch || source.judged) return !source.done;
  const Result<bool> wanted = judge_block(source, mark);
  if (wanted) return *wanted;
  give_up(source, wanted.error());
  return false;
}

// Rows that are older than the deletion of their stream.
void ScanSources::drop_deleted(ScanSource& source) {
  if (source.deleted.empty() || !source.rows) return;
  std::vector<uint32_t> kept;
  const auto streams = source.rows->stream_rows();
  const auto names = source.rows->streams();
  // The chunk may name streams in its own way.
  std::vector<uint64_t> until;
  for (const EventStreamName& name : names) {
    until.push_back(lifetimes_.deleted_until(scan_->scope, name.group, name.stream));
  }
  for (uint32_t row = 0; row < source.rows->size(); ++row) {
    const uint64_t deleted = until[streams[row]];
    if (deleted == 0 || source.rows->id(row).log_sequence >= deleted) kept.push_back(row);
  }
  if (kept.size() < source.rows->size()) source.rows->keep(kept);
}

Status ScanSources::select_block(ScanSource& source, int64_t begin_ns, int64_t end_ns) {
  if (!source.judged) {
    KANSOKU_TRY(const bool wanted, judge_block(source, scan_->order != EventOrder::Any));
    if (!wanted) return {};
  }
  // Rows of a deleted stream are told by their ids.
  const bool all = scan_->order != EventOrder::Any || !source.deleted.empty();
  const BlockRange range{begin_ns, end_ns, source.wanted, source.begins_ns,
                         all ? EventAsks() : scan_->asks};
  if (scan_->counts_only && source.deleted.empty()) {
    KANSOKU_TRY(std::optional<BinCounts> counts,
                source.reader->count(range, *filter_, scan_->count_bin_ns));
    if (counts) {
      source.rows = std::make_unique<CountedRows>(std::move(*counts));
      return {};
    }
  }
  KANSOKU_TRY(source.rows, source.reader->select(range, *filter_));
  drop_deleted(source);
  return {};
}

void ScanSources::select_memory(ScanSource& source, int64_t begin_ns, int64_t end_ns) {
  const signal::EventBatch& batch = *source.batch->batch;
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < batch.row_count(); ++row) {
    const int64_t ns = batch.timestamps_ns()[row];
    const uint32_t stream = batch.stream_rows()[row];
    if (ns >= begin_ns && ns < end_ns && source.wanted[stream] && ns >= source.begins_ns[stream]) {
      rows.push_back(row);
    }
  }
  if (!std::exchange(source.counted, true)) {
    report_.rows_scanned += source.row_count;
    report_.message_bytes_scanned += source.message_bytes;
  }
  source.rows = std::make_unique<MemtableRows>(source.batch, std::move(rows));
}

void ScanSources::select(size_t at, int64_t begin_ns, int64_t end_ns) {
  ScanSource& source = sources_[at];
  source.rows.reset();
  if (source.done) return;
  const int64_t from = std::max(begin_ns, begin_ns_);
  const int64_t to = std::min(end_ns, end_ns_);
  if (source.batch) {
    select_memory(source, from, to);
  } else if (const Status selected = select_block(source, from, to); !selected) {
    give_up(source, selected.error());
  }
  if (source.rows && source.rows->size() == 0) source.rows.reset();
}

void ScanSources::select_filtered(size_t at, int64_t begin_ns, int64_t end_ns) {
  select(at, begin_ns, end_ns);
  ScanSource& source = sources_[at];
  if (!source.rows) return;
  auto kept = filter_->rows(*source.rows);
  if (!kept) {
    if (source.part != nullptr) give_up(source, kept.error());
    source.rows.reset();
    return;
  }
  if (kept->empty()) {
    source.rows.reset();
  } else if (kept->size() < source.rows->size()) {
    source.rows->keep(*kept);
  }
}

EventScanReport ScanSources::take_report() {
  for (ScanSource& source : sources_) close(source);
  report_.groups = groups_seen_.size();
  auto& missing = report_.missing;
  std::ranges::sort(missing, {}, &TimeRangeNs::begin);
  std::vector<TimeRangeNs> joined;
  for (const TimeRangeNs& range : missing) {
    if (!joined.empty() && range.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, range.end);
    } else {
      joined.push_back(range);
    }
  }
  missing = std::move(joined);
  return std::move(report_);
}

}  // namespace kansoku::store::events
