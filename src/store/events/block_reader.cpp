// BlockReader: rules a block out by what its directory, dictionaries, templates and filters say,
// and finds rows with as few columns as the question needs.
#include <algorithm>
#include <map>

#include "base/time/grid.h"
#include "store/events/block_rows.h"
#include "store/events/hits.h"
#include "store/events/required_text.h"

namespace kansoku::store::events {
namespace {

using Op = EventPredicate::Op;
using signal::ColumnType;

bool asks_text(Op op) {
  return op == Op::Contains || op == Op::StartsWith || op == Op::Regex || op == Op::TextEqual;
}
bool asks_number(Op op) {
  return op == Op::NumberEqual || op == Op::NumberLess || op == Op::NumberLessOrEqual ||
         op == Op::NumberGreater || op == Op::NumberGreaterOrEqual;
}

bool number_possible(const EventPredicate& predicate, double min, double max) {
  switch (predicate.op) {
    case Op::NumberEqual:
      return min <= predicate.number && predicate.number <= max;
    case Op::NumberLess:
      return min < predicate.number;
    case Op::NumberLessOrEqual:
      return min <= predicate.number;
    case Op::NumberGreater:
      return max > predicate.number;
    case Op::NumberGreaterOrEqual:
      return max >= predicate.number;
    default:
      return true;
  }
}

// A predicate of text as a question to columns.
struct TextQuestion {
  Fit fit = Fit::Inside;
  std::string text;
  bool exact = true;  // no more is asked
};
TextQuestion question_of(const EventPredicate& predicate) {
  switch (predicate.op) {
    case Op::StartsWith:
      return {.fit = Fit::Begins, .text = predicate.text};
    case Op::TextEqual:
      return {.fit = Fit::Whole, .text = predicate.text};
    case Op::Regex:
      return {.text = required_text(predicate.text), .exact = false};
    default:
      return {.text = predicate.text};
  }
}

// Rows that may satisfy something, and whether all of them do.
struct Marked {
  std::vector<uint8_t> rows;
  bool exact = true;
  bool any = false;
};

class Reader final : public BlockReader {
 public:
  explicit Reader(std::unique_ptr<BlockImage> image) : image_(std::move(image)) {}
  const std::vector<StreamKey>& streams() const override { return image_->streams(); }
  uint64_t bytes_read() const override { return image_->bytes_read(); }
  void rebind(BlockBytes& bytes) override {
    image_->rebind(bytes);
    marked_for_ = nullptr;
    candidates_ = {};
    checked_ = {};
  }
  void shed() override { image_->shed(); }
  uint64_t memory_bytes() override {
    // Mostly nothing was read since a scan had this reader the last time.
    if (counted_at_ != image_->changes()) {
      counted_ = image_->memory_bytes();
      counted_at_ = image_->changes();
    }
    return counted_;
  }

  Result<bool> may_match(const EventFilter& filter) override {
    for (const EventClause& clause : filter.clauses()) {
      bool possible = false;
      for (const EventPredicate& predicate : clause) {
        KANSOKU_TRY(const bool holds, may_hold(predicate));
        possible = possible || holds;
        if (possible) break;
      }
      if (!possible) return false;
    }
    return true;
  }

  Result<std::unique_ptr<EventRows>> select(const BlockRange& range,
                                            const EventFilter& filter) override {
    std::vector<uint8_t> checked;
    std::vector<uint32_t> rows;
    if (marked_for_ == &filter) {
      KANSOKU_TRY(rows, candidates_in(range));
      checked = checked_;
    } else {
      KANSOKU_TRY(std::vector<uint8_t> wanted, rows_in(range));
      KANSOKU_RETURN_IF_ERROR(narrow(filter, wanted, checked));
      rows = places_of_hits(wanted);
    }
    KANSOKU_TRY(auto out, BlockEventRows::make(*image_, std::move(rows), range.asks));
    const bool done = std::ranges::find(checked, 0) == checked.end();
    out->set_checked(std::move(checked));
    if (!done && out->size() > 0) {
      KANSOKU_TRY(const std::vector<uint32_t> kept, filter.rows(*out));
      if (kept.size() < out->size()) out->keep(kept);
    }
    out->set_checked(std::vector<uint8_t>(filter.clauses().size(), 1));
    return out;
  }

  Result<size_t> mark(const EventFilter& filter) override {
    std::vector<uint8_t> wanted(image_->rows(), 1);
    checked_.clear();
    KANSOKU_RETURN_IF_ERROR(narrow(filter, wanted, checked_));
    candidates_ = places_of_hits(wanted);
    marked_for_ = &filter;
    return candidates_.size();
  }

  Result<std::optional<BinCounts>> count(const BlockRange& range, const EventFilter& filter,
                                         int64_t bin_ns) override;
  Result<std::vector<EventFieldInfo>> fields() override;

 private:
  // Leaves the rows that may satisfy the filter; says which clauses all of them do.
  Status narrow(const EventFilter& filter, std::vector<uint8_t>& wanted,
                std::vector<uint8_t>& checked) {
    for (const EventClause& clause : filter.clauses()) {
      KANSOKU_TRY(const Marked marked, mark(clause));
      checked.push_back(marked.exact);
      if (marked.any) {
        keep_hits(marked.rows, wanted);
        continue;
      }
      std::ranges::fill(wanted, uint8_t{0});
      checked.resize(filter.clauses().size(), 1);
      return {};
    }
    return {};
  }
  Result<std::optional<size_t>> count(const EventFilter& filter);
  // Whether the range leaves no row out.
  bool has_all(const BlockRange& range) const;
  Result<std::vector<uint32_t>> candidates_in(const BlockRange& range);
  Result<std::vector<uint8_t>> rows_in(const BlockRange& range);
  Result<bool> may_hold(const EventPredicate& predicate);
  Result<bool> text_may_hold(const EventPredicate& predicate);
  bool number_may_hold(const EventPredicate& predicate);
  Result<Marked> mark(const EventClause& clause);
  // Of one predicate; rows that are marked already stay so.
  Status mark(const EventPredicate& predicate, Marked& marked);
  Status mark_text(const EventPredicate& predicate, Marked& marked);
  Status mark_leaves(const EventPredicate& predicate, const TextQuestion& question, Marked& marked);

  // Whether messages may have the leaf that is not in a column.
  bool may_be_elsewhere(std::string_view path) {
    BlockColumn* const message = image_->message();
    return message != nullptr && path != kMessagePath && message->message->whole_json();
  }
  std::vector<LeafColumn*> leaves_of(std::string_view path) {
    std::vector<LeafColumn*> out;
    BlockColumn* const message = image_->message();
    if (message == nullptr || path == kMessagePath) return out;
    for (LeafColumn& leaf : message->message->leaves()) {
      if (leaf.path == path) out.push_back(&leaf);
    }
    return out;
  }

  std::unique_ptr<BlockImage> image_;
  const EventFilter* marked_for_ = nullptr;
  std::vector<uint32_t> candidates_;  // that mark() found, ascending
  std::vector<uint8_t> checked_;
  uint64_t counted_ = 0;
  uint64_t counted_at_ = std::numeric_limits<uint64_t>::max();
};

Result<std::vector<uint8_t>> Reader::rows_in(const BlockRange& range) {
  std::vector<uint8_t> out(image_->rows());
  if (has_all(range)) {
    std::ranges::fill(out, uint8_t{1});
    return out;
  }
  const bool all_times = range.streams_begin_ns.empty() && range.begin_ns <= image_->min_ns() &&
                         range.end_ns > image_->max_ns();
  std::span<const int64_t> times;
  if (!all_times) {
    KANSOKU_TRY(times, image_->system(BlockImage::System::Timestamp));
  }
  uint32_t row = 0;
  for (size_t stream = 0; stream < streams().size(); ++stream) {
    const uint32_t end = image_->stream_ends()[stream];
    if (!range.streams.empty() && range.streams[stream] == 0) {
      row = end;
      continue;
    }
    int64_t begin_ns = range.begin_ns;
    if (!range.streams_begin_ns.empty())
      begin_ns = std::max(begin_ns, range.streams_begin_ns[stream]);
    for (; all_times && row < end; ++row) out[row] = 1;
    for (; row < end; ++row) out[row] = times[row] >= begin_ns && times[row] < range.end_ns;
  }
  return out;
}

bool Reader::has_all(const BlockRange& range) const {
  const bool streams =
      range.streams.empty() || std::ranges::find(range.streams, uint8_t{0}) == range.streams.end();
  const int64_t min = image_->min_ns();
  return streams && range.begin_ns <= min && range.end_ns > image_->max_ns() &&
         std::ranges::all_of(range.streams_begin_ns, [&](int64_t ns) { return ns <= min; });
}

Result<std::vector<uint32_t>> Reader::candidates_in(const BlockRange& range) {
  if (candidates_.empty() || has_all(range)) return candidates_;
  KANSOKU_TRY(const std::vector<int64_t> times,
              image_->system(BlockImage::System::Timestamp, candidates_));
  std::vector<uint32_t> out;
  size_t stream = 0;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const uint32_t row = candidates_[i];
    while (image_->stream_ends()[stream] <= row) ++stream;
    const bool wanted = range.streams.empty() || range.streams[stream] != 0;
    const int64_t begin_ns = range.streams_begin_ns.empty()
                                 ? range.begin_ns
                                 : std::max(range.begin_ns, range.streams_begin_ns[stream]);
    if (wanted && times[i] >= begin_ns && times[i] < range.end_ns) out.push_back(row);
  }
  return out;
}

Result<std::optional<BinCounts>> Reader::count(const BlockRange& range, const EventFilter& filter,
                                               int64_t bin_ns) {
  if (!has_all(range)) return std::nullopt;
  // With bins that are known, or that all rows are in one of.
  const bool one =
      bin_ns == 0 || cell_of(image_->min_ns(), bin_ns) == cell_of(image_->max_ns(), bin_ns);
  if (!one && (bin_ns % kMinuteNs != 0 || image_->minutes().empty())) return std::nullopt;
  KANSOKU_TRY(const std::optional<size_t> rows, count(filter));
  if (!rows) return std::nullopt;
  if (*rows == 0) return BinCounts();
  if (one) return BinCounts{.times_ns = {image_->min_ns()}, .rows = {*rows}};
  // Which rows those are is not known here.
  if (*rows != image_->rows()) return std::nullopt;
  BinCounts out;
  for (const BlockImage::Minute& minute : image_->minutes()) {
    // The first one may begin before there are times.
    out.times_ns.push_back(out.times_ns.empty() ? image_->min_ns() : minute.minute * kMinuteNs);
    out.rows.push_back(minute.rows);
  }
  return out;
}

Result<std::optional<size_t>> Reader::count(const EventFilter& filter) {
  if (filter.clauses().empty()) return image_->rows();
  if (filter.clauses().size() != 1 || filter.clauses()[0].size() != 1) return std::nullopt;
  const EventPredicate& predicate = filter.clauses()[0][0];
  if (predicate.path != kMessagePath || !asks_text(predicate.op)) return std::nullopt;
  const TextQuestion question = question_of(predicate);
  if (!question.exact) return std::nullopt;
  // One column of texts has the path's name.
  size_t out = 0;
  for (BlockColumn& column : image_->columns()) {
    if (column.path != kMessagePath || column.type != ColumnType::Text) continue;
    KANSOKU_TRY(const std::optional<size_t> some, column.texts->count(question.fit, question.text));
    if (!some) return std::nullopt;
    out += *some;
  }
  return out;
}

Result<bool> Reader::may_hold(const EventPredicate& predicate) {
  if (predicate.op == Op::Absent || may_be_elsewhere(predicate.path)) return true;
  if (asks_text(predicate.op)) return text_may_hold(predicate);
  if (asks_number(predicate.op)) return number_may_hold(predicate);
  const bool bools = predicate.op == Op::BoolEqual;
  for (const BlockColumn& column : image_->columns()) {
    if (column.path == predicate.path && (!bools || column.type == ColumnType::Bool)) return true;
  }
  return std::ranges::any_of(leaves_of(predicate.path), [&](const LeafColumn* leaf) {
    return !bools || leaf->kind == LeafKind::Bool;
  });
}

Result<bool> Reader::text_may_hold(const EventPredicate& predicate) {
  const TextQuestion question = question_of(predicate);
  for (BlockColumn& column : image_->columns()) {
    if (column.path != predicate.path || column.type != ColumnType::Text) continue;
    KANSOKU_TRY(const bool possible, column.texts->may(question.fit, question.text));
    if (possible) return true;
  }
  for (LeafColumn* leaf : leaves_of(predicate.path)) {
    if (leaf->kind == LeafKind::EscapedText) return true;
    if (leaf->kind != LeafKind::Text) continue;
    KANSOKU_TRY(const bool possible, leaf->texts->may(question.fit, question.text));
    if (possible) return true;
  }
  return false;
}

bool Reader::number_may_hold(const EventPredicate& predicate) {
  for (const BlockColumn& column : image_->columns()) {
    if (column.path != predicate.path) continue;
    if (column.type == ColumnType::Int64 &&
        number_possible(predicate, static_cast<double>(column.min),
                        static_cast<double>(column.max))) {
      return true;
    }
    if (column.type == ColumnType::Float64 &&
        number_possible(predicate, column.min_float, column.max_float)) {
      return true;
    }
  }
  return std::ranges::any_of(leaves_of(predicate.path), [&](const LeafColumn* leaf) {
    if (leaf->kind == LeafKind::Int) {
      return number_possible(predicate, static_cast<double>(leaf->min),
                             static_cast<double>(leaf->max));
    }
    return leaf_type(leaf->kind) == ColumnType::Float64 &&
           number_possible(predicate, leaf->min_float, leaf->max_float);
  });
}

Result<Marked> Reader::mark(const EventClause& clause) {
  Marked out;
  out.rows.resize(image_->rows());
  for (const EventPredicate& predicate : clause) KANSOKU_RETURN_IF_ERROR(mark(predicate, out));
  return out;
}

Status Reader::mark(const EventPredicate& predicate, Marked& marked) {
  KANSOKU_TRY(const bool possible, may_hold(predicate));
  if (!possible) return {};
  if (asks_text(predicate.op) && !may_be_elsewhere(predicate.path))
    return mark_text(predicate, marked);
  // The filter asks the columns of the path, and no others.
  marked.exact = false;
  marked.any = true;
  std::ranges::fill(marked.rows, uint8_t{1});
  return {};
}

Status Reader::mark_text(const EventPredicate& predicate, Marked& marked) {
  const TextQuestion question = question_of(predicate);
  marked.exact = marked.exact && question.exact;
  for (BlockColumn& column : image_->columns()) {
    if (column.path != predicate.path || column.type != ColumnType::Text) continue;
    KANSOKU_RETURN_IF_ERROR(image_->load(column));
    std::vector<uint8_t> hit(column.values);
    KANSOKU_TRY(const Asked asked, column.texts->ask(question.fit, question.text, hit));
    marked.exact = marked.exact && asked.exact;
    if (!asked.any) continue;
    marked.any = true;
    if (column.rows.empty()) {
      add_hits(hit, marked.rows);
      continue;
    }
    for (size_t i = 0; i < hit.size(); ++i) marked.rows[column.rows[i]] |= hit[i];
  }
  return mark_leaves(predicate, question, marked);
}

Status Reader::mark_leaves(const EventPredicate& predicate, const TextQuestion& question,
                           Marked& marked) {
  const std::vector<LeafColumn*> leaves = leaves_of(predicate.path);
  if (leaves.empty()) return {};
  // Rows with a column of their own do not show their leaf.
  for (const BlockColumn& column : image_->columns()) {
    if (column.path == predicate.path) marked.exact = false;
  }
  BlockColumn& message = *image_->message();
  KANSOKU_RETURN_IF_ERROR(image_->load(message));
  for (LeafColumn* leaf : leaves) {
    if (leaf_type(leaf->kind) != ColumnType::Text) continue;
    std::vector<uint8_t> hit(leaf->count);
    if (leaf->kind == LeafKind::Text) {
      KANSOKU_TRY(const Asked asked, leaf->texts->ask(question.fit, question.text, hit));
      marked.exact = marked.exact && asked.exact;
      if (!asked.any) continue;
    } else {
      marked.exact = false;
      std::ranges::fill(hit, uint8_t{1});
    }
    marked.any = true;
    KANSOKU_RETURN_IF_ERROR(message.message->place(*leaf));
    KANSOKU_TRY(const std::span<const uint32_t> shapes, message.message->shapes());
    for (size_t value = 0; value < shapes.size(); ++value) {
      if (leaf->in_shape[shapes[value]] == 0) continue;
      marked.rows[message.rows.empty() ? value : message.rows[value]] |= hit[leaf->place_of(value)];
    }
  }
  return {};
}

Result<std::vector<EventFieldInfo>> Reader::fields() {
  std::map<std::pair<std::string, ColumnType>, uint64_t> counts;
  for (const BlockColumn& column : image_->columns())
    counts[{column.path, column.type}] += column.values;
  BlockColumn* const message = image_->message();
  bool counted = message == nullptr || !message->message->whole_json();
  if (message != nullptr) {
    for (const LeafColumn& leaf : message->message->leaves()) {
      for (const BlockColumn& column : image_->columns())
        counted = counted && column.path != leaf.path;
      counts[{leaf.path, leaf_type(leaf.kind)}] += leaf.count;
    }
  }
  if (!counted) {
    counts.clear();
    std::vector<uint32_t> all(image_->rows());
    for (uint32_t row = 0; row < all.size(); ++row) all[row] = row;
    KANSOKU_TRY(const auto rows,
                BlockEventRows::make(*image_, std::move(all), {false, false, false}));
    KANSOKU_RETURN_IF_ERROR(rows->count_fields(counts));
  }
  std::vector<EventFieldInfo> out;
  for (const auto& [key, count] : counts) {
    if (count > 0) out.push_back({key.first, key.second, count});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<BlockReader>> BlockReader::open(BlockBytes& bytes, uint64_t block_bytes) {
  KANSOKU_TRY(auto image, BlockImage::open(bytes, block_bytes));
  return std::make_unique<Reader>(std::move(image));
}

}  // namespace kansoku::store::events
