// What the console's pages of logs need of the server. Internal to api/console, and filled by the
// composition root. Thread contract: free-threaded; everything outlives the API.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/aws/logs/backend.h"
#include "api/aws/logs/group_store.h"
#include "base/pool/executor.h"
#include "net/auth/identity.h"
#include "net/http/http.h"
#include "pipeline/processors/live_tail/live_tail.h"

namespace kansoku::api::console {

// Who asks, and where.
struct LogUser {
  signal::Scope scope;
  std::shared_ptr<const net::auth::Principal> principal;
};

struct LogServices {
  env::Clock* clock = nullptr;
  env::Random* random = nullptr;
  env::Timers* timers = nullptr;
  Executor* executor = nullptr;
  aws::logs::LogsBackend* backend = nullptr;
  const aws::logs::GroupStore* groups = nullptr;
  pipeline::live_tail::LiveTail* tail = nullptr;
  // One operation of CloudWatch Logs as that user, its body and answer as in the API.
  std::function<void(const std::string& operation, std::string body, const LogUser& user,
                     std::move_only_function<void(net::HttpResponse)> answer)>
      call;
};

}  // namespace kansoku::api::console
