// Fields and streams: what answers come from tables and counts, not from rows.
#include <algorithm>

#include "store/events/memtable_rows.h"
#include "store/events/scan_sources.h"

namespace kansoku::store::events {
namespace {

using StreamMap = std::map<std::pair<std::string, std::string>, EventStreamInfo>;

void add_times(EventStreamInfo& info, int64_t min_ns, int64_t max_ns) {
  const bool first = info.rows == 0;
  info.first_ns = first ? min_ns : std::min(info.first_ns, min_ns);
  info.last_ns = first ? max_ns : std::max(info.last_ns, max_ns);
}

// The streams of one part that are asked for, in order, from behind a name on.
class PartStreams {
 public:
  PartStreams(const Part& part, ScanSources& sources, const EventScan& scan,
              const std::string& after_group, const std::string& after_stream)
      : part_(&part),
        sources_(&sources),
        scan_(&scan),
        after_group_(&after_group),
        after_stream_(&after_stream) {}

  // Goes to the next one; false at the end.
  Result<bool> next() {
    for (;;) {
      if (!cursor_) {
        KANSOKU_TRY(const bool begun, begin_group());
        if (!begun) return false;
      }
      KANSOKU_TRY(const bool more, cursor_->next());
      if (!more) {
        cursor_.reset();
        ++group_;
        continue;
      }
      const GroupPlace& group = part_->groups()[group_];
      const std::string& name = cursor_->name();
      if (group.group == *after_group_ && name <= *after_stream_) continue;
      if (!sources_->wants(group.group, group.generation, name)) continue;
      info_ = {};
      if (take_uses(group)) return true;
    }
  }
  const EventStreamInfo& info() const { return info_; }

 private:
  Result<bool> begin_group() {
    for (; group_ < part_->groups().size(); ++group_) {
      const GroupPlace& group = part_->groups()[group_];
      if (group.group < *after_group_) continue;
      const auto& groups = scan_->groups;
      if (!groups.empty() && std::ranges::find(groups, group.group) == groups.end()) continue;
      cursor_.emplace(*part_, group.first_stream, group.first_stream + group.streams);
      std::string from = scan_->stream_prefix;
      if (group.group == *after_group_) from = std::max(from, *after_stream_);
      KANSOKU_RETURN_IF_ERROR(cursor_->skip_to(from));
      return true;
    }
    return false;
  }
  // False: nothing of it is left.
  bool take_uses(const GroupPlace& group) {
    const signal::Scope& scope = scan_->scope;
    Lifetimes& lifetimes = sources_->lifetimes();
    const int64_t begin_ns = lifetimes.begin_ns(scope, group.group);
    const uint64_t deleted = lifetimes.deleted_until(scope, group.group, cursor_->name());
    for (const BlockUse& use : cursor_->uses()) {
      if (use.max_sequence < deleted || use.max_ns < begin_ns) continue;
      add_times(info_, std::max(use.min_ns, begin_ns), use.max_ns);
      info_.last_ingested_ns = std::max(info_.last_ingested_ns, use.last_ingested_ns);
      info_.rows += use.rows;
      info_.message_bytes += use.message_bytes;
    }
    info_.group = group.group;
    info_.stream = cursor_->name();
    return info_.rows > 0;
  }

  const Part* part_;
  ScanSources* sources_;
  const EventScan* scan_;
  const std::string* after_group_;
  const std::string* after_stream_;
  size_t group_ = 0;
  std::optional<StreamCursor> cursor_;
  EventStreamInfo info_;
};

// Streams of batches in memory.
void add_memory(ScanSources& sources, const std::pair<std::string, std::string>& after,
                StreamMap& out) {
  for (const ScanSource& source : sources.all()) {
    if (!source.batch) continue;
    const signal::EventBatch& batch = *source.batch->batch;
    const signal::EventColumn* messages = source.batch->messages();
    std::vector<EventStreamInfo*> infos(batch.streams().size());
    size_t at = 0;
    for (uint32_t row = 0; row < batch.row_count(); ++row) {
      const uint32_t stream = batch.stream_rows()[row];
      const int64_t ns = batch.timestamps_ns()[row];
      size_t bytes = 0;
      if (messages != nullptr && at < messages->rows.size() && messages->rows[at] == row) {
        bytes = messages->text_at(at++).size();
      }
      if (!source.wanted[stream] || ns < source.begins_ns[stream]) continue;
      EventStreamInfo*& info = infos[stream];
      if (info == nullptr) {
        const signal::EventStream& named = batch.streams()[stream];
        const std::pair name(named.group, named.stream);
        if (after != std::pair<std::string, std::string>() && name <= after) continue;
        info = &out[name];
        info->group = named.group;
        info->stream = named.stream;
      }
      add_times(*info, ns, ns);
      info->last_ingested_ns = std::max(info->last_ingested_ns, source.batch->ingested_ns);
      ++info->rows;
      info->message_bytes += bytes;
    }
  }
}

void join(const EventStreamInfo& from, EventStreamInfo& to) {
  add_times(to, from.first_ns, from.last_ns);
  to.group = from.group;
  to.stream = from.stream;
  to.last_ingested_ns = std::max(to.last_ingested_ns, from.last_ingested_ns);
  to.rows += from.rows;
  to.message_bytes += from.message_bytes;
}

}  // namespace

Result<EventFields> list_fields(const ScanView& view, const EventScan& scan) {
  EventScan whole = scan;
  whole.filter.clear();
  whole.order = EventOrder::Any;
  KANSOKU_TRY(const EventFilter filter, EventFilter::make({}));
  ScanSources sources(view, whole, filter);
  sources.collect();
  EventFields out;
  std::map<std::pair<std::string, signal::ColumnType>, uint64_t> counts;
  for (uint32_t i = 0; i < sources.all().size(); ++i) {
    ScanSource& source = sources.all()[i];
    if (source.batch) {
      sources.select(i, sources.begin_ns(), sources.end_ns());
      if (!source.rows) continue;
      std::vector<uint32_t> rows;
      for (size_t row = 0; row < source.rows->size(); ++row) {
        rows.push_back(source.rows->id(row).row);
      }
      out.rows += rows.size();
      count_fields(*source.batch, rows, counts);
      source.rows.reset();
      continue;
    }
    // A block that is damaged has no say.
    const Status opened = sources.open_block(source);
    if (!opened) sources.note_damage(i, opened.error());
    if (opened && sources.judge_streams(source)) {
      auto fields = source.reader->fields();
      source.damaged = !fields;
      if (fields) {
        out.rows += source.row_count;
        for (EventFieldInfo& field : *fields) {
          counts[{std::move(field.path), field.type}] += field.rows;
        }
      }
    }
    sources.close(source);
  }
  for (const auto& [key, rows] : counts) out.fields.push_back({key.first, key.second, rows});
  return out;
}

Result<std::vector<EventStreamInfo>> list_streams(const ScanView& view, const EventScan& scan,
                                                  const std::string& after_group,
                                                  const std::string& after_stream, size_t limit) {
  EventScan whole = scan;
  whole.begin_ns = EventScan().begin_ns;
  whole.end_ns = EventScan().end_ns;
  whole.filter.clear();
  whole.after.reset();
  KANSOKU_TRY(const EventFilter filter, EventFilter::make({}));
  ScanView memory = view;
  memory.parts.clear();
  ScanSources sources(memory, whole, filter);
  sources.collect();
  StreamMap in_memory;
  add_memory(sources, {after_group, after_stream}, in_memory);
  std::vector<PartStreams> parts;
  for (const auto& part : view.parts) {
    if (part->fenced() || part->meta().group.scope != scan.scope) continue;
    parts.emplace_back(*part, sources, whole, after_group, after_stream);
  }
  // What cannot be read has no say.
  std::erase_if(parts, [](PartStreams& part) { return !part.next().value_or(false); });
  std::vector<EventStreamInfo> out;
  const auto name_of = [](const EventStreamInfo& info) {
    return std::tie(info.group, info.stream);
  };
  while (limit == 0 || out.size() < limit) {
    const EventStreamInfo* first = in_memory.empty() ? nullptr : &in_memory.begin()->second;
    for (const PartStreams& part : parts) {
      if (first == nullptr || name_of(part.info()) < name_of(*first)) first = &part.info();
    }
    if (first == nullptr) break;
    EventStreamInfo joined;
    const EventStreamInfo named{.group = first->group, .stream = first->stream};
    if (!in_memory.empty() && name_of(in_memory.begin()->second) == name_of(named)) {
      join(in_memory.begin()->second, joined);
      in_memory.erase(in_memory.begin());
    }
    std::erase_if(parts, [&](PartStreams& part) {
      if (name_of(part.info()) != name_of(named)) return false;
      join(part.info(), joined);
      return !part.next().value_or(false);
    });
    out.push_back(std::move(joined));
  }
  return out;
}

}  // namespace kansoku::store::events
