// The writer's half of message_column.h.
#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/bytes.h"
#include "store/events/block_ints.h"
#include "store/events/message_column.h"

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

}  // namespace

void encode_messages(const TextColumnInput& input, PageWriter& pages, std::string& meta) {
  Cut(input, pages.pause()).put(pages, meta);
}

}  // namespace kansoku::store::events
