#include "signal/delivery.h"

#include <charconv>

#include "base/check.h"

namespace kansoku::signal {
namespace {

std::atomic<uint64_t> g_unresolved{0};

// The better of two verdicts ranks lower: good, then refused for good, then retryable failures.
int rank(const Verdict& verdict) {
  if (verdict.good()) return 0;
  return verdict.status ? 1 : 2;
}

// State of a fan-out; resolves the parent when the last required branch has.
struct Join {
  std::mutex mutex;
  AckToken parent;
  size_t waiting = 0;
  Verdict worst;
  bool have = false;

  void branch_done(Verdict verdict) {
    AckToken token;
    Verdict out;
    {
      std::lock_guard lock(mutex);
      if (!have || rank(verdict) > rank(worst)) worst = std::move(verdict);
      have = true;
      if (--waiting > 0) return;
      token = std::move(parent);
      out = std::move(worst);
    }
    token.resolve(std::move(out));
  }
};

Verdict one(Outcome outcome, uint64_t rows, std::string reason, Status status) {
  Verdict out;
  std::string detail = status ? std::string() : status.error().to_string();
  out.status = std::move(status);
  out.counts.push_back({outcome, std::move(reason), rows, std::move(detail)});
  return out;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  constexpr std::array<std::string_view, kOutcomeCount> kNames{"stored", "forwarded", "filtered",
                                                               "rejected", "dropped"};
  return kNames[static_cast<size_t>(outcome)];
}

Verdict Verdict::stored(uint64_t rows) { return one(Outcome::Stored, rows, {}, {}); }
Verdict Verdict::forwarded(uint64_t rows) { return one(Outcome::Forwarded, rows, {}, {}); }
Verdict Verdict::filtered(uint64_t rows, std::string reason) {
  return one(Outcome::Filtered, rows, std::move(reason), {});
}
Verdict Verdict::rejected(uint64_t rows, std::string reason, Error error) {
  return one(Outcome::Rejected, rows, std::move(reason), std::unexpected(std::move(error)));
}
Verdict Verdict::dropped(uint64_t rows, std::string reason, Error error) {
  return one(Outcome::Dropped, rows, std::move(reason), std::unexpected(std::move(error)));
}

uint64_t Verdict::rows() const {
  uint64_t rows = 0;
  for (const OutcomeCount& count : counts) rows += count.rows;
  return rows;
}

bool Verdict::good() const {
  if (!status) return false;
  return std::all_of(counts.begin(), counts.end(), [](const OutcomeCount& count) {
    return count.outcome != Outcome::Rejected && count.outcome != Outcome::Dropped;
  });
}

AckToken::AckToken(uint64_t rows, Executor* owner, Lane lane, Callback callback,
                   env::MonotonicTime deadline)
    : rows_(rows),
      owner_(owner),
      lane_(lane),
      callback_(std::move(callback)),
      deadline_(deadline) {}

AckToken::AckToken(AckToken&& other) noexcept
    : rows_(other.rows_),
      owner_(other.owner_),
      lane_(other.lane_),
      callback_(std::exchange(other.callback_, nullptr)),
      deadline_(other.deadline_) {}

AckToken& AckToken::operator=(AckToken&& other) noexcept {
  if (this != &other) {
    AckToken old(std::move(*this));  // counts a fault if it was still open
    rows_ = other.rows_;
    owner_ = other.owner_;
    lane_ = other.lane_;
    callback_ = std::exchange(other.callback_, nullptr);
    deadline_ = other.deadline_;
  }
  return *this;
}

AckToken::~AckToken() {
  if (!callback_) return;
  g_unresolved.fetch_add(1, std::memory_order_relaxed);
  resolve(
      Verdict::dropped(rows_, "unresolved",
                       Error{ErrorCode::Internal, "a delivery was dropped without a verdict", {}}));
}

void AckToken::resolve(Verdict verdict) {
  KANSOKU_CHECK(callback_);
  Callback callback = std::exchange(callback_, nullptr);
  if (owner_ == nullptr) {
    callback(std::move(verdict));
    return;
  }
  owner_->post(lane_, [callback = std::move(callback), verdict = std::move(verdict)]() mutable {
    callback(std::move(verdict));
  });
}

std::vector<AckToken> AckToken::split(const std::vector<bool>& required) && {
  auto join = std::make_shared<Join>();
  join->waiting = static_cast<size_t>(std::count(required.begin(), required.end(), true));
  KANSOKU_CHECK(join->waiting > 0);
  uint64_t rows = rows_;
  env::MonotonicTime deadline = deadline_;
  join->parent = std::move(*this);
  std::vector<AckToken> out;
  for (bool is_required : required) {
    if (is_required) {
      out.emplace_back(
          rows, nullptr, Lane::Ingest,
          [join](Verdict verdict) { join->branch_done(std::move(verdict)); }, deadline);
    } else {
      out.emplace_back(rows, nullptr, Lane::Ingest, [](Verdict) {}, deadline);
    }
  }
  return out;
}

uint64_t AckToken::unresolved_tokens() { return g_unresolved.load(std::memory_order_relaxed); }

Producer parse_producer(std::string_view batch_id) {
  Producer out;
  const size_t last = batch_id.rfind('/');
  if (last == std::string_view::npos || last == 0) return out;
  const size_t middle = batch_id.rfind('/', last - 1);
  if (middle == std::string_view::npos || middle == 0) return out;
  const char* end = batch_id.data() + batch_id.size();
  bool ok = std::from_chars(batch_id.data() + middle + 1, batch_id.data() + last, out.epoch).ec ==
                std::errc() &&
            std::from_chars(batch_id.data() + last + 1, end, out.sequence).ec == std::errc();
  if (ok) out.id = batch_id.substr(0, middle);
  return out;
}

}  // namespace kansoku::signal
