#include "base/bytes.h"
#include "wire/document/document.h"
#include "wire/tsdb_block/block.h"

namespace kansoku::wire::tsdb_block {
namespace {

constexpr uint32_t kIndexMagic = 0xbaaad700;
constexpr uint32_t kTombstonesMagic = 0x0130ba30;
constexpr size_t kHeaderBytes = 5;  // magic, version
constexpr size_t kTocBytes = 6 * 8 + 4;
constexpr size_t kSeriesAlignment = 16;
constexpr uint64_t kLabelsMax = 10'000;

template <class T>
T load_be(const char* from) {
  return std::byteswap(load_le<T>(from));
}

std::unexpected<Error> damaged(std::string_view what) { return corruption("index: {}", what); }

bool read_svarint(const char*& at, const char* end, int64_t& out) {
  uint64_t raw = 0;
  if (!read_varint(at, end, raw)) return false;
  out = unzigzag(raw);
  return true;
}

}  // namespace

Result<BlockMeta> parse_meta(std::string_view json) {
  KANSOKU_TRY(auto node, parse_json(std::string(json)));
  auto version = node.number_of("version");
  if (!version || *version != 1) {
    return unimplemented("meta.json of version {}; version 1 is known", version.value_or(0));
  }
  BlockMeta out;
  out.ulid = node.text_of("ulid");
  auto min = node.number_of("minTime");
  auto max = node.number_of("maxTime");
  if (!min || !max) return invalid_argument("meta.json without minTime and maxTime");
  out.min_ms = static_cast<int64_t>(*min);
  out.max_ms = static_cast<int64_t>(*max);
  if (const auto* stats = node.find("stats")) {
    out.samples = static_cast<uint64_t>(stats->number_of("numSamples").value_or(0));
    out.series = static_cast<uint64_t>(stats->number_of("numSeries").value_or(0));
    out.chunks = static_cast<uint64_t>(stats->number_of("numChunks").value_or(0));
  }
  return out;
}

Result<Tombstones> parse_tombstones(std::string_view bytes) {
  if (bytes.size() < 9 || load_be<uint32_t>(bytes.data()) != kTombstonesMagic) {
    return corruption("tombstones: not the magic number");
  }
  if (bytes[4] != 1) return unimplemented("tombstones of version {}", static_cast<int>(bytes[4]));
  std::string_view stones = bytes.substr(5, bytes.size() - 9);
  if (crc32c(as_bytes(stones)) != load_be<uint32_t>(bytes.data() + bytes.size() - 4)) {
    return corruption("tombstones: the checksum does not hold");
  }
  Tombstones out;
  const char* at = stones.data();
  const char* end = at + stones.size();
  while (at < end) {
    uint64_t reference = 0;
    int64_t min = 0;
    int64_t max = 0;
    if (!read_varint(at, end, reference) || !read_svarint(at, end, min) ||
        !read_svarint(at, end, max)) {
      return corruption("tombstones: cut off");
    }
    out[reference].emplace_back(min, max);
  }
  return out;
}

// A section: length (4, big-endian), content, checksum of the content.
Result<std::string_view> Index::section(uint64_t at) const {
  if (at < kHeaderBytes || at + 8 > bytes_.size()) return damaged("a section lies outside");
  uint64_t size = load_be<uint32_t>(bytes_.data() + at);
  if (size > bytes_.size() - at - 8) return damaged("a section lies outside");
  std::string_view content = std::string_view(bytes_).substr(at + 4, size);
  if (crc32c(as_bytes(content)) != load_be<uint32_t>(content.data() + size)) {
    return damaged("the checksum of a section does not hold");
  }
  return content;
}

Status Index::read_symbols(uint64_t at) {
  KANSOKU_TRY(std::string_view content, section(at));
  if (content.size() < 4) return damaged("symbols are cut off");
  uint64_t count = load_be<uint32_t>(content.data());
  const char* from = content.data() + 4;
  const char* end = content.data() + content.size();
  if (count > content.size()) return damaged("symbols are cut off");
  symbols_.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t size = 0;
    if (!read_varint(from, end, size) || size > static_cast<uint64_t>(end - from)) {
      return damaged("symbols are cut off");
    }
    symbols_.emplace_back(from, size);
    from += size;
  }
  return {};
}

Result<Index> Index::parse(std::string bytes) {
  Index out;
  // Views into it are kept, and a moved string may move its bytes when it is short; an index is
  // longer than that.
  if (bytes.size() < kHeaderBytes + kTocBytes) return damaged("too short");
  out.bytes_ = std::move(bytes);
  const std::string& all = out.bytes_;
  if (load_be<uint32_t>(all.data()) != kIndexMagic) return damaged("not the magic number");
  if (all[4] != 2) {
    return unimplemented("index of version {}; version 2 (Prometheus 2.1 and newer) is known",
                         static_cast<int>(all[4]));
  }
  const char* toc = all.data() + all.size() - kTocBytes;
  if (crc32c(as_bytes({toc, kTocBytes - 4})) != load_be<uint32_t>(toc + kTocBytes - 4)) {
    return damaged("the checksum of the table of contents does not hold");
  }
  std::array<uint64_t, 6> offsets{};
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = load_be<uint64_t>(toc + i * 8);
  uint64_t series = offsets[1];
  uint64_t end = all.size() - kTocBytes;
  if (offsets[0] == 0 || series < kHeaderBytes || series > end) return damaged("no series");
  // The series end where the next section begins; absent ones have the offset 0.
  for (uint64_t offset : offsets) {
    if (offset > series) end = std::min(end, offset);
  }
  KANSOKU_RETURN_IF_ERROR(out.read_symbols(offsets[0]));
  out.at_ = series;
  out.end_ = end;
  return out;
}

Result<bool> Index::next(IndexSeries& out) {
  at_ = (at_ + kSeriesAlignment - 1) / kSeriesAlignment * kSeriesAlignment;
  // Between series stands padding alone.
  while (at_ < end_ && bytes_[at_] == 0) at_ += kSeriesAlignment;
  if (at_ >= end_) return false;
  const char* at = bytes_.data() + at_;
  const char* section_end = bytes_.data() + end_;
  out.reference = at_ / kSeriesAlignment;
  uint64_t size = 0;
  if (!read_varint(at, section_end, size) || size + 4 > static_cast<uint64_t>(section_end - at)) {
    return damaged("a series is cut off");
  }
  const char* end = at + size;
  if (crc32c(as_bytes({at, size})) != load_be<uint32_t>(end)) {
    return damaged("the checksum of a series does not hold");
  }
  at_ = static_cast<uint64_t>(end - bytes_.data()) + 4;
  uint64_t labels = 0;
  if (!read_varint(at, end, labels) || labels > kLabelsMax) return damaged("labels of a series");
  std::vector<signal::LabelView> views;
  for (uint64_t i = 0; i < labels; ++i) {
    uint64_t name = 0;
    uint64_t value = 0;
    if (!read_varint(at, end, name) || !read_varint(at, end, value) || name >= symbols_.size() ||
        value >= symbols_.size()) {
      return damaged("a label without its symbol");
    }
    if (!symbols_[value].empty()) views.push_back({symbols_[name], symbols_[value]});
  }
  KANSOKU_TRY(out.labels, signal::Labels::from(std::move(views)));
  uint64_t chunks = 0;
  if (!read_varint(at, end, chunks) || chunks > size) return damaged("chunks of a series");
  out.chunks.clear();
  int64_t before = 0;
  uint64_t position = 0;
  for (uint64_t i = 0; i < chunks; ++i) {
    int64_t first = 0;
    uint64_t gap = 0;
    uint64_t length = 0;
    uint64_t reference = 0;
    int64_t moved = 0;
    bool whole = i == 0 ? read_svarint(at, end, first) && read_varint(at, end, length) &&
                              read_varint(at, end, reference)
                        : read_varint(at, end, gap) && read_varint(at, end, length) &&
                              read_svarint(at, end, moved);
    if (!whole) return damaged("chunks of a series");
    auto wrapped = [](int64_t a, uint64_t b) {
      return static_cast<int64_t>(static_cast<uint64_t>(a) + b);
    };
    ChunkRef chunk;
    chunk.min_ms = i == 0 ? first : wrapped(before, gap);
    chunk.max_ms = wrapped(chunk.min_ms, length);
    position = i == 0 ? reference : position + static_cast<uint64_t>(moved);
    chunk.position = position;
    before = chunk.max_ms;
    out.chunks.push_back(chunk);
  }
  return true;
}

}  // namespace kansoku::wire::tsdb_block
