// For sources that only know names: makes the log groups and streams that lack, and gives the
// events the present generation of their group.
//
// Names are made valid first, since they come from host names, tags and labels: what a group or
// stream may not have becomes '_', and longer ones are cut. What stands in the catalog is asked for
// each batch (a look into maps); a cache beside them would only know of deleted groups too late.
// Batches with something to make wait for one another; the others pass. Rows whose group or stream
// would be over the limits of an account are rejected (reasons group_limit, stream_limit), the rest
// goes on; when the catalog cannot be written the batch may be sent again (dropped, reason
// catalog).
// Thread contract: free-threaded. The sink outlives what it was given, until the catalog is closed.
#pragma once

#include <deque>
#include <mutex>

#include "api/aws/logs/group_store.h"
#include "base/pool/executor.h"
#include "pipeline/component.h"

namespace kansoku::api::aws::logs {

// A name as CloudWatch Logs allows it: [A-Za-z0-9_./#-]{1,512}, and 1 to 512 bytes without ':', '*'
// and control bytes.
std::string valid_group_name(std::string_view name);
std::string valid_stream_name(std::string_view name);

class EnsureGroupsSink final : public pipeline::EventSink {
 public:
  EnsureGroupsSink(GroupStore& groups, Executor& executor, pipeline::EventSink& next)
      : groups_(groups), executor_(executor), next_(next) {}
  void push(signal::EventDelivery delivery) override;

 private:
  struct Round;
  using RoundPtr = std::shared_ptr<Round>;
  void begin(signal::EventDelivery delivery, std::vector<signal::EventStream> streams);
  void make_groups(const RoundPtr& round);
  void make_streams(const RoundPtr& round);
  void finish(const RoundPtr& round);
  void go_on();
  // Whether every group and stream of the table is there; fills the generations.
  bool complete(const signal::Scope& scope, std::vector<signal::EventStream>& streams) const;
  void pass_on(signal::EventDelivery delivery, std::vector<signal::EventStream> streams);
  void pass_on_some(const RoundPtr& round);

  GroupStore& groups_;
  Executor& executor_;
  pipeline::EventSink& next_;
  std::mutex waiting_mutex_;  // guards the three below
  bool making_ = false;
  std::deque<signal::EventDelivery> waiting_;
  size_t waiting_bytes_ = 0;
};

}  // namespace kansoku::api::aws::logs
