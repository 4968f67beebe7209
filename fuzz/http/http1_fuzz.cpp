// HTTP/1.1 requests in pieces: any cut of the same bytes must give the same messages.
#include "base/check.h"
#include "net/http/http1_parser.h"

namespace {

using kansoku::net::Http1Limits;
using kansoku::net::Http1Parser;

// Everything the parser said, as one text.
std::string read(std::string_view bytes, size_t step) {
  static const Http1Limits kLimits{
      .header_bytes_max = 2'000, .headers_max = 20, .target_bytes_max = 500};
  Http1Parser parser(kLimits);
  std::string said;
  std::string body;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, step);
    bytes.remove_prefix(input.size());
    for (;;) {
      Http1Parser::Event event = parser.next(input);
      if (event == Http1Parser::Event::NeedMore) break;
      if (event == Http1Parser::Event::Error) {
        // Limits are met at other places when the bytes come in pieces; the kind of end is the
        // same.
        return said + "!";
      }
      if (event == Http1Parser::Event::Head) {
        said += "H" + parser.head().method + " " + parser.head().target;
        for (const auto& header : parser.head().headers.list())
          said += "\n" + header.name + "=" + header.value;
      } else if (event == Http1Parser::Event::Body) {
        body += parser.body();
      } else {
        said += "B" + std::exchange(body, {}) + "E";
      }
    }
    KANSOKU_CHECK(input.empty());
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string whole = read(bytes, std::max<size_t>(size, 1));
  KANSOKU_CHECK(read(bytes, 1) == whole);
  KANSOKU_CHECK(read(bytes, 13) == whole);
  return 0;
}
