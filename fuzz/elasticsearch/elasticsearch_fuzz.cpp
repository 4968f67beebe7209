// Bulk bodies: any bytes are items or an error; documents lie in the body, and their time is found
// or they are refused.
#include "base/check.h"
#include "wire/elasticsearch/bulk.h"

using namespace kansoku;
namespace es = wire::elasticsearch;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const wire::PaddedText body(std::string(reinterpret_cast<const char*>(data), size));
  es::BulkReader reader(body);
  for (;;) {
    const auto item = reader.next();
    if (!item || !*item) return 0;
    const std::string_view document = (*item)->document;
    KANSOKU_CHECK(document.empty() ||
                  (document.data() >= body.text().data() &&
                   document.data() + document.size() <= body.text().data() + body.text().size()));
    if (!document.empty()) (void)es::time_of(body, document);
  }
}
