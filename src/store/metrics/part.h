// A part: one immutable file of pages, with a footer that lists them (docs/formats/metric-part.md).
//
// Every page and the footer are checksummed. A damaged page is fenced: whoever meets it says which
// times are missing, the rest stays readable; a part whose footer is damaged or whose file is gone
// is fenced as a whole. The pages of a kind stand in sections, one after the other in time, so that
// a query of the last minutes leaves hours alone; ids ascend within a section. Thread contract:
// Part is immutable and free-threaded (the damage counter is atomic); PartWriter and PartCursor
// have one owner.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/codec/zstd.h"
#include "base/env/env.h"
#include "store/footer_file.h"
#include "store/metrics/page.h"
#include "store/page_cache.h"

namespace kansoku::store::metrics {

// 2: values of form 5 (pairs as columns). 3: sections; pages of times count their series. 4: values
// of form 6 (cells as columns). Earlier versions are read as well: pages of the first two are one
// section.
inline constexpr uint32_t kPartVersion = 4;
inline constexpr uint32_t kPartVersionMin = 1;

// What the manifest says of a part; repeated in its footer.
struct PartMeta {
  uint64_t id = 0;
  uint32_t level = 0;  // 0: from the head; merging adds one
  // The log records whose points it holds; parts neither overlap nor leave gaps that matter: order
  // by sequence is order of precedence.
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  int64_t min_ms = 0;
  int64_t max_ms = 0;
  uint64_t points = 0;
  uint64_t file_bytes = 0;
  friend bool operator==(const PartMeta&, const PartMeta&) = default;
};

void encode_part_meta(const PartMeta& meta, std::string& out);
bool decode_part_meta(const char*& at, const char* end, PartMeta& out);
std::string part_name(uint64_t id);
bool parse_part_name(std::string_view name, uint64_t& id);

// How long a section is, by kind; 0: one for all times.
using SectionLengths = std::array<int64_t, kPageKinds>;

class PartWriter {
 public:
  // Writes DIRECTORY/part-ID.tmp until finish().
  static Result<std::unique_ptr<PartWriter>> create(env::FileSystem& files, std::string directory,
                                                    PartMeta meta, int compression_level,
                                                    SectionLengths sections_ms = {});
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  // Settled series with ascending ids within one kind.
  Status add(PageKind kind, SeriesId id, const DecodedSeries& series);
  Status add_times(SeriesId id, int64_t first_ms, int64_t last_ms);
  // Footer, sync, rename, directory sync. The part exists afterwards, though in no manifest.
  Result<PartMeta> finish();

 private:
  PartWriter(env::FileSystem& files, std::string directory, PartMeta meta, int level,
             SectionLengths sections_ms);
  // The number of the section that a time falls into.
  int64_t section_of(PageKind kind, int64_t ms) const;
  PageBuilder& builder(PageKind kind, int64_t section);
  Status add_run(PageKind kind, int64_t section, SeriesId id, const DecodedSeries& series,
                 size_t begin, size_t end);
  Status flush_page(PageKind kind, int64_t section);

  env::FileSystem* files_;
  std::string directory_;
  PartMeta meta_;
  int level_;
  std::unique_ptr<FooterFileWriter> file_;
  SectionLengths sections_ms_;
  std::array<std::map<int64_t, PageBuilder>, kPageKinds> builders_;
  struct Written {
    int64_t section = 0;
    PageInfo page;
  };
  std::vector<Written> pages_;
  codec::Compressor compressor_;
  std::string buffer_;
};

class Part {
 public:
  // A part that cannot be read comes back fenced (damaged(), no pages); only the manifest's word on
  // it is known then.
  static std::shared_ptr<const Part> open(env::FileSystem& files, const std::string& directory,
                                          const PartMeta& meta);
  // The footer of a file, for rebuilding a manifest.
  static Result<PartMeta> read_meta(env::FileSystem& files, const std::string& path);

  const PartMeta& meta() const { return meta_; }
  const std::string& path() const { return path_; }
  uint64_t file_bytes() const { return meta_.file_bytes; }
  const std::vector<PageInfo>& pages(PageKind kind) const {
    return pages_[static_cast<size_t>(kind)];
  }
  struct Section {
    std::span<const PageInfo> pages;
    int64_t min_ms = 0;
    int64_t max_ms = 0;
  };
  const std::vector<Section>& sections(PageKind kind) const {
    return sections_[static_cast<size_t>(kind)];
  }
  bool damaged() const { return fenced_ || pages_damaged_.load(std::memory_order_relaxed) > 0; }
  bool fenced() const { return fenced_; }
  uint64_t pages_damaged() const { return pages_damaged_.load(std::memory_order_relaxed); }
  // The raw bytes of a page; DataLoss (counted) when its checksum does not hold.
  Result<std::string> read_page(const PageInfo& page, codec::Decompressor& decompressor) const;
  void note_damage() const { pages_damaged_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Status load(env::FileSystem& files);
  PartMeta meta_;
  std::string path_;
  std::unique_ptr<env::File> file_;
  std::array<std::vector<PageInfo>, kPageKinds> pages_;
  std::array<std::vector<Section>, kPageKinds> sections_;
  bool fenced_ = false;
  mutable std::atomic<uint64_t> pages_damaged_{0};
};

// Reads the series of one section in ascending order of ids.
class SectionCursor {
 public:
  SectionCursor(const Part& part, const Part::Section& section, codec::Decompressor& decompressor,
                PageCache* cache)
      : part_(&part),
        section_(&section),
        pages_(section.pages),
        decompressor_(&decompressor),
        cache_(cache) {}
  // The id at which the cursor stands, or kNone at the end. Loads pages.
  static constexpr SeriesId kNone = std::numeric_limits<SeriesId>::max();
  SeriesId current();
  // Appends the points of `id` that may lie in [begin, end) (whole runs); moves behind it. Ids must
  // ascend from call to call.
  void read(SeriesId id, int64_t begin_ms, int64_t end_ms, DecodedSeries& out);
  void read_times(SeriesId id, int64_t& first_ms, int64_t& last_ms);
  std::vector<PageInfo> take_damaged() { return std::exchange(damaged_, {}); }
  uint64_t bytes_read() const { return bytes_read_; }
  const Part::Section& section() const { return *section_; }

 private:
  bool load_page();
  Result<std::shared_ptr<const std::string>> raw_page(const PageInfo& page);
  void advance();
  void fail_page();
  bool skip_to(SeriesId id, int64_t begin_ms, int64_t end_ms);

  const Part* part_;
  const Part::Section* section_;
  std::span<const PageInfo> pages_;
  codec::Decompressor* decompressor_;
  PageCache* cache_;
  size_t page_ = 0;
  bool loaded_ = false;
  bool at_run_ = false;
  PageReader reader_;
  std::vector<PageInfo> damaged_;
  uint64_t bytes_read_ = 0;
};

// Reads the series of one kind in ascending order of ids, over all sections that are asked for.
class PartCursor {
 public:
  // `cache`: where pages are looked for and left, or null.
  PartCursor(std::shared_ptr<const Part> part, PageKind kind, codec::Decompressor& decompressor,
             PageCache* cache = nullptr);
  // The smallest id at which a section stands, or kNone at the end. Loads pages of every section.
  static constexpr SeriesId kNone = SectionCursor::kNone;
  SeriesId current();
  // Appends the points of `id` that may lie in [begin, end) (whole runs); moves behind it. Ids must
  // ascend from call to call. Sections without any of these times are not read.
  void read(SeriesId id, int64_t begin_ms, int64_t end_ms, DecodedSeries& out);
  void read_times(SeriesId id, int64_t& first_ms, int64_t& last_ms);
  // Pages that could not be read, since the last call.
  std::vector<PageInfo> take_damaged();
  uint64_t bytes_read() const;
  const Part& part() const { return *part_; }

 private:
  std::shared_ptr<const Part> part_;
  std::deque<SectionCursor> sections_;
};

}  // namespace kansoku::store::metrics
