// Rows of a batch in memory, as a scan hands them out. Leaves of JSON messages are cut when a path
// is asked for. Thread contract: confined to one thread; the batch outlives it.
#pragma once

#include "store/event_store.h"
#include "store/events/memtable.h"

namespace kansoku::store::events {

class MemtableRows final : public EventRows {
 public:
  MemtableRows(std::shared_ptr<const MemoryBatch> batch, std::vector<uint32_t> rows);

  size_t size() const override { return rows_.size(); }
  std::span<const int64_t> timestamps_ns() const override { return timestamps_ns_; }
  std::span<const int64_t> ingested_ns() override;
  EventId id(size_t row) override { return {timestamps_ns_[row], batch_->sequence, rows_[row]}; }
  std::span<const uint32_t> stream_rows() const override { return stream_rows_; }
  std::span<const EventStreamName> streams() const override { return streams_; }
  bool checked(size_t) const override { return false; }
  Result<std::span<const EventValues>> columns(std::string_view path) override;
  Result<std::vector<std::string_view>> paths() override;
  void keep(std::span<const uint32_t> rows) override;

 private:
  struct Column {
    signal::ColumnType type = signal::ColumnType::Text;
    std::vector<uint8_t> present;
    std::vector<int64_t> integers;
    std::vector<double> floats;
    std::vector<std::string_view> texts;
  };
  struct Path {
    std::deque<Column> columns;
    std::vector<EventValues> values;
    bool made = false;
  };
  void fill();
  // Cuts the leaves of messages that may have this path (null: any), each message once.
  void cut_leaves(const std::string_view* path);
  Column& column_of(Path& path, signal::ColumnType type);
  void put_own(const signal::EventColumn& from, Path& to);
  static void finish(std::string_view name, Path& path);

  std::shared_ptr<const MemoryBatch> batch_;
  std::vector<uint32_t> rows_;
  std::vector<int64_t> timestamps_ns_;
  std::vector<int64_t> ingested_ns_;
  std::vector<uint32_t> stream_rows_;
  std::vector<EventStreamName> streams_;
  std::map<std::string, Path, std::less<>> paths_;
  std::deque<std::string> texts_;    // of leaves
  std::vector<uint8_t> leaves_cut_;  // by row
};

// Counts the fields of all rows of a batch.
void count_fields(const MemoryBatch& batch, std::span<const uint32_t> rows,
                  std::map<std::pair<std::string, signal::ColumnType>, uint64_t>& counts);

}  // namespace kansoku::store::events
