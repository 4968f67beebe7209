#include "wire/exposition/family_rules.h"

#include <cmath>

namespace kansoku::wire::exposition {
namespace {

std::string_view label_of(const Sample& sample, std::string_view name, bool& found) {
  for (const auto& label : sample.labels) {
    if (label.name != name) continue;
    found = true;
    return label.value;
  }
  found = false;
  return {};
}

bool is_counting(MetricType type, std::string_view suffix) {
  switch (type) {
    case MetricType::Counter:
      return suffix == "_total";
    case MetricType::Histogram:
      return suffix == "_bucket" || suffix == "_count";
    case MetricType::GaugeHistogram:
      return suffix == "_bucket" || suffix == "_gcount";
    case MetricType::Summary:
      return suffix == "_count";  // a sum falls where observations are negative
    default:
      return false;
  }
}

std::span<const std::string_view> suffixes_of(MetricType type) {
  static constexpr std::array<std::string_view, 1> kPlain{""};
  static constexpr std::array<std::string_view, 2> kCounter{"_total", "_created"};
  static constexpr std::array<std::string_view, 4> kHistogram{"_bucket", "_count", "_sum",
                                                              "_created"};
  static constexpr std::array<std::string_view, 3> kGaugeHistogram{"_bucket", "_gcount", "_gsum"};
  static constexpr std::array<std::string_view, 4> kSummary{"", "_count", "_sum", "_created"};
  static constexpr std::array<std::string_view, 1> kInfo{"_info"};
  switch (type) {
    case MetricType::Counter:
      return kCounter;
    case MetricType::Histogram:
      return kHistogram;
    case MetricType::GaugeHistogram:
      return kGaugeHistogram;
    case MetricType::Summary:
      return kSummary;
    case MetricType::Info:
      return kInfo;
    default:
      return kPlain;
  }
}

size_t characters(std::string_view utf8) {
  size_t count = 0;
  for (char byte : utf8) count += static_cast<size_t>((byte & 0xc0) != 0x80);
  return count;
}

}  // namespace

// ---------------------------------------------------------------------------------------------
// Text formats

std::string TextRules::on_type(std::string_view family, MetricType type) {
  Family& known = families_[std::string(family)];
  if (known.type || known.has_samples) {
    return fmt::format("a second TYPE line for {}, or one after its samples", quoted(family));
  }
  known.type = type;
  return {};
}

std::string TextRules::on_help(std::string_view family) {
  Family& known = families_[std::string(family)];
  if (known.has_help) return fmt::format("a second HELP line for {}", quoted(family));
  known.has_help = true;
  return {};
}

std::string TextRules::on_unit(std::string_view, std::string_view) { return {}; }

TextRules::Family& TextRules::family_of_sample(std::string_view name) {
  for (std::string_view suffix : {"_count", "_sum", "_bucket"}) {
    if (!name.ends_with(suffix)) continue;
    key_ = name.substr(0, name.size() - suffix.size());
    auto found = families_.find(key_);
    if (found == families_.end() || !found->second.type) continue;
    bool histogram = *found->second.type == MetricType::Histogram;
    bool summary = *found->second.type == MetricType::Summary && suffix != "_bucket";
    if (histogram || summary) return found->second;
  }
  key_ = name;
  return families_[key_];
}

std::string TextRules::on_sample(const Sample& sample) {
  Family& family = family_of_sample(sample.name);
  family.has_samples = true;
  if (!family.type) return {};
  std::string_view label;
  if (*family.type == MetricType::Summary && sample.name == key_) label = "quantile";
  if (*family.type == MetricType::Histogram && sample.name.ends_with("_bucket")) label = "le";
  if (label.empty()) return {};
  bool found = false;
  std::string_view text = label_of(sample, label, found);
  if (found && !parse_number(text)) {
    return fmt::format("label {} is {}, which is not a number", label, quoted(text));
  }
  return {};
}

// ---------------------------------------------------------------------------------------------
// OpenMetrics

// Begins the family when it is another one than before.
std::string OpenMetricsRules::enter(std::string_view family, bool metadata) {
  if (open_ && family == family_) {
    if (metadata && has_samples_) {
      return fmt::format("metadata of {} after its samples", quoted(family));
    }
    return {};
  }
  if (std::string ended = end_family(); !ended.empty()) return ended;
  if (!families_seen_.insert(std::string(family)).second) {
    return fmt::format("the lines of {} do not stand together", quoted(family));
  }
  family_ = family;
  open_ = true;
  type_.reset();
  has_help_ = false;
  unit_.reset();
  has_samples_ = false;
  labels_seen_.clear();
  return {};
}

std::string OpenMetricsRules::on_type(std::string_view family, MetricType type) {
  if (std::string bad = enter(family, true); !bad.empty()) return bad;
  if (type_) return fmt::format("a second TYPE line for {}", quoted(family));
  type_ = type;
  return {};
}

std::string OpenMetricsRules::on_help(std::string_view family) {
  if (std::string bad = enter(family, true); !bad.empty()) return bad;
  if (has_help_) return fmt::format("a second HELP line for {}", quoted(family));
  has_help_ = true;
  return {};
}

std::string OpenMetricsRules::on_unit(std::string_view family, std::string_view unit) {
  if (std::string bad = enter(family, true); !bad.empty()) return bad;
  if (unit_) return fmt::format("a second UNIT line for {}", quoted(family));
  unit_ = unit;
  bool suffixed = family.size() > unit.size() + 1 && family.ends_with(unit) &&
                  family[family.size() - unit.size() - 1] == '_';
  if (!unit.empty() && !suffixed) {
    return fmt::format("the name {} does not end in its unit {}", quoted(family), quoted(unit));
  }
  return {};
}

// The suffix of a sample of the family at hand; nothing when it is none.
std::optional<std::string_view> OpenMetricsRules::suffix_of(std::string_view name) const {
  if (!open_ || !name.starts_with(family_)) return std::nullopt;
  std::string_view rest = name.substr(family_.size());
  // Counters whose family is named with the suffix: the example of the reference's own guide to
  // backfilling, and what most people write.
  if (rest.empty() && type_ == MetricType::Counter && family_.ends_with("_total")) return "_total";
  for (std::string_view suffix : suffixes_of(type_.value_or(MetricType::Unknown))) {
    if (suffix == rest) return rest;
  }
  return std::nullopt;
}

std::string OpenMetricsRules::on_sample(const Sample& sample) {
  auto suffix = suffix_of(sample.name);
  if (!suffix) {
    bool of_family = open_ && !has_samples_ && type_ && sample.name.starts_with(family_);
    if (of_family && *type_ != MetricType::Unknown && *type_ != MetricType::Gauge) {
      bool plain = sample.name == family_;
      if (plain) {
        return fmt::format("a sample of {} without the suffix of its type", quoted(family_));
      }
    }
    if (std::string bad = enter(sample.name, false); !bad.empty()) return bad;
    suffix = "";
  }
  has_samples_ = true;
  MetricType type = type_.value_or(MetricType::Unknown);
  std::string_view special;
  if (*suffix == "_bucket") special = "le";
  if (type == MetricType::Summary && suffix->empty()) special = "quantile";
  if (type == MetricType::StateSet) special = family_;
  if (std::string bad = enter_group(sample, special); !bad.empty()) return bad;
  if (std::string bad = check_value(sample, *suffix); !bad.empty()) return bad;
  return check_exemplar(sample, *suffix);
}

std::string OpenMetricsRules::enter_group(const Sample& sample, std::string_view special) {
  std::string labels;
  std::string whole;
  std::vector<signal::LabelView> sorted = sample.labels;
  std::sort(sorted.begin(), sorted.end());
  for (const auto& label : sorted) {
    std::string one = fmt::format("{}\x01{}\x02", label.name, label.value);
    whole += one;
    if (label.name != signal::kNameLabel && label.name != special) labels += one;
  }
  if (!in_group_ || labels != labels_) {
    if (std::string bad = end_group(); !bad.empty()) return bad;
    if (!labels_seen_.insert(labels).second) {
      return fmt::format("the samples of one metric of {} do not stand together", quoted(family_));
    }
    labels_ = std::move(labels);
    in_group_ = true;
    group_time_ = sample.timestamp_ms;
    group_has_time_ = sample.timestamp_ms.has_value();
  } else if (sample.timestamp_ms.has_value() != group_has_time_) {
    return "some samples of one metric have a timestamp, some have none";
  } else if (sample.timestamp_ms != group_time_) {
    bool moved = *sample.timestamp_ms > *group_time_;
    // Each series of the group may list its times for itself (a backfill); a series never goes
    // back.
    if (moved || samples_seen_.empty()) group_time_ = sample.timestamp_ms;
  }
  if (sample.timestamp_ms) whole += fmt::format("\x03{}", *sample.timestamp_ms);
  if (!samples_seen_.insert(std::move(whole)).second) {
    return fmt::format("a sample of {} twice", quoted(sample.name));
  }
  return {};
}

std::string OpenMetricsRules::check_value(const Sample& sample, std::string_view suffix) {
  MetricType type = type_.value_or(MetricType::Unknown);
  bool never_negative = type != MetricType::GaugeHistogram && is_counting(type, suffix);
  if (is_counting(type, suffix) &&
      (std::isnan(sample.value) || (never_negative && sample.value < 0))) {
    return fmt::format("{} counts, so it is neither negative nor NaN", quoted(sample.name));
  }
  bool found = false;
  if (type == MetricType::Info && sample.value != 1) return "the value of an info is 1";
  if (type == MetricType::StateSet) {
    (void)label_of(sample, family_, found);
    if (!found) return fmt::format("a state of {} without the label of that name", quoted(family_));
    if (sample.value != 0 && sample.value != 1) return "the value of a state is 0 or 1";
  }
  if (type == MetricType::Summary && suffix.empty()) {
    auto quantile = parse_number(label_of(sample, "quantile", found));
    if (!found || !quantile || !(*quantile >= 0 && *quantile <= 1)) {
      return "a quantile lies between 0 and 1";
    }
  }
  if (suffix == "_bucket") return check_bucket(sample);
  if (suffix == "_count" || suffix == "_gcount") group_.count = sample.value;
  return {};
}

std::string OpenMetricsRules::check_bucket(const Sample& sample) {
  bool found = false;
  auto bound = parse_number(label_of(sample, "le", found));
  if (!found || !bound || std::isnan(*bound)) return "a bucket without a number in its label le";
  // Only where the times of the group are one: a backfill lists each bucket's times for itself.
  if (sample.timestamp_ms && sample.timestamp_ms != group_time_) return {};
  if (group_.last_bucket && *bound > group_.last_bound && sample.value < *group_.last_bucket) {
    return fmt::format("a bucket of {} holds less than the one before it", quoted(family_));
  }
  if (group_.last_bucket && *bound < group_.last_bound) {
    return fmt::format("the buckets of {} do not ascend", quoted(family_));
  }
  bool same_bound = group_.last_bucket && *bound == group_.last_bound;
  if (!same_bound || sample.value > *group_.last_bucket) group_.last_bucket = sample.value;
  group_.last_bound = *bound;
  group_.has_infinite_bucket = std::isinf(*bound) && *bound > 0;
  return {};
}

std::string OpenMetricsRules::check_exemplar(const Sample& sample, std::string_view suffix) const {
  if (sample.exemplar == nullptr) return {};
  MetricType type = type_.value_or(MetricType::Unknown);
  bool may = (type == MetricType::Counter && suffix == "_total") || suffix == "_bucket";
  if (!may) return fmt::format("{} cannot have an exemplar", quoted(sample.name));
  size_t length = 0;
  for (const auto& label : sample.exemplar->labels) {
    length += characters(label.name) + characters(label.value);
  }
  if (length > 128) {
    return fmt::format("the exemplar's labels are {} characters long, limit 128", length);
  }
  return {};
}

std::string OpenMetricsRules::end_group() {
  bool histogram = type_ == MetricType::Histogram || type_ == MetricType::GaugeHistogram;
  std::string bad;
  if (in_group_ && histogram) {
    if (!group_.has_infinite_bucket) {
      bad = fmt::format("a histogram of {} without the bucket +Inf", quoted(family_));
    } else if (!group_has_time_ && group_.count && *group_.count != *group_.last_bucket) {
      bad = fmt::format("the count of {} is not that of its bucket +Inf", quoted(family_));
    }
  }
  group_ = {};
  in_group_ = false;
  group_time_.reset();
  samples_seen_.clear();
  return bad;
}

std::string OpenMetricsRules::end_family() {
  std::string bad = end_group();
  open_ = false;
  return bad;
}

}  // namespace kansoku::wire::exposition
