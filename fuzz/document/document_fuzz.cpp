// Documents: any bytes are read or refused with a place inside them; what the strict reader of JSON
// refuses, the quick one refuses too, but for names that appear twice and limits.
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
    const std::string& why = json.error().message;
    const bool ours = why.find("appears twice") != std::string::npos ||
                      why.find("nested deeper") != std::string::npos ||
                      why.find("more than") != std::string::npos;
    KANSOKU_CHECK(ours || !wire::parse_json(text).has_value());
  }
  auto toml = wire::parse_toml(text, "f");
  if (!toml) check_place(toml.error(), text);
  return 0;
}
