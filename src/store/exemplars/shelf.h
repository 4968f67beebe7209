// The exemplars of one account in memory, in two orders: by arrival, in which they go when there
// are too many, and by series and time.
//
// About 230 bytes an exemplar beside its labels, 160 a series beside its own. Thread contract:
// owned by the store, under its mutex.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "store/exemplars/rows.h"

namespace kansoku::store::exemplars {

struct ShelfLimits {
  size_t exemplars_max = 0;
  uint64_t bytes_max = 0;
};

// The key of a series within its account: region, a zero byte, canonical labels.
void make_series_key(const SeriesName& series, std::string& out);
SeriesName series_of_key(std::string_view key);

class Shelf {
 public:
  // False: it is there already. `evicted` counts those that gave way.
  bool add(const std::string& series_key, const Row& row, const ShelfLimits& limits,
           uint64_t& evicted);
  bool contains(const std::string& series_key, const Row& row) const;

  // Removes what is older from up to `series_max` series after the key, which moves on; the number
  // removed. At the end `after_key` is empty again.
  uint64_t expire(int64_t before_ms, std::string& after_key, size_t series_max);

  // Calls with up to `series_max` series of the region after the key, which moves on; false when
  // that were all.
  struct Visitor {
    // Whether the rows of this series are wanted.
    std::function<bool(std::string_view labels)> wants;
    std::function<void(const Row& row)> row;  // of the series asked for last, by time
  };
  bool visit_series(std::string_view region, std::string& after_key, size_t series_max,
                    int64_t first_ms, int64_t last_ms, const Visitor& visitor) const;

  // Rows in order of arrival, from this number on. `series_key` as RowsEncoder has it.
  using RowVisitor = std::function<bool(uint64_t number, uint64_t series_key,
                                        const SeriesName& series, const Row& row)>;
  // Until the visitor says false or there are no more.
  void visit_arrivals(uint64_t from, const RowVisitor& visitor) const;
  // Larger than that of every exemplar now here.
  uint64_t next_number() const { return next_number_; }

  size_t exemplars() const { return kept_.size(); }
  size_t series() const { return series_.size(); }
  uint64_t memory_bytes() const { return bytes_; }

 private:
  // By time; what is equal in all but the number is the same exemplar.
  struct Ref {
    int64_t timestamp_ms = 0;
    uint64_t value_bits = 0;
    uint32_t labels_crc = 0;
    uint64_t number = 0;
    friend auto operator<=>(const Ref&, const Ref&) = default;
  };
  using Series = std::set<Ref>;
  using SeriesMap = std::map<std::string, Series, std::less<>>;
  struct Kept {
    SeriesMap::iterator series;
    int64_t timestamp_ms = 0;
    double value = 0;
    std::string labels;
  };
  static Ref ref_of(const Row& row);
  static Row row_of(const Kept& kept) { return {kept.timestamp_ms, kept.value, kept.labels}; }
  static uint64_t bytes_of(const Kept& kept);
  bool contains(const Series& series, const Ref& ref, std::string_view labels) const;
  void evict(std::map<uint64_t, Kept>::iterator which);

  SeriesMap series_;
  std::map<uint64_t, Kept> kept_;  // by number of arrival
  uint64_t next_number_ = 1;
  uint64_t bytes_ = 0;
};

}  // namespace kansoku::store::exemplars
