#include "store/metrics/page.h"

namespace kansoku::store::metrics {

void PageBuilder::put_id(SeriesId id) {
  if (runs_ == 0) {
    info_.first_id = id;
    append_varint(entries_, id);
  } else {
    append_varint(entries_, id - info_.last_id);
  }
  info_.last_id = id;
  ++runs_;
}

void PageBuilder::cover(int64_t first_ms, int64_t last_ms) {
  bool fresh = runs_ == 0;
  info_.min_ms = fresh ? first_ms : std::min(info_.min_ms, first_ms);
  info_.max_ms = fresh ? last_ms : std::max(info_.max_ms, last_ms);
}

uint32_t PageBuilder::vector_row(std::span<const int64_t> t) {
  // Series of one target come one after another and share their times.
  if (vector_count_ > 0 && std::equal(t.begin(), t.end(), last_times_.begin(), last_times_.end())) {
    return last_row_;
  }
  last_times_.assign(t.begin(), t.end());
  coded_.clear();
  encode_times(t, coded_);
  auto [it, made] = vector_rows_.try_emplace(coded_, vector_count_);
  if (made) {
    vectors_ += coded_;
    ++vector_count_;
  }
  last_row_ = it->second;
  return last_row_;
}

void PageBuilder::add(SeriesId id, const DecodedSeries& series, size_t begin, size_t end) {
  auto times = std::span(series.timestamps_ms).subspan(begin, end - begin);
  cover(times.front(), times.back());
  uint32_t row = vector_row(times);
  put_id(id);
  append_varint(entries_, row);
  body_.clear();
  encode_points(series, begin, end, body_);
  append_varint(entries_, body_.size());
  entries_ += body_;
  info_.points += times.size();
}

void PageBuilder::add_times(SeriesId id, int64_t first_ms, int64_t last_ms) {
  cover(first_ms, last_ms);
  put_id(id);
  append_varint(entries_, zigzag(first_ms));
  append_varint(entries_, zigzag(last_ms - first_ms));
  ++info_.points;
}

std::string PageBuilder::take(PageInfo& info) {
  std::string raw;
  raw.reserve(raw_bytes() + 24);
  append_varint(raw, runs_);
  append_varint(raw, vector_count_);
  raw += vectors_;
  raw += entries_;
  info_.raw_bytes = static_cast<uint32_t>(raw.size());
  info = info_;
  PageKind kind = info_.kind;
  info_ = PageInfo{};
  info_.kind = kind;
  runs_ = 0;
  vector_count_ = 0;
  vectors_.clear();
  entries_.clear();
  last_times_.clear();
  vector_rows_.clear();
  return raw;
}

bool PageReader::open(std::shared_ptr<const std::string> raw) {
  raw_ = std::move(raw);
  vectors_.clear();
  at_ = raw_->data();
  end_ = at_ + raw_->size();
  first_ = true;
  ok_ = false;
  uint64_t vectors = 0;
  if (!read_varint(at_, end_, left_) || !read_varint(at_, end_, vectors)) return false;
  if (left_ > raw_->size() || vectors > raw_->size()) return false;
  vectors_.resize(vectors);
  for (auto& times : vectors_) {
    if (!decode_times(at_, end_, times)) return false;
  }
  ok_ = true;
  return true;
}

bool PageReader::next() {
  if (!ok_ || left_ == 0) return false;
  --left_;
  uint64_t delta = 0;
  ok_ = read_varint(at_, end_, delta);
  id_ = first_ ? delta : id_ + delta;
  first_ = false;
  if (!ok_ || vectors_.empty()) return ok_;  // a page of times has no vectors
  uint64_t row = 0;
  uint64_t bytes = 0;
  ok_ = read_varint(at_, end_, row) && row < vectors_.size() && read_varint(at_, end_, bytes) &&
        bytes <= static_cast<uint64_t>(end_ - at_);
  if (!ok_) return false;
  row_ = row;
  body_ = {at_, bytes};
  at_ += bytes;
  return true;
}

bool PageReader::read(DecodedSeries& out) {
  ok_ = ok_ && !timestamps_ms().empty() && decode_points(body_, timestamps_ms(), out);
  return ok_;
}

bool PageReader::read_times(int64_t& first_ms, int64_t& last_ms) {
  uint64_t first = 0;
  uint64_t span = 0;
  ok_ = ok_ && read_varint(at_, end_, first) && read_varint(at_, end_, span);
  first_ms = unzigzag(first);
  last_ms =
      static_cast<int64_t>(static_cast<uint64_t>(first_ms) + static_cast<uint64_t>(unzigzag(span)));
  return ok_;
}

}  // namespace kansoku::store::metrics
