#include "statistics.h"

#include <fmt/format.h>

#include <bit>

namespace kansoku::bench {

std::string workload_statistics(const Workload& workload) {
  const std::vector<SeriesModel> models = host_series();
  size_t labels = 0;
  size_t labels_min = SIZE_MAX;
  size_t labels_max = 0;
  size_t app = 0;
  uint64_t constant = 0;
  uint64_t repeated = 0;
  uint64_t followers = 0;  // samples that have one before them
  double values[kSeriesPerHost];
  for (size_t number = 0; number < workload.hosts; ++number) {
    Host host(models, workload.seed, number);
    std::vector<uint64_t> first(kSeriesPerHost), last(kSeriesPerHost);
    std::vector<bool> changed(kSeriesPerHost);
    for (size_t scrape = 0; scrape < workload.scrapes; ++scrape) {
      host.scrape(workload.base_ms + static_cast<int64_t>(scrape) * kScrapeMs, values);
      for (size_t i = 0; i < kSeriesPerHost; ++i) {
        auto bits = std::bit_cast<uint64_t>(values[i]);
        if (scrape > 0) {
          ++followers;
          repeated += bits == last[i] ? 1 : 0;
          if (bits != first[i]) changed[i] = true;
        } else {
          first[i] = bits;
        }
        last[i] = bits;
      }
    }
    for (size_t i = 0; i < kSeriesPerHost; ++i) {
      size_t count = host.labels(models[i]).size();
      constant += changed[i] ? 0 : 1;
      labels += count;
      labels_min = std::min(labels_min, count);
      labels_max = std::max(labels_max, count);
      app += models[i].app ? 1 : 0;
    }
  }
  Requests requests(workload);
  size_t sent = 0;
  while (!requests.next_window().empty()) ++sent;
  auto series = static_cast<double>(workload.series());
  auto samples = static_cast<double>(requests.samples());
  return fmt::format(
      "{{\"series\": {}, \"samples\": {}, \"windows\": {}, \"series_of_the_app\": {}, "
      "\"share_constant\": {:.4f}, \"share_repeated\": {:.4f}, \"labels\": [{}, {:.2f}, {}], "
      "\"raw_bytes_per_sample\": {:.1f}, \"wire_bytes_per_sample\": {:.2f}}}",
      workload.series(), requests.samples(), sent, app, static_cast<double>(constant) / series,
      static_cast<double>(repeated) / static_cast<double>(followers), labels_min,
      static_cast<double>(labels) / series, labels_max,
      static_cast<double>(requests.raw_bytes()) / samples,
      static_cast<double>(requests.wire_bytes()) / samples);
}

}  // namespace kansoku::bench
