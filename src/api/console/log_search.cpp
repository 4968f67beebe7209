#include "api/console/log_search.h"

#include <algorithm>

#include "api/console/log_facets.h"
#include "api/console/log_stream.h"
#include "api/console/reply.h"

namespace kansoku::api::console {
namespace {

constexpr int64_t kProgressEveryNs = 250 * env::kNsPerMs;
constexpr uint64_t kRowUnits = 64;  // of a budget's step: a row is tested and counted
constexpr size_t kContextEventsMax = 200;
constexpr std::string_view kAction = "logs:FilterLogEvents";

// The whole of one search while it runs.
class Search {
 public:
  Search(const LogServices& services, LogAsk ask, std::shared_ptr<LineStream> stream)
      : services_(services), ask_(std::move(ask)), stream_(std::move(stream)) {}

  size_t events_max = 100;
  bool with_overview = true;  // histogram and facets: the whole range is read
  int64_t step_ms = 0;

  void run(const store::EventStore& events, query::QueryContext& context);

 private:
  Result<bool> take(store::EventRows& rows);
  Status take_events(store::EventRows& rows, std::span<const LogLevel> levels);
  void count(store::EventRows& rows, std::span<const LogLevel> levels);
  std::vector<LogLevel> keep_levels(store::EventRows& rows, std::vector<LogLevel> levels);
  void show_progress();
  void write_events();
  void write_histogram(bool partial);
  void write_stats(const store::EventScanReport& report);

  LogServices services_;
  LogAsk ask_;
  std::shared_ptr<LineStream> stream_;
  query::QueryContext* context_ = nullptr;
  std::optional<LogTest> test_;
  Facets facets_;
  std::vector<SearchEvent> found_;
  bool events_written_ = false;
  bool more_ = false;
  uint64_t seen_ = 0;  // handed over by the store
  uint64_t matched_ = 0;
  std::array<uint64_t, kLogLevels> level_totals_{};
  std::vector<std::array<uint64_t, kLogLevels>> buckets_;
  int64_t first_bucket_ms_ = 0;
  int64_t next_progress_ns_ = 0;
};

int64_t floor_to(int64_t ms, int64_t step) {
  const int64_t rest = ms % step;
  return ms - (rest < 0 ? rest + step : rest);
}

void Search::run(const store::EventStore& events, query::QueryContext& context) {
  context_ = &context;
  const int64_t from_ms = ask_.scan.begin_ns / env::kNsPerMs;
  const int64_t to_ms = ask_.scan.end_ns / env::kNsPerMs;
  if (with_overview) {
    first_bucket_ms_ = floor_to(from_ms, step_ms);
    buckets_.resize(static_cast<size_t>((to_ms - 1 - first_bucket_ms_) / step_ms) + 1);
  }
  next_progress_ns_ = services_.clock->monotonic_now().ns + kProgressEveryNs;
  auto test = LogTest::make(ask_);
  if (!test) {
    stream_->write(error_line({}, test.error()));
    return;
  }
  test_.emplace(std::move(*test));
  const auto report = events.scan(ask_.scan, [&](store::EventRows& rows) { return take(rows); });
  if (!report) {
    stream_->write(error_line({}, report.error()));
    return;
  }
  if (!report->missing.empty()) context.note_missing();
  if (!events_written_) write_events();
  if (with_overview) {
    write_histogram(false);
    stream_->write(json_line({}, "facets", [&](wire::JsonWriter& json) { facets_.append(json); }));
  }
  write_stats(*report);
}

Result<bool> Search::take(store::EventRows& rows) {
  const size_t handed = rows.size();
  KANSOKU_RETURN_IF_ERROR(context_->spend(handed * kRowUnits));
  seen_ += handed;
  KANSOKU_TRY(std::vector<LogLevel> levels, test_->keep(rows));
  for (LogLevel level : levels) ++level_totals_[static_cast<size_t>(level)];
  levels = keep_levels(rows, std::move(levels));
  matched_ += rows.size();
  if (with_overview) count(rows, levels);
  KANSOKU_RETURN_IF_ERROR(take_events(rows, levels));
  if (with_overview && facets_.wants() && rows.size() > 0) {
    KANSOKU_RETURN_IF_ERROR(facets_.add(rows, levels));
  }
  KANSOKU_RETURN_IF_ERROR(context_->check());
  show_progress();
  return with_overview || !more_;
}

std::vector<LogLevel> Search::keep_levels(store::EventRows& rows, std::vector<LogLevel> levels) {
  if (std::ranges::all_of(ask_.levels, std::identity())) return levels;
  std::vector<uint32_t> kept;
  std::vector<LogLevel> out;
  for (size_t row = 0; row < levels.size(); ++row) {
    if (!ask_.levels[static_cast<size_t>(levels[row])]) continue;
    kept.push_back(static_cast<uint32_t>(row));
    out.push_back(levels[row]);
  }
  if (kept.size() < rows.size()) rows.keep(kept);
  return out;
}

void Search::count(store::EventRows& rows, std::span<const LogLevel> levels) {
  const auto times = rows.timestamps_ns();
  for (size_t row = 0; row < levels.size(); ++row) {
    const int64_t ms = times[row] / env::kNsPerMs;
    const size_t bucket =
        static_cast<size_t>(std::max<int64_t>(0, ms - first_bucket_ms_) / step_ms);
    ++buckets_[std::min(bucket, buckets_.size() - 1)][static_cast<size_t>(levels[row])];
  }
}

Status Search::take_events(store::EventRows& rows, std::span<const LogLevel> levels) {
  if (more_ || rows.size() == 0) return {};
  KANSOKU_TRY(const std::span<const store::EventValues> columns, rows.columns(store::kMessagePath));
  const auto text = std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
  for (size_t row = 0; row < rows.size(); ++row) {
    if (found_.size() == events_max) {
      more_ = true;
      write_events();
      return {};
    }
    const bool has = text != columns.end() && text->has(row);
    const std::string_view message = has ? text->text(row) : std::string_view();
    KANSOKU_RETURN_IF_ERROR(context_->charge_memory(message.size() + sizeof(SearchEvent)));
    found_.push_back(event_of(rows, row, levels[row], message));
  }
  return {};
}

void Search::write_events() {
  events_written_ = true;
  stream_->write(json_line({}, "events", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("events");
    json.begin_array();
    for (const SearchEvent& event : found_) append_event(json, event);
    json.end_array();
    json.key("next");
    if (more_ && !found_.empty()) {
      json.string(id_text(found_.back().id));
    } else {
      json.null();
    }
    json.end_object();
  }));
}

void Search::show_progress() {
  const int64_t now = services_.clock->monotonic_now().ns;
  if (now < next_progress_ns_) return;
  next_progress_ns_ = now + kProgressEveryNs;
  stream_->write(progress_line(seen_, matched_, context_->cost().elapsed_ms));
  if (with_overview) write_histogram(true);
}

void Search::write_histogram(bool partial) {
  stream_->write(json_line({}, "histogram", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("from");
    json.integer(first_bucket_ms_);
    json.key("step");
    json.integer(step_ms);
    json.key("partial");
    json.boolean(partial);
    json.key("total");
    json.unsigned_integer(matched_);
    json.key("levels");
    json.begin_object();
    for (size_t level = 0; level < kLogLevels; ++level) {
      json.key(kLogLevelNames[level]);
      json.unsigned_integer(level_totals_[level]);
    }
    json.end_object();
    json.key("counts");
    json.begin_object();
    for (size_t level = 0; level < kLogLevels; ++level) {
      json.key(kLogLevelNames[level]);
      json.begin_array();
      for (const auto& bucket : buckets_) json.unsigned_integer(bucket[level]);
      json.end_array();
    }
    json.end_object();
    json.end_object();
  }));
}

void Search::write_stats(const store::EventScanReport& report) {
  stream_->write(json_line({}, "stats", [&](wire::JsonWriter& json) {
    json.begin_object();
    const auto number = [&](std::string_view key, uint64_t value) {
      json.key(key);
      json.unsigned_integer(value);
    };
    number("matched", matched_);
    number("rowsScanned", report.rows_scanned);
    number("rowsSkipped", report.rows_skipped);
    number("bytesScanned", report.message_bytes_scanned);
    number("bytesSkipped", report.message_bytes_skipped);
    number("groups", report.groups);
    number("elapsedMs", static_cast<uint64_t>(context_->cost().elapsed_ms));
    json.key("missing");
    json.boolean(!report.missing.empty());
    json.end_object();
  }));
}

// Some events of a scan, as they come.
Status collect(const store::EventStore& events, const store::EventScan& scan, size_t limit,
               query::QueryContext& context, std::vector<SearchEvent>& out) {
  const auto report = events.scan(scan, [&](store::EventRows& rows) -> Result<bool> {
    KANSOKU_RETURN_IF_ERROR(context.spend(rows.size() * kRowUnits));
    KANSOKU_TRY(const std::vector<LogLevel> levels, levels_of(rows));
    KANSOKU_TRY(const std::span<const store::EventValues> columns,
                rows.columns(store::kMessagePath));
    const auto text =
        std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
    for (size_t row = 0; row < rows.size() && out.size() < limit; ++row) {
      const bool has = text != columns.end() && text->has(row);
      out.push_back(event_of(rows, row, levels[row], has ? text->text(row) : std::string_view()));
    }
    return out.size() < limit;
  });
  if (!report) return std::unexpected(report.error());
  return {};
}

void append_events(wire::JsonWriter& json, std::string_view key,
                   const std::vector<SearchEvent>& events) {
  json.key(key);
  json.begin_array();
  for (const SearchEvent& event : events) append_event(json, event);
  json.end_array();
}

Result<std::string> context_json(const store::EventStore& events, store::EventScan scan,
                                 size_t limit, query::QueryContext& context) {
  std::vector<SearchEvent> before, after;
  scan.order = store::EventOrder::NewestFirst;
  KANSOKU_RETURN_IF_ERROR(collect(events, scan, limit, context, before));
  std::ranges::reverse(before);
  scan.order = store::EventOrder::OldestFirst;
  KANSOKU_RETURN_IF_ERROR(collect(events, scan, limit, context, after));
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  append_events(json, "before", before);
  append_events(json, "after", after);
  json.end_object();
  return out;
}

}  // namespace

SearchEvent event_of(store::EventRows& rows, size_t row, LogLevel level, std::string_view message) {
  const store::EventStreamName name = rows.streams()[rows.stream_rows()[row]];
  return {.id = rows.id(row),
          .ingested_ns = rows.ingested_ns()[row],
          .level = level,
          .group = std::string(name.group),
          .stream = std::string(name.stream),
          .message = std::string(message)};
}

void append_event(wire::JsonWriter& json, const SearchEvent& event) {
  json.begin_object();
  json.key("id");
  json.string(id_text(event.id));
  json.key("time");
  json.integer(event.id.timestamp_ns / env::kNsPerMs);
  json.key("ingested");
  json.integer(event.ingested_ns / env::kNsPerMs);
  json.key("level");
  json.string(kLogLevelNames[static_cast<size_t>(event.level)]);
  json.key("group");
  json.string(event.group);
  json.key("stream");
  json.string(event.stream);
  json.key("message");
  json.string(event.message);
  json.end_object();
}

int64_t histogram_step_ms(int64_t from_ms, int64_t to_ms, size_t buckets) {
  constexpr std::array<int64_t, 22> kSteps{
      1,          10,          100,           500,           1'000,      2'000,
      5'000,      10'000,      30'000,        60'000,        120'000,    300'000,
      600'000,    1'800'000,   3'600'000,     7'200'000,     21'600'000, 43'200'000,
      86'400'000, 604'800'000, 2'592'000'000, 31'536'000'000};
  for (int64_t step : kSteps) {
    // One more where the range begins within a step.
    if ((to_ms - from_ms) / step + 2 <= static_cast<int64_t>(buckets)) return step;
  }
  return std::max<int64_t>(kSteps.back(), (to_ms - from_ms) / static_cast<int64_t>(buckets) + 1);
}

void search_logs(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange) {
  auto stream = std::make_shared<LineStream>(std::move(exchange));
  stream->begin("application/x-ndjson");
  auto ask = read_log_ask(services, user, kAction, body);
  std::optional<store::EventId> after;
  const std::string_view after_text = body.text_of("after");
  if (ask && !after_text.empty()) {
    after = read_id(after_text);
    if (!after) {
      ask = std::unexpected(
          QueryError{invalid_argument("after {} is no id of an event", quoted(after_text)).error(),
                     std::nullopt});
    }
  }
  if (!ask) {
    stream->write(error_line({}, ask.error().error, ask.error().position));
    stream->end();
    return;
  }
  ask->scan.order = store::EventOrder::NewestFirst;
  ask->scan.after = after;
  const auto count = [&](std::string_view key, double otherwise, size_t max) {
    return static_cast<size_t>(
        std::clamp<double>(body.number_of(key).value_or(otherwise), 1, static_cast<double>(max)));
  };
  const int64_t from_ms = ask->scan.begin_ns / env::kNsPerMs;
  const int64_t to_ms = ask->scan.end_ns / env::kNsPerMs;
  auto search = std::make_shared<Search>(services, std::move(*ask), stream);
  search->events_max = count("limit", 100, kSearchEventsMax);
  search->with_overview = !after;
  search->step_ms = histogram_step_ms(from_ms, to_ms,
                                      std::max<size_t>(count("buckets", 80, kSearchBucketsMax), 3));
  services.backend->read(
      [search, stream](Result<const store::EventStore*> events, query::QueryContext& context) {
        stream->attach(context);
        if (events) {
          search->run(**events, context);
        } else {
          stream->write(error_line({}, events.error()));
        }
        stream->detach();
        stream->end();
      },
      aws::logs::kReadTimeMs * 4);
}

void log_context(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange) {
  const std::string group(body.text_of("group"));
  const std::string name(body.text_of("stream"));
  const auto id = read_id(body.text_of("id"));
  if (group.empty() || name.empty() || !id) {
    exchange.respond(error_reply(400, "InvalidRequest", "group, stream and id of an event"));
    return;
  }
  auto groups = readable_groups(services, user, "logs:GetLogEvents", {group});
  if (!groups) {
    exchange.respond(error_reply(groups.error()));
    return;
  }
  store::EventScan scan;
  scan.scope = user.scope;
  scan.groups = {group};
  scan.streams = {name};
  scan.after = id;
  const auto limit = static_cast<size_t>(
      std::clamp<double>(body.number_of("limit").value_or(20), 1, kContextEventsMax));
  auto held = std::make_shared<net::HttpExchange>(std::move(exchange));
  services.backend->read(
      [scan, limit, held](Result<const store::EventStore*> events, query::QueryContext& context) {
        if (!events) return held->respond(error_reply(events.error()));
        auto json = context_json(**events, scan, limit, context);
        held->respond(json ? json_reply(std::move(*json)) : error_reply(json.error()));
      });
}

}  // namespace kansoku::api::console
