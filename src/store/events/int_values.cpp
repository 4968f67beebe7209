#include "store/events/int_values.h"

#include "base/check.h"
#include "base/simd/clones.h"

namespace kansoku::store::events {
namespace {

KANSOKU_CLONES bool all_below(const int64_t* values, size_t count, uint64_t end) {
  uint64_t above = 0;
  for (size_t i = 0; i < count; ++i) above |= static_cast<uint64_t>(values[i]) >= end ? 1U : 0U;
  return above == 0;
}

}  // namespace

Status IntValues::damaged() { return corruption("integers of a block are damaged"); }

Status IntValues::load(PageReader& pages) {
  if (all_) return {};
  KANSOKU_TRY(const std::string_view coded, pages.read(chunk_));
  auto values = std::make_unique_for_overwrite<int64_t[]>(count_);
  const char* at = coded.data();
  if (!decode_block_ints(at, coded.data() + coded.size(), {values.get(), count_})) return damaged();
  values_ = std::move(values);
  places_ = {};
  picks_ = {};
  all_ = true;
  return {};
}

Status IntValues::prepare(PageReader& pages, std::span<const uint32_t> places) {
  if (all_ || places.empty()) return {};
  if (!are_few(places.size(), count_)) return load(pages);
  if (places.back() >= count_) return damaged();
  if (std::ranges::equal(places, places_)) return {};
  picks_.clear();
  places_.clear();
  size_t next = 0;
  const Status visited = visit(pages, [&](size_t first, std::span<const int64_t> values) {
    for (; next < places.size() && places[next] < first + values.size(); ++next)
      picks_.push_back(values[places[next] - first]);
    return next < places.size();
  });
  if (visited) places_.assign(places.begin(), places.end());
  return visited;
}

Status IntValues::hit_by_code(PageReader& pages, std::span<const uint8_t> holds,
                              std::span<uint8_t> hit) const {
  bool good = true;
  KANSOKU_RETURN_IF_ERROR(visit(pages, [&](size_t first, std::span<const int64_t> codes) {
    uint8_t* to = hit.subspan(first, codes.size()).data();
    for (const int64_t code : codes) {
      good = static_cast<uint64_t>(code) < holds.size();
      if (!good) break;
      *to++ |= holds[static_cast<size_t>(code)];
    }
    return good;
  }));
  return good ? Status() : damaged();
}

int64_t IntValues::picked(size_t place) const {
  const auto found = std::ranges::lower_bound(places_, place);
  KANSOKU_CHECK(found != places_.end() && *found == place);
  return picks_[static_cast<size_t>(found - places_.begin())];
}

bool IntValues::below(size_t end) const { return all_below(values_.get(), count_, end); }

void IntValues::shed() {
  all_ = false;
  values_.reset();
  places_ = {};
  picks_ = {};
}

}  // namespace kansoku::store::events
