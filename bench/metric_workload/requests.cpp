#include "requests.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/protobuf/protobuf_writer.h"
#include "wire/snappy/snappy.h"

namespace kansoku::bench {
namespace {

// WriteRequest.timeseries, TimeSeries.labels and .samples, Label, Sample
// (prometheus/prompb, remote.proto and types.proto).
constexpr uint32_t kTimeseries = 1;
constexpr uint32_t kLabels = 1;
constexpr uint32_t kSamples = 2;

size_t varint_size(uint64_t value) {
  size_t out = 1;
  while (value >>= 7) ++out;
  return out;
}

std::string encode_labels(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string out;
  wire::ProtobufWriter writer(out);
  for (const auto& [name, value] : labels) {
    writer.message(kLabels, [&](wire::ProtobufWriter& label) {
      label.bytes(1, name);
      label.bytes(2, value);
    });
  }
  return out;
}

}  // namespace

Requests::Requests(const Workload& workload) : workload_(workload), models_(host_series()) {
  hosts_.reserve(workload.hosts);
  labels_.reserve(workload.series());
  for (size_t number = 0; number < workload.hosts; ++number) {
    hosts_.emplace_back(models_, workload.seed, number);
    for (const SeriesModel& model : models_) {
      labels_.push_back(encode_labels(hosts_.back().labels(model)));
    }
  }
}

void Requests::append_series(size_t series, size_t scrapes, std::string& out) {
  int64_t first_ms = workload_.base_ms + hosts_[series / kSeriesPerHost].offset_ms() +
                     static_cast<int64_t>(scraped_) * kScrapeMs;
  // A sample is two keys, eight bytes and the varint of the time.
  size_t sample_size = 10 + varint_size(static_cast<uint64_t>(first_ms));
  const std::string& labels = labels_[series];
  append_varint(out, kTimeseries << 3 | 2);
  append_varint(out, labels.size() + scrapes * (2 + sample_size));
  out += labels;
  for (size_t i = 0; i < scrapes; ++i) {
    append_varint(out, kSamples << 3 | 2);
    append_varint(out, sample_size);
    wire::ProtobufWriter sample(out);
    sample.float64(1, values_[i * workload_.series() + series]);
    sample.varint(2, static_cast<uint64_t>(first_ms + static_cast<int64_t>(i) * kScrapeMs));
  }
}

Window Requests::next_window() {
  size_t scrapes = std::min(workload_.samples_per_series, workload_.scrapes - scraped_);
  Window out;
  if (scrapes == 0) return out;
  values_.resize(scrapes * workload_.series());
  for (size_t i = 0; i < scrapes; ++i) {
    for (size_t h = 0; h < workload_.hosts; ++h) {
      int64_t at_ms = workload_.base_ms + hosts_[h].offset_ms() +
                      static_cast<int64_t>(scraped_ + i) * kScrapeMs;
      hosts_[h].scrape(
          at_ms, std::span<double, kSeriesPerHost>(
                     values_.data() + i * workload_.series() + h * kSeriesPerHost, kSeriesPerHost));
    }
  }
  size_t series_per_request =
      std::max<size_t>(1, kSamplesPerRequest / workload_.samples_per_series);
  std::string raw;
  for (size_t begin = 0; begin < workload_.series(); begin += series_per_request) {
    size_t end = std::min(workload_.series(), begin + series_per_request);
    raw.clear();
    for (size_t series = begin; series < end; ++series) append_series(series, scrapes, raw);
    Request request{wire::snappy_encode(raw), (end - begin) * scrapes};
    raw_bytes_ += raw.size();
    wire_bytes_ += request.body.size();
    samples_ += request.samples;
    out.push_back(std::move(request));
  }
  scraped_ += scrapes;
  return out;
}

}  // namespace kansoku::bench
