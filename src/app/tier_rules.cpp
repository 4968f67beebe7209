#include "app/tier_rules.h"

#include <algorithm>

#include "query/promql/parser.h"

namespace kansoku::app {
namespace {

using store::metrics::TierRule;
using wire::Node;

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kLongestMs = 36'500 * kDayMs;
constexpr std::string_view kExample =
    "write {match: '{job=\"node\"}', raw: 15d, tiers: {5m: 90d, 1h: 455d}}";

// One rule of the list, and where its mistakes go.
class RuleReader {
 public:
  RuleReader(size_t number, std::vector<std::string>& problems)
      : number_(number), problems_(problems) {}

  TierRule read(const Node& node) {
    if (node.kind != Node::Kind::Mapping) {
      problem("is not a mapping", kExample);
      return {};
    }
    for (const Node::Entry& entry : node.entries) {
      const std::vector<std::string> known{"match", "raw", "tiers"};
      if (std::ranges::find(known, entry.key) != known.end()) continue;
      const auto guess = wire::did_you_mean(entry.key, known);
      problem(fmt::format("has no key {}", quoted(entry.key)),
              guess ? fmt::format("did you mean \"{}\"?", *guess) : std::string(kExample));
    }
    read_match(node);
    read_raw(node);
    read_tiers(node);
    return std::move(rule_);
  }

 private:
  void problem(const std::string& what, std::string_view next) {
    problems_.push_back(fmt::format("rule {} {}; {}", number_, what, next));
  }

  void read_match(const Node& node) {
    const std::string_view text = node.text_of("match");
    if (text.empty()) {
      problem("has no match", "write a selector of series, such as '{job=\"node\"}'");
      return;
    }
    const auto parsed = query::promql::parse_selector(text);
    if (!parsed) {
      problem(fmt::format("has a match that is no selector: {}", parsed.error().to_string(text)),
              "write one such as '{job=\"node\"}'");
      return;
    }
    for (const query::promql::LabelMatcher& matcher : *parsed) {
      constexpr std::array<store::MatchOp, 4> kOps{store::MatchOp::Equal, store::MatchOp::NotEqual,
                                                   store::MatchOp::Regex, store::MatchOp::NotRegex};
      rule_.matchers.push_back(
          {matcher.name, kOps[static_cast<size_t>(matcher.type)], matcher.value});
    }
  }

  // A duration of at least `least_ms`, or nothing.
  std::optional<int64_t> duration(const Node& value, std::string_view what, int64_t least_ms,
                                  std::string_view why) {
    const auto ms = wire::parse_duration_ms(value.scalar);
    if (!ms) {
      problem(fmt::format("has a {}: {}", what, ms.error().message), kExample);
      return std::nullopt;
    }
    if (*ms >= least_ms && *ms <= kLongestMs) return *ms;
    problem(fmt::format("has a {} of {}", what, value.scalar),
            fmt::format("it takes {}d ({}) to 36500d", least_ms / kDayMs, why));
    return std::nullopt;
  }

  void read_raw(const Node& node) {
    const Node* raw = node.find("raw");
    if (raw == nullptr) return;
    rule_.raw_ms =
        duration(*raw, "raw", store::kReplaceRetentionMs, "points may come two weeks late")
            .value_or(store::kReplaceRetentionMs);
  }

  void read_tiers(const Node& node) {
    const Node* tiers = node.find("tiers");
    if (tiers == nullptr || tiers->kind != Node::Kind::Mapping || tiers->entries.empty()) {
      problem("has no tiers", "write how long cells are kept, such as tiers: {5m: 90d, 1h: 455d}");
      return;
    }
    for (const Node::Entry& entry : tiers->entries) {
      const auto resolution = wire::parse_duration_ms(entry.key);
      const auto tier =
          resolution ? std::ranges::find(store::kTiersMs, *resolution) : store::kTiersMs.end();
      if (tier == store::kTiersMs.end()) {
        problem(fmt::format("has a tier of {}", quoted(entry.key)), "there are 1m, 5m and 1h");
        continue;
      }
      // What is kept no longer than the points is never asked for.
      const int64_t least_ms = (rule_.raw_ms / kDayMs + 1) * kDayMs;
      const auto keep = duration(entry.value, fmt::format("tier {}", entry.key), least_ms,
                                 "longer than its points");
      if (keep) rule_.keep_ms[static_cast<size_t>(tier - store::kTiersMs.begin())] = *keep;
    }
  }

  size_t number_;
  std::vector<std::string>& problems_;
  TierRule rule_;
};

}  // namespace

std::vector<TierRule> read_tier_rules(const Node& list, std::vector<std::string>& problems) {
  std::vector<TierRule> out;
  if (list.kind != Node::Kind::Sequence) {
    problems.push_back(fmt::format("is not a list of rules; {}", kExample));
    return out;
  }
  if (list.items.size() > store::metrics::kTierRulesMax) {
    problems.push_back(fmt::format("has {} rules, limit {}; join some with a regular expression",
                                   list.items.size(), store::metrics::kTierRulesMax));
    return out;
  }
  for (const Node& item : list.items) {
    out.push_back(RuleReader(out.size() + 1, problems).read(item));
  }
  return out;
}

}  // namespace kansoku::app
