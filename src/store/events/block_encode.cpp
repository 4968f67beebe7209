// encode_block() and decode_block().
#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "base/check.h"
#include "base/time/grid.h"
#include "store/events/block_image.h"
#include "store/events/block_ints.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;
using signal::EventColumn;

template <class Value>
Chunk add_ints(std::span<const Value> values, PageWriter& pages) {
  std::vector<int64_t> wide(values.size());
  for (size_t i = 0; i < values.size(); ++i) wide[i] = static_cast<int64_t>(values[i]);
  std::string bytes;
  encode_block_ints(wide, bytes);
  return pages.add(bytes);
}

void put_streams(const BlockRows& rows, std::string& out) {
  std::vector<uint64_t> counts(rows.streams.size());
  for (const uint32_t stream : rows.stream_rows) ++counts[stream];
  append_varint(out, rows.streams.size());
  for (size_t i = 0; i < rows.streams.size(); ++i) {
    const StreamKey& key = rows.streams[i];
    append_text(out, key.group);
    append_varint(out, key.generation);
    append_text(out, key.stream);
    append_varint(out, counts[i]);
  }
}

// So many rows a minute are worth a count.
constexpr size_t kRowsPerMinuteMin = 32;

void put_minutes(std::span<const int64_t> times_ns, int64_t min_ns, std::string& out) {
  using Minute = std::pair<int64_t, uint64_t>;  // and its rows
  // Times ascend within a stream: neighbours are mostly of one minute.
  std::vector<Minute> runs;
  for (const int64_t ns : times_ns) {
    const int64_t minute = cell_of(ns, kMinuteNs);
    if (runs.empty() || runs.back().first != minute) runs.emplace_back(minute, 0);
    ++runs.back().second;
  }
  std::ranges::sort(runs);
  std::vector<Minute> minutes;
  for (const auto& [minute, rows] : runs) {
    if (minutes.empty() || minutes.back().first != minute) minutes.emplace_back(minute, 0);
    minutes.back().second += rows;
  }
  const bool kept = minutes.size() * kRowsPerMinuteMin <= times_ns.size();
  append_varint(out, kept ? minutes.size() : 0);
  if (!kept) return;
  int64_t before = cell_of(min_ns, kMinuteNs);
  for (const auto& [minute, rows] : minutes) {
    append_varint(out, static_cast<uint64_t>(minute - before));
    append_varint(out, rows);
    before = minute;
  }
}

void put_floats(const EventColumn& column, PageWriter& pages, std::string& out) {
  std::vector<int64_t> bits(column.floats.size());
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  for (size_t i = 0; i < bits.size(); ++i) {
    bits[i] = std::bit_cast<int64_t>(column.floats[i]);
    if (column.floats[i] < min) min = column.floats[i];
    if (column.floats[i] > max) max = column.floats[i];
  }
  append_chunk(out, add_ints(std::span<const int64_t>(bits), pages));
  append_le(out, min);
  append_le(out, max);
}

void put_column(const EventColumn& column, std::span<const int64_t> times_ns, PageWriter& pages,
                std::string& out) {
  const size_t rows = times_ns.size();
  append_text(out, column.path);
  out += static_cast<char>(column.type);
  append_varint(out, column.rows.size());
  if (column.rows.size() != rows)
    append_chunk(out, add_ints(std::span<const uint32_t>(column.rows), pages));
  switch (column.type) {
    case ColumnType::Int64:
    case ColumnType::Bool: {
      const auto [min, max] = std::ranges::minmax(column.integers);
      append_chunk(out, add_ints(std::span<const int64_t>(column.integers), pages));
      append_varint(out, zigzag(min));
      append_varint(out, zigzag(max));
      break;
    }
    case ColumnType::Float64:
      put_floats(column, pages, out);
      break;
    case ColumnType::Text:
    case ColumnType::Bytes: {
      std::vector<std::string_view> texts(column.rows.size());
      std::vector<int64_t> times(column.rows.size());
      for (size_t i = 0; i < texts.size(); ++i) {
        texts[i] = column.text_at(i);
        times[i] = times_ns[column.rows[i]];
      }
      const TextColumnInput input{.values = texts, .times_ns = times};
      if (column.path == kMessagePath && column.type == ColumnType::Text) {
        encode_messages(input, pages, out);
      } else {
        encode_text_column(input, pages, out);
      }
      break;
    }
  }
}

// The whole of a block's bytes in memory.
class WholeBytes final : public BlockBytes {
 public:
  explicit WholeBytes(std::string_view bytes) : bytes_(bytes) {}
  Result<std::shared_ptr<const std::string>> read(uint64_t offset, size_t bytes) override {
    if (offset > bytes_.size() || bytes > bytes_.size() - offset)
      return corruption("a block is cut");
    return std::make_shared<const std::string>(bytes_.substr(offset, bytes));
  }

 private:
  std::string_view bytes_;
};

template <class Value>
Status take_system(BlockImage& image, BlockImage::System which, std::vector<Value>& out) {
  KANSOKU_TRY(const std::span<const int64_t> values, image.system(which));
  out.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<Value>(values[i]);
  return {};
}

Status take_column(BlockImage& image, BlockColumn& column, WorkPause* pause, EventColumn& out) {
  KANSOKU_RETURN_IF_ERROR(image.load(column));
  out.path = column.path;
  out.type = column.type;
  out.rows.assign(column.rows.begin(), column.rows.end());
  if (out.rows.empty()) {
    out.rows.resize(column.values);
    for (uint32_t row = 0; row < out.rows.size(); ++row) out.rows[row] = row;
  }
  if (column.texts) {
    KANSOKU_RETURN_IF_ERROR(column.texts->prepare_all());
    out.text_ends.reserve(column.values);
    for (size_t i = 0; i < column.values; ++i) {
      pause_in_loop(pause, i);
      column.texts->append(i, out.text);
      if (out.text.size() > image.text_bytes()) return corruption("a block's texts are too long");
      out.text_ends.push_back(static_cast<uint32_t>(out.text.size()));
    }
  } else if (column.type == ColumnType::Float64) {
    out.floats = column.floats;
  } else {
    out.integers = column.integers;
  }
  return {};
}

}  // namespace

void encode_block(const BlockRows& rows, std::string& out, WorkPause* pause) {
  const size_t count = rows.size();
  KANSOKU_CHECK(count > 0 && count <= kBlockRowsMax && rows.stream_rows.size() == count &&
                rows.sequences.size() == count && rows.batch_rows.size() == count &&
                rows.ingested_ns.size() == count);
  KANSOKU_CHECK(std::ranges::is_sorted(rows.stream_rows));
  const auto [min, max] = std::ranges::minmax(rows.timestamps_ns);
  PageWriter pages(out, pause);
  std::string directory;
  append_varint(directory, count);
  append_varint(directory, zigzag(min));
  append_varint(directory, static_cast<uint64_t>(max) - static_cast<uint64_t>(min));
  uint64_t text_bytes = 0;
  size_t columns = 0;
  for (const EventColumn& column : rows.columns) {
    text_bytes += column.text.size();
    columns += !column.rows.empty();
  }
  KANSOKU_CHECK(text_bytes <= kBlockTextBytesMax);
  append_varint(directory, text_bytes);
  put_streams(rows, directory);
  append_chunk(directory, add_ints(std::span<const int64_t>(rows.timestamps_ns), pages));
  append_chunk(directory, add_ints(std::span<const uint64_t>(rows.sequences), pages));
  append_chunk(directory, add_ints(std::span<const uint32_t>(rows.batch_rows), pages));
  append_chunk(directory, add_ints(std::span<const int64_t>(rows.ingested_ns), pages));
  put_minutes(rows.timestamps_ns, min, directory);
  append_varint(directory, columns);
  for (const EventColumn& column : rows.columns) {
    if (!column.rows.empty()) put_column(column, rows.timestamps_ns, pages, directory);
  }
  std::string whole;
  pages.finish(whole);
  whole += directory;
  std::string stored;
  thread_compressor().compress(whole, 3, stored);
  out += stored;
  const size_t trailer = out.size();
  append_le(out, static_cast<uint32_t>(stored.size()));
  append_le(out, static_cast<uint32_t>(whole.size()));
  append_le(out, crc32c(as_bytes(stored), crc32c(as_bytes(std::string_view(out).substr(trailer)))));
  append_le(out, kBlockMagic);
}

Result<BlockRows> decode_block(std::string_view bytes, WorkPause* pause) {
  WholeBytes whole(bytes);
  KANSOKU_TRY(const auto image, BlockImage::open(whole, bytes.size()));
  image->set_pause(pause);
  BlockRows rows;
  rows.streams = image->streams();
  rows.stream_rows.resize(image->rows());
  for (uint32_t stream = 0, row = 0; stream < rows.streams.size(); ++stream) {
    for (; row < image->stream_ends()[stream]; ++row) rows.stream_rows[row] = stream;
  }
  using System = BlockImage::System;
  KANSOKU_RETURN_IF_ERROR(take_system(*image, System::Timestamp, rows.timestamps_ns));
  KANSOKU_RETURN_IF_ERROR(take_system(*image, System::Sequence, rows.sequences));
  KANSOKU_RETURN_IF_ERROR(take_system(*image, System::BatchRow, rows.batch_rows));
  KANSOKU_RETURN_IF_ERROR(take_system(*image, System::Ingested, rows.ingested_ns));
  for (BlockColumn& column : image->columns())
    KANSOKU_RETURN_IF_ERROR(take_column(*image, column, pause, rows.columns.emplace_back()));
  return rows;
}

}  // namespace kansoku::store::events
