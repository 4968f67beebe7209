#include "api/console/explore.h"

#include <unordered_map>

#include "api/console/reply.h"
#include "base/text/ascii.h"
#include "query/exec/namespaces.h"
#include "query/metric_math/metric_math.h"
#include "query/promql/functions.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

constexpr size_t kRowsDefault = 200;
constexpr size_t kRowsMax = 1'000;
constexpr size_t kValuesDefault = 1'000;
constexpr size_t kValuesMax = 10'000;
constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kDaysMax = 455;

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
  void null(std::string_view key) {
    json_.key(key);
    json_.null();
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

enum class By : uint8_t { Name, Label, Pair, Unread };

std::optional<By> by_of(std::string_view text) {
  if (text == "name") return By::Name;
  if (text == "label") return By::Label;
  if (text == "pair") return By::Pair;
  if (text == "unread") return By::Unread;
  return std::nullopt;
}

// What is counted: a name of a namespace, a label, or a label with its value.
struct Key {
  std::string_view first;
  std::string_view second;
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  size_t operator()(const Key& key) const {
    return std::hash<std::string_view>()(key.first) * 31 +
           std::hash<std::string_view>()(key.second);
  }
};
struct Count {
  uint64_t series = 0;
  uint64_t unread = 0;
  uint64_t values = 0;
  int64_t last_active_ms = 0;
  int64_t last_read_ms = 0;

  void add(const store::SeriesInfo& info, int64_t read_ms, bool is_unread) {
    ++series;
    unread += is_unread ? 1 : 0;
    last_active_ms = std::max(last_active_ms, info.last_ms);
    last_read_ms = std::max(last_read_ms, read_ms);
  }
};
using Counts = std::unordered_map<Key, Count, KeyHash>;

struct Reads {
  bool known = false;
  std::vector<int64_t> last_ms;  // one a series
  int64_t before_ms = 1;         // read before this moment, or never: counts as unread
};

Reads reads_of(const ExploreRequest& request, const std::vector<store::SeriesInfo>& series,
               size_t days) {
  std::vector<store::SeriesId> ids;
  ids.reserve(series.size());
  for (const store::SeriesInfo& info : series) ids.push_back(info.id);
  Reads out;
  auto found = request.metrics->last_read_ms(ids);
  out.known = found.has_value();
  out.last_ms = found ? std::move(*found) : std::vector<int64_t>(series.size(), 0);
  if (days > 0) out.before_ms = request.now_ms - static_cast<int64_t>(days) * kDayMs;
  return out;
}

Counts count(const std::vector<store::SeriesInfo>& series, const Reads& reads, By by) {
  Counts out;
  Counts pairs;
  for (size_t i = 0; i < series.size(); ++i) {
    const store::SeriesInfo& info = series[i];
    int64_t read_ms = reads.last_ms[i];
    bool unread = reads.known && read_ms < reads.before_ms;
    if (by == By::Name || by == By::Unread) {
      out[{info.labels.get(signal::kNameLabel), query::namespace_of(info)}].add(info, read_ms,
                                                                                unread);
      continue;
    }
    signal::visit_labels(info.labels.canonical(), [&](signal::LabelView label) {
      if (label.name.starts_with("__")) return;
      Count& pair = pairs[{label.name, label.value}];
      pair.add(info, read_ms, unread);
      if (by == By::Pair) return;
      Count& name = out[{label.name, {}}];
      name.add(info, read_ms, unread);
      if (pair.series == 1) ++name.values;
    });
  }
  return by == By::Pair ? pairs : out;
}

using CountRow = std::pair<Key, Count>;

std::vector<CountRow> sorted_rows(const Counts& counts, By by, const std::string& words) {
  std::vector<CountRow> out;
  for (const auto& [key, one] : counts) {
    if (by == By::Unread && one.unread == 0) continue;
    if (!words.empty() && lower_ascii(key.first).find(words) == std::string::npos &&
        lower_ascii(key.second).find(words) == std::string::npos) {
      continue;
    }
    out.emplace_back(key, one);
  }
  std::ranges::sort(out, [by](const CountRow& a, const CountRow& b) {
    uint64_t left = by == By::Unread ? a.second.unread : a.second.series;
    uint64_t right = by == By::Unread ? b.second.unread : b.second.series;
    if (left != right) return left > right;
    return std::tie(a.first.first, a.first.second) < std::tie(b.first.first, b.first.second);
  });
  return out;
}

void append_row(wire::JsonWriter& json, const CountRow& row, By by, bool reads_known) {
  const auto& [key, one] = row;
  Object object(json);
  object.text("name", key.first);
  if (by == By::Name || by == By::Unread) object.text("namespace", key.second);
  if (by == By::Pair) object.text("value", key.second);
  object.number("series", static_cast<int64_t>(one.series));
  if (by == By::Label) object.number("values", static_cast<int64_t>(one.values));
  object.number("lastActive", one.last_active_ms);
  if (reads_known) {
    object.number("unread", static_cast<int64_t>(one.unread));
    object.number("lastRead", one.last_read_ms);
  } else {
    object.null("unread");
    object.null("lastRead");
  }
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

net::HttpResponse cardinality_reply(const ExploreRequest& request) {
  std::string asked = request.parameter("by");
  auto by = by_of(asked.empty() ? "name" : asked);
  if (!by) {
    return error_reply(400, "InvalidRequest",
                       fmt::format("by is name, label, pair or unread, not {}", quoted(asked)));
  }
  auto limit = number_of(request, "limit", kRowsDefault, kRowsMax);
  if (!limit) return bad_number("limit", kRowsMax);
  auto days = number_of(request, "days", 0, kDaysMax);
  if (!days) return bad_number("days", kDaysMax);
  auto series = request.metrics->select({.scope = request.scope, .sorted = false});
  if (!series) return error_reply(series.error());
  Reads reads = reads_of(request, *series, *days);
  if (!reads.known && *by == By::Unread) {
    return error_reply(501, "NotSupported", "this store does not know when series were read");
  }
  Counts counts = count(*series, reads, *by);
  std::vector<CountRow> rows = sorted_rows(counts, *by, lower_ascii(request.parameter("q")));
  int64_t unread = std::ranges::count_if(
      reads.last_ms, [&](int64_t read_ms) { return reads.known && read_ms < reads.before_ms; });
  return object_reply([&](Object& object, wire::JsonWriter& json) {
    object.number("series", static_cast<int64_t>(series->size()));
    object.number("unread", unread);
    object.number("total", static_cast<int64_t>(rows.size()));
    rows.resize(std::min(rows.size(), *limit));
    object.array("rows", rows,
                 [&](const CountRow& row) { append_row(json, row, *by, reads.known); });
  });
}

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
    object.array("sqlKeywords", kSqlKeywords, [&](std::string_view word) { json.string(word); });
  });
}

}  // namespace kansoku::api::console
