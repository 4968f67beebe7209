// Inline parts of signal/labels.h.
#pragma once

#include "base/bytes.h"
#include "signal/labels.h"

namespace kansoku::signal {

template <class Visit>
bool visit_labels(std::string_view canonical, Visit&& visit) {
  const char* at = canonical.data();
  const char* end = at + canonical.size();
  while (at < end) {
    LabelView label;
    uint64_t bytes = 0;
    if (!read_varint(at, end, bytes) || bytes > static_cast<uint64_t>(end - at)) return false;
    label.name = {at, bytes};
    at += bytes;
    if (!read_varint(at, end, bytes) || bytes > static_cast<uint64_t>(end - at)) return false;
    label.value = {at, bytes};
    at += bytes;
    visit(label);
  }
  return true;
}

}  // namespace kansoku::signal
