#include "store/events/message_column.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/bytes.h"
#include "store/events/block_ints.h"
#include "store/events/digits_inside.h"

namespace kansoku::store::events {
namespace {

// Skeletons of fewer messages cost more than they save, where there are many of them.
constexpr uint32_t kSkeletonRowsMin = 4;
constexpr size_t kSkeletonsFew = 8;
constexpr size_t kFirstMessages = 256;
constexpr size_t kValuesAtOnce = 2'000'000;

Chunk add_ints(std::span<const int64_t> values, PageWriter& pages) {
  std::string bytes;
  encode_block_ints(values, bytes);
  return pages.add(bytes);
}

bool is_json(std::string_view message) {
  const size_t first = message.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && message[first] == '{';
}

double number_of(std::string_view text) {
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// The leaves of one path and kind on their way into a block.
struct LeafInput {
  std::string_view path;
  LeafKind kind = LeafKind::Bool;
  size_t count = 0;
  std::vector<const CutValue*> values;
  std::vector<int64_t> times_ns;
};

void put_numbers(const LeafInput& leaf, PageWriter& pages, std::string& meta) {
  std::vector<int64_t> numbers;
  std::vector<int64_t> scales;
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  for (const CutValue* value : leaf.values) {
    numbers.push_back(value->number);
    scales.push_back(value->scale);
    if (leaf.kind != LeafKind::Decimal) continue;
    const double number = decimal_value(value->number, value->scale);
    min = std::min(min, number);
    max = std::max(max, number);
  }
  append_chunk(meta, add_ints(numbers, pages));
  if (leaf.kind == LeafKind::Int) {
    const auto [low, high] = std::ranges::minmax(numbers);
    append_varint(meta, zigzag(low));
    append_varint(meta, zigzag(high));
  } else if (leaf.kind == LeafKind::Decimal) {
    append_chunk(meta, add_ints(scales, pages));
    append_le(meta, min);
    append_le(meta, max);
  }
}

void put_texts(const LeafInput& leaf, PageWriter& pages, std::string& meta) {
  std::vector<std::string_view> texts;
  bool escapes = false;
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  for (const CutValue* value : leaf.values) {
    texts.push_back(value->view());
    escapes = escapes || value->scale != 0;
    if (leaf.kind != LeafKind::NumberText) continue;
    const double number = number_of(value->view());
    min = std::min(min, number);
    max = std::max(max, number);
  }
  if (leaf.kind == LeafKind::Text) meta += static_cast<char>(escapes);
  if (leaf.kind == LeafKind::NumberText) {
    append_le(meta, min);
    append_le(meta, max);
  }
  encode_text_column({.values = texts, .times_ns = leaf.times_ns}, pages, meta);
}

void put_leaf(const LeafInput& leaf, PageWriter& pages, std::string& meta) {
  append_text(meta, leaf.path);
  meta += static_cast<char>(leaf.kind);
  append_varint(meta, leaf.values.size());
  if (leaf.kind == LeafKind::Bool || leaf.kind == LeafKind::Int || leaf.kind == LeafKind::Decimal) {
    put_numbers(leaf, pages, meta);
  } else {
    put_texts(leaf, pages, meta);
  }
}

// All messages of a block, cut.
class Cut {
 public:
  Cut(const TextColumnInput& input, WorkPause* pause) : input_(input) {
    begins_.reserve(input.values.size());
    ways_.reserve(input.values.size());
    for (const std::string_view message : input.values) {
      pause_in_loop(pause, ways_.size());
      // As many values a message as the first ones have: growing step by step costs as much again.
      if (ways_.size() == kFirstMessages) {
        const size_t about = values_.size() * input.values.size() / kFirstMessages * 9 / 8;
        values_.reserve(std::min(about, kValuesAtOnce));
      }
      begins_.push_back(static_cast<uint32_t>(values_.size()));
      ways_.push_back(cut_.cut(message, values_));
    }
    choose();
    distribute(pause);
  }
  void put(PageWriter& pages, std::string& meta) const;

 private:
  struct Kept {
    size_t way = 0;
    uint32_t count = 0;
    std::vector<uint32_t> leaves;
  };

  // The skeletons of most messages, as far as their leaves may have columns.
  void choose() {
    std::vector<uint32_t> counts(cut_.skeletons().size());
    for (const int way : ways_) {
      if (way != JsonCut::kWhole) ++counts[static_cast<size_t>(way)];
    }
    std::vector<size_t> order(counts.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::sort(order, [&](size_t a, size_t b) {
      return std::pair(counts[b], a) < std::pair(counts[a], b);
    });
    shape_.assign(counts.size(), 0);
    for (const size_t way : order) {
      if (counts[way] == 0 || (counts[way] < kSkeletonRowsMin && kept_.size() >= kSkeletonsFew))
        break;
      const JsonCut::Skeleton& skeleton = cut_.skeletons()[way];
      if (leaves_.size() + skeleton.paths.size() > kBlockColumnsMax) continue;
      Kept& kept = kept_.emplace_back(Kept{way, counts[way], {}});
      for (size_t i = 0; i < skeleton.paths.size(); ++i) {
        kept.leaves.push_back(leaf_of(skeleton.paths[i], skeleton.pieces[i].kind));
        leaves_[kept.leaves.back()].count += kept.count;
      }
      shape_[way] = static_cast<int64_t>(kept_.size());
    }
  }
  uint32_t leaf_of(const std::string& path, uint16_t kind) {
    const auto [found, fresh] =
        numbers_.try_emplace({path, kind}, static_cast<uint32_t>(leaves_.size()));
    if (fresh) leaves_.push_back({.path = path, .kind = static_cast<LeafKind>(kind)});
    return found->second;
  }
  void distribute(WorkPause* pause) {
    for (LeafInput& leaf : leaves_) {
      leaf.values.reserve(leaf.count);
      if (leaf.kind >= LeafKind::Text) leaf.times_ns.reserve(leaf.count);
    }
    for (size_t i = 0; i < ways_.size(); ++i) {
      pause_in_loop(pause, i);
      const int64_t shape = ways_[i] == JsonCut::kWhole ? 0 : shape_[static_cast<size_t>(ways_[i])];
      shapes_.push_back(shape);
      if (shape == 0) {
        whole_.push_back(input_.values[i]);
        if (!input_.times_ns.empty()) whole_times_.push_back(input_.times_ns[i]);
        whole_json_ = whole_json_ || is_json(input_.values[i]);
        continue;
      }
      const std::vector<uint32_t>& leaves = kept_[static_cast<size_t>(shape - 1)].leaves;
      for (size_t j = 0; j < leaves.size(); ++j) {
        LeafInput& leaf = leaves_[leaves[j]];
        leaf.values.push_back(&values_[begins_[i] + j]);
        if (!input_.times_ns.empty() && leaf.kind >= LeafKind::Text)
          leaf.times_ns.push_back(input_.times_ns[i]);
      }
    }
  }

  const TextColumnInput& input_;
  JsonCut cut_;
  std::vector<CutValue> values_;
  std::vector<uint32_t> begins_;
  std::vector<int> ways_;
  std::vector<int64_t> shape_;  // by way
  std::vector<Kept> kept_;
  std::map<std::pair<std::string, uint16_t>, uint32_t> numbers_;
  std::vector<LeafInput> leaves_;
  std::vector<int64_t> shapes_;
  std::vector<std::string_view> whole_;
  std::vector<int64_t> whole_times_;
  bool whole_json_ = false;
};

void Cut::put(PageWriter& pages, std::string& meta) const {
  append_chunk(meta, add_ints(shapes_, pages));
  append_varint(meta, whole_.size());
  meta += static_cast<char>(whole_json_);
  if (!whole_.empty())
    encode_text_column({.values = whole_, .times_ns = whole_times_}, pages, meta);
  append_varint(meta, leaves_.size());
  for (const LeafInput& leaf : leaves_) put_leaf(leaf, pages, meta);
  append_varint(meta, kept_.size());
  std::vector<std::string_view> literals;
  for (const Kept& kept : kept_) {
    append_varint(meta, kept.count);
    append_varint(meta, kept.leaves.size());
    for (const uint32_t leaf : kept.leaves) append_varint(meta, leaf);
    for (const CutPiece& piece : cut_.skeletons()[kept.way].pieces)
      literals.push_back(piece.literal);
  }
  std::string bytes;
  append_texts(literals, bytes);
  append_chunk(meta, pages.add_names(bytes));
}

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

bool read_ints(std::string_view bytes, std::vector<int64_t>& out) {
  const char* at = bytes.data();
  return decode_block_ints(at, bytes.data() + bytes.size(), out);
}

}  // namespace

void encode_messages(const TextColumnInput& input, PageWriter& pages, std::string& meta) {
  Cut(input, pages.pause()).put(pages, meta);
}

std::unique_ptr<MessageColumn> MessageColumn::parse(const char*& at, const char* end, size_t count,
                                                    PageReader& pages) {
  auto out = std::make_unique<MessageColumn>(count, pages);
  uint64_t whole = 0;
  uint64_t leaves = 0;
  uint64_t skeletons = 0;
  if (!read_chunk(at, end, out->shapes_chunk_) || !read_varint(at, end, whole) || whole > count ||
      at == end) {
    return nullptr;
  }
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
  switch (leaf.kind) {
    case LeafKind::Bool:
      good = read_chunk(at, end, leaf.numbers_chunk);
      break;
    case LeafKind::Int:
      good = read_chunk(at, end, leaf.numbers_chunk) && read_number(at, end, leaf.min) &&
             read_number(at, end, leaf.max);
      break;
    case LeafKind::Decimal:
      good = read_chunk(at, end, leaf.numbers_chunk) && read_chunk(at, end, leaf.scales_chunk) &&
             read_double(at, end, leaf.min_float) && read_double(at, end, leaf.max_float);
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

Result<std::span<const int64_t>> MessageColumn::shapes() {
  if (shapes_.empty()) {
    KANSOKU_TRY(const std::string_view coded, pages_.read(shapes_chunk_));
    std::vector<int64_t> shapes(count_);
    if (!read_ints(coded, shapes)) return corruption("shapes of a block's messages are damaged");
    std::vector<size_t> counts(skeletons_.size() + 1);
    for (const int64_t shape : shapes) {
      if (shape < 0 || static_cast<size_t>(shape) > skeletons_.size())
        return corruption("a block has no skeleton {}", shape);
      ++counts[static_cast<size_t>(shape)];
    }
    for (size_t i = 0; i < skeletons_.size(); ++i) {
      if (counts[i + 1] != skeletons_[i].count)
        return corruption("shapes of a block's messages do not fit");
    }
    shapes_ = std::move(shapes);
  }
  return std::span<const int64_t>(shapes_);
}

namespace {

std::vector<uint32_t> places_in(std::span<const int64_t> shapes,
                                std::span<const uint8_t> in_shape) {
  std::vector<uint32_t> out(shapes.size());
  uint32_t place = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    out[i] = place;
    place += in_shape[static_cast<size_t>(shapes[i])];
  }
  return out;
}

}  // namespace

Result<std::vector<int64_t>> MessageColumn::times_of(std::span<const uint8_t> in_shape) {
  if (!times_) return corruption("messages of a block have no times");
  KANSOKU_TRY(const std::vector<int64_t> all, times_());
  KANSOKU_TRY(const std::span<const int64_t> shapes, this->shapes());
  if (all.size() != count_) return corruption("messages of a block have no times");
  std::vector<int64_t> out;
  for (size_t i = 0; i < count_; ++i) {
    if (in_shape[static_cast<size_t>(shapes[i])] != 0) out.push_back(all[i]);
  }
  return out;
}

Status MessageColumn::load(LeafColumn& leaf) {
  if (leaf.loaded) return {};
  KANSOKU_TRY(const std::span<const int64_t> shapes, this->shapes());
  if (leaf.count < count_) leaf.places = places_in(shapes, leaf.in_shape);
  const auto read = [&](const Chunk& chunk, std::vector<int64_t>& out) -> Status {
    KANSOKU_TRY(const std::string_view coded, pages_.read(chunk));
    out.resize(leaf.count);
    if (!read_ints(coded, out)) return corruption("leaves of a block's messages are damaged");
    return {};
  };
  if (leaf.kind <= LeafKind::Decimal)
    KANSOKU_RETURN_IF_ERROR(read(leaf.numbers_chunk, leaf.numbers));
  if (leaf.kind == LeafKind::Decimal) KANSOKU_RETURN_IF_ERROR(read(leaf.scales_chunk, leaf.scales));
  leaf.loaded = true;
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
  KANSOKU_TRY(const std::span<const int64_t> shapes, this->shapes());
  KANSOKU_RETURN_IF_ERROR(load_literals());
  std::vector<std::vector<uint32_t>> wanted(skeletons_.size() + 1);
  for (const uint32_t value : values) wanted[static_cast<size_t>(shapes[value])].push_back(value);
  if (!wanted[0].empty()) {
    if (whole_places_.empty()) whole_places_ = places_in(shapes, whole_shape_);
    for (uint32_t& value : wanted[0]) value = whole_places_[value];
    KANSOKU_RETURN_IF_ERROR(whole_->prepare(wanted[0]));
  }
  for (size_t i = 0; i < leaves_.size(); ++i) {
    LeafColumn& leaf = leaves_[i];
    std::vector<uint32_t> places;
    bool any = false;
    for (size_t shape = 1; shape < wanted.size(); ++shape) {
      if (wanted[shape].empty() || leaf.in_shape[shape] == 0) continue;
      any = true;
      KANSOKU_RETURN_IF_ERROR(load(leaf));
      if (!leaf.texts) break;
      for (const uint32_t value : wanted[shape])
        places.push_back(static_cast<uint32_t>(leaf.place_of(value)));
    }
    if (!any || !leaf.texts) continue;
    std::ranges::sort(places);
    KANSOKU_RETURN_IF_ERROR(leaf.texts->prepare(places));
  }
  return {};
}

namespace {

// Of Bool, Int and Decimal.
void append_number(const LeafColumn& leaf, size_t place, std::string& out) {
  if (leaf.kind == LeafKind::Bool) {
    out += leaf.numbers[place] != 0 ? "true" : "false";
  } else if (leaf.kind == LeafKind::Decimal) {
    append_decimal(leaf.numbers[place], leaf.scales[place], out);
  } else {
    std::array<char, 24> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), leaf.numbers[place]);
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
  const auto shape = static_cast<size_t>(shapes_[value]);
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

Result<FitWays> MessageColumn::ways_of(Skeleton& skeleton, Fit fit, std::string_view text) {
  leaf_bounds_.resize(leaves_.size());
  std::vector<ValueBounds> bounds;
  bounds.reserve(skeleton.leaves.size());
  for (size_t i = 0; i < skeleton.leaves.size(); ++i) {
    const size_t leaf = skeleton.leaves[i];
    if (!leaf_bounds_[leaf]) {
      KANSOKU_TRY(leaf_bounds_[leaf], bounds_of(leaves_[leaf]));
    }
    bounds.push_back(*leaf_bounds_[leaf]);
  }
  std::vector<std::string>& quoted = skeleton.quoted;
  if (quoted.empty()) {
    quoted.assign(skeleton.literals.begin(), skeleton.literals.end());
    for (size_t i = 0; i < skeleton.leaves.size(); ++i) {
      if (leaves_[skeleton.leaves[i]].kind < LeafKind::Text) continue;
      quoted[i] += '"';
      quoted[i + 1].insert(0, 1, '"');
    }
  }
  const std::vector<std::string_view> literals(quoted.begin(), quoted.end());
  return fit_ways(text, fit, literals, bounds);
}

Result<bool> MessageColumn::may(std::span<const FitPart> way, const Skeleton& skeleton) {
  for (const FitPart& part : way) {
    LeafColumn& leaf = leaves_[skeleton.leaves[part.slot]];
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

Result<bool> MessageColumn::ask_leaf(LeafColumn& leaf, Fit fit, std::string_view text,
                                     std::span<uint8_t> hit) {
  if (leaf.texts && !leaf.escapes) return leaf.texts->ask(fit, text, hit);
  if (leaf.texts) {
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
    return true;
  }
  int64_t whole = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (leaf.kind == LeafKind::Int && fit == Fit::Whole && read.ec == std::errc{}) {
    if (read.ptr != text.data() + text.size() || fmt::format("{}", whole) != text) return true;
    for (size_t i = 0; i < leaf.count; ++i) hit[i] |= leaf.numbers[i] == whole;
    return true;
  }
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (leaf.kind == LeafKind::Int && fit == Fit::Inside && digits && leaf.min >= 0) {
    mark_digits_inside(leaf.numbers, static_cast<uint64_t>(leaf.min),
                       static_cast<uint64_t>(leaf.max), text, hit);
    return true;
  }
  std::string stood;
  for (size_t i = 0; i < leaf.count; ++i) {
    stood.clear();
    append_number(leaf, i, stood);
    hit[i] |= fits(stood, fit, text);
  }
  return true;
}

// Each question is asked once, whatever the number of skeletons.
struct MessageColumn::Answers {
  struct Answer {
    uint32_t leaf = 0;
    Fit fit = Fit::Inside;
    std::string_view text;
    bool exact = false;
    std::vector<uint8_t> hit;
  };
  std::deque<Answer> answers;

  Result<const Answer*> of(MessageColumn& column, uint32_t leaf, const FitPart& part) {
    for (const Answer& answer : answers) {
      if (answer.leaf == leaf && answer.fit == part.fit && answer.text == part.text) return &answer;
    }
    LeafColumn& asked = column.leaves_[leaf];
    KANSOKU_RETURN_IF_ERROR(column.load(asked));
    Answer& answer = answers.emplace_back(
        Answer{.leaf = leaf, .fit = part.fit, .text = part.text, .exact = false, .hit = {}});
    answer.hit.assign(asked.count, 0);
    KANSOKU_TRY(answer.exact, column.ask_leaf(asked, part.fit, part.text, answer.hit));
    return &answer;
  }
};

Result<bool> MessageColumn::ask(Fit fit, std::string_view text, std::span<uint8_t> hit) {
  KANSOKU_RETURN_IF_ERROR(load_literals());
  KANSOKU_TRY(const std::span<const int64_t> shapes, this->shapes());
  bool exact = true;
  Answers answers;
  std::vector<uint8_t> in_shape(skeletons_.size() + 1);
  for (size_t i = 0; i < skeletons_.size(); ++i) {
    Skeleton& skeleton = skeletons_[i];
    KANSOKU_TRY(const FitWays ways, ways_of(skeleton, fit, text));
    const auto shape = static_cast<int64_t>(i + 1);
    if (ways.certain || ways.unknown) {
      exact = exact && ways.certain;
      in_shape[i + 1] = 1;
      continue;
    }
    for (const auto& way : ways.ways) {
      KANSOKU_TRY(const bool possible, may(way, skeleton));
      if (!possible) continue;
      std::vector<std::pair<const uint8_t*, const LeafColumn*>> parts;
      for (const FitPart& part : way) {
        const uint32_t leaf = skeleton.leaves[part.slot];
        KANSOKU_TRY(const Answers::Answer* answer, answers.of(*this, leaf, part));
        exact = exact && answer->exact;
        parts.emplace_back(answer->hit.data(), &leaves_[leaf]);
        if (std::ranges::find(answer->hit, 1) == answer->hit.end()) {
          parts.clear();
          break;
        }
      }
      if (parts.empty()) continue;
      if (parts.size() == 1 && skeleton.count == count_) {
        const uint8_t* const of_leaf = parts[0].first;
        for (size_t value = 0; value < count_; ++value) hit[value] |= of_leaf[value];
        continue;
      }
      for (size_t value = 0; value < count_; ++value) {
        if (shapes[value] != shape) continue;
        uint8_t all = 1;
        for (const auto& [of_leaf, leaf] : parts) all &= of_leaf[leaf->place_of(value)];
        hit[value] |= all;
      }
    }
  }
  if (std::ranges::find(in_shape, 1) != in_shape.end()) {
    for (size_t value = 0; value < count_; ++value)
      hit[value] |= in_shape[static_cast<size_t>(shapes[value])];
  }
  if (!whole_) return exact;
  std::vector<uint8_t> whole(whole_->size());
  KANSOKU_TRY(const bool exact_whole, whole_->ask(fit, text, whole));
  if (whole_places_.empty()) whole_places_ = places_in(shapes, whole_shape_);
  for (size_t value = 0; value < count_; ++value) {
    if (shapes[value] == 0) hit[value] |= whole[whole_places_[value]];
  }
  return exact && exact_whole;
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
    leaf.numbers = {};
    leaf.scales = {};
    leaf.places = {};
    leaf.loaded = false;
    if (leaf.texts) leaf.texts->shed();
  }
}

size_t MessageColumn::memory_bytes() const {
  size_t out = shapes_.capacity() * sizeof(int64_t) + whole_places_.capacity() * sizeof(uint32_t) +
               leaves_.capacity() * sizeof(LeafColumn) + skeletons_.capacity() * sizeof(Skeleton) +
               leaf_bounds_.capacity() * sizeof(ValueBounds);
  for (const LeafColumn& leaf : leaves_) {
    out += leaf.path.capacity() + leaf.in_shape.capacity() +
           (leaf.numbers.capacity() + leaf.scales.capacity()) * sizeof(int64_t) +
           leaf.places.capacity() * sizeof(uint32_t);
    if (leaf.texts) out += leaf.texts->memory_bytes();
  }
  for (const Skeleton& skeleton : skeletons_) {
    out += skeleton.literals.capacity() * sizeof(std::string_view) +
           skeleton.leaves.capacity() * sizeof(uint32_t);
    for (const std::string& one : skeleton.quoted) out += sizeof(one) + one.capacity();
  }
  return out + (whole_ ? whole_->memory_bytes() : 0);
}

}  // namespace kansoku::store::events
