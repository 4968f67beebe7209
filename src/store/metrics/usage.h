// When each series was last read by a scan, to the day: what shows which series nobody asks for.
//
// Two bytes a series that was ever read, in chunks. A scan stores one number a series, and only
// when the day has changed. Kept in DIRECTORY/usage, which is written now and then: a crash loses
// minutes of it, and a damaged file starts it anew. Thread contract: free-threaded.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "store/metric_store.h"

namespace kansoku::store::metrics {

class SeriesUsage {
 public:
  // Says whether what is on disk could be read; it starts empty otherwise.
  Status load(env::FileSystem& files, const std::string& directory);
  // Writes when something has changed since the last time.
  Status save(env::FileSystem& files, const std::string& directory);
  void note_read(std::span<const SeriesId> ids, int64_t now_ms);
  // The start of the day of the last read; 0: never.
  int64_t last_read_ms(SeriesId id) const;

 private:
  static constexpr size_t kChunk = 4096;
  using Day = std::atomic<uint16_t>;

  mutable std::shared_mutex chunks_mutex_;
  std::vector<std::unique_ptr<Day[]>> chunks_;
  std::atomic<bool> changed_{false};
};

}  // namespace kansoku::store::metrics
