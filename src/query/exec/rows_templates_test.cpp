#include "query/exec/rows_templates.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "support/conformance.h"

namespace kansoku::query::rows {
namespace {

// Fields of a line of comma-separated values, RFC 4180.
std::vector<std::string> fields_of(const std::string& text, size_t& at) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"') {
        out.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        out.back() += text[++at];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      out.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      out.back() += c;
    }
  }
  return out;
}

// Share of the lines whose group is, line by line, a group of the truth.
double accuracy(const std::vector<std::string>& truth, const std::vector<uint32_t>& found) {
  std::map<std::string, std::set<size_t>> truths;
  std::map<uint32_t, std::set<size_t>> groups;
  for (size_t i = 0; i < truth.size(); ++i) {
    truths[truth[i]].insert(i);
    groups[found[i]].insert(i);
  }
  size_t right = 0;
  for (const auto& [group, lines] : groups) {
    if (truths[truth[*lines.begin()]] == lines) right += lines.size();
  }
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

std::vector<std::string> mined(const std::vector<std::string>& messages) {
  TemplateMiner miner;
  for (const std::string& one : messages) miner.add(one);
  std::vector<std::string> out;
  for (const Template& one : miner.templates()) {
    out.push_back(fmt::format("{} {}", one.count, one.text));
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("values become variables, words stay") {
  CHECK(mined({"took 17 ms", "took 18 ms", "took long"}) == Lines{"2 took <*> ms", "1 took long"});
  CHECK(mined({"from 10.0.0.1:80 to a.example.org", "from ::1 to b.example.org"}) ==
        Lines{"1 from <*>:<*> to <*>", "1 from ::<*> to <*>"});
  CHECK(mined({"open /etc/x user=ann", "open /var/y user=bob"}) == Lines{"2 open <*> user=<*>"});
  CHECK(mined({"size 12 KB left", "size 1.5 MB left"}) == Lines{"2 size <*> left"});
  CHECK(mined({"on Mon Jan 2", "on Tue Feb 3"}) == Lines{"2 on <*> <*> <*>"});
  CHECK(mined({"call f() ends", "call f(3) ends"}) == Lines{"2 call f(<*>) ends"});
  CHECK(mined({"", "  "}) == Lines{"2 "});
}

TEST_CASE("shapes that differ in one word are one from three on") {
  CHECK(mined({"door opened", "door closed"}) == Lines{"1 door opened", "1 door closed"});
  CHECK(mined({"user ann left", "user bob left", "user eve left"}) == Lines{"3 user <*> left"});
  CHECK(mined({"ann", "bob", "eve"}).size() == 3);
}

TEST_CASE("two ranges are counted apart") {
  TemplateMiner miner;
  miner.add("a 1");
  miner.add("a 2", 3);
  miner.add("a 3", 0, true);
  miner.add("b", 0, true);
  const auto found = miner.templates();
  REQUIRE(found.size() == 2);
  CHECK(found[0].count == 2);
  CHECK(found[0].earlier == 1);
  CHECK(found[0].bins[3] == 1);
  CHECK(found[1].count == 0);
  CHECK(found[1].earlier == 1);
}

TEST_CASE("the number of shapes is bounded") {
  TemplateMiner miner;
  const auto word = [](size_t i) {
    std::string out;
    for (; i > 0; i /= 20) out += static_cast<char>('g' + i % 20);
    return out;
  };
  for (size_t i = 0; i < 3 * kShapesMax; ++i) {
    miner.add(fmt::format("{} {} {}", word(i), word(i * 7 + 1), word(i * 31 + 5)));
  }
  CHECK(miner.shapes() <= 2 * kShapesMax + 1);
  miner.add(std::string(100'000, '('));
  uint64_t count = 0;
  for (const Template& one : miner.templates()) count += one.count;
  CHECK(count == 3 * kShapesMax + 1);
}

TEST_CASE("severity is the first word that says it") {
  CHECK(severity_of("2024 [WARN] an error") == "Warning");
  CHECK(severity_of("Exception in thread") == "Error");
  CHECK(severity_of("level=info msg=x") == "Info");
  CHECK(severity_of("DEBUG x") == "Debug");
  CHECK(severity_of("terrors informed").empty());
}

TEST_CASE("templates of real systems are those of people") {
  const auto folder = test::conformance("logs");
  if (!folder) return test::skip("templates of real systems are those of people");
  double sum = 0;
  size_t systems = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename().string();
    const std::string csv = test::read_text(entry.path() / (name + "_2k.log_structured.csv"));
    size_t at = 0;
    const auto header = fields_of(csv, at);
    const auto column = [&](const char* wanted) {
      return static_cast<size_t>(std::ranges::find(header, wanted) - header.begin());
    };
    const size_t content = column("Content");
    const size_t event = column("EventId");
    TemplateMiner miner;
    std::vector<std::string> truth;
    std::vector<uint32_t> shapes;
    while (at < csv.size()) {
      const auto fields = fields_of(csv, at);
      REQUIRE(fields.size() == header.size());
      truth.push_back(fields[event]);
      shapes.push_back(miner.add(fields[content]));
    }
    std::vector<uint32_t> of_shape;
    (void)miner.templates(&of_shape);
    for (uint32_t& shape : shapes) shape = of_shape[shape];
    const double found = accuracy(truth, shapes);
    MESSAGE(name, " ", found);
    sum += found;
    ++systems;
  }
  REQUIRE(systems > 0);
  const double mean = sum / static_cast<double>(systems);
  MESSAGE("mean ", mean);
  CHECK(mean >= 0.85);
}

}  // namespace kansoku::query::rows
