#include "store/metrics/series_file.h"

#include "base/check.h"
#include "store/metrics/batch_record.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint64_t kSeriesMagic = 0x31305245534d4bULL;
// 2: definitions say what they share with the one before. 1 is read as well.
constexpr uint32_t kSeriesVersion = 2;
constexpr uint32_t kSeriesVersionMin = 1;
constexpr size_t kHeaderBytes = 16;
constexpr size_t kChunkHeaderBytes = 12;  // stored bytes, raw bytes, checksum
constexpr SeriesId kChunkSeries = 8192;
// Definitions of neighbours are alike: what the fast levels leave is small already.
constexpr int kLevel = -5;
constexpr SeriesId kSeriesPerLook = 512;
// Definitions of series that have left, beside as many as are here, before the file is written
// anew.
constexpr uint64_t kLeftFree = 65536;
constexpr uint32_t kChunkBytesMax = 1U << 30;

std::string header(uint32_t version = kSeriesVersion) {
  std::string out;
  append_le(out, kSeriesMagic);
  append_le(out, version);
  append_le(out, crc32c(as_bytes(out)));
  return out;
}

}  // namespace

SeriesFile::SeriesFile(env::FileSystem& files, std::string directory)
    : files_(&files), directory_(std::move(directory)) {}

std::string SeriesFile::path(uint64_t number) const {
  return env::join_path(directory_, fmt::format("series-{:08x}", number));
}

// The whole chunk at `at`, decompressed, or false.
bool SeriesFile::read_chunk(std::string_view all, size_t& at, std::string& raw) {
  if (all.size() - at < kChunkHeaderBytes) return false;
  uint32_t stored = load_le<uint32_t>(all.data() + at);
  uint32_t raw_bytes = load_le<uint32_t>(all.data() + at + 4);
  uint32_t crc = load_le<uint32_t>(all.data() + at + 8);
  size_t begin = at + kChunkHeaderBytes;
  if (stored > all.size() - begin || raw_bytes > kChunkBytesMax) return false;
  std::string_view bytes = all.substr(begin, stored);
  if (crc32c(as_bytes(bytes), raw_bytes) != crc) return false;
  if (!codec::Decompressor().decompress(bytes, raw_bytes, raw)) return false;
  at = begin + stored;
  return true;
}

uint64_t SeriesFile::newest() const {
  uint64_t newest = 0;
  auto entries = files_->list(directory_);
  if (!entries) return 0;
  for (const env::DirectoryEntry& entry : *entries) {
    uint64_t number = 0;
    if (entry.name.size() != 15 || !entry.name.starts_with("series-")) continue;
    std::from_chars(entry.name.data() + 7, entry.name.data() + 15, number, 16);
    newest = std::max(newest, number);
  }
  return newest;
}

Status SeriesFile::load(uint64_t number, uint64_t bytes, SeriesTable& table, const Left& left) {
  number_ = number;
  bool whatever_is_whole = bytes == kAll;
  if (bytes == 0 || number == 0) return {};
  std::string name = path(number);
  KANSOKU_TRY(std::string all, files_->read_all(name, size_t{4} << 30));
  std::string_view counted = std::string_view(all).substr(0, bytes);
  uint32_t version = kSeriesVersion;
  while (version >= kSeriesVersionMin && !counted.starts_with(header(version))) --version;
  if ((!whatever_is_whole && all.size() < bytes) || version < kSeriesVersionMin) {
    if (whatever_is_whole && all.size() < kHeaderBytes) return {};
    return fail(ErrorCode::DataLoss, "the series file is damaged", name);
  }
  size_t at = kHeaderBytes;
  std::string raw;
  std::string labels;  // of all definitions of a chunk
  std::vector<SeriesDefinition> definitions;
  while (at < counted.size()) {
    const size_t chunk_begin = at;
    const bool first = at == kHeaderBytes;
    if (!read_chunk(counted, at, raw)) {
      if (whatever_is_whole) break;
      return fail(ErrorCode::DataLoss, "a chunk of the series file is damaged", name);
    }
    const char* from = raw.data();
    const char* end = from + raw.size();
    definitions.clear();
    labels.clear();
    DefinitionReader reader(static_cast<int>(version));
    while (from < end) {
      SeriesDefinition& definition = definitions.emplace_back();
      if (!reader.take(from, end, definition)) {
        return fail(ErrorCode::DataLoss, "a chunk of the series file is not one", name);
      }
      labels += definition.canonical;
    }
    // Now that they stay where they are.
    size_t begin = 0;
    for (SeriesDefinition& definition : definitions) {
      definition.canonical = std::string_view(labels).substr(begin, definition.canonical.size());
      begin += definition.canonical.size();
    }
    definitions_ += definitions.size();
    for (const SeriesDefinition& definition : definitions) {
      table.skip_to(definition.id + 1);
      saved_ = std::max(saved_, definition.id + 1);
    }
    std::erase_if(definitions, [&](const SeriesDefinition& d) { return left(d.id, chunk_begin); });
    // One that left and came back stands here twice.
    std::erase_if(definitions, [&](const SeriesDefinition& d) { return table.exists(d.id); });
    // Chunks are alike, so the first says how many there will be.
    if (first) table.reserve(definitions.size() * (counted.size() / (at - chunk_begin)));
    KANSOKU_RETURN_IF_ERROR(table.define(definitions));
  }
  bytes_ = at;
  KANSOKU_TRY(file_, files_->open(name, env::OpenMode::ReadWrite));
  // What an interrupted save left behind must not follow the next chunk.
  if (all.size() > bytes_) KANSOKU_RETURN_IF_ERROR(file_->truncate(bytes_));
  broken_ = version != kSeriesVersion;  // then the next save writes a new one
  return {};
}

Status SeriesFile::open_new() {
  ++number_;
  saved_ = 0;
  definitions_ = 0;
  KANSOKU_TRY(file_, files_->open(path(number_), env::OpenMode::CreateEmpty));
  KANSOKU_RETURN_IF_ERROR(files_->sync_directory(directory_));
  KANSOKU_RETURN_IF_ERROR(file_->write_at(0, as_bytes(header())));
  bytes_ = kHeaderBytes;
  return {};
}

Status SeriesFile::write_chunk(std::string& definitions) {
  if (definitions.empty()) return {};
  std::string stored;
  codec::Compressor().compress(definitions, kLevel, stored);
  std::string chunk;
  append_le(chunk, static_cast<uint32_t>(stored.size()));
  append_le(chunk, static_cast<uint32_t>(definitions.size()));
  append_le(chunk, crc32c(as_bytes(stored), static_cast<uint32_t>(definitions.size())));
  chunk += stored;
  KANSOKU_RETURN_IF_ERROR(file_->write_at(bytes_, as_bytes(chunk)));
  bytes_ += chunk.size();
  definitions.clear();
  return {};
}

Status SeriesFile::write_range(const SeriesTable& table, SeriesId begin, SeriesId end) {
  std::string raw;
  DefinitionWriter definitions;
  size_t in_chunk = 0;
  // The table's lock is held for some hundred series at a time.
  for (SeriesId from = begin; from < end; from += kSeriesPerLook) {
    table.visit_definitions(from, std::min(end, from + kSeriesPerLook),
                            [&](const SeriesDefinition& definition) {
                              definitions.put(definition, raw);
                              ++in_chunk;
                            });
    if (in_chunk < kChunkSeries) continue;
    definitions_ += std::exchange(in_chunk, 0);
    KANSOKU_RETURN_IF_ERROR(write_chunk(raw));
    definitions = DefinitionWriter();
  }
  definitions_ += in_chunk;
  return write_chunk(raw);
}

Status SeriesFile::save(const SeriesTable& table, SeriesId end,
                        std::span<const SeriesId> returned) {
  if (!broken_ && saved_ >= end && returned.empty()) return {};
  if (definitions_ > 2 * table.series_count() + kLeftFree) broken_ = true;
  bool was_broken = broken_;
  broken_ = true;
  if (was_broken) KANSOKU_RETURN_IF_ERROR(open_new());
  KANSOKU_RETURN_IF_ERROR(write_range(table, saved_, end));
  if (!was_broken && !returned.empty()) {
    std::string raw;
    DefinitionWriter definitions;
    for (SeriesId id : returned) {
      table.visit_definitions(id, id + 1, [&](const SeriesDefinition& definition) {
        definitions.put(definition, raw);
        ++definitions_;
      });
    }
    KANSOKU_RETURN_IF_ERROR(write_chunk(raw));
  }
  KANSOKU_RETURN_IF_ERROR(file_->sync_data());
  saved_ = std::max(saved_, end);
  broken_ = false;
  return {};
}

Status SeriesFile::copy_to(const std::string& directory, uint64_t number, uint64_t bytes) const {
  if (number == 0 || bytes == 0) return {};  // no part was written yet: the log has them all
  std::string from = path(number);
  return files_->copy(from, env::join_path(directory, from.substr(directory_.size() + 1)), bytes);
}

void SeriesFile::remove_others() {
  auto entries = files_->list(directory_);
  if (!entries) return;
  std::string mine = path(number_);
  for (const env::DirectoryEntry& entry : *entries) {
    std::string other = env::join_path(directory_, entry.name);
    if (entry.name.starts_with("series-") && other != mine) (void)files_->remove(other);
  }
}

}  // namespace kansoku::store::metrics
