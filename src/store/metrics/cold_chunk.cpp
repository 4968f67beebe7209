#include "store/metrics/cold_chunk.h"

#include <algorithm>
#include <numeric>

#include "base/bytes.h"
#include "base/check.h"
#include "signal/labels.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint8_t kMergeBit = 1;
constexpr uint8_t kTemporalityShift = 1;
constexpr uint8_t kTemporalityMask = 3;
constexpr uint8_t kGoneBit = 8;
constexpr uint8_t kFlagsKnown = 15;

signal::LabelView label_of(std::string_view bytes) {
  signal::LabelView out;
  KANSOKU_CHECK(signal::visit_labels(bytes, [&](signal::LabelView label) { out = label; }));
  return out;
}

bool read_small(const char*& at, const char* end, uint64_t max, uint32_t& out) {
  uint64_t value = 0;
  if (!read_varint(at, end, value) || value > max) return false;
  out = static_cast<uint32_t>(value);
  return true;
}

}  // namespace

void ColdChunkBuilder::add(const ColdRow& row, std::span<const uint32_t> keys) {
  KANSOKU_CHECK(!full() && (rows_.empty() || rows_.back().row.id < row.id));
  rows_.push_back({row, static_cast<uint32_t>(pairs_.size()), static_cast<uint32_t>(keys.size())});
  // Neighbours are series of one target and share most of their labels.
  const Added* before = rows_.size() > 1 ? &rows_[rows_.size() - 2] : nullptr;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (before != nullptr && i < before->count && keys_[pairs_[before->begin + i]] == keys[i]) {
      pairs_.push_back(pairs_[before->begin + i]);
      continue;
    }
    auto [found, made] = number_of_.try_emplace(keys[i], static_cast<uint32_t>(keys_.size()));
    if (made) keys_.push_back(keys[i]);
    pairs_.push_back(found->second);
  }
}

ColdChunkBuilder::Summary ColdChunkBuilder::take(
    const std::function<std::string_view(uint32_t)>& bytes_of, std::string& dictionary,
    std::string& rows) {
  Summary summary{rows_.front().row.id, rows_.back().row.id, static_cast<uint32_t>(rows_.size()),
                  std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
  for (const Added& added : rows_) {
    if (added.row.gone) continue;
    summary.min_ms = std::min(summary.min_ms, added.row.first_ms);
    summary.max_ms = std::max(summary.max_ms, added.row.last_ms);
  }
  std::vector<signal::LabelView> labels;
  labels.reserve(keys_.size());
  for (uint32_t key : keys_) labels.push_back(label_of(bytes_of(key)));
  std::vector<uint32_t> order(keys_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](uint32_t number) { return labels[number]; });
  std::vector<uint32_t> rank_of(keys_.size());
  std::vector<signal::LabelView> sorted;
  sorted.reserve(keys_.size());
  for (uint32_t number : order) {
    rank_of[number] = static_cast<uint32_t>(sorted.size());
    sorted.push_back(labels[number]);
  }
  write_dictionary(sorted, rank_of, dictionary);
  write_rows(summary, rank_of, rows);
  rows_.clear();
  pairs_.clear();
  keys_.clear();
  number_of_.clear();
  return summary;
}

void ColdChunkBuilder::write_dictionary(std::span<const signal::LabelView> sorted,
                                        std::span<const uint32_t> rank_of, std::string& out) const {
  // The rows of each pair, side by side.
  std::vector<uint32_t> begins(sorted.size() + 1, 0);
  for (uint32_t number : pairs_) ++begins[rank_of[number] + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<uint16_t> rows(pairs_.size());
  std::vector<uint32_t> next(begins.begin(), begins.end() - 1);
  for (size_t row = 0; row < rows_.size(); ++row) {
    for (uint32_t i = 0; i < rows_[row].count; ++i) {
      rows[next[rank_of[pairs_[rows_[row].begin + i]]]++] = static_cast<uint16_t>(row);
    }
  }
  std::string names;
  std::string postings;
  size_t count = 0;
  for (size_t begin = 0; begin < sorted.size(); ++count) {
    size_t end = begin;
    while (end < sorted.size() && sorted[end].name == sorted[begin].name) ++end;
    append_text(names, sorted[begin].name);
    append_varint(names, end - begin);
    for (; begin < end; ++begin) {
      append_text(names, sorted[begin].value);
      append_varint(names, begins[begin + 1] - begins[begin]);
      postings.clear();
      uint32_t previous = 0;
      for (uint32_t i = begins[begin]; i < begins[begin + 1]; ++i) {
        append_varint(postings, rows[i] - previous);
        previous = rows[i];
      }
      append_text(names, postings);
    }
  }
  append_varint(out, count);
  out += names;
}

void ColdChunkBuilder::write_rows(const Summary& summary, std::span<const uint32_t> rank_of,
                                  std::string& out) const {
  SeriesId previous = summary.first_id;
  for (const Added& added : rows_) {
    const ColdRow& row = added.row;
    append_varint(out, row.id - previous);
    previous = row.id;
    out += static_cast<char>(static_cast<uint8_t>(row.merge) |
                             (static_cast<uint8_t>(row.temporality) << kTemporalityShift) |
                             (row.gone ? kGoneBit : 0));
    if (row.gone) continue;
    append_varint(out, row.scope);
    append_varint(out, static_cast<uint64_t>(row.first_ms) - static_cast<uint64_t>(summary.min_ms));
    append_varint(out, static_cast<uint64_t>(row.last_ms) - static_cast<uint64_t>(row.first_ms));
    append_varint(out, added.count);
    uint32_t rank = 0;
    for (uint32_t i = 0; i < added.count; ++i) {
      const uint32_t next = rank_of[pairs_[added.begin + i]];
      append_varint(out, next - rank);
      rank = next;
    }
  }
}

bool ColdDictionary::parse(std::string_view page, size_t rows) {
  rows_ = rows;
  names_.clear();
  begins_.clear();
  values_.clear();
  const char* at = page.data();
  const char* end = at + page.size();
  uint64_t names = 0;
  if (!read_varint(at, end, names) || names > page.size()) return false;
  for (uint64_t name = 0; name < names; ++name) {
    uint64_t count = 0;
    if (!read_text(at, end, names_.emplace_back()) || !read_varint(at, end, count) || count == 0 ||
        count > page.size()) {
      return false;
    }
    begins_.push_back(values_.size());
    for (uint64_t i = 0; i < count; ++i) {
      Value& value = values_.emplace_back();
      value.name = static_cast<uint32_t>(name);
      if (!read_text(at, end, value.value) || !read_small(at, end, rows, value.count) ||
          !read_text(at, end, value.postings)) {
        return false;
      }
    }
  }
  begins_.push_back(values_.size());
  return at == end && std::ranges::is_sorted(names_);
}

std::pair<size_t, size_t> ColdDictionary::range_of(std::string_view name) const {
  auto found = std::ranges::lower_bound(names_, name);
  if (found == names_.end() || *found != name) return {0, 0};
  const auto row = static_cast<size_t>(found - names_.begin());
  return {begins_[row], begins_[row + 1]};
}

bool ColdDictionary::rows_of(const Value& value, RowSet& out) const {
  const char* at = value.postings.data();
  const char* end = at + value.postings.size();
  uint64_t row = 0;
  for (uint32_t i = 0; i < value.count; ++i) {
    uint64_t step = 0;
    if (!read_varint(at, end, step) || step > rows_) return false;
    row += step;
    if (row >= rows_) return false;
    out.set(row);
  }
  return at == end;
}

void ColdDictionary::append_label(uint32_t pair, std::string& out) const {
  append_text(out, names_[values_[pair].name]);
  append_text(out, values_[pair].value);
}

bool visit_cold_rows(std::string_view page, const ColdChunkBuilder::Summary& summary,
                     size_t pairs_max, const ColdRowVisitor& visit) {
  const char* at = page.data();
  const char* end = at + page.size();
  std::vector<uint32_t> pairs;
  SeriesId id = summary.first_id;
  for (size_t number = 0; number < summary.rows; ++number) {
    uint64_t step = 0;
    if (!read_varint(at, end, step) || at == end) return false;
    id += step;
    const auto flags = static_cast<uint8_t>(*at++);
    if (id > summary.last_id || (number > 0 && step == 0) || (flags & ~kFlagsKnown) != 0)
      return false;
    ColdRow row;
    row.id = id;
    row.merge = static_cast<signal::MergeKind>(flags & kMergeBit);
    row.temporality =
        static_cast<signal::Temporality>((flags >> kTemporalityShift) & kTemporalityMask);
    row.gone = (flags & kGoneBit) != 0;
    pairs.clear();
    if (!row.gone) {
      uint64_t first = 0;
      uint64_t span = 0;
      uint32_t count = 0;
      if (!read_small(at, end, std::numeric_limits<ScopeId>::max(), row.scope) ||
          !read_varint(at, end, first) || !read_varint(at, end, span) ||
          !read_small(at, end, kLabelsMax, count)) {
        return false;
      }
      row.first_ms = static_cast<int64_t>(static_cast<uint64_t>(summary.min_ms) + first);
      row.last_ms = static_cast<int64_t>(static_cast<uint64_t>(row.first_ms) + span);
      uint64_t rank = 0;
      for (uint32_t i = 0; i < count; ++i) {
        uint64_t delta = 0;
        if (!read_varint(at, end, delta) || delta > pairs_max) return false;
        rank += delta;
        if (rank >= pairs_max || (i > 0 && delta == 0)) return false;
        pairs.push_back(static_cast<uint32_t>(rank));
      }
    }
    if (!visit(number, row, pairs)) return true;
  }
  return at == end;
}

}  // namespace kansoku::store::metrics
