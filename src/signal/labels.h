// Labels of a series and their canonical bytes.
//
// Canonical form: for each label, sorted by name (byte order, names unique): varint length of the
// name, name, varint length of the value, value. Two series are the same exactly when these bytes
// (and tenant, region and merge kind) are. A label with an empty value does not exist (Prometheus
// data model), so it is left out. Reserved names: __name__, and for CloudWatch series __namespace__
// and
// __unit__. In CloudWatch's words a dimension is a label.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::signal {

inline constexpr std::string_view kNameLabel = "__name__";
inline constexpr std::string_view kNamespaceLabel = "__namespace__";
inline constexpr std::string_view kUnitLabel = "__unit__";

// A view into bytes owned by somebody else.
struct LabelView {
  std::string_view name;
  std::string_view value;
  friend auto operator<=>(const LabelView&, const LabelView&) = default;
};

// Appends the canonical form; `labels` is sorted in place. Duplicate names are InvalidArgument.
Status append_canonical_labels(std::vector<LabelView>& labels, std::string& out);

// Calls `visit(LabelView)` for each label; false when the bytes are not canonical form
// (corruption).
template <class Visit>
bool visit_labels(std::string_view canonical, Visit&& visit);

// Labels of one series as owned canonical bytes.
class Labels {
 public:
  Labels() = default;
  // From any order; duplicate names are InvalidArgument.
  static Result<Labels> from(std::vector<LabelView> labels);
  // The bytes must be canonical (from a batch or a store).
  static Labels from_canonical(std::string canonical) { return Labels(std::move(canonical)); }

  const std::string& canonical() const { return canonical_; }
  std::string take_canonical() && { return std::move(canonical_); }
  // Empty when there is no such label.
  std::string_view get(std::string_view name) const;
  std::vector<LabelView> list() const;
  // {a="1", b="2"} for people.
  std::string to_string() const;
  friend bool operator==(const Labels&, const Labels&) = default;
  friend auto operator<=>(const Labels&, const Labels&) = default;

 private:
  explicit Labels(std::string canonical) : canonical_(std::move(canonical)) {}
  std::string canonical_;
};

}  // namespace kansoku::signal

#include "signal/labels_inl.h"
