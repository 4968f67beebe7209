// What the band of a three-hour graph costs, with the fit of the model. Prints one JSON line.
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "query/anomaly/band.h"

using namespace kansoku::query::anomaly;

namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int, char** arguments) {
  uint64_t state = std::strtoull(arguments[1], nullptr, 10);
  std::vector<double> values;
  for (size_t i = 0; i < 14 * 1'440 + 180; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    double noise = static_cast<double>(state >> 40U) / 16777216.0;
    values.push_back(100 + 30 * std::sin(static_cast<double>(i) / 229.0) + 10 * noise);
  }
  BandQuery query{.history = {1'795'392'000'000, 60'000, values}, .range_begin = 14 * 1'440};
  constexpr int kRounds = 50;
  double sum = 0;
  double begin = cpu_seconds();
  for (int i = 0; i < kRounds; ++i) sum += band(query, {}).upper[7];
  double seconds = (cpu_seconds() - begin) / kRounds;
  // The sum is printed so that the work cannot be left out.
  std::printf("{\"band_cpu_ms\": %.3f, \"points\": %zu, \"sum\": %.6f}\n", seconds * 1000,
              values.size(), sum);
  return 0;
}
