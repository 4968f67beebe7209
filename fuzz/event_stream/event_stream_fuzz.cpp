// Frames of an event stream: refused, or written again to the same bytes. The second half makes
// frames whose checksums are right, so that the headers are reached.
#include "base/check.h"
#include "wire/aws/event_stream.h"

namespace {

using namespace kansoku::aws;

void check_round_trip(std::string_view bytes) {
  std::string_view left = bytes;
  while (!left.empty()) {
    const std::string_view before = left;
    const auto message = decode_stream_message(left);
    if (!message) return;
    const auto again = encode_stream_message(*message);
    KANSOKU_CHECK(again && *again == before.substr(0, before.size() - left.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_round_trip(bytes);
  // One header of any kind, cut from the input, and the rest as payload.
  if (size < 3) return 0;
  StreamHeader header;
  header.type = static_cast<StreamValueType>(data[0] % 10);
  const size_t name = std::min<size_t>(data[1], size - 2);
  header.name = bytes.substr(2, name);
  const bool has_text = header.type == StreamValueType::Bytes ||
                        header.type == StreamValueType::String ||
                        header.type == StreamValueType::Uuid;
  if (has_text) header.text = bytes.substr(2 + name, 16);
  if (header.type == StreamValueType::Byte) header.number = static_cast<int8_t>(data[1]);
  StreamMessage message{.headers = {header}, .payload = std::string(bytes)};
  const auto encoded = encode_stream_message(message);
  if (!encoded) return 0;
  std::string_view left = *encoded;
  const auto decoded = decode_stream_message(left);
  KANSOKU_CHECK(decoded && *decoded == message && left.empty());
  return 0;
}
