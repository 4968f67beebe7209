#include "store/events/block_image.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/time/grid.h"
#include "store/events/block_ints.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;

// Nearly every directory is in the first read.
constexpr size_t kTailBytes = 8 * 1024;
constexpr size_t kDirectoryBytesMax = 64U << 20;
constexpr size_t kColumnBytesMin = 4;

bool read_text(const char*& at, const char* end, std::string& out) {
  uint64_t bytes = 0;
  if (!read_varint(at, end, bytes) || bytes > static_cast<uint64_t>(end - at)) return false;
  out.assign(at, bytes);
  at += bytes;
  return true;
}

bool read_number(const char*& at, const char* end, int64_t& out) {
  uint64_t value = 0;
  if (!read_varint(at, end, value)) return false;
  out = unzigzag(value);
  return true;
}

bool read_double(const char*& at, const char* end, double& out) {
  if (end - at < 8) return false;
  out = load_le<double>(at);
  at += 8;
  return true;
}

}  // namespace

Result<std::unique_ptr<BlockImage>> BlockImage::open(BlockBytes& bytes, uint64_t block_bytes) {
  if (block_bytes < kBlockTrailerBytes) return corruption("a block is cut");
  const size_t tail_bytes = std::min<uint64_t>(kTailBytes, block_bytes);
  KANSOKU_TRY(const auto tail, bytes.read(block_bytes - tail_bytes, tail_bytes));
  if (tail->size() != tail_bytes) return corruption("a block is cut");
  const char* const trailer = tail->data() + tail_bytes - kBlockTrailerBytes;
  const auto stored_bytes = load_le<uint32_t>(trailer);
  const auto raw_bytes = load_le<uint32_t>(trailer + 4);
  const auto magic = load_le<uint32_t>(trailer + 12);
  if (magic != kBlockMagic && magic != kBlockMagic1) return corruption("not a block");
  if (stored_bytes > block_bytes - kBlockTrailerBytes || raw_bytes < stored_bytes ||
      raw_bytes > kDirectoryBytesMax) {
    return corruption("the directory of a block is damaged");
  }
  std::unique_ptr<BlockImage> image(new BlockImage(bytes));
  image->bytes_read_ = tail_bytes;
  std::string_view stored;
  std::shared_ptr<const std::string> longer;
  if (stored_bytes + kBlockTrailerBytes <= tail_bytes) {
    stored = std::string_view(*tail).substr(tail_bytes - kBlockTrailerBytes - stored_bytes,
                                            stored_bytes);
  } else {
    KANSOKU_TRY(longer, bytes.read(block_bytes - kBlockTrailerBytes - stored_bytes, stored_bytes));
    if (longer->size() != stored_bytes) return corruption("a block is cut");
    image->bytes_read_ += stored_bytes;
    stored = *longer;
  }
  if (crc32c(as_bytes(stored), crc32c(as_bytes({trailer, 8}))) != load_le<uint32_t>(trailer + 8))
    return corruption("checksum of a block's directory does not hold");
  std::string directory;
  KANSOKU_RETURN_IF_ERROR(thread_decompressor().decompress(stored, raw_bytes, directory));
  if (!image->parse(directory, block_bytes - kBlockTrailerBytes - stored_bytes,
                    magic == kBlockMagic))
    return corruption("the directory of a block is damaged");
  return image;
}

bool BlockImage::parse(std::string_view directory, uint64_t pages_bytes, bool with_minutes) {
  const char* at = directory.data();
  const char* const end = at + directory.size();
  uint64_t rows = 0;
  uint64_t span = 0;
  if (!pages_.open(at, end, pages_bytes) || !read_varint(at, end, rows) || rows == 0 ||
      rows > kBlockRowsMax || !read_number(at, end, min_ns_) || !read_varint(at, end, span) ||
      !read_varint(at, end, text_bytes_) || text_bytes_ > kBlockTextBytesMax) {
    return false;
  }
  rows_ = rows;
  max_ns_ = static_cast<int64_t>(static_cast<uint64_t>(min_ns_) + span);
  if (max_ns_ < min_ns_) return false;
  if (!check_streams(at, end)) return false;
  for (IntValues& values : system_) {
    Chunk chunk;
    if (!read_chunk(at, end, chunk)) return false;
    values = IntValues(chunk, rows_);
  }
  if (with_minutes && !parse_minutes(at, end)) return false;
  uint64_t columns = 0;
  if (!read_varint(at, end, columns) ||
      columns > static_cast<uint64_t>(end - at) / kColumnBytesMin) {
    return false;
  }
  for (uint64_t i = 0; i < columns; ++i) {
    if (!parse_column(at, end)) return false;
  }
  return at == end;
}

bool BlockImage::parse_minutes(const char*& at, const char* end) {
  uint64_t count = 0;
  if (!read_varint(at, end, count) || count > rows_) return false;
  minutes_.reserve(count);
  int64_t minute = cell_of(min_ns_, kMinuteNs);
  const int64_t last = cell_of(max_ns_, kMinuteNs);
  uint64_t rows = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t more = 0;
    uint64_t some = 0;
    if (!read_varint(at, end, more) || !read_varint(at, end, some)) return false;
    if (more > static_cast<uint64_t>(last) - static_cast<uint64_t>(minute) ||
        (i > 0 && more == 0) || some == 0 || some > rows_ - rows) {
      return false;
    }
    minute += static_cast<int64_t>(more);
    rows += some;
    minutes_.push_back({minute, static_cast<uint32_t>(some)});
  }
  return count == 0 || rows == rows_;
}

bool BlockImage::check_streams(const char*& at, const char* end) {
  const char* const begin = at;
  uint64_t streams = 0;
  if (!read_varint(at, end, streams) || streams > rows_) return false;
  uint64_t row = 0;
  const auto pass_text = [&] {
    uint64_t bytes = 0;
    if (!read_varint(at, end, bytes) || bytes > static_cast<uint64_t>(end - at)) return false;
    at += bytes;
    return true;
  };
  stream_ends_.reserve(streams);
  for (uint64_t i = 0; i < streams; ++i) {
    uint64_t generation = 0;
    uint64_t more = 0;
    if (!pass_text() || !read_varint(at, end, generation) || !pass_text() ||
        !read_varint(at, end, more) || more == 0 || more > rows_ - row) {
      return false;
    }
    row += more;
    stream_ends_.push_back(static_cast<uint32_t>(row));
  }
  streams_bytes_.assign(begin, at);
  return row == rows_;
}

const std::vector<StreamKey>& BlockImage::streams() const {
  if (!streams_.empty()) return streams_;
  const char* at = streams_bytes_.data();
  const char* const end = at + streams_bytes_.size();
  uint64_t streams = 0;
  bool good = read_varint(at, end, streams);
  streams_.resize(stream_ends_.size());
  for (StreamKey& key : streams_) {
    uint64_t rows = 0;
    good = good && read_text(at, end, key.group) && read_varint(at, end, key.generation) &&
           read_text(at, end, key.stream) && read_varint(at, end, rows);
  }
  KANSOKU_CHECK(good);
  return streams_;
}

bool BlockImage::parse_column(const char*& at, const char* end) {
  BlockColumn column;
  uint64_t values = 0;
  if (!read_text(at, end, column.path) || at == end) return false;
  const auto type = static_cast<uint8_t>(*at++);
  if (type > static_cast<uint8_t>(ColumnType::Bytes)) return false;
  column.type = static_cast<ColumnType>(type);
  if (!read_varint(at, end, values) || values == 0 || values > rows_) return false;
  column.values = values;
  if (values != rows_ && !read_chunk(at, end, column.rows_chunk)) return false;
  switch (column.type) {
    case ColumnType::Int64:
    case ColumnType::Bool:
      if (!read_chunk(at, end, column.numbers_chunk) || !read_number(at, end, column.min) ||
          !read_number(at, end, column.max)) {
        return false;
      }
      break;
    case ColumnType::Float64:
      if (!read_chunk(at, end, column.numbers_chunk) || !read_double(at, end, column.min_float) ||
          !read_double(at, end, column.max_float)) {
        return false;
      }
      break;
    case ColumnType::Text:
    case ColumnType::Bytes:
      if (!parse_texts(at, end, column)) return false;
      break;
  }
  columns_.push_back(std::move(column));
  return true;
}

bool BlockImage::parse_texts(const char*& at, const char* end, BlockColumn& column) {
  if (column.path == kMessagePath && column.type == ColumnType::Text) {
    auto message = MessageColumn::parse(at, end, column.values, pages_);
    column.message = message.get();
    column.texts = std::move(message);
  } else {
    column.texts = TextColumn::parse(at, end, column.values, pages_);
  }
  if (!column.texts) return false;
  column.texts->set_times([this, i = columns_.size()] { return times_of(i); });
  return true;
}

Result<std::vector<int64_t>> BlockImage::times_of(size_t column) {
  KANSOKU_RETURN_IF_ERROR(load(columns_[column]));
  KANSOKU_TRY(const std::span<const int64_t> times, system(System::Timestamp));
  if (columns_[column].rows.empty()) return std::vector<int64_t>(times.begin(), times.end());
  std::vector<int64_t> out;
  for (const uint32_t row : columns_[column].rows) out.push_back(times[row]);
  return out;
}

void BlockImage::shed() {
  for (IntValues& values : system_) values.shed();
  for (BlockColumn& column : columns_) {
    column.rows = {};
    column.integers = {};
    column.floats = {};
    column.loaded = false;
    if (column.texts) column.texts->shed();
  }
  pages_.shed();
}

uint64_t BlockImage::memory_bytes() const {
  // A stream takes its key and two names, mostly too long to stand in the key itself.
  constexpr uint64_t kStreamBytes = sizeof(StreamKey) + 64;
  uint64_t out = sizeof(*this) + minutes_.capacity() * sizeof(Minute) + pages_.memory_bytes() +
                 streams_bytes_.capacity() + streams_.capacity() * kStreamBytes +
                 stream_ends_.capacity() * sizeof(uint32_t);
  for (const IntValues& values : system_) out += values.memory_bytes();
  for (const BlockColumn& column : columns_) {
    out += sizeof(column) + column.path.capacity() + column.rows.capacity() * sizeof(uint32_t) +
           (column.integers.capacity() + column.floats.capacity()) * sizeof(int64_t);
    if (column.texts) out += column.texts->memory_bytes();
  }
  return out;
}

BlockColumn* BlockImage::message() {
  for (BlockColumn& column : columns_) {
    if (column.message != nullptr) return &column;
  }
  return nullptr;
}

Result<std::span<const int64_t>> BlockImage::system(System which) {
  IntValues& values = system_[static_cast<size_t>(which)];
  KANSOKU_RETURN_IF_ERROR(values.load(pages_));
  return values.all();
}

Result<std::vector<int64_t>> BlockImage::system(System which, std::span<const uint32_t> rows) {
  IntValues& values = system_[static_cast<size_t>(which)];
  KANSOKU_RETURN_IF_ERROR(values.prepare(pages_, rows));
  std::vector<int64_t> out;
  out.reserve(rows.size());
  for (const uint32_t row : rows) out.push_back(values.at(row));
  return out;
}

Status BlockImage::load(BlockColumn& column) {
  if (column.loaded) return {};
  if (column.values != rows_) {
    KANSOKU_TRY(const std::string_view bytes, pages_.read(column.rows_chunk));
    std::vector<int64_t> rows(column.values);
    const char* at = bytes.data();
    if (!decode_block_ints(at, bytes.data() + bytes.size(), rows))
      return corruption("rows of a block's column are damaged");
    column.rows.clear();
    int64_t before = -1;
    for (const int64_t row : rows) {
      if (row <= before || row >= static_cast<int64_t>(rows_))
        return corruption("rows of a block's column do not ascend");
      before = row;
      column.rows.push_back(static_cast<uint32_t>(row));
    }
  }
  if (column.type != ColumnType::Text && column.type != ColumnType::Bytes) {
    KANSOKU_TRY(const std::string_view bytes, pages_.read(column.numbers_chunk));
    const char* at = bytes.data();
    column.integers.resize(column.values);
    if (!decode_block_ints(at, bytes.data() + bytes.size(), column.integers))
      return corruption("numbers of a block's column are damaged");
    if (column.type == ColumnType::Float64) {
      column.floats.resize(column.values);
      std::memcpy(column.floats.data(), column.integers.data(), column.values * sizeof(double));
    }
  }
  column.loaded = true;
  return {};
}

}  // namespace kansoku::store::events
