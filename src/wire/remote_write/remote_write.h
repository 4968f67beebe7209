// Remote write 1.0 and 2.0: a decompressed message to batches. See README.md.
//
// Sources: remote write 1.0 and 2.0 specifications (prometheus.io/docs/specs/prw), types.proto and
// io/prometheus/write/v2/types.proto. Thread contract: free functions.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/metric_batch.h"

namespace kansoku::wire::remote_write {

enum class Version : uint8_t { V1, V2 };

struct Limits {
  // Samples outside [oldest_ms, newest_ms] are refused one by one.
  int64_t oldest_ms = std::numeric_limits<int64_t>::min();
  int64_t newest_ms = std::numeric_limits<int64_t>::max();
  // 256: the reference sender's users reach 70 (managed Prometheus' quota); a series of thousands
  // of labels is a mistake that would stay in every index.
  size_t labels_max = 256;
  // Names and values of one series; long values (10 KB) are legal.
  size_t label_bytes_max = 64 * 1024;
};

// Why a sample, histogram or exemplar was left out; names are metric labels of the ledger.
enum class Reason : uint8_t { BadLabels, BadHistogram, BadExemplar, TooOld, TooNew };
inline constexpr size_t kReasonCount = 5;
std::string_view reason_name(Reason reason);

struct Refused {
  std::array<uint64_t, kReasonCount> rows{};  // samples and histograms
  uint64_t exemplars = 0;
  uint64_t total = 0;   // everything refused, a series without anything counts as one
  std::string message;  // of the first one
};

// Metric types in the order of both protos.
enum class MetricType : uint8_t {
  Unknown,
  Counter,
  Gauge,
  Histogram,
  GaugeHistogram,
  Summary,
  Info,
  StateSet,
};
// "counter", "gaugehistogram", "stateset" ... as the HTTP API writes them.
std::string_view metric_type_name(MetricType type);

struct Metadata {
  std::string family;
  MetricType type = MetricType::Unknown;
  std::string help;
  std::string unit;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

struct Decoded {
  // Null when there is nothing of the kind. Every series of the first two has a point.
  std::shared_ptr<const signal::MetricBatch> floats;
  std::shared_ptr<const signal::MetricBatch> histograms;
  // Series rows and exemplars, no points.
  std::shared_ptr<const signal::MetricBatch> exemplars;
  std::vector<Metadata> metadata;
  Refused refused;
};

// InvalidArgument when the message is damaged as a whole.
Result<Decoded> decode(Version version, std::string_view message, const Limits& limits);

}  // namespace kansoku::wire::remote_write
