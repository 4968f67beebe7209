#include "store/metrics/maintenance.h"

namespace kansoku::store::metrics {

Result<uint64_t> Maintenance::load() {
  core_.clock = std::make_unique<TrustedClock>(*core_.env.clock, 0);
  return uint64_t{0};
}
void Maintenance::start() {}
void Maintenance::after_batch() {
  std::vector<FlushRequest> due;
  std::erase_if(core_.flushes, [&](FlushRequest& request) {
    if (request.records > core_.answered_records) return false;
    due.push_back(std::move(request));
    return true;
  });
  for (FlushRequest& request : due) request.done({});
}
void Maintenance::enforce_retention(std::move_only_function<void(Status)> done) { done({}); }
void Maintenance::close() {}

}  // namespace kansoku::store::metrics
