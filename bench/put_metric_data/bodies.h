// Bodies of PutMetricData requests as the SDKs write them, from nothing but a seed and a number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kansoku::bench {

inline constexpr uint64_t kMetrics = 10'000;
inline constexpr uint64_t kDatumsPerRequest = 1'000;
inline constexpr std::string_view kNamespace = "Bench/Fleet";

enum class Wire : uint8_t { Cbor, Json, Query };

struct Workload {
  Wire wire = Wire::Cbor;
  uint64_t seed = 42;
  // Round r of all metrics carries first_ms + r * step_ms.
  int64_t first_ms = 0;
  int64_t step_ms = 60'000;
};

// Request `number` carries metrics (number % 10) * 1,000 and the 999 behind, at round number / 10.
void append_body(const Workload& workload, uint64_t number, std::string& out);

// The value of a metric at a round: hundredths below 1,000, a pure function.
double value_of(uint64_t seed, uint64_t metric, uint64_t round);

}  // namespace kansoku::bench
