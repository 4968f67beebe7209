#include "wire/exposition/batches.h"

#include "base/check.h"

namespace kansoku::wire::exposition {

Family& BatchVisitor::family(std::string_view name) {
  auto [found, made] = family_rows_.try_emplace(std::string(name), families_.size());
  if (made) families_.push_back({.name = std::string(name), .help = {}, .unit = {}});
  return families_[found->second];
}

void BatchVisitor::type(std::string_view name, MetricType type) { family(name).type = type; }
void BatchVisitor::help(std::string_view name, std::string_view text) { family(name).help = text; }
void BatchVisitor::unit(std::string_view name, std::string_view unit) { family(name).unit = unit; }

void BatchVisitor::sample(Sample& sample) {
  std::erase_if(sample.labels, [](const auto& label) { return label.value.empty(); });
  canonical_.clear();
  // The parser has seen that names are distinct.
  KANSOKU_CHECK(signal::append_canonical_labels(sample.labels, canonical_).has_value());
  auto [found, made] = rows_.try_emplace(canonical_, 0);
  if (made) found->second = builder_.add_series_canonical(canonical_, {});
  int64_t ms = sample.timestamp_ms.value_or(options_.now_ms);
  builder_.add_float(found->second, ms, sample.value);
  if (sample.exemplar != nullptr) {
    auto labels = signal::Labels::from(sample.exemplar->labels);
    if (labels) {
      builder_.add_exemplar({found->second, sample.exemplar->timestamp_ms.value_or(ms),
                             sample.exemplar->value, std::move(*labels)});
    }
  }
  ++samples_;
  if (builder_.point_count() >= options_.points_max) finish();
}

void BatchVisitor::finish() {
  if (builder_.point_count() == 0) return;
  rows_.clear();
  take_(builder_.finish());
}

}  // namespace kansoku::wire::exposition
