#include "signal/event_batch.h"

#include "base/check.h"

namespace kansoku::signal {

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

uint32_t EventBatchBuilder::add_stream(EventStream stream) {
  batch_.streams_.push_back(std::move(stream));
  return static_cast<uint32_t>(batch_.streams_.size() - 1);
}

uint32_t EventBatchBuilder::add_resource(Labels attributes) {
  batch_.resources_.push_back(std::move(attributes));
  return static_cast<uint32_t>(batch_.resources_.size() - 1);
}

void EventBatchBuilder::add_row(uint32_t stream, int64_t timestamp_ns) {
  batch_.stream_rows_.push_back(stream);
  batch_.timestamps_ns_.push_back(timestamp_ns);
}

EventColumn& EventBatchBuilder::column(std::string_view path, ColumnType type) {
  KANSOKU_CHECK(batch_.row_count() > 0);
  std::string key(1, static_cast<char>('0' + static_cast<int>(type)));
  key += path;
  auto [it, fresh] =
      index_.try_emplace(std::move(key), static_cast<uint32_t>(batch_.columns_.size()));
  if (fresh) batch_.columns_.push_back({.path = std::string(path), .type = type});
  EventColumn& out = batch_.columns_[it->second];
  out.rows.push_back(static_cast<uint32_t>(batch_.row_count() - 1));
  return out;
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
  auto out = std::make_shared<EventBatch>(std::move(batch_));
  batch_ = EventBatch();
  index_.clear();
  return out;
}

}  // namespace kansoku::signal
