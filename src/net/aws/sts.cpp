#include "net/aws/sts.h"

#include "base/text/percent.h"
#include "net/aws/aws_client.h"

namespace kansoku::net::aws {
namespace {

constexpr size_t kTokenFileBytesMax = 64 * 1024;
constexpr size_t kAnswerBytesMax = 256 * 1024;

std::string form(std::string_view action,
                 const std::vector<std::pair<std::string_view, std::string>>& fields) {
  std::string body = fmt::format("Action={}&Version=2011-06-15", action);
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    body += fmt::format("&{}=", name);
    append_percent_encoded(body, value, "");
  }
  return body;
}

// Of the one element of that name; STS values hold nothing that XML escapes.
std::string element(std::string_view xml, std::string_view name) {
  std::string open = fmt::format("<{}>", name);
  size_t at = xml.find(open);
  if (at == std::string_view::npos) return {};
  xml.remove_prefix(at + open.size());
  return std::string(xml.substr(0, xml.find('<')));
}

Result<Credentials> parse_sts(const Result<HttpClientResponse>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) {
    ErrorCode code = answer->status >= 500 ? ErrorCode::Unavailable : ErrorCode::PermissionDenied;
    return fail(
        code, fmt::format("STS answered {}: {} {}", answer->status, quoted(error_code_of(*answer)),
                          quoted(element(answer->body, "Message"), 300)));
  }
  Credentials credentials{.access_key_id = element(answer->body, "AccessKeyId"),
                          .secret_access_key = element(answer->body, "SecretAccessKey"),
                          .session_token = element(answer->body, "SessionToken"),
                          .expires = parse_iso_time(element(answer->body, "Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      credentials.session_token.empty() || !credentials.expires) {
    return invalid_argument("STS answered without complete credentials");
  }
  return credentials;
}

// Where STS of a partition is always present.
std::string_view partition_region(std::string_view region) {
  if (region.starts_with("cn-")) return "cn-north-1";
  if (region.starts_with("us-gov-")) return "us-gov-west-1";
  return "us-east-1";
}

class AssumeRoleProvider final : public CredentialsProvider,
                                 public std::enable_shared_from_this<AssumeRoleProvider> {
 public:
  AssumeRoleProvider(Doors doors, CredentialsProviderPtr base, AssumeRoleOptions options)
      : doors_(std::move(doors)), base_(std::move(base)), options_(std::move(options)) {
    if (options_.endpoint.empty()) {
      options_.endpoint = doors_.variable("AWS_ENDPOINT_URL_STS").value_or("");
    }
    regions_.push_back(options_.region);
    std::string fallback(partition_region(options_.region));
    if (options_.endpoint.empty() && fallback != options_.region) regions_.push_back(fallback);
  }

  void get(Callback callback) override { ask(0, std::move(callback)); }
  void invalidate() override { base_->invalidate(); }

 private:
  void ask(size_t index, Callback callback) {
    auto client = AwsClient::make(doors_, base_,
                                  {.region = regions_[index],
                                   .service = "sts",
                                   .endpoint = options_.endpoint,
                                   .response_bytes_max = kAnswerBytesMax});
    AwsRequest request{
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
        .body = form("AssumeRole", {{"RoleArn", options_.role_arn},
                                    {"RoleSessionName", options_.session_name},
                                    {"ExternalId", options_.external_id},
                                    {"DurationSeconds", std::to_string(options_.duration_s)}})};
    auto account = doors_.variable("AMZ_SOURCE_ACCOUNT");
    auto arn = doors_.variable("AMZ_SOURCE_ARN");
    if (account && arn) {
      request.headers.add("x-amz-source-account", *account);
      request.headers.add("x-amz-source-arn", *arn);
    }
    client->send(std::move(request), [self = shared_from_this(), index,
                                      callback = std::move(callback)](auto answer) mutable {
      auto found = parse_sts(answer);
      if (found || index + 1 == self->regions_.size()) {
        callback(std::move(found));
      } else {
        self->ask(index + 1, std::move(callback));
      }
    });
  }

  Doors doors_;
  CredentialsProviderPtr base_;
  AssumeRoleOptions options_;
  std::vector<std::string> regions_;
};

class WebIdentityProvider final : public CredentialsProvider {
 public:
  explicit WebIdentityProvider(Doors doors) : doors_(std::move(doors)) {}

  void get(Callback callback) override {
    auto request = make_request();
    if (!request) {
      callback(std::unexpected(request.error()));
      return;
    }
    // Not signed: the token is the proof.
    doors_.http->send(std::move(*request), [callback = std::move(callback)](auto answer) mutable {
      callback(parse_sts(answer));
    });
  }

 private:
  Result<HttpClientRequest> make_request() {
    auto file = doors_.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    auto role = doors_.variable("AWS_ROLE_ARN");
    if (!file) return not_found("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    if (!role) return invalid_argument("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    KANSOKU_TRY(std::string token, doors_.files->read_all(*file, kTokenFileBytesMax));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    auto region = doors_.variable("AWS_REGION");
    if (!region) region = doors_.variable("AWS_DEFAULT_REGION");
    auto endpoint = doors_.variable("AWS_ENDPOINT_URL_STS");
    HttpClientRequest request{
        .method = "POST",
        .url = endpoint.value_or(service_endpoint("sts", region.value_or("us-east-1"))),
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
        .body =
            form("AssumeRoleWithWebIdentity",
                 {{"RoleArn", *role},
                  {"RoleSessionName", doors_.variable("AWS_ROLE_SESSION_NAME").value_or("kansoku")},
                  {"WebIdentityToken", token}}),
        .response_bytes_max = kAnswerBytesMax};
    if (!request.url.ends_with('/')) request.url += '/';
    return request;
  }
  Doors doors_;
};

}  // namespace

CredentialsProviderPtr assume_role_credentials(Doors doors, CredentialsProviderPtr base,
                                               AssumeRoleOptions options) {
  return std::make_shared<AssumeRoleProvider>(std::move(doors), std::move(base),
                                              std::move(options));
}
CredentialsProviderPtr web_identity_credentials(Doors doors) {
  return std::make_shared<WebIdentityProvider>(std::move(doors));
}

}  // namespace kansoku::net::aws
