// The labels of a series as nearly every sender of 1.0 writes them: first in the message, sorted,
// ASCII, each shorter than 128 bytes. Their canonical form is then the same bytes without the tags.
//
// What is not of this form is left to the general reader. Thread contract: thread-confined.
#pragma once

#include <array>
#include <string_view>

namespace kansoku::wire::remote_write {

class PlainLabels {
 public:
  // Reads the labels at the front of a series message. False: they are not plain, nothing is said.
  // Bytes up to `buffer_end` behind the message may be looked at; a message at the very end of its
  // buffer is left to the general reader.
  bool read(std::string_view message, const char* buffer_end);

  // Valid until the next read().
  std::string_view canonical() const { return {canonical_.data(), canonical_bytes_}; }
  std::string_view metric() const { return metric_; }
  size_t count() const { return count_; }
  // What follows the labels.
  std::string_view rest() const { return rest_; }

 private:
  static constexpr size_t kBytesMax = 4096;
  // Copies are made in whole words and may go over their end by this.
  static constexpr size_t kSlack = 16;

  std::array<char, kBytesMax + kSlack> canonical_;
  size_t canonical_bytes_ = 0;
  size_t count_ = 0;
  std::string_view metric_;
  std::string_view rest_;
};

}  // namespace kansoku::wire::remote_write
