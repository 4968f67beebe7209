#include "store/events/slot_column.h"

#include <algorithm>

#include "base/bytes.h"
#include "store/events/digits_inside.h"
#include "store/events/hits.h"
#include "store/events/id_slot.h"
#include "store/events/int_values.h"

namespace kansoku::store::events {
namespace {

// How the values of a slot are kept.
constexpr uint8_t kPlainSlot = 0;
constexpr uint8_t kWithLengths = 1;  // digits: some have zeros before
constexpr uint8_t kToEvent = 1;      // times: less the time of the event

using Times = std::function<Result<std::vector<int64_t>>()>;

Chunk add_ints(std::span<const int64_t> values, PageWriter& pages) {
  std::string bytes;
  encode_block_ints(values, bytes);
  return pages.add(bytes);
}

void put_digits(const SlotInput& slot, PageWriter& pages, std::string& meta) {
  std::vector<int64_t> numbers;
  std::vector<int64_t> lengths;
  bool plain = true;
  for (const CutValue* value : slot.values) {
    numbers.push_back(value->number);
    lengths.push_back(value->bytes);
    plain &= value->bytes == 1 || *value->text != '0';
  }
  meta += static_cast<char>(plain ? kPlainSlot : kWithLengths);
  append_varint(meta, static_cast<uint64_t>(std::ranges::max(numbers)));
  append_chunk(meta, add_ints(numbers, pages));
  if (!plain) append_chunk(meta, add_ints(lengths, pages));
}

void put_times(const SlotInput& slot, uint16_t kind, PageWriter& pages, std::string& meta) {
  std::vector<int64_t> units;
  for (const CutValue* value : slot.values) units.push_back(value->number);
  std::string bytes;
  encode_block_ints(units, bytes);
  if (slot.times_ns.size() == units.size()) {
    std::string other;
    const int64_t unit = time_unit_ns(kind);
    for (size_t i = 0; i < units.size(); ++i) {
      units[i] =
          static_cast<int64_t>(static_cast<uint64_t>(units[i]) * static_cast<uint64_t>(unit) -
                               static_cast<uint64_t>(slot.times_ns[i]));
    }
    encode_block_ints(units, other);
    if (other.size() < bytes.size()) {
      meta += static_cast<char>(kToEvent);
      append_chunk(meta, pages.add(other));
      return;
    }
  }
  meta += static_cast<char>(kPlainSlot);
  append_chunk(meta, pages.add(bytes));
}

// Of a value that is not worth a search by vectors.
bool fits_short(std::string_view value, Fit fit, std::string_view text) {
  if (fit != Fit::Inside) return fits(value, fit, text);
  if (value.size() < text.size()) return false;
  for (size_t at = 0; at <= value.size() - text.size(); ++at) {
    if (value[at] == text[0] && std::memcmp(value.data() + at, text.data(), text.size()) == 0)
      return true;
  }
  return false;
}

class DigitsSlot final : public SlotColumn {
 public:
  DigitsSlot(size_t count, PageReader& pages) : count_(count), pages_(pages) {}
  bool parse(const char*& at, const char* end) {
    if (at == end) return false;
    const auto form = static_cast<uint8_t>(*at++);
    Chunk chunk;
    if (form > kWithLengths || !read_varint(at, end, max_) || !read_chunk(at, end, chunk))
      return false;
    numbers_ = IntValues(chunk, count_);
    with_lengths_ = form == kWithLengths;
    if (!with_lengths_) return true;
    if (!read_chunk(at, end, chunk)) return false;
    lengths_ = IntValues(chunk, count_);
    return true;
  }
  Status prepare(std::span<const uint32_t> values, const Times&) override {
    KANSOKU_RETURN_IF_ERROR(numbers_.prepare(pages_, values));
    return with_lengths_ ? lengths_.prepare(pages_, values) : Status();
  }
  Status prepare_all(const Times&) override {
    KANSOKU_RETURN_IF_ERROR(numbers_.load(pages_));
    return with_lengths_ ? lengths_.load(pages_) : Status();
  }
  void append(size_t value, std::string& out) const override {
    const auto number = static_cast<uint64_t>(numbers_.at(value));
    append_digits(
        number,
        with_lengths_ ? std::min<size_t>(static_cast<size_t>(lengths_.at(value)), kDigitsMax) : 1,
        out);
  }

  Result<ValueBounds> bounds() override {
    ValueBounds out{.bytes = {}, .bytes_min = 1, .bytes_max = kDigitsMax};
    out.bytes.add("0123456789");
    if (with_lengths_) return out;
    out.bytes_max = 1;
    for (uint64_t left = max_; left >= 10; left /= 10) ++out.bytes_max;
    return out;
  }
  Result<bool> may(Fit, std::string_view text) override {
    return zeros_matter(text) || digits_may_stand(max_, text);
  }
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit,
                    const Times& times) override {
    KANSOKU_TRY(const bool possible, may(fit, text));
    if (!possible) return Asked();
    const bool whole = fit == Fit::Whole && !with_lengths_;
    if (!whole && (fit != Fit::Inside || zeros_matter(text)))
      return ask_texts(fit, text, hit, times);
    int64_t number = 0;
    if (whole && !number_of(text, number)) return Asked();
    DigitsInside inside(0, max_, text);
    KANSOKU_RETURN_IF_ERROR(
        numbers_.visit(pages_, [&](size_t first, std::span<const int64_t> numbers) {
          const std::span<uint8_t> to = hit.subspan(first, numbers.size());
          if (!whole) {
            inside.mark(numbers, to);
          } else {
            for (size_t i = 0; i < numbers.size(); ++i) to[i] |= numbers[i] == number;
          }
          return true;
        }));
    return Asked{.any = any_hit(hit)};
  }
  void shed() override {
    numbers_.shed();
    lengths_.shed();
  }
  size_t memory_bytes() const override {
    return sizeof(*this) + numbers_.memory_bytes() + lengths_.memory_bytes();
  }

 private:
  // Zeros before a number may be part of the text.
  bool zeros_matter(std::string_view text) const {
    return with_lengths_ && (text.empty() || text[0] == '0');
  }
  // Of digits that print so.
  static bool number_of(std::string_view text, int64_t& out) {
    if (text.empty() || text.size() > kDigitsMax || (text[0] == '0' && text.size() > 1))
      return false;
    out = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') return false;
      out = out * 10 + (c - '0');
    }
    return true;
  }
  Result<Asked> ask_texts(Fit fit, std::string_view text, std::span<uint8_t> hit,
                          const Times& times) {
    KANSOKU_RETURN_IF_ERROR(prepare_all(times));
    std::string digits;
    for (size_t i = 0; i < count_; ++i) {
      digits.clear();
      append(i, digits);
      hit[i] |= fits_short(digits, fit, text);
    }
    return Asked{.any = any_hit(hit)};
  }
  uint64_t max_ = 0;
  size_t count_;
  PageReader& pages_;
  bool with_lengths_ = false;
  IntValues numbers_;
  IntValues lengths_;
};

class TimeSlot final : public SlotColumn {
 public:
  TimeSlot(uint16_t kind, size_t count, PageReader& pages)
      : kind_(kind), count_(count), pages_(pages) {}
  bool parse(const char*& at, const char* end) {
    if (at == end) return false;
    const auto form = static_cast<uint8_t>(*at++);
    to_event_ = form == kToEvent;
    Chunk chunk;
    if (form > kToEvent || !read_chunk(at, end, chunk)) return false;
    units_ = IntValues(chunk, count_);
    return true;
  }
  Status prepare(std::span<const uint32_t> values, const Times& times) override {
    if (!to_event_) return units_.prepare(pages_, values);
    return prepare_all(times);
  }
  Status prepare_all(const Times& times) override {
    KANSOKU_RETURN_IF_ERROR(units_.load(pages_));
    if (!to_event_ || !events_.empty()) return {};
    KANSOKU_TRY(std::vector<int64_t> events, times());
    if (events.size() != count_) return corruption("times of a template have no events");
    events_ = std::move(events);
    return {};
  }
  void append(size_t value, std::string& out) const override {
    if (!to_event_) return append_time(units_.at(value), kind_, out);
    const auto ns = static_cast<int64_t>(static_cast<uint64_t>(units_.at(value)) +
                                         static_cast<uint64_t>(events_[value]));
    append_time(ns / time_unit_ns(kind_), kind_, out);
  }
  Result<ValueBounds> bounds() override {
    const size_t decimals = kind_ & 15;
    const size_t bytes = 19 + (decimals > 0 ? decimals + 1 : 0);
    ValueBounds out{.bytes = {}, .bytes_min = bytes, .bytes_max = bytes};
    out.bytes.add("0123456789-:");
    out.bytes.add((kind_ & kTimeBlank) != 0 ? ' ' : 'T');
    if (decimals > 0) out.bytes.add((kind_ & kTimeComma) != 0 ? ',' : '.');
    return out;
  }
  Result<bool> may(Fit, std::string_view text) override {
    // No run of digits is longer than a year's or the decimals.
    size_t run = 0;
    for (const char c : text) {
      run = c >= '0' && c <= '9' ? run + 1 : 0;
      if (run > std::max<size_t>(4, kind_ & 15)) return false;
    }
    return true;
  }
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit,
                    const Times& times) override {
    KANSOKU_TRY(const bool possible, may(fit, text));
    if (!possible) return Asked();
    KANSOKU_RETURN_IF_ERROR(prepare_all(times));
    std::string time;
    for (size_t i = 0; i < count_; ++i) {
      time.clear();
      append(i, time);
      hit[i] |= fits_short(time, fit, text);
    }
    return Asked{.any = any_hit(hit)};
  }
  void shed() override {
    units_.shed();
    events_ = {};
  }
  size_t memory_bytes() const override {
    return sizeof(*this) + units_.memory_bytes() + events_.capacity() * sizeof(int64_t);
  }

 private:
  uint16_t kind_;
  size_t count_;
  PageReader& pages_;
  bool to_event_ = false;
  IntValues units_;
  std::vector<int64_t> events_;
};

class WordSlot final : public SlotColumn {
 public:
  explicit WordSlot(std::unique_ptr<TextColumn> texts) : texts_(std::move(texts)) {}
  Status prepare(std::span<const uint32_t> values, const Times&) override {
    return texts_->prepare(values);
  }
  Status prepare_all(const Times&) override { return texts_->prepare_all(); }
  void append(size_t value, std::string& out) const override { texts_->append(value, out); }
  Result<ValueBounds> bounds() override { return texts_->bounds(); }
  Result<bool> may(Fit fit, std::string_view text) override { return texts_->may(fit, text); }
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit, const Times&) override {
    return texts_->ask(fit, text, hit);
  }
  void shed() override { texts_->shed(); }
  size_t memory_bytes() const override { return sizeof(*this) + texts_->memory_bytes(); }

 private:
  std::unique_ptr<TextColumn> texts_;
};

}  // namespace

void put_slot(const SlotInput& slot, uint16_t kind, PageWriter& pages, std::string& meta) {
  switch (kind & kVariableKind) {
    case kDigitsVariable:
      return put_digits(slot, pages, meta);
    case kHexVariable:
    case kUuidVariable:
      return put_ids(slot, kind, pages, meta);
    case kTimeVariable:
      return put_times(slot, kind, pages, meta);
    default: {
      std::vector<std::string_view> texts;
      for (const CutValue* value : slot.values) texts.push_back(value->view());
      return encode_text_column({.values = texts, .templates = false}, pages, meta);
    }
  }
}

std::unique_ptr<SlotColumn> SlotColumn::parse(const char*& at, const char* end, uint16_t kind,
                                              size_t count, PageReader& pages) {
  const auto parsed = [&](auto slot) -> std::unique_ptr<SlotColumn> {
    if (!slot->parse(at, end)) return nullptr;
    return slot;
  };
  switch (kind & kVariableKind) {
    case kDigitsVariable:
      return parsed(std::make_unique<DigitsSlot>(count, pages));
    case kHexVariable:
    case kUuidVariable:
      return parse_ids(at, end, kind, count, pages);
    case kTimeVariable:
      return parsed(std::make_unique<TimeSlot>(kind, count, pages));
    default: {
      auto texts = TextColumn::parse(at, end, count, pages);
      if (!texts) return nullptr;
      return std::make_unique<WordSlot>(std::move(texts));
    }
  }
}

}  // namespace kansoku::store::events
