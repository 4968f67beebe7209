// Rows of several sources in one order, as one chunk of an answer. What every row of the sources
// satisfies is known to its maker. Thread contract: confined to one thread; the sources outlive it
// and are not changed meanwhile.
#pragma once

#include "store/event_store.h"
#include "store/events/gather.h"

namespace kansoku::store::events {

// Sources of a scan, with what goes wrong when one of them is read.
class RowSources {
 public:
  virtual ~RowSources() = default;
  virtual EventRows& rows(uint32_t source) = 0;
  // A column could not be read: its rows are shown without it.
  virtual void note_damage(uint32_t source, const Error& error) = 0;
};

class MergedRows final : public EventRows {
 public:
  MergedRows(RowSources& sources, std::vector<Pick> picks);
  size_t size() const override { return picks_.size(); }
  std::span<const int64_t> timestamps_ns() const override { return timestamps_ns_; }
  std::span<const int64_t> ingested_ns() override;
  EventId id(size_t row) override { return sources_->rows(picks_[row].source).id(picks_[row].row); }
  std::span<const uint32_t> stream_rows() const override { return stream_rows_; }
  std::span<const EventStreamName> streams() const override { return streams_; }
  bool checked(size_t) const override { return true; }
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
  };
  void fill();
  void gather(std::string_view path, Path& out);
  Column& column_of(Path& path, signal::ColumnType type);

  RowSources* sources_;
  std::vector<Pick> picks_;
  std::vector<uint32_t> used_;  // sources, ascending
  std::vector<int64_t> timestamps_ns_;
  std::vector<int64_t> ingested_ns_;
  std::vector<uint32_t> stream_rows_;
  std::vector<EventStreamName> streams_;
  std::map<std::string, Path, std::less<>> paths_;
};

}  // namespace kansoku::store::events
