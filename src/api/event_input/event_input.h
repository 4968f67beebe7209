// What the HTTP inputs of logs have in common. See README.md. Thread contract: free functions.
#pragma once

#include <expected>
#include <string>

#include "api/access/http_caller.h"
#include "base/memory_budget.h"
#include "base/pool/executor.h"
#include "net/http/http.h"
#include "pipeline/component.h"

namespace kansoku::api {

// Expanded; as received, net/ has its own limit.
inline constexpr size_t kEventBodyBytesMax = 256U << 20;
// Rows and bytes of messages of a batch: several megabytes a second, in steps of milliseconds.
inline constexpr size_t kInputBatchRowsMax = 4'096;
inline constexpr size_t kInputBatchBytesMax = 2U << 20;
// As long as an event of PutLogEvents may be.
inline constexpr size_t kInputMessageBytesMax = 1U << 20;
// Labels of a stream, and structured metadata of an entry (Loki's default for the latter).
inline constexpr size_t kInputColumnsMax = 128;

struct EventInputServices {
  env::Env env;
  Executor* executor = nullptr;
  // The ledger, then groups and streams that lack, then the store.
  pipeline::EventSink* sink = nullptr;
  // For what is refused before it reaches the sink.
  signal::Ledger* ledger = nullptr;
  // Bodies while they are expanded and decoded; null: unbounded.
  MemoryBudget* memory = nullptr;
  AuthenticationParts authentication;
  std::string version;
};

// An answer that ends a request: an HTTP status and a line for people.
struct Refusal {
  int status = 400;
  std::string message;
};

bool may_write(const Caller& caller, std::string_view group);

struct EventBody {
  std::string text;
  MemoryLease memory;
};
// The body without its Content-Encoding (gzip, deflate, zstd; identity); 413, 415 or 429.
std::expected<EventBody, Refusal> expand_body(const EventInputServices& services,
                                              net::HttpRequest& request);
// Takes memory for a body of so many bytes; 429 when there is none now.
std::expected<MemoryLease, Refusal> take_memory(const EventInputServices& services, size_t bytes);

// What became of a batch: kept, to be sent again, or refused for good.
enum class Fate : uint8_t { Kept, TryAgain, Refused };
Fate fate_of(const signal::Verdict& verdict);

// Rows that were refused before they reached the sink.
void count_refused(const EventInputServices& services, const Caller& caller,
                   const std::string& receiver, const std::string& reason, uint64_t rows);

}  // namespace kansoku::api
