#include "store/events/template_column.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "store/events/block_ints.h"
#include "store/events/hits.h"

namespace kansoku::store::events {
namespace {

// Rarer templates cost more than what they say of their texts.
constexpr uint32_t kTemplateRowsMin = 8;
constexpr size_t kTrial = 1'024;
constexpr size_t kTrialTemplatesMax = 640;

Chunk add_ints(std::span<const int64_t> values, PageWriter& pages) {
  std::string bytes;
  encode_block_ints(values, bytes);
  return pages.add(bytes);
}

}  // namespace

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
  Chunk codes;
  if (!read_varint(at, end, templates) || templates > count ||
      !read_chunk(at, end, out->templates_chunk_) || !read_chunk(at, end, out->slots_chunk_) ||
      !read_chunk(at, end, codes) || !read_varint(at, end, rest) || rest > count) {
    return nullptr;
  }
  out->templates_count_ = templates;
  out->codes_ = IntValues(codes, count);
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

Status TemplateTexts::check(int64_t code, uint32_t place) const {
  if (code < 0 || static_cast<size_t>(code) > templates_.size())
    return corruption("a block has no template {}", code);
  const size_t rest = rest_ ? rest_->size() : 0;
  const size_t most = code == 0 ? rest : templates_[static_cast<size_t>(code) - 1].count;
  if (place >= most) return corruption("templates of a block do not fit its texts");
  return {};
}

Status TemplateTexts::load_places() {
  if (all_in_one() || !places_.empty()) return {};
  KANSOKU_RETURN_IF_ERROR(codes_.load(pages_));
  std::vector<uint32_t> counts(templates_.size() + 1);
  std::vector<uint32_t> places(count_);
  Status good;
  for (size_t i = 0; i < count_; ++i) {
    const auto code = static_cast<size_t>(codes_.all()[i]);
    if (code >= counts.size()) {
      good = check(codes_.all()[i], 0);
      break;
    }
    places[i] = counts[code]++;
  }
  // All have a place: where none has too many, none has too few.
  for (size_t code = 0; code < counts.size() && good; ++code) {
    if (counts[code] > 0) good = check(static_cast<int64_t>(code), counts[code] - 1);
  }
  if (!good) codes_.shed();
  KANSOKU_RETURN_IF_ERROR(good);
  places_ = std::move(places);
  picked_ = {};
  return {};
}

Status TemplateTexts::pick_places(std::span<const uint32_t> values) {
  if (all_in_one() || !places_.empty()) return {};
  if (std::ranges::equal(values, picked_, {}, {}, &Picked::value)) return {};
  picked_.clear();
  std::vector<uint32_t> counts(templates_.size() + 1);
  size_t next = 0;
  Status good;
  KANSOKU_RETURN_IF_ERROR(codes_.visit(pages_, [&](size_t first, std::span<const int64_t> codes) {
    for (size_t i = 0; i < codes.size(); ++i) {
      const auto code = static_cast<size_t>(codes[i]);
      good = code < counts.size() ? Status() : check(codes[i], 0);
      if (!good) return false;
      const uint32_t place = counts[code]++;
      for (; next < values.size() && values[next] == first + i; ++next) {
        picked_.push_back({values[next], {code, place}});
        good = check(codes[i], place);
        if (!good) return false;
      }
    }
    return next < values.size();
  }));
  if (!good) picked_.clear();
  return good;
}

TemplateTexts::Place TemplateTexts::place_of(size_t value) const {
  if (all_in_one()) return {1, static_cast<uint32_t>(value)};
  if (!places_.empty()) return {static_cast<size_t>(codes_.all()[value]), places_[value]};
  const auto found = std::ranges::lower_bound(picked_, value, {}, &Picked::value);
  KANSOKU_CHECK(found != picked_.end() && found->value == value);
  return found->place;
}

Result<std::vector<int64_t>> TemplateTexts::event_times_of(size_t code) {
  KANSOKU_RETURN_IF_ERROR(load_places());
  if (!times_) return corruption("times of a template have no events");
  KANSOKU_TRY(std::vector<int64_t> all, times_());
  if (all.size() != count_) return corruption("times of a template have no events");
  if (all_in_one()) return all;
  std::vector<int64_t> out;
  for (size_t i = 0; i < count_; ++i) {
    if (codes_.all()[i] == static_cast<int64_t>(code)) out.push_back(all[i]);
  }
  return out;
}

Status TemplateTexts::prepare(std::span<const uint32_t> values) {
  if (values.empty()) return {};
  KANSOKU_RETURN_IF_ERROR(load_templates());
  const bool few = are_few(values.size(), count_);
  KANSOKU_RETURN_IF_ERROR(few ? pick_places(values) : load_places());
  std::vector<std::vector<uint32_t>> wanted(templates_.size() + 1);
  for (const uint32_t value : values) {
    const Place at = place_of(value);
    // Whether a template is wanted at all is enough where all of its values are read.
    if (few || at.code == 0 || wanted[at.code].empty()) wanted[at.code].push_back(at.place);
  }
  for (size_t code = 1; code < wanted.size(); ++code) {
    if (wanted[code].empty()) continue;
    for (const auto& slot : templates_[code - 1].slots) {
      KANSOKU_RETURN_IF_ERROR(few ? slot->prepare(wanted[code], times_of(code))
                                  : slot->prepare_all(times_of(code)));
    }
  }
  if (!wanted[0].empty()) KANSOKU_RETURN_IF_ERROR(rest_->prepare(wanted[0]));
  return {};
}

Status TemplateTexts::bound(Template& t) {
  if (t.bounded) return {};
  ValueBounds all{.bytes = {}, .bytes_min = 0, .bytes_max = 0};
  for (const std::string_view literal : t.literals) {
    all.bytes.add(literal);
    all.bytes_min += literal.size();
    all.bytes_max += literal.size();
  }
  std::vector<ValueBounds> of_slots;
  of_slots.reserve(t.slots.size());
  for (const auto& slot : t.slots) {
    KANSOKU_TRY(const ValueBounds bounds, slot->bounds());
    all.bytes.add(bounds.bytes);
    all.bytes_min += bounds.bytes_min;
    const bool open = bounds.bytes_max == SIZE_MAX || all.bytes_max == SIZE_MAX;
    all.bytes_max = open ? SIZE_MAX : all.bytes_max + bounds.bytes_max;
    of_slots.push_back(bounds);
  }
  t.slot_bounds = std::move(of_slots);
  t.bounds = all;
  t.bounded = true;
  return {};
}

Result<ValueBounds> TemplateTexts::bounds() {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  ValueBounds out{.bytes = {}, .bytes_min = SIZE_MAX, .bytes_max = 0};
  const auto add = [&](const ValueBounds& bounds) {
    out.bytes.add(bounds.bytes);
    out.bytes_min = std::min(out.bytes_min, bounds.bytes_min);
    out.bytes_max = std::max(out.bytes_max, bounds.bytes_max);
  };
  for (Template& t : templates_) {
    KANSOKU_RETURN_IF_ERROR(bound(t));
    add(t.bounds);
  }
  if (rest_) {
    KANSOKU_TRY(const ValueBounds bounds, rest_->bounds());
    add(bounds);
  }
  return out;
}

Result<FitWays> TemplateTexts::ways_of(Template& t, Fit fit, std::string_view text) {
  KANSOKU_RETURN_IF_ERROR(bound(t));
  if (!t.bounds.may(fit, text)) return FitWays();
  return fit_ways(text, fit, t.literals, t.slot_bounds);
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

Result<bool> TemplateTexts::ask(size_t code, const FitWays& ways, std::span<uint8_t> hit) {
  Template& t = templates_[code - 1];
  std::vector<uint8_t> all;
  std::vector<uint8_t> some;
  bool any = false;
  for (const auto& way : ways.ways) {
    if (way.size() == 1) {
      const FitPart& part = way[0];
      KANSOKU_TRY(const Asked asked,
                  t.slots[part.slot]->ask(part.fit, part.text, hit, times_of(code)));
      any = any || asked.any;
      continue;
    }
    all.assign(t.count, 1);
    bool held = true;
    for (const FitPart& part : way) {
      some.assign(t.count, 0);
      KANSOKU_TRY(const Asked asked,
                  t.slots[part.slot]->ask(part.fit, part.text, some, times_of(code)));
      held = asked.any;
      if (!held) break;
      keep_hits(some, all);
    }
    if (!held) continue;
    add_hits(all, hit);
    any = true;
  }
  return any;
}

Status TemplateTexts::spread(std::span<const std::vector<uint8_t>> holds, std::span<uint8_t> hit) {
  const std::vector<uint8_t> none(count_);
  struct Left {
    const uint8_t* at = nullptr;
    const uint8_t* end = nullptr;
  };
  std::vector<Left> of_code;
  for (const std::vector<uint8_t>& of : holds) {
    const std::span<const uint8_t> values = of.empty() ? none : of;
    of_code.push_back({values.data(), values.data() + values.size()});
  }
  Left* const left = of_code.data();
  const size_t codes_end = of_code.size();
  bool good = true;
  KANSOKU_RETURN_IF_ERROR(codes_.visit(pages_, [&](size_t first, std::span<const int64_t> codes) {
    uint8_t* to = hit.subspan(first, codes.size()).data();
    for (const int64_t one : codes) {
      const auto code = static_cast<size_t>(one);
      good = code < codes_end && left[code].at != left[code].end;
      if (!good) break;
      *to++ |= *left[code].at++;
    }
    return good;
  }));
  if (!good) return corruption("templates of a block do not fit its texts");
  return {};
}

Result<Asked> TemplateTexts::ask(Fit fit, std::string_view text, std::span<uint8_t> hit) {
  KANSOKU_RETURN_IF_ERROR(load_templates());
  Asked out;
  // By code: of its values those that hold; empty: none.
  std::vector<std::vector<uint8_t>> holds(templates_.size() + 1);
  for (size_t code = 1; code < holds.size(); ++code) {
    Template& t = templates_[code - 1];
    KANSOKU_TRY(const FitWays ways, ways_of(t, fit, text));
    if (ways.certain || ways.unknown) {
      out.exact = out.exact && ways.certain;
      out.any = true;
      holds[code].assign(t.count, 1);
    } else if (!ways.ways.empty()) {
      if (all_in_one()) {
        KANSOKU_TRY(out.any, ask(code, ways, hit));
        return out;
      }
      holds[code].assign(t.count, 0);
      KANSOKU_TRY(const bool some, ask(code, ways, holds[code]));
      out.any = out.any || some;
    }
  }
  if (rest_) {
    holds[0].assign(rest_->size(), 0);
    KANSOKU_TRY(const Asked asked, rest_->ask(fit, text, holds[0]));
    out.exact = out.exact && asked.exact;
    out.any = out.any || asked.any;
  }
  if (!out.any) return out;
  if (all_in_one()) {
    add_hits(holds[1], hit);
  } else {
    KANSOKU_RETURN_IF_ERROR(spread(holds, hit));
  }
  return out;
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
    KANSOKU_TRY(const bool any, ask(code, ways, hit));
    if (any) out += count_hits(hit);
  }
  if (!rest_) return out;
  KANSOKU_TRY(const std::optional<size_t> of_rest, rest_->count(fit, text));
  if (!of_rest) return std::nullopt;
  return out + *of_rest;
}

void TemplateTexts::shed() {
  codes_.shed();
  places_ = {};
  picked_ = {};
  for (Template& t : templates_) {
    for (const auto& slot : t.slots) slot->shed();
  }
  if (rest_) rest_->shed();
}

size_t TemplateTexts::memory_bytes() const {
  size_t out = codes_.memory_bytes() + places_.capacity() * sizeof(uint32_t) +
               picked_.capacity() * sizeof(Picked);
  for (const Template& t : templates_) {
    out += sizeof(t) + t.literals.capacity() * sizeof(std::string_view) +
           t.slot_bounds.capacity() * sizeof(ValueBounds);
    for (const auto& slot : t.slots) out += slot->memory_bytes();
  }
  return out + (rest_ ? rest_->memory_bytes() : 0);
}

void TemplateTexts::append(size_t value, std::string& out) const {
  const Place at = place_of(value);
  if (at.code == 0) return rest_->append(at.place, out);
  const Template& t = templates_[at.code - 1];
  for (size_t i = 0; i < t.slots.size(); ++i) {
    out += t.literals[i];
    t.slots[i]->append(at.place, out);
  }
  out += t.literals.back();
}

}  // namespace kansoku::store::events
