#include <algorithm>
#include <map>

#include "store/events/block_rows.h"

namespace kansoku::store::events {
namespace {

using Op = EventPredicate::Op;
using signal::ColumnType;

bool number_possible(const EventPredicate& predicate, double min, double max) {
  switch (predicate.op) {
    case Op::NumberEqual:
      return min <= predicate.number && predicate.number <= max;
    case Op::NumberLess:
      return min < predicate.number;
    case Op::NumberLessOrEqual:
      return min <= predicate.number;
    case Op::NumberGreater:
      return max > predicate.number;
    case Op::NumberGreaterOrEqual:
      return max >= predicate.number;
    default:
      return true;
  }
}

class Reader final : public BlockReader {
 public:
  explicit Reader(std::unique_ptr<BlockImage> image) : image_(std::move(image)) {}
  const std::vector<StreamKey>& streams() const override { return image_->streams(); }
  uint64_t bytes_read() const override { return image_->bytes_read(); }

  Result<bool> may_match(const EventFilter& filter) override {
    for (const EventClause& clause : filter.clauses()) {
      const auto possible = [&](const EventPredicate& p) { return may_hold(p); };
      if (std::ranges::none_of(clause, possible)) return false;
    }
    return true;
  }

  Result<std::unique_ptr<EventRows>> select(const BlockRange& range,
                                            const EventFilter& filter) override {
    KANSOKU_TRY(const std::span<const int64_t> times,
                image_->system(BlockImage::System::Timestamp));
    std::vector<uint32_t> wanted;
    uint32_t row = 0;
    for (size_t stream = 0; stream < streams().size(); ++stream) {
      const uint32_t end = image_->stream_ends()[stream];
      if (!range.streams.empty() && range.streams[stream] == 0) {
        row = end;
        continue;
      }
      int64_t begin_ns = range.begin_ns;
      if (!range.streams_begin_ns.empty())
        begin_ns = std::max(begin_ns, range.streams_begin_ns[stream]);
      for (; row < end; ++row) {
        if (times[row] >= begin_ns && times[row] < range.end_ns) wanted.push_back(row);
      }
    }
    KANSOKU_TRY(auto rows, BlockEventRows::make(*image_, std::move(wanted)));
    if (!filter.clauses().empty() && rows->size() > 0) {
      KANSOKU_TRY(const std::vector<uint32_t> kept, filter.rows(*rows));
      if (kept.size() < rows->size()) rows->keep(kept);
    }
    rows->set_checked(std::vector<uint8_t>(filter.clauses().size(), 1));
    return rows;
  }

  Result<std::vector<EventFieldInfo>> fields() override {
    std::map<std::pair<std::string, ColumnType>, uint64_t> counts;
    std::vector<uint32_t> all(image_->rows());
    for (uint32_t row = 0; row < all.size(); ++row) all[row] = row;
    KANSOKU_TRY(const auto rows, BlockEventRows::make(*image_, std::move(all)));
    KANSOKU_TRY(const std::vector<std::string_view> paths, rows->paths());
    for (const std::string_view path : paths) {
      KANSOKU_TRY(const std::span<const EventValues> columns, rows->columns(path));
      for (const EventValues& values : columns) {
        uint64_t& count = counts[{std::string(path), values.type}];
        for (size_t row = 0; row < rows->size(); ++row) count += values.has(row);
      }
    }
    std::vector<EventFieldInfo> out;
    for (const auto& [key, count] : counts) out.push_back({key.first, key.second, count});
    return out;
  }

 private:
  bool may_hold(const EventPredicate& predicate) {
    if (predicate.op != Op::NumberEqual && predicate.op != Op::NumberLess &&
        predicate.op != Op::NumberLessOrEqual && predicate.op != Op::NumberGreater &&
        predicate.op != Op::NumberGreaterOrEqual) {
      return true;
    }
    for (const BlockColumn& column : image_->columns()) {
      if (column.path == kMessagePath) return true;  // its leaves may have the path
      if (column.path != predicate.path) continue;
      if (column.type == ColumnType::Int64 &&
          number_possible(predicate, static_cast<double>(column.min),
                          static_cast<double>(column.max))) {
        return true;
      }
      if (column.type == ColumnType::Float64 &&
          number_possible(predicate, column.min_float, column.max_float)) {
        return true;
      }
    }
    return false;
  }

  std::unique_ptr<BlockImage> image_;
};

}  // namespace

Result<std::unique_ptr<BlockReader>> BlockReader::open(BlockBytes& bytes, uint64_t block_bytes) {
  KANSOKU_TRY(auto image, BlockImage::open(bytes, block_bytes));
  return std::make_unique<Reader>(std::move(image));
}

}  // namespace kansoku::store::events
