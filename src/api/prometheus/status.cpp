// /api/v1/status/*, and the operations that are refused by name.
#include "api/prometheus/select.h"
#include "api/prometheus/values.h"
#include "store/cardinality.h"
#include "store/metric_limits.h"

namespace kansoku::api::prometheus {
namespace {

// The release whose HTTP API this is (decision 072): clients switch their syntax by it.
constexpr std::string_view kApiVersion = "3.14.0";

class ObjectWriter {
 public:
  explicit ObjectWriter(wire::JsonWriter& json) : json_(json) { json_.begin_object(); }
  void text(std::string_view key, std::string_view value) {
    json_.key(key);
    json_.string(value);
  }
  void number(std::string_view key, uint64_t value) {
    json_.key(key);
    json_.unsigned_integer(value);
  }
  void boolean(std::string_view key, bool value) {
    json_.key(key);
    json_.boolean(value);
  }
  void end() { json_.end_object(); }

 private:
  wire::JsonWriter& json_;
};

net::HttpResponse runtime_reply(const Context& context, const Call&) {
  const PrometheusServices& s = context.services;
  store::MetricStoreStats stats = s.metrics->stats();
  return json_reply(success_body([&](wire::JsonWriter& json) {
    ObjectWriter out(json);
    out.text("startTime", rfc3339(s.started_ms));
    out.text("CWD", s.data_directory);
    out.text("hostname", s.host_name);
    out.text("serverTime", rfc3339(s.env.clock->wall_now().ms()));
    out.boolean("reloadConfigSuccess", true);
    out.text("lastConfigTime", rfc3339(s.started_ms));
    out.number("corruptionCount", stats.parts_quarantined);
    // The schema has Go's words; workers stand for its threads.
    out.number("goroutineCount", s.workers);
    out.number("GOMAXPROCS", s.workers);
    out.number("GOMEMLIMIT", s.memory_bytes_max);
    out.text("GOGC", "");
    out.text("GODEBUG", "");
    out.text("storageRetention", fmt::format("{}d", s.retention_ms / 86'400'000));
    out.end();
  }));
}

void append_row(wire::JsonWriter& json, std::string_view name, uint64_t value) {
  json.begin_object();
  json.key("name");
  json.string(name);
  json.key("value");
  json.unsigned_integer(value);
  json.end_object();
}

template <class Row, class Name, class Value>
void append_top(wire::JsonWriter& json, std::string_view key, const std::vector<Row>& rows,
                Name name, Value value) {
  json.key(key);
  json.begin_array();
  for (const Row& row : rows) append_row(json, name(row), value(row));
  json.end_array();
}

net::HttpResponse tsdb_reply(const Context& context, const Call& call) {
  constexpr size_t kLimitDefault = 10;
  constexpr size_t kLimitMax = 10'000;
  auto limit = call.limit("limit");
  if (!limit) return error_reply(limit.error());
  if (!call.value("limit").empty() && (*limit == 0 || *limit > kLimitMax)) {
    return error_reply(400, "bad_data",
                       fmt::format("limit must be a positive number up to {}", kLimitMax));
  }
  size_t count = *limit == 0 ? kLimitDefault : *limit;
  auto series = select_series(context, call, {.start_ms = kTimeMinMs, .end_ms = kTimeMaxMs});
  if (!series) return error_reply(series.error(), true);
  store::Cardinality c = store::count_cardinality(*series, {}, {.rows_max = count});
  auto name_of = [](const auto& row) { return std::string_view(row.name); };
  return json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("headStats");
    {
      ObjectWriter head(json);
      head.number("numSeries", c.series);
      head.number("numLabelPairs", c.pairs);
      head.number("chunkCount", context.services.metrics->stats().parts);
      json.key("minTime");
      json.integer(c.first_ms);
      json.key("maxTime");
      json.integer(c.last_ms);
      head.end();
    }
    append_top(json, "seriesCountByMetricName", c.by_name, name_of,
               [](const auto& row) { return row.series; });
    append_top(json, "labelValueCountByLabelName", c.by_label_values, name_of,
               [](const auto& row) { return row.values; });
    append_top(json, "memoryInBytesByLabelName", c.by_label_bytes, name_of,
               [](const auto& row) { return row.value_bytes; });
    append_top(
        json, "seriesCountByLabelValuePair", c.by_pair,
        [](const auto& row) { return row.name + "=" + row.value; },
        [](const auto& row) { return row.series; });
    json.end_object();
  }));
}

}  // namespace

void handle_build_info(Context& context, CallPtr call) {
  call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
    ObjectWriter out(json);
    out.text("version", kApiVersion);
    out.text("revision", fmt::format("kansoku {}", context.services.version));
    out.text("branch", "");
    out.text("buildUser", "");
    out.text("buildDate", "");
    out.text("goVersion", "");
    out.end();
  })));
}

void handle_runtime_info(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), runtime_reply);
}

void handle_flags(Context& context, CallPtr call) {
  auto flags = context.services.flags;
  flags["kansoku.region"] = call->caller.scope.region;
  flags["kansoku.workspace"] = default_workspace_id(call->caller.scope);
  call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
    ObjectWriter out(json);
    for (const auto& [name, value] : flags) out.text(name, value);
    out.end();
  })));
}

void handle_config(Context& context, CallPtr call) {
  call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
    ObjectWriter out(json);
    out.text("yaml", context.services.configuration);
    out.end();
  })));
}

void handle_tsdb(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), tsdb_reply);
}

void handle_wal_replay(Context&, CallPtr call) {
  // The log is replayed before the listener opens, so whoever can ask finds it done.
  call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
    ObjectWriter out(json);
    out.number("min", 0);
    out.number("max", 0);
    out.number("current", 0);
    out.end();
  })));
}

}  // namespace kansoku::api::prometheus
