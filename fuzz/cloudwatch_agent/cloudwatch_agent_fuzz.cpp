// Configurations of the CloudWatch agent: any two texts (with a NUL between) are translated, or
// refused with places inside them; what is translated can be explained.
#include "base/check.h"
#include "pipeline/dialects/cloudwatch_agent/dialect.h"
#include "pipeline/graph/explain.h"

using namespace kansoku;
namespace cw = kansoku::pipeline::cloudwatch_agent;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(text.find('\0'), text.size());
  std::vector<cw::SourceFile> files{{"a", std::string(text.substr(0, cut))}};
  if (cut < text.size()) files.push_back({"b", std::string(text.substr(cut + 1))});
  cw::HostFacts facts;
  facts.instance_id = "i-1";
  auto translation = cw::translate(files, facts, {.mode = cw::Mode::Ec2});
  if (translation) {
    KANSOKU_CHECK(!pipeline::explain(translation->graph, 0).empty());
    KANSOKU_CHECK(translation->graph.exporters.size() <= 1);
    return 0;
  }
  KANSOKU_CHECK(!translation.error().empty());
  for (const wire::Problem& problem : translation.error()) {
    const std::string& source = problem.file == "a" ? files.front().text : files.back().text;
    const auto lines = static_cast<size_t>(std::count(source.begin(), source.end(), '\n')) + 1;
    KANSOKU_CHECK(problem.at.line >= 1 && problem.at.line <= lines);
  }
  return 0;
}
