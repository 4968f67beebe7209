#include "api/prometheus/self_metrics.h"

#include <cmath>
#include <map>

#include "wire/exposition/exposition.h"

namespace kansoku::api::prometheus {
namespace {

namespace exposition = wire::exposition;

// As the values of io.prometheus.client.MetricType are called.
struct Kind {
  std::string_view name;
  std::string_view member;
};
Kind kind_of(exposition::MetricType type) {
  if (type == exposition::MetricType::Counter) return {"COUNTER", "counter"};
  if (type == exposition::MetricType::Gauge) return {"GAUGE", "gauge"};
  return {"UNTYPED", "untyped"};
}

struct Series {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
struct Family {
  exposition::MetricType type = exposition::MetricType::Unknown;
  std::string help;
  std::vector<Series> series;
};

// Families by the name of their samples: a counter's has "_total", as the reference's families do.
class Collector final : public exposition::Visitor {
 public:
  Collector(const store::Regex* pattern, std::string_view account)
      : pattern_(pattern), account_(account) {}
  std::map<std::string, Family> families;

  void type(std::string_view, exposition::MetricType type) override { type_ = type; }
  void help(std::string_view, std::string_view text) override { help_ = text; }
  void unit(std::string_view, std::string_view) override {}
  void sample(exposition::Sample& sample) override {
    if (pattern_ != nullptr && !pattern_->matches(sample.name)) return;
    Series series{.labels = {}, .value = sample.value};
    for (const signal::LabelView& label : sample.labels) {
      if (label.name == signal::kNameLabel) continue;
      if (label.name == "account" && label.value != account_) return;
      series.labels.emplace_back(label.name, label.value);
    }
    Family& family = families[std::string(sample.name)];
    family.type = type_;
    family.help = help_;
    family.series.push_back(std::move(series));
  }

 private:
  const store::Regex* pattern_;
  std::string_view account_;
  // Of the family whose samples follow.
  exposition::MetricType type_ = exposition::MetricType::Unknown;
  std::string help_;
};

void append_series(wire::JsonWriter& json, const Series& series, std::string_view member) {
  json.begin_object();
  if (!series.labels.empty()) {
    json.key("label");
    json.begin_array();
    for (const auto& [name, value] : series.labels) {
      json.begin_object();
      json.key("name");
      json.string(name);
      json.key("value");
      json.string(value);
      json.end_object();
    }
    json.end_array();
  }
  json.key(member);
  json.begin_object();
  json.key("value");
  if (std::isfinite(series.value)) {
    json.number(series.value);
  } else {
    json.string(std::isnan(series.value) ? "NaN" : series.value > 0 ? "Infinity" : "-Infinity");
  }
  json.end_object();
  json.end_object();
}

}  // namespace

Status append_self_metrics(std::string_view text, const store::Regex* pattern,
                           std::string_view account, wire::JsonWriter& json) {
  Collector collector(pattern, account);
  auto parsed = exposition::parse(text, {.format = exposition::Format::OpenMetrics}, collector);
  if (!parsed) return internal_error("own metrics: {}", parsed.error().to_string());
  json.begin_array();
  for (const auto& [name, family] : collector.families) {
    Kind kind = kind_of(family.type);
    json.begin_object();
    json.key("name");
    json.string(name);
    json.key("help");
    json.string(family.help);
    json.key("type");
    json.string(kind.name);
    json.key("metric");
    json.begin_array();
    for (const Series& series : family.series) append_series(json, series, kind.member);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  return {};
}

}  // namespace kansoku::api::prometheus
