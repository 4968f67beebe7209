#include "net/aws/credentials.h"

#include "net/aws/sts.h"

namespace kansoku::net::aws {
namespace {

constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr size_t kTokenFileBytesMax = 64 * 1024;
constexpr size_t kAnswerBytesMax = 64 * 1024;

class StaticProvider final : public CredentialsProvider {
 public:
  explicit StaticProvider(Credentials credentials) : credentials_(std::move(credentials)) {}
  void get(Callback callback) override { callback(credentials_); }

 private:
  Credentials credentials_;
};

class EnvironmentProvider final : public CredentialsProvider {
 public:
  explicit EnvironmentProvider(Doors doors) : doors_(std::move(doors)) {}
  void get(Callback callback) override {
    auto id = doors_.variable("AWS_ACCESS_KEY_ID");
    auto secret = doors_.variable("AWS_SECRET_ACCESS_KEY");
    if (!id && !secret) {
      callback(not_found("AWS_ACCESS_KEY_ID is not set"));
    } else if (!id || !secret) {
      callback(invalid_argument("only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set"));
    } else {
      callback(Credentials{.access_key_id = *id,
                           .secret_access_key = *secret,
                           .session_token = doors_.variable("AWS_SESSION_TOKEN").value_or("")});
    }
  }

 private:
  Doors doors_;
};

class ProfileProvider final : public CredentialsProvider {
 public:
  ProfileProvider(Doors doors, ProfileOptions options)
      : doors_(std::move(doors)), options_(std::move(options)) {}
  void get(Callback callback) override { callback(read()); }

 private:
  Result<Credentials> read() {
    KANSOKU_TRY(Profile profile, load_profile(doors_, options_));
    std::string name = profile_name(doors_, options_);
    auto id = profile.find("aws_access_key_id");
    auto secret = profile.find("aws_secret_access_key");
    for (const char* other : {"role_arn", "credential_process", "sso_session", "sso_start_url"}) {
      if (profile.contains(other)) {
        return unimplemented("profile {} gets its credentials by {}, which is not served",
                             quoted(name), other);
      }
    }
    if (id == profile.end() && secret == profile.end()) {
      return not_found("profile {} has no keys", quoted(name));
    }
    if (id == profile.end() || secret == profile.end() || id->second.empty() ||
        secret->second.empty()) {
      return invalid_argument(
          "profile {} has only one of aws_access_key_id and aws_secret_access_key", quoted(name));
    }
    return Credentials{.access_key_id = id->second,
                       .secret_access_key = secret->second,
                       .session_token = profile["aws_session_token"]};
  }
  Doors doors_;
  ProfileOptions options_;
};

// The document that containers and instances give: AccessKeyId, SecretAccessKey, Token, Expiration.
Result<Credentials> parse_document(std::string_view json) {
  KANSOKU_TRY(FlatJson document, read_flat_json(json));
  std::string_view code = member(document, "Code");
  if (!code.empty() && code != "Success") {
    return unavailable("the role has no credentials: {} {}", quoted(code),
                       quoted(member(document, "Message")));
  }
  Credentials credentials{.access_key_id = std::string(member(document, "AccessKeyId")),
                          .secret_access_key = std::string(member(document, "SecretAccessKey")),
                          .session_token = std::string(member(document, "Token"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return invalid_argument("the credentials lack AccessKeyId or SecretAccessKey");
  }
  std::string_view expiration = member(document, "Expiration");
  if (!expiration.empty()) {
    credentials.expires = parse_iso_time(expiration);
    if (!credentials.expires) {
      return invalid_argument("the credentials' Expiration is no time: {}", quoted(expiration));
    }
  }
  return credentials;
}

// Plain HTTP is allowed to the machine itself and to the agents of ECS and EKS only.
bool is_allowed_endpoint(std::string_view url) {
  if (url.starts_with("https://")) return true;
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return false;
  std::string_view host = url.substr(kScheme.size());
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with('[')) {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  // 127.0.0.0/8 as an address, not as the beginning of a name.
  bool loopback =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return loopback || host == "localhost" || host == "[::1]" || host == "169.254.170.2" ||
         host == "169.254.170.23" || host == "[fd00:ec2::23]";
}

class ContainerProvider final : public CredentialsProvider {
 public:
  explicit ContainerProvider(Doors doors) : doors_(std::move(doors)) {}

  void get(Callback callback) override {
    auto request = make_request();
    if (!request) {
      callback(std::unexpected(request.error()));
      return;
    }
    doors_.http->send(std::move(*request), [callback = std::move(callback)](auto answer) mutable {
      if (!answer) {
        callback(std::unexpected(answer.error()));
      } else if (answer->status != 200) {
        callback(
            unavailable("the container's credentials endpoint answered status {}", answer->status));
      } else {
        callback(parse_document(answer->body));
      }
    });
  }

 private:
  Result<HttpClientRequest> make_request() {
    HttpClientRequest request{
        .connect_timeout_ms = 2'000, .timeout_ms = 5'000, .response_bytes_max = kAnswerBytesMax};
    if (auto relative = doors_.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
      request.url = "http://169.254.170.2" + *relative;
    } else if (auto full = doors_.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
      request.url = *full;
    } else {
      return not_found("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    }
    if (!is_allowed_endpoint(request.url)) {
      return permission_denied("credentials are not asked over plain HTTP from {}",
                               quoted(request.url));
    }
    std::string token;
    // Read each time: the file is rotated.
    if (auto file = doors_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
      KANSOKU_TRY(token, doors_.files->read_all(*file, kTokenFileBytesMax));
    } else if (auto given = doors_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
      token = *given;
    }
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.find_first_of("\r\n") != std::string::npos) {
      return invalid_argument("the container's authorization token has line ends");
    }
    if (!token.empty()) request.headers.add("Authorization", token);
    return request;
  }
  Doors doors_;
};

class InstanceProvider final : public CredentialsProvider {
 public:
  explicit InstanceProvider(std::shared_ptr<ImdsClient> imds) : imds_(std::move(imds)) {}

  void get(Callback callback) override {
    imds_->get(kRolePath,
               [imds = imds_, callback = std::move(callback)](Result<std::string> role) mutable {
                 if (!role) {
                   // Switched off, or an instance without a role: not configured.
                   if (role.error().code == ErrorCode::FailedPrecondition)
                     role.error().code = ErrorCode::NotFound;
                   callback(std::unexpected(role.error()));
                   return;
                 }
                 std::string name = role->substr(0, role->find_first_of("\r\n"));
                 if (name.empty()) {
                   callback(not_found("the instance has no role"));
                   return;
                 }
                 imds->get(kRolePath + name,
                           [callback = std::move(callback)](Result<std::string> text) mutable {
                             if (!text) {
                               callback(std::unexpected(text.error()));
                             } else {
                               callback(parse_document(*text));
                             }
                           });
               });
  }

 private:
  std::shared_ptr<ImdsClient> imds_;
};

class ChainProvider final : public CredentialsProvider,
                            public std::enable_shared_from_this<ChainProvider> {
 public:
  explicit ChainProvider(std::vector<CredentialsProviderPtr> providers)
      : providers_(std::move(providers)) {}

  void get(Callback callback) override { ask(0, {}, std::move(callback)); }
  void invalidate() override {
    for (const auto& provider : providers_) provider->invalidate();
  }

 private:
  void ask(size_t index, std::string tried, Callback callback) {
    if (index == providers_.size()) {
      callback(not_found("no AWS credentials found: {}", tried));
      return;
    }
    providers_[index]->get([self = shared_from_this(), index, tried = std::move(tried),
                            callback = std::move(callback)](Result<Credentials> found) mutable {
      if (found || found.error().code != ErrorCode::NotFound) {
        callback(std::move(found));
        return;
      }
      if (!tried.empty()) tried += "; ";
      self->ask(index + 1, tried + found.error().message, std::move(callback));
    });
  }
  std::vector<CredentialsProviderPtr> providers_;
};

class CachedProvider final : public CredentialsProvider,
                             public std::enable_shared_from_this<CachedProvider> {
 public:
  CachedProvider(CredentialsProviderPtr provider, Doors doors, CacheOptions options)
      : provider_(std::move(provider)), doors_(std::move(doors)), options_(options) {}

  void get(Callback callback) override {
    std::unique_lock lock(mutex_);
    env::WallTime now = doors_.clock->wall_now();
    bool usable = current_ && (!current_->expires || now < *current_->expires);
    bool fetch = !fetching_ && (!usable || is_stale(now));
    if (fetch) fetching_ = true;
    if (usable) {
      Credentials credentials = *current_;
      lock.unlock();
      if (fetch) start();
      callback(std::move(credentials));
      return;
    }
    waiting_.push_back(std::move(callback));
    lock.unlock();
    if (fetch) start();
  }

  void invalidate() override {
    {
      std::lock_guard lock(mutex_);
      current_.reset();
    }
    provider_->invalidate();
  }

 private:
  bool is_stale(env::WallTime now) const {
    env::MonotonicTime monotonic = doors_.clock->monotonic_now();
    if (monotonic < next_try_) return false;
    if (current_->expires) {
      return now.ns >= current_->expires->ns - options_.refresh_before_s * env::kNsPerS;
    }
    return monotonic.ns - fetched_.ns >= options_.age_max_s * env::kNsPerS;
  }

  void start() {
    provider_->get(
        [self = shared_from_this()](Result<Credentials> found) { self->take(std::move(found)); });
  }

  void take(Result<Credentials> found) {
    std::deque<Callback> waiting;
    {
      std::lock_guard lock(mutex_);
      fetching_ = false;
      waiting.swap(waiting_);
      env::MonotonicTime now = doors_.clock->monotonic_now();
      if (found) {
        current_ = *found;
        fetched_ = now;
        next_try_ = now;
      } else {
        // What is there goes on being used until its end.
        next_try_ = {now.ns + options_.retry_after_s * env::kNsPerS};
      }
    }
    for (Callback& callback : waiting) callback(found);
  }

  CredentialsProviderPtr provider_;
  Doors doors_;
  CacheOptions options_;
  std::mutex mutex_;  // guards all below
  std::optional<Credentials> current_;
  env::MonotonicTime fetched_;
  env::MonotonicTime next_try_;
  bool fetching_ = false;
  std::deque<Callback> waiting_;
};

}  // namespace

CredentialsProviderPtr static_credentials(Credentials credentials) {
  return std::make_shared<StaticProvider>(std::move(credentials));
}
CredentialsProviderPtr environment_credentials(Doors doors) {
  return std::make_shared<EnvironmentProvider>(std::move(doors));
}
CredentialsProviderPtr profile_credentials(Doors doors, ProfileOptions options) {
  return std::make_shared<ProfileProvider>(std::move(doors), std::move(options));
}
CredentialsProviderPtr container_credentials(Doors doors) {
  return std::make_shared<ContainerProvider>(std::move(doors));
}
CredentialsProviderPtr instance_credentials(std::shared_ptr<ImdsClient> imds) {
  return std::make_shared<InstanceProvider>(std::move(imds));
}
CredentialsProviderPtr chain_credentials(std::vector<CredentialsProviderPtr> providers) {
  return std::make_shared<ChainProvider>(std::move(providers));
}
CredentialsProviderPtr cached_credentials(CredentialsProviderPtr provider, Doors doors,
                                          CacheOptions options) {
  return std::make_shared<CachedProvider>(std::move(provider), std::move(doors), options);
}

CredentialsProviderPtr default_credentials(Doors doors, std::shared_ptr<ImdsClient> imds,
                                           ProfileOptions options) {
  std::vector<CredentialsProviderPtr> providers;
  // A profile that was chosen by name comes before the environment, as AWS tools do it.
  bool chosen = !options.profile.empty() || !options.credentials_file.empty();
  if (!chosen) providers.push_back(environment_credentials(doors));
  providers.push_back(profile_credentials(doors, std::move(options)));
  if (chosen) providers.push_back(environment_credentials(doors));
  providers.push_back(web_identity_credentials(doors));
  providers.push_back(container_credentials(doors));
  providers.push_back(instance_credentials(std::move(imds)));
  return cached_credentials(chain_credentials(std::move(providers)), doors);
}

void find_region(const Doors& doors, std::shared_ptr<ImdsClient> imds, std::string configured,
                 const ProfileOptions& options, ImdsClient::Callback<std::string> callback) {
  if (!configured.empty()) {
    callback(std::move(configured));
    return;
  }
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = doors.variable(name)) {
      callback(std::move(*region));
      return;
    }
  }
  auto profile = load_profile(doors, options);
  if (profile && profile->contains("region")) {
    callback((*profile)["region"]);
    return;
  }
  if (!profile && profile.error().code != ErrorCode::NotFound) {
    callback(std::unexpected(profile.error()));
    return;
  }
  imds->region([callback = std::move(callback)](Result<std::string> region) mutable {
    if (region && !region->empty()) {
      callback(std::move(*region));
    } else {
      callback(
          not_found("no AWS region found: it is not configured, AWS_REGION is not set, the profile "
                    "has none, and instance metadata says: {}",
                    region ? "nothing" : region.error().message));
    }
  });
}

}  // namespace kansoku::net::aws
