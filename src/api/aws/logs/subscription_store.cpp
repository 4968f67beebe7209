#include "api/aws/logs/subscription_store.h"

#include <algorithm>

#include "api/aws/logs/catalog_keys.h"
#include "pipeline/exporters/aws_target/aws_target.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::aws::logs {
namespace {

namespace shapes = kansoku::aws::logs;
using pipeline::aws_target::TargetKind;
using watch::log_subscriptions::Subscription;

const std::string kFilters = "log_subscription_filters";
const std::string kCursors = "log_subscription_cursors";
constexpr size_t kRegexFiltersMax = 5;  // of a group, as CloudWatch Logs has it
// Asynchronous invocations take 256 KiB; text that does not compress grows by a third in base64.
constexpr size_t kFunctionBytesMax = 180 * 1024;
// Records of Kinesis and Firehose hold a MiB.
constexpr size_t kRecordBytesMax = 512 * 1024;

const describe::Type& stored_type() {
  static const describe::Type& type =
      *kansoku::aws::find_operation(shapes::operation_shapes(), "PutSubscriptionFilter")->input;
  return type;
}

std::string encode(const SubscriptionDefinition& definition) {
  return std::to_string(definition.created_ns) + " " +
         kansoku::aws::encode_json(&stored_type(), &definition.request);
}

Result<SubscriptionDefinition> decode(const store::CatalogRecord& record, signal::Scope& scope) {
  std::string rest;
  const size_t blank = record.value.find(' ');
  SubscriptionDefinition out;
  if (!split_key(record.key, scope, rest) || blank == std::string::npos ||
      !kansoku::aws::decode_json(std::string_view(record.value).substr(blank + 1), stored_type(),
                                 &out.request) ||
      !out.request.log_group_name || !out.request.filter_name || !out.request.filter_pattern ||
      !out.request.destination_arn) {
    return corruption("subscription filter {}", quoted(record.key));
  }
  out.created_ns = std::strtoll(record.value.c_str(), nullptr, 10);
  return out;
}

Result<std::shared_ptr<const Subscription>> make(const signal::Scope& scope,
                                                 const SubscriptionDefinition& definition) {
  const auto& request = definition.request;
  auto pattern = query::log_filter::Pattern::parse(*request.filter_pattern);
  if (!pattern) {
    return invalid_argument("Invalid filter pattern: {} at character {}", pattern.error().message,
                            pattern.error().position + 1);
  }
  KANSOKU_TRY(const auto target, pipeline::aws_target::parse_target(*request.destination_arn));
  const bool lambda = target.kind == TargetKind::Lambda;
  return std::make_shared<const Subscription>(
      Subscription{.id = catalog_key(scope, *request.log_group_name, *request.filter_name),
                   .scope = scope,
                   .group = *request.log_group_name,
                   .name = *request.filter_name,
                   .destination = *request.destination_arn,
                   .for_function = lambda,
                   .payload_bytes_max = lambda ? kFunctionBytesMax : kRecordBytesMax,
                   .random = request.distribution == "Random",
                   .pattern = std::move(*pattern),
                   .created_ns = definition.created_ns});
}

store::CatalogWrite write(const std::string& collection, std::string key,
                          std::optional<std::string> value) {
  return {.collection = collection,
          .key = std::move(key),
          .value = std::move(value),
          .indexes = {},
          .expected_version = std::nullopt};
}

}  // namespace

Result<std::unique_ptr<SubscriptionStore>> SubscriptionStore::open(store::Catalog& catalog) {
  std::unique_ptr<SubscriptionStore> out(new SubscriptionStore(catalog));
  KANSOKU_TRY(const std::vector<store::CatalogRecord> records, catalog.list(kFilters, "", "", 0));
  for (const store::CatalogRecord& record : records) {
    signal::Scope scope;
    KANSOKU_TRY(SubscriptionDefinition definition, decode(record, scope));
    KANSOKU_TRY(auto ready, make(scope, definition));
    OfGroup& group = out->scopes_[scope][*definition.request.log_group_name];
    std::string name = *definition.request.filter_name;
    group.by_name[std::move(name)] = {std::move(definition), std::move(ready)};
    out->make_ready(group);
  }
  out->recount();
  return out;
}

void SubscriptionStore::make_ready(OfGroup& group) {
  auto ready = std::make_shared<Subscriptions>();
  for (const auto& [name, known] : group.by_name) ready->push_back(known.ready);
  group.ready = std::move(ready);
}

void SubscriptionStore::recount() {
  size_t count = 0;
  for (const auto& [scope, groups] : scopes_) {
    for (const auto& [name, group] : groups) count += group.by_name.size();
  }
  count_ = count;
}

std::shared_ptr<const watch::log_subscriptions::Subscriptions> SubscriptionStore::subscriptions_of(
    const signal::Scope& scope, std::string_view group) const {
  std::shared_lock lock(scopes_mutex_);
  const auto groups = scopes_.find(scope);
  if (groups == scopes_.end()) return nullptr;
  const auto found = groups->second.find(group);
  return found == groups->second.end() ? nullptr : found->second.ready;
}

watch::log_subscriptions::Subscriptions SubscriptionStore::all() const {
  Subscriptions out;
  std::shared_lock lock(scopes_mutex_);
  for (const auto& [scope, groups] : scopes_) {
    for (const auto& [name, group] : groups)
      out.insert(out.end(), group.ready->begin(), group.ready->end());
  }
  return out;
}

std::optional<int64_t> SubscriptionStore::cursor_of(const Subscription& subscription) const {
  const auto record = catalog_.get(kCursors, subscription.id);
  if (!record) return std::nullopt;
  return std::strtoll(record->value.c_str(), nullptr, 10);
}

void SubscriptionStore::save_cursors(std::vector<std::pair<SubscriptionPtr, int64_t>> cursors) {
  std::vector<store::CatalogWrite> writes;
  for (const auto& [subscription, cursor_ns] : cursors) {
    const auto known = subscriptions_of(subscription->scope, subscription->group);
    if (known == nullptr || std::ranges::none_of(*known, [&](const SubscriptionPtr& one) {
          return one->id == subscription->id;
        })) {
      continue;
    }
    writes.push_back(write(kCursors, subscription->id, std::to_string(cursor_ns)));
  }
  // Where it fails, what was delivered since the save before comes again after a restart.
  if (!writes.empty()) catalog_.commit(std::move(writes), [](const auto&) {});
}

std::vector<SubscriptionDefinition> SubscriptionStore::list(const signal::Scope& scope) const {
  std::vector<SubscriptionDefinition> out;
  std::shared_lock lock(scopes_mutex_);
  const auto groups = scopes_.find(scope);
  if (groups == scopes_.end()) return out;
  for (const auto& [name, group] : groups->second) {
    for (const auto& [filter, known] : group.by_name) out.push_back(known.definition);
  }
  return out;
}

void SubscriptionStore::put(const signal::Scope& scope, SubscriptionDefinition definition,
                            Added done) {
  const std::string group = *definition.request.log_group_name;
  const std::string name = *definition.request.filter_name;
  bool is_new = true;
  size_t others = 0, with_regex = 0;
  {
    std::shared_lock lock(scopes_mutex_);
    const auto groups = scopes_.find(scope);
    const auto found =
        groups == scopes_.end() ? Groups::const_iterator() : groups->second.find(group);
    if (groups != scopes_.end() && found != groups->second.end()) {
      for (const auto& [filter, known] : found->second.by_name) {
        if (filter == name) {
          is_new = false;
          definition.created_ns = known.definition.created_ns;
          continue;
        }
        ++others;
        with_regex += known.ready->pattern.regex_count() > 0 ? 1 : 0;
      }
    }
  }
  auto ready = make(scope, definition);
  if (!ready) return done(std::unexpected(std::move(ready).error()));
  if (others >= kSubscriptionFiltersMax) {
    return done(
        resource_exhausted("Resource limit exceeded: a log group has at most {} "
                           "subscription filters.",
                           kSubscriptionFiltersMax));
  }
  if ((*ready)->pattern.regex_count() > 0 && with_regex >= kRegexFiltersMax) {
    return done(resource_exhausted(
        "a log group has at most {} filter patterns with regular expressions", kRegexFiltersMax));
  }
  std::string value = encode(definition);
  catalog_.commit(
      {write(kFilters, (*ready)->id, std::move(value))},
      [this, scope, group, name, is_new, definition = std::move(definition), ready = *ready,
       done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
        if (!versions) return done(std::unexpected(std::move(versions).error()));
        {
          std::lock_guard lock(scopes_mutex_);
          OfGroup& of_group = scopes_[scope][group];
          of_group.by_name[name] = {std::move(definition), ready};
          make_ready(of_group);
          recount();
        }
        done(is_new ? ready : nullptr);
      });
}

void SubscriptionStore::remove_keys(const signal::Scope& scope, const std::string& group,
                                    const std::vector<std::string>& names, Done done) {
  std::vector<store::CatalogWrite> writes;
  for (const std::string& name : names) {
    const std::string key = catalog_key(scope, group, name);
    writes.push_back(write(kFilters, key, std::nullopt));
    if (catalog_.get(kCursors, key)) writes.push_back(write(kCursors, key, std::nullopt));
  }
  catalog_.commit(std::move(writes), [this, scope, group, names, done = std::move(done)](
                                         Result<std::vector<uint64_t>> versions) mutable {
    if (!versions) return done(std::unexpected(std::move(versions).error()));
    {
      std::lock_guard lock(scopes_mutex_);
      Groups& groups = scopes_[scope];
      const auto found = groups.find(group);
      if (found != groups.end()) {
        for (const std::string& name : names) found->second.by_name.erase(name);
        if (found->second.by_name.empty()) {
          groups.erase(found);
        } else {
          make_ready(found->second);
        }
      }
      recount();
    }
    done({});
  });
}

void SubscriptionStore::remove(const signal::Scope& scope, const std::string& group,
                               const std::string& name, Done done) {
  if (!catalog_.get(kFilters, catalog_key(scope, group, name)))
    return done(not_found("The specified subscription filter does not exist."));
  remove_keys(scope, group, {name}, std::move(done));
}

void SubscriptionStore::remove_group(const signal::Scope& scope, const std::string& group,
                                     Done done) {
  std::vector<std::string> names;
  for (const SubscriptionDefinition& definition : list(scope)) {
    if (*definition.request.log_group_name == group)
      names.push_back(*definition.request.filter_name);
  }
  if (names.empty()) return done({});
  remove_keys(scope, group, names, std::move(done));
}

}  // namespace kansoku::api::aws::logs
