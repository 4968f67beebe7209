#include "wire/emf/emf.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/result.h"
#include "wire/aws/monitoring/units.h"
#include "wire/document/document.h"

namespace kansoku::wire {
namespace {

using Refused = std::unexpected<EmfProblem>;

template <class... Args>
Refused invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Refused(EmfProblem{false, fmt::format(format, std::forward<Args>(args)...)});
}

bool is_text(const Node* node) {
  return node != nullptr && node->kind == Node::Kind::Scalar && node->quoted;
}
std::optional<double> number_of(const Node& node) {
  if (node.kind != Node::Kind::Scalar || node.quoted) return std::nullopt;
  double value = 0;
  const char* const end = node.scalar.data() + node.scalar.size();
  const auto [at, error] = std::from_chars(node.scalar.data(), end, value);
  if (error != std::errc() || at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}
bool is_name(std::string_view text) { return !text.empty() && text.size() <= kEmfNameBytesMax; }

// The values of a metric's target; none where the root has no such member.
std::expected<std::vector<double>, EmfProblem> values_of(const Node& root, std::string_view name) {
  std::vector<double> out;
  const Node* target = root.find(name);
  if (target == nullptr) return out;
  const bool list = target->kind == Node::Kind::Sequence;
  if (list && target->items.size() > kEmfValuesMax) {
    return invalid("metric {} has {} values, at most {} are allowed", quoted(name),
                   target->items.size(), kEmfValuesMax);
  }
  for (size_t i = 0; i < (list ? target->items.size() : 1); ++i) {
    const auto value = number_of(list ? target->items[i] : *target);
    if (!value) return invalid("metric {} is no number", quoted(name));
    out.push_back(*value);
  }
  return out;
}

using Dimensions = std::vector<std::pair<std::string, std::string>>;

std::expected<Dimensions, EmfProblem> dimensions_of(const Node& root, const Node& set) {
  if (set.kind != Node::Kind::Sequence) return invalid("a dimension set is no list");
  if (set.items.size() > kEmfDimensionsMax) {
    return invalid("{} dimensions in a set, at most {} are allowed", set.items.size(),
                   kEmfDimensionsMax);
  }
  Dimensions out;
  for (const Node& key : set.items) {
    if (!is_text(&key) || !is_name(key.scalar) || key.scalar.starts_with("__"))
      return invalid("dimension {} is no name", quoted(key.scalar));
    const Node* value = root.find(key.scalar);
    if (!is_text(value) || !is_name(value->scalar)) {
      return invalid("dimension {} has no text of 1 to {} bytes", quoted(key.scalar),
                     kEmfNameBytesMax);
    }
    out.emplace_back(key.scalar, value->scalar);
  }
  std::ranges::sort(out);
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  out.erase(std::unique(out.begin(), out.end(), same_name), out.end());
  return out;
}

// A metric without its dimensions; its values are empty where the root has none.
std::expected<EmfMetric, EmfProblem> metric_of(const Node& root, const Node& definition) {
  EmfMetric out;
  const Node* name = definition.find("Name");
  if (!is_text(name) || !is_name(name->scalar)) return invalid("a metric has no Name");
  out.name = name->scalar;
  if (const Node* unit = definition.find("Unit")) {
    if (!is_text(unit) || !aws::monitoring::is_standard_unit(unit->scalar))
      return invalid("metric {} has the unit {}", quoted(out.name), quoted(unit->scalar));
    out.unit = unit->scalar;
  }
  if (const Node* resolution = definition.find("StorageResolution")) {
    const auto seconds = number_of(*resolution);
    if (seconds != 1 && seconds != 60) {
      return invalid("metric {} has the StorageResolution {}, 1 and 60 are allowed",
                     quoted(out.name), quoted(resolution->scalar));
    }
    out.by_second = seconds == 1;
  }
  auto values = values_of(root, out.name);
  if (!values) return std::unexpected(std::move(values).error());
  out.values = std::move(*values);
  return out;
}

std::expected<void, EmfProblem> take_directive(const Node& root, const Node& directive,
                                               EmfDocument& out) {
  const Node* space = directive.find("Namespace");
  if (!is_text(space) || !is_name(space->scalar)) return invalid("a directive has no Namespace");
  const Node* metrics = directive.find("Metrics");
  const Node* sets = directive.find("Dimensions");
  if (metrics == nullptr || metrics->kind != Node::Kind::Sequence)
    return invalid("a directive has no list of Metrics");
  if (sets == nullptr || sets->kind != Node::Kind::Sequence)
    return invalid("a directive has no list of Dimensions");
  if (metrics->items.size() > kEmfMetricsMax) {
    return invalid("{} metrics in a directive, at most {} are allowed", metrics->items.size(),
                   kEmfMetricsMax);
  }
  if (sets->items.size() > kEmfDimensionSetsMax) {
    return invalid("{} dimension sets in a directive, at most {} are allowed", sets->items.size(),
                   kEmfDimensionSetsMax);
  }
  std::vector<Dimensions> dimensions;
  for (const Node& set : sets->items) {
    auto made = dimensions_of(root, set);
    if (!made) return std::unexpected(std::move(made).error());
    if (std::ranges::find(dimensions, *made) == dimensions.end())
      dimensions.push_back(std::move(*made));
  }
  for (const Node& definition : metrics->items) {
    auto metric = metric_of(root, definition);
    if (!metric) return std::unexpected(std::move(metric).error());
    if (metric->values.empty()) continue;
    metric->metric_namespace = space->scalar;
    for (const Dimensions& set : dimensions) {
      out.metrics.push_back(*metric);
      out.metrics.back().dimensions = set;
    }
  }
  return {};
}

}  // namespace

bool may_be_emf(std::string_view message) {
  const size_t begin = message.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && message[begin] == '{' &&
         message.find("\"CloudWatchMetrics\"") != std::string_view::npos &&
         message.find("\"_aws\"") != std::string_view::npos;
}

std::expected<EmfDocument, EmfProblem> parse_emf(std::string_view message) {
  auto root = parse_json(message);
  if (!root) return Refused(EmfProblem{true, root.error().message});
  EmfDocument out;
  const Node* metadata = root->find("_aws");
  if (metadata == nullptr) return out;
  const Node* directives = metadata->find("CloudWatchMetrics");
  if (directives == nullptr || directives->kind != Node::Kind::Sequence)
    return invalid("_aws has no list of CloudWatchMetrics");
  const Node* timestamp = metadata->find("Timestamp");
  const auto ms = timestamp == nullptr ? std::nullopt : number_of(*timestamp);
  if (!ms || *ms < 0 || *ms > 1e15 || *ms != std::floor(*ms))
    return invalid("_aws has no Timestamp in milliseconds");
  out.timestamp_ms = static_cast<int64_t>(*ms);
  for (const Node& directive : directives->items) {
    const auto taken = take_directive(*root, directive, out);
    if (!taken) return std::unexpected(taken.error());
  }
  return out;
}

}  // namespace kansoku::wire
