#include "api/console/log_query.h"

#include <algorithm>

#include "api/console/log_stream.h"
#include "query/logs_insights/logs_insights.h"

namespace kansoku::api::console {
namespace {

namespace rows = query::rows;

constexpr std::string_view kAction = "logs:StartQuery";
constexpr int64_t kProgressEveryNs = 300 * env::kNsPerMs;
constexpr size_t kPreviewRows = 100;
// As long as the console's page waits for one.
constexpr int64_t kQueryTimeMs = 900'000;

struct Asked {
  std::string id;
  LogUser user;
  std::shared_ptr<const rows::Plan> plan;
  store::EventScan scan;
};

// Of a column, by its first value.
std::string_view kind_of(const rows::RowsTable& table, size_t column) {
  for (const auto& row : table.rows) {
    const rows::Value& value = row[column].value;
    if (value.is_null()) continue;
    if (value.kind == rows::Kind::Time) return "time";
    if (value.kind == rows::Kind::Int || value.kind == rows::Kind::Float) return "number";
    return value.kind == rows::Kind::Json ? "json" : "text";
  }
  return "text";
}

void append_table(wire::JsonWriter& json, const rows::RowsTable& table, size_t rows_max,
                  bool partial) {
  json.begin_object();
  json.key("columns");
  json.begin_array();
  for (size_t column = 0; column < table.columns.size(); ++column) {
    json.begin_object();
    json.key("name");
    json.string(table.columns[column]);
    json.key("kind");
    json.string(kind_of(table, column));
    json.end_object();
  }
  json.end_array();
  json.key("rows");
  json.begin_array();
  for (size_t i = 0; i < std::min(rows_max, table.rows.size()); ++i) {
    json.begin_array();
    for (size_t column = 0; column < table.columns.size(); ++column) {
      rows::Value value = table.rows[i][column].value;
      if (value.is_null()) {
        json.null();
        continue;
      }
      if (value.is_text()) value.text = table.rows[i][column].text;
      json.string(query::logs_insights::shown(value, table.computed[column]));
    }
    json.end_array();
  }
  json.end_array();
  json.key("total");
  json.unsigned_integer(table.rows.size());
  json.key("partial");
  json.boolean(partial);
  json.end_object();
}

// Shared by the fiber that runs the query and the timer that looks at it.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(const LogServices& services, Asked asked, LineSink sink)
      : services_(services), asked_(std::move(asked)), sink_(std::move(sink)) {}

  void run(const store::EventStore& events, query::QueryContext& context);
  void fail(const Error& error) {
    sink_.write(error_line(asked_.id, error));
    sink_.finished();
  }
  void stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (context_ != nullptr) context_->cancel();
  }
  void look_later();

 private:
  void look();
  Result<std::vector<std::string>> groups_of(const rows::SourceGroups& source) const;

  LogServices services_;
  Asked asked_;
  LineSink sink_;
  std::mutex mutex_;
  rows::RowsQuery* query_ = nullptr;
  query::QueryContext* context_ = nullptr;
  std::shared_ptr<const rows::RowsTable> shown_;
  bool stopped_ = false;
};

std::string numbers_line(const std::string& id, std::string_view what,
                         const rows::RowsStatistics& statistics, int64_t elapsed_ms) {
  return json_line(id, what, [&](wire::JsonWriter& json) {
    json.begin_object();
    const auto number = [&](std::string_view key, uint64_t value) {
      json.key(key);
      json.unsigned_integer(value);
    };
    number("rows", statistics.records_scanned);
    number("matched", statistics.records_matched);
    number("rowsSkipped", statistics.records_skipped);
    number("bytes", statistics.bytes_scanned);
    number("bytesSkipped", statistics.bytes_skipped);
    number("groups", statistics.groups);
    json.key("elapsedMs");
    json.integer(elapsed_ms);
    json.end_object();
  });
}

Result<std::vector<std::string>> Run::groups_of(const rows::SourceGroups& source) const {
  const auto contains = [](const std::vector<std::string>& list, const std::string& item) {
    return std::ranges::find(list, item) != list.end();
  };
  std::vector<std::string> out;
  if (!source.accounts.empty() && !contains(source.accounts, asked_.user.scope.account)) return out;
  KANSOKU_TRY(const auto readable, readable_groups(services_, asked_.user, kAction, {}));
  for (const auto& group : services_.groups->list(asked_.user.scope)) {
    if (!readable.empty() && !contains(readable, group.name)) continue;
    if (!source.log_class.empty() && group.group_class != source.log_class) continue;
    const bool named = source.all || contains(source.names, group.name) ||
                       std::ranges::any_of(source.prefixes, [&](const std::string& prefix) {
                         return group.name.starts_with(prefix);
                       });
    if (named) out.push_back(group.name);
  }
  return out;
}

void Run::run(const store::EventStore& events, query::QueryContext& context) {
  rows::RowsRequest request;
  request.store = &events;
  request.scan = asked_.scan;
  request.now_ms = services_.clock->wall_now().ms();
  request.groups = [this](const rows::SourceGroups& source) { return groups_of(source); };
  rows::RowsQuery query(asked_.plan, std::move(request), context);
  {
    std::lock_guard lock(mutex_);
    query_ = &query;
    context_ = &context;
    if (stopped_) context.cancel();
  }
  look_later();
  const auto table = query.run();
  {
    std::lock_guard lock(mutex_);
    query_ = nullptr;
    context_ = nullptr;
  }
  if (!table) return fail(table.error());
  sink_.write(json_line(asked_.id, "table", [&](wire::JsonWriter& json) {
    append_table(json, **table, (*table)->rows.size(), false);
  }));
  sink_.write(numbers_line(asked_.id, "stats", query.statistics(), context.cost().elapsed_ms));
  sink_.finished();
}

void Run::look_later() {
  services_.timers->after(kProgressEveryNs, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->services_.executor->post(Lane::Query, [self] { self->look(); });
  });
}

void Run::look() {
  std::lock_guard lock(mutex_);
  if (query_ == nullptr) return;
  sink_.write(
      numbers_line(asked_.id, "progress", query_->statistics(), context_->cost().elapsed_ms));
  auto table = query_->snapshot();
  if (table != nullptr && table != shown_) {
    sink_.write(json_line(asked_.id, "table", [&](wire::JsonWriter& json) {
      append_table(json, *table, kPreviewRows, true);
    }));
    shown_ = std::move(table);
  }
  look_later();
}

}  // namespace

std::function<void()> start_log_query(const LogServices& services, const LogUser& user,
                                      const wire::Node& item, LineSink sink) {
  Asked asked{.id = std::string(item.text_of("id")), .user = user, .plan = nullptr, .scan = {}};
  const auto fail = [&](const Error& error, std::optional<size_t> position,
                        std::optional<size_t> end) {
    sink.write(error_line(asked.id, error, position, end));
    sink.finished();
    return [] {};
  };
  auto plan = query::logs_insights::compile(item.text_of("text"));
  if (!plan) {
    return fail({ErrorCode::InvalidArgument, plan.error().message, {}}, plan.error().start,
                plan.error().end);
  }
  asked.plan = std::move(*plan);
  // The same range, groups and streams as of a search; its text is not a filter pattern.
  wire::Node body = item;
  std::erase_if(body.entries, [](const auto& entry) { return entry.key == "text"; });
  auto ask = read_log_ask(services, user, kAction, body);
  if (!ask) return fail(ask.error().error, ask.error().position, std::nullopt);
  asked.scan = std::move(ask->scan);
  auto run = std::make_shared<Run>(services, std::move(asked), std::move(sink));
  services.backend->read(
      [run](Result<const store::EventStore*> events, query::QueryContext& context) {
        if (!events) return run->fail(events.error());
        run->run(**events, context);
      },
      kQueryTimeMs);
  return [run] { run->stop(); };
}

}  // namespace kansoku::api::console
