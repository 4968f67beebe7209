// The one way into every AWS operation.
//
// handle() is called on an event loop and only routes; authentication, decoding, the handler and
// encoding run on the pool. Late answers may come from any thread. Thread contract: add_service()
// before the first handle(); after that free-threaded. The dispatcher outlives its requests: stop
// the server first.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/aws/operation.h"
#include "api/aws/route.h"
#include "net/auth/sigv4.h"

namespace kansoku::api::aws {

struct AuditRecord {
  env::WallTime time;
  std::string_view service;
  std::string_view operation;
  std::string_view account;
  std::string_view arn;
  std::string_view access_key_id;
  std::string_view region;
  std::string_view source_ip;
  std::string_view request_id;
  int http_status = 0;
  std::string_view error_code;  // empty: success
};

struct DispatcherOptions {
  env::Clock* clock = nullptr;
  env::Random* random = nullptr;
  Executor* executor = nullptr;
  const net::auth::KeyStore* keys = nullptr;
  net::auth::VerifyOptions verify;
  // --auth open: unsigned requests, and signatures by keys nobody knows, act as this principal.
  // Null in strict mode.
  std::shared_ptr<const net::auth::Principal> open_principal;
  std::string default_region = "us-east-1";  // of unsigned requests
  // Called for every answered request that was authenticated, on the answering thread; must be
  // short.
  std::function<void(const AuditRecord&)> audit;
};

struct OperationCounters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> client_errors{0};  // 4xx, faults of authentication included
  std::atomic<uint64_t> server_errors{0};  // 5xx
  std::atomic<uint64_t> auth_failures{0};
  std::atomic<uint64_t> body_bytes{0};  // as received
};

struct OperationStats {
  std::string_view service;
  std::string_view operation;
  const OperationCounters* counters = nullptr;
};

class Dispatcher {
 public:
  using Respond = std::move_only_function<void(net::HttpResponse)>;

  explicit Dispatcher(DispatcherOptions options);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher();

  void add_service(std::unique_ptr<ServiceTable> table);

  // Answers through the exchange.
  void handle(net::HttpRequest request, net::HttpExchange exchange);
  // The same for callers without an exchange (tests, other transports), who get no streams. Called
  // once.
  void handle(net::HttpRequest request, Respond respond);
  // The same for somebody who has proved to be that principal in another way (a session of the
  // console): the request is not signed, and its permissions are checked as ever.
  struct As {
    std::shared_ptr<const net::auth::Principal> principal;
    std::string region;
  };
  void handle_as(As who, net::HttpRequest request, Respond respond);

  // One row an operation that is implemented, then one for everything else.
  std::vector<OperationStats> stats() const;

 private:
  struct Call;
  struct Row {
    const ServiceTable* table;
    const OperationSpec* spec;
    std::unique_ptr<OperationCounters> counters;
  };

  void post(std::shared_ptr<Call> call);
  void run(std::shared_ptr<Call> call);
  bool authenticate(Call& call);
  bool decode_body(Call& call);
  bool find_operation(Call& call);
  void run_typed(const std::shared_ptr<Call>& call);
  bool authorise(Call& call, const void* input);
  void finish(Call& call, Answer answer);
  void fail(Call& call, AwsError error);
  std::string new_request_id();

  DispatcherOptions options_;
  std::vector<std::unique_ptr<ServiceTable>> tables_;
  std::vector<Row> rows_;
  OperationCounters other_;
};

}  // namespace kansoku::api::aws
