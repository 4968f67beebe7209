// Messages as templates: what many of them have in common, with <*> for what varies.
//
// One fixed configuration (decision 121). Messages are cut into words, signs and blanks; words that
// look like values (numbers, hosts, paths, days, what stands behind '=' ...) are variable at once.
// What is left, the shape, is kept once for all messages that are alike in it. Shapes that differ
// in one word only, three of them or more, are one when templates are asked for, again and again.
// Thread contract: confined.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kansoku::query::rows {

inline constexpr std::string_view kVariable = "<*>";
// Beyond these a new shape keeps its first words only, and beyond twice as many there is one for
// all that are left.
inline constexpr size_t kShapesMax = 20'000;
// Shapes that differ in one word are one from this number on: two are often opposites (opened and
// closed).
inline constexpr size_t kAlikeMin = 3;
inline constexpr size_t kSampleBytesMax = 1'024;
// Tokens behind these are one variable.
inline constexpr size_t kTemplateTokensMax = 256;
inline constexpr size_t kTemplateBins = 24;

struct Template {
  std::string text;
  uint64_t count = 0;
  uint64_t earlier = 0;  // of the range that is compared with
  std::string sample;    // the first message
  std::array<uint32_t, kTemplateBins> bins{};
};

class TemplateMiner {
 public:
  // The number of the shape. `bin`: which part of the range, below kTemplateBins.
  uint32_t add(std::string_view message, size_t bin = 0, bool earlier = false);
  size_t shapes() const { return shapes_.size(); }
  uint64_t count() const { return count_; }
  uint64_t memory_bytes() const { return memory_bytes_; }
  // Most frequent first. `of_shape`, where given, gets the template of each shape.
  std::vector<Template> templates(std::vector<uint32_t>* of_shape = nullptr) const;

 private:
  // Words by number; 0 is the variable.
  using Tokens = std::vector<uint32_t>;
  struct Shape {
    Tokens tokens;
    Template counts;
  };
  uint32_t number_of(std::string_view word);
  Tokens tokens_of(std::string_view message);
  uint32_t shape_of(Tokens tokens);
  Tokens coarse(Tokens tokens) const;
  bool is_constant(uint32_t word) const { return word != 0 && !is_sign_[word]; }

  class Merge;
  std::vector<std::string> words_{std::string(kVariable)};
  std::vector<uint8_t> is_sign_{0};
  std::unordered_map<std::string, uint32_t> numbers_;
  std::vector<Shape> shapes_;
  std::unordered_map<std::string, uint32_t> shape_numbers_;  // by the bytes of their tokens
  uint64_t count_ = 0;
  uint64_t memory_bytes_ = 0;
};

// Error, Warning, Info or Debug, by the first word of the message that says so; else nothing.
std::string_view severity_of(std::string_view message);

}  // namespace kansoku::query::rows
