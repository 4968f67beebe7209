// From a delivery to a log record, and from the durable record into the head.
#include "base/check.h"
#include "store/metrics/engine_core.h"
#include "store/metrics/tier_state.h"

namespace kansoku::store::metrics {
namespace {

// How far ahead of its use an entry and then its block are brought into the cache.
constexpr size_t kEntryAhead = 16;
constexpr size_t kBlockAhead = 8;
constexpr size_t kSlotAhead = 32;
constexpr size_t kColdAhead = 8;
// Series made under one hold of the table's lock.
constexpr size_t kAddsPerLock = 256;
// Points put into the head under one hold of a shard's lock.
constexpr size_t kPointsPerLock = 1024;

void add_rejection(InFlight& in_flight, uint64_t rows, std::string reason, const Error& error) {
  if (rows == 0) return;
  in_flight.verdict.counts.push_back(
      {signal::Outcome::Rejected, std::move(reason), rows, error.to_string()});
  if (in_flight.verdict.status) in_flight.verdict.status = std::unexpected(error);
}

}  // namespace

// Marks points whose time no engine takes.
void MetricEngine::Core::judge_times(InFlight& in_flight) {
  const auto& batch = *in_flight.delivery.batch;
  int64_t now_ms = env.clock->wall_now().ms();
  bool back_fill = in_flight.delivery.back_fill;
  // By merge kind.
  std::array<int64_t, 2> oldest{now_ms - kPointPastMs, now_ms - kPointPastMs};
  if (back_fill) oldest = {now_ms - options.replace_retention_ms, now_ms - kTierRetentionMs.back()};
  // What has become cells, or is about to, takes no more points.
  if (back_fill && !options.tier_rules.empty()) {
    oldest[0] = std::max({oldest[0], current_view()->tiers->watermark_ms, tier_frontier_ms.load()});
  }
  int64_t newest = now_ms + kPointFutureMs;
  int64_t suspect = std::max(oldest[0], oldest[1]);
  uint64_t old = 0;
  uint64_t ahead = 0;
  auto times = batch.timestamps_ms();
  for (int64_t ms : times) {
    old += static_cast<uint64_t>(ms < suspect);
    ahead += static_cast<uint64_t>(ms > newest);
  }
  if (old + ahead == 0) return;
  in_flight.accepted.resize(times.size());
  old = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    auto merge = static_cast<size_t>(batch.meta(batch.point_series()[i]).merge);
    bool too_old = times[i] < oldest[merge];
    old += static_cast<uint64_t>(too_old);
    in_flight.accepted[i] = static_cast<uint8_t>(!too_old && times[i] <= newest);
  }
  add_rejection(in_flight, old, "too_old",
                Error{ErrorCode::OutOfRange,
                      back_fill ? "a point is older than what is kept (the retention), or than "
                                  "the points that have become cells"
                                : "a point is older than two weeks",
                      {}});
  add_rejection(in_flight, ahead, "too_new",
                Error{ErrorCode::OutOfRange, "a point is more than two hours ahead", {}});
}

// Makes the series of a batch that are not known, or comes to know them again.
struct MetricEngine::Core::NewSeries {
  Core& core;
  const InFlight& in_flight;
  ScopeId scope = 0;
  std::optional<uint64_t> limit;
  std::shared_ptr<const ColdIndex> cold;
  std::unique_lock<std::shared_mutex> adding;
  size_t added = 0;
  std::vector<std::pair<std::string, Error>> refused;  // by row; empty: none was
  std::array<uint64_t, kColdAhead> cold_hashes{};      // of some rows before hashed_end
  size_t hashed_end = 0;

  SeriesId make(signal::SeriesRow row) {
    if (!limit) {
      limit = core.series_limit(in_flight.delivery.scope.account);
      cold = core.current_view()->cold;
    }
    if (!adding.owns_lock()) adding = core.table.lock_for_adding();
    const SeriesId id = make_locked(row);
    if (++added % kAddsPerLock == 0) adding.unlock();
    return id;
  }
  void end() {
    if (adding.owns_lock()) adding.unlock();
  }

 private:
  SeriesId make_locked(signal::SeriesRow row) {
    const signal::MetricBatch& batch = *in_flight.delivery.batch;
    const signal::Scope& whose = in_flight.delivery.scope;
    if (core.table.series_of_account(scope) >= *limit) {
      return refuse(row, "series_limit",
                    {ErrorCode::FailedPrecondition,
                     fmt::format("per-tenant series limit of {} exceeded by account {}; an "
                                 "administrator raises it with: kansoku ctl limits set {} series=N",
                                 *limit, whose.account, whose.account),
                     {}});
    }
    const std::string_view labels = batch.canonical_labels(row);
    const signal::SeriesMeta& meta = batch.meta(row);
    SeriesId known = kNoSeries;
    if (!cold->empty()) {
      known = core.find_cold(*cold, hash_of(row), whose, meta.merge, labels);
    }
    if (known == kNoSeries) {
      auto id = core.table.add(core.hashes[row], labels, scope, meta.merge, meta.temporality);
      if (!id) return refuse(row, "bad_labels", std::move(id).error());
      known = *id;
    }
    core.table.set_undurable(known);
    return known;
  }
  // New series come in runs, and the cold's filter is larger than the cache: it is asked ahead.
  uint64_t hash_of(signal::SeriesRow row) {
    const signal::MetricBatch& batch = *in_flight.delivery.batch;
    if (row >= hashed_end) {
      hashed_end = std::min<size_t>(row + kColdAhead, batch.series_count());
      for (size_t at = row; at < hashed_end; ++at) {
        const auto of = static_cast<signal::SeriesRow>(at);
        cold_hashes[at % kColdAhead] =
            cold_hash(in_flight.delivery.scope, batch.meta(of).merge, batch.canonical_labels(of));
        cold->prefetch(cold_hashes[at % kColdAhead]);
      }
    }
    return cold_hashes[row % kColdAhead];
  }
  SeriesId refuse(signal::SeriesRow row, std::string reason, Error error) {
    refused.resize(in_flight.delivery.batch->series_count());
    refused[row] = {std::move(reason), std::move(error)};
    return kNoSeries;
  }
};

uint64_t MetricEngine::Core::series_limit(const std::string& account) const {
  std::lock_guard lock(queue_mutex);
  auto found = series_limits.find(account);
  return found == series_limits.end() ? options.series_per_tenant_max : found->second;
}

// The series of each row. Targets send their series in the same order each time, and ids were given
// in the order of the first: the series after this one is probably the next id. Others are looked
// up, for which slots and entries are brought into the cache ahead, as they come in runs.
void MetricEngine::Core::resolve_series(InFlight& in_flight) {
  const auto& batch = *in_flight.delivery.batch;
  const ScopeId scope = table.scope_id(in_flight.delivery.scope);
  const auto n = static_cast<signal::SeriesRow>(batch.series_count());
  hashes.resize(n);
  in_flight.ids.resize(n);
  for (signal::SeriesRow row = 0; row < n; ++row) {
    hashes[row] = table.hash(batch.canonical_labels(row), scope, batch.meta(row).merge);
  }
  NewSeries made{*this, in_flight, scope};
  SeriesId guess = kNoSeries;
  size_t fetched = 0;  // slots of rows before this are on their way
  bool known = true;   // the last series that was looked up: then the next ones probably are, too
  for (signal::SeriesRow row = 0; row < n; ++row) {
    const std::string_view labels = batch.canonical_labels(row);
    const signal::MergeKind merge = batch.meta(row).merge;
    SeriesId id = guess;
    if (id == kNoSeries || !table.is(id, hashes[row], labels, scope, merge)) {
      const size_t ahead = std::min<size_t>(n, row + 1 + kSlotAhead);
      for (fetched = std::max<size_t>(fetched, row + 1); fetched < ahead; ++fetched) {
        table.prefetch_slot(hashes[fetched]);
      }
      if (known && row + kEntryAhead < n) table.prefetch_entry(hashes[row + kEntryAhead]);
      id = table.find(hashes[row], labels, scope, merge);
      known = id != kNoSeries;
      if (!known) id = made.make(row);
    }
    in_flight.ids[row] = id;
    guess = id == kNoSeries ? kNoSeries : id + 1;
  }
  made.end();
  for (signal::SeriesRow row = 0; row < n && table.any_undurable(); ++row) {
    if (table.undurable(in_flight.ids[row])) in_flight.defined.push_back(in_flight.ids[row]);
  }
  if (hashes.capacity() > 64 * 1024) std::vector<Hash128>().swap(hashes);
  if (!made.refused.empty()) refuse_rows(in_flight, made.refused);
}

// Takes the points of refused series out.
void MetricEngine::Core::refuse_rows(InFlight& in_flight,
                                     const std::vector<std::pair<std::string, Error>>& refused) {
  const auto& batch = *in_flight.delivery.batch;
  if (in_flight.accepted.empty()) in_flight.accepted.resize(batch.point_count(), 1);
  std::map<std::string, std::pair<uint64_t, const Error*>> counts;
  for (size_t i = 0; i < batch.point_count(); ++i) {
    signal::SeriesRow row = batch.point_series()[i];
    if (in_flight.ids[row] != kNoSeries || in_flight.accepted[i] == 0) continue;
    in_flight.accepted[i] = 0;
    auto& count = counts[refused[row].first];
    ++count.first;
    count.second = &refused[row].second;
  }
  for (const auto& [reason, count] : counts) {
    add_rejection(in_flight, count.first, reason, *count.second);
  }
}

void MetricEngine::Core::take_in(signal::MetricDelivery delivery) {
  auto in_flight = std::make_unique<InFlight>();
  in_flight->bytes = delivery.batch->memory_bytes();
  in_flight->delivery = std::move(delivery);
  judge_times(*in_flight);
  resolve_series(*in_flight);
  size_t points = in_flight->delivery.batch->point_count();
  in_flight->stored = points - in_flight->verdict.rows();
  record.clear();
  encode_batch_record(
      {in_flight->delivery.batch.get(), in_flight->ids, in_flight->accepted, in_flight->defined},
      table, record);
  in_flight->record_bytes = record.size();
  hand_to_log(std::move(in_flight));
}

void MetricEngine::Core::hand_to_log(std::unique_ptr<InFlight> in_flight) {
  InFlight* waiting = in_flight.get();
  if (waiting->stored == 0) {
    // Nothing to keep: everything was refused.
    std::lock_guard lock(queue_mutex);
    in_flight->sequence = 0;
    durable.push_back(std::move(in_flight));
    return;
  }
  // The log destroys a refused callback, so the batch waits in a holder that outlives it.
  auto holder = std::make_shared<std::unique_ptr<InFlight>>(std::move(in_flight));
  auto done = [self = shared_from_this(), holder](Result<uint64_t> sequence) {
    (*holder)->status = sequence ? Status() : std::unexpected(std::move(sequence).error());
    {
      std::lock_guard lock(self->queue_mutex);
      if (sequence) (*holder)->sequence = *sequence;
      self->durable.push_back(std::move(*holder));
    }
    self->schedule_drain();
  };
  auto sequence =
      log.append(wal::Engine::Metrics, 0, waiting->delivery.producer, record, std::move(done));
  if (sequence) {
    ++handed_records;
  } else {
    refused_by_log(**holder, sequence.error());
  }
  if (record.capacity() > (1U << 20)) std::string().swap(record);
}

void MetricEngine::Core::refused_by_log(InFlight& in_flight, const Error& error) {
  uint64_t rows = in_flight.delivery.batch->point_count();
  signal::Verdict verdict;
  switch (error.code) {
    case ErrorCode::AlreadyExists:
      verdict = signal::Verdict::stored(rows);
      break;
    case ErrorCode::Cancelled:
      verdict = signal::Verdict::dropped(rows, "duplicate_in_flight",
                                         Error{ErrorCode::Unavailable, error.message, {}});
      break;
    case ErrorCode::Unavailable: {
      bool read_only = log.stats().read_only;
      verdict = signal::Verdict::dropped(rows, read_only ? "read_only" : "overload", error);
      break;
    }
    default:
      verdict = signal::Verdict::rejected(rows, "bad_batch", error);
      break;
  }
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes -= in_flight.bytes;
    if (error.code != ErrorCode::AlreadyExists) engine_counters.points_dropped += rows;
  }
  in_flight.delivery.token.resolve(std::move(verdict));
}

// Puts `n` points into the head: `id_of(i)` is kNoSeries for points to leave out,
// `distribution_of(i)` null for floats. Cache misses are the cost here, so entries and blocks are
// fetched ahead.
template <class IdOf, class DistributionOf>
void MetricEngine::Core::put_points(std::span<const int64_t> times, std::span<const double> values,
                                    IdOf id_of, DistributionOf distribution_of) {
  head.grow_to(table.size());
  size_t n = times.size();
  std::unique_lock<std::shared_mutex> lock;
  size_t locked = kHeadShards;
  size_t held = 0;
  for (size_t i = 0, end = 0; i < n; i = end) {
    end = i + 1;
    if (i + kEntryAhead < n) {
      SeriesId ahead = id_of(i + kEntryAhead);
      if (ahead != kNoSeries) head.prefetch_entry(ahead);
    }
    if (i + kBlockAhead < n) {
      SeriesId ahead = id_of(i + kBlockAhead);
      if (ahead != kNoSeries) head.prefetch_block(ahead);
    }
    SeriesId id = id_of(i);
    if (id == kNoSeries) continue;
    if (shard_of(id) != locked || ++held > kPointsPerLock) {
      if (lock) lock.unlock();
      locked = shard_of(id);
      lock = head.lock_for_append(locked);
      held = 0;
    }
    const signal::Distribution* distribution = distribution_of(i);
    if (distribution != nullptr) {
      head.append_distribution(id, times[i], *distribution);
      table.note_time(id, times[i]);
      continue;
    }
    // The floats of one series that come one after another.
    int64_t first_ms = times[i];
    int64_t last_ms = times[i];
    for (; end < n && id_of(end) == id && distribution_of(end) == nullptr; ++end) {
      first_ms = std::min(first_ms, times[end]);
      last_ms = std::max(last_ms, times[end]);
    }
    head.append_floats(id, times.subspan(i, end - i), values.subspan(i, end - i));
    held += end - i - 1;
    table.note_times(id, first_ms, last_ms);
  }
}

void MetricEngine::Core::put_batch(const InFlight& in_flight) {
  const auto& batch = *in_flight.delivery.batch;
  auto series = batch.point_series();
  auto id_of = [&](size_t i) {
    if (!in_flight.accepted.empty() && in_flight.accepted[i] == 0) return kNoSeries;
    return in_flight.ids[series[i]];
  };
  auto distribution_of = [&](size_t i) -> const signal::Distribution* {
    return batch.is_float(i) ? nullptr : &batch.distributions()[batch.distribution_rows()[i]];
  };
  put_points(batch.timestamps_ms(), batch.values(), id_of, distribution_of);
}

// Puts a durable batch into the head and answers it.
void MetricEngine::Core::apply(InFlight& in_flight) {
  if (in_flight.deletion) {
    apply_deletion(in_flight);
    return;
  }
  uint64_t rows = in_flight.delivery.batch->point_count();
  signal::Verdict verdict;
  if (in_flight.status) {
    verdict = std::move(in_flight.verdict);
    if (in_flight.stored > 0) {
      for (SeriesId id : in_flight.defined) table.set_durable(id);
      put_batch(in_flight);
      verdict.counts.insert(verdict.counts.begin(),
                            {signal::Outcome::Stored, {}, in_flight.stored, {}});
      note_in_head(in_flight.sequence, in_flight.record_bytes);
    }
  } else {
    Error error = in_flight.status.error();
    error.code = ErrorCode::Unavailable;
    verdict = signal::Verdict::dropped(rows, "log_failed", std::move(error));
  }
  if (in_flight.stored > 0) ++answered_records;
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes -= in_flight.bytes;
    if (in_flight.status) {
      counters.points_appended += in_flight.stored;
      engine_counters.points_rejected += rows - in_flight.stored;
    } else {
      engine_counters.points_dropped += rows;
    }
  }
  in_flight.delivery.token.resolve(std::move(verdict));
}

void MetricEngine::Core::note_in_head(uint64_t sequence, uint64_t record_bytes) {
  if (head_first_sequence == 0) {
    head_first_sequence = sequence;
    head_since_ns = env.clock->monotonic_now().ns;
  }
  head_sequence = sequence;
  head_log_bytes += record_bytes;
}

void MetricEngine::Core::put_replayed(const DecodedRecord& points) {
  if (!current_view()->cold->empty()) {
    for (SeriesId id : points.ids) (void)restore_cold(id);
  }
  auto id_of = [&](size_t i) { return table.exists(points.ids[i]) ? points.ids[i] : kNoSeries; };
  auto distribution_of = [&](size_t i) -> const signal::Distribution* {
    uint32_t row = points.distribution_rows[i];
    return row == signal::kNoDistribution ? nullptr : &points.distributions[row];
  };
  put_points(points.timestamps_ms, points.values, id_of, distribution_of);
  for (SeriesId id : points.ids) {
    engine_counters.replay_points_lost += static_cast<uint64_t>(!table.exists(id));
  }
}

Status MetricEngine::Core::replay(uint64_t floor) {
  DecodedRecord points;
  const bool any_cold = !current_view()->cold->empty();
  return log.replay(wal::Engine::Metrics,
                    [&](const wal::RecordTag& tag, std::string_view payload) -> Status {
                      if (payload.starts_with(kDeletionRecord)) {
                        return replay_deletion(payload, tag.sequence, floor);
                      }
                      points.clear();
                      auto define = [&](const SeriesDefinition& definition) -> Status {
                        // One that came back is as it was in the cold.
                        if (any_cold) (void)restore_cold(definition.id);
                        return table.define(definition);
                      };
                      Status decoded = decode_batch_record(payload, define, points);
                      if (!decoded) {
                        // The checksum held, so a newer version or a bug wrote this: starting would
                        // lose data silently.
                        return fail(ErrorCode::DataLoss, decoded.error().message,
                                    fmt::format("log record {}", tag.sequence));
                      }
                      if (tag.sequence <= floor) return {};
                      put_replayed(points);
                      note_in_head(tag.sequence, payload.size());
                      ++engine_counters.replayed_records;
                      return {};
                    });
}

}  // namespace kansoku::store::metrics
