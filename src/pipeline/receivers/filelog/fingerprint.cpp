#include "pipeline/receivers/filelog/fingerprint.h"

#include <limits>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kansoku::pipeline::filelog {

History history_of(std::string_view bytes) {
  if (bytes.size() > kHistoryBytes) bytes.remove_prefix(bytes.size() - kHistoryBytes);
  if (bytes.empty()) return {};
  return {static_cast<uint32_t>(bytes.size()), XXH3_64bits(bytes.data(), bytes.size())};
}

void add_checkpoint(std::vector<Checkpoint>& points, Checkpoint point) {
  if (point.history.length == 0) return;
  if (!points.empty() && points.back().position >= point.position) return;
  points.push_back(point);
  if (points.size() <= kCheckpointsMax) return;
  // The one that is missed least: it leaves the smallest gap for its distance from the end.
  size_t least = 0;
  double least_gap = std::numeric_limits<double>::max();
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    uint64_t before = i == 0 ? 0 : points[i - 1].position;
    auto gap = static_cast<double>(points[i + 1].position - before);
    gap /= static_cast<double>(point.position - points[i].position);
    if (gap < least_gap) {
      least_gap = gap;
      least = i;
    }
  }
  points.erase(points.begin() + static_cast<std::ptrdiff_t>(least));
}

}  // namespace kansoku::pipeline::filelog
