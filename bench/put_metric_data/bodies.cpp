#include "bodies.h"

#include <fmt/format.h>

#include <bit>

namespace kansoku::bench {
namespace {

constexpr std::string_view kNames[] = {
    "RequestLatency", "RequestCount", "ErrorCount",        "QueueDepth", "CacheHitRatio",
    "BytesIn",        "BytesOut",     "ActiveConnections", "HeapUsed",   "GcPause"};

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15ULL + b * 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 31;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 29);
}

struct Datum {
  std::string_view name;
  char instance[20];  // "i-" and 17 hex digits
  std::string_view instance_id() const { return {instance, 19}; }
  std::string_view service;
  int64_t timestamp_s = 0;
  int storage_resolution_s = 60;
  double value = 0;
};

constexpr std::string_view kServices[] = {"checkout", "search", "catalogue", "identity"};

// Ten metrics of each instance.
Datum datum_of(const Workload& workload, uint64_t metric, uint64_t round) {
  Datum out;
  uint64_t instance = metric / std::size(kNames);
  out.name = kNames[metric % std::size(kNames)];
  fmt::format_to_n(out.instance, 19, "i-{:017x}", mix(workload.seed, instance));
  out.service = kServices[instance % std::size(kServices)];
  out.timestamp_s = (workload.first_ms + static_cast<int64_t>(round) * workload.step_ms) / 1000;
  out.storage_resolution_s = workload.storage_resolution_s;
  out.value = value_of(workload.seed, metric, round);
  return out;
}

void cbor_head(uint8_t major, uint64_t n, std::string& out) {
  auto first = static_cast<uint8_t>(major << 5);
  if (n < 24) {
    out += static_cast<char>(first | n);
  } else if (n < 256) {
    out += static_cast<char>(first | 24);
    out += static_cast<char>(n);
  } else if (n < 65536) {
    out += static_cast<char>(first | 25);
    out += static_cast<char>(n >> 8);
    out += static_cast<char>(n);
  } else {
    out += static_cast<char>(first | 26);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift);
  }
}
void cbor_text(std::string_view text, std::string& out) {
  cbor_head(3, text.size(), out);
  out += text;
}
void cbor_double(double value, std::string& out) {
  out += static_cast<char>(0xfb);
  auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
}

// Smithy's rpcv2Cbor: timestamps are tag 1 over epoch seconds.
void append_cbor(const Datum& datum, std::string& out) {
  bool resolution = datum.storage_resolution_s != 60;
  cbor_head(5, resolution ? 5 : 4, out);
  cbor_text("MetricName", out);
  cbor_text(datum.name, out);
  cbor_text("Dimensions", out);
  cbor_head(4, 2, out);
  for (auto [name, value] : {std::pair{std::string_view("InstanceId"), datum.instance_id()},
                             std::pair{std::string_view("Service"), datum.service}}) {
    cbor_head(5, 2, out);
    cbor_text("Name", out);
    cbor_text(name, out);
    cbor_text("Value", out);
    cbor_text(value, out);
  }
  cbor_text("Timestamp", out);
  cbor_head(6, 1, out);
  cbor_head(0, static_cast<uint64_t>(datum.timestamp_s), out);
  cbor_text("Value", out);
  cbor_double(datum.value, out);
  if (!resolution) return;
  cbor_text("StorageResolution", out);
  cbor_head(0, static_cast<uint64_t>(datum.storage_resolution_s), out);
}

void append_json(const Datum& datum, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"MetricName":"{}","Dimensions":[{{"Name":"InstanceId","Value":"{}"}},)"
                 R"({{"Name":"Service","Value":"{}"}}],"Timestamp":{},"Value":{})",
                 datum.name, datum.instance_id(), datum.service, datum.timestamp_s, datum.value);
  if (datum.storage_resolution_s != 60) {
    fmt::format_to(std::back_inserter(out), R"(,"StorageResolution":{})",
                   datum.storage_resolution_s);
  }
  out += '}';
}

// "2026-11-22T10:00:00Z" with the colons encoded (Howard Hinnant's days-to-civil).
void append_form_time(int64_t seconds, std::string& out) {
  int64_t days = seconds / 86'400;
  int64_t rest = seconds % 86'400;
  int64_t z = days + 719'468;
  int64_t era = z / 146'097;
  int64_t doe = z - era * 146'097;
  int64_t yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  int64_t day = doy - (153 * mp + 2) / 5 + 1;
  int64_t month = mp < 10 ? mp + 3 : mp - 9;
  int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}%3A{:02}%3A{:02}Z", year, month,
                 day, rest / 3'600, rest / 60 % 60, rest % 60);
}

void append_form(const Datum& datum, uint64_t member, std::string& out) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "&MetricData.member.{}.MetricName={}", member, datum.name);
  fmt::format_to(to, "&MetricData.member.{}.Dimensions.member.1.Name=InstanceId", member);
  fmt::format_to(to, "&MetricData.member.{}.Dimensions.member.1.Value={}", member,
                 datum.instance_id());
  fmt::format_to(to, "&MetricData.member.{}.Dimensions.member.2.Name=Service", member);
  fmt::format_to(to, "&MetricData.member.{}.Dimensions.member.2.Value={}", member, datum.service);
  fmt::format_to(to, "&MetricData.member.{}.Timestamp=", member);
  append_form_time(datum.timestamp_s, out);
  fmt::format_to(to, "&MetricData.member.{}.Value={}", member, datum.value);
  if (datum.storage_resolution_s != 60) {
    fmt::format_to(to, "&MetricData.member.{}.StorageResolution={}", member,
                   datum.storage_resolution_s);
  }
}

void append_opening(Wire wire, std::string& out) {
  switch (wire) {
    case Wire::Cbor:
      cbor_head(5, 2, out);
      cbor_text("Namespace", out);
      cbor_text(kNamespace, out);
      cbor_text("MetricData", out);
      cbor_head(4, kDatumsPerRequest, out);
      return;
    case Wire::Json:
      fmt::format_to(std::back_inserter(out), R"({{"Namespace":"{}","MetricData":[)", kNamespace);
      return;
    case Wire::Query:
      out += "Action=PutMetricData&Version=2010-08-01&Namespace=Bench%2FFleet";
      return;
  }
}

}  // namespace

double value_of(uint64_t seed, uint64_t metric, uint64_t round) {
  return static_cast<double>(mix(seed + metric, round) % 100'000) / 100.0;
}

void append_body(const Workload& workload, uint64_t number, std::string& out) {
  uint64_t round = number * kDatumsPerRequest / workload.metrics;
  uint64_t first = number * kDatumsPerRequest % workload.metrics;
  append_opening(workload.wire, out);
  for (uint64_t i = 0; i < kDatumsPerRequest; ++i) {
    Datum datum = datum_of(workload, first + i, round);
    switch (workload.wire) {
      case Wire::Cbor:
        append_cbor(datum, out);
        break;
      case Wire::Json:
        if (i > 0) out += ',';
        append_json(datum, out);
        break;
      case Wire::Query:
        append_form(datum, i + 1, out);
        break;
    }
  }
  if (workload.wire == Wire::Json) out += "]}";
}

}  // namespace kansoku::bench
