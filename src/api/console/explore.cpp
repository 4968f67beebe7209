#include "api/console/explore.h"

#include "api/console/reply.h"
#include "base/text/ascii.h"
#include "query/exec/namespaces.h"
#include "query/logs_insights/logs_insights.h"
#include "query/metric_math/metric_math.h"
#include "query/promql/functions.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

constexpr size_t kValuesDefault = 1'000;
constexpr size_t kValuesMax = 10'000;

// What SELECT takes, in the order in which a query has them.
constexpr auto kSqlKeywords = std::to_array<std::string_view>(
    {"SELECT", "FROM", "SCHEMA", "WHERE", "AND", "GROUP BY", "ORDER BY", "ASC", "DESC", "LIMIT"});
constexpr auto kSqlFunctions = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"AVG", "the average of the metrics"},
     {"COUNT", "how many samples there are"},
     {"MAX", "the largest value"},
     {"MIN", "the smallest value"},
     {"SUM", "the sum of all values"}});

class Object {
 public:
  explicit Object(wire::JsonWriter& json) : json_(json) { json_.begin_object(); }
  ~Object() { json_.end_object(); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  void text(std::string_view key, std::string_view value) {
    json_.key(key);
    json_.string(value);
  }
  void number(std::string_view key, int64_t value) {
    json_.key(key);
    json_.integer(value);
  }
  template <class Items, class Append>
  void array(std::string_view key, const Items& items, Append append) {
    json_.key(key);
    json_.begin_array();
    for (const auto& item : items) append(item);
    json_.end_array();
  }

 private:
  wire::JsonWriter& json_;
};

template <class F>
net::HttpResponse object_reply(F fill) {
  std::string body;
  wire::JsonWriter json(body);
  {
    Object object(json);
    fill(object, json);
  }
  return json_reply(std::move(body));
}

// A number from 0 to `most` of a parameter; nothing where it is none.
std::optional<size_t> number_of(const ExploreRequest& request, std::string_view name,
                                size_t otherwise, size_t most) {
  std::string text = request.parameter(name);
  if (text.empty()) return otherwise;
  size_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

net::HttpResponse bad_number(std::string_view name, size_t most) {
  return error_reply(400, "InvalidRequest", fmt::format("{} must be 0 to {}", name, most));
}

// As completion shows it: points of accumulating series are cells with several statistics.
std::string_view type_of(const store::SeriesInfo& info) {
  if (info.merge != signal::MergeKind::Replace) return "statistics";
  return info.temporality == signal::Temporality::Cumulative ? "counter" : "gauge";
}

// The selection of a request: of one metric where it names one.
Result<std::vector<store::SeriesInfo>> select_of(const ExploreRequest& request) {
  store::SeriesSelector selector{.scope = request.scope};
  selector.sorted = false;
  if (std::string metric = request.parameter("metric"); !metric.empty()) {
    selector.matchers.push_back(
        {std::string(signal::kNameLabel), store::MatchOp::Equal, std::move(metric)});
  }
  return request.metrics->select(selector);
}

net::HttpResponse list_reply(const std::set<std::string_view>& all, std::string_view words,
                             size_t limit) {
  return object_reply([&](Object& object, wire::JsonWriter& json) {
    std::vector<std::string_view> shown;
    size_t total = 0;
    for (std::string_view one : all) {
      if (!words.empty() && lower_ascii(one).find(words) == std::string::npos) continue;
      if (++total <= limit) shown.push_back(one);
    }
    object.array("values", shown, [&](std::string_view one) { json.string(one); });
    object.number("total", static_cast<int64_t>(total));
  });
}

}  // namespace

net::HttpResponse labels_reply(const ExploreRequest& request) {
  auto series = select_of(request);
  if (!series) return error_reply(series.error());
  std::set<std::string_view> names;
  for (const store::SeriesInfo& info : *series) {
    signal::visit_labels(info.labels.canonical(),
                         [&](signal::LabelView label) { names.insert(label.name); });
  }
  return list_reply(names, lower_ascii(request.parameter("q")), kValuesMax);
}

net::HttpResponse label_values_reply(const ExploreRequest& request, const std::string& label) {
  auto limit = number_of(request, "limit", kValuesDefault, kValuesMax);
  if (!limit) return bad_number("limit", kValuesMax);
  auto series = select_of(request);
  if (!series) return error_reply(series.error());
  std::set<std::string_view> values;
  for (const store::SeriesInfo& info : *series) {
    if (auto value = info.labels.get(label); !value.empty()) values.insert(value);
  }
  return list_reply(values, lower_ascii(request.parameter("q")), *limit);
}

net::HttpResponse metadata_reply(const ExploreRequest& request) {
  auto series = select_of(request);
  if (!series) return error_reply(series.error());
  std::map<std::string_view, const store::SeriesInfo*> by_name;
  for (const store::SeriesInfo& info : *series) {
    by_name.emplace(info.labels.get(signal::kNameLabel), &info);
  }
  return object_reply([&](Object& object, wire::JsonWriter& json) {
    object.array("metrics", by_name, [&](const auto& entry) {
      const store::SeriesInfo& info = *entry.second;
      Object one(json);
      one.text("name", entry.first);
      one.text("namespace", query::namespace_of(info));
      one.text("type", type_of(info));
      one.text("unit", query::unit_of(info));
    });
  });
}

net::HttpResponse languages_reply() {
  return object_reply([](Object& object, wire::JsonWriter& json) {
    object.array("promql", query::promql::functions(), [&](const auto& function) {
      Object one(json);
      one.text("name", function.name);
      one.text("doc", function.doc);
    });
    object.array("math", query::metric_math::function_docs(), [&](const auto& function) {
      Object one(json);
      one.text("name", function.name);
      one.text("signature", function.signature);
      one.text("doc", function.doc);
    });
    object.array("sql", kSqlFunctions, [&](const auto& function) {
      Object one(json);
      one.text("name", function.first);
      one.text("doc", function.second);
    });
    object.array("insights", query::logs_insights::docs(), [&](const auto& row) {
      Object one(json);
      one.text("name", row.name);
      one.text("group", row.group);
      one.text("signature", row.signature);
      one.text("doc", row.doc);
    });
    object.array("sqlKeywords", kSqlKeywords, [&](std::string_view word) { json.string(word); });
  });
}

}  // namespace kansoku::api::console
