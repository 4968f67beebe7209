// A search text, a line end, a message: refused at a place inside the text, or tests that are made.
#include "api/console/log_ask.h"
#include "api/console/log_words.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::api::console;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('\n');
  const std::string_view head = text.substr(0, cut);
  const std::string_view message =
      cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1);
  if (const auto words = read_log_words(head); words) {
    for (const LogWord& word : *words) KANSOKU_CHECK(word.position < head.size());
  } else {
    KANSOKU_CHECK(words.error().position && *words.error().position <= head.size());
  }
  for (const bool any_case : {false, true}) {
    LogAsk ask;
    if (!add_log_text(head, any_case, ask)) continue;
    // Expressions are the only thing that RE2 may still refuse: bytes that are no UTF-8.
    const auto line = LogLineTest::make(ask);
    KANSOKU_CHECK(line.has_value() == LogTest::make(ask).has_value());
    if (line) (void)line->passes("group", "stream", message);
  }
  return 0;
}
