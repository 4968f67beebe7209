#include "api/console/query_stream.h"

#include "api/console/expression_query.h"
#include "api/console/frames.h"
#include "api/console/reply.h"
#include "query/exec/cells.h"
#include "query/exec/namespaces.h"
#include "query/statistic/statistic.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

constexpr size_t kQueriesMax = 100;
constexpr size_t kPointsDefault = 800;
constexpr size_t kPointsMax = 100'000;
// Cells between begin and end of one series: bounds the shared time array.
constexpr int64_t kGridMax = 500'000;
// Binary frames are for what is dear to print and to parse.
constexpr size_t kBinaryPointsMin = 50'000;
constexpr int64_t kProgressEveryNs = 250 * env::kNsPerMs;

// The answer's stream, shared by the queries of a batch; ends with the last of them.
class Stream {
 public:
  Stream(net::HttpExchange exchange, bool binary)
      : exchange_(std::move(exchange)), binary_(binary) {}
  bool binary() const { return binary_; }
  void write(std::string text) {
    std::lock_guard lock(mutex_);
    exchange_.write(std::move(text));
  }
  void begin(size_t queries) {
    std::lock_guard lock(mutex_);
    left_ = queries;
    net::Headers headers;
    headers.set("content-type", "application/x-ndjson");
    headers.set("cache-control", "no-store");
    headers.set("x-content-type-options", "nosniff");
    exchange_.begin(200, std::move(headers));
    if (queries == 0) exchange_.end();
  }
  void finished() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) exchange_.end();
  }
  void on_close(std::move_only_function<void()> callback) {
    exchange_.on_close(std::move(callback));
  }

 private:
  std::mutex mutex_;
  net::HttpExchange exchange_;
  bool binary_;
  size_t left_ = 0;
};

struct Parsed {
  // Of one metric.
  std::string metric_namespace;
  query::CellQuery cells;
  query::Statistic statistic;
  FrameOptions frame;
  // Of an expression.
  std::shared_ptr<const query::metric_data::Plan> plan;
};

// What every query of a batch says beside its text.
struct Asked {
  std::string text;
  store::TimeRangeMs range;
  size_t points_max = kPointsDefault;
};

std::unexpected<QueryError> refused(std::string message,
                                    std::optional<size_t> position = std::nullopt) {
  return std::unexpected(
      QueryError{{ErrorCode::InvalidArgument, std::move(message), {}}, position});
}

std::expected<Asked, QueryError> read_asked(const wire::Node& item) {
  Asked out;
  out.text = item.text_of("text");
  const wire::Node* range = item.find("range");
  auto from = range != nullptr ? range->number_of("from") : std::nullopt;
  auto to = range != nullptr ? range->number_of("to") : std::nullopt;
  if (!from || !to || *from >= *to || std::abs(*from) > 9e15 || std::abs(*to) > 9e15) {
    return refused("range needs from and to in milliseconds, from before to");
  }
  out.range = {static_cast<int64_t>(*from), static_cast<int64_t>(*to)};
  double points = item.number_of("maxPoints").value_or(static_cast<double>(kPointsDefault));
  out.points_max = static_cast<size_t>(std::clamp<double>(points, 2, kPointsMax));
  return out;
}

// {"namespace":…,"metric":…,"dimensions":{…},"match":…,"stat":…,"period":…,"unit":…}
std::expected<Parsed, QueryError> parse_metric(const Asked& asked, const wire::Node& body,
                                               const signal::Scope& scope, int64_t now_ms) {
  const std::string& text = asked.text;
  auto bad = [&](std::string message, std::string_view near) {
    size_t at = near.empty() ? std::string::npos : text.find(near);
    return refused(std::move(message), at == std::string::npos ? std::nullopt : std::optional(at));
  };
  Parsed out;
  auto& selector = out.cells.selector;
  selector.scope = scope;
  if (std::string_view region = body.text_of("region"); !region.empty()) {
    selector.scope.region = region;
  }
  std::string metric(body.text_of("metric"));
  std::string metric_namespace(body.text_of("namespace"));
  if (metric.empty()) return bad("metric is missing", {});
  if (metric_namespace.empty()) return bad("namespace is missing", {});
  selector.matchers.push_back({std::string(signal::kNameLabel), store::MatchOp::Equal, metric});
  out.metric_namespace = metric_namespace;
  if (std::string_view unit = body.text_of("unit"); !unit.empty()) {
    selector.matchers.push_back(
        {std::string(signal::kUnitLabel), store::MatchOp::Equal, std::string(unit)});
  }
  std::vector<std::string> names;
  if (const wire::Node* dimensions = body.find("dimensions")) {
    for (const auto& entry : dimensions->entries) {
      names.push_back(entry.key);
      bool any = entry.value.scalar == "*";
      selector.matchers.push_back({entry.key,
                                   any ? store::MatchOp::NotEqual : store::MatchOp::Equal,
                                   any ? std::string() : entry.value.scalar});
    }
  }
  std::string_view match = body.text_of("match");
  if (match.empty() || match == "exact") {
    selector.exact_label_names = std::move(names);
  } else if (match != "subset") {
    return bad(fmt::format("match {} is neither exact nor subset", quoted(match)), match);
  }
  std::string stat(body.text_of("stat"));
  auto statistic = query::parse_statistic(stat.empty() ? "Average" : stat);
  if (!statistic) return bad(statistic.error().message, stat);
  out.statistic = std::move(*statistic);
  out.cells.needs_distribution = out.statistic.needs_distribution();

  out.cells.range = asked.range;
  out.frame.points_max = asked.points_max;
  double period_s = body.number_of("period").value_or(0);
  if (period_s < 0 || period_s > 86'400 * 365.0 || period_s != std::floor(period_s)) {
    return bad(fmt::format("period {} is not a whole number of seconds", period_s), "period");
  }
  out.cells.period_ms =
      period_s > 0 ? static_cast<int64_t>(period_s) * 1000
                   : query::choose_period_ms(out.cells.range, now_ms, out.frame.points_max);
  if ((out.cells.range.end - out.cells.range.begin) / out.cells.period_ms > kGridMax) {
    return bad(
        fmt::format("period {} s over this range gives more than {} points", period_s, kGridMax),
        "period");
  }
  out.frame.range = out.cells.range;
  out.frame.period_ms = out.cells.period_ms;
  out.frame.metric = metric;
  return out;
}

// One metric, or an expression of metric math, SEARCH or Metrics Insights.
std::expected<Parsed, QueryError> parse_cloudwatch(const wire::Node& item,
                                                   const signal::Scope& scope, int64_t now_ms) {
  auto asked = read_asked(item);
  if (!asked) return std::unexpected(std::move(asked).error());
  bool plain = is_expression(asked->text, nullptr);
  std::optional<wire::Node> body;
  if (!plain) {
    auto parsed = wire::parse_json(asked->text);
    if (!parsed) return refused(parsed.error().message);
    body = std::move(*parsed);
  }
  if (!plain && !is_expression(asked->text, &*body)) {
    return parse_metric(*asked, *body, scope, now_ms);
  }
  ExpressionQuery expression{asked->text, scope, asked->range, now_ms, asked->points_max};
  if (body) {
    std::string_view region = body->text_of("region");
    if (!region.empty()) expression.scope.region = region;
  }
  auto plan = plan_expression(expression, body ? &*body : nullptr);
  if (!plan) return std::unexpected(std::move(plan).error());
  if (plan->range(plan->period_s.back()).cells() > static_cast<size_t>(kGridMax)) {
    return refused(fmt::format("period {} s over this range gives more than {} points",
                               plan->period_s.back(), kGridMax));
  }
  if (plan->cells() > query::metric_data::kCellsMax) {
    return refused(fmt::format("up to {} datapoints are asked for, limit {}", plan->cells(),
                               query::metric_data::kCellsMax));
  }
  Parsed out;
  out.frame.points_max = asked->points_max;
  out.plan = std::make_shared<const query::metric_data::Plan>(std::move(*plan));
  return out;
}

// One query of the batch while it runs.
struct Running {
  std::shared_ptr<Stream> stream;
  QueryServices services;
  std::string id;
  Parsed parsed;
  std::shared_ptr<query::QueryContext> context;
  // One of the two.
  std::unique_ptr<query::CellReader> reader;
  std::unique_ptr<query::metric_data::Runner> runner;
  int64_t next_progress_ns = 0;
};

// One line of the stream, {"id":…,WHAT:{…}}; `append` writes what stands in the inner value.
template <class F>
std::string stream_line(const std::string& id, std::string_view what, F append) {
  std::string line;
  wire::JsonWriter json(line);
  json.begin_object();
  json.key("id");
  json.string(id);
  json.key(what);
  append(json);
  json.end_object();
  return line + "\n";
}

using Counts = std::initializer_list<std::pair<std::string_view, int64_t>>;
std::string counts_line(const std::string& id, std::string_view what, Counts counts) {
  return stream_line(id, what, [&](wire::JsonWriter& json) {
    json.begin_object();
    for (auto [name, count] : counts) {
      json.key(name);
      json.integer(count);
    }
    json.end_object();
  });
}

void write_error(Stream& stream, const std::string& id, const Error& error,
                 std::optional<size_t> position) {
  stream.write(stream_line(id, "error", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("code");
    json.string(api_error_code(error.code));
    json.key("message");
    json.string(error.to_string());
    if (position) {
      json.key("position");
      json.unsigned_integer(*position);
    }
    json.end_object();
  }));
}

void write_progress(Running& run) {
  int64_t now = run.services.clock->monotonic_now().ns;
  if (now < run.next_progress_ns) return;
  run.next_progress_ns = now + kProgressEveryNs;
  auto progress = run.context->progress();
  auto cost = run.context->cost();
  run.stream->write(counts_line(run.id, "progress",
                                {{"done", static_cast<int64_t>(progress.done)},
                                 {"total", static_cast<int64_t>(progress.total)},
                                 {"rows", static_cast<int64_t>(cost.points)},
                                 {"elapsedMs", static_cast<int64_t>(cost.elapsed_ms)}}));
}

void write_frame(Stream& stream, const std::string& id, const Frame& frame) {
  if (stream.binary() && frame.times_ms.size() * frame.series.size() > kBinaryPointsMin) {
    std::string binary = frame_binary(frame);
    std::string line = stream_line(
        id, "binary", [&](wire::JsonWriter& json) { json.unsigned_integer(binary.size()); });
    stream.write(line + binary);
    return;
  }
  stream.write(
      stream_line(id, "frame", [&](wire::JsonWriter& json) { append_frame_json(frame, json); }));
}

void write_stats(Stream& stream, const std::string& id, const query::QueryCost& cost,
                 int64_t tier_ms, int64_t period_s) {
  stream.write(counts_line(id, "stats",
                           {{"series", static_cast<int64_t>(cost.series)},
                            {"points", static_cast<int64_t>(cost.points)},
                            {"bytes", static_cast<int64_t>(cost.bytes)},
                            {"elapsedMs", static_cast<int64_t>(cost.elapsed_ms)},
                            {"cacheShare", 0},
                            {"tier", tier_ms / 1000},
                            {"period", period_s}}));
}

void write_result(Running& run) {
  int64_t tier_ms = 0;
  Frame frame;
  if (run.runner != nullptr) {
    const query::metric_data::Plan& plan = *run.parsed.plan;
    frame = make_frame(plan, run.runner->take(), run.parsed.frame.points_max);
    tier_ms = query::choose_tier_ms(frame.period_s * 1000);
  } else {
    query::CellResult cells = run.reader->take();
    frame = make_frame(cells, run.parsed.statistic, run.parsed.frame);
    tier_ms = cells.tier_ms;
  }
  write_frame(*run.stream, run.id, frame);
  write_stats(*run.stream, run.id, run.context->cost(), tier_ms, frame.period_s);
}

std::expected<bool, QueryError> step(Running& run) {
  if (run.runner != nullptr) {
    auto more = run.runner->step();
    if (more) return *more;
    return std::unexpected(query_error(run.parsed.plan->request.queries, more.error()));
  }
  auto more = run.reader->step();
  if (more) return *more;
  return std::unexpected(QueryError{std::move(more).error(), std::nullopt});
}

// False when the query is over.
bool run_step(Running& run) {
  auto more = step(run);
  if (!more) {
    write_error(*run.stream, run.id, more.error().error, more.error().position);
    run.stream->finished();
    return false;
  }
  if (*more) {
    write_progress(run);
    return true;
  }
  write_result(run);
  run.stream->finished();
  return false;
}

// Selects the series of one metric.
Status begin(Running& run) {
  KANSOKU_TRY(auto found,
              query::select_in_namespace(*run.services.metrics, run.parsed.cells.selector,
                                         run.parsed.metric_namespace));
  return run.reader->begin(std::move(found));
}

void start_query(const QueryServices& services, const std::shared_ptr<Stream>& stream,
                 std::shared_ptr<query::QueryContext> context, std::string id, Parsed parsed) {
  auto run = std::make_shared<Running>();
  run->stream = stream;
  run->services = services;
  run->id = std::move(id);
  run->parsed = std::move(parsed);
  run->context = std::move(context);
  if (run->parsed.plan != nullptr) {
    run->runner = std::make_unique<query::metric_data::Runner>(*services.metrics, *run->parsed.plan,
                                                               *run->context);
  } else {
    run->reader =
        std::make_unique<query::CellReader>(*services.metrics, run->parsed.cells, *run->context);
  }
  services.executor->post(Lane::Query, [run] {
    run->next_progress_ns = run->services.clock->monotonic_now().ns + kProgressEveryNs;
    if (run->reader != nullptr) {
      if (auto begun = begin(*run); !begun) {
        write_error(*run->stream, run->id, begun.error(), std::nullopt);
        run->stream->finished();
        return;
      }
    }
    Executor& executor = *run->services.executor;
    run_steps(executor, Lane::Query, [run] { return run_step(*run); });
  });
}

std::expected<void, QueryError> start_promql(const QueryServices& services,
                                             const std::shared_ptr<Stream>& stream,
                                             const wire::Node& item, const signal::Scope& scope,
                                             std::shared_ptr<PromqlCancel> cancel) {
  auto asked = read_asked(item);
  if (!asked) return std::unexpected(std::move(asked).error());
  auto range = promql_range(asked->range, item.number_of("step").value_or(0),
                            services.clock->wall_now().ms(), asked->points_max);
  if (!range) return std::unexpected(QueryError{range.error(), std::nullopt});
  range->text = asked->text;
  range->scope = scope;
  range->cancel = std::move(cancel);
  std::string id(item.text_of("id"));
  PromqlRange wanted = *range;
  services.promql(std::move(*range), [stream, id = std::move(id),
                                      wanted = std::move(wanted)](Result<PromqlAnswer> answer) {
    if (answer) {
      Frame frame = make_frame(wanted, std::move(answer->document));
      write_frame(*stream, id, frame);
      write_stats(*stream, id, answer->cost, 0, frame.period_s);
    } else {
      write_error(*stream, id, answer.error(), position_in(wanted.text, answer.error().message));
    }
    stream->finished();
  });
  return {};
}

// What stops the queries of logs, also those that begin after the client has gone.
class LogStops {
 public:
  void add(std::function<void()> stop) {
    std::unique_lock lock(mutex_);
    if (!gone_) return stops_.push_back(std::move(stop));
    lock.unlock();
    stop();
  }
  void stop_all() {
    std::vector<std::function<void()>> stops;
    {
      std::lock_guard lock(mutex_);
      gone_ = true;
      stops.swap(stops_);
    }
    for (const auto& stop : stops) stop();
  }

 private:
  std::mutex mutex_;
  bool gone_ = false;
  std::vector<std::function<void()>> stops_;
};

}  // namespace

void stream_queries(const QueryServices& services, const signal::Scope& scope,
                    const net::HttpRequest& request, net::HttpExchange exchange) {
  auto body = wire::parse_json(request.body);
  if (!body) {
    exchange.respond(error_reply(400, "InvalidRequest", body.error().message));
    return;
  }
  const wire::Node* batch =
      body->kind == wire::Node::Kind::Mapping ? body->find("queries") : &*body;
  if (batch == nullptr || batch->kind != wire::Node::Kind::Sequence ||
      batch->items.size() > kQueriesMax) {
    exchange.respond(
        error_reply(400, "InvalidRequest",
                    fmt::format("the body must be a list of at most {} queries", kQueriesMax)));
    return;
  }
  bool binary = request.headers.get("accept").find("application/vnd.kansoku.frames") !=
                std::string_view::npos;
  auto stream = std::make_shared<Stream>(std::move(exchange), binary);
  auto contexts = std::make_shared<std::vector<std::shared_ptr<query::QueryContext>>>();
  stream->begin(batch->items.size());
  struct Ready {
    std::shared_ptr<query::QueryContext> context;
    std::string id;
    Parsed parsed;
  };
  std::vector<Ready> ready;
  std::vector<const wire::Node*> promql;
  std::vector<const wire::Node*> logs;
  for (const wire::Node& item : batch->items) {
    std::string id(item.text_of("id"));
    std::string_view lang = item.text_of("lang");
    if (lang == "promql" && services.promql) {
      promql.push_back(&item);
      continue;
    }
    if (lang == "logs" && services.logs) {
      logs.push_back(&item);
      continue;
    }
    if (lang != "cloudwatch") {
      write_error(
          *stream, id,
          Error{
              ErrorCode::Unimplemented,
              fmt::format("query language {} is not served; there are cloudwatch, promql and logs",
                          quoted(lang)),
              {}},
          std::nullopt);
      stream->finished();
      continue;
    }
    auto parsed = parse_cloudwatch(item, scope, services.clock->wall_now().ms());
    if (!parsed) {
      write_error(*stream, id, parsed.error().error, parsed.error().position);
      stream->finished();
      continue;
    }
    auto context =
        std::make_shared<query::QueryContext>(*services.clock, services.limits, services.memory);
    contexts->push_back(context);
    ready.push_back({std::move(context), std::move(id), std::move(*parsed)});
  }
  std::vector<std::shared_ptr<PromqlCancel>> cancels;
  for (size_t i = 0; i < promql.size(); ++i) cancels.push_back(std::make_shared<PromqlCancel>());
  auto stops = std::make_shared<LogStops>();
  if (!ready.empty() || !promql.empty() || !logs.empty()) {
    stream->on_close([contexts, cancels, stops] {
      for (const auto& context : *contexts) context->cancel();
      for (const auto& one : cancels) one->cancel();
      stops->stop_all();
    });
  }
  for (const wire::Node* item : logs) {
    stops->add(services.logs(
        *item, {.write = [stream](std::string line) { stream->write(std::move(line)); },
                .finished = [stream] { stream->finished(); }}));
  }
  for (size_t i = 0; i < promql.size(); ++i) {
    auto started = start_promql(services, stream, *promql[i], scope, cancels[i]);
    if (started) continue;
    write_error(*stream, std::string(promql[i]->text_of("id")), started.error().error,
                started.error().position);
    stream->finished();
  }
  for (Ready& query : ready) {
    start_query(services, stream, std::move(query.context), std::move(query.id),
                std::move(query.parsed));
  }
}

}  // namespace kansoku::api::console
