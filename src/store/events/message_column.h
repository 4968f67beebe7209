// The messages of a block (docs/formats/event-part.md, "Messages"): JSON objects as skeletons and
// columns of leaves, all else as texts. Thread contract: one owner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/events/int_values.h"
#include "store/events/json_cut.h"
#include "store/events/text_column.h"

namespace kansoku::store::events {

void encode_messages(const TextColumnInput& input, PageWriter& pages, std::string& meta);

// The leaves of one path that are kept in one way.
struct LeafColumn {
  std::string path;
  LeafKind kind = LeafKind::Bool;
  size_t count = 0;
  int64_t min = 0;  // Int
  int64_t max = 0;
  double min_float = 0;  // Decimal, NumberText
  double max_float = 0;
  bool escapes = false;  // Text: some stand otherwise in their messages
  IntValues numbers;     // Bool and Int; Decimal: mantissas
  IntValues scales;      // Decimal
  std::unique_ptr<TextColumn> texts;
  std::vector<uint8_t> in_shape;  // by shape
  // Once placed: by message where its leaf stands. Empty where every message has it.
  std::vector<uint32_t> places;

  size_t place_of(size_t message) const { return places.empty() ? message : places[message]; }
  // Of Bool, Int and Decimal, as it stands in its message.
  void append_number(size_t place, std::string& out) const;
  double number(size_t place) const { return decimal_value(numbers.at(place), scales.at(place)); }
};

class MessageColumn final : public TextColumn {
 public:
  static std::unique_ptr<MessageColumn> parse(const char*& at, const char* end, size_t count,
                                              PageReader& pages);
  MessageColumn(size_t count, PageReader& pages) : TextColumn(count, pages) {}
  Status prepare(std::span<const uint32_t> values) override;
  void append(size_t value, std::string& out) const override;

  Result<ValueBounds> bounds() override;
  Result<bool> may(Fit fit, std::string_view text) override;
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override;
  Result<std::optional<size_t>> count(Fit fit, std::string_view text) override;
  void shed() override;
  size_t memory_bytes() const override;

  std::vector<LeafColumn>& leaves() { return leaves_; }
  // Some messages that are kept whole may be JSON.
  bool whole_json() const { return whole_json_; }
  // By message: 0 kept whole, else which skeleton and one.
  Result<std::span<const uint32_t>> shapes();
  // Where the leaf of a message stands: what place_of() needs.
  Status place(LeafColumn& leaf);
  // Places and numbers of all; texts by the caller.
  Status load(LeafColumn& leaf);
  // What is read of the leaf at these places (ascending).
  Status prepare(LeafColumn& leaf, std::span<const uint32_t> places);

 private:
  struct Skeleton {
    std::vector<std::string_view> literals;
    std::vector<uint32_t> leaves;
    size_t count = 0;
    // Once asked for: literals with the quotes of strings, and what is known of the leaves.
    std::vector<std::string> quoted;
    std::vector<std::string_view> pieces;
    std::vector<ValueBounds> bounds;
  };
  // Answers of leaves to one question, by place.
  struct Answers;
  // All messages have the only skeleton.
  bool one_shape() const { return skeletons_.size() == 1 && !whole_; }
  // As place(), of the messages that are kept whole.
  Status place_whole();
  static Result<ValueBounds> bounds_of(LeafColumn& leaf);
  Status bound(Skeleton& skeleton);
  Result<FitWays> ways_of(Skeleton& skeleton, Fit fit, std::string_view text);
  Result<bool> may(std::span<const FitPart> way, const Skeleton& skeleton);
  Result<std::optional<size_t>> count(Skeleton& skeleton, size_t shape, Fit fit,
                                      std::string_view text);
  static Result<Asked> ask_texts(LeafColumn& leaf, Fit fit, std::string_view text,
                                 std::span<uint8_t> hit);
  Result<Asked> ask_leaf(LeafColumn& leaf, Fit fit, std::string_view text, std::span<uint8_t> hit);
  Result<Asked> ask_way(size_t at, std::span<const FitPart> way, Answers& answers,
                        std::span<uint8_t> hit);
  bool parse_leaf(const char*& at, const char* end);
  bool parse_skeletons(const char*& at, const char* end, uint64_t skeletons);
  Status load_literals();
  Result<std::vector<int64_t>> times_of(std::span<const uint8_t> in_shape);
  void append_leaf(const LeafColumn& leaf, size_t value, std::string& out) const;

  IntValues coded_shapes_;
  Chunk literals_chunk_;
  bool whole_json_ = false;
  std::unique_ptr<TextColumn> whole_;
  std::vector<uint8_t> whole_shape_;
  std::vector<Skeleton> skeletons_;
  std::vector<LeafColumn> leaves_;
  std::vector<std::optional<ValueBounds>> leaf_bounds_;
  std::vector<uint32_t> shapes_;
  std::vector<uint32_t> whole_places_;
};

}  // namespace kansoku::store::events
