// The bytes of batches in the log (events) and in the spool (both): docs/formats/batch.md.
//
// Bodies only: whoever keeps them adds version and checksum. Thread contract: free functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "signal/event_batch.h"
#include "signal/metric_batch.h"

namespace kansoku::signal {

// Appends. Times stand as differences, the first from `base_ns`, which decoding needs again.
// Resources are not kept: senders put them into columns.
void encode_batch(const EventBatch& batch, int64_t base_ns, std::string& out);
// Null where the bytes are no such batch, all of them.
std::shared_ptr<const EventBatch> decode_event_batch(std::string_view bytes, int64_t base_ns);

void encode_batch(const MetricBatch& batch, std::string& out);
std::shared_ptr<const MetricBatch> decode_metric_batch(std::string_view bytes);

}  // namespace kansoku::signal
