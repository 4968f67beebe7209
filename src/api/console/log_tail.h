// POST logs/tail: lines of JSON with what is stored, twice a second, until the client goes.
// Internal to api/console.
//
// What a session holds is bounded: of the events since its last line a random choice of at most
// kTailEventsMax and kTailBytesMax; each line says how many there were. Thread contract:
// free-threaded; it keeps itself until it ends.
#pragma once

#include "api/console/log_ask.h"

namespace kansoku::api::console {

// Two lines a second: 500 events a second, as CloudWatch Logs' Live Tail shows.
inline constexpr size_t kTailEventsMax = 250;
// With those of other doors: each looks at every event, and holds up to kTailBytesMax.
inline constexpr size_t kTailsMax = 100;
inline constexpr size_t kTailBytesMax = 2U << 20;
inline constexpr int64_t kTailEveryNs = 500 * env::kNsPerMs;

void tail_logs(const LogServices& services, const LogUser& user, const wire::Node& body,
               net::HttpExchange exchange);

}  // namespace kansoku::api::console
