// One batch in the spool: who sent it, how many rows, the batch (docs/formats/spool.md).
// Thread contract: plain values.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "signal/delivery.h"

namespace kansoku::pipeline::spool {

using AnyBatch = std::variant<std::shared_ptr<const signal::EventBatch>,
                              std::shared_ptr<const signal::MetricBatch>>;

struct SpoolRecord {
  signal::Scope scope;
  int64_t taken_ms = 0;  // wall clock, when the spool took it
  uint64_t rows = 0;
  AnyBatch batch;
};

// Head: what is asked without decoding the batch.
struct SpoolRecordHead {
  signal::Scope scope;
  int64_t taken_ms = 0;
  uint64_t rows = 0;
};

void encode_record(const SpoolRecord& record, std::string& out);
// DataLoss when the bytes are none, or of a version that is not known.
Result<SpoolRecord> decode_record(std::string_view bytes);
Result<SpoolRecordHead> decode_record_head(std::string_view bytes);

}  // namespace kansoku::pipeline::spool
