#include "api/aws/logs/scheduled_queries.h"

#include <algorithm>

#include "api/aws/logs/catalog_keys.h"
#include "api/aws/logs/handlers.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::aws::logs {
namespace {

const std::string kQueries = "log_scheduled_queries";
const std::string kRuns = "log_scheduled_query_runs";
constexpr size_t kErrorBytesMax = 500;
constexpr uint64_t kRowsMax = 10'000;

const describe::Type& stored_type() {
  static const describe::Type& type =
      *kansoku::aws::find_operation(shapes::operation_shapes(), "CreateScheduledQuery")->input;
  return type;
}

// The words up to the blanks, and what is left.
std::string take_word(std::string_view& text) {
  const size_t blank = std::min(text.find(' '), text.size());
  std::string out(text.substr(0, blank));
  text.remove_prefix(std::min(blank + 1, text.size()));
  return out;
}

store::CatalogWrite write(const std::string& collection, std::string key,
                          std::optional<std::string> value) {
  return {.collection = collection,
          .key = std::move(key),
          .value = std::move(value),
          .indexes = {},
          .expected_version = std::nullopt};
}

std::string run_key(const signal::Scope& scope, const std::string& id, int64_t triggered_ms) {
  return catalog_key(scope, id, fmt::format("{:013}", triggered_ms));
}

// CloudWatch Logs' times are milliseconds; small ones are taken for seconds.
int64_t to_seconds(int64_t time) {
  constexpr int64_t kSecondsBelow = 100'000'000'000;  // March 1973 in milliseconds
  return time < kSecondsBelow ? time : time / 1'000;
}

std::string status_of(const std::string& query_status) {
  if (query_status == "Complete" || query_status == "Timeout") return query_status;
  return "Failed";  // cancelled ones too
}

}  // namespace

Result<std::shared_ptr<ScheduledQueries>> ScheduledQueries::open(Parts parts) {
  std::shared_ptr<ScheduledQueries> out(new ScheduledQueries(std::move(parts)));
  KANSOKU_RETURN_IF_ERROR(out->load());
  return out;
}

Status ScheduledQueries::load() {
  KANSOKU_TRY(const auto records, parts_.catalog->list(kQueries, "", "", 0));
  const int64_t now_s = parts_.clock->wall_now().ms() / 1'000;
  for (const store::CatalogRecord& record : records) {
    Known known;
    signal::Scope scope;
    std::string_view value = record.value;
    known.query.created_ms = std::strtoll(take_word(value).c_str(), nullptr, 10);
    known.query.updated_ms = std::strtoll(take_word(value).c_str(), nullptr, 10);
    if (!split_key(record.key, scope, known.query.id) ||
        !kansoku::aws::decode_json(value, stored_type(), &known.query.request) ||
        !known.query.request.name || !known.query.request.log_group_identifiers) {
      return corruption("scheduled query {}", quoted(record.key));
    }
    known.query.groups = *known.query.request.log_group_identifiers;
    KANSOKU_TRY(known.ready, make_ready(known.query));
    KANSOKU_TRY(const auto runs,
                parts_.catalog->list(kRuns, catalog_key(scope, known.query.id, ""), "", 0));
    for (const store::CatalogRecord& run : runs) {
      std::string_view rest = run.value;
      ScheduledRun& one = known.query.history.emplace_back();
      one.triggered_ms = std::strtoll(run.key.substr(run.key.rfind(':') + 1).c_str(), nullptr, 10);
      one.query_id = take_word(rest);
      one.status = take_word(rest);
      one.error = rest;
    }
    known.next_s = next_of(known, now_s);
    std::string id = known.query.id;
    queries_.emplace(Key{scope, std::move(id)}, std::move(known));
  }
  return {};
}

Result<ScheduledQueries::Ready> ScheduledQueries::make_ready(const ScheduledQuery& query) const {
  const auto& request = query.request;
  Ready out;
  auto schedule = Schedule::parse(*request.schedule_expression);
  if (!schedule) {
    return invalid_argument("Invalid Schedule Expression {}: {}",
                            quoted(*request.schedule_expression), schedule.error().message);
  }
  out.schedule = std::move(*schedule);
  if (request.timezone && *request.timezone != "UTC") {
    const auto zone = parts_.find_zone ? parts_.find_zone(*request.timezone) : std::nullopt;
    if (!zone) return invalid_argument("timezone {} is not known", quoted(*request.timezone));
    out.zone = *zone;
  }
  auto plan = query::logs_insights::compile(*request.query_string);
  if (!plan) {
    return invalid_argument("{} at character {} of the query", plan.error().message,
                            plan.error().start + 1);
  }
  out.plan = std::move(*plan);
  // Whoever starts a query is asked which groups of a SOURCE it may read; a schedule is nobody.
  if (out.plan->source)
    return invalid_argument("SOURCE is not supported in scheduled queries: name the log groups");
  const int64_t begin = request.start_time_offset.value_or(kLookBackS);
  const int64_t end = request.end_time_offset.value_or(0);
  if (begin <= end || end < 0) {
    return invalid_argument("startTimeOffset {} is not before endTimeOffset {}", begin, end);
  }
  if (request.schedule_start_time && request.schedule_end_time &&
      *request.schedule_end_time <= *request.schedule_start_time) {
    return invalid_argument("scheduleEndTime is not behind scheduleStartTime");
  }
  return out;
}

std::optional<int64_t> ScheduledQueries::next_of(const Known& known, int64_t after_s) const {
  const auto& request = known.query.request;
  if (request.state == "DISABLED") return std::nullopt;
  int64_t origin_s = known.query.created_ms / 1'000;
  if (request.schedule_start_time) {
    origin_s = to_seconds(*request.schedule_start_time);
    after_s = std::max(after_s, origin_s - 1);
  }
  const auto next = known.ready.schedule.next(after_s, known.ready.zone, origin_s);
  if (next && request.schedule_end_time && *next > to_seconds(*request.schedule_end_time))
    return std::nullopt;
  return next;
}

// ---------------------------------------------------------------------------------------------
// Definitions

void ScheduledQueries::put(const signal::Scope& scope, ScheduledQuery query, Done done) {
  Known known{.query = std::move(query)};
  auto ready = make_ready(known.query);
  if (!ready) return done(std::unexpected(std::move(ready).error()));
  known.ready = std::move(*ready);
  const Key key{scope, known.query.id};
  {
    std::lock_guard lock(queries_mutex_);
    size_t mine = 0;
    for (const auto& [other, one] : queries_) {
      if (other.first != scope || other == key) continue;
      ++mine;
      if (one.query.request.name == known.query.request.name)
        return done(already_exists("Scheduled query {} already exists.",
                                   quoted(*known.query.request.name)));
    }
    if (mine >= kScheduledQueriesMax) {
      return done(resource_exhausted("an account has at most {} scheduled queries in a region",
                                     kScheduledQueriesMax));
    }
  }
  known.query.request.log_group_identifiers = known.query.groups;
  std::string value = fmt::format("{} {} ", known.query.created_ms, known.query.updated_ms) +
                      kansoku::aws::encode_json(&stored_type(), &known.query.request);
  parts_.catalog->commit({write(kQueries, catalog_key(scope, known.query.id), std::move(value))},
                         [self = shared_from_this(), key, known = std::move(known),
                          done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
                           if (!versions) return done(std::unexpected(std::move(versions).error()));
                           {
                             std::lock_guard lock(self->queries_mutex_);
                             Known& place = self->queries_[key];
                             known.query.history = std::move(place.query.history);
                             known.running = place.running;
                             known.next_s =
                                 self->next_of(known, self->parts_.clock->wall_now().ms() / 1'000);
                             place = std::move(known);
                           }
                           done({});
                         });
}

void ScheduledQueries::remove(const signal::Scope& scope, const std::string& id, Done done) {
  std::vector<store::CatalogWrite> writes{write(kQueries, catalog_key(scope, id), std::nullopt)};
  {
    std::lock_guard lock(queries_mutex_);
    const auto found = queries_.find({scope, id});
    if (found == queries_.end()) return done(not_found("The scheduled query does not exist."));
    for (const ScheduledRun& run : found->second.query.history) {
      if (run.status != "Running")
        writes.push_back(write(kRuns, run_key(scope, id, run.triggered_ms), std::nullopt));
    }
  }
  parts_.catalog->commit(std::move(writes),
                         [self = shared_from_this(), key = Key{scope, id},
                          done = std::move(done)](Result<std::vector<uint64_t>> versions) mutable {
                           if (!versions) return done(std::unexpected(std::move(versions).error()));
                           {
                             std::lock_guard lock(self->queries_mutex_);
                             self->queries_.erase(key);
                           }
                           done({});
                         });
}

std::optional<ScheduledQuery> ScheduledQueries::find(const signal::Scope& scope,
                                                     std::string_view name_or_id) const {
  std::lock_guard lock(queries_mutex_);
  for (const auto& [key, known] : queries_) {
    if (key.first == scope && (key.second == name_or_id || *known.query.request.name == name_or_id))
      return known.query;
  }
  return std::nullopt;
}

std::vector<ScheduledQuery> ScheduledQueries::list(const signal::Scope& scope) const {
  std::vector<ScheduledQuery> out;
  {
    std::lock_guard lock(queries_mutex_);
    for (const auto& [key, known] : queries_) {
      if (key.first == scope) out.push_back(known.query);
    }
  }
  std::ranges::sort(out, {}, [](const ScheduledQuery& one) { return *one.request.name; });
  return out;
}

// ---------------------------------------------------------------------------------------------
// Runs

void ScheduledQueries::start(std::weak_ptr<QueryRegistry> registry, GroupOf group_exists) {
  registry_ = std::move(registry);
  group_exists_ = std::move(group_exists);
  wait();
}

void ScheduledQueries::wait() {
  parts_.timers->after(env::kNsPerS, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->parts_.executor->post(Lane::Query, [self] { self->tick(); });
  });
}

void ScheduledQueries::tick() {
  const auto registry = registry_.lock();
  if (registry == nullptr) return;
  const int64_t now_s = parts_.clock->wall_now().ms() / 1'000;
  std::vector<std::pair<Key, int64_t>> due;
  std::vector<std::pair<Key, std::string>> running;
  {
    std::lock_guard lock(queries_mutex_);
    for (auto& [key, known] : queries_) {
      if (known.running) running.emplace_back(key, known.query.history.back().query_id);
      if (!known.next_s || *known.next_s > now_s) continue;
      // One that still runs is left alone; the moment is over.
      if (!known.running) due.emplace_back(key, *known.next_s);
      known.next_s = next_of(known, now_s);
    }
  }
  for (const auto& [key, query] : running) {
    const auto state = registry->progress(key.first, query);
    if (!state) {
      ended(key, "Failed", "its result was forgotten");
    } else if (state->ended_ms > 0) {
      ended(key, status_of(state->status), state->failure);
    }
  }
  for (const auto& [key, due_s] : due) trigger(key, due_s, *registry);
  wait();
}

void ScheduledQueries::trigger(const Key& key, int64_t due_s, QueryRegistry& registry) {
  QueryAsked asked;
  std::string missing;
  {
    std::lock_guard lock(queries_mutex_);
    const auto found = queries_.find(key);
    if (found == queries_.end()) return;
    Known& known = found->second;
    const auto& request = known.query.request;
    asked.id = new_uuid(*parts_.random);
    asked.scope = key.first;
    asked.text = *request.query_string;
    asked.user = *request.execution_role_arn;
    asked.groups = known.query.groups;
    asked.begin_ns = (due_s - request.start_time_offset.value_or(kLookBackS)) * env::kNsPerS;
    asked.end_ns = (due_s - request.end_time_offset.value_or(0)) * env::kNsPerS;
    asked.rows_max = kRowsMax;
    asked.created_ms = parts_.clock->wall_now().ms();
    asked.plan = known.ready.plan;
    known.running = true;
    known.query.history.push_back(
        {.triggered_ms = due_s * 1'000, .query_id = asked.id, .status = "Running", .error = ""});
    for (const std::string& group : asked.groups) {
      if (!group_exists_(key.first, group)) missing = group;
    }
  }
  if (!missing.empty())
    return ended(key, "Failed", fmt::format("log group {} does not exist", quoted(missing)));
  const Status started = registry.start(std::move(asked));
  if (!started) ended(key, "Failed", started.error().message);
}

void ScheduledQueries::ended(const Key& key, std::string status, std::string error) {
  std::vector<store::CatalogWrite> writes;
  {
    std::lock_guard lock(queries_mutex_);
    const auto found = queries_.find(key);
    if (found == queries_.end() || !found->second.running) return;
    found->second.running = false;
    auto& history = found->second.query.history;
    ScheduledRun& run = history.back();
    run.status = std::move(status);
    run.error = error.substr(0, kErrorBytesMax);
    writes.push_back(write(kRuns, run_key(key.first, key.second, run.triggered_ms),
                           run.query_id + " " + run.status + " " + run.error));
    while (history.size() > kHistoryMax) {
      writes.push_back(
          write(kRuns, run_key(key.first, key.second, history.front().triggered_ms), std::nullopt));
      history.pop_front();
    }
  }
  // A run whose row cannot be written is forgotten with the process.
  parts_.catalog->commit(std::move(writes), [](const auto&) {});
}

}  // namespace kansoku::api::aws::logs
