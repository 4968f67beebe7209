#include "store/events/text_column.h"

#include <algorithm>
#include <numeric>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/simd/find_text.h"
#include "store/events/block_ints.h"
#include "store/events/hits.h"
#include "store/events/int_values.h"
#include "store/events/template_column.h"

namespace kansoku::store::events {
namespace {

constexpr uint8_t kConstant = 0;
constexpr uint8_t kDictionary = 1;
constexpr uint8_t kPlain = 2;
constexpr uint8_t kTemplates = 3;

constexpr size_t kDictionaryMax = 8'192;
// Values before it is known whether they repeat.
constexpr size_t kTrial = 1'024;
// Values that repeat this often are a dictionary, whatever they look like inside.
constexpr size_t kFewFactor = 16;
constexpr size_t kTemplateValuesMin = 32;
// A page of plain text: what is decompressed for one value.
constexpr size_t kTextPageBytes = 128 * 1024;

// Values and which of them each is; empty where they do not repeat enough.
struct Dictionary {
  std::vector<std::string_view> values;
  std::vector<int64_t> codes;
};

Dictionary dictionary_of(std::span<const std::string_view> values) {
  Dictionary out;
  size_t slots = 1'024;
  std::vector<uint32_t> table(slots, 0);
  std::vector<uint64_t> hashes;
  out.codes.reserve(values.size());
  for (const std::string_view value : values) {
    const uint64_t hash = XXH3_64bits(value.data(), value.size());
    size_t slot = hash & (slots - 1);
    while (table[slot] != 0 &&
           (hashes[table[slot] - 1] != hash || out.values[table[slot] - 1] != value)) {
      slot = (slot + 1) & (slots - 1);
    }
    if (table[slot] == 0) {
      const size_t seen = out.codes.size();
      if (out.values.size() == kDictionaryMax || (seen >= kTrial && out.values.size() * 2 > seen)) {
        return {};
      }
      out.values.push_back(value);
      hashes.push_back(hash);
      table[slot] = static_cast<uint32_t>(out.values.size());
      if (out.values.size() * 2 > slots) {
        slots *= 2;
        table.assign(slots, 0);
        for (uint32_t i = 0; i < hashes.size(); ++i) {
          size_t to = hashes[i] & (slots - 1);
          while (table[to] != 0) to = (to + 1) & (slots - 1);
          table[to] = i + 1;
        }
        out.codes.push_back(static_cast<int64_t>(out.values.size()) - 1);
        continue;
      }
    }
    out.codes.push_back(table[slot] - 1);
  }
  if (out.values.size() * 2 > values.size()) return {};
  return out;
}

ValueBounds bounds_of(std::span<const std::string_view> values) {
  ValueBounds out{.bytes = {}, .bytes_min = SIZE_MAX, .bytes_max = 0};
  std::array<uint8_t, 256> seen{};
  for (const std::string_view value : values) {
    for (const char c : value) seen[static_cast<unsigned char>(c)] = 1;
    out.bytes_min = std::min(out.bytes_min, value.size());
    out.bytes_max = std::max(out.bytes_max, value.size());
  }
  for (size_t byte = 0; byte < seen.size(); ++byte) {
    if (seen[byte] != 0) out.bytes.add(static_cast<char>(byte));
  }
  return out;
}

class ConstantTexts final : public TextColumn {
 public:
  ConstantTexts(size_t count, PageReader& pages, Chunk chunk)
      : TextColumn(count, pages), chunk_(chunk) {}
  Status prepare(std::span<const uint32_t>) override {
    KANSOKU_TRY(value_, pages_.read_kept(chunk_));
    return {};
  }
  void append(size_t, std::string& out) const override { out += value_; }
  Result<std::span<const std::string_view>> dictionary() override {
    KANSOKU_TRY(value_, pages_.read_kept(chunk_));
    codes_.assign(count_, 0);
    return std::span(&value_, 1);
  }
  std::span<const int64_t> codes() const override { return codes_; }
  Result<ValueBounds> bounds() override {
    KANSOKU_TRY(value_, pages_.read_kept(chunk_));
    return bounds_of(std::span(&value_, 1));
  }
  Result<bool> may(Fit fit, std::string_view text) override {
    KANSOKU_TRY(value_, pages_.read_kept(chunk_));
    return fits(value_, fit, text);
  }
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    KANSOKU_TRY(const bool has, may(fit, text));
    if (has) std::ranges::fill(hit, uint8_t{1});
    return Asked{.any = has};
  }
  void shed() override { codes_ = {}; }
  size_t memory_bytes() const override { return codes_.capacity() * sizeof(int64_t); }

 private:
  Chunk chunk_;
  std::string_view value_;
  std::vector<int64_t> codes_;
};

class DictionaryTexts final : public TextColumn {
 public:
  DictionaryTexts(size_t count, PageReader& pages, size_t entries, Chunk texts, Chunk codes)
      : TextColumn(count, pages), entries_(entries), texts_chunk_(texts), codes_(codes, count) {}
  Status prepare(std::span<const uint32_t> values) override {
    KANSOKU_RETURN_IF_ERROR(load_values());
    if (!are_few(values.size(), count_)) return load_codes();
    KANSOKU_RETURN_IF_ERROR(codes_.prepare(pages_, values));
    for (const uint32_t value : values) KANSOKU_RETURN_IF_ERROR(check(codes_.at(value)));
    return {};
  }
  void append(size_t value, std::string& out) const override {
    out += values_[static_cast<size_t>(codes_.at(value))];
  }
  Result<std::span<const std::string_view>> dictionary() override {
    KANSOKU_RETURN_IF_ERROR(load_values());
    KANSOKU_RETURN_IF_ERROR(load_codes());
    return std::span<const std::string_view>(values_);
  }
  std::span<const int64_t> codes() const override { return codes_.all(); }
  Result<ValueBounds> bounds() override {
    KANSOKU_RETURN_IF_ERROR(load_values());
    return bounds_of(values_);
  }
  Result<bool> may(Fit fit, std::string_view text) override {
    KANSOKU_RETURN_IF_ERROR(load_values());
    return std::ranges::any_of(values_, [&](std::string_view v) { return fits(v, fit, text); });
  }
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    KANSOKU_TRY(const bool any, may(fit, text));
    if (!any) return Asked();
    std::vector<uint8_t> holds;
    for (const std::string_view value : values_) holds.push_back(fits(value, fit, text));
    KANSOKU_RETURN_IF_ERROR(codes_.hit_by_code(pages_, holds, hit));
    return Asked{.any = true};
  }
  void shed() override { codes_.shed(); }
  size_t memory_bytes() const override {
    return codes_.memory_bytes() + values_.capacity() * sizeof(std::string_view);
  }

 private:
  Status check(int64_t code) const {
    if (code >= 0 && static_cast<size_t>(code) < entries_) return {};
    return corruption("a block's dictionary has no value {}", code);
  }
  Status load_values() {
    if (!values_.empty()) return {};
    KANSOKU_TRY(const std::string_view texts, pages_.read_kept(texts_chunk_));
    if (!split_texts(texts, entries_, values_))
      return corruption("a block's dictionary is damaged");
    return {};
  }
  Status load_codes() {
    if (codes_.loaded()) return {};
    KANSOKU_RETURN_IF_ERROR(codes_.load(pages_));
    if (codes_.below(entries_)) return {};
    codes_.shed();
    return corruption("a block's dictionary has fewer values than it is asked for");
  }
  size_t entries_;
  Chunk texts_chunk_;
  std::vector<std::string_view> values_;
  IntValues codes_;
};

class PlainTexts final : public TextColumn {
 public:
  struct Page {
    Chunk chunk;
    size_t values_end = 0;
    std::string_view text;
    bool read = false;
  };
  PlainTexts(size_t count, PageReader& pages, Chunk lengths, std::vector<Page> texts,
             const ValueBounds& bounds)
      : TextColumn(count, pages),
        lengths_chunk_(lengths),
        texts_(std::move(texts)),
        bounds_(bounds) {}
  Result<ValueBounds> bounds() override { return bounds_; }
  Result<bool> may(Fit fit, std::string_view text) override { return bounds_.may(fit, text); }
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override {
    KANSOKU_TRY(const bool possible, may(fit, text));
    if (!possible) return Asked();
    KANSOKU_RETURN_IF_ERROR(prepare_all());
    if (fit == Fit::Inside && !text.empty()) return Asked{.any = search(text, hit)};
    for (size_t i = 0; i < count_; ++i) hit[i] |= fits(value_at(i), fit, text);
    return Asked{.any = any_hit(hit)};
  }
  Status prepare(std::span<const uint32_t> values) override {
    KANSOKU_RETURN_IF_ERROR(load_lengths());
    for (const uint32_t value : values) {
      Page& page = texts_[page_of_[value]];
      if (page.read) continue;
      KANSOKU_TRY(page.text, pages_.read(page.chunk));
      page.read = true;
    }
    return {};
  }
  void append(size_t value, std::string& out) const override { out += value_at(value); }
  void shed() override {
    page_of_ = {};
    begins_ = {};
    lengths_ = {};
    for (Page& page : texts_) page.read = false;
  }
  size_t memory_bytes() const override {
    return texts_.capacity() * sizeof(Page) + page_of_.capacity() * sizeof(uint16_t) +
           (begins_.capacity() + lengths_.capacity()) * sizeof(uint32_t);
  }

 private:
  std::string_view value_at(size_t value) const {
    return texts_[page_of_[value]].text.substr(begins_[value], lengths_[value]);
  }
  // Page by page, not value by value: values are short.
  bool search(std::string_view text, std::span<uint8_t> hit) const {
    bool any = false;
    size_t value = 0;
    for (const Page& page : texts_) {
      size_t at = 0;
      while (value < page.values_end) {
        at = find_text(page.text, text, at);
        if (at == std::string_view::npos) break;
        while (value < page.values_end && begins_[value] + lengths_[value] <= at) ++value;
        if (value == page.values_end) break;
        const bool within =
            at >= begins_[value] && at + text.size() <= begins_[value] + lengths_[value];
        if (within) hit[value] = 1;
        any = any || within;
        at = within ? begins_[value] + lengths_[value] : at + 1;
      }
      value = page.values_end;
    }
    return any;
  }

  Status load_lengths() {
    if (!page_of_.empty()) return {};
    KANSOKU_TRY(const std::string_view coded, pages_.read(lengths_chunk_));
    std::vector<int64_t> lengths(count_);
    const char* at = coded.data();
    if (!decode_block_ints(at, coded.data() + coded.size(), lengths))
      return corruption("lengths of a block's texts are damaged");
    std::vector<uint16_t> page_of(count_);
    begins_.resize(count_);
    lengths_.resize(count_);
    size_t value = 0;
    for (size_t page = 0; page < texts_.size(); ++page) {
      uint64_t begin = 0;
      for (; value < texts_[page].values_end; ++value) {
        if (lengths[value] < 0 ||
            static_cast<uint64_t>(lengths[value]) > texts_[page].chunk.bytes - begin) {
          return corruption("lengths of a block's texts do not fit");
        }
        begins_[value] = static_cast<uint32_t>(begin);
        lengths_[value] = static_cast<uint32_t>(lengths[value]);
        page_of[value] = static_cast<uint16_t>(page);
        begin += static_cast<uint64_t>(lengths[value]);
      }
    }
    page_of_ = std::move(page_of);
    return {};
  }
  Chunk lengths_chunk_;
  std::vector<Page> texts_;
  ValueBounds bounds_;
  std::vector<uint16_t> page_of_;
  std::vector<uint32_t> begins_;
  std::vector<uint32_t> lengths_;
};

void encode_plain(std::span<const std::string_view> values, PageWriter& pages, std::string& meta) {
  std::vector<int64_t> lengths;
  lengths.reserve(values.size());
  for (const std::string_view value : values) lengths.push_back(static_cast<int64_t>(value.size()));
  std::string bytes;
  encode_block_ints(lengths, bytes);
  meta += static_cast<char>(kPlain);
  append_chunk(meta, pages.add(bytes));
  std::string chunks;
  size_t count = 0;
  size_t first = 0;
  bytes.clear();
  for (size_t i = 0; i < values.size(); ++i) {
    bytes += values[i];
    if (bytes.size() < kTextPageBytes && i + 1 < values.size()) continue;
    append_varint(chunks, i + 1 - first);
    append_chunk(chunks, pages.add(bytes));
    first = i + 1;
    ++count;
    bytes.clear();
  }
  append_varint(meta, count);
  meta += chunks;
  ValueBounds bounds = bounds_of(values);
  append_varint(meta, bounds.bytes_min);
  append_varint(meta, bounds.bytes_max);
  for (const uint64_t word : bounds.bytes.words()) append_le(meta, word);
}

}  // namespace

Result<std::optional<size_t>> TextColumn::count(Fit fit, std::string_view text) {
  std::vector<uint8_t> hit(count_);
  KANSOKU_TRY(const Asked asked, ask(fit, text, hit));
  if (!asked.exact) return std::nullopt;
  return asked.any ? count_hits(hit) : 0;
}

Status TextColumn::prepare_all() {
  std::vector<uint32_t> all(count_);
  std::iota(all.begin(), all.end(), 0U);
  return prepare(all);
}

void append_texts(std::span<const std::string_view> values, std::string& out) {
  std::vector<int64_t> lengths;
  lengths.reserve(values.size());
  for (const std::string_view value : values) lengths.push_back(static_cast<int64_t>(value.size()));
  encode_block_ints(lengths, out);
  for (const std::string_view value : values) out += value;
}

bool split_texts(std::string_view bytes, size_t count, std::vector<std::string_view>& out) {
  std::vector<int64_t> lengths(count);
  const char* at = bytes.data();
  const char* const end = bytes.data() + bytes.size();
  out.clear();
  if (!decode_block_ints(at, end, lengths)) return false;
  std::vector<std::string_view> texts;
  texts.reserve(count);
  for (const int64_t length : lengths) {
    if (length < 0 || length > end - at) return false;
    texts.emplace_back(at, static_cast<size_t>(length));
    at += length;
  }
  if (at != end) return false;
  out = std::move(texts);
  return true;
}

namespace {

void encode_dictionary(const Dictionary& dictionary, PageWriter& pages, std::string& meta) {
  std::string bytes;
  append_texts(dictionary.values, bytes);
  meta += static_cast<char>(kDictionary);
  append_varint(meta, dictionary.values.size());
  append_chunk(meta, pages.add_names(bytes));
  bytes.clear();
  encode_block_ints(dictionary.codes, bytes);
  append_chunk(meta, pages.add(bytes));
}

}  // namespace

void encode_text_column(const TextColumnInput& input, PageWriter& pages, std::string& meta) {
  const std::span<const std::string_view> values = input.values;
  KANSOKU_CHECK(!values.empty());
  pause_at(pages.pause());
  const Dictionary dictionary = dictionary_of(values);
  pause_at(pages.pause());
  if (dictionary.values.size() == 1 || values.size() == 1) {
    meta += static_cast<char>(kConstant);
    append_chunk(meta, pages.add_names(values[0]));
    return;
  }
  const bool few = !dictionary.values.empty();
  if (few && (dictionary.values.size() * kFewFactor <= values.size() || !input.templates))
    return encode_dictionary(dictionary, pages, meta);
  if (input.templates && values.size() >= kTemplateValuesMin) {
    const TemplateCut cut(values, pages.pause());
    if (cut.covered() * (few ? 10 : 4) >= values.size() * (few ? 9U : 1U)) {
      meta += static_cast<char>(kTemplates);
      return cut.encode(input, pages, meta);
    }
  }
  if (few) return encode_dictionary(dictionary, pages, meta);
  encode_plain(values, pages, meta);
}

std::unique_ptr<TextColumn> TextColumn::parse(const char*& at, const char* end, size_t count,
                                              PageReader& pages) {
  if (at == end || count == 0) return nullptr;
  Chunk first;
  Chunk second;
  switch (static_cast<uint8_t>(*at++)) {
    case kConstant:
      if (!read_chunk(at, end, first)) return nullptr;
      return std::make_unique<ConstantTexts>(count, pages, first);
    case kDictionary: {
      uint64_t entries = 0;
      if (!read_varint(at, end, entries) || entries > count || entries == 0 ||
          !read_chunk(at, end, first) || !read_chunk(at, end, second)) {
        return nullptr;
      }
      return std::make_unique<DictionaryTexts>(count, pages, entries, first, second);
    }
    case kPlain: {
      uint64_t chunks = 0;
      if (!read_chunk(at, end, first) || !read_varint(at, end, chunks) || chunks > count)
        return nullptr;
      std::vector<PlainTexts::Page> texts(chunks);
      uint64_t values = 0;
      for (PlainTexts::Page& page : texts) {
        uint64_t more = 0;
        if (!read_varint(at, end, more) || more > count - values ||
            !read_chunk(at, end, page.chunk)) {
          return nullptr;
        }
        values += more;
        page.values_end = values;
      }
      uint64_t min = 0;
      uint64_t max = 0;
      ValueBounds bounds;
      if (values != count || chunks > 0xffff || !read_varint(at, end, min) ||
          !read_varint(at, end, max) || end - at < 32) {
        return nullptr;
      }
      bounds.bytes_min = min;
      bounds.bytes_max = max;
      for (uint64_t& word : bounds.bytes.words()) {
        word = load_le<uint64_t>(at);
        at += 8;
      }
      return std::make_unique<PlainTexts>(count, pages, first, std::move(texts), bounds);
    }
    case kTemplates:
      return TemplateTexts::parse(at, end, count, pages);
    default:
      return nullptr;
  }
}

}  // namespace kansoku::store::events
