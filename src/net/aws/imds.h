// The metadata service of an EC2 instance (or of whatever plays one), version 2 with tokens.
//
// Source: EC2 User Guide, "Use IMDS to access instance metadata". Version 1 (no token) is used only
// where the token request is refused with 403, 404 or 405 and AWS_EC2_METADATA_V1_DISABLED is not
// true. Requests are few and short: one try of at most 1 s to connect and 2 s in all, then
// `attempts` more; not being on EC2 must not cost a start seconds. Thread contract: free-threaded;
// callbacks come where the HttpClient calls back.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "net/aws/doors.h"

namespace kansoku::net::aws {

struct ImdsOptions {
  std::string
      endpoint;  // empty: AWS_EC2_METADATA_SERVICE_ENDPOINT, its _MODE, else 169.254.169.254
  int64_t connect_timeout_ms = 1'000;
  int64_t timeout_ms = 2'000;
  int attempts = 2;  // in all; IMDS_NUMBER_RETRY retries on top of the first
};

// What an instance says of itself: the identity document.
struct InstanceIdentity {
  std::string instance_id;
  std::string instance_type;
  std::string image_id;
  std::string region;
  std::string availability_zone;
  std::string account_id;
  std::string private_ip;
};

class ImdsClient : public std::enable_shared_from_this<ImdsClient> {
 public:
  template <class T>
  using Callback = std::move_only_function<void(Result<T>)>;

  static std::shared_ptr<ImdsClient> make(Doors doors, ImdsOptions options = {});

  // The text of a path such as "/latest/meta-data/instance-id". NotFound for 404; Unavailable where
  // nobody answers, FailedPrecondition where AWS_EC2_METADATA_DISABLED is true.
  void get(std::string path, Callback<std::string> callback);
  void identity(Callback<InstanceIdentity> callback);
  void instance_id(Callback<std::string> callback) {
    get("/latest/meta-data/instance-id", std::move(callback));
  }
  void instance_type(Callback<std::string> callback) {
    get("/latest/meta-data/instance-type", std::move(callback));
  }
  void image_id(Callback<std::string> callback) {
    get("/latest/meta-data/ami-id", std::move(callback));
  }
  void region(Callback<std::string> callback) {
    get("/latest/meta-data/placement/region", std::move(callback));
  }
  void availability_zone(Callback<std::string> callback) {
    get("/latest/meta-data/placement/availability-zone", std::move(callback));
  }
  // Needs "allow tags in instance metadata"; NotFound without.
  void tags(Callback<std::map<std::string, std::string>> callback);

 private:
  ImdsClient(Doors doors, ImdsOptions options);
  struct Call;
  struct TagCall;
  void start(std::shared_ptr<Call> call);
  void fetch_token(std::shared_ptr<Call> call);
  void on_token(std::shared_ptr<Call> call, Result<HttpClientResponse> answer);
  void fetch(std::shared_ptr<Call> call, const std::string& token);
  void on_answer(std::shared_ptr<Call> call, Result<HttpClientResponse> answer);
  void retry(std::shared_ptr<Call> call, Error error);
  void next_tag(std::shared_ptr<TagCall> call);
  HttpClientRequest request(std::string path) const;

  Doors doors_;
  ImdsOptions options_;
  std::mutex token_mutex_;  // guards the three below
  std::string token_;
  env::MonotonicTime token_until_;
  bool version_1_ = false;
};

}  // namespace kansoku::net::aws
