// Bodies of PutMetricData requests as the SDKs write them, from nothing but a seed and a number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kansoku::bench {

inline constexpr uint64_t kDatumsPerRequest = 1'000;
inline constexpr std::string_view kNamespace = "Bench/Fleet";

enum class Wire : uint8_t { Cbor, Json, Query };

struct Workload {
  Wire wire = Wire::Cbor;
  uint64_t seed = 42;
  uint64_t metrics = 10'000;      // a multiple of kDatumsPerRequest
  int storage_resolution_s = 60;  // 60 is the default and left out of the datums
  // Round r of all metrics carries first_ms + r * step_ms.
  int64_t first_ms = 0;
  int64_t step_ms = 60'000;
};

// Requests go through all metrics, 1,000 each, then through all again at the next round.
void append_body(const Workload& workload, uint64_t number, std::string& out);

// The value of a metric at a round: hundredths below 1,000, a pure function.
double value_of(uint64_t seed, uint64_t metric, uint64_t round);

}  // namespace kansoku::bench
