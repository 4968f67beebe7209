// Messages as templates: what many of them have in common, with <*> for what varies.
//
// One fixed configuration (decision 121). Messages are cut into words and signs; words that look
// like values (numbers, addresses, ids ...) are variable at once. What is left is kept once for all
// messages that are alike in it, and these shapes are grouped when templates are asked for.
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
// More shapes than these go to the shape that is most like them.
inline constexpr size_t kShapesMax = 50'000;
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
  struct Shape {
    std::vector<uint32_t> tokens;  // words, kVariableWord for variables
    Template counts;
  };
  uint32_t word(std::string_view text);
  uint32_t nearest(const std::vector<uint32_t>& tokens) const;
  std::vector<uint32_t> group() const;
  std::string text_of(const std::vector<uint32_t>& shapes) const;

  std::vector<std::string> words_;
  std::unordered_map<std::string, uint32_t> word_numbers_;
  std::vector<Shape> shapes_;
  std::unordered_map<std::string, uint32_t> shape_numbers_;
  uint64_t count_ = 0;
  uint64_t memory_bytes_ = 0;
};

// Error, Warning, Info or Debug, by the first word of the message that says so; else nothing.
std::string_view severity_of(std::string_view message);

}  // namespace kansoku::query::rows
