// Syslog: any bytes are a message whose views lie in them; a stream in pieces gives what the whole
// stream gives.
#include "base/check.h"
#include "wire/syslog/syslog.h"

using namespace kansoku;
namespace sy = wire::syslog;

namespace {

std::vector<std::string> frames(std::string_view stream, size_t piece) {
  sy::Framer framer(64);
  std::vector<std::string> out;
  for (size_t at = 0; at < stream.size(); at += piece) {
    framer.feed(stream.substr(at, piece));
    for (;;) {
      auto next = framer.next();
      if (!next) return out;
      if (!*next) break;
      KANSOKU_CHECK((*next)->size() <= 64);
      out.emplace_back(**next);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  sy::Message message = sy::parse(bytes, Zone(), 1'792'000'000'000'000'000);
  auto inside = [&](std::string_view view) {
    return view.empty() || (view.data() >= bytes.data() &&
                            view.data() + view.size() <= bytes.data() + bytes.size());
  };
  KANSOKU_CHECK(inside(message.text) && inside(message.host) && inside(message.app));
  KANSOKU_CHECK(message.facility < 24 && message.severity < 8);
  frames(bytes, 1 + data[0] % 9);
  frames(bytes, bytes.size() + 1);
  return 0;
}
