// Requests to an AWS service (or to one that speaks like it): signed, retried, counted.
//
// Retries are the SDKs' standard mode ("Retry behavior", AWS SDKs and Tools Reference Guide): at
// most 3 attempts, full jitter over 1 s doubling up to 20 s, and a quota of tokens shared by all
// requests of a client, so that a service that is down is not held down by its clients. Thread
// contract: free-threaded; callbacks run exactly once, where the HttpClient calls back.
#pragma once

#include <atomic>
#include <memory>

#include "net/aws/credentials.h"

namespace kansoku::net::aws {

struct AwsClientOptions {
  std::string region;
  std::string service;   // as it is signed: "monitoring", "logs", "ssm", ...
  std::string endpoint;  // "https://host[:port]"; empty: service_endpoint(service, region)
  int attempts_max = 3;
  int64_t backoff_base_ms = 1'000;
  int64_t backoff_max_ms = 20'000;
  int64_t connect_timeout_ms = 5'000;
  int64_t timeout_ms = 30'000;
  size_t response_bytes_max = 16U << 20;
};

struct AwsRequest {
  std::string method = "POST";
  std::string path = "/";  // with its query, encoded
  Headers headers;
  std::string body;
};

struct AwsClientStats {
  uint64_t requests = 0;
  uint64_t attempts = 0;
  uint64_t retries = 0;
  uint64_t throttled = 0;       // answers that asked us to slow down
  uint64_t failures = 0;        // given up: transport errors and answers >= 400
  uint64_t quota_refusals = 0;  // retries that were not made because the quota was empty
};

class AwsClient : public std::enable_shared_from_this<AwsClient> {
 public:
  using Callback = HttpClient::Callback;
  static std::shared_ptr<AwsClient> make(Doors doors, CredentialsProviderPtr credentials,
                                         AwsClientOptions options);
  // The last answer, whatever its status; an error where no answer came or nothing could be signed.
  void send(AwsRequest request, Callback callback);
  AwsClientStats stats() const;
  const AwsClientOptions& options() const { return options_; }

 private:
  struct Call;
  AwsClient(Doors doors, CredentialsProviderPtr credentials, AwsClientOptions options);
  void attempt(std::shared_ptr<Call> call);
  void sign_and_send(std::shared_ptr<Call> call, const Credentials& credentials);
  void on_answer(std::shared_ptr<Call> call, Result<HttpClientResponse> answer);
  void finish(Call& call, Result<HttpClientResponse> answer);
  bool take_quota(int64_t cost);
  void correct_clock(const HttpClientResponse& answer);

  Doors doors_;
  CredentialsProviderPtr credentials_;
  AwsClientOptions options_;
  std::atomic<int64_t> quota_;
  std::atomic<int64_t> clock_offset_ns_ = 0;
  std::atomic<uint64_t> requests_ = 0;
  std::atomic<uint64_t> attempts_ = 0;
  std::atomic<uint64_t> retries_ = 0;
  std::atomic<uint64_t> throttled_ = 0;
  std::atomic<uint64_t> failures_ = 0;
  std::atomic<uint64_t> quota_refusals_ = 0;
};

// "https://monitoring.eu-west-1.amazonaws.com", with the suffix of the region's partition.
std::string service_endpoint(std::string_view service, std::string_view region);
// The error code of an answer >= 400, from its header or body, in any of the protocols; else empty.
std::string error_code_of(const HttpClientResponse& answer);
bool is_throttling_code(std::string_view code);

}  // namespace kansoku::net::aws
