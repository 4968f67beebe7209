#include "hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kansoku::bench {
namespace {

constexpr double kBounds[kBuckets - 1] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
constexpr uint64_t kRequestsMean[kHandlers] = {36, 22, 3};
constexpr double kLatencyMedian[kHandlers] = {0.06, 0.2, 0.004};

}  // namespace

Host::Host(const std::vector<SeriesModel>& series, uint64_t seed, uint64_t number)
    : series_(&series), number_(number), random_(seed * 0x2545f4914f6cdd1dULL + number) {
  offset_ms_ =
      static_cast<int64_t>(random_.below(kScrapeMs / 1000) * 1000 + 1 + random_.below(999));
  scale_percent_ = static_cast<int64_t>(50 + random_.below(100));
  states_.reserve(series.size());
  for (const SeriesModel& model : series) {
    int64_t start = model.mean;
    if (model.motion == Motion::Counter) {
      start = static_cast<int64_t>(random_.below(40'000)) * std::max<int64_t>(1, model.mean);
    } else if (model.motion == Motion::Gauge && model.mean > 1'000) {
      start =
          model.mean / 2 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(model.mean)));
    }
    states_.push_back(start);
  }
  starts_ = states_;
  for (int i = 0; i < 40; ++i) serve_requests();
}

std::vector<std::pair<std::string, std::string>> Host::labels(const SeriesModel& model) const {
  auto out = model.labels;
  out.emplace_back("cluster", fmt::format("prod-{}", number_ / 500));
  out.emplace_back("instance", fmt::format("node-{:05}.prod:{}", number_, model.app ? 8080 : 9100));
  out.emplace_back("job", model.app ? "app" : "node");
  out.emplace_back("zone", fmt::format("eu-west-1{}", static_cast<char>('a' + number_ % 3)));
  std::sort(out.begin(), out.end());
  return out;
}

// Requests of one scrape interval, latencies around the handler's median over some octaves.
void Host::serve_requests() {
  for (size_t h = 0; h < kHandlers; ++h) {
    uint64_t mean = kRequestsMean[h];
    uint64_t requests = mean / 2 + random_.below(mean + 1);
    for (uint64_t i = 0; i < requests; ++i) {
      double bell = random_.unit() + random_.unit() + random_.unit() + random_.unit() - 2;
      double latency = kLatencyMedian[h] * std::exp2(bell * 2.4);
      handlers_[h].sum += latency;
      for (size_t b = 0; b < kBuckets; ++b) {
        if (b == kBuckets - 1 || latency <= kBounds[b]) ++handlers_[h].buckets[b];
      }
    }
  }
}

double Host::value_of(const SeriesModel& model, int64_t& state, int64_t at_ms) {
  switch (model.motion) {
    case Motion::Constant:
      break;
    case Motion::Counter:
      if (random_.below(100) >= static_cast<uint64_t>(model.repeat_percent)) {
        auto span = static_cast<uint64_t>(2 * model.spread + 1);
        int64_t step = model.mean * scale_percent_ / 100 - model.spread +
                       static_cast<int64_t>(random_.below(span));
        state += std::max<int64_t>(step, 0);
      }
      break;
    case Motion::Gauge:
      if (random_.below(100) >= static_cast<uint64_t>(model.repeat_percent)) {
        int64_t start = starts_[static_cast<size_t>(&state - states_.data())];
        int64_t step =
            static_cast<int64_t>(random_.below(static_cast<uint64_t>(2 * model.spread + 1))) -
            model.spread;
        state = std::max<int64_t>(0, state + step + (start - state) / 64);  // drawn home slowly
      }
      break;
    case Motion::Entropy:
      return random_.unit() * static_cast<double>(model.mean);
    case Motion::Clock:
      return static_cast<double>(at_ms) / 1e3 +
             static_cast<double>(random_.below(1'000'000)) * 1e-9;
    case Motion::Bucket:
      return static_cast<double>(handlers_[model.handler].buckets[model.bucket]);
    case Motion::Count:
      return static_cast<double>(handlers_[model.handler].buckets[kBuckets - 1]);
    case Motion::Sum:
      return handlers_[model.handler].sum;
  }
  auto whole = static_cast<double>(state);
  return model.divide ? whole / model.unit : whole * model.unit;
}

void Host::scrape(int64_t at_ms, std::span<double, kSeriesPerHost> out) {
  serve_requests();
  for (size_t i = 0; i < kSeriesPerHost; ++i) {
    out[i] = value_of((*series_)[i], states_[i], at_ms);
  }
}

}  // namespace kansoku::bench
