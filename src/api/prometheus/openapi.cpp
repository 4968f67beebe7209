// GET /api/v1/openapi.yaml: the API as an OpenAPI 3.1 document, made of the table of routes. JSON
// is YAML, and the house has one writer of JSON.
#include "api/prometheus/routes.h"
#include "base/check.h"

namespace kansoku::api::prometheus {
namespace {

struct Parameter {
  std::string_view name;
  std::string_view type;  // of JSON schema; arrays are known by their name
  std::string_view description;
};
constexpr std::string_view kTime = "Unix seconds or RFC 3339.";
constexpr std::string_view kDuration = "Seconds or a duration such as 1h30m.";
constexpr Parameter kParameters[] = {
    {"batch_size", "integer", "Results a line."},
    {"case_sensitive", "boolean", "Whether case matters; it does by default."},
    {"end", "string", kTime},
    {"format", "string", "openmetrics or text."},
    {"fuzz_alg", "string", "subsequence or jarowinkler."},
    {"fuzz_threshold", "integer", "The least score in percent, 0 to 100."},
    {"include_metadata", "boolean", "Type, help and unit with each name."},
    {"include_score", "boolean", "The score with each result."},
    {"label", "string", "Name of the label."},
    {"limit", "integer", "Most results."},
    {"limit_per_metric", "integer", "Most entries of one metric."},
    {"lookback_delta", "string", kDuration},
    {"match[]", "string", "Selector of series; several are joined."},
    {"metric", "string", "Name of one metric."},
    {"metric_name_pattern", "string", "Regular expression of whole names."},
    {"query", "string", "Expression in PromQL."},
    {"search[]", "string", "Term; any of several matches."},
    {"skip_head", "string", "Must not be true: a copy holds everything."},
    {"sort_by", "string", "alpha or score."},
    {"sort_dir", "string", "asc or dsc, with sort_by=alpha."},
    {"start", "string", kTime},
    {"stats", "string", "all: what the evaluation cost."},
    {"step", "string", kDuration},
    {"time", "string", kTime},
    {"timeout", "string", kDuration},
    {"timestamp", "string", "Of samples without one."},
};

void member(wire::JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.string(value);
}

void append_schema(wire::JsonWriter& json, const Parameter& parameter) {
  json.begin_object();
  bool array = parameter.name.ends_with("[]");
  member(json, "type", array ? "array" : parameter.type);
  if (array) {
    json.key("items");
    json.begin_object();
    member(json, "type", parameter.type);
    json.end_object();
  }
  json.end_object();
}

// Calls visit(parameter, required) for each parameter of a route.
template <class Visit>
void for_each_parameter(std::string_view names, Visit&& visit) {
  while (!names.empty()) {
    size_t space = names.find(' ');
    std::string_view name = names.substr(0, space);
    names.remove_prefix(space == std::string_view::npos ? names.size() : space + 1);
    bool required = name.ends_with('!');
    if (required) name.remove_suffix(1);
    auto found = std::ranges::find(kParameters, name, &Parameter::name);
    KANSOKU_CHECK(found != std::end(kParameters));
    visit(*found, required);
  }
}

void append_parameter(wire::JsonWriter& json, const Parameter& parameter, std::string_view place,
                      bool required) {
  json.begin_object();
  member(json, "name", parameter.name);
  member(json, "in", place);
  member(json, "description", parameter.description);
  json.key("required");
  json.boolean(required);
  json.key("schema");
  append_schema(json, parameter);
  json.end_object();
}

void append_parameters(wire::JsonWriter& json, const Route& route, bool in_query) {
  json.key("parameters");
  json.begin_array();
  if (route.path.find("{}") != std::string_view::npos) {
    append_parameter(json, {"name", "string", "Name of the label."}, "path", true);
  }
  if (in_query) {
    for_each_parameter(route.parameters, [&](const Parameter& one, bool required) {
      append_parameter(json, one, "query", required);
    });
  }
  json.end_array();
}

void append_form(wire::JsonWriter& json, const Route& route) {
  json.key("requestBody");
  json.begin_object();
  json.key("content");
  json.begin_object();
  json.key("application/x-www-form-urlencoded");
  json.begin_object();
  json.key("schema");
  json.begin_object();
  member(json, "type", "object");
  json.key("properties");
  json.begin_object();
  std::vector<std::string_view> needed;
  for_each_parameter(route.parameters, [&](const Parameter& one, bool required) {
    json.key(one.name);
    append_schema(json, one);
    if (required) needed.push_back(one.name);
  });
  json.end_object();
  if (!needed.empty()) {
    json.key("required");
    json.begin_array();
    for (std::string_view name : needed) json.string(name);
    json.end_array();
  }
  json.end_object();
  json.end_object();
  json.end_object();
  json.end_object();
}

void append_responses(wire::JsonWriter& json) {
  json.key("responses");
  json.begin_object();
  for (auto [status, description] :
       {std::pair<std::string_view, std::string_view>{"2XX", "The answer."},
        {"default",
         "What was wrong, as an object with status, errorType and error, or as text."}}) {
    json.key(status);
    json.begin_object();
    member(json, "description", description);
    json.end_object();
  }
  json.end_object();
}

// "post-query-range" of POST /query_range.
std::string operation_id(std::string_view method, std::string_view path) {
  std::string out(method);
  for (char c : path) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) {
      out += c;
    } else if (out.back() != '-') {
      out += '-';
    }
  }
  return out;
}

void append_path(wire::JsonWriter& json, const Route& route, std::string_view path) {
  json.begin_object();
  for (auto [bit, method] : {std::pair{kGet, "get"}, {kPost, "post"}, {kPut, "put"}}) {
    if ((route.methods & bit) == 0) continue;
    // Where GET has them in the query, POST has them in a form.
    bool form = bit == kPost && (route.methods & kGet) != 0;
    json.key(method);
    json.begin_object();
    member(json, "operationId", operation_id(method, path));
    member(json, "summary", route.summary);
    append_parameters(json, route, !form);
    if (form) append_form(json, route);
    append_responses(json);
    json.end_object();
  }
  json.end_object();
}

std::string document(std::string_view version) {
  constexpr std::string_view kBase = "/api/v1";
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  member(json, "openapi", "3.1.0");
  json.key("info");
  json.begin_object();
  member(json, "title", "Prometheus HTTP API of kansoku");
  member(json, "version", version);
  json.end_object();
  json.key("servers");
  json.begin_array();
  json.begin_object();
  member(json, "url", kBase);
  json.end_object();
  json.end_array();
  json.key("paths");
  json.begin_object();
  for (const Route& route : routes()) {
    if (!route.path.starts_with(kBase)) continue;
    std::string path(route.path.substr(kBase.size()));
    if (size_t open = path.find("{}"); open != std::string::npos) path.insert(open + 1, "name");
    json.key(path);
    append_path(json, route, path);
  }
  json.end_object();
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace

void handle_openapi(Context& context, CallPtr call) {
  net::HttpResponse out{.status = 200, .body = document(context.services.version)};
  out.headers.set("content-type", "application/yaml; charset=utf-8");
  out.headers.set("x-content-type-options", "nosniff");
  call->answer(std::move(out));
}

}  // namespace kansoku::api::prometheus
