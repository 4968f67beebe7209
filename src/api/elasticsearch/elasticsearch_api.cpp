#include "api/elasticsearch/elasticsearch_api.h"

#include "api/elasticsearch/bulk_request.h"
#include "base/text/percent.h"
#include "net/secrets/secrets.h"
#include "wire/aws/protocol.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::elasticsearch {
namespace {

// The signing name of managed OpenSearch, which Fluent Bit's AWS_Auth uses.
constexpr std::string_view kService = "es";
// Whose bulk API this is: clients of the 8.x line ask for it before they send.
constexpr std::string_view kApiVersion = "8.17.0";

bool is_read(const net::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// The index in "/{index}/_bulk", still encoded; empty in "/_bulk"; nothing for other paths.
std::optional<std::string_view> bulk_index(std::string_view path) {
  constexpr std::string_view kBulk = "/_bulk";
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!path.ends_with(kBulk)) return std::nullopt;
  path.remove_suffix(kBulk.size());
  if (path.empty()) return path;
  path.remove_prefix(1);
  if (path.empty() || path.find('/') != std::string_view::npos) return std::nullopt;
  return path;
}

// A path segment, in which '+' is itself.
std::string decode_segment(std::string_view segment) {
  std::string escaped;
  for (const char c : segment) {
    if (c == '+') {
      escaped += "%2B";
    } else {
      escaped += c;
    }
  }
  return form_decoded_leniently(escaped);
}

net::HttpResponse json_answer(std::string body) {
  net::HttpResponse out{.status = 200, .body = std::move(body)};
  out.headers.set("content-type", "application/json");
  return out;
}

std::string root_body(const ElasticsearchApi::State& state) {
  std::string out;
  wire::JsonWriter json(out);
  const auto text = [&](std::string_view key, std::string_view value) {
    json.key(key);
    json.string(value);
  };
  json.begin_object();
  text("name", "kansoku");
  text("cluster_name", "kansoku");
  text("cluster_uuid", state.cluster_uuid);
  json.key("version");
  json.begin_object();
  text("number", kApiVersion);
  text("build_flavor", "default");
  text("build_type", "kansoku");
  text("build_hash", state.services.version);
  text("minimum_wire_compatibility_version", "7.17.0");
  text("minimum_index_compatibility_version", "7.0.0");
  json.end_object();
  text("tagline", "You Know, for Search");
  json.end_object();
  return out + "\n";
}

// Of one node, which answers.
constexpr std::string_view kHealth =
    R"({"cluster_name":"kansoku","status":"green","timed_out":false,"number_of_nodes":1,)"
    R"("number_of_data_nodes":1,"relocating_shards":0,"initializing_shards":0,)"
    R"("unassigned_shards":0,"delayed_unassigned_shards":0,"number_of_pending_tasks":0})";

std::optional<net::HttpResponse> read_answer(const ElasticsearchApi::State& state,
                                             const net::HttpRequest& request) {
  const std::string_view path = request.path();
  if (path == "/") return json_answer(root_body(state));
  if (path == "/_cluster/health") return json_answer(std::string(kHealth));
  if (path == "/_cat/health") {
    const int64_t now_s = state.services.env.clock->wall_now().ns / env::kNsPerS;
    net::HttpResponse out{.status = 200, .body = fmt::format("{} kansoku green 1 1\n", now_s)};
    out.headers.set("content-type", "text/plain; charset=UTF-8");
    return out;
  }
  return std::nullopt;
}

}  // namespace

net::HttpResponse error_answer(int status, std::string_view type, std::string_view reason) {
  std::string body;
  wire::JsonWriter json(body);
  const auto cause = [&] {
    json.key("type");
    json.string(type);
    json.key("reason");
    json.string(reason);
  };
  json.begin_object();
  json.key("error");
  json.begin_object();
  json.key("root_cause");
  json.begin_array();
  json.begin_object();
  cause();
  json.end_object();
  json.end_array();
  cause();
  json.end_object();
  json.key("status");
  json.integer(status);
  json.end_object();
  net::HttpResponse out = json_answer(std::move(body));
  out.status = status;
  return out;
}

Result<std::unique_ptr<ElasticsearchApi>> ElasticsearchApi::make(
    EventInputServices services, const ElasticsearchSettings& settings) {
  auto state = std::make_unique<State>();
  KANSOKU_TRY(state->group, pipeline::NameTemplate::compile(settings.group, kPlaceholders));
  KANSOKU_TRY(state->stream, pipeline::NameTemplate::compile(settings.stream, kPlaceholders));
  state->cluster_uuid = net::random_hex(*services.env.random, 11);
  state->services = std::move(services);
  return std::unique_ptr<ElasticsearchApi>(new ElasticsearchApi(std::move(state)));
}

ElasticsearchApi::ElasticsearchApi(std::unique_ptr<State> state) : state_(std::move(state)) {}
ElasticsearchApi::~ElasticsearchApi() = default;

bool ElasticsearchApi::is_mine(const net::HttpRequest& request) {
  const std::string_view path = request.path();
  if (bulk_index(path)) return true;
  if (path == "/") {
    // Signed requests of other services are AWS's.
    const std::string_view who = request.headers.get("authorization");
    const bool mine = !who.starts_with("AWS4-") || who.find("/es/aws4_request") != who.npos;
    return mine && is_read(request) && request.query().empty();
  }
  return path == "/_cluster/health" || path == "/_cat/health";
}

void ElasticsearchApi::handle(net::HttpRequest request, net::HttpExchange exchange) {
  const auto answer = [&](net::HttpResponse response) {
    response.headers.set("x-elastic-product", "Elasticsearch");
    exchange.respond(std::move(response));
  };
  auto caller = authenticate_caller(request, state_->services.authentication, kService);
  if (!caller) {
    auto out = error_answer(caller.error().status, "security_exception", caller.error().message);
    if (caller.error().status == 401) add_challenges(out.headers);
    return answer(std::move(out));
  }
  const auto index = bulk_index(request.path());
  const bool right_method =
      index ? request.method == "POST" || request.method == "PUT" : is_read(request);
  if (!right_method) {
    auto out = error_answer(405, "method_not_allowed",
                            fmt::format("method {} is not served here", quoted(request.method)));
    out.headers.set("allow", index ? "POST, PUT" : "GET, HEAD");
    return answer(std::move(out));
  }
  if (!index) return answer(*read_answer(*state_, request));
  const auto form = kansoku::aws::parse_form(request.query());
  if (!form) return answer(error_answer(400, "parse_exception", form.error().to_string()));
  if (!kansoku::aws::form_value(*form, "pipeline").empty()) {
    return answer(
        error_answer(400, "illegal_argument_exception", "ingest pipelines are not supported"));
  }
  auto filter = parse_filter_path(kansoku::aws::form_value(*form, "filter_path"));
  if (!filter) {
    return answer(error_answer(400, "illegal_argument_exception", filter.error().to_string()));
  }
  std::make_shared<BulkRequest>(*state_, std::move(*caller), std::move(request),
                                std::move(exchange), decode_segment(*index), *filter)
      ->start();
}

}  // namespace kansoku::api::elasticsearch
