#include "signal/event_batch.h"

#include "base/check.h"

namespace kansoku::signal {
namespace {

constexpr uint32_t kGone = std::numeric_limits<uint32_t>::max();

EventColumn cut_column(const EventColumn& from, std::span<const uint32_t> new_row) {
  EventColumn out{.path = from.path, .type = from.type};
  for (size_t i = 0; i < from.rows.size(); ++i) {
    const uint32_t row = new_row[from.rows[i]];
    if (row == kGone) continue;
    out.rows.push_back(row);
    if (!from.integers.empty()) out.integers.push_back(from.integers[i]);
    if (!from.floats.empty()) out.floats.push_back(from.floats[i]);
    if (from.text_ends.empty()) continue;
    out.text += from.text_at(i);
    out.text_ends.push_back(static_cast<uint32_t>(out.text.size()));
  }
  return out;
}

}  // namespace

void append_path_level(std::string_view name, std::string& path) {
  if (!path.empty()) path += '.';
  for (const char c : name) {
    if (c == '.' || c == '\\') path += '\\';
    path += c;
  }
}

size_t EventBatch::memory_bytes() const {
  size_t bytes = sizeof(*this) + timestamps_ns_.capacity() * 8 + stream_rows_.capacity() * 4;
  for (const EventColumn& c : columns_) {
    bytes += sizeof(c) + c.path.capacity() + c.rows.capacity() * 4 + c.integers.capacity() * 8 +
             c.floats.capacity() * 8 + c.text_ends.capacity() * 4 + c.text.capacity();
  }
  for (const EventStream& s : streams_)
    bytes += sizeof(s) + s.group.capacity() + s.stream.capacity();
  return bytes;
}

std::shared_ptr<const EventBatch> EventBatchBuilder::assemble(std::vector<EventStream> streams,
                                                              std::vector<int64_t> timestamps_ns,
                                                              std::vector<uint32_t> stream_rows,
                                                              std::vector<EventColumn> columns) {
  auto out = std::make_shared<EventBatch>();
  out->streams_ = std::move(streams);
  out->timestamps_ns_ = std::move(timestamps_ns);
  out->stream_rows_ = std::move(stream_rows);
  out->columns_ = std::move(columns);
  return out;
}

std::shared_ptr<const EventBatch> EventBatchBuilder::with_streams(
    const EventBatch& batch, std::vector<EventStream> streams) {
  KANSOKU_CHECK(streams.size() == batch.streams_.size());
  auto out = std::make_shared<EventBatch>();
  out->timestamps_ns_ = batch.timestamps_ns_;
  out->stream_rows_ = batch.stream_rows_;
  out->streams_ = std::move(streams);
  out->columns_ = batch.columns_;
  out->resources_ = batch.resources_;
  return out;
}

std::shared_ptr<const EventBatch> EventBatchBuilder::with_rows(const EventBatch& batch,
                                                               std::span<const uint8_t> keep) {
  KANSOKU_CHECK(keep.size() == batch.row_count());
  auto out = std::make_shared<EventBatch>();
  std::vector<uint32_t> new_row(keep.size(), kGone);
  for (size_t row = 0; row < keep.size(); ++row) {
    if (keep[row] == 0) continue;
    new_row[row] = static_cast<uint32_t>(out->timestamps_ns_.size());
    out->timestamps_ns_.push_back(batch.timestamps_ns_[row]);
    out->stream_rows_.push_back(batch.stream_rows_[row]);
  }
  if (out->timestamps_ns_.empty()) return nullptr;
  for (const EventColumn& column : batch.columns_) {
    EventColumn cut = cut_column(column, new_row);
    if (!cut.rows.empty()) out->columns_.push_back(std::move(cut));
  }
  out->streams_ = batch.streams_;
  out->resources_ = batch.resources_;
  return out;
}

uint32_t EventBatchBuilder::add_stream(EventStream stream) {
  batch_.streams_.push_back(std::move(stream));
  return static_cast<uint32_t>(batch_.streams_.size() - 1);
}

uint32_t EventBatchBuilder::add_resource(Labels attributes) {
  batch_.resources_.push_back(std::move(attributes));
  return static_cast<uint32_t>(batch_.resources_.size() - 1);
}

uint32_t EventBatchBuilder::column_index(std::string_view path, ColumnType type) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(type)));
  key += path;
  auto [it, fresh] =
      index_.try_emplace(std::move(key), static_cast<uint32_t>(batch_.columns_.size()));
  if (fresh) batch_.columns_.push_back({.path = std::string(path), .type = type});
  return it->second;
}

EventColumn& EventBatchBuilder::column(std::string_view path, ColumnType type) {
  KANSOKU_CHECK(batch_.row_count() > 0);
  EventColumn& out = batch_.columns_[column_index(path, type)];
  out.rows.push_back(static_cast<uint32_t>(batch_.row_count() - 1));
  return out;
}

uint32_t EventBatchBuilder::text_column(std::string_view path) {
  return column_index(path, ColumnType::Text);
}

void EventBatchBuilder::reserve(size_t rows, uint32_t column, size_t text_bytes) {
  batch_.timestamps_ns_.reserve(rows);
  batch_.stream_rows_.reserve(rows);
  EventColumn& c = batch_.columns_[column];
  c.rows.reserve(rows);
  c.text_ends.reserve(rows);
  c.text.reserve(text_bytes);
}

void EventBatchBuilder::set_text(std::string_view path, std::string_view value) {
  EventColumn& c = column(path, ColumnType::Text);
  c.text += value;
  c.text_ends.push_back(static_cast<uint32_t>(c.text.size()));
}

void EventBatchBuilder::set_bytes(std::string_view path, std::string_view value) {
  EventColumn& c = column(path, ColumnType::Bytes);
  c.text += value;
  c.text_ends.push_back(static_cast<uint32_t>(c.text.size()));
}

void EventBatchBuilder::set_int(std::string_view path, int64_t value) {
  column(path, ColumnType::Int64).integers.push_back(value);
}

void EventBatchBuilder::set_float(std::string_view path, double value) {
  column(path, ColumnType::Float64).floats.push_back(value);
}

void EventBatchBuilder::set_bool(std::string_view path, bool value) {
  column(path, ColumnType::Bool).integers.push_back(value ? 1 : 0);
}

std::shared_ptr<const EventBatch> EventBatchBuilder::finish() {
  // A handle that was never used is no column.
  std::erase_if(batch_.columns_, [](const EventColumn& c) { return c.rows.empty(); });
  auto out = std::make_shared<EventBatch>(std::move(batch_));
  batch_ = EventBatch();
  index_.clear();
  return out;
}

}  // namespace kansoku::signal
