// Configurations of others: what is valid is translated, or refused by the name of what is not
// supported yet; what is invalid is refused where it is wrong.
#include "support/conformance.h"

#include <doctest/doctest.h>

#include "pipeline/dialects/cloudwatch_agent/dialect.h"
#include "pipeline/dialects/cloudwatch_agent/merge.h"

using namespace kansoku;
using namespace kansoku::pipeline;
namespace cw = kansoku::pipeline::cloudwatch_agent;
using wire::Node;

namespace {

// A section that is refused by name stands in the document.
bool has_unsupported(const Node& document) {
  for (std::string_view section : {"metrics", "traces", "opentelemetry", "csm"}) {
    if (document.find(section) != nullptr) return true;
  }
  const Node* logs = document.find("logs");
  if (logs == nullptr) return false;
  const Node* collected = logs->find("logs_collected");
  const Node* metrics = logs->find("metrics_collected");
  auto other = [](const Node* node, std::set<std::string_view> known) {
    return node != nullptr && std::ranges::any_of(node->entries, [&](const Node::Entry& entry) {
             return !known.contains(entry.key);
           });
  };
  return other(collected, {"files", "journald"}) || other(metrics, {"emf", "structuredlog"});
}

// What the problems say in a file of the conformance data, or "" when it is accepted.
std::vector<wire::Problem> problems_in(const std::string& name, const std::string& text) {
  auto translation = cw::translate({{name, text}}, {});
  return translation ? std::vector<wire::Problem>() : std::move(translation.error());
}

bool refused_by_name(const std::vector<wire::Problem>& problems) {
  return !problems.empty() && std::ranges::all_of(problems, [](const wire::Problem& problem) {
    return problem.message.find("is not supported yet") != std::string::npos;
  });
}

// The invalid place, or what holds it and is refused as a whole.
bool names_place(const std::vector<wire::Problem>& problems, std::string_view pointer) {
  return std::ranges::any_of(problems, [&](const wire::Problem& problem) {
    const bool unsupported = problem.message.find("is not supported yet") != std::string::npos;
    return problem.pointer.starts_with(pointer) ||
           (unsupported && pointer.starts_with(problem.pointer));
  });
}

void check_file(const std::filesystem::path& root, const Node& file, size_t& accepted,
                size_t& refused) {
  const std::string path(file.text_of("path"));
  const std::string text = test::read_text(root / path);
  CAPTURE(path);
  const auto problems = problems_in(path, text);
  const std::string first = problems.empty() ? "" : problems.front().to_string();
  CAPTURE(first);
  if (file.text_of("schema") == "invalid") {
    CHECK_FALSE(problems.empty());
    for (const Node& pointer : file.find("error_pointers")->items) {
      CAPTURE(pointer.scalar);
      CHECK(names_place(problems, pointer.scalar));
    }
    ++refused;
    return;
  }
  auto document = wire::parse_json_document(text, path);
  REQUIRE(document.has_value());
  if (has_unsupported(*document)) {
    CHECK(refused_by_name(problems));
    ++refused;
  } else {
    CHECK(problems.empty());
    ++accepted;
  }
}

}  // namespace

TEST_CASE(
    "cloudwatch agent, conformance: configurations are accepted, or refused where they must") {
  auto root = test::conformance("cwagent");
  if (!root) return test::skip("cloudwatch agent, conformance: configurations");
  auto index = wire::parse_json_document(test::read_text(*root / "index.json"), "index.json");
  REQUIRE(index.has_value());
  size_t accepted = 0;
  size_t refused = 0;
  for (const Node& entry : index->find("entries")->items) {
    // Inputs of upstream's unit tests are never checked as whole configurations.
    if (entry.text_of("category") == "fragment" || entry.text_of("category") == "merge") continue;
    for (const Node& file : entry.find("files")->items) {
      if (!file.text_of("schema").empty()) check_file(*root, file, accepted, refused);
    }
  }
  MESSAGE(accepted << " accepted, " << refused << " refused");
  CHECK(accepted >= 15);
  CHECK(refused >= 100);
}

TEST_CASE("cloudwatch agent, conformance: merged files are what they must be") {
  auto root = test::conformance("cwagent/merge");
  if (!root) return test::skip("cloudwatch agent, conformance: merged files");
  size_t cases = 0;
  for (const auto& folder : std::filesystem::directory_iterator(*root)) {
    CAPTURE(folder.path().string());
    std::set<std::filesystem::path> inputs;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().filename().string().starts_with("input")) inputs.insert(file.path());
    }
    std::vector<std::string> names;
    for (const auto& input : inputs) names.push_back(input.filename());
    cw::Findings findings{names, {}, {}};
    std::optional<Node> merged;
    uint32_t file_index = 0;
    for (const auto& input : inputs) {
      auto node =
          wire::parse_json_document(test::read_text(input), names[file_index], {}, file_index);
      ++file_index;
      REQUIRE(node.has_value());
      if (merged) {
        cw::merge(*merged, std::move(*node), findings);
      } else {
        merged = std::move(*node);
      }
    }
    ++cases;
    const auto expected_path = folder.path() / "expected_output.json";
    if (!std::filesystem::exists(expected_path)) {
      CHECK_FALSE(findings.problems.empty());
      continue;
    }
    CHECK(findings.problems.empty());
    auto expected = wire::parse_json_document(test::read_text(expected_path), "expected");
    REQUIRE(expected.has_value());
    CHECK(wire::canonical(*merged) == wire::canonical(*expected));
  }
  CHECK(cases >= 5);
}

TEST_CASE("cloudwatch agent, conformance: common-config.toml") {
  auto root = test::conformance("cwagent/common-config");
  if (!root) return test::skip("cloudwatch agent, conformance: common-config.toml");
  for (const auto& file : std::filesystem::directory_iterator(*root)) {
    auto translation = cw::translate(
        {{"a.json", "{}"},
         {file.path(), test::read_text(file.path()), cw::SourceFile::Kind::CommonConfig}},
        {});
    REQUIRE(translation.has_value());
    const AgentSettings& settings = translation->graph.agent;
    CHECK_FALSE(settings.profile.empty());
    CHECK_FALSE(settings.https_proxy.empty());
    CHECK_FALSE(settings.ca_bundle_file.empty());
    CHECK(settings.imds_retries > 1);
  }
}
