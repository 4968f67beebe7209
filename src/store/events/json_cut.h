// Cuts JSON messages into skeletons and leaves (docs/formats/event-part.md, "Messages").
//
// What is cut has the leaves that json_leaves() tells, and comes back byte for byte. What is
// unusual (repeated names, lone surrogates, -0, numbers beyond doubles, escapes in names, 32 levels
// and more) is left as it is. Thread contract: one owner.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "signal/event_batch.h"
#include "store/events/piece_trie.h"

namespace kansoku::store::events {

enum class LeafKind : uint8_t {
  Bool = 0,
  Int = 1,          // prints as it stood
  Decimal = 2,      // mantissa and decimals
  NumberText = 3,   // any other number, as it stood
  Text = 4,         // escaped again gives what stood
  EscapedText = 5,  // with its escapes
};
inline constexpr uint8_t kLeafKinds = 6;
signal::ColumnType leaf_type(LeafKind kind);

class JsonCut {
 public:
  struct Skeleton {
    std::vector<CutPiece> pieces;
    std::vector<std::string> paths;  // of the values
  };
  static constexpr int kWhole = PieceTrie::kNone;

  // The skeleton of a message, or kWhole; appends its values. Views into `message` are kept.
  int cut(std::string_view message, std::vector<CutValue>& values);
  const std::vector<Skeleton>& skeletons() const { return skeletons_; }

 private:
  friend class JsonScan;
  int scan_whole(std::string_view message, std::vector<CutValue>& values);

  PieceTrie trie_;
  std::vector<Skeleton> skeletons_;
  std::deque<std::string> unescaped_;
  size_t refused_ = 0;
};

// As a JSON string has it, without quotes; what Text leaves stood as.
void append_escaped(std::string_view text, std::string& out);
// False when that is no JSON string's inside.
bool append_unescaped(std::string_view escaped, std::string& out);
double decimal_value(int64_t mantissa, int64_t scale);
void append_decimal(int64_t mantissa, int64_t scale, std::string& out);

}  // namespace kansoku::store::events
