#include "store/events/template_column.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/simd/find_text.h"
#include "store/events/block_ints.h"
#include "store/events/digits_inside.h"
#include "store/events/id_filter.h"

namespace kansoku::store::events {
namespace {

// Rarer templates cost more than what they say of their texts.
constexpr uint32_t kTemplateRowsMin = 8;
constexpr size_t kTrial = 1'024;
constexpr size_t kTrialTemplatesMax = 640;

// How the values of a slot are kept.
constexpr uint8_t kPlainSlot = 0;
constexpr uint8_t kWithLengths = 1;  // digits: some have zeros before
constexpr uint8_t kOnce = 1;         // ids: each once, and which of them each value is
constexpr uint8_t kToEvent = 1;      // times: less the time of the event

using Times = std::function<Result<std::vector<int64_t>>()>;

Chunk add_ints(std::span<const int64_t> values, PageWriter& pages) {
  std::string bytes;
  encode_block_ints(values, bytes);
  return pages.add(bytes);
}

bool read_ints(std::string_view bytes, std::vector<int64_t>& out) {
  const char* at = bytes.data();
  return decode_block_ints(at, bytes.data() + bytes.size(), out);
}

// The values of one slot, and the times of their events.
struct SlotInput {
  std::vector<const CutValue*> values;
  std::vector<int64_t> times_ns;
};

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

size_t id_bytes(uint16_t kind) {
  return (kind & kVariableKind) == kUuidVariable ? 16 : ((kind & 0xff) + 1U) / 2;
}

void append_id(const CutValue& value, uint16_t kind, std::string& out) {
  if ((kind & kVariableKind) == kHexVariable) return append_hex_bytes(value.view(), out);
  const std::string_view text = value.view();
  append_hex_bytes(text.substr(0, 8), out);
  for (const size_t at : {9U, 14U, 19U}) append_hex_bytes(text.substr(at, 4), out);
  append_hex_bytes(text.substr(24, 12), out);
}

// Where each id of `ids` first occurs, in the order of the times of their events: neighbours in
// time share ids, so that what says which of them a value is has small differences.
struct Distinct {
  std::vector<uint32_t> first;  // values
  std::vector<int64_t> codes;   // by value
};
Distinct distinct_ids(std::string_view ids, size_t bytes, std::span<const int64_t> times) {
  const size_t count = ids.size() / bytes;
  size_t slots = 64;
  while (slots < count * 2) slots *= 2;
  std::vector<uint32_t> table(slots, 0);
  std::vector<uint32_t> first;
  std::vector<int64_t> when;
  std::vector<int64_t> codes;
  codes.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view id = ids.substr(i * bytes, bytes);
    size_t slot = XXH3_64bits(id.data(), id.size()) & (slots - 1);
    while (table[slot] != 0 && ids.substr(first[table[slot] - 1] * bytes, bytes) != id)
      slot = (slot + 1) & (slots - 1);
    const int64_t time = times.empty() ? static_cast<int64_t>(i) : times[i];
    if (table[slot] == 0) {
      first.push_back(static_cast<uint32_t>(i));
      when.push_back(time);
      table[slot] = static_cast<uint32_t>(first.size());
      // Ids that do not repeat: that is seen early.
      if (i == 4'095 && first.size() > 3'600) return {};
    }
    const size_t code = table[slot] - 1;
    when[code] = std::min(when[code], time);
    codes.push_back(static_cast<int64_t>(code));
  }
  if (first.size() * 4 > count * 3) return {};
  std::vector<uint32_t> order(first.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
    return std::pair(when[a], first[a]) < std::pair(when[b], first[b]);
  });
  std::vector<int64_t> place(order.size());
  Distinct out;
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<int64_t>(i);
    out.first.push_back(first[order[i]]);
  }
  for (int64_t& code : codes) code = place[static_cast<size_t>(code)];
  out.codes = std::move(codes);
  return out;
}

// Few ids are as soon read as their filter.
constexpr size_t kFilterBytesMin = 4 * 1024;

void put_filter(std::string_view ids, size_t bytes, PageWriter& pages, std::string& meta) {
  meta += static_cast<char>(ids.size() >= kFilterBytesMin);
  if (ids.size() < kFilterBytesMin) return;
  std::string filter;
  append_id_filter(ids, bytes, filter);
  append_chunk(meta, pages.add_raw(filter));
}

void put_ids(const SlotInput& slot, uint16_t kind, PageWriter& pages, std::string& meta) {
  const size_t bytes = id_bytes(kind);
  std::string ids;
  ids.reserve(slot.values.size() * bytes);
  for (const CutValue* value : slot.values) append_id(*value, kind, ids);
  pause_at(pages.pause());
  const Distinct distinct = distinct_ids(ids, bytes, slot.times_ns);
  pause_at(pages.pause());
  if (distinct.first.empty()) {
    meta += static_cast<char>(kPlainSlot);
    append_chunk(meta, pages.add_raw(ids));
    put_filter(ids, bytes, pages, meta);
    return;
  }
  std::string once;
  for (const uint32_t value : distinct.first) once.append(ids, value * bytes, bytes);
  meta += static_cast<char>(kOnce);
  append_varint(meta, distinct.first.size());
  append_chunk(meta, pages.add_raw(once));
  put_filter(once, bytes, pages, meta);
  append_chunk(meta, add_ints(distinct.codes, pages));
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
    if (form > kWithLengths || !read_varint(at, end, max_) || !read_chunk(at, end, numbers_chunk_))
      return false;
    with_lengths_ = form == kWithLengths;
    return !with_lengths_ || read_chunk(at, end, lengths_chunk_);
  }
  Status load(const Times&) override {
    KANSOKU_TRY(const std::string_view coded, pages_.read(numbers_chunk_));
    numbers_.resize(count_);
    if (!read_ints(coded, numbers_)) return corruption("variables of a template are damaged");
    if (!with_lengths_) return {};
    KANSOKU_TRY(const std::string_view lengths, pages_.read(lengths_chunk_));
    lengths_.resize(count_);
    if (!read_ints(lengths, lengths_)) return corruption("variables of a template are damaged");
    return {};
  }
  void append(size_t value, std::string& out) const override {
    const auto number = static_cast<uint64_t>(numbers_[value]);
    append_digits(
        number,
        with_lengths_ ? std::min<size_t>(static_cast<size_t>(lengths_[value]), kDigitsMax) : 1,
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
  Result<bool> may(Fit fit, std::string_view text) override {
    int64_t number = 0;
    return fit != Fit::Whole || with_lengths_ ||
           (number_of(text, number) && static_cast<uint64_t>(number) <= max_);
  }
  Result<bool> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    int64_t number = 0;
    if (fit == Fit::Whole && !with_lengths_) {
      if (!number_of(text, number)) return true;
      for (size_t i = 0; i < count_; ++i) hit[i] |= numbers_[i] == number;
      return true;
    }
    if (fit == Fit::Inside && !with_lengths_) {
      mark_digits_inside(numbers_, 0, max_, text, hit);
      return true;
    }
    std::string digits;
    for (size_t i = 0; i < count_; ++i) {
      digits.clear();
      append(i, digits);
      hit[i] |= fits_short(digits, fit, text);
    }
    return true;
  }
  void shed() override {
    numbers_ = {};
    lengths_ = {};
  }
  size_t memory_bytes() const override {
    return sizeof(*this) + (numbers_.capacity() + lengths_.capacity()) * sizeof(int64_t);
  }

 private:
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
  uint64_t max_ = 0;
  size_t count_;
  PageReader& pages_;
  bool with_lengths_ = false;
  Chunk numbers_chunk_;
  Chunk lengths_chunk_;
  std::vector<int64_t> numbers_;
  std::vector<int64_t> lengths_;
};

class IdSlot final : public SlotColumn {
 public:
  IdSlot(uint16_t kind, size_t count, PageReader& pages)
      : kind_(kind), bytes_(id_bytes(kind)), count_(count), pages_(pages) {}
  bool parse(const char*& at, const char* end) {
    if (at == end) return false;
    const auto form = static_cast<uint8_t>(*at++);
    once_ = form == kOnce;
    ids_count_ = count_;
    if (form > kOnce || (once_ && !read_varint(at, end, ids_count_))) return false;
    if (ids_count_ == 0 || ids_count_ > count_ || !read_chunk(at, end, ids_chunk_) ||
        ids_chunk_.bytes != ids_count_ * bytes_) {
      return false;
    }
    if (at == end || static_cast<uint8_t>(*at) > 1) return false;
    filtered_ = *at++ == 1;
    if (filtered_ && !read_chunk(at, end, filter_chunk_)) return false;
    return !once_ || read_chunk(at, end, codes_chunk_);
  }
  Status load(const Times&) override {
    KANSOKU_TRY(ids_, pages_.read(ids_chunk_));
    if (!once_) return {};
    KANSOKU_TRY(const std::string_view coded, pages_.read(codes_chunk_));
    codes_.resize(count_);
    if (!read_ints(coded, codes_)) return corruption("ids of a template are damaged");
    for (const int64_t code : codes_) {
      if (code < 0 || static_cast<uint64_t>(code) >= ids_count_)
        return corruption("a template has no id {}", code);
    }
    return {};
  }
  void append(size_t value, std::string& out) const override {
    put(once_ ? static_cast<size_t>(codes_[value]) : value, out);
  }
  Result<ValueBounds> bounds() override {
    ValueBounds out{.bytes = {}, .bytes_min = text_bytes(), .bytes_max = text_bytes()};
    out.bytes.add(uuid() ? "0123456789abcdef-" : "0123456789abcdef");
    return out;
  }
  Result<bool> may(Fit fit, std::string_view text) override {
    if (!filtered_ || fit != Fit::Whole) return true;
    std::string id;
    if (!id_of(text, id)) return false;
    KANSOKU_TRY(const std::string_view filter, pages_.read_kept(filter_chunk_));
    return may_have_id(filter, id);
  }
  Result<bool> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    std::vector<uint8_t> holds(ids_count_);
    if (fit == Fit::Whole) {
      KANSOKU_TRY(const bool possible, may(fit, text));
      std::string id;
      if (!possible || !id_of(text, id)) return true;
      for (size_t at = 0; (at = find_text(ids_, id, at)) != std::string_view::npos; ++at) {
        if (at % bytes_ == 0) holds[at / bytes_] = 1;
      }
    } else {
      search(fit, text, holds);
    }
    if (std::ranges::find(holds, 1) == holds.end()) return true;
    for (size_t i = 0; i < count_; ++i) hit[i] |= holds[once_ ? static_cast<size_t>(codes_[i]) : i];
    return true;
  }
  void shed() override {
    ids_ = {};
    codes_ = {};
  }
  size_t memory_bytes() const override {
    return sizeof(*this) + codes_.capacity() * sizeof(int64_t);
  }

 private:
  bool uuid() const { return (kind_ & kVariableKind) == kUuidVariable; }
  size_t text_bytes() const { return uuid() ? 36 : kind_ & 0xff; }
  void put(size_t place, std::string& out) const {
    const std::string_view id = ids_.substr(place * bytes_, bytes_);
    if (uuid()) return append_uuid(id, out);
    append_hex(id, out);
    if (kind_ % 2 != 0) out.pop_back();
  }
  // The bytes of an id that is written so.
  bool id_of(std::string_view text, std::string& out) const {
    if (text.size() != text_bytes()) return false;
    CutValue value{.text = text.data(), .bytes = static_cast<uint32_t>(text.size())};
    append_id(value, kind_, out);
    std::string again;
    if (uuid()) {
      append_uuid(out, again);
    } else {
      append_hex(out, again);
      if (kind_ % 2 != 0) again.pop_back();
    }
    return again == text;
  }
  // Digits inside of ids, by bytes: digits begin in the first or the second half of one. False:
  // they have no whole byte to look for, or ids are not bytes alone.
  bool search_bytes(std::string_view text, std::vector<uint8_t>& holds) const {
    if (uuid() || kind_ % 2 != 0 || text.size() < 3 || text.size() > text_bytes()) return false;
    std::string digits(text.size(), '\0');
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool letter = c >= 'a' && c <= 'f';
      if (!letter && (c < '0' || c > '9')) return true;  // no id has it
      digits[i] = static_cast<char>(letter ? c - 'a' + 10 : c - '0');
    }
    for (const size_t before : {0U, 1U}) {
      const size_t whole = (digits.size() - before) / 2;
      const bool after = before + whole * 2 < digits.size();
      std::string bytes(whole, '\0');
      for (size_t i = 0; i < whole; ++i)
        bytes[i] = static_cast<char>(digits[before + i * 2] << 4 | digits[before + i * 2 + 1]);
      const auto fits_around = [&](size_t at) {
        const size_t first = at - before;  // wraps where nothing stands before
        const size_t last = at + whole - (after ? 0 : 1);
        if (at < before || last >= ids_.size() || first / bytes_ != last / bytes_) return false;
        return (before == 0 || (ids_[first] & 15) == digits.front()) &&
               (!after || static_cast<unsigned char>(ids_[last]) >> 4 == digits.back());
      };
      for (size_t at = 0; (at = find_text(ids_, bytes, at)) != std::string_view::npos; ++at) {
        if (fits_around(at)) holds[at / bytes_] = 1;
      }
    }
    return true;
  }
  // Some ids at a time as one text.
  void search(Fit fit, std::string_view text, std::vector<uint8_t>& holds) const {
    if (fit == Fit::Inside && search_bytes(text, holds)) return;
    constexpr size_t kAtOnce = 512;
    const size_t width = text_bytes();
    std::string some;
    for (size_t first = 0; first < ids_count_; first += kAtOnce) {
      const size_t count = std::min<size_t>(kAtOnce, ids_count_ - first);
      some.clear();
      if (uuid() || kind_ % 2 != 0) {
        for (size_t i = 0; i < count; ++i) put(first + i, some);
      } else {
        append_hex(ids_.substr(first * bytes_, count * bytes_), some);
      }
      if (fit != Fit::Inside) {
        for (size_t i = 0; i < count; ++i)
          holds[first + i] = fits(std::string_view(some).substr(i * width, width), fit, text);
        continue;
      }
      for (size_t at = 0; (at = find_text(some, text, at)) != std::string_view::npos;) {
        const size_t i = at / width;
        const bool within = at % width + text.size() <= width;
        if (within) holds[first + i] = 1;
        at = within ? (i + 1) * width : at + 1;
      }
    }
  }
  bool filtered_ = false;
  Chunk filter_chunk_;
  uint16_t kind_;
  size_t bytes_;
  size_t count_;
  PageReader& pages_;
  bool once_ = false;
  uint64_t ids_count_ = 0;
  Chunk ids_chunk_;
  Chunk codes_chunk_;
  std::string_view ids_;
  std::vector<int64_t> codes_;
};

class TimeSlot final : public SlotColumn {
 public:
  TimeSlot(uint16_t kind, size_t count, PageReader& pages)
      : kind_(kind), count_(count), pages_(pages) {}
  bool parse(const char*& at, const char* end) {
    if (at == end) return false;
    const auto form = static_cast<uint8_t>(*at++);
    to_event_ = form == kToEvent;
    return form <= kToEvent && read_chunk(at, end, chunk_);
  }
  Status load(const Times& times) override {
    KANSOKU_TRY(const std::string_view coded, pages_.read(chunk_));
    units_.resize(count_);
    if (!read_ints(coded, units_)) return corruption("times of a template are damaged");
    if (!to_event_) return {};
    KANSOKU_TRY(const std::vector<int64_t> events, times());
    if (events.size() != count_) return corruption("times of a template have no events");
    const int64_t unit = time_unit_ns(kind_);
    for (size_t i = 0; i < count_; ++i) {
      units_[i] = static_cast<int64_t>(static_cast<uint64_t>(units_[i]) +
                                       static_cast<uint64_t>(events[i])) /
                  unit;
    }
    return {};
  }
  void append(size_t value, std::string& out) const override {
    append_time(units_[value], kind_, out);
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
  Result<bool> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    KANSOKU_TRY(const bool possible, may(fit, text));
    if (!possible) return true;
    std::string time;
    for (size_t i = 0; i < count_; ++i) {
      time.clear();
      append(i, time);
      hit[i] |= fits_short(time, fit, text);
    }
    return true;
  }
  void shed() override { units_ = {}; }
  size_t memory_bytes() const override {
    return sizeof(*this) + units_.capacity() * sizeof(int64_t);
  }

 private:
  uint16_t kind_;
  size_t count_;
  PageReader& pages_;
  bool to_event_ = false;
  Chunk chunk_;
  std::vector<int64_t> units_;
};

class WordSlot final : public SlotColumn {
 public:
  explicit WordSlot(std::unique_ptr<TextColumn> texts) : texts_(std::move(texts)) {}
  Status load(const Times&) override { return texts_->prepare_all(); }
  void append(size_t value, std::string& out) const override { texts_->append(value, out); }
  Result<ValueBounds> bounds() override { return texts_->bounds(); }
  Result<bool> may(Fit fit, std::string_view text) override { return texts_->may(fit, text); }
  Result<bool> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    return texts_->ask(fit, text, hit);
  }
  void shed() override { texts_->shed(); }
  size_t memory_bytes() const override { return sizeof(*this) + texts_->memory_bytes(); }

 private:
  std::unique_ptr<TextColumn> texts_;
};

}  // namespace

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
      return parsed(std::make_unique<IdSlot>(kind, count, pages));
    case kTimeVariable:
      return parsed(std::make_unique<TimeSlot>(kind, count, pages));
    default: {
      auto texts = TextColumn::parse(at, end, count, pages);
      if (!texts) return nullptr;
      return std::make_unique<WordSlot>(std::move(texts));
    }
  }
}

TemplateCut::TemplateCut(std::span<const std::string_view> values, WorkPause* pause)
    : texts_(values) {
  ways_.reserve(values.size());
  begins_.reserve(values.size());
  for (const std::string_view value : values) {
    pause_in_loop(pause, ways_.size());
    begins_.push_back(static_cast<uint32_t>(variables_.size()));
    ways_.push_back(cut_.cut(value, variables_));
    // Prose: nearly every text is a template of its own.
    if (ways_.size() == kTrial && cut_.templates().size() > kTrialTemplatesMax) return;
  }
  counts_.resize(cut_.templates().size());
  for (const int way : ways_) {
    if (way != TextCut::kWhole) ++counts_[static_cast<size_t>(way)];
  }
  for (const uint32_t count : counts_) covered_ += count >= kTemplateRowsMin ? count : 0;
}

void TemplateCut::encode(const TextColumnInput& input, PageWriter& pages, std::string& meta) const {
  std::vector<int64_t> number(counts_.size(), 0);
  std::vector<size_t> first_slot(counts_.size(), 0);
  std::vector<SlotInput> slots;
  std::vector<uint16_t> kinds;
  std::string templates;
  std::vector<std::string_view> literals;
  int64_t kept = 0;
  for (size_t way = 0; way < counts_.size(); ++way) {
    if (counts_[way] < kTemplateRowsMin) continue;
    number[way] = ++kept;
    const std::vector<CutPiece>& pieces = cut_.templates()[way];
    first_slot[way] = slots.size();
    append_varint(templates, counts_[way]);
    append_varint(templates, pieces.size() - 1);
    for (const CutPiece& piece : pieces) literals.push_back(piece.literal);
    for (size_t i = 0; i + 1 < pieces.size(); ++i) {
      append_le(templates, pieces[i].kind);
      kinds.push_back(pieces[i].kind);
      slots.emplace_back().values.reserve(counts_[way]);
    }
  }
  append_texts(literals, templates);
  std::vector<int64_t> codes;
  std::vector<std::string_view> rest;
  codes.reserve(ways_.size());
  for (size_t i = 0; i < ways_.size(); ++i) {
    pause_in_loop(pages.pause(), i);
    const int64_t code = ways_[i] == TextCut::kWhole ? 0 : number[static_cast<size_t>(ways_[i])];
    codes.push_back(code);
    if (code == 0) {
      rest.push_back(texts_[i]);
      continue;
    }
    const auto way = static_cast<size_t>(ways_[i]);
    const size_t variables = cut_.templates()[way].size() - 1;
    for (size_t j = 0; j < variables; ++j) {
      SlotInput& slot = slots[first_slot[way] + j];
      slot.values.push_back(&variables_[begins_[i] + j]);
      if (!input.times_ns.empty()) slot.times_ns.push_back(input.times_ns[i]);
    }
  }
  std::string slots_meta;
  for (size_t i = 0; i < slots.size(); ++i) put_slot(slots[i], kinds[i], pages, slots_meta);
  append_varint(meta, static_cast<uint64_t>(kept));
  append_chunk(meta, pages.add_names(templates));
  append_chunk(meta, pages.add_names(slots_meta));
  append_chunk(meta, add_ints(codes, pages));
  append_varint(meta, rest.size());
  if (!rest.empty()) encode_text_column({.values = rest, .templates = false}, pages, meta);
}

std::unique_ptr<TextColumn> TemplateTexts::parse(const char*& at, const char* end, size_t count,
                                                 PageReader& pages) {
  auto out = std::make_unique<TemplateTexts>(count, pages);
  uint64_t templates = 0;
  uint64_t rest = 0;
  if (!read_varint(at, end, templates) || templates > count ||
      !read_chunk(at, end, out->templates_chunk_) || !read_chunk(at, end, out->slots_chunk_) ||
      !read_chunk(at, end, out->codes_chunk_) || !read_varint(at, end, rest) || rest > count) {
    return nullptr;
  }
  out->templates_count_ = templates;
  if (rest > 0) {
    // Texts of a rest are no templates again: levels end here.
    if (at == end || *at == 3) return nullptr;
    out->rest_ = TextColumn::parse(at, end, rest, pages);
    if (!out->rest_) return nullptr;
  }
  return out;
}

Status TemplateTexts::load_templates() {
  if (templates_loaded_) return {};
  const auto damaged = [] { return corruption("templates of a block are damaged"); };
  KANSOKU_TRY(const std::string_view coded, pages_.read_kept(templates_chunk_));
  KANSOKU_TRY(const std::string_view slots, pages_.read(slots_chunk_));
  const char* at = coded.data();
  const char* const end = at + coded.size();
  const char* slot_at = slots.data();
  const char* const slot_end = slot_at + slots.size();
  std::vector<Template> templates(templates_count_);
  size_t literals_count = 0;
  size_t all = rest_ ? rest_->size() : 0;
  for (Template& t : templates) {
    uint64_t count = 0;
    uint64_t variables = 0;
    if (!read_varint(at, end, count) || !read_varint(at, end, variables) || count == 0 ||
        count > count_ - all || variables > static_cast<uint64_t>(end - at) / 2) {
      return damaged();
    }
    all += count;
    t.count = count;
    for (uint64_t i = 0; i < variables; ++i) {
      const auto kind = load_le<uint16_t>(at);
      at += 2;
      if (!is_variable_kind(kind)) return damaged();
      t.kinds.push_back(kind);
      if (kind == kWordVariable && (slot_at == slot_end || *slot_at == 3)) return damaged();
      t.slots.push_back(SlotColumn::parse(slot_at, slot_end, kind, count, pages_));
      t.loaded.push_back(0);
      if (!t.slots.back()) return damaged();
    }
    literals_count += variables + 1;
  }
  std::vector<std::string_view> literals;
  if (all != count_ ||
      !split_texts({at, static_cast<size_t>(end - at)}, literals_count, literals)) {
    return damaged();
  }
  size_t literal = 0;
  for (Template& t : templates) {
    t.literals.assign(literals.begin() + static_cast<ptrdiff_t>(literal),
                      literals.begin() + static_cast<ptrdiff_t>(literal + t.kinds.size() + 1));
    literal += t.kinds.size() + 1;
  }
  templates_ = std::move(templates);
  templates_loaded_ = true;
  return {};
}

Status TemplateTexts::load_codes() {
  if (!codes_.empty()) return {};
  KANSOKU_TRY(const std::string_view coded, pages_.read(codes_chunk_));
  std::vector<int64_t> codes(count_);
  if (!read_ints(coded, codes)) return corruption("templates of a block are damaged");
  std::vector<uint32_t> counts(templates_.size() + 1);
  places_.resize(count_);
  for (size_t i = 0; i < count_; ++i) {
    if (codes[i] < 0 || static_cast<size_t>(codes[i]) >= counts.size())
      return corruption("a block has no template {}", codes[i]);
    places_[i] = counts[static_cast<size_t>(codes[i])]++;
  }
  bool good = counts[0] == (rest_ ? rest_->size() : 0);
  for (size_t i = 0; i < templates_.size(); ++i)
    good = good && counts[i + 1] == templates_[i].count;
  if (!good) return corruption("templates of a block do not fit its texts");
  codes_ = std::move(codes);
  return {};
}

Result<std::vector<int64_t>> TemplateTexts::times_of(size_t way) {
  KANSOKU_RETURN_IF_ERROR(load_codes());
  if (!times_) return corruption("times of a template have no events");
  KANSOKU_TRY(const std::vector<int64_t> all, times_());
  if (all.size() != count_) return corruption("times of a template have no events");
  std::vector<int64_t> out;
  for (size_t i = 0; i < count_; ++i) {
    if (codes_[i] == static_cast<int64_t>(way)) out.push_back(all[i]);
  }
  return out;
}

Status TemplateTexts::load_slot(size_t code, size_t slot) {
  Template& t = templates_[code - 1];
  if (t.loaded[slot] != 0) return {};
  KANSOKU_RETURN_IF_ERROR(t.slots[slot]->load([&] { return times_of(code); }));
  t.loaded[slot] = 1;
  return {};
}

Status TemplateTexts::prepare(std::span<const uint32_t> values) {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  KANSOKU_RETURN_IF_ERROR(load_codes());
  std::vector<uint32_t> rest;
  std::vector<uint8_t> done(templates_.size() + 1);
  for (const uint32_t value : values) {
    const auto code = static_cast<size_t>(codes_[value]);
    if (code == 0) rest.push_back(places_[value]);
    if (code == 0 || done[code] != 0) continue;
    for (size_t slot = 0; slot < templates_[code - 1].slots.size(); ++slot)
      KANSOKU_RETURN_IF_ERROR(load_slot(code, slot));
    done[code] = 1;
  }
  if (!rest.empty()) KANSOKU_RETURN_IF_ERROR(rest_->prepare(rest));
  return {};
}

Result<ValueBounds> TemplateTexts::bounds() {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  ValueBounds out{.bytes = {}, .bytes_min = SIZE_MAX, .bytes_max = 0};
  for (Template& t : templates_) {
    size_t min = 0;
    size_t max = 0;
    for (const std::string_view literal : t.literals) {
      out.bytes.add(literal);
      min += literal.size();
      max += literal.size();
    }
    for (const auto& slot : t.slots) {
      KANSOKU_TRY(const ValueBounds bounds, slot->bounds());
      out.bytes.add(bounds.bytes);
      min += bounds.bytes_min;
      max = bounds.bytes_max == SIZE_MAX || max == SIZE_MAX ? SIZE_MAX : max + bounds.bytes_max;
    }
    out.bytes_min = std::min(out.bytes_min, min);
    out.bytes_max = std::max(out.bytes_max, max);
  }
  if (rest_) {
    KANSOKU_TRY(const ValueBounds bounds, rest_->bounds());
    out.bytes.add(bounds.bytes);
    out.bytes_min = std::min(out.bytes_min, bounds.bytes_min);
    out.bytes_max = std::max(out.bytes_max, bounds.bytes_max);
  }
  return out;
}

Result<FitWays> TemplateTexts::ways_of(Template& t, Fit fit, std::string_view text) {
  if (t.bounds.size() < t.slots.size()) {
    std::vector<ValueBounds> bounds;
    bounds.reserve(t.slots.size());
    for (const auto& slot : t.slots) {
      KANSOKU_TRY(const ValueBounds of_slot, slot->bounds());
      bounds.push_back(of_slot);
    }
    t.bounds = std::move(bounds);
  }
  return fit_ways(text, fit, t.literals, t.bounds);
}

Result<bool> TemplateTexts::may(Template& t, Fit fit, std::string_view text) {
  KANSOKU_TRY(const FitWays ways, ways_of(t, fit, text));
  if (ways.certain || ways.unknown) return true;
  for (const auto& way : ways.ways) {
    bool possible = true;
    for (const FitPart& part : way) {
      KANSOKU_TRY(const bool has, t.slots[part.slot]->may(part.fit, part.text));
      possible = has;
      if (!possible) break;
    }
    if (possible) return true;
  }
  return false;
}

Result<bool> TemplateTexts::may(Fit fit, std::string_view text) {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  for (Template& t : templates_) {
    KANSOKU_TRY(const bool possible, may(t, fit, text));
    if (possible) return true;
  }
  if (!rest_) return false;
  return rest_->may(fit, text);
}

Status TemplateTexts::ask(size_t code, const FitWays& ways, std::vector<uint8_t>& hit) {
  Template& t = templates_[code - 1];
  std::vector<uint8_t> all;
  std::vector<uint8_t> some;
  for (const auto& way : ways.ways) {
    if (way.size() == 1) {
      const FitPart& part = way[0];
      KANSOKU_TRY(const bool possible, t.slots[part.slot]->may(part.fit, part.text));
      if (!possible) continue;
      KANSOKU_RETURN_IF_ERROR(load_slot(code, part.slot));
      KANSOKU_RETURN_IF_ERROR(t.slots[part.slot]->ask(part.fit, part.text, hit));
      continue;
    }
    all.assign(t.count, 1);
    for (const FitPart& part : way) {
      some.assign(t.count, 0);
      KANSOKU_TRY(const bool possible, t.slots[part.slot]->may(part.fit, part.text));
      if (!possible) {
        all.clear();
        break;
      }
      KANSOKU_RETURN_IF_ERROR(load_slot(code, part.slot));
      KANSOKU_RETURN_IF_ERROR(t.slots[part.slot]->ask(part.fit, part.text, some));
      for (size_t i = 0; i < all.size(); ++i) all[i] &= some[i];
    }
    for (size_t i = 0; i < all.size(); ++i) hit[i] |= all[i];
  }
  return {};
}

Result<bool> TemplateTexts::ask(Fit fit, std::string_view text, std::span<uint8_t> hit) {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  bool exact = true;
  // By code: of its values those that hold; empty: none.
  std::vector<std::vector<uint8_t>> holds(templates_.size() + 1);
  bool any = false;
  for (size_t code = 1; code < holds.size(); ++code) {
    Template& t = templates_[code - 1];
    KANSOKU_TRY(const FitWays ways, ways_of(t, fit, text));
    if (!ways.certain && !ways.unknown && ways.ways.empty()) continue;
    any = true;
    exact = exact && (ways.certain || !ways.unknown);
    holds[code].assign(t.count, ways.certain || ways.unknown);
    if (!ways.certain && !ways.unknown) KANSOKU_RETURN_IF_ERROR(ask(code, ways, holds[code]));
  }
  if (rest_) {
    holds[0].assign(rest_->size(), 0);
    KANSOKU_TRY(const bool exact_rest, rest_->ask(fit, text, holds[0]));
    exact = exact && exact_rest;
    any = any || std::ranges::find(holds[0], 1) != holds[0].end();
  }
  if (!any) return true;
  KANSOKU_RETURN_IF_ERROR(load_codes());
  size_t longest = 0;
  for (const Template& t : templates_) longest = std::max(longest, t.count);
  const std::vector<uint8_t> none(std::max(longest, rest_ ? rest_->size() : 0));
  std::vector<const uint8_t*> of_code;
  for (const std::vector<uint8_t>& of : holds)
    of_code.push_back(of.empty() ? none.data() : of.data());
  for (size_t i = 0; i < count_; ++i) hit[i] |= of_code[static_cast<size_t>(codes_[i])][places_[i]];
  return exact;
}

// Without which of the values they are: templates say how many they have.
Result<std::optional<size_t>> TemplateTexts::count(Fit fit, std::string_view text) {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  size_t out = 0;
  std::vector<uint8_t> hit;
  for (size_t code = 1; code <= templates_.size(); ++code) {
    Template& t = templates_[code - 1];
    KANSOKU_TRY(const FitWays ways, ways_of(t, fit, text));
    if (ways.certain) {
      out += t.count;
      continue;
    }
    if (ways.unknown) return std::nullopt;
    if (ways.ways.empty()) continue;
    hit.assign(t.count, 0);
    KANSOKU_RETURN_IF_ERROR(ask(code, ways, hit));
    out += static_cast<size_t>(std::ranges::count(hit, 1));
  }
  if (!rest_) return out;
  KANSOKU_TRY(const std::optional<size_t> of_rest, rest_->count(fit, text));
  if (!of_rest) return std::nullopt;
  return out + *of_rest;
}

void TemplateTexts::shed() {
  codes_ = {};
  places_ = {};
  for (Template& t : templates_) {
    std::ranges::fill(t.loaded, uint8_t{0});
    for (const auto& slot : t.slots) slot->shed();
  }
  if (rest_) rest_->shed();
}

size_t TemplateTexts::memory_bytes() const {
  size_t out = codes_.capacity() * sizeof(int64_t) + places_.capacity() * sizeof(uint32_t);
  for (const Template& t : templates_) {
    out += sizeof(t) + t.literals.capacity() * sizeof(std::string_view) +
           t.bounds.capacity() * sizeof(ValueBounds);
    for (const auto& slot : t.slots) out += slot->memory_bytes();
  }
  return out + (rest_ ? rest_->memory_bytes() : 0);
}

void TemplateTexts::append(size_t value, std::string& out) const {
  const auto code = static_cast<size_t>(codes_[value]);
  if (code == 0) return rest_->append(places_[value], out);
  const Template& t = templates_[code - 1];
  for (size_t i = 0; i < t.slots.size(); ++i) {
    out += t.literals[i];
    t.slots[i]->append(places_[value], out);
  }
  out += t.literals.back();
}

}  // namespace kansoku::store::events
