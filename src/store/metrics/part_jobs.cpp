#include "store/metrics/part_jobs.h"

#include "store/metrics/fold.h"

namespace kansoku::store::metrics {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

DecodedSeries copy_of(const DecodedSeries& from) {
  DecodedSeries out;
  out.timestamps_ms = from.timestamps_ms;
  out.values = from.values;
  for (const auto& distribution : from.distributions) {
    out.distributions.push_back(distribution ? std::make_unique<signal::Distribution>(*distribution)
                                             : nullptr);
  }
  return out;
}

// Long enough that a run holds enough points to be worth its head, short enough that reading the
// last minutes leaves most of a day alone.
SectionLengths section_lengths(std::span<const std::shared_ptr<const Part>> inputs) {
  constexpr int64_t kHourMs = 3'600'000;
  constexpr std::array<int64_t, 7> kLengthsMs{
      2 * kHourMs,       6 * kHourMs,       24 * kHourMs,     72 * kHourMs,
      10 * 24 * kHourMs, 30 * 24 * kHourMs, 90 * 24 * kHourMs};
  constexpr double kRunPointsMin = 240;
  constexpr int64_t kSectionsMax = 128;
  SectionLengths out{};
  uint64_t series = 0;  // those in several inputs count once
  for (const auto& part : inputs) {
    uint64_t of_part = 0;
    for (const PageInfo& page : part->pages(PageKind::Times)) of_part += page.points;
    series = std::max(series, of_part);
  }
  for (size_t kind = 0; kind < kPageKinds - 1 && series > 0; ++kind) {
    uint64_t points = 0;
    int64_t min_ms = kMax;
    int64_t max_ms = kMin;
    for (const auto& part : inputs) {
      for (const PageInfo& page : part->pages(static_cast<PageKind>(kind))) {
        points += page.points;
        min_ms = std::min(min_ms, page.min_ms);
        max_ms = std::max(max_ms, page.max_ms);
      }
    }
    if (points == 0) continue;
    const int64_t range_ms = max_ms - min_ms + 1;
    const double per_ms =
        static_cast<double>(points) / static_cast<double>(series) / static_cast<double>(range_ms);
    for (const int64_t length_ms : kLengthsMs) {
      if (range_ms <= length_ms) break;
      if (per_ms * static_cast<double>(length_ms) < kRunPointsMin ||
          range_ms / length_ms > kSectionsMax)
        continue;
      out[kind] = length_ms;
      break;
    }
  }
  return out;
}

}  // namespace

Horizons horizons_at(int64_t now_ms, int64_t replace_retention_ms,
                     std::shared_ptr<const TierState> tiers) {
  Horizons horizons;
  horizons.raw_accumulate_ms = now_ms - kRawRetentionMs;
  horizons.now_ms = now_ms;
  horizons.replace_retention_ms = replace_retention_ms;
  horizons.tiers = std::move(tiers);
  for (size_t i = 0; i < kTiersMs.size(); ++i) horizons.tier_ms[i] = now_ms - kTierRetentionMs[i];
  return horizons;
}

Result<std::unique_ptr<SealJob>> SealJob::begin(env::FileSystem& files, std::string directory,
                                                std::shared_ptr<const FrozenHead> frozen,
                                                SeriesKinds kinds, uint64_t part_id,
                                                Horizons horizons) {
  std::unique_ptr<SealJob> job(new SealJob(std::move(kinds)));
  PartMeta meta{.id = part_id,
                .first_sequence = frozen->first_sequence(),
                .last_sequence = frozen->sequence()};
  KANSOKU_TRY(job->writer_, PartWriter::create(files, std::move(directory), meta, kSealLevel));
  job->frozen_ = std::move(frozen);
  job->horizons_ = horizons;
  job->next_ = job->frozen_->next_series(0);
  return job;
}

Result<bool> SealJob::step() {
  for (size_t i = 0; i < kSeriesPerStep && next_ != FrozenHead::kNone; ++i) {
    KANSOKU_RETURN_IF_ERROR(put_series(next_));
    next_ = frozen_->next_series(next_ + 1);
  }
  return next_ == FrozenHead::kNone;
}

Status SealJob::put_series(SeriesId id) {
  const SeriesKind kind = kinds_.find(id);
  if (kind.scope == SeriesKind::kNoScope) return {};
  stream_.clear();
  frozen_->append_stream(id, stream_);
  DecodedSeries& series = series_;
  series.clear();
  decode_stream(stream_, series);
  settle(series, kind.merge);
  KANSOKU_RETURN_IF_ERROR(
      writer_->add_times(id, series.timestamps_ms.front(), series.timestamps_ms.back()));
  if (kind.merge == signal::MergeKind::Replace) return writer_->add(PageKind::Raw, id, series);
  KANSOKU_RETURN_IF_ERROR(put_cells(id, copy_of(series)));
  // Older points live in the tiers alone.
  cut_range(series, horizons_.raw_accumulate_ms, kMax);
  return writer_->add(PageKind::Raw, id, series);
}

// Every point of an accumulating series enters each tier once, here; tiers only add from then on.
Status SealJob::put_cells(SeriesId id, DecodedSeries series) {
  for (size_t tier = 0; tier < kTiersMs.size(); ++tier) {
    fold_cells(series, kTiersMs[tier]);
    KANSOKU_RETURN_IF_ERROR(writer_->add(static_cast<PageKind>(tier + 1), id, series));
  }
  return {};
}

Result<PartMeta> SealJob::finish() { return writer_->finish(); }

Result<std::unique_ptr<MergeJob>> MergeJob::begin(env::FileSystem& files, std::string directory,
                                                  std::vector<std::shared_ptr<const Part>> inputs,
                                                  SeriesKinds kinds, PartMeta output,
                                                  Horizons horizons,
                                                  std::shared_ptr<const Tombstones> tombstones) {
  std::unique_ptr<MergeJob> job(new MergeJob(std::move(kinds)));
  job->tombstones_ = std::move(tombstones);
  KANSOKU_TRY(job->writer_, PartWriter::create(files, std::move(directory), output, kMergeLevel,
                                               section_lengths(inputs)));
  job->inputs_ = std::move(inputs);
  job->horizons_ = horizons;
  job->open_cursors();
  return job;
}

void MergeJob::open_cursors() {
  cursors_.clear();
  stands_at_.clear();
  for (const auto& part : inputs_) {
    cursors_.emplace_back(part, static_cast<PageKind>(kind_), decompressor_);
    stands_at_.push_back(cursors_.back().current());
  }
}

// A page that could not be read left something out, whoever met it.
Status MergeJob::check_damage() {
  for (const auto& part : inputs_) {
    if (part->damaged()) return fail(ErrorCode::DataLoss, "a page is damaged", part->path());
  }
  return {};
}

Result<bool> MergeJob::step() {
  for (size_t i = 0; i < kSeriesPerStep && kind_ < kPageKinds; ++i) {
    const SeriesId id = std::ranges::min(stands_at_);
    if (id == PartCursor::kNone) {
      ++kind_;
      if (kind_ < kPageKinds) open_cursors();
      continue;
    }
    KANSOKU_RETURN_IF_ERROR(static_cast<PageKind>(kind_) == PageKind::Times ? put_times(id)
                                                                            : put_points(id));
  }
  KANSOKU_RETURN_IF_ERROR(check_damage());
  return kind_ == kPageKinds;
}

Status MergeJob::put_points(SeriesId id) {
  const auto merge = kinds_.find_merge(id);
  series_.clear();
  auto stands_at = stands_at_.begin();
  for (PartCursor& cursor : cursors_) {
    SeriesId& stands = *stands_at++;
    if (stands != id) continue;
    next_.clear();
    cursor.read(id, kMin, kMax, next_);
    stands = cursor.current();
    tombstones_->cut(id, cursor.part().meta().last_sequence, next_);
    if (series_.size() == 0) {
      std::swap(series_, next_);
    } else {
      // A series whose definition was lost cannot be asked for, but its points are kept.
      join_settled(series_, std::move(next_), merge.value_or(signal::MergeKind::Replace));
    }
  }
  if (merge) {
    int64_t horizon = *merge == signal::MergeKind::Accumulate ? horizons_.raw_accumulate_ms
                                                              : horizons_.raw_replace_ms(id);
    if (kind_ > 0) horizon = horizons_.tier_ms[kind_ - 1];
    cut_range(series_, horizon, kMax);
  }
  return writer_->add(static_cast<PageKind>(kind_), id, series_);
}

Status MergeJob::put_times(SeriesId id) {
  int64_t first = kMax;
  int64_t last = kMin;
  auto stands_at = stands_at_.begin();
  for (PartCursor& cursor : cursors_) {
    SeriesId& stands = *stands_at++;
    if (stands != id) continue;
    int64_t from = kMax;
    int64_t to = kMin;
    cursor.read_times(id, from, to);
    stands = cursor.current();
    if (!tombstones_->cut_times(id, cursor.part().meta().last_sequence, from, to)) continue;
    first = std::min(first, from);
    last = std::max(last, to);
  }
  if (first > last) return {};  // all of it is deleted
  return writer_->add_times(id, first, last);
}

Result<PartMeta> MergeJob::finish() { return writer_->finish(); }

}  // namespace kansoku::store::metrics
