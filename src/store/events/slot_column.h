// Variables of one kind at one place of a template (docs/formats/event-part.md, "Templates").
// Thread contract: one owner.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/events/text_column.h"
#include "store/events/text_cut.h"

namespace kansoku::store::events {

// The values of one slot, and the times of their events, or none.
struct SlotInput {
  std::vector<const CutValue*> values;
  std::vector<int64_t> times_ns;
};
void put_slot(const SlotInput& slot, uint16_t kind, PageWriter& pages, std::string& meta);

class SlotColumn {
 public:
  // Of the events, by value.
  using Times = std::function<Result<std::vector<int64_t>>()>;

  static std::unique_ptr<SlotColumn> parse(const char*& at, const char* end, uint16_t kind,
                                           size_t count, PageReader& pages);
  virtual ~SlotColumn() = default;
  // Reads what append() needs for these values (ascending); of others it may know no more after.
  virtual Status prepare(std::span<const uint32_t> values, const Times& times) = 0;
  virtual Status prepare_all(const Times& times) = 0;
  virtual void append(size_t value, std::string& out) const = 0;
  // As of a TextColumn. What is read for ask() alone is not kept.
  virtual Result<ValueBounds> bounds() = 0;
  virtual Result<bool> may(Fit fit, std::string_view text) = 0;
  virtual Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit,
                            const Times& times) = 0;
  // What was read of values goes.
  virtual void shed() = 0;
  virtual size_t memory_bytes() const = 0;
};

}  // namespace kansoku::store::events
