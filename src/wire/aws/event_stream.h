// application/vnd.amazon.eventstream: the frames of AWS' streaming answers (Smithy specification,
// "Amazon Event Stream"). Pure functions.
//
// A frame: u32 bytes in all, u32 bytes of headers, u32 CRC-32 of these eight, headers, payload, u32
// CRC-32 of all before it; big-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::aws {

inline constexpr std::string_view kEventStreamType = "application/vnd.amazon.eventstream";

// The specification's limits.
inline constexpr size_t kStreamHeadersBytesMax = 128 * 1024;
inline constexpr size_t kStreamPayloadBytesMax = 24U << 20;

enum class StreamValueType : uint8_t {
  True = 0,
  False = 1,
  Byte = 2,
  Short = 3,
  Integer = 4,
  Long = 5,
  Bytes = 6,
  String = 7,
  Timestamp = 8,  // Unix milliseconds
  Uuid = 9,
};

// Numbers and timestamps in `number`; strings, bytes and the 16 bytes of a UUID in `text`.
struct StreamHeader {
  std::string name;  // 1 to 255 bytes
  StreamValueType type = StreamValueType::String;
  std::string text;
  int64_t number = 0;
  friend bool operator==(const StreamHeader&, const StreamHeader&) = default;
};

struct StreamMessage {
  std::vector<StreamHeader> headers;
  std::string payload;

  // The text of the header of that name; empty where there is none.
  std::string_view header(std::string_view name) const;
  friend bool operator==(const StreamMessage&, const StreamMessage&) = default;
};

// InvalidArgument where a name, a value or the message is over its limit.
Result<std::string> encode_stream_message(const StreamMessage& message);

// A JSON event of the type, as the services' answers have it.
Result<std::string> encode_stream_event(std::string_view event_type, std::string json);
// An exception that ends a stream.
Result<std::string> encode_stream_exception(std::string_view exception_type, std::string json);

// Takes the first frame off `bytes`. OutOfRange: the frame is not whole yet. DataLoss: it is none
// (a checksum, a length, a header).
Result<StreamMessage> decode_stream_message(std::string_view& bytes);

}  // namespace kansoku::aws
