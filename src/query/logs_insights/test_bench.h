// A store with events, and queries over it: what the tests of this folder share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/env/sim.h"
#include "query/logs_insights/logs_insights.h"
#include "store/reference/reference_events.h"

namespace kansoku::query::logs_insights::test_support {

inline constexpr int64_t kNsPerMs = 1'000'000;
inline const signal::Scope kScope{"123456789012", "eu-central-1"};

struct Event {
  int64_t ms = 0;
  std::string group;
  std::string stream;
  std::string message;
};

// A store with events, and queries over it.
class Bench {
 public:
  Bench() : store_(std::make_unique<store::ReferenceEventStore>(clock_)) {}

  void clear() { store_ = std::make_unique<store::ReferenceEventStore>(clock_); }
  void add(const std::vector<Event>& events) {
    signal::EventBatchBuilder builder;
    std::map<std::pair<std::string, std::string>, uint32_t> streams;
    for (const Event& one : events) {
      const auto [entry, fresh] = streams.try_emplace({one.group, one.stream}, 0);
      if (fresh) entry->second = builder.add_stream({.group = one.group, .stream = one.stream});
      builder.add_row(entry->second, one.ms * kNsPerMs);
      builder.set_text(store::kMessagePath, one.message);
    }
    store_->append(
        {.scope = kScope,
         .batch = builder.finish(),
         .token = signal::AckToken(events.size(), nullptr, Lane::Ingest, [](signal::Verdict) {})});
  }

  rows::RowsRequest request() {
    rows::RowsRequest out;
    out.store = store_.get();
    out.scan = {.scope = kScope,
                .begin_ns = begin_ms * kNsPerMs,
                .end_ns = end_ms * kNsPerMs,
                .groups = groups};
    out.now_ms = end_ms;
    out.groups = [](const rows::SourceGroups& source) -> Result<std::vector<std::string>> {
      std::vector<std::string> found = source.names;
      for (const std::string name : {"app", "other", "prefix/a", "prefix/b"}) {
        const bool taken = std::ranges::any_of(
            source.prefixes, [&](const std::string& one) { return name.starts_with(one); });
        if (taken || (source.all && source.prefixes.empty())) found.push_back(name);
      }
      return found;
    };
    out.lookup =
        [this](const std::string& name) -> Result<std::shared_ptr<const rows::LookupRows>> {
      const auto found = tables.find(name);
      if (found == tables.end()) return not_found("no lookup table {}", kansoku::quoted(name));
      return found->second;
    };
    return out;
  }
  Result<std::shared_ptr<const rows::RowsTable>> table(std::shared_ptr<const rows::Plan> plan) {
    QueryContext context(clock_, limits);
    rows::RowsQuery query(std::move(plan), request(), context);
    auto out = query.run();
    statistics = query.statistics();
    return out;
  }
  // Rows as "field=value; ...", or "ERROR ...". Pointers are left out.
  std::vector<std::string> run(const std::string& text) {
    const auto plan = compile(text);
    if (!plan) {
      return {fmt::format("ERROR {}-{} {}", plan.error().start, plan.error().end,
                          plan.error().message)};
    }
    const auto found = table(*plan);
    if (!found) return {"FAILED " + found.error().message};
    return lines(**found);
  }
  static std::vector<std::string> lines(const rows::RowsTable& table) {
    std::vector<std::string> out;
    for (size_t row = 0; row < table.rows.size(); ++row) {
      std::string& line = out.emplace_back();
      for (const Field& field : shown_row(table, row)) {
        if (field.field == "@ptr") continue;
        line += fmt::format("{}{}={}", line.empty() ? "" : "; ", field.field, field.value);
      }
      std::string escaped;
      for (const char c : line)
        escaped += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
      line = std::move(escaped);
    }
    return out;
  }

  QueryLimits limits;
  int64_t begin_ms = 0;
  int64_t end_ms = 1'700'000'100'000;
  std::vector<std::string> groups{"app"};
  rows::RowsStatistics statistics;
  std::map<std::string, std::shared_ptr<const rows::LookupRows>> tables;
  env::SimClock clock_;
  std::unique_ptr<store::ReferenceEventStore> store_;
};

}  // namespace kansoku::query::logs_insights::test_support
