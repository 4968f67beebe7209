// Forward protocol: any bytes are messages, an error, or too few; entries lie in the bytes.
#include "base/check.h"
#include "wire/forward/forward.h"
#include "wire/forward/handshake.h"
#include "wire/msgpack/msgpack.h"

using namespace kansoku;
namespace fw = wire::forward;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view stream(reinterpret_cast<const char*>(data), size);
  auto expand = [](std::string_view, std::string_view bytes) -> Result<std::string> {
    return std::string(bytes.substr(std::min<size_t>(bytes.size(), 4)));
  };
  fw::HandshakeConfig config{.hostname = "h", .shared_key = "k", .users = {{"u", "p"}}};
  fw::Handshake handshake(config, "n", "s",
                          [](std::string_view bytes) { return std::string(bytes); });
  (void)handshake.take_ping(stream);
  while (!stream.empty()) {
    auto message = fw::decode(stream);
    if (!message || !*message) return 0;
    KANSOKU_CHECK((*message)->bytes > 0 && (*message)->bytes <= stream.size());
    (void)fw::visit_entries(**message, expand, [](const fw::Entry& entry) {
      wire::msgpack::Value head;
      KANSOKU_CHECK(wire::msgpack::Reader(entry.record).next(head) ==
                    wire::msgpack::Read::Good);
      KANSOKU_CHECK(head.kind == wire::msgpack::Kind::Map);
    });
    stream.remove_prefix((*message)->bytes);
  }
  return 0;
}
