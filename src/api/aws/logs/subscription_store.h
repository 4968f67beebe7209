// Subscription filters: their definitions and cursors in the catalog, and ready for use. Internal
// to api/aws/logs and the composition root.
//
// Records under account/region/group:filter. "log_subscription_filters": nanoseconds of its
// creation, a blank, and the request as JSON of its described shape. "log_subscription_cursors":
// nanoseconds up to which it is delivered. Thread contract: free-threaded.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "store/catalog.h"
#include "watch/log_subscriptions/log_subscriptions.h"
#include "wire/aws/logs/shapes.h"

namespace kansoku::api::aws::logs {

// CloudWatch Logs' limit of a group.
inline constexpr size_t kSubscriptionFiltersMax = 2;

struct SubscriptionDefinition {
  kansoku::aws::logs::PutSubscriptionFilterInput request;
  int64_t created_ns = 0;
};

class SubscriptionStore final : public watch::log_subscriptions::Definitions {
 public:
  using Subscriptions = watch::log_subscriptions::Subscriptions;
  using SubscriptionPtr = watch::log_subscriptions::SubscriptionPtr;

  // Reads what the catalog has; it outlives the store, and nobody else writes these collections.
  static Result<std::unique_ptr<SubscriptionStore>> open(store::Catalog& catalog);

  bool none() const override { return count_.load(std::memory_order_relaxed) == 0; }
  std::shared_ptr<const Subscriptions> subscriptions_of(const signal::Scope& scope,
                                                        std::string_view group) const override;
  Subscriptions all() const override;
  std::optional<int64_t> cursor_of(
      const watch::log_subscriptions::Subscription& subscription) const override;
  void save_cursors(std::vector<std::pair<SubscriptionPtr, int64_t>> cursors) override;

  // By group, then name.
  std::vector<SubscriptionDefinition> list(const signal::Scope& scope) const;

  using Done = std::move_only_function<void(Status)>;
  // In the place of one of the same name, whose creation stays. ResourceExhausted at a limit,
  // InvalidArgument for what is wrong with the request. `added` gets a filter that is new.
  using Added = std::move_only_function<void(Result<SubscriptionPtr>)>;
  void put(const signal::Scope& scope, SubscriptionDefinition definition, Added done);
  // NotFound.
  void remove(const signal::Scope& scope, const std::string& group, const std::string& name,
              Done done);
  // All of a group that is gone.
  void remove_group(const signal::Scope& scope, const std::string& group, Done done);

 private:
  struct Known {
    SubscriptionDefinition definition;
    SubscriptionPtr ready;
  };
  struct OfGroup {
    std::map<std::string, Known> by_name;
    std::shared_ptr<const Subscriptions> ready;
  };
  using Groups = std::map<std::string, OfGroup, std::less<>>;

  explicit SubscriptionStore(store::Catalog& catalog) : catalog_(catalog) {}
  void make_ready(OfGroup& group);
  void recount();
  void remove_keys(const signal::Scope& scope, const std::string& group,
                   const std::vector<std::string>& names, Done done);

  store::Catalog& catalog_;
  std::atomic<size_t> count_{0};
  mutable std::shared_mutex scopes_mutex_;
  std::map<signal::Scope, Groups> scopes_;
};

}  // namespace kansoku::api::aws::logs
