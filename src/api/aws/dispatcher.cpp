#include "api/aws/dispatcher.h"

#include <fmt/core.h>

#include "api/aws/errors.h"
#include "base/check.h"
#include "net/auth/policy.h"

namespace kansoku::api::aws {

using net::auth::AuthFault;

bool OperationContext::allows(std::string_view action, std::string_view resource,
                              std::span<const net::auth::ConditionValue> context,
                              std::string_view named_key) const {
  std::vector<net::auth::ConditionValue> all(context.begin(), context.end());
  all.push_back({"aws:SourceIp", source_ip});
  all.push_back({"aws:RequestedRegion", region});
  all.push_back({"aws:PrincipalArn", principal->arn});
  return net::auth::is_allowed(*principal, {action, resource, all, named_key});
}

// One request on its way. Shared by the task and a late answer.
struct Dispatcher::Call {
  net::HttpRequest request;
  // One of them takes the answer.
  net::HttpExchange exchange;
  Respond respond;
  Route route;
  std::shared_ptr<OperationContext> context = std::make_shared<OperationContext>();
  const OperationSpec* spec = nullptr;
  const kansoku::aws::OperationShapes* shapes = nullptr;
  OperationCounters* counters = nullptr;
  std::string decoded;    // the content-decoded body where it was encoded
  std::string_view body;  // what the operation reads
  bool answered = false;
  As as;  // without a principal: the request proves who asks

  void answer(net::HttpResponse response) {
    if (exchange) return exchange.respond(std::move(response));
    respond(std::move(response));
  }
  const Service& service() const {
    static constexpr Service kNone{};
    return route.table != nullptr ? route.table->service : kNone;
  }
};

Dispatcher::Dispatcher(DispatcherOptions options) : options_(std::move(options)) {
  KANSOKU_CHECK(options_.clock != nullptr && options_.random != nullptr);
  KANSOKU_CHECK(options_.executor != nullptr && options_.keys != nullptr);
}
Dispatcher::~Dispatcher() = default;

void Dispatcher::add_service(std::unique_ptr<ServiceTable> table) {
  for (const OperationSpec& spec : table->operations) {
    KANSOKU_CHECK(spec.implemented());
    KANSOKU_CHECK(kansoku::aws::find_operation(table->shapes, spec.name) != nullptr);
    rows_.push_back({table.get(), &spec, std::make_unique<OperationCounters>()});
  }
  tables_.push_back(std::move(table));
}

std::string Dispatcher::new_request_id() {
  // A version 4 UUID, as AWS writes them.
  uint64_t a = options_.random->u64(), b = options_.random->u64();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFF,
                     ((b >> 48) & 0x3FFF) | 0x8000, b & 0xFFFFFFFFFFFF);
}

void Dispatcher::handle(net::HttpRequest request, net::HttpExchange exchange) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->exchange = std::move(exchange);
  post(std::move(call));
}

void Dispatcher::handle(net::HttpRequest request, Respond respond) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->respond = std::move(respond);
  post(std::move(call));
}

void Dispatcher::handle_as(As who, net::HttpRequest request, Respond respond) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->respond = std::move(respond);
  call->as = std::move(who);
  post(std::move(call));
}

void Dispatcher::post(std::shared_ptr<Call> call) {
  call->route = route_request(call->request, tables_);
  Lane lane = Lane::Query;
  for (const Row& row : rows_) {
    if (row.table == call->route.table && row.spec->name == call->route.operation) {
      lane = row.spec->lane;
    }
  }
  options_.executor->post(lane, [this, call] { run(call); });
}

void Dispatcher::run(std::shared_ptr<Call> call) {
  OperationContext& context = *call->context;
  context.protocol = call->route.protocol;
  context.now = options_.clock->wall_now();
  context.request_id = new_request_id();
  context.source_ip = call->request.peer.address;
  context.batch_id = call->request.headers.get("x-kansoku-batch");
  find_operation(*call);
  call->counters->requests.fetch_add(1, std::memory_order_relaxed);
  call->counters->body_bytes.fetch_add(call->request.body.size(), std::memory_order_relaxed);
  if (!authenticate(*call) || !decode_body(*call)) return;
  if (call->shapes == nullptr) {
    return fail(*call, unknown_operation(call->route.protocol, call->route.operation));
  }
  if (call->spec == nullptr) {
    return fail(*call, unsupported_operation(call->service().name, call->shapes->name));
  }
  if (call->spec->raw_handler) {
    if (!authorise(*call, nullptr)) return;
    call->spec->raw_handler(call->context, {call->route.protocol, call->body},
                            [this, call](Answer answer) { finish(*call, std::move(answer)); });
    return;
  }
  run_typed(call);
}

bool Dispatcher::find_operation(Call& call) {
  call.counters = &other_;
  if (call.route.table == nullptr || call.route.operation.empty()) return false;
  const ServiceTable& table = *call.route.table;
  bool spoken = std::ranges::find(table.protocols, call.route.protocol) != table.protocols.end();
  if (!spoken) return false;
  call.shapes = kansoku::aws::find_operation(table.shapes, call.route.operation);
  for (Row& row : rows_) {
    if (row.table == &table && row.spec->name == call.route.operation) {
      call.spec = row.spec;
      call.counters = row.counters.get();
    }
  }
  return call.shapes != nullptr;
}

bool Dispatcher::authenticate(Call& call) {
  OperationContext& context = *call.context;
  if (call.as.principal != nullptr) {
    context.principal = call.as.principal;
    context.region = call.as.region;
    return true;
  }
  auto verified = net::auth::verify_request(net::auth::signed_request(call.request), *options_.keys,
                                            context.now, options_.verify);
  if (verified && call.route.table != nullptr &&
      verified->scope.service != call.route.table->service.name) {
    verified = std::unexpected(
        net::auth::AuthFailure{AuthFault::BadSignature,
                               fmt::format("Credential should be scoped to correct service: '{}'.",
                                           call.route.table->service.name),
                               verified->presigned});
  }
  if (verified) {
    context.principal = verified->principal;
    context.region = verified->scope.region;
    context.access_key_id = verified->scope.access_key_id;
    return true;
  }
  AuthFault fault = verified.error().fault;
  if (options_.open_principal != nullptr &&
      (fault == AuthFault::NoSignature || fault == AuthFault::UnknownKey)) {
    auto scope = net::auth::claimed_scope(net::auth::signed_request(call.request));
    context.principal = options_.open_principal;
    context.region = scope ? scope->region : options_.default_region;
    return true;
  }
  call.counters->auth_failures.fetch_add(1, std::memory_order_relaxed);
  fail(call, auth_error(call.route.protocol, verified.error()));
  return false;
}

bool Dispatcher::decode_body(Call& call) {
  size_t bytes_max = call.spec != nullptr ? call.spec->body_bytes_max : 1U << 20;
  std::string_view encoding = call.request.headers.get("Content-Encoding");
  call.body = call.request.body;
  // Old SDKs write "aws-chunked" or "identity" for bodies that stand as they are.
  if (!encoding.empty() && encoding != "identity") {
    auto decoded = net::decode_content(encoding, call.request.body, bytes_max);
    if (!decoded) {
      bool large = decoded.error().code == ErrorCode::ResourceExhausted ||
                   decoded.error().code == ErrorCode::OutOfRange;
      fail(call, large ? body_too_large(bytes_max)
                       : malformed_body(call.route.protocol, decoded.error().message));
      return false;
    }
    call.decoded = std::move(*decoded);
    call.body = call.decoded;
    if (call.route.protocol == Protocol::Query && !call.route.form_in_query) {
      route_form(call.route, call.body, tables_);
      find_operation(call);
    }
  }
  if (call.route.form_in_query) call.body = call.request.query();
  if (call.spec != nullptr) bytes_max = call.spec->body_bytes_max;
  if (call.body.size() > bytes_max) {
    fail(call, body_too_large(bytes_max));
    return false;
  }
  return true;
}

void Dispatcher::run_typed(const std::shared_ptr<Call>& call) {
  std::shared_ptr<void> input = call->shapes->make_input();
  kansoku::aws::Decoded decoded;
  switch (call->route.protocol) {
    case Protocol::Query: {
      auto form = kansoku::aws::parse_form(call->body);
      decoded = form ? kansoku::aws::decode_query(*form, *call->shapes->input, input.get())
                     : std::unexpected(kansoku::aws::DecodeFailure{form.error().message});
      break;
    }
    case Protocol::Cbor:
      decoded = kansoku::aws::decode_cbor(call->body, *call->shapes->input, input.get());
      break;
    default:
      decoded = kansoku::aws::decode_json(call->body, *call->shapes->input, input.get());
  }
  if (!decoded) {
    return fail(*call, malformed_body(call->route.protocol, std::move(decoded.error().message)));
  }
  if (!authorise(*call, input.get())) return;
  auto violations = kansoku::aws::find_violations(*call->shapes->input, input.get());
  if (!violations.empty()) {
    return fail(*call, call->route.table->violations_error(violations));
  }
  call->spec->handler(call->context, input,
                      [this, call](Answer answer) { finish(*call, std::move(answer)); });
}

bool Dispatcher::authorise(Call& call, const void* input) {
  if (call.spec->without_permission) return true;
  Access access;
  if (call.spec->access) access = call.spec->access(*call.context, input);
  std::vector<net::auth::ConditionValue> conditions;
  for (const auto& [key, value] : access.conditions) conditions.push_back({key, value});
  if (call.context->allows(call.spec->action, access.resource, conditions)) return true;
  call.counters->auth_failures.fetch_add(1, std::memory_order_relaxed);
  fail(call,
       auth_error(call.route.protocol,
                  {AuthFault::NoPermission,
                   fmt::format("User: {} is not authorized to perform: {} on resource: {}",
                               call.context->principal->arn, call.spec->action, access.resource),
                   false}));
  return false;
}

namespace {

net::HttpResponse response_base(Protocol protocol, const OperationContext& context) {
  net::HttpResponse response;
  response.headers = context.answer_headers;
  response.headers.add("x-amzn-RequestId", context.request_id);
  response.headers.add("Content-Type", std::string(kansoku::aws::content_type(protocol)));
  if (protocol == Protocol::Cbor) response.headers.add("smithy-protocol", "rpc-v2-cbor");
  return response;
}

}  // namespace

void Dispatcher::finish(Call& call, Answer answer) {
  if (answer && call.context->stream_answer && !call.exchange) {
    answer = std::unexpected(unsupported_operation(call.service().name, call.shapes->name));
  }
  if (!answer) return fail(call, std::move(answer).error());
  KANSOKU_CHECK(!call.answered);
  call.answered = true;
  net::HttpResponse response = response_base(call.route.protocol, *call.context);
  auto& stream = call.context->stream_answer;
  if (stream) {
    response.headers.set("Content-Type", stream->content_type);
  } else if (call.context->raw_answer) {
    response.headers.set("Content-Type", call.context->raw_answer->content_type);
    response.body = std::move(call.context->raw_answer->body);
  } else {
    response.body =
        kansoku::aws::encode_response(call.route.protocol, call.service(), call.shapes->name,
                                      call.shapes->output, answer->get(), call.context->request_id);
  }
  if (options_.audit) {
    options_.audit({call.context->now,
                    call.service().name,
                    call.shapes->name,
                    call.context->account(),
                    call.context->principal->arn,
                    call.context->access_key_id,
                    call.context->region,
                    call.context->source_ip,
                    call.context->request_id,
                    200,
                    {}});
  }
  if (!stream) return call.answer(std::move(response));
  call.exchange.begin(response.status, std::move(response.headers));
  std::exchange(stream, std::nullopt)->start(std::move(call.exchange));
}

void Dispatcher::fail(Call& call, AwsError error) {
  KANSOKU_CHECK(!call.answered);
  call.answered = true;
  auto& counter =
      error.senders_fault() ? call.counters->client_errors : call.counters->server_errors;
  counter.fetch_add(1, std::memory_order_relaxed);
  net::HttpResponse response = response_base(call.route.protocol, *call.context);
  response.status = error.http_status;
  if (call.route.query_mode && call.route.protocol != Protocol::Query) {
    response.headers.add(
        "x-amzn-query-error",
        fmt::format("{};{}", error.code(), error.senders_fault() ? "Sender" : "Receiver"));
  }
  response.body = kansoku::aws::encode_error(call.route.protocol, call.service(), error,
                                             call.context->request_id);
  if (options_.audit && call.context->principal != nullptr) {
    options_.audit({call.context->now, call.service().name, call.route.operation,
                    call.context->account(), call.context->principal->arn,
                    call.context->access_key_id, call.context->region, call.context->source_ip,
                    call.context->request_id, error.http_status, error.code()});
  }
  call.answer(std::move(response));
}

std::vector<OperationStats> Dispatcher::stats() const {
  std::vector<OperationStats> out;
  for (const Row& row : rows_) {
    out.push_back({row.table->service.name, row.spec->name, row.counters.get()});
  }
  out.push_back({"", "other", &other_});
  return out;
}

}  // namespace kansoku::api::aws
