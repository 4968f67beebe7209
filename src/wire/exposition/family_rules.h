// How the lines of a family go together (Checks::Families). Internal to this folder.
//
// TextRules: what the reference text parser refuses (prometheus/common, expfmt). OpenMetricsRules:
// the OpenMetrics 1.0 specification, sections "MetricFamily" and "Metric Types". Thread contract:
// thread-confined; names are copied, texts are not kept.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "wire/exposition/line_parser.h"

namespace kansoku::wire::exposition {

class TextRules final : public LineRules {
 public:
  std::string on_type(std::string_view family, MetricType type) override;
  std::string on_help(std::string_view family) override;
  std::string on_unit(std::string_view family, std::string_view unit) override;
  std::string on_sample(const Sample& sample) override;
  std::string at_end() override { return {}; }

 private:
  struct Family {
    std::optional<MetricType> type;
    bool has_help = false;
    bool has_samples = false;
  };
  Family& family_of_sample(std::string_view name);
  std::unordered_map<std::string, Family> families_;
  std::string key_;
};

class OpenMetricsRules final : public LineRules {
 public:
  std::string on_type(std::string_view family, MetricType type) override;
  std::string on_help(std::string_view family) override;
  std::string on_unit(std::string_view family, std::string_view unit) override;
  std::string on_sample(const Sample& sample) override;
  std::string at_end() override { return end_family(); }

 private:
  // The samples of one set of labels (without le, quantile and the state) at one time.
  struct Group {
    std::optional<double> last_bucket;
    double last_bound = 0;
    bool has_infinite_bucket = false;
    std::optional<double> count;
    bool has_sum = false;
  };
  std::string enter(std::string_view family, bool metadata);
  std::string end_family();
  std::string end_group();
  std::string enter_group(const Sample& sample, std::string_view special);
  std::string check_value(const Sample& sample, std::string_view suffix);
  std::string check_bucket(const Sample& sample);
  std::string check_exemplar(const Sample& sample, std::string_view suffix) const;
  std::optional<std::string_view> suffix_of(std::string_view name) const;

  std::string family_;
  bool open_ = false;
  std::optional<MetricType> type_;
  bool has_help_ = false;
  std::optional<std::string> unit_;
  bool has_samples_ = false;
  std::unordered_set<std::string> families_seen_;
  std::string labels_;  // of the group at hand
  bool in_group_ = false;
  std::optional<int64_t> group_time_;
  bool group_has_time_ = false;
  Group group_;
  std::unordered_set<std::string> labels_seen_;   // groups of this family
  std::unordered_set<std::string> samples_seen_;  // of the group at one time
};

}  // namespace kansoku::wire::exposition
