// Loki's push messages: any bytes are entries of a stream, or an error.
#include "base/check.h"
#include "wire/loki/loki.h"

using namespace kansoku;
namespace loki = wire::loki;

namespace {

struct Sink final : loki::PushSink {
  bool in_stream = false;
  void stream(const loki::Labels&) override { in_stream = true; }
  void entry(int64_t, std::string_view, const loki::Labels&) override { KANSOKU_CHECK(in_stream); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Sink json;
  (void)loki::decode_json(bytes, json);
  Sink protobuf;
  (void)loki::decode_protobuf(bytes, protobuf);
  (void)loki::parse_labels(bytes);
  return 0;
}
