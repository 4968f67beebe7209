#include "query/exec/namespaces.h"

namespace kansoku::query {
namespace {

// What OpenTelemetry's conversion to labels names the scope of an instrument.
constexpr std::string_view kScopeLabel = "otel_scope_name";

bool is_shared(std::string_view metric_namespace) {
  return metric_namespace == kPrometheusNamespace || metric_namespace == kOpenTelemetryNamespace;
}

}  // namespace

std::string_view namespace_of(const store::SeriesInfo& info) {
  std::string_view own = info.labels.get(signal::kNamespaceLabel);
  if (!own.empty()) return own;
  bool otel = info.merge == signal::MergeKind::Accumulate || !info.labels.get(kScopeLabel).empty();
  return otel ? kOpenTelemetryNamespace : kPrometheusNamespace;
}

std::string_view unit_of(const store::SeriesInfo& info) {
  std::string_view unit = info.labels.get(signal::kUnitLabel);
  return unit.empty() ? kNoUnit : unit;
}

MetricIdentity identity_of(const store::SeriesInfo& info) {
  MetricIdentity out;
  out.metric_namespace = namespace_of(info);
  signal::visit_labels(info.labels.canonical(), [&](signal::LabelView label) {
    if (label.name == signal::kNameLabel) {
      out.metric_name = label.value;
    } else if (label.name != signal::kNamespaceLabel && label.name != signal::kUnitLabel) {
      out.dimensions.emplace_back(label.name, label.value);
    }
  });
  return out;
}

void match_namespace(store::SeriesSelector& selector, std::string_view metric_namespace) {
  // A client may have put metrics of its own into a namespace of that name.
  bool shared = is_shared(metric_namespace);
  selector.matchers.push_back({std::string(signal::kNamespaceLabel),
                               shared ? store::MatchOp::Regex : store::MatchOp::Equal,
                               std::string(metric_namespace) + (shared ? "|" : "")});
}

Result<std::vector<store::SeriesInfo>> select_in_namespace(const store::MetricStore& store,
                                                           store::SeriesSelector selector,
                                                           std::string_view metric_namespace) {
  match_namespace(selector, metric_namespace);
  auto out = store.select(selector);
  if (out && is_shared(metric_namespace)) {
    std::erase_if(*out, [&](const store::SeriesInfo& info) {
      return namespace_of(info) != metric_namespace;
    });
  }
  return out;
}

}  // namespace kansoku::query
