// The payload of a metric log record (docs/formats/wal.md): definitions of new series, then points
// of known series as (series id, time, value), delta coded. Thread contract: plain values.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "signal/metric_batch.h"
#include "store/metrics/series_table.h"

namespace kansoku::store::metrics {

// 2: definitions say what they share with the one before. 1 is read as well.
inline constexpr uint8_t kBatchRecordVersion = 2;
inline constexpr uint8_t kBatchRecordVersionMin = 1;

// `ids`: the series id of each series row, kNoSeries for rows that were refused. `accepted`: empty
// (all) or one flag a point.
struct BatchRecordInput {
  const signal::MetricBatch* batch = nullptr;
  std::span<const SeriesId> ids;
  std::span<const uint8_t> accepted;
  std::span<const SeriesId> new_series;
};
void encode_batch_record(const BatchRecordInput& input, const SeriesTable& table, std::string& out);

struct DecodedRecord {
  std::vector<SeriesId> ids;
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;
  std::vector<uint32_t> distribution_rows;  // kNoDistribution for floats
  std::vector<signal::Distribution> distributions;
  void clear();
};
// Calls `define` for each definition, then fills `out` with the points. DataLoss when the bytes are
// not a record.
Status decode_batch_record(std::string_view payload,
                           const std::function<Status(const SeriesDefinition&)>& define,
                           DecodedRecord& out);

// Definitions one after the other, each by what it does not share with the one before: series of a
// target differ in little. Also the form in the series file. Thread contract: one owner.
class DefinitionWriter {
 public:
  void put(const SeriesDefinition& definition, std::string& out);

 private:
  SeriesId id_ = 0;
  signal::Scope scope_;
  std::string canonical_;
  bool first_ = true;
};
class DefinitionReader {
 public:
  // Of a record or series file of this version (1 or 2).
  explicit DefinitionReader(int version) : version_(version) {}
  // False when the bytes are no definition. The labels are valid until the next call.
  bool take(const char*& at, const char* end, SeriesDefinition& out);

 private:
  bool take_version_1(const char*& at, const char* end);

  int version_;
  SeriesId id_ = 0;
  signal::Scope scope_;
  std::string canonical_;
  bool first_ = true;
};

}  // namespace kansoku::store::metrics
