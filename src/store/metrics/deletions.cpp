// Deletion of points: from a request to a log record, and from the durable record into the head and
// the view (decision 090).
#include "store/metrics/engine_core.h"
#include "store/metrics/maintenance.h"

namespace kansoku::store::metrics {

// On the caller's thread: every series whose points were acknowledged is in the table already.
void MetricEngine::Core::delete_points(SeriesDeletion deletion, MetricStore::DeletionDone done) {
  deletion.selector.limit = 0;
  auto found = select(deletion.selector, Unseen::Include);
  if (!found) {
    done(std::unexpected(std::move(found).error()));
    return;
  }
  if (deletion.range.begin >= deletion.range.end || found->empty()) {
    done(found->size());
    return;
  }
  auto request = std::make_unique<Deletion>();
  request->tombstone.range = deletion.range;
  for (const SeriesInfo& info : *found) {
    if (info.merge == signal::MergeKind::Accumulate && !has_full_hours(deletion.range)) {
      done(
          invalid_argument("{} is kept in cells of up to an hour: delete from a full hour to a "
                           "full hour, or without limits",
                           info.labels.to_string()));
      return;
    }
    request->tombstone.ids.push_back(info.id);
    // Others may have points on their way, or none any more.
    bool has_points = info.last_ms != std::numeric_limits<int64_t>::min();
    request->series += static_cast<uint64_t>(has_points);
  }
  std::sort(request->tombstone.ids.begin(), request->tombstone.ids.end());
  request->done = std::move(done);
  {
    std::lock_guard lock(queue_mutex);
    if (!closed) incoming.emplace_back(std::move(request));
  }
  if (request) {
    request->done(unavailable("the metric store is closed"));
    return;
  }
  schedule_drain();
}

// On the drain.
void MetricEngine::Core::take_deletion(std::unique_ptr<Deletion> deletion) {
  // Their times change, which the table does.
  for (SeriesId id : deletion->tombstone.ids) {
    if (restore_cold(id)) table.keep(id);
  }
  std::string payload = encode_deletion(deletion->tombstone);
  auto in_flight = std::make_unique<InFlight>();
  in_flight->deletion = std::move(deletion);
  // The log destroys a refused callback, so the request waits in a holder that outlives it.
  auto holder = std::make_shared<std::unique_ptr<InFlight>>(std::move(in_flight));
  auto logged = [self = shared_from_this(), holder](Result<uint64_t> sequence) {
    (*holder)->status = sequence ? Status() : std::unexpected(std::move(sequence).error());
    {
      std::lock_guard lock(self->queue_mutex);
      if (sequence) (*holder)->sequence = *sequence;
      self->durable.push_back(std::move(*holder));
    }
    self->schedule_drain();
  };
  auto sequence = log.append(wal::Engine::Metrics, 0, {}, payload, std::move(logged));
  if (sequence) {
    ++handed_records;
  } else {
    (*holder)->deletion->done(std::unexpected(std::move(sequence).error()));
  }
}

// On the drain, in the order of the log: everything in the head is older than the deletion.
void MetricEngine::Core::apply_deletion(InFlight& in_flight) {
  ++answered_records;
  Deletion& deletion = *in_flight.deletion;
  if (!in_flight.status) {
    Error error = in_flight.status.error();
    error.code = ErrorCode::Unavailable;
    deletion.done(std::unexpected(std::move(error)));
    return;
  }
  deletion.tombstone.sequence = in_flight.sequence;
  delete_now(std::make_shared<Tombstone>(std::move(deletion.tombstone)));
  deletion.done(deletion.series);
}

void MetricEngine::Core::delete_now(std::shared_ptr<const Tombstone> tombstone) {
  std::string stream;
  for (SeriesId id : tombstone->ids) {
    if (!restore_cold(id)) continue;  // its definition never became durable
    {
      auto lock = head.lock_for_append(shard_of(id));
      stream.clear();
      head.append_stream(id, stream);
      if (!stream.empty()) {
        DecodedSeries points;
        decode_stream(stream, points);
        cut_out(points, tombstone->range);
        head.drop_stream(id);
        for (size_t i = 0; i < points.size(); ++i) {
          bool is_float = points.distributions.empty() || points.distributions[i] == nullptr;
          if (is_float) {
            head.append_floats(id, {&points.timestamps_ms[i], 1}, {&points.values[i], 1});
          } else {
            head.append_distribution(id, points.timestamps_ms[i], *points.distributions[i]);
          }
        }
      }
    }
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    if (!table.times_of(id, first_ms, last_ms)) continue;
    bool left = shrink_times(tombstone->range, first_ms, last_ms) && first_ms <= last_ms;
    if (left) {
      table.set_times(id, first_ms, last_ms);
    } else {
      table.forget_times(id);
    }
  }
  if (current_view()->tombstones->contains(tombstone->sequence)) return;  // replayed
  update_view([&](View& next) {
    next.tombstones = std::make_shared<Tombstones>(next.tombstones->with(std::move(tombstone)));
  });
}

Status MetricEngine::Core::replay_deletion(std::string_view payload, uint64_t sequence,
                                           uint64_t floor) {
  auto tombstone = decode_deletion(payload, sequence);
  if (!tombstone) {
    return fail(ErrorCode::DataLoss, tombstone.error().message,
                fmt::format("log record {}", sequence));
  }
  if (sequence > floor) delete_now(std::make_shared<Tombstone>(std::move(*tombstone)));
  return {};
}

}  // namespace kansoku::store::metrics
