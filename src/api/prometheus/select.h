// The series that `match[]`, start and end of a request name. Internal to this folder.
#pragma once

#include "api/prometheus/call.h"

namespace kansoku::api::prometheus {

struct SeriesRequest {
  // One selector each; empty: everything.
  std::vector<std::vector<store::Matcher>> selectors;
  // The one label that is looked at; series then come without the others, in any order.
  std::optional<std::string> label;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
};

// Reads match[], start and end. `required`: at least one match[].
Result<SeriesRequest> read_series_request(const Call& call, bool required);
// Each series once, in no order; those with a point between start and end as far as the oldest and
// newest point of a series tell.
Result<std::vector<store::SeriesInfo>> select_series(const Context& context, const Call& call,
                                                     const SeriesRequest& request);

}  // namespace kansoku::api::prometheus
