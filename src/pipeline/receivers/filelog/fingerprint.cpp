#include "pipeline/receivers/filelog/fingerprint.h"

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
  if (points.size() == kCheckpointsMax) points.erase(points.begin());
  points.push_back(point);
}

}  // namespace kansoku::pipeline::filelog
