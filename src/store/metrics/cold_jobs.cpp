#include "store/metrics/cold_jobs.h"

#include <bit>

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
    job->sources_.emplace_back().part = &job->cold_->parts()[place];
    KANSOKU_RETURN_IF_ERROR(job->load_chunk(job->sources_.back()));
  }
  return job;
}

// The next chunk of the source; no rows at the end.
Status ColdMergeJob::load_chunk(Source& source) {
  source.rows.clear();
  source.begins.clear();
  source.pairs.clear();
  source.row = 0;
  const ColdSegment& segment = *source.part->segment;
  if (source.next_chunk == segment.chunks().size()) return {};
  const ColdSegment::Chunk& chunk = segment.chunks()[source.next_chunk++];
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
  return {};
}

Status ColdMergeJob::advance(Source& source) {
  if (++source.row < source.rows.size()) return {};
  return load_chunk(source);
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
  ++rows_;
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
      if (source.rows.empty()) continue;
      if (next == nullptr || source.rows[source.row].id < next->rows[next->row].id) next = &source;
    }
    if (next == nullptr) {
      end_chunk();
      KANSOKU_RETURN_IF_ERROR(writer_->write());
      return true;
    }
    KANSOKU_RETURN_IF_ERROR(put(*next));
    KANSOKU_RETURN_IF_ERROR(advance(*next));
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
