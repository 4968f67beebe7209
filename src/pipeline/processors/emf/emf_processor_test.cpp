#include "pipeline/processors/emf/emf_processor.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "pipeline/graph/test_sinks.h"

namespace kansoku::pipeline::emf {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kNowMs = 1'000'000 * kMinuteMs;

struct Fixture {
  env::SimClock clock{env::WallTime{kNowMs * env::kNsPerMs}};
  TestEvents events;
  TestMetrics metrics;
  EmfProcessor processor{clock, events, metrics};

  bool push(std::vector<std::string> messages) {
    std::vector<std::pair<int64_t, std::string>> rows;
    for (std::string& message : messages) rows.emplace_back(kNowMs * env::kNsPerMs, message);
    return push_messages(processor, std::move(rows), "g");
  }
};

std::string emf(int64_t ms, std::string_view value, std::string_view unit = "Count") {
  return fmt::format(
      R"({{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"N","Dimensions":[["d"]],)"
      R"("Metrics":[{{"Name":"m","Unit":"{}"}}]}}]}},"d":"x","m":{}}})",
      ms, unit, value);
}

using Points = std::vector<std::string>;

}  // namespace

TEST_CASE("metrics of events are joined by minute, the events go on") {
  Fixture f;
  CHECK(f.push(
      {emf(kNowMs, "1"), "plain \"_aws\"", emf(kNowMs + 59'999, "[2,3]"), emf(kNowMs - 1, "5")}));
  CHECK(f.metrics.points == Points{"m d=x at 999999: 1*5", "m d=x at 1000000: 3*6"});
}

TEST_CASE("what breaks a rule of the format is counted in AWS/Logs") {
  Fixture f;
  CHECK(f.push({emf(kNowMs, "1", "Apples"), emf(kNowMs, "1") + "}",
                emf(kNowMs - kOldestMs - 1, "1"), emf(kNowMs + kNewestMs + 1, "1")}));
  CHECK(f.metrics.points == Points{"EMFParsingErrors LogGroupName=g at 1000000: 1*1",
                                   "EMFValidationErrors LogGroupName=g at 1000000: 3*3"});
}

TEST_CASE("events that are refused give no metrics") {
  Fixture f;
  f.events.verdict.status = unavailable("disk full");
  CHECK_FALSE(f.push({emf(kNowMs, "1")}));
  CHECK(f.metrics.points.empty());
}

}  // namespace kansoku::pipeline::emf
