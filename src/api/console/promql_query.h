// PromQL in the console's stream: what is asked of the engine, and its answer as a frame.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/console/frames.h"
#include "api/prometheus/query_engine.h"
#include "query/exec/budget.h"
#include "wire/document/document.h"

namespace kansoku::api::console {

// Ends a query from outside: before it begins, or while it runs. Free-threaded.
class PromqlCancel {
 public:
  void cancel() {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (context_ != nullptr) context_->cancel();
  }
  bool cancelled() const {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }
  // The context that the query runs in; null once it is over.
  void attach(query::QueryContext* context) {
    std::lock_guard lock(mutex_);
    context_ = context;
    if (cancelled_ && context != nullptr) context->cancel();
  }

 private:
  mutable std::mutex mutex_;
  bool cancelled_ = false;
  query::QueryContext* context_ = nullptr;
};

// Steps start_ms, start_ms + step_ms ... up to end_ms inclusive.
struct PromqlRange {
  std::string text;
  signal::Scope scope;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;
  std::shared_ptr<PromqlCancel> cancel;
};
struct PromqlAnswer {
  prometheus::ResultDocument document;
  query::QueryCost cost;
};
using PromqlDone = std::move_only_function<void(Result<PromqlAnswer>)>;
// Free-threaded; answers exactly once.
using RunPromql = std::function<void(PromqlRange, PromqlDone)>;

// The steps of a range: multiples of `step_s`, or of the smallest period that keeps to the points
// and to the age of the range (0), so that a refresh looks at the same times again.
Result<PromqlRange> promql_range(store::TimeRangeMs range, double step_s, int64_t now_ms,
                                 size_t points_max);
Frame make_frame(const PromqlRange& range, prometheus::ResultDocument document);
// The byte of the text that "2:5: …", line and column counted from 1, points to.
std::optional<size_t> position_in(std::string_view text, std::string_view message);

}  // namespace kansoku::api::console
