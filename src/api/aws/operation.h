// How an operation is described to the dispatcher. Authentication, authorisation, limits, audit and
// counters come from this line; a handler cannot forget them.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "net/auth/identity.h"
#include "net/auth/policy.h"
#include "net/http/http.h"
#include "wire/aws/operation_shapes.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::aws {

using kansoku::aws::AwsError;
using kansoku::aws::Protocol;
using kansoku::aws::Service;
using kansoku::aws::Violation;

// Who asks for what, where and when. Lives as long as the operation; shared with late answers.
struct OperationContext {
  std::shared_ptr<const net::auth::Principal> principal;
  std::string region;
  std::string request_id;
  std::string source_ip;
  std::string access_key_id;
  // The signed header x-kansoku-batch (producer/epoch/sequence); empty from foreign clients.
  std::string batch_id;
  Protocol protocol = Protocol::Json10;
  env::WallTime now;
  // Headers to add to the answer.
  net::Headers answer_headers;
  // Instead of the encoded answer, where a client asked for bytes as they are.
  struct RawAnswer {
    std::string content_type;
    std::string body;
  };
  std::optional<RawAnswer> raw_answer;
  // Instead of an answer with an end: its head is sent, then `start` gets the exchange to write to.
  struct StreamAnswer {
    std::string content_type;
    std::move_only_function<void(net::HttpExchange)> start;
  };
  std::optional<StreamAnswer> stream_answer;

  const std::string& account() const { return principal->account; }
  // For permissions that depend on the decoded request beyond the operation's own. `named_key`: see
  // net::auth::AccessRequest.
  bool allows(std::string_view action, std::string_view resource,
              std::span<const net::auth::ConditionValue> context = {},
              std::string_view named_key = {}) const;
};

// What an operation touches; "*" where AWS knows no resource for it.
struct Access {
  std::string resource = "*";
  std::vector<std::pair<std::string, std::string>> conditions;  // key, value
};

using Answer = std::expected<std::shared_ptr<const void>, AwsError>;
using Reply = std::move_only_function<void(Answer)>;
template <class Output>
using TypedReply = std::move_only_function<void(std::expected<Output, AwsError>)>;

// A body for operations with a decoder of their own: content-decoded; for query the form text.
struct RawBody {
  Protocol protocol;
  std::string_view bytes;
};

struct OperationSpec {
  std::string_view name;
  std::string_view action;  // of policies: "cloudwatch:PutMetricData"
  Lane lane = Lane::Query;
  // Null: known but not implemented; answered UnsupportedOperation.
  std::function<void(std::shared_ptr<OperationContext>, const std::shared_ptr<void>& input, Reply)>
      handler;
  // Instead of `handler`, for the hot path: decodes by itself. The body lives until the call
  // returns.
  std::function<void(std::shared_ptr<OperationContext>, RawBody, Reply)> raw_handler;
  // Null: resource "*" and no condition keys of its own.
  std::function<Access(const OperationContext&, const void* input)> access;
  // Any valid key may call it, whatever its policies say (STS GetCallerIdentity).
  bool without_permission = false;
  size_t body_bytes_max = 1U << 20;  // decoded

  bool implemented() const { return handler != nullptr || raw_handler != nullptr; }
};

struct ServiceTable {
  Service service;
  std::string_view action_prefix;  // "cloudwatch"
  std::span<const kansoku::aws::OperationShapes> shapes;
  std::vector<OperationSpec> operations;  // of the implemented ones
  std::span<const Protocol> protocols;
  // How this service words broken constraints; never called with an empty list.
  AwsError (*violations_error)(const std::vector<Violation>&);
};

// Wraps a typed handler.
template <class Input, class Output>
auto typed_handler(
    std::function<void(std::shared_ptr<OperationContext>, const Input&, TypedReply<Output>)> f) {
  return [f = std::move(f)](std::shared_ptr<OperationContext> context,
                            const std::shared_ptr<void>& input, Reply reply) {
    f(std::move(context), *static_cast<const Input*>(input.get()),
      [reply = std::move(reply)](std::expected<Output, AwsError> result) mutable {
        if (!result) {
          reply(std::unexpected(std::move(result).error()));
        } else {
          reply(std::make_shared<const Output>(std::move(*result)));
        }
      });
  };
}

}  // namespace kansoku::api::aws
