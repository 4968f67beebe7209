#include "store/events/message_column.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

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

Status MessageColumn::place_whole() {
  if (!whole_places_.empty()) return {};
  KANSOKU_TRY(const std::span<const uint32_t> shapes, this->shapes());
  whole_places_ = places_in(shapes, whole_shape_);
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
    KANSOKU_RETURN_IF_ERROR(place_whole());
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

void LeafColumn::append_number(size_t place, std::string& out) const {
  if (kind == LeafKind::Bool) {
    out += numbers.at(place) != 0 ? "true" : "false";
  } else if (kind == LeafKind::Decimal) {
    append_decimal(numbers.at(place), scales.at(place), out);
  } else {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), numbers.at(place));
    out.append(digits.data(), end.ptr);
  }
}

void MessageColumn::append_leaf(const LeafColumn& leaf, size_t value, std::string& out) const {
  const size_t place = leaf.place_of(value);
  switch (leaf.kind) {
    case LeafKind::Bool:
    case LeafKind::Int:
    case LeafKind::Decimal:
      leaf.append_number(place, out);
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
