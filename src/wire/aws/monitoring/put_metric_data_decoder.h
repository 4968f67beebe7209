// PutMetricData on the hot path: CBOR, JSON and query form straight into a sink, datum by datum,
// with no tree and no described struct between. The described shape of the operation is for
// everything else (documentation, tests that compare both decoders).
//
// Namespace and entities may come after the datums they belong to; then the body is read twice.
// Thread contract: free functions; the sink belongs to the caller's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/aws/protocol.h"

namespace kansoku::aws::monitoring {

struct DimensionView {
  std::optional<std::string_view> name;
  std::optional<std::string_view> value;
};

// One datum as it was sent; nothing is checked yet. Views live until datum() returns.
struct DatumView {
  std::optional<std::string_view> metric_name;
  std::optional<std::string_view> unit;
  std::optional<double> value;
  std::optional<int64_t> timestamp_ms;
  std::optional<int64_t> storage_resolution;
  bool has_values = false;
  bool has_counts = false;
  bool has_statistics = false;
  std::optional<double> sample_count, sum, minimum, maximum;
  std::span<const DimensionView> dimensions;
  std::span<const double> values;
  std::span<const double> counts;
  // Where it stands: "MetricData.member.3" or "EntityMetricData.member.1.MetricData.member.3".
  uint32_t index = 0;         // from 1
  uint32_t entity_index = 0;  // from 1; 0: not under an entity
  std::string path() const;
};

struct EntityView {
  std::vector<std::pair<std::string, std::string>> key_attributes;
  std::vector<std::pair<std::string, std::string>> attributes;
};

class PutMetricDataSink {
 public:
  virtual ~PutMetricDataSink() = default;
  // False stops the decoder; the sink keeps the reason. Called in this order, start() once;
  // entity() before the datums under it.
  virtual bool start(std::optional<std::string_view> metric_namespace, bool strict_entities) = 0;
  virtual bool entity(uint32_t index, const EntityView& entity) = 0;
  virtual bool datum(const DatumView& datum) = 0;
};

// A failure is of the wire form. When the sink stopped, there is none: ask the sink.
Decoded decode_put_metric_data(Protocol protocol, std::string_view body, PutMetricDataSink& sink);

}  // namespace kansoku::aws::monitoring
