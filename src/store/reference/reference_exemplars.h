// The exemplar store to compare with: one list an account, searched from end to end.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "base/env/env.h"
#include "store/exemplar_store.h"

namespace kansoku::store {

class ReferenceExemplarStore final : public ExemplarStore {
 public:
  explicit ReferenceExemplarStore(const env::Clock& clock,
                                  size_t per_account_max = kExemplarsPerAccountMax,
                                  int64_t retention_ms = kReplaceRetentionMs)
      : clock_(&clock), per_account_max_(per_account_max), retention_ms_(retention_ms) {}

  void append(const signal::Scope& scope, std::shared_ptr<const signal::MetricBatch> batch,
              Done done) override;
  Result<ExemplarAnswer> find(const ExemplarQuery& query) const override;
  ExemplarStoreStats stats() const override;

  // For tests: appends end with it, queries say that exemplars before the time may be missing.
  Status refusal;
  std::optional<int64_t> missing_before_ms;

 private:
  struct Item {
    signal::Scope scope;
    std::string series;  // canonical labels
    signal::Exemplar exemplar;
  };
  int64_t oldest_ms() const { return clock_->wall_now().ms() - retention_ms_; }

  const env::Clock* clock_;
  size_t per_account_max_;
  int64_t retention_ms_;
  mutable std::mutex items_mutex_;
  std::map<std::string, std::deque<Item>> items_;  // by account, in order of arrival
};

}  // namespace kansoku::store
