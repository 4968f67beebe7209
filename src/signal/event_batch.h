// EventBatch: the other shape that moves. Rows by typed columns; logs, spans and events are all
// rows.
//
// A column is (escaped path, physical type); a field is the union of its columns (ARCHITECTURE,
// "Fields of events"), so one path may have several columns of different types, and a row has a
// value in at most one of them. Resource attributes stand once a batch. Time is int64 ns UTC.
// Thread contract: the builder belongs to one thread; a finished batch is immutable and
// free-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "signal/labels.h"

namespace kansoku::signal {

// Where the text of an event stands.
inline constexpr std::string_view kMessagePath = "@message";

enum class ColumnType : uint8_t { Text = 0, Int64 = 1, Float64 = 2, Bool = 3, Bytes = 4 };

using EventValue = std::variant<std::monostate, std::string_view, int64_t, double, bool>;

// One column, sparse: the rows that have a value, ascending, and the values beside them.
struct EventColumn {
  std::string path;  // '.' joins levels; a '.' or '\' inside a name is escaped with '\'
  ColumnType type = ColumnType::Text;
  std::vector<uint32_t> rows;
  std::vector<int64_t> integers;    // Int64 and Bool (0 or 1)
  std::vector<double> floats;       // Float64
  std::vector<uint32_t> text_ends;  // Text and Bytes: end of each value in `text`
  std::string text;

  std::string_view text_at(size_t i) const {
    uint32_t begin = i == 0 ? 0 : text_ends[i - 1];
    return std::string_view(text).substr(begin, text_ends[i] - begin);
  }
};

// Appends `name` as a level of a column's path.
void append_path_level(std::string_view name, std::string& path);

// The stream a row belongs to, e.g. a log stream of a log group.
struct EventStream {
  std::string group;
  std::string stream;
  uint32_t resource = 0xffffffffU;  // row in EventBatch::resources()
  // Of the group for which the rows were accepted (store/event_store.h).
  uint64_t generation = 0;
};

class EventBatch {
 public:
  size_t row_count() const { return timestamps_ns_.size(); }
  std::span<const int64_t> timestamps_ns() const { return timestamps_ns_; }
  std::span<const uint32_t> stream_rows() const { return stream_rows_; }
  const std::vector<EventStream>& streams() const { return streams_; }
  const std::vector<EventColumn>& columns() const { return columns_; }
  const std::vector<Labels>& resources() const { return resources_; }
  size_t memory_bytes() const;

 private:
  friend class EventBatchBuilder;
  std::vector<int64_t> timestamps_ns_;
  std::vector<uint32_t> stream_rows_;
  std::vector<EventStream> streams_;
  std::vector<EventColumn> columns_;
  std::vector<Labels> resources_;
};

class EventBatchBuilder {
 public:
  uint32_t add_stream(EventStream stream);
  uint32_t add_resource(Labels attributes);
  // Begins a row; the values that follow belong to it.
  void add_row(uint32_t stream, int64_t timestamp_ns) {
    batch_.stream_rows_.push_back(stream);
    batch_.timestamps_ns_.push_back(timestamp_ns);
  }
  void set_text(std::string_view path, std::string_view value);
  void set_bytes(std::string_view path, std::string_view value);
  void set_int(std::string_view path, int64_t value);
  void set_float(std::string_view path, double value);
  void set_bool(std::string_view path, bool value);
  size_t row_count() const { return batch_.row_count(); }
  // The quick way for a column that nearly every row has: no look-up a value. The handle is good
  // until finish().
  uint32_t text_column(std::string_view path);
  void set_text(uint32_t column, std::string_view value) {
    EventColumn& c = batch_.columns_[column];
    c.rows.push_back(static_cast<uint32_t>(batch_.timestamps_ns_.size() - 1));
    c.text += value;
    c.text_ends.push_back(static_cast<uint32_t>(c.text.size()));
  }
  void add_text_row(uint32_t stream, int64_t timestamp_ns, uint32_t column,
                    std::string_view value) {
    EventColumn& c = batch_.columns_[column];
    c.rows.push_back(static_cast<uint32_t>(batch_.timestamps_ns_.size()));
    add_row(stream, timestamp_ns);
    c.text += value;
    c.text_ends.push_back(static_cast<uint32_t>(c.text.size()));
  }
  // Room for so many rows, and bytes of text in one column.
  void reserve(size_t rows, uint32_t column, size_t text_bytes);
  std::shared_ptr<const EventBatch> finish();
  // A batch of columns that stand ready, rows of each ascending.
  static std::shared_ptr<const EventBatch> assemble(std::vector<EventStream> streams,
                                                    std::vector<int64_t> timestamps_ns,
                                                    std::vector<uint32_t> stream_rows,
                                                    std::vector<EventColumn> columns);
  // The same rows with another table of streams, as long as the one before.
  static std::shared_ptr<const EventBatch> with_streams(const EventBatch& batch,
                                                        std::vector<EventStream> streams);
  // The rows where `keep` is not 0 (one a row); null when none is left.
  static std::shared_ptr<const EventBatch> with_rows(const EventBatch& batch,
                                                     std::span<const uint8_t> keep);

 private:
  uint32_t column_index(std::string_view path, ColumnType type);
  EventColumn& column(std::string_view path, ColumnType type);
  EventBatch batch_;
  std::unordered_map<std::string, uint32_t> index_;  // type byte + path
};

}  // namespace kansoku::signal
