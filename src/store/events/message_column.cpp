#include "store/events/message_column.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "store/events/digits_inside.h"
#include "store/events/hits.h"

namespace kansoku::store::events {
namespace {

bool read_number(const char*& at, const char* end, int64_t& out) {
  uint64_t value = 0;
  if (!read_varint(at, end, value)) return false;
  out = unzigzag(value);
  return true;
}
bool read_double(const char*& at, const char* end, double& out) {
  if (end - at < 8) return false;
  out = load_le<double>(at);
  at += 8;
  return true;
}

}  // namespace

std::unique_ptr<MessageColumn> MessageColumn::parse(const char*& at, const char* end, size_t count,
                                                    PageReader& pages) {
  auto out = std::make_unique<MessageColumn>(count, pages);
  uint64_t whole = 0;
  uint64_t leaves = 0;
  uint64_t skeletons = 0;
  Chunk shapes;
  if (!read_chunk(at, end, shapes) || !read_varint(at, end, whole) || whole > count || at == end) {
    return nullptr;
  }
  out->coded_shapes_ = IntValues(shapes, count);
  out->whole_json_ = *at++ != 0;
  if (whole > 0) {
    out->whole_ = TextColumn::parse(at, end, whole, pages);
    if (!out->whole_) return nullptr;
  }
  if (!read_varint(at, end, leaves) || leaves > kBlockColumnsMax) return nullptr;
  out->leaves_.reserve(leaves);
  for (uint64_t i = 0; i < leaves; ++i) {
    if (!out->parse_leaf(at, end)) return nullptr;
  }
  if (!read_varint(at, end, skeletons) || skeletons > count ||
      !out->parse_skeletons(at, end, skeletons) || !read_chunk(at, end, out->literals_chunk_)) {
    return nullptr;
  }
  MessageColumn* const self = out.get();
  if (out->whole_) {
    out->whole_->set_times([self] { return self->times_of(self->whole_shape_); });
  }
  for (size_t i = 0; i < out->leaves_.size(); ++i) {
    if (!out->leaves_[i].texts) continue;
    out->leaves_[i].texts->set_times(
        [self, i] { return self->times_of(self->leaves_[i].in_shape); });
  }
  return out;
}

bool MessageColumn::parse_leaf(const char*& at, const char* end) {
  LeafColumn leaf;
  uint64_t path = 0;
  uint64_t count = 0;
  if (!read_varint(at, end, path) || path >= static_cast<uint64_t>(end - at)) return false;
  leaf.path.assign(at, path);
  at += path;
  const auto kind = static_cast<uint8_t>(*at++);
  if (kind >= kLeafKinds || !read_varint(at, end, count) || count == 0 || count > count_)
    return false;
  leaf.kind = static_cast<LeafKind>(kind);
  leaf.count = count;
  bool good = true;
  const auto ints = [&](IntValues& values) {
    Chunk chunk;
    if (!read_chunk(at, end, chunk)) return false;
    values = IntValues(chunk, count);
    return true;
  };
  switch (leaf.kind) {
    case LeafKind::Bool:
      good = ints(leaf.numbers);
      break;
    case LeafKind::Int:
      good = ints(leaf.numbers) && read_number(at, end, leaf.min) && read_number(at, end, leaf.max);
      break;
    case LeafKind::Decimal:
      good = ints(leaf.numbers) && ints(leaf.scales) && read_double(at, end, leaf.min_float) &&
             read_double(at, end, leaf.max_float);
      break;
    case LeafKind::NumberText:
      good = read_double(at, end, leaf.min_float) && read_double(at, end, leaf.max_float);
      break;
    case LeafKind::Text:
      good = at != end;
      if (good) leaf.escapes = *at++ != 0;
      break;
    case LeafKind::EscapedText:
      break;
  }
  if (good && leaf.kind >= LeafKind::NumberText) {
    leaf.texts = TextColumn::parse(at, end, count, pages_);
    good = leaf.texts != nullptr;
  }
  leaves_.push_back(std::move(leaf));
  return good;
}

bool MessageColumn::parse_skeletons(const char*& at, const char* end, uint64_t skeletons) {
  for (LeafColumn& leaf : leaves_) leaf.in_shape.assign(skeletons + 1, 0);
  whole_shape_.assign(skeletons + 1, 0);
  whole_shape_[0] = 1;
  uint64_t all = whole_ ? whole_->size() : 0;
  std::vector<uint64_t> counts(leaves_.size());
  for (uint64_t i = 0; i < skeletons; ++i) {
    Skeleton skeleton;
    uint64_t count = 0;
    uint64_t leaves = 0;
    if (!read_varint(at, end, count) || !read_varint(at, end, leaves) || count == 0 ||
        count > count_ - all || leaves > leaves_.size()) {
      return false;
    }
    all += count;
    skeleton.count = count;
    for (uint64_t j = 0; j < leaves; ++j) {
      uint64_t leaf = 0;
      if (!read_varint(at, end, leaf) || leaf >= leaves_.size() ||
          leaves_[leaf].in_shape[i + 1] != 0) {
        return false;
      }
      leaves_[leaf].in_shape[i + 1] = 1;
      counts[leaf] += count;
      skeleton.leaves.push_back(static_cast<uint32_t>(leaf));
    }
    skeletons_.push_back(std::move(skeleton));
  }
  for (size_t i = 0; i < leaves_.size(); ++i) {
    if (counts[i] != leaves_[i].count) return false;
  }
  return all == count_;
}

Result<std::span<const uint32_t>> MessageColumn::shapes() {
  if (!shapes_.empty()) return std::span<const uint32_t>(shapes_);
  if (one_shape()) {
    shapes_.assign(count_, 1);
    return std::span<const uint32_t>(shapes_);
  }
  std::vector<uint32_t> shapes(count_);
  std::vector<size_t> counts(skeletons_.size() + 1);
  Status good;
  KANSOKU_RETURN_IF_ERROR(
      coded_shapes_.visit(pages_, [&](size_t first, std::span<const int64_t> some) {
        for (size_t i = 0; i < some.size(); ++i) {
          if (static_cast<uint64_t>(some[i]) >= counts.size()) {
            good = corruption("a block has no skeleton {}", some[i]);
            return false;
          }
          shapes[first + i] = static_cast<uint32_t>(some[i]);
          ++counts[static_cast<size_t>(some[i])];
        }
        return true;
      }));
  KANSOKU_RETURN_IF_ERROR(good);
  for (size_t i = 0; i < skeletons_.size(); ++i) {
    if (counts[i + 1] != skeletons_[i].count)
      return corruption("shapes of a block's messages do not fit");
  }
  shapes_ = std::move(shapes);
  return std::span<const uint32_t>(shapes_);
}

namespace {

std::vector<uint32_t> places_in(std::span<const uint32_t> shapes,
                                std::span<const uint8_t> in_shape) {
  std::vector<uint32_t> out(shapes.size());
  uint32_t place = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    out[i] = place;
    place += in_shape[shapes[i]];
  }
  return out;
}

}  // namespace

Result<std::vector<int64_t>> MessageColumn::times_of(std::span<const uint8_t> in_shape) {
  if (!times_) return corruption("messages of a block have no times");
  KANSOKU_TRY(std::vector<int64_t> all, times_());
  if (all.size() != count_) return corruption("messages of a block have no times");
  if (one_shape()) return all;
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
  std::vector<int64_t> out;
  for (size_t i = 0; i < count_; ++i) {
    if (in_shape[shapes[i]] != 0) out.push_back(all[i]);
  }
  return out;
}

Status MessageColumn::place(LeafColumn& leaf) {
  if (leaf.count == count_ || !leaf.places.empty()) return {};
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
  leaf.places = places_in(shapes, leaf.in_shape);
  return {};
}

Status MessageColumn::prepare(LeafColumn& leaf, std::span<const uint32_t> places) {
  if (leaf.kind <= LeafKind::Decimal) KANSOKU_RETURN_IF_ERROR(leaf.numbers.prepare(pages_, places));
  if (leaf.kind == LeafKind::Decimal) KANSOKU_RETURN_IF_ERROR(leaf.scales.prepare(pages_, places));
  return leaf.texts ? leaf.texts->prepare(places) : Status();
}

Status MessageColumn::load(LeafColumn& leaf) {
  KANSOKU_RETURN_IF_ERROR(place(leaf));
  if (leaf.kind <= LeafKind::Decimal) KANSOKU_RETURN_IF_ERROR(leaf.numbers.load(pages_));
  if (leaf.kind == LeafKind::Decimal) KANSOKU_RETURN_IF_ERROR(leaf.scales.load(pages_));
  return {};
}

Status MessageColumn::load_literals() {
  if (skeletons_.empty() || !skeletons_[0].literals.empty()) return {};
  KANSOKU_TRY(const std::string_view bytes, pages_.read_kept(literals_chunk_));
  size_t count = 0;
  for (const Skeleton& skeleton : skeletons_) count += skeleton.leaves.size() + 1;
  std::vector<std::string_view> literals;
  if (!split_texts(bytes, count, literals)) return corruption("skeletons of a block are damaged");
  auto at = literals.begin();
  for (Skeleton& skeleton : skeletons_) {
    const auto end = at + static_cast<ptrdiff_t>(skeleton.leaves.size() + 1);
    skeleton.literals.assign(at, end);
    at = end;
  }
  return {};
}

Status MessageColumn::prepare(std::span<const uint32_t> values) {
  if (values.empty()) return {};
  KANSOKU_RETURN_IF_ERROR(load_literals());
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
  std::vector<std::vector<uint32_t>> wanted(skeletons_.size() + 1);
  for (const uint32_t value : values) wanted[shapes[value]].push_back(value);
  if (!wanted[0].empty()) {
    if (whole_places_.empty()) whole_places_ = places_in(shapes, whole_shape_);
    for (uint32_t& value : wanted[0]) value = whole_places_[value];
    KANSOKU_RETURN_IF_ERROR(whole_->prepare(wanted[0]));
  }
  for (LeafColumn& leaf : leaves_) {
    size_t count = 0;
    for (size_t shape = 1; shape < wanted.size(); ++shape)
      count += leaf.in_shape[shape] != 0 ? wanted[shape].size() : 0;
    if (count == 0) continue;
    KANSOKU_RETURN_IF_ERROR(place(leaf));
    if (!leaf.texts && !are_few(count, leaf.count)) {
      KANSOKU_RETURN_IF_ERROR(load(leaf));
      continue;
    }
    std::vector<uint32_t> places;
    places.reserve(count);
    for (size_t shape = 1; shape < wanted.size(); ++shape) {
      if (leaf.in_shape[shape] == 0) continue;
      for (const uint32_t value : wanted[shape])
        places.push_back(static_cast<uint32_t>(leaf.place_of(value)));
    }
    if (!std::ranges::is_sorted(places)) std::ranges::sort(places);
    KANSOKU_RETURN_IF_ERROR(prepare(leaf, places));
  }
  return {};
}

namespace {

// Of Bool, Int and Decimal.
void append_number(const LeafColumn& leaf, size_t place, std::string& out) {
  if (leaf.kind == LeafKind::Bool) {
    out += leaf.numbers.at(place) != 0 ? "true" : "false";
  } else if (leaf.kind == LeafKind::Decimal) {
    append_decimal(leaf.numbers.at(place), leaf.scales.at(place), out);
  } else {
    std::array<char, 24> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), leaf.numbers.at(place));
    out.append(digits.data(), end.ptr);
  }
}

}  // namespace

void MessageColumn::append_leaf(const LeafColumn& leaf, size_t value, std::string& out) const {
  const size_t place = leaf.place_of(value);
  switch (leaf.kind) {
    case LeafKind::Bool:
    case LeafKind::Int:
    case LeafKind::Decimal:
      append_number(leaf, place, out);
      break;
    case LeafKind::NumberText:
      leaf.texts->append(place, out);
      break;
    case LeafKind::Text: {
      out += '"';
      if (leaf.escapes) {
        std::string text;
        leaf.texts->append(place, text);
        append_escaped(text, out);
      } else {
        leaf.texts->append(place, out);
      }
      out += '"';
      break;
    }
    case LeafKind::EscapedText:
      out += '"';
      leaf.texts->append(place, out);
      out += '"';
      break;
  }
}

void MessageColumn::append(size_t value, std::string& out) const {
  const size_t shape = shapes_[value];
  if (shape == 0) return whole_->append(whole_places_[value], out);
  const Skeleton& skeleton = skeletons_[shape - 1];
  for (size_t i = 0; i < skeleton.leaves.size(); ++i) {
    out += skeleton.literals[i];
    append_leaf(leaves_[skeleton.leaves[i]], value, out);
  }
  out += skeleton.literals.back();
}

Result<ValueBounds> MessageColumn::bounds() { return ValueBounds(); }

// As the leaf stands in its message, without quotes.
Result<ValueBounds> MessageColumn::bounds_of(LeafColumn& leaf) {
  ValueBounds out{.bytes = {}, .bytes_min = 1, .bytes_max = SIZE_MAX};
  switch (leaf.kind) {
    case LeafKind::Bool:
      out.bytes.add("truefalse");
      out.bytes_min = 4;
      out.bytes_max = 5;
      return out;
    case LeafKind::Int:
      out.bytes.add(leaf.min < 0 ? "0123456789-" : "0123456789");
      out.bytes_max =
          std::max(fmt::format("{}", leaf.min).size(), fmt::format("{}", leaf.max).size());
      return out;
    case LeafKind::Decimal:
      out.bytes.add("0123456789-.");
      return out;
    case LeafKind::NumberText:
      out.bytes.add("0123456789-+.eE");
      return out;
    case LeafKind::Text:
      if (leaf.escapes) return ValueBounds();
      return leaf.texts->bounds();
    case LeafKind::EscapedText:
      return leaf.texts->bounds();
  }
  return ValueBounds();
}

Status MessageColumn::bound(Skeleton& skeleton) {
  if (!skeleton.quoted.empty()) return {};
  leaf_bounds_.resize(leaves_.size());
  std::vector<ValueBounds> bounds;
  bounds.reserve(skeleton.leaves.size());
  for (const uint32_t leaf : skeleton.leaves) {
    if (!leaf_bounds_[leaf]) {
      KANSOKU_TRY(leaf_bounds_[leaf], bounds_of(leaves_[leaf]));
    }
    bounds.push_back(*leaf_bounds_[leaf]);
  }
  skeleton.bounds = std::move(bounds);
  skeleton.quoted.assign(skeleton.literals.begin(), skeleton.literals.end());
  for (size_t i = 0; i < skeleton.leaves.size(); ++i) {
    if (leaves_[skeleton.leaves[i]].kind < LeafKind::Text) continue;
    skeleton.quoted[i] += '"';
    skeleton.quoted[i + 1].insert(0, 1, '"');
  }
  skeleton.pieces.assign(skeleton.quoted.begin(), skeleton.quoted.end());
  return {};
}

Result<FitWays> MessageColumn::ways_of(Skeleton& skeleton, Fit fit, std::string_view text) {
  KANSOKU_RETURN_IF_ERROR(bound(skeleton));
  return fit_ways(text, fit, skeleton.pieces, skeleton.bounds);
}

Result<bool> MessageColumn::may(std::span<const FitPart> way, const Skeleton& skeleton) {
  for (const FitPart& part : way) {
    LeafColumn& leaf = leaves_[skeleton.leaves[part.slot]];
    if (leaf.kind == LeafKind::Int && leaf.min >= 0 &&
        !digits_may_stand(static_cast<uint64_t>(leaf.max), part.text)) {
      return false;
    }
    if (!leaf.texts || leaf.escapes) continue;
    KANSOKU_TRY(const bool has, leaf.texts->may(part.fit, part.text));
    if (!has) return false;
  }
  return true;
}

Result<bool> MessageColumn::may(Fit fit, std::string_view text) {
  KANSOKU_RETURN_IF_ERROR(load_literals());
  for (Skeleton& skeleton : skeletons_) {
    KANSOKU_TRY(const FitWays ways, ways_of(skeleton, fit, text));
    if (ways.certain || ways.unknown) return true;
    for (const auto& way : ways.ways) {
      KANSOKU_TRY(const bool possible, may(way, skeleton));
      if (possible) return true;
    }
  }
  if (!whole_) return false;
  return whole_->may(fit, text);
}

Result<Asked> MessageColumn::ask_texts(LeafColumn& leaf, Fit fit, std::string_view text,
                                       std::span<uint8_t> hit) {
  if (!leaf.escapes) return leaf.texts->ask(fit, text, hit);
  KANSOKU_RETURN_IF_ERROR(leaf.texts->prepare_all());
  std::string plain;
  std::string stood;
  for (size_t i = 0; i < leaf.count; ++i) {
    plain.clear();
    stood.clear();
    leaf.texts->append(i, plain);
    append_escaped(plain, stood);
    hit[i] |= fits(stood, fit, text);
  }
  return Asked{.any = any_hit(hit)};
}

Result<Asked> MessageColumn::ask_leaf(LeafColumn& leaf, Fit fit, std::string_view text,
                                      std::span<uint8_t> hit) {
  if (leaf.texts) return ask_texts(leaf, fit, text, hit);
  int64_t whole = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), whole);
  const bool is_whole = leaf.kind == LeafKind::Int && fit == Fit::Whole && read.ec == std::errc{};
  if (is_whole && (read.ptr != text.data() + text.size() || fmt::format("{}", whole) != text))
    return Asked();
  const bool inside = leaf.kind == LeafKind::Int && fit == Fit::Inside && leaf.min >= 0 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (is_whole || inside) {
    DigitsInside digits(static_cast<uint64_t>(leaf.min), static_cast<uint64_t>(leaf.max), text);
    KANSOKU_RETURN_IF_ERROR(
        leaf.numbers.visit(pages_, [&](size_t first, std::span<const int64_t> numbers) {
          const std::span<uint8_t> to = hit.subspan(first, numbers.size());
          if (inside) {
            digits.mark(numbers, to);
          } else {
            for (size_t i = 0; i < numbers.size(); ++i) to[i] |= numbers[i] == whole;
          }
          return true;
        }));
    return Asked{.any = any_hit(hit)};
  }
  KANSOKU_RETURN_IF_ERROR(load(leaf));
  std::string stood;
  for (size_t i = 0; i < leaf.count; ++i) {
    stood.clear();
    append_number(leaf, i, stood);
    hit[i] |= fits(stood, fit, text);
  }
  return Asked{.any = any_hit(hit)};
}

// Each question is asked once, whatever the number of skeletons.
struct MessageColumn::Answers {
  struct Answer {
    uint32_t leaf = 0;
    Fit fit = Fit::Inside;
    std::string_view text;
    Asked asked;
    std::vector<uint8_t> hit;
  };
  std::deque<Answer> answers;

  Result<const Answer*> of(MessageColumn& column, uint32_t leaf, const FitPart& part) {
    for (const Answer& answer : answers) {
      if (answer.leaf == leaf && answer.fit == part.fit && answer.text == part.text) return &answer;
    }
    LeafColumn& asked = column.leaves_[leaf];
    Answer& answer = answers.emplace_back(
        Answer{.leaf = leaf, .fit = part.fit, .text = part.text, .asked = {}, .hit = {}});
    answer.hit.assign(asked.count, 0);
    KANSOKU_TRY(answer.asked, column.ask_leaf(asked, part.fit, part.text, answer.hit));
    return &answer;
  }
};

// One of the ways that the text may stand in messages of a skeleton.
Result<Asked> MessageColumn::ask_way(size_t at, std::span<const FitPart> way, Answers& answers,
                                     std::span<uint8_t> hit) {
  Skeleton& skeleton = skeletons_[at];
  KANSOKU_TRY(const bool possible, may(way, skeleton));
  if (!possible) return Asked();
  if (way.size() == 1 && one_shape())
    return ask_leaf(leaves_[skeleton.leaves[way[0].slot]], way[0].fit, way[0].text, hit);
  Asked out{.any = true};
  std::vector<std::pair<const uint8_t*, const LeafColumn*>> parts;
  for (const FitPart& part : way) {
    const uint32_t leaf = skeleton.leaves[part.slot];
    KANSOKU_TRY(const Answers::Answer* answer, answers.of(*this, leaf, part));
    if (!answer->asked.any) return Asked();
    out.exact = out.exact && answer->asked.exact;
    KANSOKU_RETURN_IF_ERROR(place(leaves_[leaf]));
    parts.emplace_back(answer->hit.data(), &leaves_[leaf]);
  }
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
  for (size_t value = 0; value < count_; ++value) {
    if (shapes[value] != at + 1) continue;
    uint8_t all = 1;
    for (const auto& [of_leaf, leaf] : parts) all &= of_leaf[leaf->place_of(value)];
    hit[value] |= all;
  }
  return out;
}

Result<Asked> MessageColumn::ask(Fit fit, std::string_view text, std::span<uint8_t> hit) {
  KANSOKU_RETURN_IF_ERROR(load_literals());
  Asked out;
  Answers answers;
  std::vector<uint8_t> in_shape(skeletons_.size() + 1);
  for (size_t i = 0; i < skeletons_.size(); ++i) {
    KANSOKU_TRY(const FitWays ways, ways_of(skeletons_[i], fit, text));
    if (ways.certain || ways.unknown) {
      out.exact = out.exact && ways.certain;
      in_shape[i + 1] = 1;
      continue;
    }
    for (const auto& way : ways.ways) {
      KANSOKU_TRY(const Asked asked, ask_way(i, way, answers, hit));
      out.exact = out.exact && asked.exact;
      out.any = out.any || asked.any;
    }
  }
  if (any_hit(in_shape)) {
    out.any = true;
    KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
    for (size_t value = 0; value < count_; ++value) hit[value] |= in_shape[shapes[value]];
  }
  if (!whole_) return out;
  std::vector<uint8_t> whole(whole_->size());
  KANSOKU_TRY(const Asked asked, whole_->ask(fit, text, whole));
  out.exact = out.exact && asked.exact;
  if (!asked.any) return out;
  out.any = true;
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
  if (whole_places_.empty()) whole_places_ = places_in(shapes, whole_shape_);
  for (size_t value = 0; value < count_; ++value) {
    if (shapes[value] == 0) hit[value] |= whole[whole_places_[value]];
  }
  return out;
}

// Of the messages of one skeleton: all, none, or as one leaf says that only they have.
Result<std::optional<size_t>> MessageColumn::count(Skeleton& skeleton, size_t shape, Fit fit,
                                                   std::string_view text) {
  KANSOKU_TRY(const FitWays ways, ways_of(skeleton, fit, text));
  if (ways.certain) return skeleton.count;
  if (ways.unknown) return std::nullopt;
  const FitPart* only = nullptr;
  for (const auto& way : ways.ways) {
    KANSOKU_TRY(const bool possible, may(way, skeleton));
    if (!possible) continue;
    if (only != nullptr || way.size() != 1) return std::nullopt;
    only = way.data();
  }
  if (only == nullptr) return 0;
  LeafColumn& leaf = leaves_[skeleton.leaves[only->slot]];
  for (size_t other = 0; other < leaf.in_shape.size(); ++other) {
    if (other != shape && leaf.in_shape[other] != 0) return std::nullopt;
  }
  if (!leaf.texts || leaf.escapes) return std::nullopt;
  return leaf.texts->count(only->fit, only->text);
}

Result<std::optional<size_t>> MessageColumn::count(Fit fit, std::string_view text) {
  KANSOKU_RETURN_IF_ERROR(load_literals());
  size_t out = 0;
  for (size_t i = 0; i < skeletons_.size(); ++i) {
    KANSOKU_TRY(const std::optional<size_t> some, count(skeletons_[i], i + 1, fit, text));
    if (!some) return TextColumn::count(fit, text);
    out += *some;
  }
  if (!whole_) return out;
  KANSOKU_TRY(const std::optional<size_t> whole, whole_->count(fit, text));
  if (!whole) return TextColumn::count(fit, text);
  return out + *whole;
}

void MessageColumn::shed() {
  shapes_ = {};
  whole_places_ = {};
  if (whole_) whole_->shed();
  for (LeafColumn& leaf : leaves_) {
    leaf.numbers.shed();
    leaf.scales.shed();
    leaf.places = {};
    if (leaf.texts) leaf.texts->shed();
  }
}

size_t MessageColumn::memory_bytes() const {
  size_t out = shapes_.capacity() * sizeof(uint32_t) + whole_places_.capacity() * sizeof(uint32_t) +
               leaves_.capacity() * sizeof(LeafColumn) + skeletons_.capacity() * sizeof(Skeleton) +
               leaf_bounds_.capacity() * sizeof(ValueBounds);
  for (const LeafColumn& leaf : leaves_) {
    out += leaf.path.capacity() + leaf.in_shape.capacity() + leaf.numbers.memory_bytes() +
           leaf.scales.memory_bytes() + leaf.places.capacity() * sizeof(uint32_t);
    if (leaf.texts) out += leaf.texts->memory_bytes();
  }
  for (const Skeleton& skeleton : skeletons_) {
    out += (skeleton.literals.capacity() + skeleton.pieces.capacity()) * sizeof(std::string_view) +
           skeleton.leaves.capacity() * sizeof(uint32_t) +
           skeleton.bounds.capacity() * sizeof(ValueBounds);
    for (const std::string& one : skeleton.quoted) out += sizeof(one) + one.capacity();
  }
  return out + (whole_ ? whole_->memory_bytes() : 0);
}

}  // namespace kansoku::store::events
