// Bodies of requests, for tests. Included by them only.
#pragma once

#include "api/aws/monitoring/test_server.h"

namespace kansoku::api::aws::monitoring {

inline constexpr int64_t kNowS = 1'795'348'800;  // 2026-11-22T12:00:00Z

inline std::string put_body(std::string_view datums, std::string_view space = "N") {
  return fmt::format(R"({{"Namespace":"{}","MetricData":[{}]}})", space, datums);
}
inline std::string statistics_body(std::string_view rest, int64_t from_s = kNowS - 3'600,
                                   int64_t to_s = kNowS + 60) {
  return fmt::format(R"({{"Namespace":"N","MetricName":"m","StartTime":{},"EndTime":{},{}}})",
                     from_s, to_s, rest);
}
inline std::string data_body(std::string_view queries, std::string_view rest = "",
                             int64_t from_s = kNowS - 3'600, int64_t to_s = kNowS + 60) {
  return fmt::format(R"({{"StartTime":{},"EndTime":{},"MetricDataQueries":[{}]{}}})", from_s, to_s,
                     queries, rest);
}
inline std::string query(std::string_view id, std::string_view stat = "Sum", int period = 60,
                         std::string_view extra = "", std::string_view metric = "m") {
  return fmt::format(R"({{"Id":"{}","MetricStat":{{"Metric":{{"Namespace":"N","MetricName":"{}"}},)"
                     R"("Period":{},"Stat":"{}"}}{}}})",
                     id, metric, period, stat, extra);
}

}  // namespace kansoku::api::aws::monitoring
