// Documents: any bytes are read, or refused with a place inside them.
#include "base/check.h"
#include "wire/document/document.h"

using namespace kansoku;

namespace {

void check_place(const wire::Problem& problem, std::string_view text) {
  KANSOKU_CHECK(problem.at.line >= 1 && problem.at.column >= 1);
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  KANSOKU_CHECK(problem.at.line <= lines);
  KANSOKU_CHECK(problem.at.byte <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto json = wire::parse_json_document(text, "f");
  if (!json) {
    check_place(json.error(), text);
  } else {
    // What was read is the same when it is read again.
    auto again = wire::parse_json_document(text, "g");
    KANSOKU_CHECK(again && wire::canonical(*again) == wire::canonical(*json));
  }
  auto toml = wire::parse_toml(text, "f");
  if (!toml) check_place(toml.error(), text);
  return 0;
}
