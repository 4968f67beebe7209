// Log groups and streams: what is kept of them beside their events.
//
// Groups are records of the collection "log_groups" under account/region/name, streams of
// "log_streams" under account/region/group:stream (no name of either has a ':'). A group's
// generation is the time of its creation in nanoseconds, so one that is made again after it was
// deleted never shows the events of the one before. Thread contract: free-threaded.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "base/result.h"
#include "signal/delivery.h"
#include "store/catalog.h"
#include "store/event_store.h"

namespace kansoku::api::aws::logs {

// The catalog is in memory: a stream takes some 300 bytes of it.
inline constexpr size_t kGroupsPerAccountMax = 100'000;
inline constexpr size_t kStreamsPerAccountMax = 500'000;

struct GroupLimits {
  size_t groups_per_account_max = kGroupsPerAccountMax;
  size_t streams_per_account_max = kStreamsPerAccountMax;
};

// Of a group.
inline constexpr size_t kTagsMax = 50;

using Tags = std::map<std::string, std::string>;

struct Group {
  std::string name;
  std::string group_class = "STANDARD";
  int64_t created_ms = 0;
  int32_t retention_days = 0;  // 0: for ever
  uint64_t generation = 0;
  bool deletion_protected = false;
  Tags tags;
};

struct Stream {
  std::string name;
  int64_t created_ms = 0;
};

class GroupStore final : public store::EventPolicies {
 public:
  // Reads what the catalog has; it outlives the store, and nobody else writes these collections.
  static Result<std::unique_ptr<GroupStore>> open(store::Catalog& catalog, env::Clock& clock,
                                                  GroupLimits limits = {});

  store::EventPolicy policy_of(const signal::Scope& scope, std::string_view group) const override;

  std::optional<Group> find(const signal::Scope& scope, const std::string& name) const;
  // Of an account and region, by name.
  std::vector<Group> list(const signal::Scope& scope) const;
  std::optional<Stream> find_stream(const signal::Scope& scope, const std::string& group,
                                    const std::string& stream) const;
  // By name: those that begin with `prefix`, after a name (exclusive), at most `limit` (0: all).
  Result<std::vector<Stream>> streams(const signal::Scope& scope, const std::string& group,
                                      const std::string& prefix, const std::string& after,
                                      size_t limit) const;

  using Done = std::move_only_function<void(Status)>;
  // Gives it its time and generation. AlreadyExists, or ResourceExhausted at the limit.
  void create(const signal::Scope& scope, Group group, Done done);
  // With its streams. NotFound.
  void remove(const signal::Scope& scope, const std::string& name, Done done);
  // Lets `change` change it; NotFound, or what `change` returns.
  using Change = std::function<Status(Group&)>;
  void change(const signal::Scope& scope, const std::string& name, const Change& change, Done done);
  // AlreadyExists, NotFound for the group, or ResourceExhausted at the limit.
  void create_stream(const signal::Scope& scope, const std::string& group,
                     const std::string& stream, Done done);
  // NotFound.
  void remove_stream(const signal::Scope& scope, const std::string& group,
                     const std::string& stream, Done done);

 private:
  struct Known {
    Group group;
    uint64_t version = 0;
  };
  using Groups = std::map<std::string, Known, std::less<>>;
  struct Tenant {
    Groups groups;
    size_t streams = 0;
  };
  GroupStore(store::Catalog& catalog, env::Clock& clock, GroupLimits limits)
      : catalog_(catalog), clock_(clock), limits_(limits) {}
  Status load();
  std::optional<Known> known(const signal::Scope& scope, const std::string& name) const;
  void commit_group(const signal::Scope& scope, Group group, uint64_t expected_version, Done done);

  store::Catalog& catalog_;
  env::Clock& clock_;
  GroupLimits limits_;
  mutable std::shared_mutex tenants_mutex_;
  std::map<signal::Scope, Tenant> tenants_;
};

}  // namespace kansoku::api::aws::logs
