#include "query/promql/nhcb.h"

#include <cmath>

#include "query/promql/lexer.h"

namespace kansoku::query::promql {

void ClassicToCustom::add(const LabelSet& labels, const Point& point) {
  if (point.h || is_stale(point.f)) return;
  const std::string_view name = labels.get(kMetricName);
  const auto base = [&](std::string_view suffix) {
    return labels.with("le", "").with(kMetricName, name.substr(0, name.size() - suffix.size()));
  };
  if (name.ends_with("_bucket") && labels.has("le")) {
    const Result<double> bound = parse_number(labels.get("le"));
    if (bound && !std::isnan(*bound))
      histograms_[base("_bucket")][point.t].cumulative.try_emplace(*bound, point.f);
  } else if (name.ends_with("_sum")) {
    histograms_[base("_sum")][point.t].sum = point.f;
  } else if (name.ends_with("_count")) {
    Parts& parts = histograms_[base("_count")][point.t];
    parts.count = point.f;
    parts.has_count = true;
  }
}

void ClassicToCustom::finish(const std::function<void(const LabelSet&, Point)>& put) const {
  for (const auto& [labels, times] : histograms_) {
    for (const auto& [t, parts] : times) {
      if (parts.cumulative.empty()) continue;
      FloatHistogram h;
      h.schema = kCustomSchema;
      h.sum = parts.sum;
      h.count = parts.has_count ? parts.count : parts.cumulative.rbegin()->second;
      double before = 0;
      int32_t index = 0;
      bool monotonic = true;
      for (const auto& [bound, count] : parts.cumulative) {
        if (!std::isinf(bound)) h.custom_values.push_back(bound);
        monotonic = monotonic && count >= before;
        h.positive.push_back({index++, count - before});
        before = count;
      }
      if (!monotonic) continue;
      if (h.count > before && !std::isinf(parts.cumulative.rbegin()->first))
        h.positive.push_back({index, h.count - before});
      h.compact();
      put(labels, {.t = t, .f = 0, .h = std::make_shared<const FloatHistogram>(std::move(h))});
    }
  }
}

}  // namespace kansoku::query::promql
