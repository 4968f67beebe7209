#include "api/aws/monitoring/metric_datums.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "api/aws/monitoring/monitoring_errors.h"
#include "wire/aws/monitoring/units.h"

namespace kansoku::api::aws::monitoring {
namespace {

using kansoku::aws::monitoring::DatumView;
using kansoku::aws::monitoring::DimensionView;

// Values must lie within ±2^360 (API reference of MetricDatum).
const double kValueMax = std::ldexp(1.0, 360);

bool printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}
// Names and values beyond the namespace may hold any UTF-8 but control characters. No early end, so
// that the compiler takes many bytes at a time.
bool printable(std::string_view text) {
  unsigned bad = 0;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte == 0x7F);
  }
  return bad == 0;
}
bool has_visible(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

AwsError invalid(std::string_view value, const std::string& parameter) {
  return invalid_parameter_value(
      fmt::format("The value {} for parameter {} is invalid.", quoted(value), parameter));
}
AwsError required(const std::string& parameter) {
  return missing_parameter(fmt::format("The parameter {} is required.", parameter));
}
AwsError too_long(const std::string& parameter, size_t limit) {
  return invalid_parameter_value(
      fmt::format("The parameter {} must be shorter than {} characters.", parameter, limit + 1));
}
AwsError exclusive(const DatumView& datum, std::string_view a, std::string_view b) {
  return invalid_parameter_combination(
      fmt::format("The parameters {}.{} and {}.{} are mutually exclusive and you have specified "
                  "both.",
                  datum.path(), a, datum.path(), b));
}

// Labels that carry what is no dimension.
bool reserved_label(std::string_view name) {
  return name == signal::kNameLabel || name == signal::kNamespaceLabel ||
         name == signal::kUnitLabel;
}

}  // namespace

// Namespaces of AWS's own services need to be allowed by name.
bool MetricDatumSink::namespace_allowed(std::string_view name) const {
  if (!name.starts_with("AWS/")) return true;
  net::auth::ConditionValue value{"cloudwatch:namespace", name};
  return context_.allows("cloudwatch:PutMetricData", "*", {&value, 1}, "cloudwatch:namespace");
}

bool MetricDatumSink::start(std::optional<std::string_view> metric_namespace,
                            bool strict_entities) {
  strict_entities_ = strict_entities;
  if (!metric_namespace || metric_namespace->empty()) return refuse(required("Namespace"));
  std::string_view name = *metric_namespace;
  if (name.size() > kNameBytesMax) return refuse(too_long("Namespace", kNameBytesMax));
  if (name.front() == ':' || !printable_ascii(name) || !has_visible(name)) {
    return refuse(invalid(name, "Namespace"));
  }
  if (!namespace_allowed(name)) {
    return refuse(invalid_parameter_value("The value AWS/ for parameter Namespace is invalid."));
  }
  // The dispatcher asked without the namespace, which stands in the body.
  net::auth::ConditionValue value{"cloudwatch:namespace", name};
  if (!context_.allows("cloudwatch:PutMetricData", "*", {&value, 1})) {
    return refuse(
        auth_error(context_.protocol, {net::auth::AuthFault::NoPermission,
                                       fmt::format("User: {} is not authorized to perform: "
                                                   "cloudwatch:PutMetricData in namespace {}",
                                                   context_.principal->arn, name),
                                       false}));
  }
  namespace_ = name;
  return true;
}

bool MetricDatumSink::entity(uint32_t index, const kansoku::aws::monitoring::EntityView& entity) {
  std::vector<signal::LabelView> labels;
  std::vector<std::string> names;
  names.reserve(entity.key_attributes.size() + entity.attributes.size());
  for (const auto& [name, value] : entity.key_attributes) {
    labels.push_back({names.emplace_back("aws.entity.key." + name), value});
  }
  for (const auto& [name, value] : entity.attributes) {
    labels.push_back({names.emplace_back("aws.entity." + name), value});
  }
  std::string wrong;
  if (entity.key_attributes.empty()) wrong = "KeyAttributes is empty";
  auto resource = signal::Labels::from(std::move(labels));
  if (!resource) wrong = resource.error().message;
  if (wrong.empty()) {
    resource_ = builder_.add_resource(std::move(*resource));
    return true;
  }
  resource_ = signal::kNoResource;
  std::string message = fmt::format("EntityMetricData.member.{}.Entity: {}", index, wrong);
  if (strict_entities_) return refuse(invalid_parameter_value(std::move(message)));
  entity_warning_ = std::move(message);
  return true;
}

bool MetricDatumSink::check_dimensions(const Datum& datum) {
  if (datum.dimensions.size() > kDimensionsMax) {
    return refuse(invalid_parameter_value(
        fmt::format("The collection {}.Dimensions must not have a size greater than {}.",
                    datum.path(), kDimensionsMax)));
  }
  for (size_t i = 0; i < datum.dimensions.size(); ++i) {
    const DimensionView& one = datum.dimensions[i];
    auto path = [&](std::string_view part) {
      return fmt::format("{}.Dimensions.member.{}.{}", datum.path(), i + 1, part);
    };
    if (!one.name || one.name->empty()) return refuse(required(path("Name")));
    if (!one.value || one.value->empty()) return refuse(required(path("Value")));
    if (one.name->size() > kNameBytesMax) return refuse(too_long(path("Name"), kNameBytesMax));
    if (one.value->size() > kDimensionValueBytesMax) {
      return refuse(too_long(path("Value"), kDimensionValueBytesMax));
    }
    if (one.name->front() == ':' || !has_visible(*one.name) || !printable(*one.name) ||
        reserved_label(*one.name)) {
      return refuse(invalid(*one.name, path("Name")));
    }
    if (!has_visible(*one.value) || !printable(*one.value)) {
      return refuse(invalid(*one.value, path("Value")));
    }
  }
  return true;
}

bool MetricDatumSink::check_unit(const Datum& datum) {
  if (!datum.unit || kansoku::aws::monitoring::is_standard_unit(*datum.unit)) return true;
  return refuse(invalid(*datum.unit, datum.path() + ".Unit"));
}

bool MetricDatumSink::check_time(const Datum& datum, int64_t& timestamp_ms) {
  int64_t now_ms = context_.now.ms();
  timestamp_ms = datum.timestamp_ms.value_or(now_ms);
  if (timestamp_ms < now_ms - kDatumAgeMaxMs) {
    return refuse(invalid_parameter_value(
        fmt::format("The parameter {}.Timestamp must specify a time no more than two weeks in the "
                    "past.",
                    datum.path())));
  }
  if (timestamp_ms > now_ms + kDatumAheadMaxMs) {
    return refuse(invalid_parameter_value(
        fmt::format("The parameter {}.Timestamp must specify a time no more than two hours in the "
                    "future.",
                    datum.path())));
  }
  int64_t resolution = datum.storage_resolution.value_or(60);
  if (resolution != 1 && resolution != 60) {
    return refuse(invalid(fmt::format("{}", resolution), datum.path() + ".StorageResolution"));
  }
  // Standard resolution is kept by the minute, high resolution by the second.
  int64_t grid_ms = resolution * 1000;
  timestamp_ms -= ((timestamp_ms % grid_ms) + grid_ms) % grid_ms;
  return true;
}

bool MetricDatumSink::check_kinds(const Datum& datum) {
  if (datum.value && datum.has_values) return refuse(exclusive(datum, "Value", "Values"));
  if (datum.value && datum.has_statistics)
    return refuse(exclusive(datum, "Value", "StatisticValues"));
  if (datum.has_values && datum.has_statistics) {
    return refuse(exclusive(datum, "Values", "StatisticValues"));
  }
  if (datum.has_counts && !datum.has_values) {
    return refuse(invalid_parameter_combination(
        fmt::format("The parameter {}.Counts needs {}.Values.", datum.path(), datum.path())));
  }
  if (!datum.value && !datum.has_values && !datum.has_statistics) {
    return refuse(missing_parameter(fmt::format(
        "At least one of the parameters {}.Value, {}.Values and {}.StatisticValues must be "
        "specified.",
        datum.path(), datum.path(), datum.path())));
  }
  if (datum.has_values && datum.values.empty()) return refuse(required(datum.path() + ".Values"));
  if (datum.has_counts && datum.counts.size() != datum.values.size()) {
    return refuse(invalid_parameter_value(
        fmt::format("The parameters {}.Values and {}.Counts must be of the same size.",
                    datum.path(), datum.path())));
  }
  if (datum.values.size() > kValuesMax) {
    return refuse(invalid_parameter_value(
        fmt::format("The collection {}.Values must not have a size greater than {}.", datum.path(),
                    kValuesMax)));
  }
  return true;
}

bool MetricDatumSink::check_number(const Datum& datum, double value, std::string_view what) {
  // Not NaN, not infinite, within the range: one comparison says all three.
  if (std::fabs(value) <= kValueMax) return true;
  return refuse(invalid(fmt::format("{}", value), fmt::format("{}.{}", datum.path(), what)));
}

bool MetricDatumSink::datum(const Datum& datum) {
  if (++datums_ > kDatumsMax) {
    return refuse(invalid_parameter_value(fmt::format(
        "The collection MetricData must not have a size greater than {}.", kDatumsMax)));
  }
  if (!datum.metric_name || datum.metric_name->empty()) {
    return refuse(required(datum.path() + ".MetricName"));
  }
  if (datum.metric_name->size() > kNameBytesMax) {
    return refuse(too_long(datum.path() + ".MetricName", kNameBytesMax));
  }
  if (!printable(*datum.metric_name) || !has_visible(*datum.metric_name)) {
    return refuse(invalid(*datum.metric_name, datum.path() + ".MetricName"));
  }
  int64_t timestamp_ms = 0;
  if (!check_kinds(datum) || !check_dimensions(datum) || !check_unit(datum) ||
      !check_time(datum, timestamp_ms)) {
    return false;
  }
  if (datum.value && !check_number(datum, *datum.value, "Value")) return false;

  labels_.clear();
  for (const DimensionView& one : datum.dimensions) labels_.push_back({*one.name, *one.value});
  labels_.push_back({signal::kNameLabel, *datum.metric_name});
  labels_.push_back({signal::kNamespaceLabel, namespace_});
  labels_.push_back({signal::kUnitLabel, datum.unit.value_or("None")});
  signal::SeriesMeta meta{signal::MergeKind::Accumulate, signal::Temporality::Delta,
                          datum.entity_index == 0 ? signal::kNoResource : resource_};
  auto series = builder_.add_series(labels_, meta);
  if (!series) {
    return refuse(invalid_parameter_value(fmt::format("The parameter {}.Dimensions is invalid: {}",
                                                      datum.path(), series.error().message)));
  }
  if (datum.value) {
    builder_.add_float(*series, timestamp_ms, *datum.value);
    return true;
  }
  return datum.has_values ? add_values(datum, *series, timestamp_ms)
                          : add_statistics(datum, *series, timestamp_ms);
}

bool MetricDatumSink::add_values(const Datum& datum, signal::SeriesRow series,
                                 int64_t timestamp_ms) {
  std::vector<signal::ValueCount> pairs;
  pairs.reserve(datum.values.size());
  for (size_t i = 0; i < datum.values.size(); ++i) {
    double count = datum.has_counts ? datum.counts[i] : 1;
    if (!check_number(datum, datum.values[i], fmt::format("Values.member.{}", i + 1))) return false;
    // Counts are positive; a count of zero says that there is no such value.
    if (!(count >= 0 && count <= kValueMax)) {
      return refuse(invalid(fmt::format("{}", count),
                            fmt::format("{}.Counts.member.{}", datum.path(), i + 1)));
    }
    if (count > 0) pairs.push_back({datum.values[i], count});
  }
  if (pairs.empty()) {
    return refuse(invalid_parameter_value(
        fmt::format("The parameter {}.Counts holds no count above zero.", datum.path())));
  }
  builder_.add_point(series, timestamp_ms, signal::point_from_values(std::move(pairs)));
  return true;
}

bool MetricDatumSink::add_statistics(const Datum& datum, signal::SeriesRow series,
                                     int64_t timestamp_ms) {
  struct Part {
    std::string_view name;
    const std::optional<double>& value;
  };
  const Part parts[] = {{"SampleCount", datum.sample_count},
                        {"Sum", datum.sum},
                        {"Minimum", datum.minimum},
                        {"Maximum", datum.maximum}};
  for (const Part& part : parts) {
    std::string name = fmt::format("StatisticValues.{}", part.name);
    if (!part.value) return refuse(required(fmt::format("{}.{}", datum.path(), name)));
    if (!check_number(datum, *part.value, name)) return false;
  }
  if (*datum.sample_count <= 0) {
    return refuse(invalid(fmt::format("{}", *datum.sample_count),
                          datum.path() + ".StatisticValues.SampleCount"));
  }
  if (*datum.minimum > *datum.maximum) {
    return refuse(invalid_parameter_value(
        fmt::format("The parameter {}.StatisticValues.Maximum must be greater than or equal to {}."
                    "StatisticValues.Minimum.",
                    datum.path(), datum.path())));
  }
  builder_.add_point(series, timestamp_ms,
                     signal::point_from_statistic_set(*datum.sample_count, *datum.sum,
                                                      *datum.minimum, *datum.maximum));
  return true;
}

std::expected<std::shared_ptr<const signal::MetricBatch>, AwsError> MetricDatumSink::finish() {
  if (error_) return std::unexpected(std::move(*error_));
  if (datums_ == 0) return std::unexpected(required("MetricData"));
  return builder_.finish();
}

}  // namespace kansoku::api::aws::monitoring
