#include "store/metrics/cold_jobs.h"

#include <bit>

#include "base/bytes.h"

namespace kansoku::store::metrics {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
// Segments of one class become one of the next; a class is eight times the one before.
constexpr size_t kMergeFanIn = 8;
constexpr int kClassBits = 3;
// Rows of a merge in one step: about 1 ms.
constexpr size_t kRowsPerStep = 1024;

int64_t horizon_of(const Horizons& horizons, SeriesId id, signal::MergeKind merge) {
  return merge == signal::MergeKind::Replace ? horizons.gone_replace_ms(id)
                                             : horizons.tier_ms.back();
}

}  // namespace

Result<std::unique_ptr<ColdWriteJob>> ColdWriteJob::begin(
    env::FileSystem& files, std::string directory, uint64_t segment_id, const SeriesTable& table,
    std::shared_ptr<const ColdIndex> cold, std::span<const SeriesId> ids, Horizons horizons) {
  auto job = std::make_unique<ColdWriteJob>();
  KANSOKU_TRY(job->writer_, ColdSegmentWriter::create(files, std::move(directory), segment_id));
  job->writer_->reserve(ids.size());
  job->table_ = &table;
  job->cold_ = std::move(cold);
  job->ids_ = ids;
  job->horizons_ = horizons;
  return job;
}

void ColdWriteJob::add(const SeriesTable::Row& row) {
  const bool gone = row.last_ms == kNever || row.last_ms < horizon_of(horizons_, row.id, row.merge);
  if (gone && !cold_->contains(row.id)) return;
  ColdRow out{.id = row.id, .merge = row.merge, .temporality = row.temporality, .gone = gone};
  uint64_t hash = 0;
  if (!gone) {
    out.scope = writer_->scope_row(*row.scope);
    out.first_ms = row.first_ms;
    out.last_ms = row.last_ms;
    canonical_.clear();
    for (PairId pair : row.pairs) canonical_ += table_->pair_bytes(pair);
    hash = cold_hash(*row.scope, row.merge, canonical_);
  }
  writer_->add(out, hash, gone ? std::span<const PairId>() : row.pairs);
  ++rows_;
}

Result<bool> ColdWriteJob::step() {
  const size_t count = std::min(ids_.size(), kChunkRows);
  table_->visit_rows(
      ids_.first(count), [this](const SeriesTable::Row& row) { add(row); },
      [this] { writer_->end_chunk([this](uint32_t pair) { return table_->pair_bytes(pair); }); });
  ids_ = ids_.subspan(count);
  KANSOKU_RETURN_IF_ERROR(writer_->write());
  return ids_.empty();
}

Result<std::unique_ptr<ColdMergeJob>> ColdMergeJob::begin(
    env::FileSystem& files, std::string directory, uint64_t segment_id,
    std::shared_ptr<const ColdIndex> cold, std::vector<size_t> inputs, Horizons horizons) {
  auto job = std::make_unique<ColdMergeJob>();
  KANSOKU_TRY(job->writer_, ColdSegmentWriter::create(files, std::move(directory), segment_id));
  job->keep_gone_ = inputs.size() < cold->parts().size();
  job->cold_ = std::move(cold);
  job->inputs_ = std::move(inputs);
  job->horizons_ = horizons;
  uint64_t rows = 0;
  for (size_t place : job->inputs_) rows += job->cold_->parts()[place].segment->rows();
  job->writer_->reserve(rows);
  for (size_t place : job->inputs_) {
    Source& source = job->sources_.emplace_back();
    source.part = &job->cold_->parts()[place];
    const ColdSegment& segment = *source.part->segment;
    source.copied_to.assign(segment.chunks().size(), kNotCopied);
    KANSOKU_TRY(source.ids_page, segment.read_ids(job->decompressor_));
  }
  return job;
}

bool ColdMergeJob::ended(const Source& source) {
  return source.chunk == source.part->segment->chunks().size();
}

SeriesId ColdMergeJob::next_id(const Source& source) {
  if (source.decoded) return source.rows[source.row].id;
  return source.part->segment->chunks()[source.chunk].summary.first_id;
}

// Whether all rows of the source's next chunk stand before those of others and stay as they are.
bool ColdMergeJob::may_copy(const Source& source) {
  if (source.decoded) return false;
  const ColdChunkBuilder::Summary& summary = source.part->segment->chunks()[source.chunk].summary;
  // Chunks that are hardly worth their place are put together.
  constexpr size_t kRowsMin = kChunkRows / 8;
  if (summary.rows < kRowsMin) return false;
  if (writer_->rows_waiting() > 0 && writer_->rows_waiting() < kRowsMin) return false;
  if (summary.min_ms < std::max(horizons_.gone_replace_max_ms(), horizons_.tier_ms.back()))
    return false;
  for (const Source& other : sources_) {
    if (&other != &source && !ended(other) && next_id(other) <= summary.last_id) return false;
  }
  if (const auto& superseded = source.part->superseded; superseded != nullptr) {
    auto at = std::ranges::lower_bound(*superseded, summary.first_id);
    if (at != superseded->end() && *at <= summary.last_id) return false;
  }
  return writer_->takes_scopes_of(*source.part->segment);
}

// Moves behind the ids of the source's next chunk.
Status ColdMergeJob::pass_ids(Source& source, bool copy) {
  const ColdSegment& segment = *source.part->segment;
  const char* at = source.ids_page->data() + source.ids_at;
  const char* end = source.ids_page->data() + source.ids_page->size();
  for (uint32_t i = 0; i < segment.chunks()[source.chunk].summary.rows; ++i) {
    uint64_t step = 0;
    if (!read_varint(at, end, step)) {
      return fail(ErrorCode::DataLoss, "the ids are not of its rows", segment.path());
    }
    source.last_id += step >> 1;
    if (copy) writer_->add_id(source.last_id, static_cast<signal::MergeKind>(step & 1));
  }
  source.ids_at = static_cast<size_t>(at - source.ids_page->data());
  return {};
}

Status ColdMergeJob::copy_chunk(Source& source) {
  end_chunk();
  KANSOKU_RETURN_IF_ERROR(writer_->write());
  source.copied_to[source.chunk] = static_cast<uint32_t>(writer_->rows());
  KANSOKU_RETURN_IF_ERROR(writer_->copy_chunk(*source.part->segment, source.chunk));
  KANSOKU_RETURN_IF_ERROR(pass_ids(source, true));
  ++source.chunk;
  return {};
}

// Of the chunks that were copied.
Status ColdMergeJob::copy_hashes() {
  for (const Source& source : sources_) {
    const ColdSegment& segment = *source.part->segment;
    KANSOKU_RETURN_IF_ERROR(segment.visit_hashes(decompressor_, [&](uint64_t hash, uint32_t row) {
      const size_t chunk = segment.chunk_of_row(row);
      if (source.copied_to[chunk] == kNotCopied) return;
      const auto in_chunk = static_cast<uint32_t>(row - segment.chunks()[chunk].begin);
      writer_->add_hash(hash, source.copied_to[chunk] + in_chunk);
    }));
  }
  return {};
}

Status ColdMergeJob::decode_chunk(Source& source) {
  source.rows.clear();
  source.begins.clear();
  source.pairs.clear();
  source.row = 0;
  const ColdSegment& segment = *source.part->segment;
  const ColdSegment::Chunk& chunk = segment.chunks()[source.chunk];
  KANSOKU_TRY(source.dictionary_page, segment.read(chunk.dictionary, decompressor_, nullptr));
  KANSOKU_TRY(auto page, segment.read(chunk.rows, decompressor_, nullptr));
  auto take = [&](size_t, const ColdRow& row, std::span<const uint32_t> pairs) {
    source.rows.push_back(row);
    source.begins.push_back(static_cast<uint32_t>(source.pairs.size()));
    source.pairs.insert(source.pairs.end(), pairs.begin(), pairs.end());
    return row.gone || row.scope < segment.scopes().size();
  };
  const bool good =
      source.dictionary.parse(*source.dictionary_page, chunk.summary.rows) &&
      visit_cold_rows(*page, chunk.summary, source.dictionary.values().size(), take) &&
      source.rows.size() == chunk.summary.rows;
  if (!good) return fail(ErrorCode::DataLoss, "a chunk is not one", segment.path());
  source.begins.push_back(static_cast<uint32_t>(source.pairs.size()));
  source.keys.assign(source.dictionary.values().size(), kNoKey);
  source.decoded = true;
  return pass_ids(source, false);
}

bool ColdMergeJob::expired(const ColdRow& row) const {
  return row.last_ms < horizon_of(horizons_, row.id, row.merge);
}

uint32_t ColdMergeJob::key_of(Source& source, uint32_t pair) {
  uint32_t& key = source.keys[pair];
  if (key != kNoKey) return key;
  label_.clear();
  source.dictionary.append_label(pair, label_);
  auto [found, made] = key_of_label_.try_emplace(label_, static_cast<uint32_t>(labels_.size()));
  if (made) labels_.push_back(label_);
  key = found->second;
  return key;
}

Status ColdMergeJob::put(Source& source) {
  const ColdRow& row = source.rows[source.row];
  if (!source.part->counts(row.id)) return {};
  const bool gone = row.gone || expired(row);
  if (gone && !keep_gone_) return {};
  ColdRow out = row;
  out.gone = gone;
  uint64_t hash = 0;
  keys_.clear();
  if (!gone) {
    const signal::Scope& scope = source.part->segment->scopes()[row.scope];
    out.scope = writer_->scope_row(scope);
    canonical_.clear();
    for (uint32_t i = source.begins[source.row]; i < source.begins[source.row + 1]; ++i) {
      keys_.push_back(key_of(source, source.pairs[i]));
      canonical_ += labels_[keys_.back()];
    }
    hash = cold_hash(scope, row.merge, canonical_);
  }
  writer_->add(out, hash, keys_);
  if (writer_->full()) end_chunk();
  return {};
}

void ColdMergeJob::end_chunk() {
  writer_->end_chunk([this](uint32_t key) { return std::string_view(labels_[key]); });
  labels_.clear();
  key_of_label_.clear();
  for (Source& source : sources_) std::ranges::fill(source.keys, kNoKey);
}

Result<bool> ColdMergeJob::step() {
  for (size_t i = 0; i < kRowsPerStep; ++i) {
    Source* next = nullptr;
    for (Source& source : sources_) {
      if (ended(source)) continue;
      if (next == nullptr || next_id(source) < next_id(*next)) next = &source;
    }
    if (next == nullptr) {
      end_chunk();
      KANSOKU_RETURN_IF_ERROR(writer_->write());
      KANSOKU_RETURN_IF_ERROR(copy_hashes());
      return true;
    }
    if (may_copy(*next)) {
      KANSOKU_RETURN_IF_ERROR(copy_chunk(*next));
      return false;
    }
    if (!next->decoded) KANSOKU_RETURN_IF_ERROR(decode_chunk(*next));
    KANSOKU_RETURN_IF_ERROR(put(*next));
    if (++next->row < next->rows.size()) continue;
    next->decoded = false;
    ++next->chunk;
  }
  KANSOKU_RETURN_IF_ERROR(writer_->write());
  return false;
}

std::vector<size_t> cold_merge_inputs(const ColdIndex& index) {
  std::map<int, std::vector<size_t>> classes;
  for (size_t i = 0; i < index.parts().size(); ++i) {
    const uint64_t rows = index.parts()[i].segment->rows();
    classes[static_cast<int>(std::bit_width(rows / kChunkRows)) / kClassBits].push_back(i);
  }
  for (const auto& [size, places] : classes) {
    std::vector<size_t> out;
    uint64_t rows = 0;
    for (size_t place : places) {
      rows += index.parts()[place].segment->rows();
      if (rows > kColdRowsMax) break;
      out.push_back(place);
      if (out.size() == kMergeFanIn) return out;
    }
  }
  return {};
}

}  // namespace kansoku::store::metrics
