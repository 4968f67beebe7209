#include "store/metrics/tombstones.h"

#include "store/metrics/part.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint64_t kTombstonesMagic = 0x3130424d544d4bULL;  // "KMTMB01"
constexpr uint32_t kTombstonesVersion = 1;
constexpr size_t kHeaderBytes = 16;  // magic, version, checksum of the rest
constexpr size_t kFileBytesMax = size_t{1} << 30;

void encode_body(const Tombstone& tombstone, std::string& out) {
  append_varint(out, zigzag(tombstone.range.begin));
  append_varint(out, zigzag(tombstone.range.end));
  append_varint(out, tombstone.ids.size());
  SeriesId previous = std::numeric_limits<SeriesId>::max();  // so that id 0 is "the next one"
  for (SeriesId id : tombstone.ids) {
    append_varint(out, id - previous - 1);
    previous = id;
  }
}

bool decode_body(const char*& at, const char* end, Tombstone& out) {
  uint64_t begin = 0;
  uint64_t last = 0;
  uint64_t count = 0;
  if (!read_varint(at, end, begin) || !read_varint(at, end, last) || !read_varint(at, end, count) ||
      count > static_cast<uint64_t>(end - at)) {
    return false;
  }
  out.range = {unzigzag(begin), unzigzag(last)};
  out.ids.reserve(count);
  SeriesId id = std::numeric_limits<SeriesId>::max();
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t gap = 0;
    if (!read_varint(at, end, gap)) return false;
    id += gap + 1;
    if (!out.ids.empty() && id <= out.ids.back()) return false;
    out.ids.push_back(id);
  }
  return true;
}

std::string path_in(const std::string& directory) {
  return env::join_path(directory, "tombstones");
}

}  // namespace

bool shrink_times(TimeRangeMs range, int64_t& first_ms, int64_t& last_ms) {
  bool from_first = range.begin <= first_ms && range.end > first_ms;
  bool to_last = range.end > last_ms && range.begin <= last_ms;
  if (from_first && to_last) return false;
  if (from_first) first_ms = range.end;
  if (to_last) last_ms = range.begin - 1;
  return true;
}

void cut_out(DecodedSeries& series, TimeRangeMs range) {
  size_t kept = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    int64_t ms = series.timestamps_ms[i];
    if (ms >= range.begin && ms < range.end) continue;
    if (kept != i) {
      series.timestamps_ms[kept] = ms;
      series.values[kept] = series.values[i];
      if (!series.distributions.empty()) {
        series.distributions[kept] = std::move(series.distributions[i]);
      }
    }
    ++kept;
  }
  series.timestamps_ms.resize(kept);
  series.values.resize(kept);
  if (!series.distributions.empty()) series.distributions.resize(kept);
}

bool touches(const Tombstone& tombstone, const Part& part) {
  const PartMeta& meta = part.meta();
  if (meta.last_sequence >= tombstone.sequence) return false;
  if (part.fenced()) return true;  // what it holds is not known
  if (meta.max_ms < tombstone.range.begin || meta.min_ms >= tombstone.range.end) return false;
  for (const PageInfo& page : part.pages(PageKind::Times)) {
    auto at = std::lower_bound(tombstone.ids.begin(), tombstone.ids.end(), page.first_id);
    if (at != tombstone.ids.end() && *at <= page.last_id) return true;
  }
  return false;
}

bool Tombstones::contains(uint64_t sequence) const {
  return std::any_of(items_.begin(), items_.end(),
                     [&](const Item& item) { return item->sequence == sequence; });
}

void Tombstones::cut(SeriesId id, uint64_t last_sequence, DecodedSeries& series) const {
  for (const Item& item : items_) {
    if (item->sequence <= last_sequence || series.size() == 0) continue;
    if (!std::binary_search(item->ids.begin(), item->ids.end(), id)) continue;
    cut_out(series, item->range);
  }
}

bool Tombstones::cut_times(SeriesId id, uint64_t last_sequence, int64_t& first_ms,
                           int64_t& last_ms) const {
  // An older deletion may only now reach an end that a newer one has moved: until nothing changes.
  for (bool moved = true; moved;) {
    moved = false;
    for (const Item& item : items_) {
      if (item->sequence <= last_sequence) continue;
      if (!std::binary_search(item->ids.begin(), item->ids.end(), id)) continue;
      int64_t first = first_ms;
      int64_t last = last_ms;
      if (!shrink_times(item->range, first_ms, last_ms) || first_ms > last_ms) return false;
      moved = moved || first != first_ms || last != last_ms;
    }
  }
  return true;
}

Tombstones Tombstones::with(Item item) const {
  Tombstones out = *this;
  out.items_.push_back(std::move(item));
  std::sort(out.items_.begin(), out.items_.end(),
            [](const Item& a, const Item& b) { return a->sequence < b->sequence; });
  return out;
}

Tombstones Tombstones::without(const std::set<uint64_t>& sequences) const {
  Tombstones out = *this;
  std::erase_if(out.items_, [&](const Item& item) { return sequences.contains(item->sequence); });
  return out;
}

std::string encode_deletion(const Tombstone& tombstone) {
  std::string out(1, kDeletionRecord);
  encode_body(tombstone, out);
  return out;
}

Result<Tombstone> decode_deletion(std::string_view payload, uint64_t sequence) {
  Tombstone out{.sequence = sequence, .range = {}, .ids = {}};
  const char* at = payload.data();
  const char* end = at + payload.size();
  if (at == end || *at++ != kDeletionRecord || !decode_body(at, end, out) || at != end) {
    return corruption("a deletion of an unknown form");
  }
  return out;
}

Result<Tombstones> load_tombstones(env::FileSystem& files, const std::string& directory) {
  std::string path = path_in(directory);
  auto bytes = files.read_all(path, kFileBytesMax);
  if (!bytes && bytes.error().code == ErrorCode::NotFound) return Tombstones();
  if (!bytes) return std::unexpected(std::move(bytes).error());
  bool whole = bytes->size() >= kHeaderBytes &&
               load_le<uint64_t>(bytes->data()) == kTombstonesMagic &&
               load_le<uint32_t>(bytes->data() + 8) == kTombstonesVersion &&
               load_le<uint32_t>(bytes->data() + 12) ==
                   crc32c(as_bytes(std::string_view(*bytes).substr(kHeaderBytes)));
  Tombstones out;
  const char* at = bytes->data() + kHeaderBytes;
  const char* end = bytes->data() + bytes->size();
  uint64_t count = 0;
  whole = whole && read_varint(at, end, count);
  for (uint64_t i = 0; whole && i < count; ++i) {
    auto item = std::make_shared<Tombstone>();
    whole = read_varint(at, end, item->sequence) && decode_body(at, end, *item);
    out = out.with(std::move(item));
  }
  if (!whole || at != end) {
    return fail(ErrorCode::DataLoss,
                "the file of deletions is damaged: what was deleted would "
                "come back; restore a backup, or remove it to accept that",
                path);
  }
  return out;
}

Status save_tombstones(env::FileSystem& files, const std::string& directory,
                       const Tombstones& tombstones) {
  std::string body;
  append_varint(body, tombstones.items().size());
  for (const auto& item : tombstones.items()) {
    append_varint(body, item->sequence);
    encode_body(*item, body);
  }
  std::string bytes;
  append_le(bytes, kTombstonesMagic);
  append_le(bytes, kTombstonesVersion);
  append_le(bytes, crc32c(as_bytes(body)));
  return files.write_atomic(path_in(directory), bytes + body);
}

}  // namespace kansoku::store::metrics
