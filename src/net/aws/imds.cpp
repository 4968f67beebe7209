#include "net/aws/imds.h"

namespace kansoku::net::aws {
namespace {

// Six hours, the longest a token may live.
constexpr int64_t kTokenTtlS = 21'600;
// Asked anew this long before its end.
constexpr int64_t kTokenMarginS = 60;
constexpr size_t kAnswerBytesMax = 256 * 1024;
constexpr size_t kTagsMax = 50;  // EC2's limit of tags on a resource
constexpr int64_t kRetryDelayNs = 100 * env::kNsPerMs;

}  // namespace

struct ImdsClient::Call {
  std::string path;
  Callback<std::string> callback;
  int attempts_left = 0;
  bool token_renewed = false;
};

struct ImdsClient::TagCall {
  Callback<std::map<std::string, std::string>> callback;
  std::vector<std::string> keys;  // still to be asked
  std::map<std::string, std::string> tags;
};

std::shared_ptr<ImdsClient> ImdsClient::make(Doors doors, ImdsOptions options) {
  return std::shared_ptr<ImdsClient>(new ImdsClient(std::move(doors), std::move(options)));
}

ImdsClient::ImdsClient(Doors doors, ImdsOptions options)
    : doors_(std::move(doors)), options_(std::move(options)) {
  if (options_.endpoint.empty()) {
    if (auto endpoint = doors_.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
      options_.endpoint = *endpoint;
    } else {
      auto mode = doors_.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
      options_.endpoint = mode && header_equals(*mode, "ipv6") ? "http://[fd00:ec2::254]"
                                                               : "http://169.254.169.254";
    }
  }
  while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  if (auto retries = doors_.variable("IMDS_NUMBER_RETRY")) {
    int number = -1;
    auto parsed = std::from_chars(retries->data(), retries->data() + retries->size(), number);
    if (parsed.ec == std::errc() && number >= 0 && number <= 10) options_.attempts = number + 1;
  }
}

HttpClientRequest ImdsClient::request(std::string path) const {
  return {.url = options_.endpoint + path,
          .connect_timeout_ms = options_.connect_timeout_ms,
          .timeout_ms = options_.timeout_ms,
          .response_bytes_max = kAnswerBytesMax};
}

void ImdsClient::get(std::string path, Callback<std::string> callback) {
  if (is_true(doors_.variable("AWS_EC2_METADATA_DISABLED"))) {
    callback(failed_precondition("instance metadata is switched off by AWS_EC2_METADATA_DISABLED"));
    return;
  }
  auto call = std::make_shared<Call>();
  call->path = std::move(path);
  call->callback = std::move(callback);
  call->attempts_left = std::max(options_.attempts, 1);
  start(std::move(call));
}

void ImdsClient::start(std::shared_ptr<Call> call) {
  --call->attempts_left;
  std::string token;
  bool version_1 = false;
  {
    std::lock_guard lock(token_mutex_);
    version_1 = version_1_;
    if (doors_.clock->monotonic_now() < token_until_) token = token_;
  }
  if (version_1 || !token.empty()) {
    fetch(std::move(call), token);
  } else {
    fetch_token(std::move(call));
  }
}

void ImdsClient::fetch_token(std::shared_ptr<Call> call) {
  HttpClientRequest put = request("/latest/api/token");
  put.method = "PUT";
  put.headers.add("X-aws-ec2-metadata-token-ttl-seconds", std::to_string(kTokenTtlS));
  doors_.http->send(std::move(put), [self = shared_from_this(), call](auto answer) {
    self->on_token(call, std::move(answer));
  });
}

void ImdsClient::on_token(std::shared_ptr<Call> call, Result<HttpClientResponse> answer) {
  if (!answer) {
    // A token answer travels one hop only by default: in a container it may never arrive.
    Error error = answer.error();
    error.message += "; in a container the instance's metadata hop limit must be 2";
    retry(std::move(call), std::move(error));
    return;
  }
  if (answer->status == 200 && !answer->body.empty()) {
    {
      std::lock_guard lock(token_mutex_);
      token_ = answer->body;
      token_until_ = {doors_.clock->monotonic_now().ns +
                      (kTokenTtlS - kTokenMarginS) * env::kNsPerS};
    }
    fetch(std::move(call), answer->body);
    return;
  }
  bool refused = answer->status == 403 || answer->status == 404 || answer->status == 405;
  if (refused && !is_true(doors_.variable("AWS_EC2_METADATA_V1_DISABLED"))) {
    {
      std::lock_guard lock(token_mutex_);
      version_1_ = true;
    }
    fetch(std::move(call), {});
    return;
  }
  retry(std::move(call),
        {ErrorCode::Unavailable,
         fmt::format("instance metadata gave no token: status {}", answer->status)});
}

void ImdsClient::fetch(std::shared_ptr<Call> call, const std::string& token) {
  HttpClientRequest get = request(call->path);
  if (!token.empty()) get.headers.add("X-aws-ec2-metadata-token", token);
  doors_.http->send(std::move(get), [self = shared_from_this(), call](auto answer) {
    self->on_answer(call, std::move(answer));
  });
}

void ImdsClient::on_answer(std::shared_ptr<Call> call, Result<HttpClientResponse> answer) {
  if (!answer) {
    retry(std::move(call), answer.error());
    return;
  }
  switch (answer->status) {
    case 200:
      call->callback(std::move(answer->body));
      return;
    case 404:
      call->callback(fail(ErrorCode::NotFound, "instance metadata has no such path", call->path));
      return;
    case 401: {
      // The token has ended, or version 1 was switched off meanwhile: once more with a new one.
      std::unique_lock lock(token_mutex_);
      token_.clear();
      token_until_ = {};
      version_1_ = false;
      lock.unlock();
      if (!std::exchange(call->token_renewed, true)) {
        fetch_token(std::move(call));
        return;
      }
      break;
    }
    default:
      break;
  }
  retry(std::move(call),
        {ErrorCode::Unavailable,
         fmt::format("instance metadata answered status {}", answer->status), call->path});
}

void ImdsClient::retry(std::shared_ptr<Call> call, Error error) {
  if (call->attempts_left <= 0) {
    call->callback(std::unexpected(std::move(error)));
    return;
  }
  doors_.timers->after(kRetryDelayNs, [self = shared_from_this(), call] { self->start(call); });
}

void ImdsClient::identity(Callback<InstanceIdentity> callback) {
  get("/latest/dynamic/instance-identity/document",
      [callback = std::move(callback)](Result<std::string> text) mutable {
        if (!text) {
          callback(std::unexpected(text.error()));
          return;
        }
        auto document = read_flat_json(*text);
        if (!document) {
          callback(std::unexpected(document.error()));
          return;
        }
        auto field = [&](std::string_view name) { return std::string(member(*document, name)); };
        InstanceIdentity identity{.instance_id = field("instanceId"),
                                  .instance_type = field("instanceType"),
                                  .image_id = field("imageId"),
                                  .region = field("region"),
                                  .availability_zone = field("availabilityZone"),
                                  .account_id = field("accountId"),
                                  .private_ip = field("privateIp")};
        if (identity.instance_id.empty() || identity.region.empty()) {
          callback(invalid_argument("the instance's identity document lacks instanceId or region"));
          return;
        }
        callback(std::move(identity));
      });
}

void ImdsClient::tags(Callback<std::map<std::string, std::string>> callback) {
  get("/latest/meta-data/tags/instance",
      [self = shared_from_this(),
       callback = std::move(callback)](Result<std::string> text) mutable {
        if (!text) {
          callback(std::unexpected(text.error()));
          return;
        }
        auto call = std::make_shared<TagCall>();
        call->callback = std::move(callback);
        std::string_view rest = *text;
        while (!rest.empty() && call->keys.size() < kTagsMax) {
          size_t end = rest.find('\n');
          if (end != 0) call->keys.emplace_back(rest.substr(0, end));
          rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
        self->next_tag(std::move(call));
      });
}

void ImdsClient::next_tag(std::shared_ptr<TagCall> call) {
  if (call->keys.empty()) {
    call->callback(std::move(call->tags));
    return;
  }
  std::string key = std::move(call->keys.back());
  call->keys.pop_back();
  // Keys in metadata are restricted to letters, digits and a few marks, none of which needs
  // escaping.
  get("/latest/meta-data/tags/instance/" + key,
      [self = shared_from_this(), call, key](Result<std::string> value) mutable {
        if (!value) {
          call->callback(std::unexpected(value.error()));
          return;
        }
        call->tags.emplace(key, std::move(*value));
        self->next_tag(std::move(call));
      });
}

}  // namespace kansoku::net::aws
