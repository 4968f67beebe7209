// The conformance suite of EventStore: what every engine must do, embedded, reference or remote.
// A test makes a fixture for its engine and calls the functions here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/env/sim.h"
#include "store/event_store.h"

namespace kansoku::store {

// Policies that a test sets.
class TestPolicies final : public EventPolicies {
 public:
  EventPolicy policy_of(const signal::Scope& scope, std::string_view group) const override {
    const auto found =
        policies_.find(scope.account + "/" + scope.region + "/" + std::string(group));
    return found == policies_.end() ? EventPolicy{} : found->second;
  }
  void set(const signal::Scope& scope, const std::string& group, EventPolicy policy) {
    policies_[scope.account + "/" + scope.region + "/" + group] = policy;
  }

 private:
  std::map<std::string, EventPolicy> policies_;
};

class EventStoreFixture {
 public:
  virtual ~EventStoreFixture() = default;
  virtual EventStore& store() = 0;
  virtual env::SimClock& clock() = 0;
  virtual TestPolicies& policies() = 0;
  // Does all work that is queued.
  virtual void run() = 0;
  // Stops and opens again; engines that keep nothing do nothing.
  virtual void restart() = 0;
};

using EventFixtureMaker = std::function<std::unique_ptr<EventStoreFixture>()>;

// Named cases, each on a fresh store.
void check_event_store(const EventFixtureMaker& make);
// What engines that keep something do beside: a numbered batch counts once, also after a restart.
void check_event_store_producer(const EventFixtureMaker& make);
std::unique_ptr<EventStoreFixture> make_reference_event_fixture();
// Random operations on `subject` and on `model`, answers compared after each.
void compare_event_stores(EventStoreFixture& subject, EventStoreFixture& model, uint64_t seed,
                          int steps);

// What tests put in: a message, and columns as "path=type:value" (i:, f:, b:, t:, y: for bytes).
struct TestEvent {
  std::string group = "g";
  std::string stream = "s";
  int64_t ns = 0;
  std::string message;
  std::vector<std::string> columns;
  uint64_t generation = 0;
};
// Appends as one batch; the verdict.
signal::Verdict put(EventStoreFixture& fixture, const std::vector<TestEvent>& events,
                    signal::Scope scope = {"1", "r"}, signal::Producer producer = {});

// What a scan gives of one event: "NS group/stream path=type:value ..." with paths in order,
// all of them or those asked for. The engine's own filter is completed by EventFilter.
std::vector<std::string> read(EventStoreFixture& fixture, EventScan scan,
                              const std::vector<std::string>& paths = {}, size_t limit = 0);
Status flush(EventStoreFixture& fixture, bool merge_all);

}  // namespace kansoku::store
