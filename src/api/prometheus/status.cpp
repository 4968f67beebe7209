// /api/v1/status/*, and the operations that are refused by name.
#include <unordered_map>

#include "api/prometheus/select.h"
#include "api/prometheus/values.h"
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

struct Counts {
  std::unordered_map<std::string_view, uint64_t> of;
  std::vector<std::pair<std::string_view, uint64_t>> top(size_t limit) const {
    std::vector<std::pair<std::string_view, uint64_t>> out(of.begin(), of.end());
    auto more = [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    };
    size_t count = std::min(limit, out.size());
    std::partial_sort(out.begin(), out.begin() + static_cast<ptrdiff_t>(count), out.end(), more);
    out.resize(count);
    return out;
  }
};

// What the series of a tenant are made of.
struct Cardinality {
  Counts series_by_name;
  Counts values_by_label;
  Counts bytes_by_label;
  Counts series_by_pair;
  uint64_t pairs = 0;
  int64_t first_ms = std::numeric_limits<int64_t>::max();
  int64_t last_ms = std::numeric_limits<int64_t>::min();
};

Cardinality count_series(const std::vector<store::SeriesInfo>& series,
                         std::vector<std::string>& pair_texts) {
  Cardinality out;
  struct Pair {
    std::string_view name;
    std::string_view value;
    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    size_t operator()(const Pair& pair) const {
      return std::hash<std::string_view>()(pair.name) * 31 +
             std::hash<std::string_view>()(pair.value);
    }
  };
  std::unordered_map<Pair, uint64_t, PairHash> pairs;
  for (const store::SeriesInfo& info : series) {
    out.first_ms = std::min(out.first_ms, info.first_ms);
    out.last_ms = std::max(out.last_ms, info.last_ms);
    signal::visit_labels(info.labels.canonical(), [&](signal::LabelView label) {
      if (label.name == signal::kNameLabel) ++out.series_by_name.of[label.value];
      if (++pairs[{label.name, label.value}] == 1) {
        ++out.values_by_label.of[label.name];
        out.bytes_by_label.of[label.name] += label.value.size();
      }
    });
  }
  out.pairs = pairs.size();
  pair_texts.reserve(pairs.size());  // views into it are kept
  for (const auto& [pair, count] : pairs) {
    pair_texts.push_back(fmt::format("{}={}", pair.name, pair.value));
    out.series_by_pair.of[pair_texts.back()] += count;
  }
  return out;
}

void append_top(wire::JsonWriter& json, std::string_view key, const Counts& counts, size_t limit) {
  json.key(key);
  json.begin_array();
  for (const auto& [name, count] : counts.top(limit)) {
    json.begin_object();
    json.key("name");
    json.string(name);
    json.key("value");
    json.unsigned_integer(count);
    json.end_object();
  }
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
  auto series = select_series(context, call, {{}, kTimeMinMs, kTimeMaxMs});
  if (!series) return error_reply(series.error(), true);
  std::vector<std::string> pair_texts;
  Cardinality cardinality = count_series(*series, pair_texts);
  return json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("headStats");
    json.begin_object();
    json.key("numSeries");
    json.unsigned_integer(series->size());
    json.key("numLabelPairs");
    json.unsigned_integer(cardinality.pairs);
    json.key("chunkCount");
    json.unsigned_integer(context.services.metrics->stats().parts);
    json.key("minTime");
    json.integer(series->empty() ? 0 : cardinality.first_ms);
    json.key("maxTime");
    json.integer(series->empty() ? 0 : cardinality.last_ms);
    json.end_object();
    append_top(json, "seriesCountByMetricName", cardinality.series_by_name, count);
    append_top(json, "labelValueCountByLabelName", cardinality.values_by_label, count);
    append_top(json, "memoryInBytesByLabelName", cardinality.bytes_by_label, count);
    append_top(json, "seriesCountByLabelValuePair", cardinality.series_by_pair, count);
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
