// Exposition formats: any text is read or refused with a place inside it; what the stricter checks
// take, the looser take with the same samples.
#include "base/check.h"
#include "wire/exposition/batches.h"

using namespace kansoku;
namespace ex = wire::exposition;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  auto format = static_cast<ex::Format>(data[0] % 3);
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  size_t lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::array<uint64_t, 2> samples{};
  std::array<bool, 2> good{};
  for (auto checks : {ex::Checks::Lines, ex::Checks::Families}) {
    uint64_t points = 0;
    ex::BatchVisitor visitor({.now_ms = 1, .points_max = 7}, [&](const auto& batch) {
      points += batch->point_count();
      for (signal::SeriesRow row = 0; row < batch->series_count(); ++row) {
        std::string_view before;
        bool named = false;
        bool whole =
            signal::visit_labels(batch->canonical_labels(row), [&](signal::LabelView label) {
              KANSOKU_CHECK(before < label.name && !label.value.empty());
              before = label.name;
              named = named || label.name == signal::kNameLabel;
            });
        KANSOKU_CHECK(whole && named);
      }
    });
    auto parsed = ex::parse(text, {.format = format, .checks = checks}, visitor);
    visitor.finish();
    KANSOKU_CHECK(points == visitor.samples());
    auto at = static_cast<size_t>(checks);
    samples[at] = visitor.samples();
    good[at] = parsed.has_value();
    if (!parsed) {
      KANSOKU_CHECK(parsed.error().line >= 1 && parsed.error().line <= lines + 1);
      KANSOKU_CHECK(parsed.error().column >= 1 && parsed.error().column <= size + 1);
    }
  }
  if (good[1]) KANSOKU_CHECK(good[0] && samples[0] == samples[1]);
  return 0;
}
