#include "api/event_input/event_input.h"

#include "net/auth/policy.h"

namespace kansoku::api {
namespace {

// Held a byte of the body: the body, the batch, and the batch growing.
constexpr uint64_t kMemoryPerByte = 3;
constexpr std::string_view kBranch = "store";

}  // namespace

bool may_write(const Caller& caller, std::string_view group) {
  return net::auth::is_allowed(
      *caller.principal,
      {.action = "logs:PutLogEvents",
       .resource = fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", caller.scope.region,
                               caller.scope.account, group)});
}

std::expected<MemoryLease, Refusal> take_memory(const EventInputServices& services, size_t bytes) {
  if (services.memory == nullptr) return MemoryLease();
  auto lease = MemoryLease::take(*services.memory, bytes * kMemoryPerByte);
  if (!lease) return std::unexpected(Refusal{429, lease.error().to_string()});
  return std::move(*lease);
}

std::expected<EventBody, Refusal> expand_body(const EventInputServices& services,
                                              net::HttpRequest& request) {
  EventBody out;
  const std::string_view encoding = request.headers.get("content-encoding");
  if (encoding.empty() || net::header_equals(encoding, "identity")) {
    out.text = std::move(request.body);
  } else {
    auto expanded = net::decode_content(encoding, request.body, kEventBodyBytesMax);
    if (!expanded) {
      const bool large = expanded.error().code == ErrorCode::ResourceExhausted;
      return std::unexpected(Refusal{large ? 413 : 400, expanded.error().to_string()});
    }
    out.text = std::move(*expanded);
    std::string().swap(request.body);
  }
  auto memory = take_memory(services, out.text.size());
  if (!memory) return std::unexpected(std::move(memory).error());
  out.memory = std::move(*memory);
  return out;
}

Fate fate_of(const signal::Verdict& verdict) {
  if (verdict.status) return Fate::Kept;
  switch (verdict.status.error().code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::OutOfRange:
    case ErrorCode::NotFound:
    case ErrorCode::FailedPrecondition:
    case ErrorCode::PermissionDenied:
      return Fate::Refused;
    default:
      return Fate::TryAgain;
  }
}

void count_refused(const EventInputServices& services, const Caller& caller,
                   const std::string& receiver, const std::string& reason, uint64_t rows) {
  if (services.ledger == nullptr || rows == 0) return;
  const signal::LedgerKey key{receiver, caller.scope.account, std::string(kBranch)};
  services.ledger->received(key, rows);
  signal::Verdict verdict;
  verdict.counts.push_back({signal::Outcome::Rejected, reason, rows, {}});
  services.ledger->resolved(key, verdict);
}

}  // namespace kansoku::api
