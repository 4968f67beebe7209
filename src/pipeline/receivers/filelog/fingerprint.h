// What tells a file's content from another's: its first bytes, and a hash of the bytes before the
// place up to which it was read. Thread contract: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::pipeline::filelog {

// Enough to tell files with a common begin of some lines apart; kept as bytes, so that a shorter
// copy can be compared too.
inline constexpr size_t kHeadBytes = 1'024;
// The last lines before the place of reading: with a time or a number in them, no other content has
// the same ones there.
inline constexpr size_t kHistoryBytes = 256;

// (device, inode).
struct FileKey {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend auto operator<=>(const FileKey&, const FileKey&) = default;
};

struct History {
  uint32_t length = 0;
  uint64_t hash = 0;
  friend bool operator==(const History&, const History&) = default;
};

// Some place that reading has passed, with what stood before it: by these a copy is known that was
// made when the file was shorter.
struct Checkpoint {
  uint64_t position = 0;
  History history;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};
// Kept densely near the place of reading (a copy is made shortly before the truncation that it
// belongs to), and ever more sparsely before it.
inline constexpr size_t kCheckpointsMax = 16;
void add_checkpoint(std::vector<Checkpoint>& points, Checkpoint point);

// Of the end of `bytes`, at most kHistoryBytes.
History history_of(std::string_view bytes);

}  // namespace kansoku::pipeline::filelog
