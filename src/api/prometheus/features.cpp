// /api/v1/features: what of the reference server's features there is here.
#include "api/prometheus/call.h"
#include "api/prometheus/search_match.h"
#include "query/promql/functions.h"

namespace kansoku::api::prometheus {
namespace {

struct Feature {
  std::string_view category;
  std::string_view name;
  bool enabled = false;
};

// Those that no table of the code tells; by category and name. What is missing here is not known to
// the reference server 3.14 either.
constexpr Feature kFeatures[] = {
    {"api", "admin", true},
    {"api", "exclude_alerts", false},
    {"api", "label_values_match", true},
    {"api", "lifecycle", false},
    {"api", "openapi_3.1", true},
    {"api", "openapi_3.2", false},
    {"api", "otlp_write_receiver", false},
    {"api", "query_stats", true},
    {"api", "query_warnings", true},
    {"api", "remote_write_receiver", true},
    {"api", "search", true},
    {"api", "time_range_labels", true},
    {"api", "time_range_series", true},
    {"otlp_receiver", "delta_conversion", false},
    {"otlp_receiver", "native_delta_ingestion", false},
    {"prometheus", "agent_mode", false},
    {"prometheus", "auto_reload_config", false},
    {"prometheus", "server_mode", true},
    {"promql", "anchored", true},
    {"promql", "at_modifier", true},
    {"promql", "bool", true},
    {"promql", "by", true},
    {"promql", "delayed_name_removal", true},
    {"promql", "duration_expr", true},
    {"promql", "fill", true},
    {"promql", "fill_left", true},
    {"promql", "fill_right", true},
    {"promql", "group_left", true},
    {"promql", "group_right", true},
    {"promql", "ignoring", true},
    {"promql", "negative_offset", true},
    {"promql", "offset", true},
    {"promql", "on", true},
    {"promql", "per_query_lookback_delta", true},
    {"promql", "per_step_stats", false},
    {"promql", "smoothed", true},
    {"promql", "subqueries", true},
    {"promql", "type_and_unit_labels", false},
    {"promql", "without", true},
    {"promql_operators", "=~", true},
    {"promql_operators", "!~", true},
    {"promql_operators", "@", true},
    {"rules", "concurrent_rule_eval", false},
    {"rules", "keep_firing_for", false},
    {"rules", "query_offset", false},
    {"scrape", "extra_scrape_metrics", false},
    {"scrape", "start_timestamp_zero_ingestion", false},
    {"scrape", "type_and_unit_labels", false},
    {"tsdb", "delayed_compaction", false},
    {"tsdb", "exemplar_storage", true},
    {"tsdb", "histograms_st_encoding", false},
    {"tsdb", "isolation", true},
    {"tsdb", "native_histograms", true},
    {"tsdb", "st_storage", false},
    {"tsdb", "use_uncached_io", false},
    {"tsdb", "xor2_encoding", false},
    {"ui", "ui_v2", false},
    {"ui", "ui_v3", false},
};

using Features = std::map<std::string, std::map<std::string, bool>, std::less<>>;

Features all_features() {
  namespace pq = query::promql;
  Features out;
  for (const Feature& one : kFeatures) {
    out[std::string(one.category)][std::string(one.name)] = one.enabled;
  }
  for (const char* algorithm : kFuzzAlgorithms) {
    out["api"][fmt::format("search_fuzz_alg_{}", algorithm)] = true;
  }
  for (const pq::FunctionRow& row : pq::functions()) {
    out["promql_functions"][std::string(row.name)] = true;
  }
  auto& operators = out["promql_operators"];
  for (auto op = pq::BinaryOp::Add;; op = static_cast<pq::BinaryOp>(static_cast<int>(op) + 1)) {
    operators[std::string(pq::binary_op(op).text)] = true;
    if (op == pq::BinaryOp::Unless) break;
  }
  for (auto op = pq::AggregateOp::Sum;;
       op = static_cast<pq::AggregateOp>(static_cast<int>(op) + 1)) {
    operators[std::string(pq::aggregate_op(op).text)] = true;
    if (op == pq::AggregateOp::LimitRatio) break;
  }
  return out;
}

}  // namespace

void handle_features(Context&, CallPtr call) {
  static const Features kAll = all_features();
  call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_object();
    for (const auto& [category, features] : kAll) {
      json.key(category);
      json.begin_object();
      for (const auto& [name, enabled] : features) {
        json.key(name);
        json.boolean(enabled);
      }
      json.end_object();
    }
    json.end_object();
  })));
}

}  // namespace kansoku::api::prometheus
