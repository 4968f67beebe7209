#include "query/promql/annotations.h"

#include <algorithm>
#include <chrono>

#include "query/promql/float_histogram.h"
#include "query/promql/label_set.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {
namespace {

// More than this many different ones are dropped: they say the same of many series.
constexpr size_t kAnnotationsMax = 1'000;

// Most texts name the metric also where it has no name.
std::string of_metric(std::string_view text, std::string_view metric) {
  return fmt::format("{} for metric name {}", text, go_quoted(metric));
}

std::string of_named_metric(std::string_view text, std::string_view metric) {
  return metric.empty() ? std::string(text) : of_metric(text, metric);
}

std::string is_metric(std::string_view text, std::string_view metric) {
  return fmt::format("{}: {}", text, go_quoted(metric));
}

// Milliseconds as RFC 3339 in UTC, whole seconds.
std::string rfc3339(int64_t ms) {
  const int64_t seconds = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
  const int64_t days = seconds / 86'400 - (seconds % 86'400 < 0 ? 1 : 0);
  const int64_t of_day = seconds - days * 86'400;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     of_day / 3600, of_day / 60 % 60, of_day % 60);
}

}  // namespace

void Annotations::add(bool warning, std::string text, PositionRange at) {
  if (entries_.size() < kAnnotationsMax)
    entries_.try_emplace(Key{warning, std::move(text), at.start});
}

void Annotations::lifted(std::string_view metric, PositionRange at, const Lifted& lifted) {
  std::string text = of_named_metric(
      "input to histogram_quantile needed to be fixed for monotonicity (see "
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
      metric);
  auto [entry, fresh] = entries_.try_emplace(Key{false, std::move(text), at.start}, lifted);
  if (fresh) return;
  Lifted& all = entry->second;
  all.t_first = std::min(all.t_first, lifted.t_first);
  all.t_last = std::max(all.t_last, lifted.t_last);
  all.from = std::min(all.from, lifted.from);
  all.to = std::max(all.to, lifted.to);
  all.by = std::max(all.by, lifted.by);
  all.times += lifted.times;
}

std::vector<std::string> Annotations::list(bool warning, std::string_view query) const {
  std::vector<std::string> out;
  for (const auto& [key, detail] : entries_) {
    const auto& [is_warning, text, at] = key;
    if (is_warning != warning) continue;
    std::string more;
    if (detail.times > 0) {
      more = fmt::format(
          ", from buckets {} to {}, with a max diff of {:.2g}, over {} samples from {} to {}",
          format_general(detail.from), format_general(detail.to), detail.by, detail.times,
          rfc3339(detail.t_first), rfc3339(detail.t_last));
    }
    out.push_back(fmt::format("PromQL {}: {}{} ({})", warning ? "warning" : "info", text, more,
                              line_and_column(query, at)));
  }
  return out;
}

void Annotations::mixed_floats_histograms(std::string_view metric, PositionRange at) {
  warn(of_metric("encountered a mix of histograms and floats", metric), at);
}

void Annotations::mixed_schemas(std::string_view metric, PositionRange at) {
  warn(of_metric("vector contains a mix of histograms with exponential and custom buckets schemas",
                 metric),
       at);
}

void Annotations::not_counter(std::string_view metric, PositionRange at) {
  warn(is_metric("this native histogram metric is not a counter", metric), at);
}

void Annotations::not_gauge(std::string_view metric, PositionRange at) {
  warn(is_metric("this native histogram metric is not a gauge", metric), at);
}

void Annotations::bounds_reconciled(std::string_view operation, PositionRange at) {
  info(fmt::format("mismatched custom buckets were reconciled during {}", operation), at);
}

void Annotations::reset_collision(std::string_view operation, PositionRange at) {
  warn(fmt::format("conflicting counter resets during histogram {}", operation), at);
}

void Annotations::histogram_ignored_in_range(std::string_view metric, PositionRange at) {
  info(of_metric("ignored histograms in a range containing both floats and histograms", metric),
       at);
}

void Annotations::bad_bucket_label(std::string_view value, std::string_view metric,
                                   PositionRange at) {
  warn(of_named_metric(fmt::format("bucket label \"le\" is missing or has a malformed value of {}",
                                   go_quoted(value)),
                       metric),
       at);
}

void Annotations::mixed_classic_native(std::string_view metric, PositionRange at) {
  warn(of_named_metric("vector contains a mix of classic and native histograms", metric), at);
}

void Annotations::nan_observations(std::string_view text, std::string_view metric,
                                   PositionRange at) {
  info(of_named_metric(text, metric), at);
}

void Annotations::bad_quantile(double q, PositionRange at) {
  warn(fmt::format("quantile value should be between 0 and 1, got {}", format_general(q)), at);
}

}  // namespace kansoku::query::promql
