// Reading events: GetLogEvents, FilterLogEvents, GetLogRecord, GetLogGroupFields.
#include <algorithm>

#include "api/aws/logs/event_pages.h"
#include "query/logs_insights/logs_insights.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr int64_t kNsPerMs = env::kNsPerMs;
// Beyond, milliseconds do not fit nanoseconds; no event is that late.
constexpr int64_t kMsMax = std::numeric_limits<int64_t>::max() / kNsPerMs - 1;

int64_t to_ns(int64_t ms) { return std::clamp<int64_t>(ms, 0, kMsMax) * kNsPerMs; }

std::optional<AwsError> missing_group(const Shared& shared, const OperationContext& context,
                                      const std::string& group) {
  if (shared.groups().find(scope_of(context), group)) return std::nullopt;
  return group_not_found();
}

// --- GetLogEvents

// Tokens say in which direction they go and behind which event: "f/DIGITS/s", as SDKs compare them
// (the end is reached when the same token comes back).
std::string position_token(char direction, const store::EventId& id) {
  return fmt::format("{}/{}/s", direction, event_id(id));
}
struct PositionToken {
  bool forward = true;
  store::EventId id;
};
std::optional<PositionToken> parse_position(std::string_view token) {
  if (token.size() < 4 || (token[0] != 'f' && token[0] != 'b') || token[1] != '/' ||
      !token.ends_with("/s")) {
    return std::nullopt;
  }
  const auto id = parse_event_id(token.substr(2, token.size() - 4));
  if (!id) return std::nullopt;
  return PositionToken{token[0] == 'f', *id};
}

// Before all events from `ns` on.
store::EventId before_all_at(int64_t ns) { return {ns, 0, 0}; }

struct GetQuery {
  PageQuery page;
  bool forward = true;
};

std::expected<GetQuery, AwsError> get_query(const Shared& shared, const OperationContext& context,
                                            const shapes::GetLogEventsInput& input) {
  const auto group = named_group(context, input.log_group_name, input.log_group_identifier);
  if (!group) return std::unexpected(group.error());
  if (auto error = missing_group(shared, context, *group)) return std::unexpected(*error);
  if (!shared.groups().find_stream(scope_of(context), *group, *input.log_stream_name))
    return std::unexpected(stream_not_found());
  GetQuery out;
  store::EventScan& scan = out.page.scan;
  scan.scope = scope_of(context);
  scan.groups = {*group};
  scan.streams = {*input.log_stream_name};
  scan.begin_ns = to_ns(input.start_time.value_or(0));
  scan.end_ns = to_ns(input.end_time.value_or(kMsMax));
  out.forward = input.start_from_head.value_or(false);
  if (input.next_token) {
    const auto token = parse_position(*input.next_token);
    if (!token) return std::unexpected(invalid_token());
    out.forward = token->forward;
    scan.after = token->id;
  }
  scan.order = out.forward ? store::EventOrder::OldestFirst : store::EventOrder::NewestFirst;
  out.page.events_max = static_cast<size_t>(input.limit.value_or(kPageEventsMax));
  return out;
}

shapes::GetLogEventsOutput shown(const GetQuery& query, EventPage page,
                                 const std::optional<std::string>& token) {
  if (!query.forward) std::ranges::reverse(page.events);
  shapes::GetLogEventsOutput out;
  out.events.emplace();
  for (PageEvent& event : page.events) {
    shapes::OutputLogEvent& row = out.events->emplace_back();
    row.timestamp = event.id.timestamp_ns / kNsPerMs;
    row.message = std::move(event.message);
    row.ingestion_time = event.ingested_ns / kNsPerMs;
  }
  if (!page.events.empty()) {
    out.next_forward_token = position_token('f', page.events.back().id);
    out.next_backward_token = position_token('b', page.events.front().id);
    return out;
  }
  // Nothing more in that direction: the same token comes back; in the other one it goes on where
  // it stands.
  const store::EventId here =
      token ? parse_position(*token)->id
            : before_all_at(query.forward ? query.page.scan.begin_ns : query.page.scan.end_ns);
  out.next_forward_token = position_token('f', here);
  out.next_backward_token = position_token('b', here);
  return out;
}

void get(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
         const shapes::GetLogEventsInput& input, TypedReply<shapes::GetLogEventsOutput> reply) {
  auto query = get_query(*shared, *context, input);
  if (!query) return reply(std::unexpected(std::move(query).error()));
  shared->backend().read(
      [query = std::move(*query), token = input.next_token, reply = std::move(reply)](
          Result<const store::EventStore*> events, query::QueryContext& budget) mutable {
        if (!events) return reply(std::unexpected(store_error(events.error())));
        auto page = read_page(**events, query.page, budget);
        if (!page) return reply(std::unexpected(store_error(page.error())));
        reply(shown(query, std::move(*page), token));
      });
}

// --- FilterLogEvents

struct FilterQuery {
  PageQuery page;
  std::optional<query::log_filter::Pattern> pattern;
  std::string binding;
};

std::string binding_of(const OperationContext& context, const std::string& group,
                       const shapes::FilterLogEventsInput& input) {
  std::string out;
  for (const std::string& part :
       {std::string("FilterLogEvents"), context.account(), context.region, group,
        input.log_stream_name_prefix.value_or(""), input.filter_pattern.value_or(""),
        std::to_string(input.start_time.value_or(-1)), std::to_string(input.end_time.value_or(-1)),
        std::string(input.start_from_head.value_or(true) ? "head" : "tail")}) {
    append_part(out, part);
  }
  for (const std::string& stream : input.log_stream_names.value_or(std::vector<std::string>()))
    append_part(out, stream);
  return out;
}

std::expected<FilterQuery, AwsError> filter_query(const Shared& shared,
                                                  const OperationContext& context,
                                                  const shapes::FilterLogEventsInput& input) {
  const auto group = named_group(context, input.log_group_name, input.log_group_identifier);
  if (!group) return std::unexpected(group.error());
  if (auto error = missing_group(shared, context, *group)) return std::unexpected(*error);
  if (input.log_stream_names && input.log_stream_name_prefix) {
    return std::unexpected(invalid_parameter(
        "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
  }
  FilterQuery out;
  if (input.filter_pattern) {
    auto pattern = query::log_filter::Pattern::parse(*input.filter_pattern);
    if (!pattern) {
      return std::unexpected(
          invalid_parameter(fmt::format("Invalid filter pattern: {} at character {}",
                                        pattern.error().message, pattern.error().position + 1)));
    }
    out.pattern = std::move(*pattern);
  }
  store::EventScan& scan = out.page.scan;
  scan.scope = scope_of(context);
  scan.groups = {*group};
  if (input.log_stream_names) scan.streams = *input.log_stream_names;
  scan.stream_prefix = input.log_stream_name_prefix.value_or("");
  scan.begin_ns = to_ns(input.start_time.value_or(0));
  scan.end_ns = to_ns(input.end_time.value_or(kMsMax - 1) + 1);  // inclusive
  scan.order = input.start_from_head.value_or(true) ? store::EventOrder::OldestFirst
                                                    : store::EventOrder::NewestFirst;
  if (out.pattern) scan.filter = out.pattern->pushdown();
  out.page.events_max = static_cast<size_t>(input.limit.value_or(kPageEventsMax));
  out.binding = binding_of(context, *group, input);
  if (!input.next_token) return out;
  const auto position = shared.tokens.open(out.binding, *input.next_token);
  if (position) scan.after = parse_event_id(*position);
  if (!scan.after) return std::unexpected(invalid_token());
  return out;
}

shapes::FilterLogEventsOutput shown(const Shared& shared, const FilterQuery& query,
                                    EventPage page) {
  shapes::FilterLogEventsOutput out;
  out.events.emplace();
  out.searched_log_streams.emplace();  // always empty since 2019, as by CloudWatch Logs
  if (page.more) out.next_token = shared.tokens.issue(query.binding, event_id(page.last));
  for (PageEvent& event : page.events) {
    shapes::FilteredLogEvent& row = out.events->emplace_back();
    row.log_stream_name = std::move(event.stream);
    row.timestamp = event.id.timestamp_ns / kNsPerMs;
    row.message = std::move(event.message);
    row.ingestion_time = event.ingested_ns / kNsPerMs;
    row.event_id = event_id(event.id);
  }
  return out;
}

void filter(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::FilterLogEventsInput& input,
            TypedReply<shapes::FilterLogEventsOutput> reply) {
  auto query = filter_query(*shared, *context, input);
  if (!query) return reply(std::unexpected(std::move(query).error()));
  shared->backend().read(
      [shared, query = std::move(*query), reply = std::move(reply)](
          Result<const store::EventStore*> events, query::QueryContext& budget) mutable {
        if (!events) return reply(std::unexpected(store_error(events.error())));
        query.page.pattern = query.pattern ? &*query.pattern : nullptr;
        auto page = read_page(**events, query.page, budget);
        if (!page) return reply(std::unexpected(store_error(page.error())));
        reply(shown(*shared, query, std::move(*page)));
      });
}

// --- fields

constexpr int64_t kFieldsBeforeMs = 15 * 60'000;
constexpr int64_t kFieldsAroundMs = 8 * 60'000;
constexpr size_t kFieldsMax = 1'000;

void fields(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::GetLogGroupFieldsInput& input,
            TypedReply<shapes::GetLogGroupFieldsOutput> reply) {
  const auto group = named_group(*context, input.log_group_name, input.log_group_identifier);
  if (!group) return reply(std::unexpected(group.error()));
  if (auto error = missing_group(*shared, *context, *group)) return reply(std::unexpected(*error));
  store::EventScan scan{.scope = scope_of(*context), .groups = {*group}};
  // Eight minutes on either side of the time, or the last quarter of an hour.
  const int64_t now_ms = context->now.ms();
  scan.begin_ns = to_ns(input.time ? *input.time - kFieldsAroundMs : now_ms - kFieldsBeforeMs);
  scan.end_ns = to_ns(input.time ? *input.time + kFieldsAroundMs : now_ms + 1);
  shared->backend().read(
      [scan = std::move(scan), reply = std::move(reply)](Result<const store::EventStore*> events,
                                                         query::QueryContext&) mutable {
        if (!events) return reply(std::unexpected(store_error(events.error())));
        const auto found = (*events)->fields(scan);
        if (!found) return reply(std::unexpected(store_error(found.error())));
        shapes::GetLogGroupFieldsOutput out;
        out.log_group_fields.emplace();
        const auto add = [&](std::string name, uint64_t rows) {
          const auto share = static_cast<double>(rows) / static_cast<double>(found->rows);
          out.log_group_fields->push_back(
              {std::move(name), static_cast<int32_t>(std::lround(100 * share))});
        };
        if (found->rows > 0) {
          for (const char* name : {"@ingestionTime", "@log", "@logStream", "@timestamp"})
            add(name, found->rows);
        }
        // A field is the union of its columns.
        std::map<std::string, uint64_t> rows;
        for (const store::EventFieldInfo& field : found->fields) rows[field.path] += field.rows;
        for (auto& [name, count] : rows) {
          if (out.log_group_fields->size() < kFieldsMax) add(name, std::min(count, found->rows));
        }
        reply(std::move(out));
      });
}

// --- GetLogRecord

std::string as_text(const store::EventValues& values, size_t row) {
  switch (values.type) {
    case signal::ColumnType::Text:
    case signal::ColumnType::Bytes:
      return std::string(values.text(row));
    case signal::ColumnType::Int64:
      return std::to_string(values.integers[row]);
    case signal::ColumnType::Float64:
      return fmt::format("{}", values.floats[row]);
    case signal::ColumnType::Bool:
      return values.integers[row] != 0 ? "true" : "false";
  }
  return {};
}

Result<std::optional<shapes::GetLogRecordOutput>> record_of(const store::EventStore& events,
                                                            const signal::Scope& scope,
                                                            const store::EventId& id,
                                                            std::string& group) {
  std::optional<shapes::GetLogRecordOutput> out;
  const store::EventScan scan{.scope = scope,
                              .begin_ns = id.timestamp_ns,
                              .end_ns = id.timestamp_ns + 1,
                              .order = store::EventOrder::Any};
  const auto take = [&](store::EventRows& rows) -> Result<bool> {
    for (uint32_t row = 0; row < rows.size(); ++row) {
      if (rows.id(row) != id) continue;
      const store::EventStreamName stream = rows.streams()[rows.stream_rows()[row]];
      group = stream.group;
      auto& fields = out.emplace().log_record.emplace();
      fields.emplace_back("@timestamp", std::to_string(id.timestamp_ns / kNsPerMs));
      fields.emplace_back("@ingestionTime", std::to_string(rows.ingested_ns()[row] / kNsPerMs));
      fields.emplace_back("@logStream", std::string(stream.stream));
      fields.emplace_back("@log", scope.account + ":" + std::string(stream.group));
      KANSOKU_TRY(const std::vector<std::string_view> paths, rows.paths());
      for (const std::string_view path : paths) {
        KANSOKU_TRY(const std::span<const store::EventValues> columns, rows.columns(path));
        for (const store::EventValues& values : columns) {
          if (values.has(row)) fields.emplace_back(std::string(path), as_text(values, row));
        }
      }
      return false;
    }
    return true;
  };
  KANSOKU_TRY(const store::EventScanReport report, events.scan(scan, take));
  (void)report;
  return out;
}

void record(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::GetLogRecordInput& input, TypedReply<shapes::GetLogRecordOutput> reply) {
  const auto id = query::logs_insights::parse_pointer(*input.log_record_pointer);
  if (!id) {
    return reply(std::unexpected(invalid_parameter(
        fmt::format("{} is no log record pointer", quoted(*input.log_record_pointer)))));
  }
  shared->backend().read(
      [context, id = *id, reply = std::move(reply)](Result<const store::EventStore*> events,
                                                    query::QueryContext&) mutable {
        if (!events) return reply(std::unexpected(store_error(events.error())));
        std::string group;
        auto found = record_of(**events, scope_of(*context), id, group);
        if (!found) return reply(std::unexpected(store_error(found.error())));
        // Who may not read the group is not told whether the record is there.
        const bool shown =
            *found && context->allows("logs:GetLogRecord", access_to(*context, group).resource);
        if (!shown)
          return reply(std::unexpected(resource_not_found("The log record is not there.")));
        reply(std::move(**found));
      });
}

template <class Input>
Access access_to_named(const OperationContext& context, const void* input) {
  const auto& request = *static_cast<const Input*>(input);
  const auto group = named_group(context, request.log_group_name, request.log_group_identifier);
  return access_to(context, group ? *group : "*");
}

}  // namespace

void add_event_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::GetLogEventsInput, shapes::GetLogEventsOutput>(
      "GetLogEvents", "logs:GetLogEvents", shared, get,
      access_to_named<shapes::GetLogEventsInput>));
  rows.push_back(line<shapes::FilterLogEventsInput, shapes::FilterLogEventsOutput>(
      "FilterLogEvents", "logs:FilterLogEvents", shared, filter,
      access_to_named<shapes::FilterLogEventsInput>));
  rows.push_back(line<shapes::GetLogGroupFieldsInput, shapes::GetLogGroupFieldsOutput>(
      "GetLogGroupFields", "logs:GetLogGroupFields", shared, fields,
      access_to_named<shapes::GetLogGroupFieldsInput>));
  auto get_record = line<shapes::GetLogRecordInput, shapes::GetLogRecordOutput>(
      "GetLogRecord", "logs:GetLogRecord", shared, record);
  get_record.without_permission = true;  // asked for the group of the record
  rows.push_back(std::move(get_record));
}

}  // namespace kansoku::api::aws::logs
