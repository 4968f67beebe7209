#include "query/exec/budget.h"

namespace kansoku::query {
namespace {

Status over(std::string_view what, uint64_t used, uint64_t limit) {
  if (used <= limit) return {};
  return resource_exhausted(
      "query reads too much: {} {}, limit {}; ask for a shorter range or fewer series", used, what,
      limit);
}

}  // namespace

Status QueryContext::check() {
  int64_t now_ns = clock_.monotonic_now().ns;
  // Who is told to end does so at once.
  if (give_way_ && now_ns - step_began_ns_ >= step_ns_ && !cancelled()) {
    give_way_();
    now_ns = step_began_ns_ = clock_.monotonic_now().ns;
  }
  ended_ = cancelled() || (now_ns - started_.ns) / env::kNsPerMs > limits_.time_ms;
  if (!ended_) return {};
  if (cancelled()) return kansoku::cancelled("query cancelled");
  return deadline_exceeded("query took longer than {} ms; ask for a shorter range or fewer series",
                           limits_.time_ms);
}

void QueryContext::set_give_way(std::function<void()> give_way, int64_t step_ns) {
  give_way_ = std::move(give_way);
  step_ns_ = step_ns;
  step_began_ns_ = clock_.monotonic_now().ns;
}

Status QueryContext::charge_series(uint64_t series) {
  return over("series", series_.fetch_add(series) + series, limits_.series_max);
}

Status QueryContext::charge_points(uint64_t points) {
  return over("points", points_.fetch_add(points) + points, limits_.points_max);
}

Status QueryContext::charge_bytes(uint64_t bytes) {
  return over("bytes", bytes_.fetch_add(bytes) + bytes, limits_.bytes_max);
}

QueryContext::~QueryContext() {
  if (memory_ != nullptr) memory_->give_back(memory_bytes_.load());
}

Status QueryContext::charge_memory(uint64_t bytes) {
  if (memory_ != nullptr) KANSOKU_RETURN_IF_ERROR(memory_->take(bytes));
  const uint64_t used = memory_bytes_.fetch_add(bytes) + bytes;
  Status fits = over("bytes of memory", used, limits_.memory_bytes_max);
  if (!fits) release_memory(bytes);
  return fits;
}

void QueryContext::release_memory(uint64_t bytes) {
  memory_bytes_.fetch_sub(bytes);
  if (memory_ != nullptr) memory_->give_back(bytes);
}

QueryCost QueryContext::cost() const {
  return {.series = series_.load(),
          .points = points_.load(),
          .bytes = bytes_.load(),
          .memory_bytes = memory_bytes_.load(),
          .elapsed_ms = (clock_.monotonic_now().ns - started_.ns) / env::kNsPerMs};
}

QueryContext::Progress QueryContext::progress() const { return {done_.load(), total_.load()}; }

}  // namespace kansoku::query
