#include "store/reference/reference_events.h"

namespace kansoku::store {
namespace {

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void ReferenceEventStore::append(signal::EventDelivery delivery) {
  const signal::EventBatch& batch = *delivery.batch;
  {
    std::lock_guard lock(rows_mutex_);
    ++sequence_;
    std::vector<Row> rows(batch.row_count());
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const signal::EventStream& stream = batch.streams()[batch.stream_rows()[i]];
      rows[i] = {delivery.scope, clock_->wall_now().ns, stream.group, stream.stream, {}};
    }
    for (const signal::EventColumn& column : batch.columns()) {
      for (size_t i = 0; i < column.rows.size(); ++i) {
        Value value;
        switch (column.type) {
          case signal::ColumnType::Text:
          case signal::ColumnType::Bytes:
            value = std::string(column.text_at(i));
            break;
          case signal::ColumnType::Int64:
            value = column.integers[i];
            break;
          case signal::ColumnType::Float64:
            value = column.floats[i];
            break;
          case signal::ColumnType::Bool:
            value = column.integers[i] != 0;
            break;
        }
        rows[column.rows[i]].fields.emplace_back(column.path, std::move(value));
      }
    }
    for (uint32_t i = 0; i < rows.size(); ++i) {
      rows_.emplace(EventId{batch.timestamps_ns()[i], sequence_, i}, std::move(rows[i]));
    }
  }
  delivery.token.resolve(signal::Verdict::stored(batch.row_count()));
}

bool ReferenceEventStore::matches(const EventId& id, const Row& row, const EventScan& scan) {
  if (row.scope != scan.scope || id.timestamp_ns < scan.begin_ns ||
      id.timestamp_ns >= scan.end_ns) {
    return false;
  }
  if (!listed(scan.groups, row.group) || !listed(scan.streams, row.stream)) return false;
  if (scan.after && (scan.newest_first ? id >= *scan.after : id <= *scan.after)) return false;
  if (scan.substring.empty()) return true;
  return std::any_of(row.fields.begin(), row.fields.end(), [&](const auto& field) {
    const auto* text = std::get_if<std::string>(&field.second);
    return text != nullptr && text->find(scan.substring) != std::string::npos;
  });
}

Status ReferenceEventStore::show(const EventId& id, const Row& row, const EventScan& scan,
                                 const EventSink& sink) const {
  std::vector<EventField> fields;
  for (const auto& [path, value] : row.fields) {
    if (!listed(scan.columns, path)) continue;
    signal::EventValue shown;
    if (const auto* text = std::get_if<std::string>(&value)) shown = std::string_view(*text);
    if (const auto* integer = std::get_if<int64_t>(&value)) shown = *integer;
    if (const auto* number = std::get_if<double>(&value)) shown = *number;
    if (const auto* truth = std::get_if<bool>(&value)) shown = *truth;
    fields.push_back({path, shown});
  }
  return sink({id, row.ingested_ns, row.group, row.stream, fields});
}

Result<EventScanReport> ReferenceEventStore::scan(const EventScan& scan,
                                                  const EventSink& sink) const {
  EventScanReport report;
  report.pushed_substring = true;
  std::vector<std::pair<EventId, Row>> found;
  {
    std::lock_guard lock(rows_mutex_);
    for (const auto& [id, row] : rows_) {
      ++report.rows_read;
      if (matches(id, row, scan)) found.emplace_back(id, row);
    }
  }
  if (scan.newest_first) std::reverse(found.begin(), found.end());
  if (scan.limit > 0 && found.size() > scan.limit) found.resize(scan.limit);
  for (const auto& [id, row] : found) {
    ++report.rows;
    KANSOKU_RETURN_IF_ERROR(show(id, row, scan, sink));
  }
  return report;
}

void ReferenceEventStore::flush(bool, std::move_only_function<void(Status)> done) { done({}); }

}  // namespace kansoku::store
