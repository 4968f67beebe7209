// /api/v1/series, /labels, /label/{name}/values, /metadata.
#include <set>
#include <unordered_set>

#include "api/prometheus/select.h"
#include "api/prometheus/values.h"

namespace kansoku::api::prometheus {
namespace {

constexpr std::string_view kTruncated = "results truncated due to limit";

// Cuts to `limit` (0: none) and says so.
template <class T>
Annotations truncate(std::vector<T>& items, size_t limit) {
  if (limit == 0 || items.size() <= limit) return {};
  items.resize(limit);
  return {.warnings = {std::string(kTruncated)}, .infos = {}};
}

net::HttpResponse texts_reply(std::vector<std::string_view> texts, size_t limit) {
  std::sort(texts.begin(), texts.end());
  Annotations annotations = truncate(texts, limit);
  return json_reply(success_body(
      [&](wire::JsonWriter& json) {
        json.begin_array();
        for (std::string_view text : texts) json.string(text);
        json.end_array();
      },
      annotations));
}

net::HttpResponse series_reply(const Context& context, const Call& call) {
  auto request = read_series_request(call, true);
  if (!request) return error_reply(request.error());
  auto limit = call.limit("limit");
  if (!limit) return error_reply(limit.error());
  auto found = select_series(context, call, *request);
  if (!found) return error_reply(found.error(), true);
  std::vector<std::pair<std::vector<signal::LabelView>, const signal::Labels*>> rows;
  rows.reserve(found->size());
  for (const store::SeriesInfo& info : *found) rows.emplace_back(info.labels.list(), &info.labels);
  // By names and values; the store's order is by canonical bytes, lengths first.
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.first < b.first; });
  Annotations annotations = truncate(rows, *limit);
  return json_reply(success_body(
      [&](wire::JsonWriter& json) {
        json.begin_array();
        for (const auto& row : rows) append_labels(json, *row.second);
        json.end_array();
      },
      annotations));
}

net::HttpResponse labels_reply(const Context& context, const Call& call) {
  auto request = read_series_request(call, false);
  if (!request) return error_reply(request.error());
  auto limit = call.limit("limit");
  if (!limit) return error_reply(limit.error());
  auto found = select_series(context, call, *request);
  if (!found) return error_reply(found.error(), true);
  std::unordered_set<std::string_view> names;
  for (const store::SeriesInfo& info : *found) {
    signal::visit_labels(info.labels.canonical(),
                         [&](signal::LabelView label) { names.insert(label.name); });
  }
  return texts_reply({names.begin(), names.end()}, *limit);
}

net::HttpResponse label_values_reply(const Context& context, const Call& call) {
  std::string name = unescape_label_name(call.path_value);
  if (name.empty() || !wire::is_utf8(name)) {
    return error_reply(400, "bad_data", fmt::format("invalid label name: {}", quoted(name)));
  }
  auto request = read_series_request(call, false);
  if (!request) return error_reply(request.error());
  auto limit = call.limit("limit");
  if (!limit) return error_reply(limit.error());
  request->label = name;
  auto found = select_series(context, call, *request);
  if (!found) return error_reply(found.error(), true);
  std::unordered_set<std::string_view> values;
  for (const store::SeriesInfo& info : *found) {
    std::string_view value = info.labels.get(name);
    if (!value.empty()) values.insert(value);
  }
  return texts_reply({values.begin(), values.end()}, *limit);
}

net::HttpResponse metadata_reply(const Context& context, const Call& call) {
  auto limit = call.limit("limit");
  if (!limit) return error_reply(limit.error());
  auto per_metric = call.limit("limit_per_metric");
  if (!per_metric) return error_reply(per_metric.error());
  auto families = context.metadata->list(call.caller.scope.account, call.value("metric"));
  if (*limit != 0 && families.size() > *limit) families.resize(*limit);
  return json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_object();
    for (const auto& family : families) {
      // One a family is kept, so limit_per_metric of 1 or more changes nothing.
      json.key(family.family);
      json.begin_array();
      json.begin_object();
      json.key("type");
      json.string(metric_type_name(family.type));
      json.key("unit");
      json.string(family.unit);
      json.key("help");
      json.string(family.help);
      json.end_object();
      json.end_array();
    }
    json.end_object();
  }));
}

}  // namespace

void handle_series(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), series_reply);
}
void handle_labels(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), labels_reply);
}
void handle_label_values(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), label_values_reply);
}
void handle_metadata(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), metadata_reply);
}

}  // namespace kansoku::api::prometheus
