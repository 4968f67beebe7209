#include "store/metrics/cold_index.h"

#include "store/metrics/cold_matcher.h"

namespace kansoku::store::metrics {
namespace {

// 512 bits a block and 8 of them a key: with 12 bits a key, one in some hundred is a false yes.
constexpr size_t kWordsPerBlock = 8;
constexpr uint64_t kBitsPerKey = 12;
constexpr uint64_t kKeysMin = 16 * 1024;

void set_bit(std::vector<uint64_t>& bits, SeriesId id) {
  if (id / 64 >= bits.size()) bits.resize(id / 64 + 1);
  bits[id / 64] |= 1ULL << (id % 64);
}

}  // namespace

ColdFilter::ColdFilter(uint64_t keys_max)
    : keys_max_(std::max(keys_max, kKeysMin)),
      blocks_(keys_max_ * kBitsPerKey / (kWordsPerBlock * 64) + 1),
      words_(blocks_ * kWordsPerBlock) {}

// The block by the upper half of the hash, a bit in each of its words by the lower.
void ColdFilter::add(uint64_t hash) {
  uint64_t* block = &words_[block_of(hash)];
  uint64_t bits = (hash & 0xffffffff) * 0x9e3779b97f4a7c15ULL;
  for (size_t i = 0; i < kWordsPerBlock; ++i, bits >>= 6) block[i] |= 1ULL << (bits & 63);
}

bool ColdFilter::may_have(uint64_t hash) const {
  const uint64_t* block = &words_[block_of(hash)];
  uint64_t bits = (hash & 0xffffffff) * 0x9e3779b97f4a7c15ULL;
  for (size_t i = 0; i < kWordsPerBlock; ++i, bits >>= 6) {
    if ((block[i] >> (bits & 63) & 1) == 0) return false;
  }
  return true;
}

bool ColdIndex::Part::counts(SeriesId id) const {
  return superseded == nullptr || !std::ranges::binary_search(*superseded, id);
}

Result<std::shared_ptr<const ColdIndex>> ColdIndex::build(
    std::vector<std::shared_ptr<const ColdSegment>> segments) {
  auto out = std::make_shared<ColdIndex>();
  if (segments.empty()) return out;
  codec::Decompressor decompressor;
  auto ids = std::make_shared<Bits>();
  auto accumulating = std::make_shared<Bits>();
  uint64_t keys = 0;
  for (const auto& segment : segments) keys += segment->rows();
  auto filter = std::make_shared<ColdFilter>(keys + keys / 2);
  out->parts_.resize(segments.size());
  for (size_t i = segments.size(); i-- > 0;) {
    auto superseded = std::make_shared<std::vector<SeriesId>>();
    KANSOKU_RETURN_IF_ERROR(
        segments[i]->visit_ids(decompressor, [&](SeriesId id, signal::MergeKind merge) {
          if (has_bit(*ids, id)) {
            superseded->push_back(id);
            return;
          }
          set_bit(*ids, id);
          if (merge == signal::MergeKind::Accumulate) set_bit(*accumulating, id);
          ++out->rows_;
        }));
    KANSOKU_RETURN_IF_ERROR(segments[i]->visit_hashes(
        decompressor, [&](uint64_t hash, uint32_t) { filter->add(hash); }));
    out->parts_[i].segment = std::move(segments[i]);
    if (!superseded->empty()) out->parts_[i].superseded = std::move(superseded);
  }
  out->ids_ = std::move(ids);
  out->accumulating_ = std::move(accumulating);
  out->filter_ = std::move(filter);
  return out;
}

Result<std::shared_ptr<const ColdIndex>> ColdIndex::with(
    std::shared_ptr<const ColdSegment> segment) const {
  codec::Decompressor decompressor;
  auto ids = std::make_shared<Bits>(*ids_);
  auto accumulating = std::make_shared<Bits>(*accumulating_);
  bool again = false;
  KANSOKU_RETURN_IF_ERROR(
      segment->visit_ids(decompressor, [&](SeriesId id, signal::MergeKind merge) {
        again = again || contains(id);
        set_bit(*ids, id);
        if (merge == signal::MergeKind::Accumulate) set_bit(*accumulating, id);
      }));
  uint64_t keys = segment->rows();
  for (const Part& part : parts_) keys += part.segment->rows();
  if (again || !filter_ || keys > filter_->keys_max()) {
    std::vector<std::shared_ptr<const ColdSegment>> all;
    for (const Part& part : parts_) all.push_back(part.segment);
    all.push_back(std::move(segment));
    return build(std::move(all));
  }
  auto filter = std::make_shared<ColdFilter>(*filter_);
  KANSOKU_RETURN_IF_ERROR(
      segment->visit_hashes(decompressor, [&](uint64_t hash, uint32_t) { filter->add(hash); }));
  auto out = std::make_shared<ColdIndex>();
  out->parts_ = parts_;
  out->rows_ = rows_ + segment->rows();
  out->parts_.push_back({std::move(segment), nullptr});
  out->ids_ = std::move(ids);
  out->accumulating_ = std::move(accumulating);
  out->filter_ = std::move(filter);
  return out;
}

const signal::Scope* ColdIndex::only_scope() const {
  const signal::Scope* out = nullptr;
  for (const Part& part : parts_) {
    for (const signal::Scope& scope : part.segment->scopes()) {
      if (out != nullptr && *out != scope) return nullptr;
      out = &scope;
    }
  }
  return out;
}

SeriesId ColdIndex::ids_end() const {
  SeriesId end = 0;
  for (const Part& part : parts_) {
    const auto& chunks = part.segment->chunks();
    if (!chunks.empty()) end = std::max(end, chunks.back().summary.last_id + 1);
  }
  return end;
}

size_t ColdIndex::memory_bytes() const {
  size_t bytes = (ids_->size() + accumulating_->size()) * sizeof(uint64_t) +
                 (filter_ ? filter_->memory_bytes() : 0);
  for (const Part& part : parts_) {
    bytes += part.segment->chunks().size() * sizeof(ColdSegment::Chunk);
    if (part.superseded) bytes += part.superseded->size() * sizeof(SeriesId);
  }
  return bytes;
}

Result<std::vector<SeriesInfo>> ColdIndex::select(const SeriesSelector& selector,
                                                  PageCache* cache) const {
  std::vector<SeriesInfo> out;
  if (parts_.empty()) return out;
  KANSOKU_TRY(ColdMatcher matcher, ColdMatcher::create(selector));
  codec::Decompressor decompressor;
  for (const Part& part : parts_) {
    const ColdSegment& segment = *part.segment;
    const auto& scopes = segment.scopes();
    if (std::ranges::find(scopes, selector.scope) == scopes.end()) continue;
    for (const ColdSegment::Chunk& chunk : segment.chunks()) {
      if (!matcher.may_match(chunk.summary)) continue;
      KANSOKU_TRY(auto dictionary, segment.read(chunk.dictionary, decompressor, cache));
      auto any = matcher.begin_chunk(*dictionary, chunk.summary);
      if (any && *any) {
        KANSOKU_TRY(auto rows, segment.read(chunk.rows, decompressor, cache));
        any = matcher.collect(*rows, scopes, [&](SeriesId id) { return part.counts(id); }, out);
      }
      if (!any) {
        return fail(ErrorCode::DataLoss, any.error().message, segment.path());
      }
    }
  }
  return out;
}

Result<const ColdReader::Decoded*> ColdReader::chunk(
    const std::shared_ptr<const ColdSegment>& segment, size_t number) {
  for (auto at = chunks_.begin(); at != chunks_.end(); ++at) {
    if (at->segment != segment || at->number != number) continue;
    chunks_.splice(chunks_.begin(), chunks_, at);
    return &chunks_.front();
  }
  Decoded decoded;
  const ColdSegment::Chunk& chunk = segment->chunks()[number];
  KANSOKU_TRY(decoded.page, segment->read(chunk.dictionary, *decompressor_, cache_));
  KANSOKU_TRY(auto rows, segment->read(chunk.rows, *decompressor_, cache_));
  decoded.segment = segment;
  decoded.number = number;
  bool good = decoded.dictionary.parse(*decoded.page, chunk.summary.rows);
  good = good &&
         visit_cold_rows(*rows, chunk.summary, decoded.dictionary.values().size(),
                         [&](size_t, const ColdRow& row, std::span<const uint32_t> pairs) {
                           decoded.rows.push_back(row);
                           decoded.begins.push_back(static_cast<uint32_t>(decoded.pairs.size()));
                           decoded.pairs.insert(decoded.pairs.end(), pairs.begin(), pairs.end());
                           return row.gone || row.scope < segment->scopes().size();
                         });
  good = good && decoded.rows.size() == chunk.summary.rows;
  if (!good) return fail(ErrorCode::DataLoss, "a chunk is not one", segment->path());
  decoded.begins.push_back(static_cast<uint32_t>(decoded.pairs.size()));
  chunks_.push_front(std::move(decoded));
  if (chunks_.size() > kChunksKept) chunks_.pop_back();
  return &chunks_.front();
}

std::string ColdReader::canonical_of(const Decoded& chunk, size_t row) {
  std::string out;
  for (uint32_t i = chunk.begins[row]; i < chunk.begins[row + 1]; ++i) {
    chunk.dictionary.append_label(chunk.pairs[i], out);
  }
  return out;
}

Result<std::optional<ColdReader::Found>> ColdReader::find(const ColdIndex& index, uint64_t hash,
                                                          const signal::Scope& scope,
                                                          signal::MergeKind merge,
                                                          std::string_view canonical) {
  for (size_t i = index.parts().size(); i-- > 0;) {
    const ColdIndex::Part& part = index.parts()[i];
    KANSOKU_TRY(auto numbers, part.segment->rows_of_hash(hash, *decompressor_, cache_));
    for (uint32_t number : numbers) {
      const size_t place = part.segment->chunk_of_row(number);
      KANSOKU_TRY(const Decoded* decoded, chunk(part.segment, place));
      const size_t row = number - part.segment->chunks()[place].begin;
      const ColdRow& found = decoded->rows[row];
      if (found.gone || found.merge != merge || !part.counts(found.id) ||
          part.segment->scopes()[found.scope] != scope) {
        continue;
      }
      if (canonical_of(*decoded, row) != canonical) continue;
      return Found{found, scope, std::string(canonical)};
    }
  }
  return std::nullopt;
}

Result<std::optional<std::pair<ColdRow, const signal::Scope*>>> ColdReader::find_row(
    const ColdIndex& index, SeriesId id) {
  if (!index.contains(id)) return std::nullopt;
  for (size_t i = index.parts().size(); i-- > 0;) {
    const ColdIndex::Part& part = index.parts()[i];
    const size_t place = part.segment->chunk_of_id(id);
    if (place == part.segment->chunks().size()) continue;
    KANSOKU_TRY(const Decoded* decoded, chunk(part.segment, place));
    auto row = std::ranges::lower_bound(decoded->rows, id, {}, &ColdRow::id);
    if (row == decoded->rows.end() || row->id != id) continue;
    if (row->gone) return std::nullopt;
    return std::pair(*row, &part.segment->scopes()[row->scope]);
  }
  return std::nullopt;
}

Result<std::optional<ColdReader::Found>> ColdReader::find(const ColdIndex& index, SeriesId id) {
  KANSOKU_TRY(auto row, find_row(index, id));
  if (!row) return std::nullopt;
  // The chunk that was read for it stands first.
  const Decoded& decoded = chunks_.front();
  auto at = std::ranges::lower_bound(decoded.rows, id, {}, &ColdRow::id);
  return Found{row->first, *row->second,
               canonical_of(decoded, static_cast<size_t>(at - decoded.rows.begin()))};
}

SeriesKind& SeriesKinds::in_table(SeriesId id) {
  const SeriesId begin = id / SeriesTable::kBlockIds * SeriesTable::kBlockIds;
  if (begin != begin_) {
    table_->kinds(begin, block_);
    begin_ = begin;
  }
  SeriesKind& kind = block_[id - begin];
  // It may have left since; then it is in the present index.
  if (kind.scope == SeriesKind::kNoScope && (cold_ == nullptr || !cold_->contains(id))) {
    cold_ = current_();
    only_scope_ = cold_->only_scope();
  }
  return kind;
}

std::optional<signal::MergeKind> SeriesKinds::find_merge(SeriesId id) {
  const SeriesKind& kind = in_table(id);
  if (kind.scope != SeriesKind::kNoScope) return kind.merge;
  return cold_->find_merge(id);
}

SeriesKind SeriesKinds::find(SeriesId id) {
  SeriesKind& kind = in_table(id);
  if (kind.scope != SeriesKind::kNoScope || !cold_->contains(id)) return kind;
  const signal::Scope* scope = only_scope_;
  if (scope == nullptr) {
    auto row = reader_.find_row(*cold_, id);
    if (!row || !*row) return kind;
    scope = (*row)->second;
  }
  kind = {table_->find_scope(*scope), *cold_->find_merge(id)};
  return kind;
}

}  // namespace kansoku::store::metrics
