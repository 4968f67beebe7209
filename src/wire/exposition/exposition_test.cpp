#include "wire/exposition/exposition.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "support/conformance.h"
#include "wire/exposition/batches.h"

namespace kansoku::wire::exposition {
namespace {

struct Recorder final : Visitor {
  std::string out;
  void type(std::string_view family, MetricType type) override {
    out += fmt::format("T {} {}\n", family, static_cast<int>(type));
  }
  void help(std::string_view family, std::string_view text) override {
    out += fmt::format("H {} [{}]\n", family, text);
  }
  void unit(std::string_view family, std::string_view unit) override {
    out += fmt::format("U {} {}\n", family, unit);
  }
  void sample(Sample& s) override {
    out += fmt::format("{}", s.name);
    for (const auto& label : s.labels) {
      if (label.name != "__name__") out += fmt::format(" {}=<{}>", label.name, label.value);
    }
    out += fmt::format(" {}", s.value);
    if (s.timestamp_ms) out += fmt::format(" @{}", *s.timestamp_ms);
    if (s.exemplar != nullptr) {
      out += fmt::format(" # {}={} {}", s.exemplar->labels.at(0).name,
                         s.exemplar->labels.at(0).value, s.exemplar->value);
      if (s.exemplar->timestamp_ms) out += fmt::format(" @{}", *s.exemplar->timestamp_ms);
    }
    out += '\n';
  }
};

std::string read(std::string_view text, Format format, Checks checks = Checks::Families) {
  Recorder recorder;
  auto parsed = parse(text, {.format = format, .checks = checks}, recorder);
  return parsed ? recorder.out : recorder.out + "! " + parsed.error().to_string();
}

bool good(std::string_view text, Format format, Checks checks = Checks::Families) {
  return read(text, format, checks).find("! ") == std::string::npos;
}

TEST_CASE("text 0.0.4: blanks, escapes, comments and timestamps are read as written") {
  CHECK(read("# a comment\n#\n\n  # HELP  a \t two\\nlines \\\\ \"x\"\n# TYPE a counter\n"
             "a{b=\"c\\\"\\\\\\n\" , d = \"\",}3 -5\n a 0x1\n",
             Format::Text004) ==
        "H a [two\nlines \\ \"x\"]\nT a 1\na b=<c\"\\\n> d=<> 3 @-5\n"
        "! line 7, column 4: \"0x1\" is not a number");
  CHECK(read("a +Inf\nb -inf 12\nc nan\nd .5e-3\ne 1e-999\n", Format::Text004) ==
        "a inf\nb -inf @12\nc nan\nd 0.0005\ne 0\n");
}

TEST_CASE("text 1.0.0: names may be quoted, alone or among the labels") {
  CHECK(read("{\"my.metric\"} 1\n{\"m 2\",\"l.x\"=\"v\"} 2\n# TYPE \"my.other\" gauge\n",
             Format::Text100) == "my.metric 1\nm 2 l.x=<v> 2\nT my.other 2\n");
  CHECK_FALSE(good("{a=\"b\"} 1\n", Format::Text100));
  CHECK_FALSE(good("{\"a\",\"b\"} 1\n", Format::Text100));
  CHECK_FALSE(good("a{\"b\"} 1\n", Format::Text100));
}

TEST_CASE("a problem names line, column and what is wrong") {
  auto problem = [](std::string_view text) { return read(text, Format::Text004); };
  CHECK(problem("a 1\nb{c=\"d} 2\n") ==
        "a 1\n! line 2, column 5: a quote that is not closed on its line");
  CHECK(problem("a{b=\"c\"} 1 2 3\n") == "! line 1, column 14: something after the timestamp");
  CHECK(problem("a{b=c} 1\n") == "! line 1, column 5: a label value begins with a quote");
  CHECK(problem("a{b=\"c\" d=\"e\"} 1\n") ==
        "! line 1, column 9: neither ',' nor '}' after a label");
  CHECK(problem("a 1 2.5\n") ==
        "! line 1, column 5: \"2.5\" is no timestamp in whole milliseconds");
  CHECK(problem("a{b=\"c\",b=\"d\"} 1\n") == "! line 1, column 1: label \"b\" occurs twice");
  CHECK(problem("a 1") ==
        "a 1\n! line 1, column 4: the last line does not end: is the text cut off?");
  CHECK(problem("a 1\n# TYPE a gauge\n") ==
        "a 1\n! line 2, column 1: a second TYPE line for \"a\", or one after its samples");
  CHECK(problem("a{b=\"\xff\"} 1\n") == "! line 1, column 5: the text is not UTF-8");
}

TEST_CASE("what a scrape may do and a file may not") {
  for (std::string_view text : {"a 1", "# HELP a x\n# HELP a y\n",
                                "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "a{b=\"\\x\"} 1\n"}) {
    CHECK(good(text, Format::Text004, Checks::Lines));
    CHECK_FALSE(good(text, Format::Text004, Checks::Families));
  }
}

TEST_CASE("OpenMetrics: samples, seconds, exemplars and metadata") {
  CHECK(
      read("# TYPE a_s counter\n# UNIT a_s s\n# HELP a_s x\\\"y\n"
           "a_s_total{b=\"c\"} 3 1.5 # {id=\"7\"} 0.25 -1.25\na_s_created{b=\"c\"} 1 1.5\n# EOF\n",
           Format::OpenMetrics) ==
      "T a_s 1\nU a_s s\nH a_s [x\"y]\na_s_total b=<c> 3 @1500 # id=7 0.25 @-1250\n"
      "a_s_created b=<c> 1 @1500\n");
  CHECK(read("a 1\n# EOF", Format::OpenMetrics) == "a 1\n");
}

TEST_CASE("OpenMetrics: the rules of lines, families and types") {
  for (std::string_view text : {
           "",                                // no EOF
           "a 1\n# EOF\nb 1\n",               // after the end
           "\n# EOF\n",                       // an empty line
           "# comment\n# EOF\n",              // no such comment
           "a  1\n# EOF\n",                   // two spaces
           "a 1 \n# EOF\n",                   // a space at the end
           "a{b= \"c\"} 1\n# EOF\n",          // a space inside
           "# TYPE a untyped\n# EOF\n",       // the text format's word
           "# TYPE a counter\na 1\n# EOF\n",  // no suffix
           "# TYPE a counter\na_total -1\n# EOF\n",
           "# TYPE a counter\na_total NaN\n# EOF\n",
           "a 1\nb 1\na{c=\"d\"} 1\n# EOF\n",  // not together
           "a 1\na 1\n# EOF\n",                // twice
           "a 1\n# TYPE a gauge\n# EOF\n",     // metadata late
           "# HELP a x\n# HELP a y\n# EOF\n",
           "# UNIT a seconds\n# EOF\n",
           "# TYPE a info\na_info 2\n# EOF\n",
           "# TYPE a stateset\na 1\n# EOF\n",
           "# TYPE a stateset\na{a=\"x\"} 2\n# EOF\n",
           "# TYPE a summary\na{quantile=\"1.5\"} 1\n# EOF\n",
           "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_count 1\na_sum 1\n# EOF\n",
           "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n",
           "# TYPE a histogram\na_bucket{le=\"+Inf\"} 2\na_count 1\n# EOF\n",
           "# TYPE a histogram\na_bucket 2\n# EOF\n",
           "# TYPE a gauge\na 1 # {b=\"c\"} 1\n# EOF\n",
           "a{b=\"c\"} 1 1\na{b=\"c\"} 1\n# EOF\n",
       }) {
    INFO(text);
    CHECK_FALSE(good(text, Format::OpenMetrics));
  }
  for (std::string_view text : {
           "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum "
           "1\n# EOF\n",
           "# TYPE a stateset\na{a=\"x\"} 1\na{a=\"y\"} 0\n# EOF\n",
           "# TYPE a summary\na{quantile=\"0.5\"} NaN\na_count 0\na_sum 0\n# EOF\n",
           "# TYPE a counter\na_total 1 1\na_total 2 2\na_total{b=\"c\"} 1 1\n# EOF\n",
           "# TYPE a gauge\n# TYPE b gauge\nb 1\n# EOF\n",
           "# TYPE a_total counter\na_total 1\n# EOF\n",
       }) {
    INFO(text);
    CHECK(read(text, Format::OpenMetrics).find("! ") == std::string::npos);
  }
}

TEST_CASE("content types and files say which format they are") {
  CHECK(format_of("text/plain; version=0.0.4; charset=utf-8") == Format::Text004);
  CHECK(format_of("text/plain;version=1.0.0;escaping=allow-utf-8") == Format::Text100);
  CHECK(format_of("application/openmetrics-text; version=1.0.0") == Format::OpenMetrics);
  CHECK(format_of("") == Format::Text004);
  CHECK_FALSE(format_of("application/json").has_value());
  CHECK(guess_format("a 1\n# EOF\n") == Format::OpenMetrics);
  CHECK(guess_format("# EOF") == Format::OpenMetrics);
  CHECK(guess_format("# EOF\na 1\n") == Format::Text100);
}

TEST_CASE("batches hold each series once, whatever the order of its labels") {
  std::vector<std::shared_ptr<const signal::MetricBatch>> batches;
  BatchVisitor visitor({.now_ms = 77, .points_max = 3},
                       [&](auto batch) { batches.push_back(batch); });
  REQUIRE(parse("# HELP a x\na{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\",d=\"\"} 2 5\nb 3\nb 4\n",
                {.format = Format::Text004, .checks = Checks::Lines}, visitor));
  visitor.finish();
  REQUIRE(batches.size() == 2);
  CHECK(batches[0]->series_count() == 2);
  CHECK(std::vector(batches[0]->timestamps_ms().begin(), batches[0]->timestamps_ms().end()) ==
        std::vector<int64_t>{77, 5, 77});
  CHECK(batches[1]->point_count() == 1);
  CHECK(visitor.samples() == 4);
  CHECK(visitor.families().at(0).help == "x");
}

TEST_CASE("conformance: real scrape bodies and the parser corpus") {
  auto root = test::conformance("prometheus/exposition");
  if (!root) {
    test::skip("exposition");
    return;
  }
  size_t cases = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*root)) {
    if (!entry.is_regular_file()) continue;
    std::string name = entry.path().filename();
    std::string folder = entry.path().parent_path().filename();
    std::string text = test::read_text(entry.path());
    INFO(name);
    if (name.ends_with(".om.txt")) {
      CHECK(read(text, Format::OpenMetrics, Checks::Lines).find("! ") == std::string::npos);
      std::string out = read(text, Format::OpenMetrics);
      INFO(out);
      CHECK(out.find("! ") == std::string::npos);
    } else if (folder == "parse-corpus") {
      bool bad = name.find("error") != std::string::npos;
      std::string out = read(text, Format::Text004);
      INFO(out);
      CHECK((out.find("! ") != std::string::npos) == bad);
    } else if (name.ends_with(".prom.txt") || name == "text") {
      std::string out = read(text, Format::Text004);
      CHECK(out.find("! ") == std::string::npos);
      CHECK(std::count(out.begin(), out.end(), '\n') > 50);
    } else {
      continue;
    }
    ++cases;
  }
  CHECK(cases >= 17);
}

TEST_CASE("what node_exporter and others print is read") {
  auto root = test::conformance("prometheus/node_exporter");
  if (!root) {
    test::skip("node_exporter bodies");
    return;
  }
  size_t bodies = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*root)) {
    std::string name = entry.path().filename();
    if (!entry.is_regular_file() || !name.starts_with("e2e-output")) continue;
    std::string out = read(test::read_text(entry.path()), Format::Text004, Checks::Lines);
    INFO(name, " ", out.substr(out.size() > 200 ? out.size() - 200 : 0));
    CHECK(out.find("! ") == std::string::npos);
    ++bodies;
  }
  CHECK(bodies > 0);
}

}  // namespace
}  // namespace kansoku::wire::exposition
