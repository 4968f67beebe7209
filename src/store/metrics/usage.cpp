#include "store/metrics/usage.h"

#include <mutex>

#include "base/codec/zstd.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint64_t kUsageMagic = 0x313047535545534bULL;
constexpr uint32_t kUsageVersion = 1;
constexpr size_t kHeaderBytes = 20;  // magic, version, raw bytes, checksum of the stored bytes
constexpr int64_t kDayMs = 86'400'000;
// 2 bytes for each of 2^31 series would be more than a server holds.
constexpr size_t kRawBytesMax = size_t{1} << 30;

std::string path_in(const std::string& directory) { return env::join_path(directory, "usage"); }

}  // namespace

Status SeriesUsage::load(env::FileSystem& files, const std::string& directory) {
  auto bytes = files.read_all(path_in(directory), kRawBytesMax);
  if (!bytes && bytes.error().code == ErrorCode::NotFound) return {};
  if (!bytes) return std::unexpected(std::move(bytes).error());
  std::string_view all = *bytes;
  std::string raw;
  bool whole = all.size() >= kHeaderBytes && load_le<uint64_t>(all.data()) == kUsageMagic &&
               load_le<uint32_t>(all.data() + 8) == kUsageVersion &&
               load_le<uint32_t>(all.data() + 16) == crc32c(as_bytes(all.substr(kHeaderBytes)));
  if (whole) {
    size_t raw_bytes = load_le<uint32_t>(all.data() + 12);
    whole = raw_bytes <= kRawBytesMax && raw_bytes % 2 == 0 &&
            codec::Decompressor().decompress(all.substr(kHeaderBytes), raw_bytes, raw).has_value();
  }
  if (!whole)
    return fail(ErrorCode::DataLoss, "when series were read is not known", path_in(directory));
  std::unique_lock lock(chunks_mutex_);
  size_t days = raw.size() / 2;
  for (size_t i = 0; i < days; ++i) {
    if (i % kChunk == 0) chunks_.push_back(std::make_unique<Day[]>(kChunk));
    chunks_.back()[i % kChunk].store(load_le<uint16_t>(raw.data() + i * 2),
                                     std::memory_order_relaxed);
  }
  return {};
}

Status SeriesUsage::save(env::FileSystem& files, const std::string& directory) {
  if (!changed_.exchange(false)) return {};
  std::string raw;
  {
    std::shared_lock lock(chunks_mutex_);
    raw.reserve(chunks_.size() * kChunk * 2);
    for (const auto& chunk : chunks_) {
      for (size_t i = 0; i < kChunk; ++i) {
        append_le(raw, chunk[i].load(std::memory_order_relaxed));
      }
    }
  }
  std::string stored;
  codec::Compressor().compress(raw, 1, stored);
  std::string bytes;
  append_le(bytes, kUsageMagic);
  append_le(bytes, kUsageVersion);
  append_le(bytes, static_cast<uint32_t>(raw.size()));
  append_le(bytes, crc32c(as_bytes(stored)));
  Status status = files.write_atomic(path_in(directory), bytes + stored);
  if (!status) changed_.store(true);
  return status;
}

void SeriesUsage::note_read(std::span<const SeriesId> ids, int64_t now_ms) {
  auto day = static_cast<uint16_t>(now_ms / kDayMs);
  SeriesId highest = 0;
  bool changed = false;
  auto note = [&](SeriesId id) {
    Day& slot = chunks_[id / kChunk][id % kChunk];
    if (slot.load(std::memory_order_relaxed) == day) return;
    slot.store(day, std::memory_order_relaxed);
    changed = true;
  };
  for (SeriesId id : ids) highest = std::max(highest, id);
  std::shared_lock lock(chunks_mutex_);
  if (!ids.empty() && highest / kChunk >= chunks_.size()) {
    lock.unlock();
    {
      std::unique_lock growing(chunks_mutex_);
      while (chunks_.size() <= highest / kChunk) {
        chunks_.push_back(std::make_unique<Day[]>(kChunk));
      }
    }
    lock.lock();
  }
  for (SeriesId id : ids) note(id);
  if (changed) changed_.store(true, std::memory_order_relaxed);
}

int64_t SeriesUsage::last_read_ms(SeriesId id) const {
  std::shared_lock lock(chunks_mutex_);
  if (id / kChunk >= chunks_.size()) return 0;
  return chunks_[id / kChunk][id % kChunk].load(std::memory_order_relaxed) * kDayMs;
}

}  // namespace kansoku::store::metrics
