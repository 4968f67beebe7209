// Ids at one place of a template, as bytes (docs/formats/event-part.md, "Templates"). Thread
// contract: one owner.
#pragma once

#include <memory>

#include "store/events/slot_column.h"

namespace kansoku::store::events {

void put_ids(const SlotInput& slot, uint16_t kind, PageWriter& pages, std::string& meta);
// Nothing when the bytes are no ids of `count` values.
std::unique_ptr<SlotColumn> parse_ids(const char*& at, const char* end, uint16_t kind, size_t count,
                                      PageReader& pages);

}  // namespace kansoku::store::events
