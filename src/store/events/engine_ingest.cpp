// From a delivery to a log record, and from the durable record into memory.
#include <algorithm>

#include "store/events/engine_core.h"
#include "store/events/engine_maintenance.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;
using signal::EventColumn;

enum class Judgement : uint8_t { Accepted, BadName, Deleted, TooLarge };
constexpr size_t kJudgements = 4;
constexpr std::array<const char*, kJudgements> kReasons{"", "bad_name", "deleted", "too_large"};

// Buffers larger than this are given back after use.
constexpr size_t kBufferBytesKept = 2U << 20;

Error why(Judgement judgement, uint64_t rows) {
  switch (judgement) {
    case Judgement::BadName:
      return {ErrorCode::InvalidArgument,
              fmt::format("{} events have an empty or too long name of a group, stream or column "
                          "(limits {} and {} bytes)",
                          rows, kStreamNameBytesMax, kEventPathBytesMax),
              {}};
    case Judgement::Deleted:
      return {ErrorCode::NotFound, fmt::format("the group of {} events was deleted", rows), {}};
    default:
      return {ErrorCode::InvalidArgument,
              fmt::format("{} events are too large, limit {} bytes", rows, kEventBytesMax),
              {}};
  }
}

// Whether a batch is one: a sender's fault would otherwise reach the log.
bool well_formed(const signal::EventBatch& batch) {
  const auto stream_fits = [&](uint32_t stream) { return stream < batch.streams().size(); };
  if (!std::ranges::all_of(batch.stream_rows(), stream_fits)) return false;
  return std::ranges::all_of(batch.columns(), [&](const EventColumn& column) {
    const std::vector<uint32_t>& rows = column.rows;
    if (!rows.empty() && rows.back() >= batch.row_count()) return false;
    const bool ascend =
        std::ranges::adjacent_find(rows, std::ranges::greater_equal()) == rows.end();
    const size_t values = column.integers.size() + column.floats.size() + column.text_ends.size();
    return ascend && values == rows.size();
  });
}

// The batch without the rows that are not accepted.
std::shared_ptr<const signal::EventBatch> cut_batch(const signal::EventBatch& batch,
                                                    std::span<const Judgement> judged) {
  std::vector<uint8_t> keep(judged.size());
  std::ranges::transform(judged, keep.begin(), [](Judgement judgement) -> uint8_t {
    return judgement == Judgement::Accepted ? 1 : 0;
  });
  return signal::EventBatchBuilder::with_rows(batch, keep);
}

bool bad_name(std::string_view name) { return name.empty() || name.size() > kStreamNameBytesMax; }

}  // namespace

// Says which rows are taken. Mostly all are, and the batch stays as it came.
void EventEngine::Core::judge(InFlight& in_flight) const {
  const signal::EventBatch& batch = *in_flight.delivery.batch;
  const size_t rows = batch.row_count();
  if (rows > kEventRowsPerBatchMax || !well_formed(batch)) {
    in_flight.verdict = signal::Verdict::rejected(
        rows, rows > kEventRowsPerBatchMax ? "too_large" : "bad_batch",
        Error{ErrorCode::InvalidArgument,
              fmt::format("a batch of {} events (limit {}), or a malformed one", rows,
                          kEventRowsPerBatchMax),
              {}});
    return;
  }
  std::vector<Judgement> judged;
  const auto refuse = [&](size_t row, Judgement judgement) {
    judged.resize(rows, Judgement::Accepted);
    if (judged[row] == Judgement::Accepted) judged[row] = judgement;
  };
  std::vector<Judgement> streams;
  for (const signal::EventStream& stream : batch.streams()) {
    Judgement& judgement = streams.emplace_back(Judgement::Accepted);
    const uint64_t generation =
        options.policies == nullptr
            ? EventPolicy{}.generation
            : options.policies->policy_of(in_flight.delivery.scope, stream.group).generation;
    if (bad_name(stream.group) || bad_name(stream.stream)) {
      judgement = Judgement::BadName;
    } else if (stream.generation != generation) {
      judgement = Judgement::Deleted;
    }
  }
  const auto refused = [](Judgement judgement) { return judgement != Judgement::Accepted; };
  if (std::ranges::any_of(streams, refused)) {
    for (size_t row = 0; row < rows; ++row) {
      const Judgement judgement = streams[batch.stream_rows()[row]];
      if (refused(judgement)) refuse(row, judgement);
    }
  }
  for (const EventColumn& column : batch.columns()) {
    const bool named = !column.path.empty() && column.path.size() <= kEventPathBytesMax;
    for (size_t i = 0; i < column.rows.size() && !named; ++i) {
      refuse(column.rows[i], Judgement::BadName);
    }
    if (column.text.size() <= kEventBytesMax) continue;
    for (size_t i = 0; i < column.rows.size(); ++i) {
      if (column.text_at(i).size() > kEventBytesMax) refuse(column.rows[i], Judgement::TooLarge);
    }
  }
  if (judged.empty()) {
    in_flight.accepted = in_flight.delivery.batch;
    return;
  }
  std::array<uint64_t, kJudgements> counts{};
  for (const Judgement judgement : judged) ++counts[static_cast<size_t>(judgement)];
  for (size_t i = 1; i < kJudgements; ++i) {
    if (counts[i] == 0) continue;
    const Error error = why(static_cast<Judgement>(i), counts[i]);
    in_flight.verdict.counts.push_back(
        {signal::Outcome::Rejected, kReasons[i], counts[i], error.message});
    if (in_flight.verdict.status) in_flight.verdict.status = std::unexpected(error);
  }
  in_flight.accepted = cut_batch(batch, judged);
}

void EventEngine::Core::take_in(signal::EventDelivery delivery) {
  auto in_flight = std::make_unique<InFlight>();
  in_flight->bytes = delivery.batch->memory_bytes();
  in_flight->delivery = std::move(delivery);
  in_flight->ingested_ns = env.clock->wall_now().ns;
  judge(*in_flight);
  if (!in_flight->accepted) {
    // Nothing to keep: everything was refused.
    std::lock_guard lock(queue_mutex);
    durable.push_back(std::move(in_flight));
    return;
  }
  record.clear();
  encode_batch_record({in_flight->delivery.scope, in_flight->ingested_ns, in_flight->accepted},
                      record);
  in_flight->record_bytes = record.size();
  // The log destroys a refused callback, so the batch waits in a holder that outlives it.
  auto holder = std::make_shared<std::unique_ptr<InFlight>>(std::move(in_flight));
  const auto sequence = hand_to_log(holder, record);
  if (!sequence) refused_by_log(**holder, sequence.error());
  if (record.capacity() > kBufferBytesKept) std::string().swap(record);
}

Result<uint64_t> EventEngine::Core::hand_to_log(std::shared_ptr<std::unique_ptr<InFlight>> holder,
                                                std::string_view payload) {
  const signal::Producer& producer = (*holder)->delivery.producer;
  auto done = [self = shared_from_this(), holder](Result<uint64_t> sequence) {
    (*holder)->status = sequence ? Status() : std::unexpected(std::move(sequence).error());
    {
      std::lock_guard lock(self->queue_mutex);
      if (sequence) (*holder)->sequence = *sequence;
      self->durable.push_back(std::move(*holder));
    }
    self->schedule_drain();
  };
  auto sequence = log.append(wal::Engine::Events, 0, producer, payload, std::move(done));
  if (sequence) ++handed_records;
  return sequence;
}

void EventEngine::Core::refused_by_log(InFlight& in_flight, const Error& error) {
  const uint64_t rows = in_flight.delivery.batch->row_count();
  signal::Verdict verdict;
  switch (error.code) {
    case ErrorCode::AlreadyExists:
      verdict = signal::Verdict::stored(rows);
      break;
    case ErrorCode::Cancelled:
      verdict = signal::Verdict::dropped(rows, "duplicate_in_flight",
                                         Error{ErrorCode::Unavailable, error.message, {}});
      break;
    case ErrorCode::Unavailable:
      verdict =
          signal::Verdict::dropped(rows, log.stats().read_only ? "read_only" : "overload", error);
      break;
    case ErrorCode::ResourceExhausted:
      verdict = signal::Verdict::rejected(rows, "too_large",
                                          Error{ErrorCode::InvalidArgument, error.message, {}});
      break;
    default:
      verdict = signal::Verdict::rejected(rows, "bad_batch", error);
      break;
  }
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes -= in_flight.bytes;
    if (error.code != ErrorCode::AlreadyExists) engine_counters.rows_dropped += rows;
  }
  in_flight.delivery.token.resolve(std::move(verdict));
}

// Puts a durable batch into memory and answers it.
void EventEngine::Core::apply(InFlight& in_flight) {
  if (in_flight.deletion) {
    apply_deletion(in_flight);
    return;
  }
  const uint64_t rows = in_flight.delivery.batch->row_count();
  const uint64_t stored = in_flight.accepted ? in_flight.accepted->row_count() : 0;
  signal::Verdict verdict;
  uint64_t message_bytes = 0;
  if (in_flight.status) {
    verdict = std::move(in_flight.verdict);
    if (stored > 0) {
      auto batch = make_memory_batch(in_flight.delivery.scope, in_flight.accepted,
                                     in_flight.sequence, in_flight.ingested_ns);
      message_bytes = batch->message_bytes;
      current_view()->active->add(std::move(batch));
      note_in_memory(in_flight.sequence, in_flight.record_bytes);
      verdict.counts.insert(verdict.counts.begin(), {signal::Outcome::Stored, {}, stored, {}});
    }
  } else {
    Error error = in_flight.status.error();
    error.code = ErrorCode::Unavailable;
    verdict = signal::Verdict::dropped(rows, "log_failed", std::move(error));
  }
  if (stored > 0) ++answered_records;
  {
    std::lock_guard lock(queue_mutex);
    queue_bytes -= in_flight.bytes;
    if (in_flight.status) {
      counters.rows_appended += stored;
      counters.message_bytes_appended += message_bytes;
      engine_counters.rows_rejected += rows - stored;
    } else {
      engine_counters.rows_dropped += rows;
    }
  }
  in_flight.delivery.token.resolve(std::move(verdict));
}

void EventEngine::Core::take_deletion(std::unique_ptr<Deletion> deletion) {
  const std::string payload = encode_stream_deletion(deletion->stream);
  auto in_flight = std::make_unique<InFlight>();
  in_flight->deletion = std::move(deletion);
  in_flight->record_bytes = payload.size();
  auto holder = std::make_shared<std::unique_ptr<InFlight>>(std::move(in_flight));
  const auto sequence = hand_to_log(holder, payload);
  if (!sequence) (*holder)->deletion->done(std::unexpected(sequence.error()));
}

// In the order of the log: everything in memory is older than the deletion.
void EventEngine::Core::apply_deletion(InFlight& in_flight) {
  ++answered_records;
  Deletion& deletion = *in_flight.deletion;
  if (!in_flight.status) {
    Error error = in_flight.status.error();
    error.code = ErrorCode::Unavailable;
    deletion.done(std::unexpected(std::move(error)));
    return;
  }
  delete_now(deletion.stream, in_flight.sequence);
  note_in_memory(in_flight.sequence, in_flight.record_bytes);
  deletion.done({});
}

void EventEngine::Core::delete_now(const StreamDeletion& deletion, uint64_t sequence) {
  update_view([&](View& next) {
    auto tombstones = std::make_shared<Tombstones>(*next.tombstones);
    (*tombstones)[{deletion.scope.account, deletion.scope.region, deletion.group,
                   deletion.stream}] = sequence;
    next.tombstones = std::move(tombstones);
  });
}

void EventEngine::Core::note_in_memory(uint64_t sequence, uint64_t record_bytes) {
  if (first_sequence == 0) {
    first_sequence = sequence;
    memory_since_ns = env.clock->monotonic_now().ns;
  }
  last_sequence = sequence;
  memory_log_bytes += record_bytes;
}

Status EventEngine::Core::replay(uint64_t floor) {
  return log.replay(
      wal::Engine::Events, [&](const wal::RecordTag& tag, std::string_view payload) -> Status {
        if (tag.sequence <= floor) return {};
        // The checksum held, so a newer version or a bug wrote what is not understood: starting
        // would lose data silently.
        const auto lost = [&](const Error& error) {
          return fail(ErrorCode::DataLoss, error.message,
                      fmt::format("log record {}", tag.sequence));
        };
        if (payload.starts_with(kStreamDeletion)) {
          const auto deletion = decode_stream_deletion(payload);
          if (!deletion) return lost(deletion.error());
          delete_now(*deletion, tag.sequence);
        } else {
          auto decoded = decode_batch_record(payload);
          if (!decoded) return lost(decoded.error());
          if (decoded->batch->row_count() > 0) {
            current_view()->active->add(make_memory_batch(std::move(decoded->scope),
                                                          std::move(decoded->batch), tag.sequence,
                                                          decoded->ingested_ns));
          }
        }
        note_in_memory(tag.sequence, payload.size());
        ++engine_counters.replayed_records;
        return {};
      });
}

}  // namespace kansoku::store::events
