// How a text can stand in texts that are made of literals and values: what decides, from templates
// and a few facts of their values, which of them have to be looked at. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kansoku::store::events {

// Where in a value the text stands.
enum class Fit : uint8_t { Inside, Begins, Ends, Whole };
bool fits(std::string_view value, Fit fit, std::string_view text);

class ByteSet {
 public:
  bool has(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return (words_[byte / 64] >> (byte % 64) & 1) != 0;
  }
  void add(char c) {
    const auto byte = static_cast<unsigned char>(c);
    words_[byte / 64] |= uint64_t{1} << (byte % 64);
  }
  void add(std::string_view text) {
    // Bytes of one word each: no step waits for the one before.
    std::array<uint8_t, 256> seen{};
    if (text.size() < 64) {
      for (const char c : text) add(c);
      return;
    }
    for (const char c : text) seen[static_cast<unsigned char>(c)] = 1;
    for (size_t byte = 0; byte < seen.size(); ++byte)
      words_[byte / 64] |= uint64_t{seen[byte]} << (byte % 64);
  }
  void add(const ByteSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  static ByteSet all() {
    ByteSet out;
    out.words_.fill(~uint64_t{0});
    return out;
  }
  std::span<uint64_t, 4> words() { return words_; }

 private:
  std::array<uint64_t, 4> words_{};
};

// What is known of values without reading them.
struct ValueBounds {
  ByteSet bytes = ByteSet::all();
  size_t bytes_min = 0;
  size_t bytes_max = SIZE_MAX;
  // False: the text stands so in none.
  bool may(Fit fit, std::string_view text) const {
    if (text.size() > bytes_max || (fit == Fit::Whole && text.size() < bytes_min)) return false;
    for (const char c : text) {
      if (!bytes.has(c)) return false;
    }
    return true;
  }
};

// A stretch of the text that a value must have.
struct FitPart {
  uint32_t slot = 0;
  Fit fit = Fit::Inside;
  std::string_view text;
  friend bool operator==(const FitPart&, const FitPart&) = default;
};
struct FitWays {
  bool certain = false;  // literals alone have it
  bool unknown = false;  // more ways than are worth counting
  // One of them, all of its parts.
  std::vector<std::vector<FitPart>> ways;
};
// `literals` has one more than `slots`.
FitWays fit_ways(std::string_view text, Fit fit, std::span<const std::string_view> literals,
                 std::span<const ValueBounds> slots);

}  // namespace kansoku::store::events
