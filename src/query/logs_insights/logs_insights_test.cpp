#include <doctest/doctest.h>

#include "query/logs_insights/test_bench.h"
#include "support/conformance.h"

namespace kansoku::query::logs_insights {
namespace {

using namespace test_support;

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 't' || text[i + 1] == 'n');
    if (escape) {
      out += text[++i] == 't' ? '\t' : '\n';
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream in(test::read_text(path));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Event event_of(const std::string& rest) {
  std::istringstream in(rest);
  Event out;
  in >> out.ms >> out.group >> out.stream;
  std::getline(in, out.message);
  out.message = unescaped(out.message.substr(std::min<size_t>(1, out.message.size())));
  out.ms += 1'700'000'000'000;
  return out;
}

// Runs a script; with KANSOKU_REWRITE set it writes the file anew, with what queries give now.
void run_script(const std::filesystem::path& path, size_t& cases) {
  Bench bench;
  bench.tables["users"] = std::make_shared<rows::LookupRows>(rows::LookupRows{
      {"id", "name", "team"}, {{"1", "ann", "red"}, {"2", "bob", "blue"}, {"2", "ben", "x"}}});
  const std::vector<std::string> script = lines_of(path);
  const bool rewrite = std::getenv("KANSOKU_REWRITE") != nullptr;
  std::string written;
  for (size_t i = 0; i < script.size();) {
    const std::string& line = script[i++];
    written += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    const size_t space = std::min(line.find(' '), line.size());
    const std::string verb = line.substr(0, space);
    const std::string rest = line.substr(std::min(space + 1, line.size()));
    if (verb == "clear") {
      bench.clear();
      continue;
    }
    if (verb == "event") {
      bench.add({event_of(rest)});
      continue;
    }
    if (verb == "range") {
      std::istringstream in(rest);
      in >> bench.begin_ms >> bench.end_ms;
      bench.begin_ms += 1'700'000'000'000;
      bench.end_ms += 1'700'000'000'000;
      continue;
    }
    INFO(path.filename().string(), ":", i, " ", line);
    if (verb == "compile") {
      const auto plan = compile(unescaped(rest));
      CHECK_MESSAGE(plan.has_value(), plan.error().start, " ", plan.error().message);
      ++cases;
      continue;
    }
    REQUIRE(verb == "query");
    ++cases;
    std::vector<std::string> expected;
    while (i < script.size() && script[i].starts_with("  "))
      expected.push_back(script[i++].substr(2));
    std::vector<std::string> given = bench.run(unescaped(rest));
    if (given.empty()) given = {"-"};
    for (const std::string& one : given) written += "  " + one + "\n";
    if (rewrite) continue;
    std::string shown;
    for (const std::string& one : given) shown += "\n  " + one;
    CHECK_MESSAGE(given == expected, shown);
  }
  if (rewrite) std::ofstream(path, std::ios::binary) << written;
}

}  // namespace

TEST_CASE("logs insights scripts") {
  size_t cases = 0;
  const auto folder =
      std::filesystem::path(KANSOKU_SOURCE_DIR) / "src/query/logs_insights/testdata";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") run_script(file.path(), cases);
  }
  CHECK(cases > 200);
}

TEST_CASE("every command and function has three cases, one of them an error") {
  std::string all;
  const auto folder =
      std::filesystem::path(KANSOKU_SOURCE_DIR) / "src/query/logs_insights/testdata";
  std::vector<std::pair<std::string, bool>> queries;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const auto script = lines_of(file.path());
    for (size_t i = 0; i + 1 < script.size(); ++i) {
      if (!script[i].starts_with("query ")) continue;
      queries.emplace_back(script[i].substr(6), script[i + 1].starts_with("  ERROR"));
    }
  }
  for (const Doc& doc : docs()) {
    if (doc.group == "operator") continue;
    INFO(std::string(doc.name));
    const std::string call = std::string(doc.name) + (doc.group == "command" ? "" : "(");
    size_t uses = 0;
    size_t errors = 0;
    for (const auto& [query, error] : queries) {
      const size_t at = query.find(call);
      if (at == std::string::npos) continue;
      ++uses;
      errors += error ? 1 : 0;
    }
    CHECK(uses >= 3);
    CHECK(errors >= 1);
  }
}

TEST_CASE("the guide has every command and function") {
  const auto path = std::filesystem::path(KANSOKU_SOURCE_DIR) / "docs/guides/logs-insights.md";
  const std::string page = test::read_text(path);
  constexpr std::string_view kMark = "a test keeps it so -->\n";
  const size_t mark = page.find(kMark);
  REQUIRE(mark != std::string::npos);
  std::string table;
  std::string_view group;
  for (const Doc& doc : docs()) {
    if (doc.group != group) {
      group = doc.group;
      table += fmt::format("\n### {}\n\n| | |\n|---|---|\n", group);
    }
    std::string signature;
    for (const char c : doc.signature) signature += c == '|' ? "\\|" : std::string(1, c);
    table += fmt::format("| `{}` | {} |\n", signature, doc.doc);
  }
  const size_t begin = mark + kMark.size();
  if (std::getenv("KANSOKU_REWRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << page.substr(0, begin) << table;
  } else {
    CHECK(page.substr(begin) == table);
  }
}

}  // namespace kansoku::query::logs_insights
