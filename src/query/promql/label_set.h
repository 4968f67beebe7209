// The labels of a series during evaluation: sorted by name, no empty values, shared and immutable,
// so that a copy costs one reference count. Kept as canonical bytes (signal/labels.h) with views
// into them.
//
// Thread contract: immutable after construction, free-threaded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signal/labels.h"

namespace kansoku::query::promql {

inline constexpr std::string_view kMetricName = "__name__";
// What says something of the metric and no longer holds once a function changed the value.
bool is_metadata_label(std::string_view name);

// A label that owns its text, for making label sets.
struct Label {
  std::string name;
  std::string value;
  friend auto operator<=>(const Label&, const Label&) = default;
};
using signal::LabelView;

class LabelSet {
 public:
  LabelSet();
  // Any order; empty values are left out, of equal names the largest value wins.
  static LabelSet from(std::vector<Label> labels);
  static LabelSet from(signal::Labels labels);

  // Valid as long as this set or a copy of it lives.
  std::span<const LabelView> list() const { return rep_->labels; }
  std::string_view canonical() const { return rep_->bytes; }
  bool empty() const { return rep_->labels.empty(); }
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  uint64_t hash() const { return rep_->hash; }
  // The same on every machine and good in all its bits: limit_ratio() compares it with a fraction
  // of 2^64.
  uint64_t stable_hash() const;

  LabelSet without_metadata() const;
  // Only the labels named, or all but them. `names` need not be sorted.
  LabelSet keep(std::span<const std::string> names) const;
  LabelSet drop(std::span<const std::string> names) const;
  // An empty value removes the label.
  LabelSet with(std::string_view name, std::string_view value) const;

  // metric{a="b"}, as Prometheus prints it.
  std::string to_string() const;
  friend bool operator==(const LabelSet& a, const LabelSet& b) {
    return a.rep_ == b.rep_ || (a.rep_->hash == b.rep_->hash && a.rep_->bytes == b.rep_->bytes);
  }
  friend auto operator<=>(const LabelSet& a, const LabelSet& b) {
    return std::lexicographical_compare_three_way(a.list().begin(), a.list().end(),
                                                  b.list().begin(), b.list().end());
  }

 private:
  struct Rep {
    std::string bytes;
    std::vector<LabelView> labels;  // into `bytes`
    uint64_t hash = 0;
  };
  explicit LabelSet(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}
  static LabelSet of_canonical(std::string bytes);
  template <class Keep>
  LabelSet filtered(Keep&& keep) const;
  static LabelSet of_sorted(std::span<const LabelView> labels);
  std::shared_ptr<const Rep> rep_;
};

struct LabelSetHash {
  size_t operator()(const LabelSet& labels) const { return labels.hash(); }
};

// Legacy names: [a-zA-Z_][a-zA-Z0-9_]*, for metrics also colons.
bool is_legacy_label_name(std::string_view name);
bool is_legacy_metric_name(std::string_view name);
// The 3.x rule: not empty, valid UTF-8.
bool is_valid_label_name(std::string_view name);
// A Go-quoted string, as Prometheus' messages and printer show it.
std::string go_quoted(std::string_view text);

}  // namespace kansoku::query::promql
