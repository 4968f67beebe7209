// A column of texts in a block (docs/formats/event-part.md, "Texts"): one value, a dictionary and
// codes, or the bytes. Thread contract: one owner.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/events/block_pages.h"
#include "store/events/fitting.h"

namespace kansoku::store::events {

struct TextColumnInput {
  std::span<const std::string_view> values;
  // Times of the events, by value; empty where the reader will not know them.
  std::span<const int64_t> times_ns;
  bool templates = true;
};
// Appends what the reader needs to `meta`, the values to pages.
void encode_text_column(const TextColumnInput& input, PageWriter& pages, std::string& meta);

// What a question did to the hits.
struct Asked {
  bool exact = true;  // it holds for all hits; else for some of them. For others it never does.
  bool any = false;   // there may be hits
};

class TextColumn {
 public:
  // Nothing when the bytes are no column of `count` values.
  static std::unique_ptr<TextColumn> parse(const char*& at, const char* end, size_t count,
                                           PageReader& pages);
  virtual ~TextColumn() = default;
  size_t size() const { return count_; }
  // Reads what append() needs for these values (ascending); of others it may know no more after.
  virtual Status prepare(std::span<const uint32_t> values) = 0;
  Status prepare_all();
  // Who tells the times of the events, by value.
  void set_times(std::function<Result<std::vector<int64_t>>()> times) { times_ = std::move(times); }
  virtual void append(size_t value, std::string& out) const = 0;
  // Where values are few: the values, and which of them each is. Empty elsewhere.
  virtual Result<std::span<const std::string_view>> dictionary() {
    return std::span<const std::string_view>();
  }
  virtual std::span<const int64_t> codes() const { return {}; }
  // What is known of all values, of dictionaries and templates alone.
  virtual Result<ValueBounds> bounds() = 0;
  // False: in no value stands the text so.
  virtual Result<bool> may(Fit fit, std::string_view text) = 0;
  // Sets `hit` to 1 for the values in which the text stands so.
  virtual Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) = 0;
  // In how many values the text stands so; nothing where that takes a look at the values.
  virtual Result<std::optional<size_t>> count(Fit fit, std::string_view text);
  // What was decoded of values goes; what rules them out stays.
  virtual void shed() = 0;
  // Of what shed() lets go, and of names.
  virtual size_t memory_bytes() const = 0;

 protected:
  TextColumn(size_t count, PageReader& pages) : count_(count), pages_(pages) {}
  size_t count_;
  PageReader& pages_;
  std::function<Result<std::vector<int64_t>>()> times_;
};

// Lengths and bytes of some texts, as one stretch; views into it, none when the bytes are not such.
void append_texts(std::span<const std::string_view> values, std::string& out);
bool split_texts(std::string_view bytes, size_t count, std::vector<std::string_view>& out);

}  // namespace kansoku::store::events
