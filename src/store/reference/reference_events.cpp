#include "store/reference/reference_events.h"

#include <algorithm>

#include "store/event_filter.h"
#include "store/json_leaves.h"

namespace kansoku::store {
namespace {

using Row = ReferenceEventStore::Row;
using Field = ReferenceEventStore::Field;
using signal::ColumnType;

// Few, so that answers come in several chunks.
constexpr size_t kChunkRows = 7;

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

Field field_of(const signal::EventColumn& column, size_t i) {
  Field out{.path = column.path, .type = column.type};
  switch (column.type) {
    case ColumnType::Text:
    case ColumnType::Bytes:
      out.text = column.text_at(i);
      break;
    case ColumnType::Int64:
    case ColumnType::Bool:
      out.integer = column.integers[i];
      break;
    case ColumnType::Float64:
      out.number = column.floats[i];
      break;
  }
  return out;
}

Field field_of(JsonLeaf leaf) {
  Field out{.path = std::move(leaf.path)};
  if (auto* text = std::get_if<std::string>(&leaf.value)) {
    out.text = std::move(*text);
  } else if (const auto* integer = std::get_if<int64_t>(&leaf.value)) {
    out.type = ColumnType::Int64;
    out.integer = *integer;
  } else if (const auto* number = std::get_if<double>(&leaf.value)) {
    out.type = ColumnType::Float64;
    out.number = *number;
  } else {
    out.type = ColumnType::Bool;
    out.integer = std::get<bool>(leaf.value) ? 1 : 0;
  }
  return out;
}

void add_leaves(Row& row) {
  std::set<std::string> known;
  std::string message;
  for (const Field& field : row.fields) {
    known.insert(field.path);
    if (field.path == kMessagePath && field.type == ColumnType::Text) message = field.text;
  }
  row.message_bytes = message.size();
  for (JsonLeaf& leaf : json_leaves(message)) {
    if (!known.contains(leaf.path)) row.fields.push_back(field_of(std::move(leaf)));
  }
}

// Rows of an answer as they stand in the map.
class ReferenceRows final : public EventRows {
 public:
  explicit ReferenceRows(std::vector<const std::pair<const EventId, Row>*> rows)
      : rows_(std::move(rows)) {
    fill();
  }
  size_t size() const override { return rows_.size(); }
  std::span<const int64_t> timestamps_ns() const override { return timestamps_ns_; }
  std::span<const int64_t> ingested_ns() override { return ingested_ns_; }
  EventId id(size_t row) override { return rows_[row]->first; }
  std::span<const uint32_t> stream_rows() const override { return stream_rows_; }
  std::span<const EventStreamName> streams() const override { return streams_; }
  bool checked(size_t) const override { return filtered_; }
  void leave(std::span<const uint32_t> rows) {
    keep(rows);
    filtered_ = true;
  }
  Result<std::span<const EventValues>> columns(std::string_view path) override {
    auto& made = columns_[std::string(path)];
    if (made.values.empty()) make(path, made);
    return std::span<const EventValues>(made.values);
  }
  Result<std::vector<std::string_view>> paths() override {
    std::set<std::string_view> out;
    for (const auto* row : rows_) {
      for (const Field& field : row->second.fields) out.insert(field.path);
    }
    return std::vector<std::string_view>(out.begin(), out.end());
  }
  void keep(std::span<const uint32_t> rows) override {
    std::vector<const std::pair<const EventId, Row>*> kept;
    for (const uint32_t row : rows) kept.push_back(rows_[row]);
    rows_ = std::move(kept);
    fill();
  }

 private:
  struct Column {
    ColumnType type = ColumnType::Text;
    std::vector<uint8_t> present;
    std::vector<int64_t> integers;
    std::vector<double> floats;
    std::vector<std::string_view> texts;
  };
  struct Path {
    std::vector<Column> columns;
    std::vector<EventValues> values;
  };

  void fill() {
    timestamps_ns_.clear();
    ingested_ns_.clear();
    stream_rows_.clear();
    streams_.clear();
    columns_.clear();
    for (const auto* row : rows_) {
      timestamps_ns_.push_back(row->first.timestamp_ns);
      ingested_ns_.push_back(row->second.ingested_ns);
      stream_rows_.push_back(static_cast<uint32_t>(streams_.size()));
      streams_.push_back({row->second.group, row->second.stream});
    }
  }
  void make(std::string_view path, Path& out) {
    for (size_t i = 0; i < rows_.size(); ++i) {
      for (const Field& field : rows_[i]->second.fields) {
        if (field.path == path) put(i, field, out);
      }
    }
    for (const Column& column : out.columns) {
      EventValues values{.path = path, .type = column.type, .present = column.present};
      values.integers = column.integers;
      values.floats = column.floats;
      values.texts = column.texts;
      out.values.push_back(values);
    }
  }
  void put(size_t row, const Field& field, Path& out) {
    auto column = std::ranges::find(out.columns, field.type, &Column::type);
    if (column == out.columns.end()) {
      Column fresh{.type = field.type};
      fresh.present.resize(rows_.size());
      fresh.integers.resize(rows_.size());
      fresh.floats.resize(rows_.size());
      fresh.texts.resize(rows_.size());
      column = out.columns.insert(column, std::move(fresh));
    }
    column->present[row] = 1;
    column->integers[row] = field.integer;
    column->floats[row] = field.number;
    column->texts[row] = field.text;
  }

  std::vector<const std::pair<const EventId, Row>*> rows_;
  bool filtered_ = false;
  std::vector<int64_t> timestamps_ns_;
  std::vector<int64_t> ingested_ns_;
  std::vector<uint32_t> stream_rows_;
  std::vector<EventStreamName> streams_;
  std::map<std::string, Path> columns_;
};

}  // namespace

EventPolicy ReferenceEventStore::policy_of(const signal::Scope& scope,
                                           const std::string& group) const {
  return policies_ == nullptr ? EventPolicy{} : policies_->policy_of(scope, group);
}

void ReferenceEventStore::append(signal::EventDelivery delivery) {
  const signal::EventBatch& batch = *delivery.batch;
  std::vector<Row> rows(batch.row_count());
  signal::Verdict verdict;
  verdict.counts.push_back({.outcome = signal::Outcome::Stored});
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const signal::EventStream& stream = batch.streams()[batch.stream_rows()[i]];
    rows[i] = {delivery.scope,
               clock_.wall_now().ns,
               stream.group,
               stream.stream,
               stream.generation,
               0,
               {}};
  }
  for (const signal::EventColumn& column : batch.columns()) {
    for (size_t i = 0; i < column.rows.size(); ++i)
      rows[column.rows[i]].fields.push_back(field_of(column, i));
  }
  std::map<std::string, uint64_t> refused;
  {
    std::lock_guard lock(rows_mutex_);
    ++sequence_;
    for (uint32_t i = 0; i < rows.size(); ++i) {
      Row& row = rows[i];
      add_leaves(row);
      if (const char* reason = refuse(row)) {
        ++refused[reason];
        continue;
      }
      ++verdict.counts[0].rows;
      ++stats_.rows_appended;
      stats_.message_bytes_appended += row.message_bytes;
      rows_.emplace(EventId{batch.timestamps_ns()[i], sequence_, i}, std::move(row));
    }
  }
  for (const auto& [reason, count] : refused) {
    verdict.counts.push_back({signal::Outcome::Rejected, reason, count, {}});
    verdict.status = invalid_argument("{} events refused: {}", count, reason);
  }
  delivery.token.resolve(std::move(verdict));
}

// Why the event is not taken, or null.
const char* ReferenceEventStore::refuse(const Row& row) const {
  for (const std::string* name : {&row.group, &row.stream}) {
    if (name->empty() || name->size() > kStreamNameBytesMax) return "bad_name";
  }
  if (row.generation != policy_of(row.scope, row.group).generation) return "deleted";
  size_t bytes = 0;
  for (const Field& field : row.fields) bytes = std::max(bytes, field.text.size());
  return bytes > kEventBytesMax ? "too_large" : nullptr;
}

bool ReferenceEventStore::lives(const EventId& id, const Row& row) const {
  const EventPolicy policy = policy_of(row.scope, row.group);
  if (row.generation != policy.generation) return false;
  return policy.keep_ns == 0 || id.timestamp_ns >= clock_.wall_now().ns - policy.keep_ns;
}

bool ReferenceEventStore::wanted(const EventId& id, const Row& row, const EventScan& scan) const {
  return row.scope == scan.scope && lives(id, row) && id.timestamp_ns >= scan.begin_ns &&
         id.timestamp_ns < scan.end_ns && listed(scan.groups, row.group) &&
         listed(scan.streams, row.stream) && row.stream.starts_with(scan.stream_prefix);
}

ReferenceEventStore::Rows ReferenceEventStore::find(const EventScan& scan) const {
  Rows out;
  std::lock_guard lock(rows_mutex_);
  for (const auto& [id, row] : rows_) {
    if (wanted(id, row, scan)) out.emplace(id, row);
  }
  return out;
}

Result<EventScanReport> ReferenceEventStore::scan(const EventScan& scan,
                                                  const EventSink& sink) const {
  KANSOKU_TRY(const EventFilter filter, EventFilter::make(scan.filter));
  const Rows found = find(scan);
  EventScanReport report;
  report.rows_scanned = found.size();
  std::set<std::string> groups;
  std::vector<const std::pair<const EventId, Row>*> order;
  for (const auto& entry : found) {
    report.message_bytes_scanned += entry.second.message_bytes;
    groups.insert(entry.second.group);
    order.push_back(&entry);
  }
  report.groups = groups.size();
  const bool newest = scan.order == EventOrder::NewestFirst;
  if (newest) std::ranges::reverse(order);
  std::erase_if(order, [&](const auto* entry) {
    if (scan.order == EventOrder::Any || !scan.after) return false;
    return newest ? entry->first >= *scan.after : entry->first <= *scan.after;
  });
  for (size_t at = 0; at < order.size(); at += kChunkRows) {
    const size_t end = std::min(order.size(), at + kChunkRows);
    ReferenceRows rows(
        {order.begin() + static_cast<ptrdiff_t>(at), order.begin() + static_cast<ptrdiff_t>(end)});
    KANSOKU_TRY(const std::vector<uint32_t> kept, filter.rows(rows));
    rows.leave(kept);
    if (rows.size() == 0) continue;
    report.rows += rows.size();
    KANSOKU_TRY(const bool more, sink(rows));
    if (!more) break;
  }
  return report;
}

Result<EventFields> ReferenceEventStore::fields(const EventScan& scan) const {
  EventFields out;
  std::map<std::pair<std::string, ColumnType>, uint64_t> counts;
  for (const auto& [id, row] : find(scan)) {
    ++out.rows;
    for (const Field& field : row.fields) ++counts[{field.path, field.type}];
  }
  for (const auto& [key, rows] : counts) out.fields.push_back({key.first, key.second, rows});
  return out;
}

Result<std::vector<EventStreamInfo>> ReferenceEventStore::streams(const EventScan& scan,
                                                                  const std::string& after_group,
                                                                  const std::string& after_stream,
                                                                  size_t limit) const {
  std::map<std::pair<std::string, std::string>, EventStreamInfo> found;
  const std::pair after(after_group, after_stream);
  EventScan whole = scan;
  whole.begin_ns = EventScan().begin_ns;
  whole.end_ns = EventScan().end_ns;
  for (const auto& [id, row] : find(whole)) {
    const std::pair name(row.group, row.stream);
    if (name <= after && after != decltype(after)()) continue;
    const auto [entry, fresh] = found.try_emplace(name);
    EventStreamInfo& info = entry->second;
    if (fresh) {
      info.group = row.group;
      info.stream = row.stream;
      info.first_ns = id.timestamp_ns;
    }
    info.last_ns = id.timestamp_ns;  // ids ascend
    info.last_ingested_ns = std::max(info.last_ingested_ns, row.ingested_ns);
    ++info.rows;
    info.message_bytes += row.message_bytes;
  }
  std::vector<EventStreamInfo> out;
  for (auto& [name, info] : found) {
    if (limit > 0 && out.size() == limit) break;
    out.push_back(std::move(info));
  }
  return out;
}

void ReferenceEventStore::delete_stream(signal::Scope scope, std::string group, std::string stream,
                                        std::move_only_function<void(Status)> done) {
  {
    std::lock_guard lock(rows_mutex_);
    std::erase_if(rows_, [&](const auto& entry) {
      const Row& row = entry.second;
      return row.scope == scope && row.group == group && row.stream == stream;
    });
  }
  done({});
}

void ReferenceEventStore::flush(bool, std::move_only_function<void(Status)> done) { done({}); }

void ReferenceEventStore::enforce_retention(std::move_only_function<void(Status)> done) {
  {
    std::lock_guard lock(rows_mutex_);
    std::erase_if(rows_, [&](const auto& entry) { return !lives(entry.first, entry.second); });
  }
  done({});
}

EventStoreStats ReferenceEventStore::stats() const {
  std::lock_guard lock(rows_mutex_);
  EventStoreStats out = stats_;
  out.memory_rows = rows_.size();
  return out;
}

}  // namespace kansoku::store
