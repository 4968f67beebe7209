// The payload of a log record of events (docs/formats/wal.md, engine 2): a batch as columns, or the
// deletion of a stream. Thread contract: plain values.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "signal/delivery.h"

namespace kansoku::store::events {

inline constexpr char kBatchRecord = 1;
inline constexpr char kStreamDeletion = 0x40;

struct BatchRecord {
  signal::Scope scope;
  int64_t ingested_ns = 0;
  std::shared_ptr<const signal::EventBatch> batch;
};
void encode_batch_record(const BatchRecord& record, std::string& out);
// DataLoss when the bytes are not such a record, or of a version that is not known.
Result<BatchRecord> decode_batch_record(std::string_view payload);

struct StreamDeletion {
  signal::Scope scope;
  std::string group;
  std::string stream;
};
std::string encode_stream_deletion(const StreamDeletion& deletion);
Result<StreamDeletion> decode_stream_deletion(std::string_view payload);

}  // namespace kansoku::store::events
