// Delivery: a batch on its way, with the token by which its source learns what became of it.
//
// The batch is immutable and shared; the token is move-only, counts rows, has a deadline and is
// resolved exactly once, by a message on its owner's executor. Dropping a token unresolved is our
// fault: it is counted (unresolved_tokens()) and resolves as dropped("unresolved"). Outcomes
// everywhere are the same words; the ledger adds them up (signal/ledger.h). Thread contract: a
// token may move between threads; resolve() may be called from any of them, once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "base/result.h"
#include "signal/event_batch.h"
#include "signal/metric_batch.h"

namespace kansoku::signal {

// Who owns the data: the account of the credential and the region of the signature's scope (or the
// server's default). Never taken from a client's label.
struct Scope {
  std::string account;
  std::string region;
  friend auto operator<=>(const Scope&, const Scope&) = default;
};

// Sender's numbering of batches, for exactly-once between kansoku processes; producer empty: none.
struct Producer {
  std::string id;
  uint64_t epoch = 0;
  uint64_t sequence = 0;
};

// "producer/epoch/sequence", the signed header x-kansoku-batch; none when it is not of that form (a
// foreign client).
Producer parse_producer(std::string_view batch_id);

enum class Outcome : uint8_t { Stored, Forwarded, Filtered, Rejected, Dropped };
inline constexpr size_t kOutcomeCount = 5;
std::string_view outcome_name(Outcome outcome);

// What became of some of the rows. `reason` is one of a bounded set of names (metric label), empty
// for stored and forwarded; `detail` is for people.
struct OutcomeCount {
  Outcome outcome = Outcome::Stored;
  std::string reason;
  uint64_t rows = 0;
  std::string detail;
};

// The verdict over a delivery. `status` is what the source should be told when it is not ok: a
// retryable code (Unavailable, ResourceExhausted) means that nothing was kept and the source may
// send again.
struct Verdict {
  Status status;
  std::vector<OutcomeCount> counts;

  static Verdict stored(uint64_t rows);
  static Verdict forwarded(uint64_t rows);
  static Verdict filtered(uint64_t rows, std::string reason);
  static Verdict rejected(uint64_t rows, std::string reason, Error error);
  static Verdict dropped(uint64_t rows, std::string reason, Error error);
  uint64_t rows() const;
  // True when every row was stored, forwarded or filtered.
  bool good() const;
};

class AckToken {
 public:
  using Callback = std::move_only_function<void(Verdict)>;
  AckToken() = default;
  // `callback` runs on `owner` in `lane` (or at once when owner is null: tests and direct calls).
  // deadline 0: none.
  AckToken(uint64_t rows, Executor* owner, Lane lane, Callback callback,
           env::MonotonicTime deadline = {});
  AckToken(AckToken&& other) noexcept;
  AckToken& operator=(AckToken&& other) noexcept;
  AckToken(const AckToken&) = delete;
  AckToken& operator=(const AckToken&) = delete;
  ~AckToken();

  void resolve(Verdict verdict);
  uint64_t rows() const { return rows_; }
  env::MonotonicTime deadline() const { return deadline_; }
  explicit operator bool() const { return static_cast<bool>(callback_); }

  // Tokens for the branches of a fan-out. The verdict of this token is the worst required branch's,
  // given when all required ones have resolved; best-effort branches only count in their own
  // ledger.
  std::vector<AckToken> split(const std::vector<bool>& required) &&;

  // Tokens dropped unresolved since the process began; must be 0.
  static uint64_t unresolved_tokens();

 private:
  uint64_t rows_ = 0;
  Executor* owner_ = nullptr;
  Lane lane_ = Lane::Ingest;
  Callback callback_;
  env::MonotonicTime deadline_;
};

template <class Batch>
struct BasicDelivery {
  Scope scope;
  std::shared_ptr<const Batch> batch;
  Producer producer;
  AckToken token;
  // Old data brought by an administrator: taken as far back as the store keeps any (a sender's are
  // taken for two weeks).
  bool back_fill = false;
};
using MetricDelivery = BasicDelivery<MetricBatch>;
using EventDelivery = BasicDelivery<EventBatch>;

}  // namespace kansoku::signal
