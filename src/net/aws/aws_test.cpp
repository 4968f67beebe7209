#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "net/aws/aws_client.h"
#include "net/aws/sts.h"
#include "net/http/test_support.h"

namespace kansoku::net::aws {
namespace {

using net::test::Event;
using net::test::TestServer;

// A world in which everything is simulated; the server is a function.
struct World {
  explicit World(SimHttpClient::Server server) : http(clock, std::move(server)) {
    doors = {.http = &http,
             .timers = &clock,
             .clock = &clock,
             .random = &random,
             .files = &files,
             .variable = [this](const char* name) -> std::optional<std::string> {
               auto at = variables.find(name);
               return at == variables.end() ? std::nullopt : std::optional(at->second);
             }};
  }
  std::shared_ptr<ImdsClient> imds() { return ImdsClient::make(doors); }
  // Lets timers and answers run for a simulated minute.
  template <class T>
  Result<T> wait(std::optional<Result<T>>& result) {
    for (int i = 0; i < 600 && !result; ++i) clock.advance(100 * env::kNsPerMs);
    if (!result) return internal_error("no answer");
    return std::move(*result);
  }
  Result<Credentials> credentials(const CredentialsProviderPtr& provider) {
    std::optional<Result<Credentials>> result;
    provider->get([&](Result<Credentials> found) { result = std::move(found); });
    return wait(result);
  }
  Result<HttpClientResponse> call(AwsClient& client, AwsRequest request) {
    std::optional<Result<HttpClientResponse>> result;
    client.send(std::move(request),
                [&](Result<HttpClientResponse> answer) { result = std::move(answer); });
    return wait(result);
  }
  void write(const std::string& path, std::string text) {
    files.set_contents(path, std::move(text));
  }
  env::SimClock clock;
  env::SimRandom random{7};
  env::SimFileSystem files;
  SimHttpClient http;
  std::map<std::string, std::string> variables;
  Doors doors;
};

HttpClientResponse text(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

// Shapes of the EC2 User Guide: "Retrieve instance metadata", "Instance identity documents".
Result<HttpClientResponse> instance(const HttpClientRequest& request) {
  constexpr std::string_view kBase = "http://169.254.169.254";
  std::string path = request.url.substr(kBase.size());
  if (path == "/latest/api/token") {
    bool good = request.method == "PUT" &&
                request.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600";
    return good ? text(200, "AQAEAtoken==") : text(400, "");
  }
  if (request.headers.get("X-aws-ec2-metadata-token") != "AQAEAtoken==") return text(401, "");
  if (path == "/latest/meta-data/instance-id") return text(200, "i-1234567890abcdef0");
  if (path == "/latest/meta-data/instance-type") return text(200, "t2.micro");
  if (path == "/latest/meta-data/ami-id") return text(200, "ami-5fb8c835");
  if (path == "/latest/meta-data/placement/region") return text(200, "us-west-2");
  if (path == "/latest/meta-data/placement/availability-zone") return text(200, "us-west-2b");
  if (path == "/latest/meta-data/tags/instance") return text(200, "Name\nStage");
  if (path == "/latest/meta-data/tags/instance/Name") return text(200, "web 1");
  if (path == "/latest/meta-data/tags/instance/Stage") return text(200, "prod");
  if (path == "/latest/dynamic/instance-identity/document") {
    return text(200,
                R"({"devpayProductCodes" : null, 
      "marketplaceProductCodes" : [ "1abc2defghijklm3nopqrs4tu" ],
      "availabilityZone" : "us-west-2b", "privateIp" : "10.158.112.84", "version" : "2017-09-30",
      "instanceId" : "i-1234567890abcdef0", "billingProducts" : null, "instanceType" : "t2.micro",
      "accountId" : "123456789012", "imageId" : "ami-5fb8c835",
      "pendingTime" : "2016-11-19T16:32:11Z",
      "architecture" : "x86_64", "kernelId" : null, "ramdiskId" : null, "region" : "us-west-2"})");
  }
  if (path == "/latest/meta-data/iam/security-credentials/") return text(200, "s3access");
  if (path == "/latest/meta-data/iam/security-credentials/s3access") {
    return text(200,
                R"({"Code" : "Success", "LastUpdated" : "2012-04-26T16:39:16Z", "Type" : "AWS-HMAC",
      "AccessKeyId" : "ASIAIOSFODNN7EXAMPLE",
      "SecretAccessKey" : "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      "Token" : "token", "Expiration" : "2027-05-17T15:09:54Z"})");
  }
  return text(404, "");
}

constexpr const char* kKeys = "aws_access_key_id = AKIDFILE\naws_secret_access_key=filesecret\n";

TEST_CASE("imds: answers with a token that is asked for once") {
  int tokens = 0;
  World world([&](const HttpClientRequest& request) {
    tokens += request.method == "PUT";
    return instance(request);
  });
  auto imds = world.imds();
  std::map<std::string, std::string> seen;
  auto keep = [&](std::string name) {
    return [&seen, name](Result<std::string> value) {
      seen[name] = value ? *value : value.error().message;
    };
  };
  imds->instance_id(keep("id"));
  world.clock.advance(env::kNsPerS);
  imds->instance_type(keep("type"));
  imds->image_id(keep("image"));
  imds->region(keep("region"));
  imds->availability_zone(keep("zone"));
  imds->get("/latest/meta-data/nothing", keep("nothing"));
  std::optional<Result<std::map<std::string, std::string>>> tags;
  imds->tags([&](auto found) { tags = std::move(found); });
  std::optional<Result<InstanceIdentity>> identity;
  imds->identity([&](auto found) { identity = std::move(found); });
  world.clock.advance(env::kNsPerS);
  CHECK(seen["id"] == "i-1234567890abcdef0");
  CHECK(seen["type"] == "t2.micro");
  CHECK(seen["image"] == "ami-5fb8c835");
  CHECK(seen["region"] == "us-west-2");
  CHECK(seen["zone"] == "us-west-2b");
  CHECK(seen["nothing"] == "instance metadata has no such path");
  REQUIRE(tags);
  CHECK(tags->value() == std::map<std::string, std::string>{{"Name", "web 1"}, {"Stage", "prod"}});
  REQUIRE(identity);
  CHECK(identity->value().instance_id == "i-1234567890abcdef0");
  CHECK(identity->value().account_id == "123456789012");
  CHECK(identity->value().availability_zone == "us-west-2b");
  CHECK(tokens == 1);
  // Past its six hours the token is asked for again.
  world.clock.advance(21'600 * env::kNsPerS);
  imds->region(keep("again"));
  world.clock.advance(env::kNsPerS);
  CHECK(seen["again"] == "us-west-2");
  CHECK(tokens == 2);
}

TEST_CASE(
    "imds: a token that is refused is renewed once; version 1 only where tokens are not served") {
  std::string valid = "one";
  World world([&](const HttpClientRequest& request) -> Result<HttpClientResponse> {
    if (request.method == "PUT") return text(200, valid);
    return request.headers.get("X-aws-ec2-metadata-token") == valid ? text(200, "r")
                                                                    : text(401, "");
  });
  auto imds = world.imds();
  std::optional<Result<std::string>> result;
  imds->region([&](auto region) { result = region; });
  CHECK(world.wait(result).value() == "r");
  valid = "two";
  result.reset();
  imds->region([&](auto region) { result = region; });
  CHECK(world.wait(result).value() == "r");

  World old([&](const HttpClientRequest& request) -> Result<HttpClientResponse> {
    return request.method == "PUT" ? text(404, "") : text(200, "v1");
  });
  result.reset();
  old.imds()->region([&](auto region) { result = region; });
  CHECK(old.wait(result).value() == "v1");
  old.variables["AWS_EC2_METADATA_V1_DISABLED"] = "true";
  result.reset();
  old.imds()->region([&](auto region) { result = region; });
  CHECK_FALSE(old.wait(result).has_value());
}

TEST_CASE("imds: nobody answering is bounded, and it can be switched off or moved") {
  int tries = 0;
  std::string url;
  World world([&](const HttpClientRequest& request) -> Result<HttpClientResponse> {
    ++tries;
    url = request.url;
    CHECK(request.timeout_ms <= 2'000);
    return unavailable("no route to host");
  });
  std::optional<Result<std::string>> result;
  world.imds()->region([&](auto region) { result = region; });
  auto error = world.wait(result);
  REQUIRE_FALSE(error.has_value());
  CHECK(error.error().message.find("hop limit") != std::string::npos);
  CHECK(tries == 2);
  world.variables["IMDS_NUMBER_RETRY"] = "0";
  world.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1338/";
  result.reset();
  world.imds()->region([&](auto region) { result = region; });
  CHECK_FALSE(world.wait(result).has_value());
  CHECK(tries == 3);
  CHECK(url == "http://127.0.0.1:1338/latest/api/token");
  world.variables["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  result.reset();
  world.imds()->region([&](auto region) { result = region; });
  CHECK(world.wait(result).error().code == ErrorCode::FailedPrecondition);
  CHECK(tries == 3);
}

TEST_CASE("profile: the grammar of the shared files") {
  auto profiles = parse_profiles(
      "# comment\n[default]\r\nregion = eu-west-1 # here\nkey=a#b\n\n"
      "s3 =\n  max_concurrent_requests = 20\n[ profile  other ]\n"
      "region=us-east-1\n[sso-session x]\nregion=hidden\n; end\n",
      ProfileFileKind::Config);
  REQUIRE(profiles.has_value());
  CHECK(profiles->size() == 2);
  CHECK((*profiles)["default"] == Profile{{"region", "eu-west-1"}, {"key", "a#b"}, {"s3", ""}});
  CHECK((*profiles)["other"]["region"] == "us-east-1");
  CHECK_FALSE(parse_profiles("[open\n", ProfileFileKind::Config).has_value());
  CHECK_FALSE(parse_profiles("key = before\n", ProfileFileKind::Config).has_value());
  auto bad = parse_profiles("[a]\nword\n", ProfileFileKind::Credentials);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message.starts_with("line 2"));
}

TEST_CASE("credentials: the chain goes environment, profile, container, instance") {
  World world([](const HttpClientRequest& request) -> Result<HttpClientResponse> {
    if (request.url == "http://169.254.170.2/v2/credentials/id?x=1") {
      CHECK(request.headers.get("Authorization") == "Bearer t");
      return text(
          200, R"({"RoleArn":"arn","AccessKeyId":"ASIACONTAINER","SecretAccessKey":"s","Token":"t",
                           "Expiration":"2027-01-01T00:00:00.123Z"})");
    }
    return instance(request);
  });
  auto found = [&] { return world.credentials(default_credentials(world.doors, world.imds())); };
  auto on_instance = found();
  REQUIRE(on_instance.has_value());
  CHECK(on_instance->access_key_id == "ASIAIOSFODNN7EXAMPLE");
  CHECK(on_instance->session_token == "token");
  CHECK(on_instance->expires.value().ns / env::kNsPerS == 1'810'566'594);
  world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/id?x=1";
  world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  world.write("/token", "Bearer t\n");
  CHECK(found()->access_key_id == "ASIACONTAINER");
  world.variables["HOME"] = "/home/me";
  world.write("/home/me/.aws/credentials",
              std::string("[default]\n") + kKeys + "aws_session_token = st\n");
  CHECK(found()->access_key_id == "AKIDFILE");
  CHECK(found()->session_token == "st");
  world.variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  CHECK_FALSE(found().has_value());
  world.variables["AWS_SECRET_ACCESS_KEY"] = "envsecret";
  CHECK(found()->access_key_id == "AKIDENV");
  // A file that is named in the configuration comes before the environment.
  auto chosen = default_credentials(world.doors, world.imds(),
                                    {.credentials_file = "/home/me/.aws/credentials"});
  CHECK(world.credentials(chosen)->access_key_id == "AKIDFILE");
}

TEST_CASE("credentials: profiles by name, in either file, and what is not served is named") {
  World world(instance);
  world.variables["AWS_SHARED_CREDENTIALS_FILE"] = "/creds";
  world.variables["AWS_CONFIG_FILE"] = "/config";
  world.write("/creds", std::string("[a]\n") + kKeys + "[half]\naws_access_key_id=x\n");
  world.write("/config",
              "[profile b]\naws_access_key_id=AKIDB\naws_secret_access_key=s\n"
              "[profile role]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=a\n");
  auto get = [&](std::string name) {
    return world.credentials(profile_credentials(world.doors, {.profile = std::move(name)}));
  };
  CHECK(get("a")->access_key_id == "AKIDFILE");
  CHECK(get("b")->access_key_id == "AKIDB");
  CHECK(get("half").error().code == ErrorCode::InvalidArgument);
  CHECK(get("role").error().code == ErrorCode::Unimplemented);
  CHECK(get("role").error().message.find("role_arn") != std::string::npos);
  CHECK(get("none").error().code == ErrorCode::NotFound);
  world.variables["AWS_PROFILE"] = "b";
  CHECK(get("")->access_key_id == "AKIDB");
}

TEST_CASE("credentials: the container endpoint is asked in the clear only where that is safe") {
  World world([](const HttpClientRequest&) {
    return text(200, R"({"AccessKeyId":"A","SecretAccessKey":"s"})");
  });
  auto asked = [&](const char* url) {
    world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    return world.credentials(container_credentials(world.doors)).has_value();
  };
  CHECK(asked("https://anywhere.example/x"));
  CHECK(asked("http://127.0.0.1:8080/x"));
  CHECK(asked("http://localhost/x"));
  CHECK(asked("http://[::1]:99/x"));
  CHECK(asked("http://169.254.170.23/v1/credentials"));
  CHECK_FALSE(asked("http://example.com/x"));
  CHECK_FALSE(asked("http://127.0.0.1.example.com/x"));
  CHECK_FALSE(asked("http://127.0.0.1@example.com/x"));
  CHECK_FALSE(asked("ftp://localhost/x"));
}

TEST_CASE("credentials: cached, renewed before their end, kept while renewal fails") {
  int asked = 0;
  bool broken = false;
  env::SimClock* clock = nullptr;
  class Counting final : public CredentialsProvider {
   public:
    explicit Counting(std::function<Result<Credentials>()> make) : make_(std::move(make)) {}
    void get(Callback callback) override { callback(make_()); }

   private:
    std::function<Result<Credentials>()> make_;
  };
  World world(instance);
  clock = &world.clock;
  auto provider = cached_credentials(
      std::make_shared<Counting>([&]() -> Result<Credentials> {
        ++asked;
        if (broken) return unavailable("down");
        return Credentials{.access_key_id = std::to_string(asked),
                           .secret_access_key = "s",
                           .expires = env::WallTime{clock->wall_now().ns + 3'600 * env::kNsPerS}};
      }),
      world.doors);
  auto key = [&] {
    auto found = world.credentials(provider);
    return found ? found->access_key_id : found.error().message;
  };
  CHECK(key() == "1");
  CHECK(key() == "1");
  world.clock.advance(3'200 * env::kNsPerS);
  CHECK(key() == "1");
  world.clock.advance(200 * env::kNsPerS);
  broken = true;
  CHECK(key() == "1");  // renewal is tried and fails; the old ones still hold
  CHECK(asked == 2);
  CHECK(key() == "1");
  CHECK(asked == 2);  // not before retry_after
  world.clock.advance(31 * env::kNsPerS);
  broken = false;
  CHECK(key() == "1");  // renewed behind the scenes
  CHECK(key() == "3");
  world.clock.advance(3'700 * env::kNsPerS);
  broken = true;
  CHECK(key() == "down");
  broken = false;
  CHECK(key() == "5");
  provider->invalidate();
  CHECK(key() == "6");
}

TEST_CASE("region: configured, environment, profile, instance metadata, in this order") {
  World world(instance);
  auto region = [&](std::string configured) {
    std::optional<Result<std::string>> result;
    find_region(world.doors, world.imds(), std::move(configured), {},
                [&](auto found) { result = found; });
    return world.wait(result);
  };
  CHECK(region("").value() == "us-west-2");
  world.variables["HOME"] = "/h";
  world.write("/h/.aws/config", "[default]\nregion = eu-central-1\n");
  CHECK(region("").value() == "eu-central-1");
  world.variables["AWS_DEFAULT_REGION"] = "eu-west-3";
  CHECK(region("").value() == "eu-west-3");
  world.variables["AWS_REGION"] = "eu-north-1";
  CHECK(region("").value() == "eu-north-1");
  CHECK(region("sa-east-1").value() == "sa-east-1");
  World nowhere([](const HttpClientRequest&) -> Result<HttpClientResponse> {
    return unavailable("no route");
  });
  std::optional<Result<std::string>> result;
  find_region(nowhere.doors, nowhere.imds(), "", {}, [&](auto found) { result = found; });
  CHECK(nowhere.wait(result).error().code == ErrorCode::NotFound);
}

AwsClientOptions monitoring() { return {.region = "eu-west-1", .service = "monitoring"}; }
CredentialsProviderPtr keys() {
  return static_credentials(
      {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret", .session_token = "st"});
}

TEST_CASE("aws client: signs for region and service at the service's endpoint") {
  HttpClientRequest seen;
  World world([&](const HttpClientRequest& request) {
    seen = request;
    return text(200, "ok");
  });
  auto client = AwsClient::make(world.doors, keys(), monitoring());
  CHECK(
      world
          .call(*client,
                {.path = "/x?a=1", .headers = {{"Content-Type", "application/json"}}, .body = "{}"})
          ->body == "ok");
  CHECK(seen.url == "https://monitoring.eu-west-1.amazonaws.com/x?a=1");
  std::string authorization(seen.headers.get("Authorization"));
  CHECK(authorization.starts_with(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251122/eu-west-1/monitoring/aws4_request, "));
  CHECK(seen.headers.get("X-Amz-Security-Token") == "st");
  CHECK(service_endpoint("logs", "cn-north-1") == "https://logs.cn-north-1.amazonaws.com.cn");
  CHECK(client->stats().attempts == 1);
}

TEST_CASE("aws client: retries what may pass, at most three times, with jitter, and nothing else") {
  struct Case {
    Result<HttpClientResponse> answer;
    uint64_t attempts;
  };
  const Case cases[] = {
      {text(500, ""), 3},
      {text(503, "<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>"),
       3},
      {text(429, ""), 3},
      {text(400,
            R"({"__type":"com.amazonaws.logs#ThrottlingException","message":"Rate exceeded"})"),
       3},
      {text(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"), 3},
      {HttpClientResponse{.status = 400,
                          .headers = {{"x-amzn-ErrorType", "ThrottledException:http://x/"}}},
       3},
      {HttpClientResponse{.status = 400,
                          .headers = {{"x-amzn-query-error", "RequestThrottled;Sender"}}},
       3},
      {text(400, R"({"__type":"ResourceNotFoundException"})"), 1},
      {text(403, "<Code>AccessDenied</Code>"), 1},
      {text(404, "not json"), 1},
      {unavailable("connection refused"), 3},
      {deadline_exceeded("late"), 3},
      {invalid_argument("bad url"), 1},
      {resource_exhausted("answer too long"), 1},
  };
  for (const Case& c : cases) {
    World world([&](const HttpClientRequest&) { return c.answer; });
    auto client = AwsClient::make(world.doors, keys(), monitoring());
    int64_t before = world.clock.monotonic_now().ns;
    auto result = world.call(*client, {});
    CAPTURE(c.answer.has_value());
    CHECK(result.has_value() == c.answer.has_value());
    CHECK(client->stats().attempts == c.attempts);
    CHECK(client->stats().failures == 1);
    int64_t waited_ns = world.clock.monotonic_now().ns - before;
    CHECK(waited_ns <= 4 * env::kNsPerS);  // 1 s and 2 s at most, and the step of the test's clock
    if (c.attempts == 3) CHECK(waited_ns > 0);
  }
}

TEST_CASE("aws client: a retry that succeeds is a success") {
  int calls = 0;
  World world(
      [&](const HttpClientRequest&) { return ++calls < 3 ? text(503, "") : text(200, "done"); });
  auto client = AwsClient::make(world.doors, keys(), monitoring());
  CHECK(world.call(*client, {})->body == "done");
  CHECK(client->stats().retries == 2);
  CHECK(client->stats().failures == 0);
}

TEST_CASE("aws client: the quota ends retries when the service is down") {
  World world([](const HttpClientRequest&) { return text(500, ""); });
  auto client = AwsClient::make(world.doors, keys(), monitoring());
  for (int i = 0; i < 200; ++i) world.call(*client, {});
  // 500 tokens at 5 a retry.
  CHECK(client->stats().retries == 100);
  CHECK(client->stats().quota_refusals > 0);
}

TEST_CASE("aws client: expired credentials are renewed, a wrong clock is corrected, once") {
  World world(instance);
  int calls = 0;
  SimHttpClient http(
      world.clock, [&](const HttpClientRequest& request) -> Result<HttpClientResponse> {
        ++calls;
        std::string date(request.headers.get("X-Amz-Date"));
        if (date >= "20251122T10") return text(200, "ok " + date);
        return HttpClientResponse{.status = 403,
                                  .headers = {{"Date", "Sat, 22 Nov 2025 10:00:00 GMT"}},
                                  .body = "<Code>RequestTimeTooSkewed</Code>"};
      });
  world.doors.http = &http;
  auto client = AwsClient::make(world.doors, keys(), monitoring());
  auto answer = world.call(*client, {});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  CHECK(calls == 2);
  CHECK(world.call(*client, {})->status == 200);
  CHECK(calls == 3);

  class Renewed final : public CredentialsProvider {
   public:
    void get(Callback callback) override {
      callback(Credentials{.access_key_id = generation > 0 ? "AKIDNEW" : "AKIDOLD",
                           .secret_access_key = "s"});
    }
    void invalidate() override { ++generation; }
    int generation = 0;
  };
  auto provider = std::make_shared<Renewed>();
  World expiring([](const HttpClientRequest& request) {
    bool fresh = request.headers.get("Authorization").find("AKIDNEW") != std::string_view::npos;
    return fresh ? text(200, "") : text(400, R"({"__type":"ExpiredTokenException"})");
  });
  auto second = AwsClient::make(expiring.doors, provider, monitoring());
  CHECK(expiring.call(*second, {})->status == 200);
  CHECK(provider->generation == 1);
}

TEST_CASE("aws client: without credentials the caller hears where they were looked for") {
  World world([](const HttpClientRequest&) -> Result<HttpClientResponse> {
    return unavailable("no route");
  });
  world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  auto client =
      AwsClient::make(world.doors, default_credentials(world.doors, world.imds()), monitoring());
  auto answer = world.call(*client, {});
  REQUIRE_FALSE(answer.has_value());
  for (const char* part :
       {"AWS_ACCESS_KEY_ID", "profile", "AWS_CONTAINER_CREDENTIALS", "AWS_EC2_METADATA_DISABLED"}) {
    CHECK(answer.error().message.find(part) != std::string::npos);
  }
}

TEST_CASE("aws client: what is signed is verified by our own server, over a real socket") {
  auth::MemoryKeyStore store;
  store.put({.access_key_id = "AKIDEXAMPLE",
             .secret_access_key = "secret",
             .session_token = "st",
             .principal = std::make_shared<auth::Principal>()});
  TestServer server([&](HttpRequest request, HttpExchange exchange) {
    auto verified =
        auth::verify_request(auth::signed_request(request), store, env::real_clock().wall_now());
    exchange.respond({.status = verified ? 200 : 403,
                      .body = verified ? verified->scope.service : verified.error().message});
  });
  auto http = make_http_client(*server.loops);
  Doors doors{.http = http.get(),
              .timers = server.loops.get(),
              .clock = &env::real_clock(),
              .random = &env::real_random(),
              .files = &env::real_files(),
              .variable = process_variable};
  AwsClientOptions options = monitoring();
  options.endpoint = fmt::format("http://127.0.0.1:{}/", server.server->port());
  auto client = AwsClient::make(doors, keys(), options);
  for (const AwsRequest& request :
       {AwsRequest{.path = "/",
                   .headers = {{"Content-Type", "application/x-amz-json-1.0"}},
                   .body = "{\"a\":1}"},
        AwsRequest{.method = "GET", .path = "/v1/a%20b?x=1&y=%2F"},
        AwsRequest{.path = "/",
                   .headers = {{"Content-Encoding", "gzip"}},
                   .body = gzip_encode("hello")}}) {
    Event done;
    std::optional<Result<HttpClientResponse>> result;
    client->send(request, [&](auto answer) {
      result = std::move(answer);
      done.set();
    });
    REQUIRE(done.wait());
    REQUIRE(result->has_value());
    CAPTURE((*result)->body);
    CHECK((*result)->status == 200);
    CHECK((*result)->body == "monitoring");
  }
  client.reset();
  http.reset();
}

// As in the STS API Reference, AssumeRole, sample response.
constexpr const char* kAssumed =
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/demo/Bob</Arn></AssumedRoleUser>"
    "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>"
    "<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>"
    "<SessionToken>AQoDYXdzEPT//////////wEXAMPLE==</SessionToken>"
    "<Expiration>2027-07-15T23:28:33.359Z</Expiration></Credentials>"
    "</AssumeRoleResult></AssumeRoleResponse>";

TEST_CASE(
    "sts: a role is assumed with base credentials, in the region first, then the partition's") {
  std::vector<std::string> urls;
  HttpClientRequest seen;
  World world([&](const HttpClientRequest& request) {
    urls.push_back(request.url);
    seen = request;
    bool regional = request.url.find("ap-south-2") != std::string::npos;
    return regional ? text(403, "<Error><Code>RegionDisabledException</Code></Error>")
                    : text(200, kAssumed);
  });
  world.variables["AMZ_SOURCE_ACCOUNT"] = "123456789012";
  world.variables["AMZ_SOURCE_ARN"] = "arn:aws:ec2:x";
  auto provider = assume_role_credentials(
      world.doors, keys(), {.role_arn = "arn:aws:iam::1:role/a", .region = "ap-south-2"});
  auto found = world.credentials(provider);
  REQUIRE(found.has_value());
  CHECK(found->access_key_id == "ASIAIOSFODNN7EXAMPLE");
  CHECK(found->session_token == "AQoDYXdzEPT//////////wEXAMPLE==");
  CHECK(found->expires.has_value());
  CHECK(urls == std::vector<std::string>{"https://sts.ap-south-2.amazonaws.com/",
                                         "https://sts.us-east-1.amazonaws.com/"});
  CHECK(seen.body ==
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa"
        "&RoleSessionName=kansoku&DurationSeconds=3600");
  CHECK(seen.headers.get("x-amz-source-account") == "123456789012");
  CHECK(seen.headers.get("Authorization").find("/us-east-1/sts/aws4_request") !=
        std::string_view::npos);
}

TEST_CASE("sts: a refused role says why") {
  World world([](const HttpClientRequest&) {
    return text(403, "<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>");
  });
  auto provider = assume_role_credentials(world.doors, keys(), {.region = "us-east-1"});
  auto found = world.credentials(provider);
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == ErrorCode::PermissionDenied);
  CHECK(found.error().message.find("AccessDenied") != std::string::npos);
  CHECK(found.error().message.find("not allowed") != std::string::npos);
}

TEST_CASE("sts: a web identity token is exchanged unsigned, and comes before the container") {
  HttpClientRequest seen;
  World world([&](const HttpClientRequest& request) {
    seen = request;
    return text(200, kAssumed);
  });
  world.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                     {"AWS_ROLE_ARN", "arn:r"},
                     {"AWS_REGION", "cn-north-1"},
                     {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}};
  world.write("/token", "ey.J+\n");
  auto found = world.credentials(default_credentials(world.doors, world.imds()));
  REQUIRE(found.has_value());
  CHECK(seen.url == "https://sts.cn-north-1.amazonaws.com.cn/");
  CHECK(seen.body.ends_with("&RoleSessionName=kansoku&WebIdentityToken=ey.J%2B"));
  CHECK_FALSE(seen.headers.has("Authorization"));
  world.variables.erase("AWS_ROLE_ARN");
  CHECK(world.credentials(web_identity_credentials(world.doors)).error().code ==
        ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace kansoku::net::aws
