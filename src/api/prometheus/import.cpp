// POST /api/v1/import/prometheus: exposition text and OpenMetrics, samples of any age that is kept.
#include "api/prometheus/import.h"

#include "wire/exposition/batches.h"

namespace kansoku::api::prometheus {
namespace {

namespace ex = wire::exposition;

// A body, expanded; files are sent in pieces by kansoku ctl import.
constexpr size_t kTextBytesMax = 64U << 20;
constexpr size_t kTextRatioMax = 200;
// Bytes held a byte of the text: the text and its batches.
constexpr uint64_t kMemoryPerByte = 3;

struct Import final : Ingest {
  std::string text;
  ex::Format format = ex::Format::Text100;
  int64_t timestamp_ms = 0;
};
using ImportPtr = std::shared_ptr<Import>;

net::HttpResponse answer_import(Ingest& ingest) {
  return import_reply(ingest, ingest.rejection ? ingest.rejection->to_string() : std::string());
}

// The format that the caller names, else that of the content type, else what the text looks like.
Result<ex::Format> read_format(const Call& call, std::string_view text) {
  std::string_view named = call.value("format");
  if (named == "openmetrics") return ex::Format::OpenMetrics;
  if (named == "text") return ex::Format::Text100;
  if (!named.empty()) {
    return invalid_argument("invalid parameter \"format\": {} is neither openmetrics nor text",
                            quoted(named));
  }
  auto typed = ex::format_of(call.request.headers.get("content-type"));
  if (typed == ex::Format::OpenMetrics) return ex::Format::OpenMetrics;
  return ex::guess_format(text);
}

std::vector<wire::remote_write::Metadata> metadata_of(const ex::BatchVisitor& visitor) {
  std::vector<wire::remote_write::Metadata> out;
  for (const ex::Family& family : visitor.families()) {
    // Both enumerations follow the protos.
    static_assert(static_cast<int>(ex::MetricType::StateSet) ==
                  static_cast<int>(wire::remote_write::MetricType::StateSet));
    out.push_back({family.name, static_cast<wire::remote_write::MetricType>(family.type),
                   family.help, family.unit});
  }
  return out;
}

std::optional<net::HttpResponse> read_request(Context& context, Import& import) {
  const Call& call = *import.call;
  std::string_view encoding = call.request.headers.get("content-encoding");
  import.text = call.request.body;
  if (!encoding.empty()) {
    auto decoded = net::decode_content(encoding, call.request.body, kTextBytesMax, kTextRatioMax);
    if (!decoded) return error_reply(decoded.error());
    import.text = std::move(*decoded);
  }
  if (import.text.size() > kTextBytesMax) {
    return error_reply(413, "bad_data",
                       fmt::format("the text has {} bytes, limit {}: send it in pieces, or let "
                                   "kansoku ctl import do so",
                                   import.text.size(), kTextBytesMax));
  }
  if (context.services.write_memory != nullptr) {
    auto lease =
        MemoryLease::take(*context.services.write_memory, import.text.size() * kMemoryPerByte);
    if (!lease) return error_reply(503, "unavailable", lease.error().to_string());
    import.memory = std::move(*lease);
  }
  auto format = read_format(call, import.text);
  if (!format) return error_reply(format.error());
  import.format = *format;
  auto time = call.time_ms("timestamp", context.services.env.clock->wall_now().ms());
  if (!time) return error_reply(time.error());
  import.timestamp_ms = *time;
  return std::nullopt;
}

// Nothing of a text with a mistake is stored: the file is repaired and sent again.
void run(Context& context, const ImportPtr& import) {
  if (auto answer = read_request(context, *import)) {
    import->memory.release();
    import->call->answer(std::move(*answer));
    return;
  }
  std::vector<std::shared_ptr<const signal::MetricBatch>> batches;
  ex::BatchVisitor visitor({.now_ms = import->timestamp_ms},
                           [&](auto batch) { batches.push_back(std::move(batch)); });
  auto parsed =
      ex::parse(import->text, {.format = import->format, .checks = ex::Checks::Families}, visitor);
  if (!parsed) {
    import->memory.release();
    import->call->answer(error_reply(400, "bad_data", parsed.error().to_string()));
    return;
  }
  visitor.finish();
  for (auto& batch : batches) {
    put_exemplars(context, import, batch);
    push_batch(context, import, std::move(batch), &Ingest::samples);
  }
  put_metadata(context, import, metadata_of(visitor));
  finish_part(import);
}

}  // namespace

net::HttpResponse import_reply(const Ingest& ingest, const std::string& message) {
  if (ingest.failure) return error_reply(503, "unavailable", ingest.failure->to_string());
  return json_reply(success_body([&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("stored");
    json.unsigned_integer(ingest.samples + ingest.histograms);
    json.key("rejected");
    json.begin_object();
    for (const auto& [reason, rows] : ingest.rejected) {
      json.key(reason);
      json.unsigned_integer(rows);
    }
    json.end_object();
    json.key("message");
    json.string(message);
    json.end_object();
  }));
}

void handle_import_text(Context& context, CallPtr call) {
  auto import = std::make_shared<Import>();
  import->call = std::move(call);
  import->back_fill = true;
  import->answer = answer_import;
  context.services.executor->post(Lane::Ingest, [&context, import] { run(context, import); });
}

}  // namespace kansoku::api::prometheus
