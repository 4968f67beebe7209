#include "api/console/log_compare.h"

#include <algorithm>
#include <cmath>

#include "api/console/log_facets.h"
#include "api/console/log_run.h"
#include "api/console/log_stream.h"
#include "query/exec/rows_templates.h"

namespace kansoku::api::console {
namespace {

constexpr int64_t kProgressEveryNs = 250 * env::kNsPerMs;
constexpr uint64_t kRowUnits = 512;  // of a budget's step: a message is cut into words

struct Side {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  uint64_t events = 0;
  uint64_t seen = 0;  // of those of the pass over fields
  uint64_t every = 1;
  Facets facets{kCompareFieldRowsMax};
};

// One pattern or one value, on both sides.
struct Difference {
  std::string name;  // the pattern, or the field
  std::string value;
  std::string sample;
  ShareChange change;
  ShareEffect effect;
};

class Comparison {
 public:
  Comparison(const LogServices& services, LogAsk ask, std::shared_ptr<LineStream> stream)
      : services_(services), ask_(std::move(ask)), stream_(std::move(stream)) {
    const int64_t length = ask_.scan.end_ns - ask_.scan.begin_ns;
    now_.begin_ns = ask_.scan.begin_ns;
    now_.end_ns = ask_.scan.end_ns;
    before_.begin_ns = ask_.scan.begin_ns - kCompareTimes * length;
    before_.end_ns = ask_.scan.begin_ns;
  }
  void run(const store::EventStore& events, query::QueryContext& context) {
    const Status status = read(events, context);
    stream_->write(status ? answer(context.cost().elapsed_ms) : error_line({}, status.error()));
  }

 private:
  // Rows that are asked for, with their levels.
  using Take = std::function<Status(store::EventRows&, std::span<const LogLevel>)>;
  Status read(const store::EventStore& events, query::QueryContext& context);
  Status each(const store::EventStore& events, query::QueryContext& context, const Side& side,
              const Take& take);
  Status take_messages(store::EventRows& rows, Side& side, query::QueryContext& context);
  static Status take_fields(store::EventRows& rows, std::span<const LogLevel> levels, Side& side);
  void show_progress(query::QueryContext& context);
  std::vector<Difference> patterns() const;
  std::vector<Difference> fields() const;
  std::string answer(int64_t elapsed_ms) const;

  LogServices services_;
  LogAsk ask_;
  std::shared_ptr<LineStream> stream_;
  Side now_;
  Side before_;
  query::rows::TemplateMiner miner_;
  uint64_t rows_ = 0;
  int64_t next_progress_ns_ = 0;
};

Status Comparison::read(const store::EventStore& events, query::QueryContext& context) {
  next_progress_ns_ = services_.clock->monotonic_now().ns + kProgressEveryNs;
  for (Side* side : {&now_, &before_}) {
    KANSOKU_RETURN_IF_ERROR(each(events, context, *side, [&](auto& rows, auto) {
      return take_messages(rows, *side, context);
    }));
    side->every = side->events / kCompareFieldRowsMax + 1;
  }
  for (Side* side : {&now_, &before_}) {
    KANSOKU_RETURN_IF_ERROR(each(events, context, *side, [&](auto& rows, auto levels) {
      return take_fields(rows, levels, *side);
    }));
  }
  return {};
}

Status Comparison::each(const store::EventStore& events, query::QueryContext& context,
                        const Side& side, const Take& take) {
  KANSOKU_TRY(const LogTest test, LogTest::make(ask_));
  store::EventScan scan = ask_.scan;
  scan.begin_ns = side.begin_ns;
  scan.end_ns = side.end_ns;
  const auto report = events.scan(scan, [&](store::EventRows& rows) -> Result<bool> {
    rows_ += rows.size();
    KANSOKU_TRY(std::vector<LogLevel> levels, test.keep(rows));
    std::vector<uint32_t> kept;
    std::vector<LogLevel> kept_levels;
    for (uint32_t row = 0; row < rows.size(); ++row) {
      if (!ask_.levels[static_cast<size_t>(levels[row])]) continue;
      kept.push_back(row);
      kept_levels.push_back(levels[row]);
    }
    if (kept.size() < rows.size()) rows.keep(kept);
    if (!kept.empty()) KANSOKU_RETURN_IF_ERROR(take(rows, kept_levels));
    KANSOKU_RETURN_IF_ERROR(context.check());
    show_progress(context);
    return true;
  });
  if (!report) return std::unexpected(report.error());
  return {};
}

Status Comparison::take_messages(store::EventRows& rows, Side& side, query::QueryContext& context) {
  side.events += rows.size();
  KANSOKU_TRY(const std::span<const store::EventValues> columns, rows.columns(store::kMessagePath));
  const auto text = std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
  if (text == columns.end()) return {};
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!text->has(row)) continue;
    KANSOKU_RETURN_IF_ERROR(context.spend(kRowUnits));
    miner_.add(text->text(row), 0, &side == &before_);
  }
  return {};
}

// Every n-th: the newest ones alone would not stand for the range.
Status Comparison::take_fields(store::EventRows& rows, std::span<const LogLevel> levels,
                               Side& side) {
  if (side.every == 1) return side.facets.add(rows, levels);
  std::vector<uint32_t> kept;
  std::vector<LogLevel> kept_levels;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (side.seen++ % side.every != 0) continue;
    kept.push_back(row);
    kept_levels.push_back(levels[row]);
  }
  if (kept.empty()) return {};
  if (kept.size() < rows.size()) rows.keep(kept);
  return side.facets.add(rows, kept_levels);
}

void Comparison::show_progress(query::QueryContext& context) {
  const int64_t now = services_.clock->monotonic_now().ns;
  if (now < next_progress_ns_) return;
  next_progress_ns_ = now + kProgressEveryNs;
  stream_->write(progress_line(rows_, now_.events + before_.events, context.cost().elapsed_ms));
}

// Those that chance does not explain, the largest effect first.
void rank(std::vector<Difference>& differences) {
  const double least = score_min(differences.size());
  std::erase_if(differences,
                [&](const Difference& one) { return std::abs(one.effect.score) < least; });
  std::ranges::sort(differences, [](const Difference& a, const Difference& b) {
    // What differs by rounding only is equal.
    const int64_t left = std::llround(std::abs(a.effect.size) * 1e9);
    const int64_t right = std::llround(std::abs(b.effect.size) * 1e9);
    if (left != right) return left > right;
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  });
}

std::vector<Difference> Comparison::patterns() const {
  std::vector<Difference> out;
  for (query::rows::Template& one : miner_.templates()) {
    const ShareChange change{.count = one.count, .before = one.earlier};
    out.push_back({.name = std::move(one.text),
                   .value = {},
                   .sample = std::move(one.sample),
                   .change = change,
                   .effect = effect_of(change, now_.events, before_.events)});
  }
  rank(out);
  return out;
}

std::vector<Difference> Comparison::fields() const {
  std::vector<Difference> out;
  const Facets::Field none;
  const auto field_of = [&](const Facets& facets, const std::string& name) {
    const auto found = facets.fields().find(name);
    return found == facets.fields().end() ? &none : &found->second;
  };
  const auto add = [&](const std::string& name, const std::string& value, ShareChange change) {
    out.push_back({.name = name,
                   .value = value,
                   .sample = {},
                   .change = change,
                   .effect = effect_of(change, now_.facets.rows(), before_.facets.rows())});
  };
  for (const auto& [name, field] : now_.facets.fields()) {
    const Facets::Field& other = *field_of(before_.facets, name);
    for (const auto& [value, count] : field.values) {
      const auto known = other.values.find(value);
      // Where values were not told apart, one that is not there may have been.
      if (known == other.values.end() && other.more) continue;
      add(name, value, {.count = count, .before = known == other.values.end() ? 0 : known->second});
    }
  }
  for (const auto& [name, field] : before_.facets.fields()) {
    const Facets::Field& other = *field_of(now_.facets, name);
    if (other.more) continue;
    for (const auto& [value, count] : field.values) {
      if (!other.values.contains(value)) add(name, value, {.count = 0, .before = count});
    }
  }
  rank(out);
  return out;
}

void append_side(wire::JsonWriter& json, std::string_view key, const Side& side) {
  json.key(key);
  json.begin_object();
  json.key("from");
  json.integer(side.begin_ns / env::kNsPerMs);
  json.key("to");
  json.integer(side.end_ns / env::kNsPerMs);
  json.key("events");
  json.unsigned_integer(side.events);
  json.key("sampled");
  json.unsigned_integer(side.facets.rows());
  json.end_object();
}

void append_differences(wire::JsonWriter& json, std::string_view key, bool of_patterns,
                        const std::vector<Difference>& differences) {
  json.key(key);
  json.begin_array();
  for (size_t i = 0; i < std::min(differences.size(), kCompareShown); ++i) {
    const Difference& one = differences[i];
    json.begin_object();
    json.key(of_patterns ? "pattern" : "name");
    json.string(one.name);
    json.key(of_patterns ? "sample" : "value");
    json.string(of_patterns ? one.sample : one.value);
    if (of_patterns) {
      json.key("level");
      json.string(kLogLevelNames[static_cast<size_t>(level_of_message(one.sample))]);
    }
    json.key("count");
    json.unsigned_integer(one.change.count);
    json.key("before");
    json.unsigned_integer(one.change.before);
    json.key("effect");
    json.number(one.effect.size);
    json.end_object();
  }
  json.end_array();
}

std::string Comparison::answer(int64_t elapsed_ms) const {
  const auto patterns = this->patterns();
  const auto fields = this->fields();
  return json_line({}, "compare", [&](wire::JsonWriter& json) {
    json.begin_object();
    append_side(json, "now", now_);
    append_side(json, "before", before_);
    json.key("elapsedMs");
    json.integer(elapsed_ms);
    json.key("patternsTotal");
    json.unsigned_integer(patterns.size());
    json.key("fieldsTotal");
    json.unsigned_integer(fields.size());
    append_differences(json, "patterns", true, patterns);
    append_differences(json, "fields", false, fields);
    json.end_object();
  });
}

}  // namespace

double score_min(size_t candidates) {
  return std::sqrt(
      2 * std::log(2 * static_cast<double>(std::max<size_t>(candidates, 1)) / kCompareChance));
}

ShareEffect effect_of(const ShareChange& change, uint64_t events, uint64_t events_before) {
  if (events == 0 || events_before == 0) return {};
  const auto arc = [](uint64_t count, uint64_t all) {
    const double share = static_cast<double>(count) / static_cast<double>(all);
    return 2 * std::asin(std::sqrt(std::min(share, 1.0)));
  };
  ShareEffect out;
  out.size = arc(change.count, events) - arc(change.before, events_before);
  // The arc of a share of n events varies by 1 / sqrt(n), whatever the share.
  out.score = out.size /
              std::sqrt(1 / static_cast<double>(events) + 1 / static_cast<double>(events_before));
  return out;
}

void log_compare(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange) {
  run_log_ask<Comparison>(services, user, body, std::move(exchange));
}

}  // namespace kansoku::api::console
