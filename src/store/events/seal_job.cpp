#include "store/events/seal_job.h"

#include <algorithm>

namespace kansoku::store::events {
namespace {

// A stretch of time fills most of a block.
constexpr uint64_t kStretchBytes = kBlockMessageBytesMax / 16 * 15;
constexpr uint64_t kStretchRows = kBlockRowsMax / 16 * 15;
// Rows that are sorted at once: a millisecond, about.
constexpr size_t kSortedAtOnce = 8'192;

// Pieces are sorted, then put together two by two.
void sort_in_steps(std::vector<std::pair<int64_t, uint64_t>>& rows, WorkPause& pause) {
  const auto at = [&](size_t i) {
    return rows.begin() + static_cast<ptrdiff_t>(std::min(i, rows.size()));
  };
  for (size_t begin = 0; begin < rows.size(); begin += kSortedAtOnce) {
    std::sort(at(begin), at(begin + kSortedAtOnce));
    pause.here();
  }
  std::vector<std::pair<int64_t, uint64_t>> merged(rows.size());
  for (size_t piece = kSortedAtOnce; piece < rows.size(); piece *= 2) {
    auto to = merged.begin();
    for (size_t begin = 0; begin < rows.size(); begin += piece * 2) {
      to = std::merge(at(begin), at(begin + piece), at(begin + piece), at(begin + piece * 2), to);
      pause.here();
    }
    rows.swap(merged);
  }
}

}  // namespace

SealJob::SealJob(env::FileSystem& files, std::string directory, Memtable::View batches,
                 Lifetimes lifetimes, uint64_t first_sequence, uint64_t last_sequence,
                 uint32_t time_cut_streams_max, std::function<uint64_t(uint64_t)> take_ids)
    : files_(&files),
      directory_(std::move(directory)),
      batches_(std::move(batches)),
      lifetimes_(std::move(lifetimes)),
      first_sequence_(first_sequence),
      last_sequence_(last_sequence),
      time_cut_streams_max_(time_cut_streams_max),
      take_ids_(std::move(take_ids)) {}

// Numbers streams in the order of blocks. Batches mostly name the same ones again.
void SealJob::rank_streams() {
  std::vector<StreamRef> refs;
  ranks_.resize(batches_.size());
  for (uint32_t batch = 0; batch < batches_.size(); ++batch) {
    const auto& streams = batches_[batch]->batch->streams();
    ranks_[batch].resize(streams.size());
    for (uint32_t i = 0; i < streams.size(); ++i) refs.push_back({batch, i});
  }
  const auto key = [&](StreamRef ref) {
    const signal::EventStream& stream = stream_of(ref);
    return std::tie(batches_[ref.batch]->scope, stream.group, stream.generation, stream.stream);
  };
  std::ranges::sort(refs, [&](StreamRef a, StreamRef b) { return key(a) < key(b); });
  for (const StreamRef& ref : refs) {
    if (streams_.empty() || key(streams_.back()) != key(ref)) streams_.push_back(ref);
    ranks_[ref.batch][ref.stream] = static_cast<uint32_t>(streams_.size() - 1);
  }
}

// Rows by stream, then time; those of one time stand in the order of the log.
void SealJob::sort_rows(WorkPause& pause) {
  std::vector<uint32_t> ends(streams_.size() + 1);
  const auto each = [&](auto&& visit) {
    for (uint32_t batch = 0; batch < batches_.size(); ++batch) {
      const MemoryBatch& from = *batches_[batch];
      const auto streams = from.batch->stream_rows();
      for (uint32_t row = 0; row < streams.size(); ++row) {
        visit(ranks_[batch][streams[row]], RowRef{batch, row});
      }
    }
  };
  each([&](uint32_t stream, RowRef) { ++ends[stream + 1]; });
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  rows_.resize(ends.back());
  {
    std::vector<uint32_t> at(ends.begin(), ends.end() - 1);
    each([&](uint32_t stream, RowRef ref) { rows_[at[stream]++] = ref; });
  }
  const auto time = [&](const RowRef& ref) {
    return std::tuple(batches_[ref.batch]->batch->timestamps_ns()[ref.row], ref.batch, ref.row);
  };
  uint32_t log_group = 0;
  for (uint32_t stream = 0; stream < streams_.size(); ++stream) {
    pause.here();
    const signal::EventStream& first = stream_of(streams_[log_group]);
    const signal::EventStream& named = stream_of(streams_[stream]);
    const bool same =
        batches_[streams_[log_group].batch]->scope == batches_[streams_[stream].batch]->scope &&
        first.group == named.group && first.generation == named.generation;
    if (!same) log_group = stream;
    const auto rows = std::span(rows_).subspan(ends[stream], ends[stream + 1] - ends[stream]);
    if (!std::ranges::is_sorted(rows, {}, time)) std::ranges::sort(rows, {}, time);
    cut_runs(stream, log_group, ends[stream], ends[stream + 1]);
  }
}

void SealJob::cut_runs(uint32_t stream, uint32_t log_group, uint32_t begin, uint32_t end) {
  const signal::EventStream& named = stream_of(streams_[stream]);
  const signal::Scope& scope = batches_[streams_[stream].batch]->scope;
  if (!lifetimes_.lives(scope, named.group, named.generation)) return;
  const int64_t begin_ns = lifetimes_.begin_ns(scope, named.group);
  const uint64_t deleted = lifetimes_.deleted_until(scope, named.group, named.stream);
  const uint32_t keep_days = keep_days_of(lifetimes_.keep_ns(scope, named.group));
  uint32_t kept = begin;
  for (uint32_t i = begin; i < end; ++i) {
    const RowRef ref = rows_[i];
    const MemoryBatch& batch = *batches_[ref.batch];
    if (batch.sequence < deleted || batch.batch->timestamps_ns()[ref.row] < begin_ns) continue;
    rows_[kept++] = ref;
  }
  for (uint32_t i = begin; i < kept;) {
    const auto day = [&](uint32_t at) { return day_of(time_of(rows_[at])); };
    Run run{{scope, keep_days, day(i)}, log_group, 0, stream, i, i + 1};
    while (run.end < kept && day(run.end) == run.group.day) ++run.end;
    i = run.end;
    runs_.push_back(std::move(run));
  }
}

// Where stretches of about a block's rows end, by the times of all rows of a group.
std::vector<int64_t> SealJob::stretch_ends(std::span<const Run> runs, WorkPause& pause) {
  std::vector<std::pair<int64_t, uint64_t>> rows;
  uint64_t bytes = 0;
  for (const Run& run : runs) {
    pause.here();
    for (uint32_t i = run.begin; i < run.end; ++i) {
      rows.emplace_back(time_of(rows_[i]), message_bytes(rows_[i]));
      bytes += rows.back().second;
    }
  }
  const uint64_t stretches = std::max((bytes + kStretchBytes - 1) / kStretchBytes,
                                      (rows.size() + kStretchRows - 1) / kStretchRows);
  std::vector<int64_t> out;
  if (stretches < 2) return out;
  const bool by_rows = rows.size() / kStretchRows > bytes / kStretchBytes;
  const uint64_t whole = by_rows ? rows.size() : bytes;
  sort_in_steps(rows, pause);
  uint64_t sum = 0;
  for (const auto& [ns, of_row] : rows) {
    if (sum >= whole * (out.size() + 1) / stretches && (out.empty() || out.back() < ns)) {
      out.push_back(ns);
    }
    sum += by_rows ? 1 : of_row;
  }
  return out;
}

// Cuts the runs of groups of few streams into stretches of time, and puts all runs in order.
void SealJob::cut_by_time(WorkPause& pause) {
  const auto group_of = [](const Run& run) { return std::tie(run.group, run.log_group); };
  std::ranges::sort(runs_, {},
                    [](const Run& run) { return std::tie(run.group, run.log_group, run.stream); });
  std::vector<Run> out;
  for (size_t begin = 0, end = 0; begin < runs_.size(); begin = end) {
    while (end < runs_.size() && group_of(runs_[end]) == group_of(runs_[begin])) ++end;
    const auto runs = std::span(runs_).subspan(begin, end - begin);
    std::vector<int64_t> ends;
    if (runs.size() > 1 && runs.size() <= time_cut_streams_max_) ends = stretch_ends(runs, pause);
    for (const Run& run : runs) {
      pause.here();
      if (ends.empty()) {
        out.push_back(run);
        continue;
      }
      Run piece = run;
      for (uint32_t stretch = 0; stretch <= ends.size(); ++stretch) {
        const auto rows = std::span(rows_).subspan(piece.begin, run.end - piece.begin);
        const auto before = [&](const RowRef& ref) {
          return stretch == ends.size() || time_of(ref) < ends[stretch];
        };
        piece.end = piece.begin + static_cast<uint32_t>(std::ranges::partition_point(rows, before) -
                                                        rows.begin());
        piece.stretch = stretch + 1;
        if (piece.begin < piece.end) out.push_back(piece);
        piece.begin = piece.end;
      }
    }
  }
  std::ranges::sort(out, {}, [](const Run& run) {
    return std::tie(run.group, run.log_group, run.stretch, run.stream);
  });
  runs_ = std::move(out);
}

uint64_t SealJob::message_bytes(RowRef ref) {
  const signal::EventColumn* messages = messages_[ref.batch];
  if (messages == nullptr) return 0;
  const std::vector<uint32_t>& rows = messages->rows;
  size_t at = ref.row;
  if (rows.size() <= at || rows[at] != ref.row) {
    const auto found = std::ranges::lower_bound(rows, ref.row);
    if (found == rows.end() || *found != ref.row) return 0;
    at = static_cast<size_t>(found - rows.begin());
  }
  return messages->text_at(at).size();
}

// Closes the part in progress, and begins that of the next run.
Status SealJob::next_part() {
  if (writer_) {
    KANSOKU_TRY(PartMeta meta, writer_->finish());
    written_.push_back(std::move(meta));
    writer_.reset();
  }
  if (run_ == runs_.size()) {
    done_ = true;
    return written_.empty() ? Status() : files_->sync_directory(directory_);
  }
  group_ = runs_[run_].group;
  PartMeta meta{.id = seal_first_id_ + written_.size(),
                .group = group_,
                .first_sequence = first_sequence_,
                .last_sequence = last_sequence_,
                .seal_first_id = seal_first_id_,
                .seal_parts = seal_parts_};
  KANSOKU_TRY(writer_, PartWriter::create(*files_, directory_, std::move(meta), {}));
  at_ = runs_[run_].begin;
  return {};
}

Status SealJob::write_block(WorkPause& pause) {
  StreamKey key;
  const auto pack = [&](const Run& run) {
    return run.stretch == 0 ? BlockBuilder::Ends::WithStreams : BlockBuilder::Ends::WhenFull;
  };
  while (run_ < runs_.size() && runs_[run_].group == group_) {
    const Run& run = runs_[run_];
    const signal::EventStream& named = stream_of(streams_[run.stream]);
    key = {named.group, named.generation, named.stream};
    for (; at_ < run.end; ++at_) {
      pause_in_loop(&pause, at_);
      const RowRef ref = rows_[at_];
      const uint64_t bytes = message_bytes(ref);
      if (!builder_.takes(key, bytes, pack(run)))
        return writer_->add(builder_.take(columns_, &pause), &pause);
      const MemoryBatch& batch = *batches_[ref.batch];
      builder_.add(
          key, {ref.batch, ref.row},
          {batch.batch->timestamps_ns()[ref.row], batch.sequence, ref.row, batch.ingested_ns},
          bytes);
    }
    ++run_;
    if (run_ == runs_.size()) break;
    at_ = runs_[run_].begin;
    const Run& next = runs_[run_];
    const bool apart = next.log_group != run.log_group || next.stretch != run.stretch;
    if (apart && (run.stretch > 0 || next.stretch > 0) && next.group == group_) {
      return writer_->add(builder_.take(columns_, &pause), &pause);
    }
  }
  if (!builder_.empty())
    KANSOKU_RETURN_IF_ERROR(writer_->add(builder_.take(columns_, &pause), &pause));
  return next_part();
}

Result<bool> SealJob::step(WorkPause& pause) {
  if (done_) return true;
  if (!planned_) {
    for (uint32_t batch = 0; batch < batches_.size(); ++batch) {
      columns_.emplace_back(batches_[batch]->batch->columns());
      messages_.push_back(batches_[batch]->messages());
    }
    rank_streams();
    pause.here();
    sort_rows(pause);
    cut_by_time(pause);
    for (size_t i = 0; i < runs_.size(); ++i) {
      seal_parts_ += static_cast<uint64_t>(i == 0 || runs_[i].group != runs_[i - 1].group);
    }
    seal_first_id_ = take_ids_(seal_parts_);
    planned_ = true;
    KANSOKU_RETURN_IF_ERROR(next_part());
    return done_;
  }
  KANSOKU_RETURN_IF_ERROR(write_block(pause));
  return done_;
}

}  // namespace kansoku::store::events
