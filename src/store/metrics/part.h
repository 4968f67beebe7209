// An immutable part file.
#pragma once

#include <cstdint>

namespace kansoku::store::metrics {

class Part {
 public:
  uint64_t file_bytes() const { return 0; }
  bool damaged() const { return false; }
};

}  // namespace kansoku::store::metrics
