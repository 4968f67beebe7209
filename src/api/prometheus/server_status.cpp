// /api/v1/status/tsdb/blocks, /api/v1/status/self_metrics, /api/v1/notifications and its stream.
#include "api/prometheus/call.h"
#include "api/prometheus/self_metrics.h"

namespace kansoku::api::prometheus {
namespace {

// A ULID (github.com/ulid/spec): 48 bits of time, 80 bits that here are the part's number, in
// Crockford's base 32. The same part has the same one, also after a restart.
std::string block_ulid(const StoredPart& part) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string out(26, '0');
  auto put = [&](uint64_t value, size_t begin, size_t end) {
    for (size_t i = end; i-- > begin; value >>= 5) out[i] = kDigits[value & 31];
  };
  put(static_cast<uint64_t>(std::max<int64_t>(part.last_ms, 0)) & ((1ULL << 48) - 1), 0, 10);
  put(part.id, 10, 26);
  return out;
}

void append_block(wire::JsonWriter& json, const StoredPart& part) {
  std::string ulid = block_ulid(part);
  json.begin_object();
  json.key("ulid");
  json.string(ulid);
  json.key("minTime");
  json.integer(part.first_ms);
  json.key("maxTime");  // exclusive
  json.integer(part.last_ms + 1);
  json.key("stats");
  json.begin_object();
  json.key("numSamples");
  json.unsigned_integer(part.points);
  json.end_object();
  json.key("compaction");
  json.begin_object();
  json.key("level");
  json.unsigned_integer(uint64_t{part.level} + 1);
  json.key("sources");
  json.begin_array();
  json.string(ulid);
  json.end_array();
  json.end_object();
  json.key("version");
  json.integer(1);
  json.end_object();
}

net::HttpResponse blocks_reply(const Context& context, const Call&) {
  std::vector<StoredPart> parts;
  if (context.services.list_parts) {
    auto listed = context.services.list_parts();
    if (!listed) return error_reply(listed.error());
    parts = std::move(*listed);
  }
  std::ranges::sort(parts, {}, [](const StoredPart& p) { return std::pair(p.first_ms, p.id); });
  return json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("blocks");
    json.begin_array();
    for (const StoredPart& part : parts) append_block(json, part);
    json.end_array();
    json.end_object();
  }));
}

net::HttpResponse self_metrics_reply(const Context& context, const Call& call) {
  if (!context.services.metrics_text) {
    return error_reply(501, "unavailable", "this server has no metrics of its own");
  }
  std::optional<store::Regex> pattern;
  if (std::string_view text = call.value("metric_name_pattern"); !text.empty()) {
    auto compiled = store::Regex::compile(text);
    if (!compiled) {
      return error_reply(400, "bad_data",
                         fmt::format("invalid parameter \"metric_name_pattern\": {}",
                                     compiled.error().to_string()));
    }
    pattern.emplace(std::move(*compiled));
  }
  Status status;
  std::string body = success_body([&](wire::JsonWriter& json) {
    status = append_self_metrics(context.services.metrics_text(), pattern ? &*pattern : nullptr,
                                 call.caller.scope.account, json);
  });
  if (!status) return error_reply(status.error());
  return json_reply(std::move(body));
}

}  // namespace

void handle_tsdb_blocks(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), blocks_reply);
}

void handle_self_metrics(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), self_metrics_reply);
}

void handle_notifications(Context& context, CallPtr call) {
  std::vector<Notification> all;
  if (context.services.notifications != nullptr) all = context.services.notifications->list();
  call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_array();
    for (const Notification& one : all) json.raw(notification_json(one));
    json.end_array();
  })));
}

void handle_notifications_live(Context& context, CallPtr call) {
  // As where there are too many streams: a client must not come again at once.
  if (context.services.notifications == nullptr) return call->answer({.status = 204});
  if (call->request.method == "HEAD") {
    return call->answer({.status = 200, .headers = {{"Content-Type", "text/event-stream"}}});
  }
  context.services.notifications->stream(std::move(call->exchange));
}

}  // namespace kansoku::api::prometheus
