#include "net/aws/aws_client.h"

namespace kansoku::net::aws {
namespace {

// The retry quota of the standard mode: tokens, the price of a retry, of one after a timeout, and
// what a request that needed no retry gives back.
constexpr int64_t kQuotaMax = 500;
constexpr int64_t kRetryCost = 5;
constexpr int64_t kTimeoutCost = 10;
constexpr int64_t kSuccessRefund = 1;
// Below this a clock is right enough; services allow 5 minutes.
constexpr int64_t kSkewNs = 240 * env::kNsPerS;

// "Retry behavior" lists these; kept sorted.
constexpr std::array<std::string_view, 14> kThrottlingCodes{
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException"};
constexpr std::array<std::string_view, 3> kTransientCodes{"InternalError", "RequestTimeout",
                                                          "RequestTimeoutException"};
constexpr std::array<std::string_view, 5> kSkewCodes{"InvalidSignatureException", "RequestExpired",
                                                     "RequestInTheFuture", "RequestTimeTooSkewed",
                                                     "SignatureDoesNotMatch"};
constexpr std::array<std::string_view, 2> kExpiredCodes{"ExpiredToken", "ExpiredTokenException"};

template <size_t N>
bool is_in(const std::array<std::string_view, N>& list, std::string_view code) {
  return std::find(list.begin(), list.end(), code) != list.end();
}

// "com.amazonaws.logs#ThrottlingException:http://..." and the like to the code alone.
std::string bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  size_t hash = text.rfind('#');
  if (hash != std::string_view::npos) text.remove_prefix(hash + 1);
  return std::string(text);
}

}  // namespace

struct AwsClient::Call {
  AwsRequest request;
  Callback callback;
  int attempt = 0;
  int64_t quota_taken = 0;  // by the last retry, given back when it succeeds
  int64_t offset_ns = 0;    // of the clock it was signed with
  bool credentials_renewed = false;
  bool clock_corrected = false;
};

std::shared_ptr<AwsClient> AwsClient::make(Doors doors, CredentialsProviderPtr credentials,
                                           AwsClientOptions options) {
  return std::shared_ptr<AwsClient>(
      new AwsClient(std::move(doors), std::move(credentials), std::move(options)));
}

AwsClient::AwsClient(Doors doors, CredentialsProviderPtr credentials, AwsClientOptions options)
    : doors_(std::move(doors)),
      credentials_(std::move(credentials)),
      options_(std::move(options)),
      quota_(kQuotaMax) {
  if (options_.endpoint.empty())
    options_.endpoint = service_endpoint(options_.service, options_.region);
  while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
}

void AwsClient::send(AwsRequest request, Callback callback) {
  ++requests_;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->callback = std::move(callback);
  attempt(std::move(call));
}

void AwsClient::attempt(std::shared_ptr<Call> call) {
  ++call->attempt;
  credentials_->get([self = shared_from_this(), call](Result<Credentials> credentials) {
    if (!credentials) {
      self->finish(*call, std::unexpected(credentials.error()));
      return;
    }
    self->sign_and_send(call, *credentials);
  });
}

void AwsClient::sign_and_send(std::shared_ptr<Call> call, const Credentials& credentials) {
  ++attempts_;
  HttpClientRequest request{.method = call->request.method,
                            .url = options_.endpoint + call->request.path,
                            .headers = call->request.headers,
                            .body = {},
                            .connect_timeout_ms = options_.connect_timeout_ms,
                            .timeout_ms = options_.timeout_ms,
                            .response_bytes_max = options_.response_bytes_max};
  // Kept where it may be sent again.
  if (call->attempt >= options_.attempts_max) {
    request.body = std::move(call->request.body);
  } else {
    request.body = call->request.body;
  }
  call->offset_ns = clock_offset_ns_;
  env::WallTime now{doors_.clock->wall_now().ns + call->offset_ns};
  auth::sign_request(request, credentials, options_.region, options_.service, now);
  doors_.http->send(std::move(request), [self = shared_from_this(), call](auto answer) {
    self->on_answer(call, std::move(answer));
  });
}

void AwsClient::on_answer(std::shared_ptr<Call> call, Result<HttpClientResponse> answer) {
  bool retry = false;
  bool at_once = false;
  int64_t cost = kRetryCost;
  if (!answer) {
    ErrorCode code = answer.error().code;
    retry = code == ErrorCode::Unavailable || code == ErrorCode::DeadlineExceeded;
    if (code == ErrorCode::DeadlineExceeded) cost = kTimeoutCost;
  } else if (answer->status >= 400) {
    std::string code = error_code_of(*answer);
    bool throttled = answer->status == 429 || is_throttling_code(code);
    if (throttled) ++throttled_;
    retry = throttled || answer->status >= 500 || is_in(kTransientCodes, code);
    if (is_in(kExpiredCodes, code) && !std::exchange(call->credentials_renewed, true)) {
      credentials_->invalidate();
      retry = at_once = true;
    } else if (is_in(kSkewCodes, code) && !std::exchange(call->clock_corrected, true)) {
      correct_clock(*answer);
      // Another request may have corrected the clock since this one was signed.
      retry = at_once = clock_offset_ns_ != call->offset_ns;
    }
  }
  if (!retry || call->attempt >= options_.attempts_max) {
    finish(*call, std::move(answer));
    return;
  }
  if (!take_quota(cost)) {
    ++quota_refusals_;
    finish(*call, std::move(answer));
    return;
  }
  call->quota_taken = cost;
  ++retries_;
  int64_t delay_ns = 0;
  if (!at_once) {
    int64_t ceiling_ms = options_.backoff_base_ms << std::min(call->attempt - 1, 20);
    ceiling_ms = std::min(ceiling_ms, options_.backoff_max_ms);
    // Full jitter: anywhere between nothing and the ceiling.
    delay_ns = static_cast<int64_t>(doors_.random->u64() %
                                    static_cast<uint64_t>(ceiling_ms * env::kNsPerMs + 1));
  }
  doors_.timers->after(delay_ns, [self = shared_from_this(), call] { self->attempt(call); });
}

void AwsClient::finish(Call& call, Result<HttpClientResponse> answer) {
  bool good = answer && answer->status < 400;
  if (good) {
    int64_t back = call.quota_taken > 0 ? call.quota_taken : kSuccessRefund;
    int64_t before = quota_.load();
    while (!quota_.compare_exchange_weak(before, std::min(before + back, kQuotaMax))) {
    }
  } else {
    ++failures_;
  }
  call.callback(std::move(answer));
}

bool AwsClient::take_quota(int64_t cost) {
  int64_t before = quota_.load();
  while (before >= cost) {
    if (quota_.compare_exchange_weak(before, before - cost)) return true;
  }
  return false;
}

// The service's Date says how far our clock is off; used for signing only.
void AwsClient::correct_clock(const HttpClientResponse& answer) {
  auto theirs = auth::parse_amz_date(answer.headers.get("date"));
  if (!theirs) return;
  int64_t offset_ns = theirs->ns - doors_.clock->wall_now().ns;
  if (std::abs(offset_ns - clock_offset_ns_) >= kSkewNs) clock_offset_ns_ = offset_ns;
}

AwsClientStats AwsClient::stats() const {
  return {.requests = requests_,
          .attempts = attempts_,
          .retries = retries_,
          .throttled = throttled_,
          .failures = failures_,
          .quota_refusals = quota_refusals_};
}

std::string service_endpoint(std::string_view service, std::string_view region) {
  // Partitions by region prefix: botocore's endpoints.json.
  std::string_view suffix = "amazonaws.com";
  if (region.starts_with("cn-")) suffix = "amazonaws.com.cn";
  if (region.starts_with("us-iso-")) suffix = "c2s.ic.gov";
  if (region.starts_with("us-isob-")) suffix = "sc2s.sgov.gov";
  return fmt::format("https://{}.{}.{}", service, region, suffix);
}

std::string error_code_of(const HttpClientResponse& answer) {
  if (answer.status < 400) return {};
  for (const char* name : {"x-amzn-errortype", "x-amzn-query-error"}) {
    std::string_view value = answer.headers.get(name);
    // x-amzn-query-error is "Code;Fault".
    if (!value.empty()) return bare_code(value.substr(0, value.find(';')));
  }
  std::string_view body = answer.body;
  size_t open = body.find("<Code>");
  if (open != std::string_view::npos) {
    body.remove_prefix(open + 6);
    return std::string(body.substr(0, body.find('<')));
  }
  auto object = read_flat_json(body);
  if (!object) return {};
  for (const char* name : {"__type", "code", "Code"}) {
    std::string_view value = member(*object, name);
    if (!value.empty()) return bare_code(value);
  }
  return {};
}

bool is_throttling_code(std::string_view code) { return is_in(kThrottlingCodes, code); }

}  // namespace kansoku::net::aws
