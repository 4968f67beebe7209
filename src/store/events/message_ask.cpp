// What a question asks of the messages of a block (message_column.h).
#include <algorithm>
#include <charconv>

#include "store/events/digits_inside.h"
#include "store/events/hits.h"
#include "store/events/message_column.h"

namespace kansoku::store::events {

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
    leaf.append_number(i, stood);
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
  KANSOKU_RETURN_IF_ERROR(place_whole());
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
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

}  // namespace kansoku::store::events
