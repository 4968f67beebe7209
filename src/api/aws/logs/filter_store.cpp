#include "api/aws/logs/filter_store.h"

#include <algorithm>
#include <charconv>

#include "api/aws/logs/catalog_keys.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::aws::logs {
namespace {

namespace shapes = kansoku::aws::logs;
using pipeline::metric_filters::Filter;
using pipeline::metric_filters::Filters;
using pipeline::metric_filters::Transformation;
using query::log_filter::Pattern;
using query::log_filter::Selector;

const std::string kCollection = "log_metric_filters";

const describe::Type& stored_type() {
  static const describe::Type& type =
      *kansoku::aws::find_operation(shapes::operation_shapes(), "PutMetricFilter")->input;
  return type;
}

Result<Selector> selector_of(std::string_view what, const std::string& text,
                             const Pattern& pattern) {
  auto selector = Selector::parse(text, pattern);
  if (!selector) {
    return invalid_argument("Invalid metric transformation: {} {}: {} at character {}", what,
                            quoted(text), selector.error().message, selector.error().position + 1);
  }
  return std::move(*selector);
}

Result<Transformation> transformation_of(const shapes::MetricTransformation& request,
                                         const Pattern& pattern) {
  Transformation out;
  out.metric_name = *request.metric_name;
  out.metric_namespace = *request.metric_namespace;
  out.unit = request.unit.value_or("None");
  if (out.metric_namespace.starts_with("AWS/"))
    return invalid_argument("Invalid metric transformation: namespaces of AWS are reserved");
  double constant = 0;
  const std::string& value = *request.metric_value;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), constant);
  if (error == std::errc() && end == value.data() + value.size()) {
    out.constant = constant;
  } else {
    KANSOKU_TRY(out.selector, selector_of("metric value", value, pattern));
  }
  const auto& dimensions = request.dimensions;
  if (dimensions && !dimensions->empty() && request.default_value) {
    return invalid_argument(
        "Invalid metric transformation: dimensions and default value are mutually exclusive "
        "properties.");
  }
  if (dimensions && dimensions->size() > pipeline::metric_filters::kDimensionsMax) {
    return invalid_argument("Invalid metric transformation: at most {} dimensions",
                            pipeline::metric_filters::kDimensionsMax);
  }
  for (const auto& [name, text] : dimensions.value_or(describe::MapOf<std::string>())) {
    if (name.empty() || name.starts_with("__"))
      return invalid_argument("Invalid metric transformation: dimension {}", quoted(name));
    KANSOKU_TRY(Selector selector, selector_of("dimension", text, pattern));
    out.dimensions.emplace_back(name, std::move(selector));
  }
  out.default_value = request.default_value;
  return out;
}

std::string encode(const MetricFilterDefinition& definition) {
  return std::to_string(definition.created_ms) + " " +
         kansoku::aws::encode_json(&stored_type(), &definition.request);
}

Result<MetricFilterDefinition> decode(const store::CatalogRecord& record, signal::Scope& scope) {
  std::string rest;
  const size_t blank = record.value.find(' ');
  MetricFilterDefinition out;
  if (!split_key(record.key, scope, rest) || blank == std::string::npos ||
      !kansoku::aws::decode_json(std::string_view(record.value).substr(blank + 1), stored_type(),
                                 &out.request) ||
      !out.request.log_group_name || !out.request.filter_name) {
    return corruption("metric filter {}", quoted(record.key));
  }
  out.created_ms = std::strtoll(record.value.c_str(), nullptr, 10);
  out.group = *out.request.log_group_name;
  return out;
}

}  // namespace

Result<std::shared_ptr<const Filter>> make_filter(const shapes::PutMetricFilterInput& request) {
  auto pattern = Pattern::parse(*request.filter_pattern);
  if (!pattern) {
    return invalid_argument("Invalid filter pattern: {} at character {}", pattern.error().message,
                            pattern.error().position + 1);
  }
  KANSOKU_TRY(Transformation transformation,
              transformation_of(request.metric_transformations->front(), *pattern));
  return std::make_shared<const Filter>(Filter{*request.log_group_name + ":" + *request.filter_name,
                                               std::move(*pattern), std::move(transformation)});
}

Result<std::unique_ptr<FilterStore>> FilterStore::open(store::Catalog& catalog) {
  std::unique_ptr<FilterStore> out(new FilterStore(catalog));
  KANSOKU_TRY(const std::vector<store::CatalogRecord> records,
              catalog.list(kCollection, "", "", 0));
  for (const store::CatalogRecord& record : records) {
    signal::Scope scope;
    KANSOKU_TRY(MetricFilterDefinition definition, decode(record, scope));
    KANSOKU_TRY(auto filter, make_filter(definition.request));
    OfGroup& group = out->scopes_[scope][definition.group];
    std::string name = *definition.request.filter_name;
    group.by_name[std::move(name)] = {std::move(definition), std::move(filter)};
    make_ready(group);
  }
  return out;
}

void FilterStore::make_ready(OfGroup& group) {
  auto ready = std::make_shared<Filters>();
  for (const auto& [name, known] : group.by_name) ready->push_back(known.filter);
  group.ready = std::move(ready);
}

std::shared_ptr<const Filters> FilterStore::filters_of(const signal::Scope& scope,
                                                       std::string_view group) const {
  std::shared_lock lock(scopes_mutex_);
  const auto groups = scopes_.find(scope);
  if (groups == scopes_.end()) return nullptr;
  const auto found = groups->second.find(group);
  return found == groups->second.end() ? nullptr : found->second.ready;
}

std::vector<MetricFilterDefinition> FilterStore::list(const signal::Scope& scope) const {
  std::vector<MetricFilterDefinition> out;
  std::shared_lock lock(scopes_mutex_);
  const auto groups = scopes_.find(scope);
  if (groups == scopes_.end()) return out;
  for (const auto& [name, group] : groups->second) {
    for (const auto& [filter, known] : group.by_name) out.push_back(known.definition);
  }
  return out;
}

size_t FilterStore::count(const signal::Scope& scope, const std::string& group) const {
  const auto filters = filters_of(scope, group);
  return filters == nullptr ? 0 : filters->size();
}

void FilterStore::commit(std::vector<store::CatalogWrite> writes, std::function<void(Groups&)> then,
                         const signal::Scope& scope, Done done) {
  catalog_.commit(std::move(writes), [this, then = std::move(then), scope, done = std::move(done)](
                                         Result<std::vector<uint64_t>> versions) mutable {
    if (!versions) return done(std::unexpected(std::move(versions).error()));
    {
      std::lock_guard lock(scopes_mutex_);
      then(scopes_[scope]);
    }
    done({});
  });
}

void FilterStore::put(const signal::Scope& scope, MetricFilterDefinition definition, Done done) {
  auto filter = make_filter(definition.request);
  if (!filter) return done(std::unexpected(std::move(filter).error()));
  const std::string name = *definition.request.filter_name;
  {
    std::shared_lock lock(scopes_mutex_);
    const auto groups = scopes_.find(scope);
    const OfGroup* group = nullptr;
    if (groups != scopes_.end()) {
      const auto found = groups->second.find(definition.group);
      if (found != groups->second.end()) group = &found->second;
    }
    if (group != nullptr && !group->by_name.contains(name)) {
      if (group->by_name.size() >= kMetricFiltersMax) {
        return done(
            resource_exhausted("a log group has at most {} metric filters", kMetricFiltersMax));
      }
      const auto with_regex = std::ranges::count_if(group->by_name, [](const auto& entry) {
        return entry.second.filter->pattern.regex_count() > 0;
      });
      if ((*filter)->pattern.regex_count() > 0 &&
          static_cast<size_t>(with_regex) >= kRegexFiltersMax) {
        return done(resource_exhausted(
            "a log group has at most {} filter patterns with regular expressions",
            kRegexFiltersMax));
      }
    }
  }
  std::vector<store::CatalogWrite> writes{{.collection = kCollection,
                                           .key = catalog_key(scope, definition.group, name),
                                           .value = encode(definition),
                                           .indexes = {},
                                           .expected_version = std::nullopt}};
  commit(
      std::move(writes),
      [definition, name, filter = *filter](Groups& groups) {
        OfGroup& group = groups[definition.group];
        group.by_name[name] = {definition, filter};
        make_ready(group);
      },
      scope, std::move(done));
}

void FilterStore::remove(const signal::Scope& scope, const std::string& group,
                         const std::string& name, Done done) {
  const std::string key = catalog_key(scope, group, name);
  if (!catalog_.get(kCollection, key))
    return done(not_found("The specified metric filter does not exist."));
  commit(
      {{.collection = kCollection,
        .key = key,
        .value = std::nullopt,
        .indexes = {},
        .expected_version = std::nullopt}},
      [group, name](Groups& groups) {
        const auto found = groups.find(group);
        if (found == groups.end()) return;
        found->second.by_name.erase(name);
        if (found->second.by_name.empty()) {
          groups.erase(found);
        } else {
          make_ready(found->second);
        }
      },
      scope, std::move(done));
}

void FilterStore::remove_group(const signal::Scope& scope, const std::string& group, Done done) {
  std::vector<store::CatalogWrite> writes;
  for (const MetricFilterDefinition& definition : list(scope)) {
    if (definition.group != group) continue;
    writes.push_back({.collection = kCollection,
                      .key = catalog_key(scope, group, *definition.request.filter_name),
                      .value = std::nullopt,
                      .indexes = {},
                      .expected_version = std::nullopt});
  }
  if (writes.empty()) return done({});
  commit(
      std::move(writes), [group](Groups& groups) { groups.erase(group); }, scope, std::move(done));
}

}  // namespace kansoku::api::aws::logs
