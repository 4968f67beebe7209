#include "api/aws/logs/group_store.h"

#include <charconv>

#include "api/aws/logs/catalog_keys.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::aws::logs {
namespace {

const std::string kGroups = "log_groups";
const std::string kStreams = "log_streams";
constexpr int64_t kDayNs = 86'400 * env::kNsPerS;

std::string encode(const Group& group) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("class");
  json.string(group.group_class);
  json.key("created_ms");
  json.integer(group.created_ms);
  json.key("generation");  // as text: JSON's numbers are doubles for many readers
  json.string(std::to_string(group.generation));
  json.key("retention_days");
  json.integer(group.retention_days);
  json.key("deletion_protected");
  json.boolean(group.deletion_protected);
  json.key("tags");
  json.begin_object();
  for (const auto& [key, value] : group.tags) {
    json.key(key);
    json.string(value);
  }
  json.end_object();
  json.end_object();
  return out;
}

Result<Group> decode(const std::string& name, const std::string& value) {
  KANSOKU_TRY(const wire::Node node, wire::parse_json(value));
  Group out;
  out.name = name;
  out.group_class = node.text_of("class");
  out.created_ms = static_cast<int64_t>(node.number_of("created_ms").value_or(0));
  out.retention_days = static_cast<int32_t>(node.number_of("retention_days").value_or(0));
  const std::string_view generation = node.text_of("generation");
  if (std::from_chars(generation.data(), generation.data() + generation.size(), out.generation)
          .ec != std::errc()) {
    return corruption("log group {} has no generation", quoted(name));
  }
  out.deletion_protected = node.text_of("deletion_protected") == "true";
  if (const wire::Node* tags = node.find("tags")) {
    for (const wire::Node::Entry& entry : tags->entries) out.tags[entry.key] = entry.value.scalar;
  }
  return out;
}

Error group_not_found() { return not_found("The specified log group does not exist.").error(); }

}  // namespace

Result<std::unique_ptr<GroupStore>> GroupStore::open(store::Catalog& catalog, env::Clock& clock,
                                                     GroupLimits limits) {
  std::unique_ptr<GroupStore> out(new GroupStore(catalog, clock, limits));
  KANSOKU_RETURN_IF_ERROR(out->load());
  return out;
}

Status GroupStore::load() {
  KANSOKU_TRY(const std::vector<store::CatalogRecord> groups, catalog_.list(kGroups, "", "", 0));
  signal::Scope scope;
  std::string rest;
  for (const store::CatalogRecord& record : groups) {
    if (!split_key(record.key, scope, rest)) return corruption("key {}", quoted(record.key));
    KANSOKU_TRY(Group group, decode(rest, record.value));
    tenants_[scope].groups[rest] = {std::move(group), record.version};
  }
  KANSOKU_TRY(const std::vector<store::CatalogRecord> streams, catalog_.list(kStreams, "", "", 0));
  for (const store::CatalogRecord& record : streams) {
    if (!split_key(record.key, scope, rest)) return corruption("key {}", quoted(record.key));
    ++tenants_[scope].streams;
  }
  return {};
}

std::optional<GroupStore::Known> GroupStore::known(const signal::Scope& scope,
                                                   const std::string& name) const {
  std::shared_lock lock(tenants_mutex_);
  const auto tenant = tenants_.find(scope);
  if (tenant == tenants_.end()) return std::nullopt;
  const auto found = tenant->second.groups.find(name);
  if (found == tenant->second.groups.end()) return std::nullopt;
  return found->second;
}

store::EventPolicy GroupStore::policy_of(const signal::Scope& scope, std::string_view group) const {
  std::shared_lock lock(tenants_mutex_);
  const auto tenant = tenants_.find(scope);
  if (tenant == tenants_.end()) return {};
  const auto found = tenant->second.groups.find(group);
  if (found == tenant->second.groups.end()) return {};
  return {.generation = found->second.group.generation,
          .keep_ns = found->second.group.retention_days * kDayNs};
}

std::optional<Group> GroupStore::find(const signal::Scope& scope, const std::string& name) const {
  auto found = known(scope, name);
  if (!found) return std::nullopt;
  return std::move(found->group);
}

std::vector<Group> GroupStore::list(const signal::Scope& scope) const {
  std::vector<Group> out;
  std::shared_lock lock(tenants_mutex_);
  const auto tenant = tenants_.find(scope);
  if (tenant == tenants_.end()) return out;
  for (const auto& [name, known] : tenant->second.groups) out.push_back(known.group);
  return out;
}

std::optional<Stream> GroupStore::find_stream(const signal::Scope& scope, const std::string& group,
                                              const std::string& stream) const {
  const auto record = catalog_.get(kStreams, catalog_key(scope, group, stream));
  if (!record) return std::nullopt;
  return Stream{stream, std::strtoll(record->value.c_str(), nullptr, 10)};
}

Result<std::vector<Stream>> GroupStore::streams(const signal::Scope& scope,
                                                const std::string& group, const std::string& prefix,
                                                const std::string& after, size_t limit) const {
  const std::string begin = catalog_key(scope, group, "");
  KANSOKU_TRY(const std::vector<store::CatalogRecord> records,
              catalog_.list(kStreams, begin + prefix, after.empty() ? "" : begin + after, limit));
  std::vector<Stream> out;
  for (const store::CatalogRecord& record : records) {
    out.push_back(
        {record.key.substr(begin.size()), std::strtoll(record.value.c_str(), nullptr, 10)});
  }
  return out;
}

void GroupStore::commit_group(const signal::Scope& scope, Group group, uint64_t expected_version,
                              Done done) {
  std::string value = encode(group);
  const std::string key = catalog_key(scope, group.name);
  catalog_.commit({{.collection = kGroups,
                    .key = key,
                    .value = std::move(value),
                    .indexes = {},
                    .expected_version = expected_version}},
                  [this, scope, group = std::move(group),
                   done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
                    if (!versions) return done(std::unexpected(std::move(versions).error()));
                    {
                      std::lock_guard lock(tenants_mutex_);
                      std::string name = group.name;
                      tenants_[scope].groups[std::move(name)] = {std::move(group),
                                                                 versions->front()};
                    }
                    done({});
                  });
}

void GroupStore::create(const signal::Scope& scope, Group group, Done done) {
  if (known(scope, group.name))
    return done(already_exists("The specified log group already exists"));
  {
    std::shared_lock lock(tenants_mutex_);
    const auto tenant = tenants_.find(scope);
    if (tenant != tenants_.end() &&
        tenant->second.groups.size() >= limits_.groups_per_account_max) {
      return done(resource_exhausted("an account has at most {} log groups in a region",
                                     limits_.groups_per_account_max));
    }
  }
  const env::WallTime now = clock_.wall_now();
  group.created_ms = now.ms();
  group.generation = static_cast<uint64_t>(now.ns);
  commit_group(scope, std::move(group), 0, [done = std::move(done)](Status status) mutable {
    if (!status && status.error().code == ErrorCode::FailedPrecondition)
      return done(already_exists("The specified log group already exists"));
    done(std::move(status));
  });
}

void GroupStore::remove(const signal::Scope& scope, const std::string& name, Done done) {
  if (!known(scope, name)) return done(std::unexpected(group_not_found()));
  std::vector<store::CatalogWrite> writes{{.collection = kGroups,
                                           .key = catalog_key(scope, name),
                                           .value = std::nullopt,
                                           .indexes = {},
                                           .expected_version = std::nullopt}};
  auto streams = catalog_.list(kStreams, catalog_key(scope, name, ""), "", 0);
  if (!streams) return done(std::unexpected(std::move(streams).error()));
  for (const store::CatalogRecord& record : *streams) {
    writes.push_back({.collection = kStreams,
                      .key = record.key,
                      .value = std::nullopt,
                      .indexes = {},
                      .expected_version = std::nullopt});
  }
  catalog_.commit(std::move(writes),
                  [this, scope, name, count = streams->size(),
                   done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
                    if (!versions) return done(std::unexpected(std::move(versions).error()));
                    {
                      std::lock_guard lock(tenants_mutex_);
                      tenants_[scope].groups.erase(name);
                      tenants_[scope].streams -= count;
                    }
                    done({});
                  });
}

void GroupStore::change(const signal::Scope& scope, const std::string& name, const Change& change,
                        Done done) {
  auto found = known(scope, name);
  if (!found) return done(std::unexpected(group_not_found()));
  if (Status changed = change(found->group); !changed) return done(std::move(changed));
  commit_group(scope, std::move(found->group), found->version, std::move(done));
}

void GroupStore::create_stream(const signal::Scope& scope, const std::string& group,
                               const std::string& stream, Done done) {
  if (!known(scope, group)) return done(std::unexpected(group_not_found()));
  {
    std::shared_lock lock(tenants_mutex_);
    if (tenants_.at(scope).streams >= limits_.streams_per_account_max) {
      return done(resource_exhausted("an account has at most {} log streams in a region",
                                     limits_.streams_per_account_max));
    }
  }
  catalog_.commit(
      {{.collection = kStreams,
        .key = catalog_key(scope, group, stream),
        .value = std::to_string(clock_.wall_now().ms()),
        .indexes = {},
        .expected_version = 0}},
      [this, scope, done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
        if (!versions) {
          if (versions.error().code == ErrorCode::FailedPrecondition)
            return done(already_exists("The specified log stream already exists"));
          return done(std::unexpected(std::move(versions).error()));
        }
        {
          std::lock_guard lock(tenants_mutex_);
          ++tenants_[scope].streams;
        }
        done({});
      });
}

void GroupStore::remove_stream(const signal::Scope& scope, const std::string& group,
                               const std::string& stream, Done done) {
  if (!known(scope, group)) return done(std::unexpected(group_not_found()));
  if (!find_stream(scope, group, stream))
    return done(not_found("The specified log stream does not exist."));
  catalog_.commit(
      {{.collection = kStreams,
        .key = catalog_key(scope, group, stream),
        .value = std::nullopt,
        .indexes = {},
        .expected_version = std::nullopt}},
      [this, scope, done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
        if (!versions) return done(std::unexpected(std::move(versions).error()));
        {
          std::lock_guard lock(tenants_mutex_);
          --tenants_[scope].streams;
        }
        done({});
      });
}

}  // namespace kansoku::api::aws::logs
