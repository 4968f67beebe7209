#include "wire/remote_write/filler.h"

#include "wire/json/json_writer.h"

namespace kansoku::wire::remote_write {
namespace {

constexpr std::array<std::string_view, kReasonCount> kReasons{"bad_labels", "bad_histogram",
                                                              "bad_exemplar", "too_old", "too_new"};
constexpr std::array<std::string_view, 8> kTypes{"unknown",        "counter", "gauge", "histogram",
                                                 "gaugehistogram", "summary", "info",  "stateset"};

// The specification: exemplar label names and values together at most 128 UTF-8 characters
// (OpenMetrics 1.0); bytes stand for characters where they are fewer.
constexpr size_t kExemplarCharactersMax = 128;

size_t characters(std::string_view utf8) {
  size_t count = 0;
  for (char byte : utf8) count += static_cast<size_t>((byte & 0xc0) != 0x80);
  return count;
}

// Nothing, or what is wrong with one label.
std::string_view fault_of(const signal::LabelView& label, bool utf8_known) {
  if (label.name.empty()) return "a label has an empty name";
  if (utf8_known) return {};
  if (!is_utf8(label.name)) return "a label name is not UTF-8";
  if (!is_utf8(label.value)) return "a label value is not UTF-8";
  return {};
}

// Sorts at need; the name that occurs twice, or nothing. Senders sort, so the check is one pass.
const std::string_view* sort_labels(std::vector<signal::LabelView>& labels) {
  auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  auto not_ascending = [](const auto& a, const auto& b) { return a.name >= b.name; };
  if (std::adjacent_find(labels.begin(), labels.end(), not_ascending) == labels.end()) {
    return nullptr;
  }
  std::sort(labels.begin(), labels.end(), by_name);
  auto same = std::adjacent_find(labels.begin(), labels.end(), not_ascending);
  return same == labels.end() ? nullptr : &same->name;
}

std::string show(const std::vector<signal::LabelView>& labels) {
  std::string out = "{";
  for (const auto& label : labels) {
    if (out.size() > 200) return out + " ...}";
    if (out.size() > 1) out += ", ";
    out += fmt::format("{}={}", quoted(label.name), quoted(label.value));
  }
  return out + "}";
}

}  // namespace

std::string_view reason_name(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }
std::string_view metric_type_name(MetricType type) { return kTypes[static_cast<size_t>(type)]; }

void BatchFiller::reserve(size_t message_bytes) {
  // A series of a scrape takes about 300 bytes with 1.0 and 40 with 2.0.
  size_t series = message_bytes / 200 + 1;
  builders_[kFloats].reserve(series, series, message_bytes);
}

bool BatchFiller::begin_series(bool utf8_known, signal::Temporality temporality) {
  rows_.fill(kNoRow);
  meta_ = {.merge = signal::MergeKind::Replace, .temporality = temporality};
  canonical_ = {};
  name_ = {};
  counted_ = false;
  good_ = false;
  if (labels_.size() > limits_.labels_max) {
    refuse_series(fmt::format("too many labels: {}, limit {}", labels_.size(), limits_.labels_max));
    return false;
  }
  size_t bytes = 0;
  for (const signal::LabelView& label : labels_) {
    if (auto fault = fault_of(label, utf8_known); !fault.empty()) {
      refuse_series(fmt::format("{}: {}", fault, show(labels_)));
      return false;
    }
    bytes += label.name.size() + label.value.size();
    if (label.name == signal::kNameLabel) name_ = label.value;
  }
  if (bytes > limits_.label_bytes_max) {
    refuse_series(fmt::format("labels too long: {} bytes, limit {}: {}", bytes,
                              limits_.label_bytes_max, show(labels_)));
    return false;
  }
  if (const std::string_view* twice = sort_labels(labels_)) {
    refuse_series(fmt::format("label {} occurs twice: {}", quoted(*twice), show(labels_)));
    return false;
  }
  if (name_.empty()) {
    refuse_series(fmt::format("no metric name (__name__): {}", show(labels_)));
    return false;
  }
  good_ = true;
  return true;
}

void BatchFiller::begin_canonical_series(std::string_view canonical, std::string_view name) {
  rows_.fill(kNoRow);
  meta_ = {.merge = signal::MergeKind::Replace, .temporality = signal::Temporality::Gauge};
  canonical_ = canonical;
  name_ = name;
  counted_ = false;
  good_ = true;
}

std::string BatchFiller::show_labels() const {
  if (canonical_.empty()) return show(labels_);
  return show(signal::Labels::from_canonical(std::string(canonical_)).list());
}

void BatchFiller::refuse_series(std::string message) {
  good_ = false;
  counted_ = false;
  if (out_.refused.message.empty()) out_.refused.message = std::move(message);
}

void BatchFiller::refuse_row(Reason reason, std::string message) {
  counted_ = true;
  ++out_.refused.rows[static_cast<size_t>(reason)];
  ++out_.refused.total;
  if (out_.refused.message.empty()) out_.refused.message = std::move(message);
}

bool BatchFiller::in_time(int64_t timestamp_ms) {
  if (timestamp_ms < limits_.oldest_ms) {
    refuse_row(Reason::TooOld, fmt::format("sample too old: timestamp {} ms, oldest taken {}: {}",
                                           timestamp_ms, limits_.oldest_ms, show_labels()));
    return false;
  }
  if (timestamp_ms > limits_.newest_ms) {
    refuse_row(Reason::TooNew,
               fmt::format("sample too far in the future: timestamp {} ms, newest taken {}: {}",
                           timestamp_ms, limits_.newest_ms, show_labels()));
    return false;
  }
  return true;
}

signal::MetricBatchBuilder& BatchFiller::row_of(Kind kind, signal::SeriesRow& row) {
  signal::MetricBatchBuilder& builder = builders_[kind];
  if (rows_[kind] == kNoRow) {
    // Sorted and without duplicates since begin_series(), so this holds.
    rows_[kind] = canonical_.empty() ? builder.add_series(labels_, meta_).value_or(kNoRow)
                                     : builder.add_series_canonical(canonical_, meta_);
    used_[kind] = true;
  }
  row = rows_[kind];
  return builder;
}

void BatchFiller::sample(int64_t timestamp_ms, double value, int64_t start_ms) {
  if (!good_) {
    refuse_row(Reason::BadLabels, {});
    return;
  }
  if (!in_time(timestamp_ms)) return;
  counted_ = true;
  signal::SeriesRow row = 0;
  signal::MetricBatchBuilder& builder = row_of(kFloats, row);
  builder.add_float(row, timestamp_ms, value);
  if (start_ms != 0) builder.set_start_ms(start_ms);
}

void BatchFiller::histogram(int64_t timestamp_ms, Result<signal::Distribution> distribution,
                            int64_t start_ms) {
  if (!good_) {
    refuse_row(Reason::BadLabels, {});
    return;
  }
  if (!distribution) {
    refuse_row(Reason::BadHistogram,
               fmt::format("{}: {}", distribution.error().message, show_labels()));
    return;
  }
  if (!in_time(timestamp_ms)) return;
  counted_ = true;
  bool gauge = distribution->reset_hint == signal::ResetHint::Gauge;
  meta_.temporality = gauge ? signal::Temporality::Gauge : signal::Temporality::Cumulative;
  signal::SeriesRow row = 0;
  signal::MetricBatchBuilder& builder = row_of(kHistograms, row);
  builder.add_point(row, timestamp_ms, signal::Point(std::move(*distribution)));
  if (start_ms != 0) builder.set_start_ms(start_ms);
}

void BatchFiller::exemplar(int64_t timestamp_ms, double value,
                           std::vector<signal::LabelView>& labels) {
  std::string fault;
  size_t length = 0;
  for (const signal::LabelView& label : labels) {
    if (fault.empty()) fault = fault_of(label, false);
    length += characters(label.name) + characters(label.value);
  }
  if (fault.empty() && length > kExemplarCharactersMax) {
    fault = fmt::format("exemplar labels too long: {} characters, limit {}", length,
                        kExemplarCharactersMax);
  }
  auto owned = signal::Labels::from(std::move(labels));
  if (fault.empty() && !owned) fault = owned.error().message;
  if (!good_ || !fault.empty()) {
    counted_ = true;
    ++out_.refused.exemplars;
    ++out_.refused.total;
    if (out_.refused.message.empty()) {
      out_.refused.message = fmt::format("{}: {}", fault, show_labels());
    }
    return;
  }
  counted_ = true;
  signal::SeriesRow row = 0;
  signal::MetricBatchBuilder& builder = row_of(kExemplars, row);
  builder.add_exemplar({row, timestamp_ms, value, std::move(*owned)});
}

void BatchFiller::end_series() {
  // A refused series without any sample is still something that the sender has to hear of.
  if (!good_ && !counted_) ++out_.refused.total;
}

void BatchFiller::finish() {
  if (used_[kFloats]) out_.floats = builders_[kFloats].finish();
  if (used_[kHistograms]) out_.histograms = builders_[kHistograms].finish();
  if (used_[kExemplars]) out_.exemplars = builders_[kExemplars].finish();
}

}  // namespace kansoku::wire::remote_write
