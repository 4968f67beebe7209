#include "api/prometheus/ingest.h"

namespace kansoku::api::prometheus {
namespace {

bool is_retryable(ErrorCode code) {
  return code == ErrorCode::Unavailable || code == ErrorCode::ResourceExhausted ||
         code == ErrorCode::Internal || code == ErrorCode::DeadlineExceeded ||
         code == ErrorCode::Cancelled || code == ErrorCode::DataLoss;
}

void note_error(Ingest& ingest, const Error& error) {
  std::optional<Error>& slot = is_retryable(error.code) ? ingest.failure : ingest.rejection;
  if (!slot) slot = error;
}

void take_verdict(Ingest& ingest, uint64_t Ingest::* count, const signal::Verdict& verdict) {
  std::lock_guard lock(ingest.outcome_mutex);
  for (const signal::OutcomeCount& row : verdict.counts) {
    bool kept = row.outcome == signal::Outcome::Stored ||
                row.outcome == signal::Outcome::Forwarded ||
                row.outcome == signal::Outcome::Filtered;
    if (kept) ingest.*count += row.rows;
    if (row.outcome == signal::Outcome::Rejected) ingest.rejected[row.reason] += row.rows;
  }
  if (!verdict.status) note_error(ingest, verdict.status.error());
}

}  // namespace

void finish_part(const IngestPtr& ingest) {
  if (ingest->open_parts.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  net::HttpResponse out = ingest->answer(*ingest);
  ingest->memory.release();
  ingest->call->answer(std::move(out));
}

void push_batch(Context& context, const IngestPtr& ingest,
                std::shared_ptr<const signal::MetricBatch> batch, uint64_t Ingest::* count) {
  if (batch == nullptr) return;
  ingest->open_parts.fetch_add(1, std::memory_order_relaxed);
  signal::AckToken token(batch->point_count(), nullptr, Lane::Ingest,
                         [ingest, count](signal::Verdict verdict) {
                           take_verdict(*ingest, count, verdict);
                           finish_part(ingest);
                         });
  context.services.sink->push(
      {ingest->call->caller.scope, std::move(batch), {}, std::move(token), ingest->back_fill});
}

void put_exemplars(Context& context, const IngestPtr& ingest,
                   std::shared_ptr<const signal::MetricBatch> batch) {
  store::ExemplarStore* exemplars = context.services.exemplars;
  if (exemplars == nullptr || batch == nullptr || batch->exemplars().empty()) return;
  ingest->open_parts.fetch_add(1, std::memory_order_relaxed);
  exemplars->append(ingest->call->caller.scope, std::move(batch), [ingest](Result<uint64_t> taken) {
    {
      std::lock_guard lock(ingest->outcome_mutex);
      if (taken) {
        ingest->exemplars += *taken;
      } else {
        note_error(*ingest, taken.error());
      }
    }
    finish_part(ingest);
  });
}

void put_metadata(Context& context, const IngestPtr& ingest,
                  std::vector<wire::remote_write::Metadata> metadata) {
  if (metadata.empty()) return;
  ingest->open_parts.fetch_add(1, std::memory_order_relaxed);
  context.metadata->put(ingest->call->caller.scope.account, std::move(metadata),
                        [ingest](Status status) {
                          if (!status) {
                            std::lock_guard lock(ingest->outcome_mutex);
                            note_error(*ingest, status.error());
                          }
                          finish_part(ingest);
                        });
}

void count_refused(Context& context, const Ingest& ingest, const std::string& reason, uint64_t rows,
                   const std::string& message) {
  if (context.services.ledger == nullptr || rows == 0) return;
  signal::LedgerKey key{kReceiver, ingest.call->caller.scope.account, kBranch};
  context.services.ledger->received(key, rows);
  context.services.ledger->resolved(
      key, signal::Verdict::rejected(rows, reason, Error{ErrorCode::InvalidArgument, message, {}}));
}

net::HttpResponse try_again(std::string message) {
  net::HttpResponse out = text_reply(503, std::move(message));
  out.headers.set("retry-after", "1");
  return out;
}

bool only_series_limit(const Ingest& ingest) {
  return ingest.rejected.size() == 1 && ingest.rejected.begin()->first == "series_limit";
}

}  // namespace kansoku::api::prometheus
