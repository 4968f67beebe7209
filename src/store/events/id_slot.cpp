#include "store/events/id_slot.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/simd/find_text.h"
#include "store/events/block_ints.h"
#include "store/events/id_filter.h"
#include "store/events/int_values.h"

namespace kansoku::store::events {
namespace {

// How ids are kept.
constexpr uint8_t kPlain = 0;
constexpr uint8_t kOnce = 1;  // each once, and which of them each value is

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

}  // namespace

void put_ids(const SlotInput& slot, uint16_t kind, PageWriter& pages, std::string& meta) {
  const size_t bytes = id_bytes(kind);
  std::string ids;
  ids.reserve(slot.values.size() * bytes);
  for (const CutValue* value : slot.values) append_id(*value, kind, ids);
  pause_at(pages.pause());
  const Distinct distinct = distinct_ids(ids, bytes, slot.times_ns);
  pause_at(pages.pause());
  if (distinct.first.empty()) {
    meta += static_cast<char>(kPlain);
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
  std::string codes;
  encode_block_ints(distinct.codes, codes);
  append_chunk(meta, pages.add(codes));
}

namespace {

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
    if (!once_) return true;
    Chunk codes;
    if (!read_chunk(at, end, codes)) return false;
    codes_ = IntValues(codes, count_);
    return true;
  }
  Status prepare(std::span<const uint32_t> values, const Times& times) override {
    if (once_ && !are_few(values.size(), count_)) return prepare_all(times);
    KANSOKU_TRY(ids_, pages_.read(ids_chunk_));
    if (!once_) return {};
    KANSOKU_RETURN_IF_ERROR(codes_.prepare(pages_, values));
    for (const uint32_t value : values) KANSOKU_RETURN_IF_ERROR(check(codes_.at(value)));
    return {};
  }
  Status prepare_all(const Times&) override {
    KANSOKU_TRY(ids_, pages_.read(ids_chunk_));
    if (!once_ || codes_.loaded()) return {};
    KANSOKU_RETURN_IF_ERROR(codes_.load(pages_));
    if (codes_.below(ids_count_)) return {};
    codes_.shed();
    return corruption("a template has fewer ids than it is asked for");
  }
  void append(size_t value, std::string& out) const override {
    put(once_ ? static_cast<size_t>(codes_.at(value)) : value, out);
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
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit, const Times&) override {
    KANSOKU_TRY(const bool possible, may(fit, text));
    if (!possible) return Asked();
    KANSOKU_TRY(const std::string_view ids, pages_.read(ids_chunk_));
    std::vector<uint8_t> of_ids(once_ ? ids_count_ : 0);
    const std::span<uint8_t> holds = once_ ? std::span(of_ids) : hit;
    if (!search(ids, fit, text, holds)) return Asked();
    if (!once_) return Asked{.any = true};
    KANSOKU_RETURN_IF_ERROR(codes_.hit_by_code(pages_, holds, hit));
    return Asked{.any = true};
  }
  void shed() override {
    ids_ = {};
    codes_.shed();
  }
  size_t memory_bytes() const override { return sizeof(*this) + codes_.memory_bytes(); }

 private:
  bool uuid() const { return (kind_ & kVariableKind) == kUuidVariable; }
  Status check(int64_t code) const {
    if (code >= 0 && static_cast<uint64_t>(code) < ids_count_) return {};
    return corruption("a template has no id {}", code);
  }
  size_t text_bytes() const { return uuid() ? 36 : kind_ & 0xff; }
  void put(size_t place, std::string& out) const { put(ids_, place, out); }
  void put(std::string_view ids, size_t place, std::string& out) const {
    const std::string_view id = ids.substr(place * bytes_, bytes_);
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
  // The search functions say whether any id holds.
  bool search(std::string_view ids, Fit fit, std::string_view text,
              std::span<uint8_t> holds) const {
    if (fit == Fit::Whole) return search_id(ids, text, holds);
    const bool bytes = !uuid() && kind_ % 2 == 0 && text.size() >= 3;
    if (fit == Fit::Inside && bytes) return search_bytes(ids, text, holds);
    return search_texts(ids, fit, text, holds);
  }
  bool search_id(std::string_view ids, std::string_view text, std::span<uint8_t> holds) const {
    std::string id;
    if (!id_of(text, id)) return false;
    bool any = false;
    for (size_t at = 0; (at = find_text(ids, id, at)) != std::string_view::npos; ++at) {
      if (at % bytes_ != 0) continue;
      holds[at / bytes_] = 1;
      any = true;
    }
    return any;
  }
  // Digits inside of ids, by bytes: they begin in the first or the second half of one.
  bool search_bytes(std::string_view ids, std::string_view text, std::span<uint8_t> holds) const {
    if (text.size() > text_bytes()) return false;
    std::string digits(text.size(), '\0');
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool letter = c >= 'a' && c <= 'f';
      if (!letter && (c < '0' || c > '9')) return false;
      digits[i] = static_cast<char>(letter ? c - 'a' + 10 : c - '0');
    }
    bool any = false;
    for (const size_t before : {0U, 1U}) {
      const size_t whole = (digits.size() - before) / 2;
      const bool after = before + whole * 2 < digits.size();
      std::string bytes(whole, '\0');
      for (size_t i = 0; i < whole; ++i)
        bytes[i] = static_cast<char>(digits[before + i * 2] << 4 | digits[before + i * 2 + 1]);
      const auto fits_around = [&](size_t at) {
        const size_t first = at - before;  // wraps where nothing stands before
        const size_t last = at + whole - (after ? 0 : 1);
        if (at < before || last >= ids.size() || first / bytes_ != last / bytes_) return false;
        return (before == 0 || (ids[first] & 15) == digits.front()) &&
               (!after || static_cast<unsigned char>(ids[last]) >> 4 == digits.back());
      };
      for (size_t at = 0; (at = find_text(ids, bytes, at)) != std::string_view::npos; ++at) {
        if (!fits_around(at)) continue;
        holds[at / bytes_] = 1;
        any = true;
      }
    }
    return any;
  }
  // Some ids at a time as one text.
  bool search_texts(std::string_view ids, Fit fit, std::string_view text,
                    std::span<uint8_t> holds) const {
    constexpr size_t kAtOnce = 512;
    const size_t width = text_bytes();
    std::string some;
    bool any = false;
    for (size_t first = 0; first < ids_count_; first += kAtOnce) {
      const size_t count = std::min<size_t>(kAtOnce, ids_count_ - first);
      some.clear();
      if (uuid() || kind_ % 2 != 0) {
        for (size_t i = 0; i < count; ++i) put(ids, first + i, some);
      } else {
        append_hex(ids.substr(first * bytes_, count * bytes_), some);
      }
      if (fit != Fit::Inside) {
        for (size_t i = 0; i < count; ++i) {
          if (!fits(std::string_view(some).substr(i * width, width), fit, text)) continue;
          holds[first + i] = 1;
          any = true;
        }
        continue;
      }
      for (size_t at = 0; (at = find_text(some, text, at)) != std::string_view::npos;) {
        const size_t i = at / width;
        const bool within = at % width + text.size() <= width;
        if (within) holds[first + i] = 1;
        any = any || within;
        at = within ? (i + 1) * width : at + 1;
      }
    }
    return any;
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
  std::string_view ids_;
  IntValues codes_;
};

}  // namespace

std::unique_ptr<SlotColumn> parse_ids(const char*& at, const char* end, uint16_t kind, size_t count,
                                      PageReader& pages) {
  auto out = std::make_unique<IdSlot>(kind, count, pages);
  if (!out->parse(at, end)) return nullptr;
  return out;
}

}  // namespace kansoku::store::events
