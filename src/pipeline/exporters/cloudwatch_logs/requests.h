// A batch of events cut into PutLogEvents requests, and their bodies.
//
// Limits: CloudWatch Logs API Reference, PutLogEvents: a request has events of one stream, in order
// of time, at most 10,000, 24 hours and 1,048,576 bytes, counting 26 bytes beside each message.
// Thread contract: pure; everything belongs to the caller.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "signal/event_batch.h"

namespace kansoku::pipeline::cloudwatch_logs {

inline constexpr size_t kRequestEventsMax = 10'000;
inline constexpr size_t kRequestBytesMax = 1'048'576;
inline constexpr size_t kBytesBesideMessage = 26;
inline constexpr size_t kMessageBytesMax = kRequestBytesMax - kBytesBesideMessage;
inline constexpr int64_t kRequestSpanMs = 86'400'000;

// Rows of one stream, a range of RequestPlan::rows.
struct RequestRange {
  uint32_t stream = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// The same batch always gives the same requests in the same order, so that what is sent again after
// a restart has the numbers that it had.
struct RequestPlan {
  std::vector<uint32_t> rows;  // of the batch, by (stream, time, row)
  std::vector<RequestRange> requests;
  // Rows that no request can have.
  uint64_t without_message = 0;
  uint64_t too_long = 0;
};
RequestPlan plan_requests(const signal::EventBatch& batch);

struct RequestBody {
  std::string json;
  // The messages are documents of the embedded metric format; said in a header.
  bool is_emf = false;
};
RequestBody encode_request(const signal::EventBatch& batch, const RequestPlan& plan,
                           const RequestRange& range);

}  // namespace kansoku::pipeline::cloudwatch_logs
