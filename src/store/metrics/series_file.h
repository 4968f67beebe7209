// The series file: definitions of all series, appended to whenever a part is written, so that a
// restart reads them in one go and the log need not keep them (docs/formats/metric-manifest.md).
// Which of its bytes count stands in the manifest. Thread contract: one owner (Maintenance).
#pragma once

#include <functional>

#include "base/codec/zstd.h"
#include "base/env/env.h"
#include "store/metrics/series_table.h"

namespace kansoku::store::metrics {

class SeriesFile {
 public:
  SeriesFile(env::FileSystem& files, std::string directory);
  // Every whole chunk, for rebuilding.
  static constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();
  // The highest number of a series file on disk, 0 without one.
  uint64_t newest() const;
  // Defines everything in the first `bytes` bytes of file `number`. DataLoss when they are damaged.
  // `left(id, offset)`: whether what stands at `offset` of a series is not to be defined.
  using Left = std::function<bool(SeriesId, uint64_t)>;
  Status load(uint64_t number, uint64_t bytes, SeriesTable& table, const Left& left);
  // Appends the series in [saved, end) and those of `returned`, and syncs. A failed write or sync,
  // and more series that have left than are here, make the next call write a new file with all
  // series.
  Status save(const SeriesTable& table, SeriesId end, std::span<const SeriesId> returned);
  // The counted bytes of file `number` under the same name in another directory.
  Status copy_to(const std::string& directory, uint64_t number, uint64_t bytes) const;
  uint64_t number() const { return number_; }
  // A save failed: what number() and bytes() say may not be on the disk.
  bool broken() const { return broken_; }
  uint64_t bytes() const { return bytes_; }
  // Removes other series files; call when the manifest names this one.
  void remove_others();

 private:
  std::string path(uint64_t number) const;
  static bool read_chunk(std::string_view all, size_t& at, std::string& raw);
  Status open_new();
  Status write_chunk(std::string& definitions);
  Status write_range(const SeriesTable& table, SeriesId begin, SeriesId end);

  env::FileSystem* files_;
  std::string directory_;
  std::unique_ptr<env::File> file_;
  uint64_t number_ = 0;
  uint64_t bytes_ = 0;
  SeriesId saved_ = 0;
  uint64_t definitions_ = 0;  // in the file
  bool broken_ = true;        // no file yet, or its last write failed
};

}  // namespace kansoku::store::metrics
