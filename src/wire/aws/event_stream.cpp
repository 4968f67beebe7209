#include "wire/aws/event_stream.h"

#include <array>

namespace kansoku::aws {
namespace {

constexpr size_t kPreludeBytes = 12;  // two lengths and their checksum
constexpr size_t kChecksumBytes = 4;
constexpr size_t kNameBytesMax = 255;
constexpr size_t kValueBytesMax = 32'767;
constexpr size_t kUuidBytes = 16;

// CRC-32 of IEEE 802.3, reflected; storage uses CRC-32C instead (base/bytes.h).
constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> out{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320U : 0);
    }
    out[i] = value;
  }
  return out;
}();

uint32_t crc32(std::string_view bytes) {
  uint32_t value = 0xffffffffU;
  for (const char c : bytes) {
    value = (value >> 8) ^ kCrcTable[(value ^ static_cast<uint8_t>(c)) & 0xff];
  }
  return value ^ 0xffffffffU;
}

void append_big_endian(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i > 0; --i) out += static_cast<char>(value >> (8 * (i - 1)));
}

uint64_t read_big_endian(std::string_view bytes) {
  uint64_t out = 0;
  for (const char c : bytes) out = (out << 8) | static_cast<uint8_t>(c);
  return out;
}

// Of a number of that type; 0: of another kind.
size_t number_bytes(StreamValueType type) {
  switch (type) {
    case StreamValueType::Byte:
      return 1;
    case StreamValueType::Short:
      return 2;
    case StreamValueType::Integer:
      return 4;
    case StreamValueType::Long:
    case StreamValueType::Timestamp:
      return 8;
    default:
      return 0;
  }
}

int64_t signed_value(uint64_t value, size_t bytes) {
  const size_t shift = 64 - 8 * bytes;
  return static_cast<int64_t>(value << shift) >> shift;
}

Status append_header(std::string& out, const StreamHeader& header) {
  if (header.name.empty() || header.name.size() > kNameBytesMax) {
    return invalid_argument("header name of {} bytes, 1 to {} may be", header.name.size(),
                            kNameBytesMax);
  }
  out += static_cast<char>(header.name.size());
  out += header.name;
  out += static_cast<char>(header.type);
  if (const size_t bytes = number_bytes(header.type); bytes > 0) {
    append_big_endian(out, static_cast<uint64_t>(header.number), bytes);
    return {};
  }
  switch (header.type) {
    case StreamValueType::Bytes:
    case StreamValueType::String:
      if (header.text.size() > kValueBytesMax) {
        return invalid_argument("header {} of {} bytes, limit {}", quoted(header.name),
                                header.text.size(), kValueBytesMax);
      }
      append_big_endian(out, header.text.size(), 2);
      out += header.text;
      return {};
    case StreamValueType::Uuid:
      if (header.text.size() != kUuidBytes)
        return invalid_argument("header {} is no UUID", quoted(header.name));
      out += header.text;
      return {};
    default:
      return {};  // the type is the value
  }
}

// Walks the headers of a frame whose checksums were right.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view bytes) : left_(bytes) {}
  bool done() const { return left_.empty(); }

  Result<StreamHeader> next() {
    StreamHeader out;
    KANSOKU_TRY(const std::string_view name_bytes, take(1));
    KANSOKU_TRY(const std::string_view name, take(static_cast<uint8_t>(name_bytes[0])));
    if (name.empty()) return corruption("event stream: header without a name");
    out.name = name;
    KANSOKU_TRY(const std::string_view type, take(1));
    if (static_cast<uint8_t>(type[0]) > static_cast<uint8_t>(StreamValueType::Uuid))
      return corruption("event stream: header {} of type {}", quoted(name), type[0]);
    out.type = static_cast<StreamValueType>(type[0]);
    if (const size_t bytes = number_bytes(out.type); bytes > 0) {
      KANSOKU_TRY(const std::string_view value, take(bytes));
      out.number = signed_value(read_big_endian(value), bytes);
    } else if (out.type == StreamValueType::Uuid) {
      KANSOKU_TRY(out.text, take(kUuidBytes));
    } else if (out.type == StreamValueType::Bytes || out.type == StreamValueType::String) {
      KANSOKU_TRY(const std::string_view length, take(2));
      const uint64_t size = read_big_endian(length);
      if (size > kValueBytesMax)
        return corruption("event stream: header {} of {} bytes", quoted(name), size);
      KANSOKU_TRY(out.text, take(size));
    }
    return out;
  }

 private:
  Result<std::string_view> take(size_t bytes) {
    if (bytes > left_.size()) return corruption("event stream: headers end in the middle of one");
    const std::string_view out = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return out;
  }
  std::string_view left_;
};

Result<std::string> encode_json(std::string_view message_type, std::string_view type_header,
                                std::string_view type, std::string json) {
  return encode_stream_message(
      {.headers = {{.name = ":message-type", .text = std::string(message_type)},
                   {.name = std::string(type_header), .text = std::string(type)},
                   {.name = ":content-type", .text = "application/json"}},
       .payload = std::move(json)});
}

}  // namespace

std::string_view StreamMessage::header(std::string_view name) const {
  for (const StreamHeader& one : headers) {
    if (one.name == name) return one.text;
  }
  return {};
}

Result<std::string> encode_stream_message(const StreamMessage& message) {
  std::string headers;
  for (const StreamHeader& header : message.headers)
    KANSOKU_RETURN_IF_ERROR(append_header(headers, header));
  if (headers.size() > kStreamHeadersBytesMax) {
    return invalid_argument("event stream headers of {} bytes, limit {}", headers.size(),
                            kStreamHeadersBytesMax);
  }
  if (message.payload.size() > kStreamPayloadBytesMax) {
    return invalid_argument("event stream payload of {} bytes, limit {}", message.payload.size(),
                            kStreamPayloadBytesMax);
  }
  std::string out;
  const size_t all = kPreludeBytes + headers.size() + message.payload.size() + kChecksumBytes;
  out.reserve(all);
  append_big_endian(out, all, 4);
  append_big_endian(out, headers.size(), 4);
  append_big_endian(out, crc32(out), 4);
  out += headers;
  out += message.payload;
  append_big_endian(out, crc32(out), 4);
  return out;
}

Result<std::string> encode_stream_event(std::string_view event_type, std::string json) {
  return encode_json("event", ":event-type", event_type, std::move(json));
}
Result<std::string> encode_stream_exception(std::string_view exception_type, std::string json) {
  return encode_json("exception", ":exception-type", exception_type, std::move(json));
}

Result<StreamMessage> decode_stream_message(std::string_view& bytes) {
  if (bytes.size() < kPreludeBytes) return out_of_range("event stream: the frame is not whole");
  const uint64_t all = read_big_endian(bytes.substr(0, 4));
  const uint64_t header_bytes = read_big_endian(bytes.substr(4, 4));
  if (read_big_endian(bytes.substr(8, 4)) != crc32(bytes.substr(0, 8)))
    return corruption("event stream: wrong checksum of the prelude");
  if (header_bytes > kStreamHeadersBytesMax ||
      all < kPreludeBytes + header_bytes + kChecksumBytes ||
      all - (kPreludeBytes + header_bytes + kChecksumBytes) > kStreamPayloadBytesMax) {
    return corruption("event stream: frame of {} bytes with {} of headers", all, header_bytes);
  }
  if (bytes.size() < all) return out_of_range("event stream: the frame is not whole");
  const std::string_view frame = bytes.substr(0, all);
  const std::string_view checked = frame.substr(0, all - kChecksumBytes);
  if (read_big_endian(frame.substr(checked.size())) != crc32(checked))
    return corruption("event stream: wrong checksum of the message");
  StreamMessage out;
  HeaderReader headers(frame.substr(kPreludeBytes, header_bytes));
  while (!headers.done()) {
    KANSOKU_TRY(StreamHeader header, headers.next());
    out.headers.push_back(std::move(header));
  }
  out.payload = checked.substr(kPreludeBytes + header_bytes);
  bytes.remove_prefix(all);
  return out;
}

}  // namespace kansoku::aws
