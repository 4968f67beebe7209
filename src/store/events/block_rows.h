// Rows of a block as a scan sees them: columns are read when they are asked for.
// Thread contract: one owner; the reader that made it lives longer.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/events/block_image.h"
#include "store/json_leaves.h"

namespace kansoku::store::events {

class BlockEventRows final : public EventRows {
 public:
  // `rows` ascend.
  static Result<std::unique_ptr<BlockEventRows>> make(BlockImage& image, std::vector<uint32_t> rows,
                                                      const EventAsks& asks);
  size_t size() const override { return rows_.size(); }
  std::span<const int64_t> timestamps_ns() const override { return of(System::Timestamp); }
  std::span<const int64_t> ingested_ns() override { return of(System::Ingested); }
  EventId id(size_t row) override;
  std::span<const uint32_t> stream_rows() const override { return stream_rows_; }
  std::span<const EventStreamName> streams() const override { return streams_; }
  bool checked(size_t clause) const override {
    return clause < checked_.size() && checked_[clause] != 0;
  }
  Result<std::span<const EventValues>> columns(std::string_view path) override;
  Result<std::vector<std::string_view>> paths() override;
  void keep(std::span<const uint32_t> rows) override;
  // Adds the rows that have each field.
  Status count_fields(std::map<std::pair<std::string, signal::ColumnType>, uint64_t>& counts);
  void set_checked(std::vector<uint8_t> checked) { checked_ = std::move(checked); }

 private:
  // The values of one path and type.
  struct Values {
    signal::ColumnType type = signal::ColumnType::Text;
    std::vector<uint8_t> present;
    std::vector<int64_t> integers;
    std::span<const int64_t> all_integers;  // of the block, where each row has its own
    std::vector<double> floats;
    std::vector<std::string_view> texts;
    std::vector<uint32_t> codes;
    std::span<const std::string_view> dictionary;
    std::vector<std::unique_ptr<std::string>> arenas;
  };
  struct Path {
    std::vector<std::unique_ptr<Values>> parts;
    std::vector<EventValues> values;
    bool made = false;
  };

  using System = BlockImage::System;
  // A system column by row: the block's own where all of its rows are here.
  struct SystemValues {
    bool asked = false;
    std::span<const int64_t> values;
    std::vector<int64_t> own;
  };

  explicit BlockEventRows(BlockImage& image) : image_(image) {}
  std::span<const int64_t> of(System which) const;
  Status load_system(const EventAsks& asks);
  bool whole() const { return rows_.size() == image_.rows(); }
  // Streams of the rows.
  void fill();
  Status make(std::string_view path, Path& out);
  Status gather(BlockColumn& column, Path& out);
  // Texts of a column at these places, by row; kNone: none of this column.
  Status gather_texts(TextColumn& texts, std::span<const uint32_t> places, Values& to);
  Status add_leaves(std::string_view path, Path& out);
  Status gather_leaf(LeafColumn& leaf, std::span<const uint8_t> own, Path& out);
  Status gather_all(LeafColumn& leaf, Path& out);
  Status gather_leaf_at(LeafColumn& leaf, std::span<const uint32_t> places,
                        std::span<const uint32_t> wanted, Path& out);
  Status gather_escaped(TextColumn& texts, std::span<const uint32_t> places, Values& to);
  void add_whole_leaves(std::string_view path, std::span<const uint8_t> own, Path& out);
  // Leaves of messages that are kept whole.
  Status parse_leaves();
  Status load_message_places();
  Values& part(Path& out, signal::ColumnType type);

  BlockImage& image_;
  std::vector<uint32_t> rows_;  // of the block
  std::array<SystemValues, BlockImage::kSystems> system_;
  std::vector<uint32_t> stream_rows_;
  std::vector<EventStreamName> streams_;
  std::vector<uint8_t> checked_;
  std::map<std::string, Path, std::less<>> paths_;
  std::vector<std::vector<JsonLeaf>> leaves_;  // by row
  std::vector<uint32_t> message_places_;       // by row, of the column of messages
  bool leaves_parsed_ = false;
};

}  // namespace kansoku::store::events
