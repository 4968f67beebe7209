// Remote write: any bytes are decoded or refused; what comes out is canonical and complete.
#include "base/check.h"
#include "wire/remote_write/remote_write.h"

using namespace kansoku;

namespace {

void check_batch(const signal::MetricBatch& batch) {
  for (signal::SeriesRow row = 0; row < batch.series_count(); ++row) {
    std::string_view before;
    bool named = false;
    bool canonical =
        signal::visit_labels(batch.canonical_labels(row), [&](signal::LabelView label) {
          KANSOKU_CHECK(before < label.name && !label.value.empty());
          before = label.name;
          named = named || label.name == signal::kNameLabel;
        });
    KANSOKU_CHECK(canonical && named);
  }
  for (signal::SeriesRow row : batch.point_series()) KANSOKU_CHECK(row < batch.series_count());
  for (const signal::Exemplar& e : batch.exemplars())
    KANSOKU_CHECK(e.series < batch.series_count());
  for (const signal::Distribution& d : batch.distributions()) {
    std::string bytes;
    signal::encode_distribution(d, bytes);
    std::string_view from = bytes;
    KANSOKU_CHECK(signal::decode_distribution(from).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wire::remote_write;
  if (size == 0) return 0;
  auto version = (data[0] & 1) != 0 ? Version::V2 : Version::V1;
  auto out =
      decode(version, {reinterpret_cast<const char*>(data) + 1, size - 1}, {.oldest_ms = -100});
  if (!out) return 0;
  for (const auto& batch : {out->floats, out->histograms, out->exemplars}) {
    if (batch != nullptr) check_batch(*batch);
  }
  return 0;
}
