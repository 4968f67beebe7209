// A tier part: the cells of one tier and one day (UTC) of replacing series, as one immutable file
// (docs/formats/metric-tier.md). Every page and the footer are checksummed; damage is fenced, as in
// part.h. Thread contract: TierPart is immutable and free-threaded (the damage counter is atomic);
// TierPartWriter and TierCursor have one owner.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/codec/zstd.h"
#include "base/env/env.h"
#include "store/footer_file.h"
#include "store/metrics/tier_cells.h"
#include "store/page_cache.h"

namespace kansoku::store::metrics {

inline constexpr uint32_t kTierPartVersion = 1;
// Runs of 300 s cells take 1-2 KB a day: some dozens of series share a page, and the list of pages
// stays at half a megabyte a million series and day.
inline constexpr size_t kTierPageBytes = 64 * 1024;
inline constexpr size_t kTierPageBytesMax = 64U << 20;

// What the manifest says of a tier part; repeated in its footer.
struct TierMeta {
  uint64_t id = 0;  // from the row of the parts' ids
  int64_t tier_ms = 0;
  int64_t day_ms = 0;       // its begin
  uint64_t sequence = 0;    // deletions up to this record of the log are true in it
  uint8_t tiers = 0;        // that were written for this day together, by bits of kTiersMs
  bool incomplete = false;  // points could not be read when it was made
  uint64_t series = 0;
  uint64_t cells = 0;
  uint64_t file_bytes = 0;
  friend bool operator==(const TierMeta&, const TierMeta&) = default;
};

// The place of a tier in kTiersMs; its size for none.
size_t tier_index(int64_t tier_ms);
void encode_tier_meta(const TierMeta& meta, std::string& out);
bool decode_tier_meta(const char*& at, const char* end, TierMeta& out);
std::string tier_part_name(uint64_t id);
bool parse_tier_part_name(std::string_view name, uint64_t& id);

struct TierPage {
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t crc = 0;
  SeriesId first_id = 0;
  SeriesId last_id = 0;
};

class TierPartWriter {
 public:
  // Writes DIRECTORY/tier-ID.kmt.tmp until finish().
  static Result<std::unique_ptr<TierPartWriter>> create(env::FileSystem& files,
                                                        std::string directory, TierMeta meta);
  TierPartWriter(const TierPartWriter&) = delete;
  TierPartWriter& operator=(const TierPartWriter&) = delete;

  // Ids ascend; series without cells are left out.
  Status add(SeriesId id, const TierCells& cells);
  uint64_t series() const { return meta_.series; }
  int64_t tier_ms() const { return meta_.tier_ms; }
  // Footer, sync, rename, directory sync. The file exists afterwards, though in no manifest.
  Result<TierMeta> finish(uint8_t tiers, bool incomplete);

 private:
  TierPartWriter(env::FileSystem& files, std::string directory, TierMeta meta)
      : files_(&files), directory_(std::move(directory)), meta_(meta) {}
  Status flush_page();

  env::FileSystem* files_;
  std::string directory_;
  TierMeta meta_;
  std::unique_ptr<FooterFileWriter> file_;
  std::vector<TierPage> pages_;
  TierPage page_;
  std::string raw_;
  std::string run_;
  std::string stored_;
  codec::Compressor compressor_;
};

class TierPart {
 public:
  // One that cannot be read comes back fenced: only the manifest's word on it is known then.
  static std::shared_ptr<const TierPart> open(env::FileSystem& files, const std::string& directory,
                                              const TierMeta& meta);
  static Result<TierMeta> read_meta(env::FileSystem& files, const std::string& path);

  const TierMeta& meta() const { return meta_; }
  const std::string& path() const { return path_; }
  TimeRangeMs range() const { return {meta_.day_ms, meta_.day_ms + kDayMs}; }
  std::span<const TierPage> pages() const { return pages_; }
  bool fenced() const { return fenced_; }
  bool damaged() const { return fenced_ || pages_damaged_.load(std::memory_order_relaxed) > 0; }
  Result<std::string> read_page(const TierPage& page, codec::Decompressor& decompressor) const;
  void note_damage() const { pages_damaged_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Status load(env::FileSystem& files);
  TierMeta meta_;
  std::string path_;
  std::unique_ptr<env::File> file_;
  std::vector<TierPage> pages_;
  bool fenced_ = false;
  mutable std::atomic<uint64_t> pages_damaged_{0};
};

// Reads series in ascending order of ids.
class TierCursor {
 public:
  static constexpr SeriesId kNone = std::numeric_limits<SeriesId>::max();
  // `cache`: where pages are looked for and left, or null.
  TierCursor(std::shared_ptr<const TierPart> part, codec::Decompressor& decompressor,
             PageCache* cache)
      : part_(std::move(part)), decompressor_(&decompressor), cache_(cache) {}
  // Appends the cells of `id`; false when there are none, or damage hides them.
  bool read(SeriesId id, TierCells& out);
  // The next series, whatever it is; kNone at the end.
  SeriesId read_next(TierCells& out);
  // Damaged pages met since the last call.
  size_t take_damaged() { return std::exchange(damaged_, 0); }
  uint64_t bytes_read() const { return bytes_read_; }
  const TierPart& part() const { return *part_; }

 private:
  bool load_page();
  bool next_run();
  void fail_page();

  std::shared_ptr<const TierPart> part_;
  codec::Decompressor* decompressor_;
  PageCache* cache_;
  size_t page_ = 0;
  std::shared_ptr<const std::string> raw_;
  const char* at_ = nullptr;
  SeriesId id_ = 0;
  std::string_view run_;
  bool at_run_ = false;
  size_t damaged_ = 0;
  uint64_t bytes_read_ = 0;
};

}  // namespace kansoku::store::metrics
