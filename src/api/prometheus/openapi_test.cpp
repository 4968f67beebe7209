// Answers against the published OpenAPI description of the reference server's API.
#include <doctest/doctest.h>

#include <charconv>

#include "api/prometheus/test_fixture.h"
#include "support/conformance.h"

namespace kansoku::api::prometheus {
namespace {

using wire::Node;

// The part of JSON schema that the description uses: type, properties, required,
// additionalProperties, items, minItems, maxItems, enum, anyOf, oneOf, $ref.
class Schemas {
 public:
  explicit Schemas(const Node& document) : schemas_(document.find("components")->find("schemas")) {}

  const Node* named(std::string_view name) const { return schemas_->find(name); }

  // The pointer and reason of the first thing that does not fit, or empty.
  std::string check(const Node& value, const Node& schema, const std::string& at = "") const {
    if (std::string_view ref = schema.text_of("$ref"); !ref.empty()) {
      const Node* target = named(ref.substr(ref.rfind('/') + 1));
      return target == nullptr ? at + ": no such schema" : check(value, *target, at);
    }
    for (std::string_view choice : {"anyOf", "oneOf"}) {
      if (const Node* list = schema.find(choice)) return check_any(value, *list, at);
    }
    std::string_view type = schema.text_of("type");
    if (!type.empty() && !has_type(value, type)) return fmt::format("{}: no {}", at, type);
    if (const Node* allowed = schema.find("enum")) {
      bool found = std::any_of(allowed->items.begin(), allowed->items.end(),
                               [&](const Node& one) { return one.scalar == value.scalar; });
      if (!found) return fmt::format("{}: {} is not in the enumeration", at, value.scalar);
    }
    if (value.kind == Node::Kind::Mapping) return check_object(value, schema, at);
    if (value.kind == Node::Kind::Sequence) return check_array(value, schema, at);
    return {};
  }

 private:
  static bool has_type(const Node& value, std::string_view type) {
    bool scalar = value.kind == Node::Kind::Scalar;
    if (type == "object") return value.kind == Node::Kind::Mapping;
    if (type == "array") return value.kind == Node::Kind::Sequence;
    if (type == "string") return scalar && value.quoted;
    if (type == "boolean") {
      return scalar && !value.quoted && (value.scalar == "true" || value.scalar == "false");
    }
    double number = 0;
    auto [end, error] =
        std::from_chars(value.scalar.data(), value.scalar.data() + value.scalar.size(), number);
    bool good = scalar && !value.quoted && error == std::errc() &&
                end == value.scalar.data() + value.scalar.size();
    return type == "integer" ? good && value.scalar.find('.') == std::string::npos : good;
  }

  std::string check_any(const Node& value, const Node& list, const std::string& at) const {
    std::string reasons;
    for (const Node& one : list.items) {
      std::string reason = check(value, one, at);
      if (reason.empty()) return {};
      reasons += reason + "; ";
    }
    return reasons;
  }

  std::string check_object(const Node& value, const Node& schema, const std::string& at) const {
    if (const Node* required = schema.find("required")) {
      for (const Node& name : required->items) {
        if (value.find(name.scalar) == nullptr)
          return fmt::format("{}/{}: missing", at, name.scalar);
      }
    }
    const Node* properties = schema.find("properties");
    const Node* more = schema.find("additionalProperties");
    for (const Node::Entry& entry : value.entries) {
      std::string below = at + "/" + entry.key;
      const Node* property = properties == nullptr ? nullptr : properties->find(entry.key);
      if (property == nullptr && more != nullptr) {
        if (more->scalar == "false") return below + ": not in the schema";
        if (more->kind == Node::Kind::Mapping) property = more;
      }
      if (property == nullptr) continue;
      if (std::string reason = check(entry.value, *property, below); !reason.empty()) return reason;
    }
    return {};
  }

  std::string check_array(const Node& value, const Node& schema, const std::string& at) const {
    auto count = static_cast<double>(value.items.size());
    if (count < schema.number_of("minItems").value_or(0)) return at + ": too few items";
    if (count > schema.number_of("maxItems").value_or(count)) return at + ": too many items";
    const Node* items = schema.find("items");
    if (items == nullptr) return {};
    for (size_t i = 0; i < value.items.size(); ++i) {
      std::string reason = check(value.items[i], *items, fmt::format("{}/{}", at, i));
      if (!reason.empty()) return reason;
    }
    return {};
  }

  const Node* schemas_;
};

struct Case {
  std::string target;
  std::string_view schema;
};

}  // namespace

TEST_CASE("prometheus: answers have the shapes of the OpenAPI description") {
  auto folder = kansoku::test::conformance("prometheus/api");
  if (!folder) {
    kansoku::test::skip("prometheus: answers have the shapes of the OpenAPI description");
    return;
  }
  auto path = *folder / "openapi_3.1_golden.yaml";
  auto document = wire::parse_yaml(kansoku::test::read_text(path), path.string());
  REQUIRE_MESSAGE(document.has_value(), document.error().to_string());
  Schemas schemas(*document);
  Fixture f;
  f.write_some();
  f.write_v2({{.labels = {{"__name__", "lat_bucket"}, {"le", "1"}},
               .samples = {{kNowMs, 1}},
               .exemplars = {{{{"trace_id", "abc"}}, 0.25, kNowMs}},
               .type = 3,
               .help = "latency"}});
  ResultSeries floats{.labels = *signal::Labels::from({{"job", "x"}}), .floats = {{1'500, 0.1}}};
  ResultSeries histograms{
      .labels = floats.labels,
      .histograms = {{.timestamp_ms = 1'000, .count = 3, .buckets = {{0, 1, 2, 3}}}}};
  f.engine.answer->series = {floats, histograms};
  f.engine.answer->stats = QueryStats{.samples_queryable = 5, .per_step = {{1'000, 5}}};
  f.notifications.add("Something happens.");
  f.parts =
      std::vector<StoredPart>{{.id = 7, .level = 2, .first_ms = 1, .last_ms = 2, .points = 3}};
  f.metrics_text = "# HELP a b\n# TYPE a gauge\na{c=\"d\"} 1\n# EOF\n";
  for (const Case& one : std::initializer_list<Case>{
           {"/api/v1/query?query=up", "QueryOutputBody"},
           {"/api/v1/series?match[]=up", "SeriesOutputBody"},
           {"/api/v1/labels", "LabelsOutputBody"},
           {"/api/v1/labels?limit=1", "LabelsOutputBody"},
           {"/api/v1/label/job/values", "LabelValuesOutputBody"},
           {"/api/v1/metadata", "MetadataOutputBody"},
           {"/api/v1/query_exemplars?query=lat_bucket", "QueryExemplarsOutputBody"},
           {"/api/v1/format_query?query=up", "FormatQueryOutputBody"},
           {"/api/v1/parse_query?query=up", "ParseQueryOutputBody"},
           {"/api/v1/status/buildinfo", "StatusBuildInfoOutputBody"},
           {"/api/v1/status/runtimeinfo", "StatusRuntimeInfoOutputBody"},
           {"/api/v1/status/flags", "StatusFlagsOutputBody"},
           {"/api/v1/status/config", "StatusConfigOutputBody"},
           {"/api/v1/status/tsdb", "StatusTSDBOutputBody"},
           {"/api/v1/status/walreplay", "StatusWALReplayOutputBody"},
           {"/api/v1/status/tsdb/blocks", "StatusTSDBBlocksOutputBody"},
           {"/api/v1/status/self_metrics", "StatusSelfMetricsOutputBody"},
           {"/api/v1/features", "FeaturesOutputBody"},
           {"/api/v1/notifications", "NotificationsOutputBody"},
           {"/api/v1/search/label_values", "Error"},
           {"/api/v1/series", "Error"},
           {"/api/v1/query?query=(", "Error"},
           {"/api/v1/nothing", "Error"}}) {
    auto value = wire::parse_json(f.get(one.target).body);
    REQUIRE(value.has_value());
    const Node* schema = schemas.named(one.schema);
    REQUIRE_MESSAGE(schema != nullptr, std::string(one.schema));
    std::string reason = schemas.check(*value, *schema);
    CHECK_MESSAGE(reason.empty(), one.target << " " << reason);
  }
  f.engine.answer->type = ResultType::Matrix;
  // Not strings: the description says two texts where the reference server writes a number first.
  for (ResultType type : {ResultType::Matrix, ResultType::Scalar}) {
    f.engine.answer->type = type;
    auto value = wire::parse_json(f.get("/api/v1/query_range?query=up&start=0&end=9&step=1").body);
    REQUIRE(value.has_value());
    std::string reason = schemas.check(*value, *schemas.named("QueryRangeOutputBody"));
    CHECK_MESSAGE(reason.empty(), reason);
  }
}

// The description has search answers as text with an example: lines of the same members.
TEST_CASE("prometheus: answers of the search have the members of the description's examples") {
  auto folder = kansoku::test::conformance("prometheus/api");
  if (!folder) {
    kansoku::test::skip("prometheus: answers of the search have the members of the examples");
    return;
  }
  auto path = *folder / "openapi_3.1_golden.yaml";
  auto document = wire::parse_yaml(kansoku::test::read_text(path), path.string());
  REQUIRE(document.has_value());
  Fixture f;
  f.write_some();
  for (auto [subject, query] : {std::pair<std::string, std::string>{"metric_names", ""},
                                {"label_names", ""},
                                {"label_values", "?label=job"}}) {
    INFO(subject);
    const Node* example = document->find("paths");
    for (std::string_view key :
         {"get", "responses", "200", "content", "application/x-ndjson", "examples"}) {
      if (key == "get") example = example->find("/search/" + subject);
      REQUIRE(example != nullptr);
      example = example->find(key);
    }
    REQUIRE(example != nullptr);
    std::string text = example->entries.at(0).value.find("value")->scalar;
    auto members = [](std::string_view lines) {
      std::vector<std::string> out;
      while (!lines.empty()) {
        auto line = wire::parse_json(lines.substr(0, lines.find('\n')));
        REQUIRE(line.has_value());
        for (const Node::Entry& entry : line->entries) {
          out.push_back(entry.key);
          if (entry.key != "results") continue;
          REQUIRE_FALSE(entry.value.items.empty());
          // Type and help come with include_metadata.
          out.push_back(entry.value.items[0].entries.at(0).key);
        }
        size_t end = lines.find('\n');
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
      }
      return out;
    };
    CHECK(members(f.get("/api/v1/search/" + subject + query).body) == members(text));
  }
}

// "query! time timeout" of an operation's parameters, or of its form.
std::vector<std::string> parameters_of(const Node& operation, const Node& document) {
  std::vector<std::string> out;
  if (const Node* list = operation.find("parameters")) {
    for (const Node& one : list->items) {
      bool required = one.find("required") != nullptr && one.find("required")->scalar == "true";
      out.push_back(std::string(one.text_of("name")) + (required ? "!" : ""));
    }
  }
  if (const Node* body = operation.find("requestBody")) {
    const Node* schema = &body->find("content")->entries.at(0).value.entries.at(0).value;
    if (std::string_view reference = schema->text_of("$ref"); !reference.empty()) {
      schema = document.find("components")
                   ->find("schemas")
                   ->find(reference.substr(reference.rfind('/') + 1));
    }
    const Node* required = schema->find("required");
    for (const Node::Entry& entry : schema->find("properties")->entries) {
      bool needed = required != nullptr &&
                    std::any_of(required->items.begin(), required->items.end(),
                                [&](const Node& one) { return one.scalar == entry.key; });
      out.push_back(entry.key + (needed ? "!" : ""));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST_CASE("prometheus: every route is in the API's own description") {
  Fixture f;
  auto answer = f.get("/api/v1/openapi.yaml");
  CHECK(answer.status == 200);
  CHECK(answer.headers.get("content-type") == "application/yaml; charset=utf-8");
  auto own = wire::parse_yaml(answer.body, "openapi.yaml");
  REQUIRE(own.has_value());
  CHECK(own->text_of("openapi") == "3.1.0");
  std::set<std::string> ids;
  size_t operations = 0;
  for (const Node::Entry& path : own->find("paths")->entries) {
    for (const Node::Entry& operation : path.value.entries) {
      ++operations;
      ids.emplace(operation.value.text_of("operationId"));
      if (operation.key != "get" || path.key.ends_with("/live")) continue;
      std::string target = "/api/v1" + path.key;
      if (size_t open = target.find("{name}"); open != std::string::npos) {
        target.replace(open, 6, "job");
      }
      INFO(target);
      int status = f.get(target).status;
      CHECK(status != 404);
      CHECK(status != 405);
    }
  }
  CHECK(operations > 35);
  CHECK(ids.size() == operations);
  CHECK(parameters_of(*own->find("paths")->find("/query_range")->find("post"), *own) ==
        std::vector<std::string>{"end!", "limit", "lookback_delta", "query!", "start!", "stats",
                                 "step!", "timeout"});
}

TEST_CASE("prometheus: routes take the parameters of the OpenAPI description") {
  auto folder = kansoku::test::conformance("prometheus/api");
  if (!folder) {
    kansoku::test::skip("prometheus: routes take the parameters of the OpenAPI description");
    return;
  }
  auto path = *folder / "openapi_3.1_golden.yaml";
  auto theirs = wire::parse_yaml(kansoku::test::read_text(path), path.string());
  REQUIRE(theirs.has_value());
  Fixture f;
  auto own = wire::parse_yaml(f.get("/api/v1/openapi.yaml").body, "openapi.yaml");
  REQUIRE(own.has_value());
  std::vector<std::string> missing;
  for (const Node::Entry& one : theirs->find("paths")->entries) {
    const Node* mine = own->find("paths")->find(one.key);
    if (mine == nullptr) {
      missing.push_back(one.key);
      continue;
    }
    for (const Node::Entry& operation : one.value.entries) {
      INFO(one.key << " " << operation.key);
      const Node* served = mine->find(operation.key);
      REQUIRE(served != nullptr);
      CHECK(parameters_of(*served, *own) == parameters_of(operation.value, *theirs));
    }
  }
  // The server role's.
  CHECK(missing == std::vector<std::string>{"/scrape_pools", "/scrape_pools/config", "/targets",
                                            "/targets/metadata", "/targets/relabel_steps", "/rules",
                                            "/alerts", "/alertmanagers", "/otlp/v1/metrics"});
}

}  // namespace kansoku::api::prometheus
