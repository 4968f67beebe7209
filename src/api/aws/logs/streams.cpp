// Log streams: create, delete, describe.
#include <algorithm>

#include "api/aws/logs/handlers.h"

namespace kansoku::api::aws::logs {
namespace {

using kansoku::aws::NoInput;

void create(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::CreateLogStreamInput& input, EmptyReply reply) {
  shared->groups().create_stream(scope_of(*context), *input.log_group_name, *input.log_stream_name,
                                 empty_reply(std::move(reply)));
}

// The events go first: a stream of the same name that is made afterwards begins empty.
void remove(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const shapes::DeleteLogStreamInput& input, EmptyReply reply) {
  const signal::Scope scope = scope_of(*context);
  if (!shared->groups().find(scope, *input.log_group_name))
    return reply(std::unexpected(group_not_found()));
  if (!shared->groups().find_stream(scope, *input.log_group_name, *input.log_stream_name))
    return reply(std::unexpected(stream_not_found()));
  shared->backend().delete_stream(
      scope, *input.log_group_name, *input.log_stream_name,
      [shared, scope, group = *input.log_group_name, stream = *input.log_stream_name,
       reply = std::move(reply)](Status status) mutable {
        if (!status) return reply(std::unexpected(store_error(status.error())));
        shared->groups().remove_stream(scope, group, stream, empty_reply(std::move(reply)));
      });
}

// --- DescribeLogStreams

struct Described {
  Stream stream;
  std::optional<store::EventStreamInfo> events;
  // Streams without events are the oldest.
  int64_t last_ns() const { return events ? events->last_ns : std::numeric_limits<int64_t>::min(); }
};

shapes::LogStream shown(const std::string& group_arn, const Described& described) {
  constexpr int64_t kNsPerMs = env::kNsPerMs;
  shapes::LogStream out;
  out.log_stream_name = described.stream.name;
  out.creation_time = described.stream.created_ms;
  out.arn = group_arn + ":log-stream:" + described.stream.name;
  out.stored_bytes = 0;
  if (!described.events) return out;
  out.first_event_timestamp = described.events->first_ns / kNsPerMs;
  out.last_event_timestamp = described.events->last_ns / kNsPerMs;
  out.last_ingestion_time = described.events->last_ingested_ns / kNsPerMs;
  return out;
}

// Where a page ended: a name, by time with the time before it.
struct Position {
  std::string name;
  int64_t last_ns = 0;
};
std::string encode(const Position& position) {
  std::string out;
  append_part(out, position.name);
  append_part(out, std::to_string(position.last_ns));
  return out;
}
std::optional<Position> decode(std::string_view text) {
  std::string_view name;
  std::string_view last;
  if (!take_part(text, name) || !take_part(text, last) || !text.empty()) return std::nullopt;
  return Position{std::string(name), std::strtoll(std::string(last).c_str(), nullptr, 10)};
}

struct Listing {
  std::string group;
  std::string prefix;
  bool by_time = false;
  bool descending = false;
  size_t limit = 50;
  std::optional<Position> after;
  std::string binding;

  bool before(const Position& a, const Position& b) const {
    const auto key = [&](const Position& p) { return std::tuple(by_time ? p.last_ns : 0, p.name); };
    return descending ? key(b) < key(a) : key(a) < key(b);
  }
};

Result<std::vector<Described>> streams_of(const Shared& shared, const signal::Scope& scope,
                                          const store::EventStore& events, const Listing& listing,
                                          query::QueryContext& query) {
  KANSOKU_TRY(const std::vector<Stream> streams,
              shared.groups().streams(scope, listing.group, listing.prefix, "", 0));
  const store::EventScan scan{
      .scope = scope, .groups = {listing.group}, .stream_prefix = listing.prefix};
  KANSOKU_TRY(const std::vector<store::EventStreamInfo> infos, events.streams(scan, "", "", 0));
  std::vector<Described> out;
  auto info = infos.begin();
  for (const Stream& stream : streams) {
    KANSOKU_RETURN_IF_ERROR(query.spend(64));
    while (info != infos.end() && info->stream < stream.name) ++info;
    Described& row = out.emplace_back(Described{stream, std::nullopt});
    if (info != infos.end() && info->stream == stream.name) row.events = *info;
  }
  return out;
}

Result<shapes::DescribeLogStreamsOutput> page_of(const Shared& shared,
                                                 const OperationContext& context,
                                                 const store::EventStore& events,
                                                 const Listing& listing,
                                                 query::QueryContext& query) {
  KANSOKU_TRY(std::vector<Described> streams,
              streams_of(shared, scope_of(context), events, listing, query));
  const auto position = [](const Described& d) { return Position{d.stream.name, d.last_ns()}; };
  std::ranges::sort(streams, [&](const Described& a, const Described& b) {
    return listing.before(position(a), position(b));
  });
  if (listing.after) {
    std::erase_if(streams,
                  [&](const Described& d) { return !listing.before(*listing.after, position(d)); });
  }
  shapes::DescribeLogStreamsOutput out;
  if (streams.size() > listing.limit) {
    streams.resize(listing.limit);
    out.next_token = shared.tokens.issue(listing.binding, encode(position(streams.back())));
  }
  out.log_streams.emplace();
  const std::string arn = group_arn(context, listing.group);
  for (const Described& stream : streams) out.log_streams->push_back(shown(arn, stream));
  return out;
}

std::expected<Listing, AwsError> listing_of(const Shared& shared, const OperationContext& context,
                                            const shapes::DescribeLogStreamsInput& input) {
  Listing out;
  auto group = named_group(context, input.log_group_name, input.log_group_identifier);
  if (!group) return std::unexpected(std::move(group).error());
  out.group = std::move(*group);
  if (!shared.groups().find(scope_of(context), out.group))
    return std::unexpected(group_not_found());
  out.prefix = input.log_stream_name_prefix.value_or("");
  out.by_time = input.order_by == "LastEventTime";
  out.descending = input.descending.value_or(false);
  out.limit = static_cast<size_t>(input.limit.value_or(50));
  if (out.by_time && input.log_stream_name_prefix) {
    return std::unexpected(
        invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix."));
  }
  for (const std::string& part :
       {std::string("DescribeLogStreams"), context.account(), context.region, out.group, out.prefix,
        std::string(out.by_time ? "t" : "n"), std::string(out.descending ? "d" : "a")}) {
    append_part(out.binding, part);
  }
  if (!input.next_token) return out;
  const auto position = shared.tokens.open(out.binding, *input.next_token);
  if (position) out.after = decode(*position);
  if (!out.after) return std::unexpected(invalid_token());
  return out;
}

void describe(const std::shared_ptr<Shared>& shared,
              const std::shared_ptr<OperationContext>& context,
              const shapes::DescribeLogStreamsInput& input,
              TypedReply<shapes::DescribeLogStreamsOutput> reply) {
  auto listing = listing_of(*shared, *context, input);
  if (!listing) return reply(std::unexpected(std::move(listing).error()));
  shared->backend().read(
      [shared, context, listing = std::move(*listing), reply = std::move(reply)](
          Result<const store::EventStore*> events, query::QueryContext& query) mutable {
        if (!events) return reply(std::unexpected(store_error(events.error())));
        auto page = page_of(*shared, *context, **events, listing, query);
        if (!page) return reply(std::unexpected(store_error(page.error())));
        reply(std::move(*page));
      });
}

Access describe_access(const OperationContext& context, const void* input) {
  const auto& request = *static_cast<const shapes::DescribeLogStreamsInput*>(input);
  const auto group = named_group(context, request.log_group_name, request.log_group_identifier);
  return access_to(context, group ? *group : "*");
}

}  // namespace

void add_stream_operations(const std::shared_ptr<Shared>& shared, ServiceTable& table) {
  auto& rows = table.operations;
  rows.push_back(line<shapes::CreateLogStreamInput, NoInput>(
      "CreateLogStream", "logs:CreateLogStream", shared, create,
      access_by_name<shapes::CreateLogStreamInput>));
  rows.push_back(line<shapes::DeleteLogStreamInput, NoInput>(
      "DeleteLogStream", "logs:DeleteLogStream", shared, remove,
      access_by_name<shapes::DeleteLogStreamInput>));
  rows.push_back(line<shapes::DescribeLogStreamsInput, shapes::DescribeLogStreamsOutput>(
      "DescribeLogStreams", "logs:DescribeLogStreams", shared, describe, describe_access));
}

}  // namespace kansoku::api::aws::logs
