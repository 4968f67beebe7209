// What a pipeline is made of: receivers push deliveries into sinks; processors and exporters are
// sinks.
//
// A receiver never sees a store, an exporter never sees a receiver; the graph connects them
// (pipeline/graph/graph.h). Thread contract: push() may be called from any worker and never blocks:
// it takes the delivery and resolves its token, at once or later.
#pragma once

#include <functional>
#include <string>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "signal/delivery.h"
#include "signal/ledger.h"

namespace kansoku::pipeline {

template <class Batch>
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void push(signal::BasicDelivery<Batch> delivery) = 0;
};
using MetricSink = Sink<signal::MetricBatch>;
using EventSink = Sink<signal::EventBatch>;

// What the ledger counts of a batch.
inline uint64_t rows_of(const signal::MetricBatch& batch) { return batch.point_count(); }
inline uint64_t rows_of(const signal::EventBatch& batch) { return batch.row_count(); }

// What every component may use of the process. The pointers outlive the graph.
struct ComponentContext {
  env::Env env;
  env::Timers* timers = nullptr;
  Executor* executor = nullptr;
  signal::Ledger* ledger = nullptr;
  // Who owns what local receivers collect.
  signal::Scope local_scope;
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual Status start() = 0;
  // No push() begins after `done` has been called.
  virtual void stop(std::move_only_function<void()> done) = 0;
};

}  // namespace kansoku::pipeline
