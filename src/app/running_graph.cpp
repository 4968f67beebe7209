#include "app/running_graph.h"

#include <future>

#include "app/listener_keys.h"
#include "net/aws/sts.h"
#include "pipeline/exporters/discard/discard_exporter.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

using pipeline::EventBranch;
using pipeline::EventSink;
using pipeline::filelog::FileLine;
using pipeline::filelog::FilelogConfig;
using pipeline::filelog::SourceConfig;
using pipeline::filelog::Whereabouts;
using pipeline::journald::JournaldConfig;

// At a stop, for requests that the endpoint has; the process exits within 10 s.
constexpr int64_t kAnswerGraceMs = 3'000;

// Runs `begin` with a callback and waits for it; for the main thread at start and stop only.
template <class T, class Begin>
T wait_for(Begin&& begin) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  begin([promise](T value) { promise->set_value(std::move(value)); });
  return future.get();
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// A component's name as a file's: "filelog/app" is "filelog-app".
std::string file_name_of_component(std::string name) {
  std::ranges::replace(name, '/', '-');
  return name;
}

// Of a receiver that is in a pipeline.
std::string first_pipeline_of(const pipeline::GraphSpec& spec, const std::string& receiver) {
  for (const pipeline::PipelineSpec& pipeline : spec.pipelines) {
    if (std::ranges::find(pipeline.receivers, receiver) != pipeline.receivers.end())
      return pipeline.name;
  }
  return {};
}

// How long the lines of a receiver may wait for others, so that requests are few: what the
// exporters behind it say, of several the least.
int64_t flush_interval_ms(const pipeline::GraphSpec& spec, const std::string& receiver) {
  std::optional<int64_t> out;
  for (const pipeline::PipelineSpec& pipeline : spec.pipelines) {
    if (std::ranges::find(pipeline.receivers, receiver) == pipeline.receivers.end()) continue;
    for (const std::string& name : pipeline.exporters) {
      const auto exporter = std::ranges::find(spec.exporters, name, &pipeline::ExporterSpec::name);
      if (exporter == spec.exporters.end()) continue;
      const auto* config =
          std::get_if<pipeline::cloudwatch_logs::CloudWatchLogsConfig>(&exporter->config);
      if (config != nullptr)
        out = std::min(out.value_or(config->flush_interval_ms), config->flush_interval_ms);
    }
  }
  return out.value_or(0);
}

std::string_view name_of(Whereabouts where) {
  switch (where) {
    case Whereabouts::NotFollowed:
      return "not followed";
    case Whereabouts::NotYetRead:
      return "not yet read";
    case Whereabouts::Queued:
      return "queued";
    case Whereabouts::Sent:
      return "sent";
    case Whereabouts::Filtered:
      return "filtered";
    case Whereabouts::Dropped:
      return "dropped";
    case Whereabouts::TruncatedUnread:
      return "truncated unread";
    case Whereabouts::Settled:
      return "settled";
  }
  return "";
}

}  // namespace

RunningGraph::~RunningGraph() { stop(); }

Result<std::unique_ptr<RunningGraph>> RunningGraph::build(GraphParts parts,
                                                          pipeline::GraphSpec spec) {
  std::unique_ptr<RunningGraph> graph(new RunningGraph(std::move(parts)));
  KANSOKU_RETURN_IF_ERROR(
      graph->parts_.context.env.files->create_directories(graph->parts_.state_directory));
  KANSOKU_RETURN_IF_ERROR(graph->build_exporters(spec));
  KANSOKU_RETURN_IF_ERROR(graph->build_receivers(std::move(spec)));
  return graph;
}

net::HttpClient& RunningGraph::http(const pipeline::AgentSettings& agent) {
  if (!http_) {
    http_ = net::make_http_client(*parts_.loops, {.ca_bundle_file = agent.ca_bundle_file,
                                                  .http_proxy = agent.http_proxy,
                                                  .https_proxy = agent.https_proxy,
                                                  .no_proxy = agent.no_proxy});
  }
  return *http_;
}

Result<std::shared_ptr<net::aws::AwsClient>> RunningGraph::logs_client(
    const pipeline::AgentSettings& agent,
    const pipeline::cloudwatch_logs::CloudWatchLogsConfig& config) {
  const env::Env& env = parts_.context.env;
  net::aws::Doors doors{.http = &http(agent),
                        .timers = parts_.context.timers,
                        .clock = env.clock,
                        .random = env.random,
                        .files = env.files,
                        .variable = net::aws::process_variable};
  net::aws::ImdsOptions imds_options;
  imds_options.attempts = 1 + agent.imds_retries;
  auto imds = net::aws::ImdsClient::make(doors, imds_options);
  net::aws::ProfileOptions profile{
      .credentials_file = agent.credentials_file, .config_file = {}, .profile = agent.profile};
  if (agent.profile_is_default && !net::aws::load_profile(doors, profile)) profile = {};
  net::aws::AwsClientOptions options;
  options.service = "logs";
  options.endpoint = config.endpoint;
  options.region = config.region.empty() ? agent.region : config.region;
  if (options.region.empty()) {
    auto found = wait_for<Result<std::string>>(
        [&](auto done) { net::aws::find_region(doors, imds, {}, profile, std::move(done)); });
    // What is signed for another kansoku needs a name only.
    if (!found && config.endpoint.empty()) {
      return invalid_argument(
          "no region: set agent.region, AWS_REGION, or region in the profile; {}",
          found.error().message);
    }
    options.region = found ? *found : "us-east-1";
  }
  if (agent.dual_stack && options.endpoint.empty())
    options.endpoint = fmt::format("https://logs.{}.api.aws", options.region);
  auto credentials = net::aws::default_credentials(doors, imds, profile);
  for (const std::string& role : {agent.role_arn, config.role_arn}) {
    if (role.empty() || (&role != &config.role_arn && !config.role_arn.empty())) continue;
    credentials = net::aws::cached_credentials(
        net::aws::assume_role_credentials(doors, credentials,
                                          {.role_arn = role, .region = options.region}),
        doors);
  }
  return net::aws::AwsClient::make(doors, std::move(credentials), std::move(options));
}

Status RunningGraph::build_exporters(const pipeline::GraphSpec& spec) {
  for (const pipeline::ExporterSpec& exporter : spec.exporters) {
    if (std::holds_alternative<pipeline::DiscardConfig>(exporter.config)) {
      sinks_.push_back(std::make_unique<pipeline::DiscardExporter<signal::EventBatch>>());
      exporters_[exporter.name] = sinks_.back().get();
    } else if (std::holds_alternative<pipeline::StoreConfig>(exporter.config)) {
      if (parts_.store == nullptr) {
        return invalid_argument("exporter {} is a server's; an agent sends by cloudwatch_logs",
                                exporter.name);
      }
      exporters_[exporter.name] = parts_.store;
    } else {
      auto config = std::get<pipeline::cloudwatch_logs::CloudWatchLogsConfig>(exporter.config);
      if (config.user_agent.empty()) config.user_agent = spec.agent.user_agent;
      KANSOKU_TRY(auto client, logs_client(spec.agent, config));
      auto made = CloudWatchLogs::make(parts_.context, std::move(config), std::move(client));
      exporters_[exporter.name] = made.get();
      cloudwatch_logs_.emplace_back(exporter.name, std::move(made));
    }
  }
  return {};
}

Result<EventSink*> RunningGraph::entry_of(const pipeline::GraphSpec& spec, const std::string& name,
                                          bool source_waits) {
  std::vector<EventBranch> branches;
  for (const pipeline::PipelineSpec& pipeline : spec.pipelines) {
    if (std::ranges::find(pipeline.receivers, name) == pipeline.receivers.end()) continue;
    for (const std::string& exporter : pipeline.exporters) {
      const auto to = exporters_.find(exporter);
      if (to == exporters_.end())
        return invalid_argument("pipeline {}: exporter {} is not defined", pipeline.name, exporter);
      EventSink* sink = to->second;
      if (!source_waits) {
        KANSOKU_TRY(sink, spooled(spec, exporter));
      }
      const bool alone = pipeline.exporters.size() == 1;
      sinks_.push_back(std::make_unique<pipeline::EventLedgerSink>(
          *parts_.context.ledger, name,
          alone ? pipeline.name : fmt::format("{}:{}", pipeline.name, exporter), *sink));
      branches.push_back({sinks_.back().get(), true});
    }
  }
  if (branches.empty()) return nullptr;
  if (branches.size() == 1) return branches[0].sink;
  sinks_.push_back(std::make_unique<pipeline::EventFanOut>(std::move(branches)));
  return sinks_.back().get();
}

// The store is this process's own, and discard is always there.
Result<EventSink*> RunningGraph::spooled(const pipeline::GraphSpec& spec,
                                         const std::string& exporter) {
  const auto named = std::ranges::find(spec.exporters, exporter, &pipeline::ExporterSpec::name);
  const auto* config = std::get_if<pipeline::cloudwatch_logs::CloudWatchLogsConfig>(&named->config);
  if (config == nullptr) return exporters_[exporter];
  auto [at, fresh] = spools_.try_emplace(exporter);
  if (fresh) {
    const std::string folder = env::join_path(parts_.state_directory, "spool");
    KANSOKU_TRY(at->second,
                pipeline::spool::Spool::open(
                    parts_.context,
                    {.directory = env::join_path(folder, file_name_of_component(exporter)),
                     .name = exporter,
                     .bytes_max = config->spool_bytes_max,
                     .age_max_ms = config->spool_age_max_ms},
                    exporters_[exporter], nullptr));
  }
  return &at->second->events();
}

Status RunningGraph::build_receivers(pipeline::GraphSpec spec) {
  for (const pipeline::ReceiverSpec& receiver : spec.receivers) {
    if (const auto* config = std::get_if<FilelogConfig>(&receiver.config)) {
      KANSOKU_RETURN_IF_ERROR(build_filelog(spec, receiver.name, *config));
    } else if (const auto* journald = std::get_if<JournaldConfig>(&receiver.config)) {
      KANSOKU_RETURN_IF_ERROR(build_journald(spec, receiver.name, *journald));
    } else if (is_listener(receiver.name)) {
      KANSOKU_RETURN_IF_ERROR(build_listener(spec, receiver));
    } else {
      return invalid_argument("receiver {} is not served by this version", receiver.name);
    }
  }
  return {};
}

Status RunningGraph::build_filelog(const pipeline::GraphSpec& spec, const std::string& name,
                                   FilelogConfig config) {
  KANSOKU_TRY(EventSink * entry, entry_of(spec, name, true));
  if (entry == nullptr) return {};  // in no pipeline
  for (SourceConfig& source : config.sources) {
    replace_all(source.group, "{host_name}", parts_.host_name);
    replace_all(source.stream, "{host_name}", parts_.host_name);
  }
  if (config.state_path.empty()) config.state_path = state_path_of(name);
  config.batch_wait_ms = flush_interval_ms(spec, name);
  auto made = Filelog::make(parts_.context, std::move(config), *entry);
  if (!made)
    return fail(made.error().code, fmt::format("receiver {}: {}", name, made.error().message));
  filelogs_.emplace_back(name, std::move(*made));
  return {};
}

std::string RunningGraph::state_path_of(const std::string& name) const {
  return env::join_path(parts_.state_directory, file_name_of_component(name) + ".state");
}

Status RunningGraph::build_journald(const pipeline::GraphSpec& spec, const std::string& name,
                                    JournaldConfig config) {
  KANSOKU_TRY(EventSink * entry, entry_of(spec, name, true));
  if (entry == nullptr) return {};  // in no pipeline
  config.name = name;
  config.branch = first_pipeline_of(spec, name);
  for (pipeline::journald::SourceConfig& source : config.sources) {
    replace_all(source.group, "{host_name}", parts_.host_name);
    replace_all(source.stream, "{host_name}", parts_.host_name);
  }
  if (config.state_path.empty()) config.state_path = state_path_of(name);
  config.batch_wait_ms = flush_interval_ms(spec, name);
  const auto named = [&](const Error& error) {
    return fail(error.code, fmt::format("receiver {}: {}", name, error.message));
  };
  auto journals = pipeline::journald::system_journals(config.root);
  if (!journals) return named(journals.error());
  auto made = Journald::make(parts_.context, std::move(config), std::move(*journals), *entry);
  if (!made) return named(made.error());
  journalds_.emplace_back(name, std::move(*made));
  return {};
}

Status RunningGraph::build_listener(const pipeline::GraphSpec& spec,
                                    const pipeline::ReceiverSpec& receiver) {
  KANSOKU_TRY(EventSink * entry, entry_of(spec, receiver.name, false));
  if (entry == nullptr) return {};  // in no pipeline
  const std::string branch = first_pipeline_of(spec, receiver.name);
  const auto* emf = std::get_if<pipeline::emf_listener::EmfConfig>(&receiver.config);
  if (emf == nullptr) return listeners_.add(receiver, branch, *entry);
  pipeline::ReceiverSpec resolved = receiver;
  auto& config = std::get<pipeline::emf_listener::EmfConfig>(resolved.config);
  replace_all(config.group, "{host_name}", parts_.host_name);
  replace_all(config.stream, "{host_name}", parts_.host_name);
  return listeners_.add(resolved, branch, *entry);
}

Status RunningGraph::start() {
  started_ = true;
  for (auto& [name, spool] : spools_) spool->start();
  KANSOKU_RETURN_IF_ERROR(listeners_.start());
  for (auto& [name, receiver] : filelogs_) {
    Status begun = receiver->start();
    if (!begun)
      return fail(begun.error().code, fmt::format("receiver {}: {}", name, begun.error().message));
  }
  for (auto& [name, receiver] : journalds_) {
    Status begun = receiver->start();
    if (!begun)
      return fail(begun.error().code, fmt::format("receiver {}: {}", name, begun.error().message));
  }
  return {};
}

void RunningGraph::stop() {
  if (!std::exchange(started_, false)) return;
  std::vector<std::future<bool>> ends;
  const auto end = [&](auto& component) {
    auto promise = std::make_shared<std::promise<bool>>();
    ends.push_back(promise->get_future());
    component->stop([promise] { promise->set_value(true); });
  };
  for (const auto& receiver : listeners_.receivers()) end(receiver);
  for (auto& [name, receiver] : filelogs_) end(receiver);
  for (auto& [name, receiver] : journalds_) end(receiver);
  for (std::future<bool>& one : std::exchange(ends, {})) one.wait();
  // What receivers handed over is on disk before their spool is closed.
  for (auto& [name, spool] : spools_) end(spool);
  for (auto& [name, exporter] : cloudwatch_logs_) end(exporter);
  // Requests under way get a moment; then their client ends, which answers them.
  const env::Clock& clock = *parts_.context.env.clock;
  const int64_t deadline_ns = clock.monotonic_now().ns + kAnswerGraceMs * env::kNsPerMs;
  for (std::future<bool>& one : ends) {
    const int64_t left_ns = std::max<int64_t>(deadline_ns - clock.monotonic_now().ns, 0);
    one.wait_for(std::chrono::nanoseconds(left_ns));
  }
  http_.reset();
  for (std::future<bool>& one : ends) one.wait();
}

std::string RunningGraph::where_json(const std::string& path, uint64_t offset) const {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("file");
  json.string(path);
  json.key("offset");
  json.unsigned_integer(offset);
  json.key("answers");
  json.begin_array();
  for (const auto& [name, receiver] : filelogs_) {
    const pipeline::filelog::WhereAnswer answer = receiver->where(path, offset);
    if (answer.where == Whereabouts::NotFollowed) continue;
    json.begin_object();
    json.key("receiver");
    json.string(name);
    json.key("where");
    json.string(name_of(answer.where));
    json.key("text");
    json.string(answer.to_string());
    json.key("atMs");
    json.integer(answer.at.ms());
    json.key("rule");
    json.string(answer.rule);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

std::string RunningGraph::files_json() const {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("files");
  json.begin_array();
  for (const auto& [name, receiver] : filelogs_) {
    for (const FileLine& line : receiver->lines()) {
      // Remembered for its copies only: there is nothing to say of it any more.
      if (line.kind == pipeline::filelog::FileKind::Retired && line.in_flight == 0) continue;
      json.begin_object();
      const auto number = [&](std::string_view key, uint64_t value) {
        json.key(key);
        json.unsigned_integer(value);
      };
      json.key("receiver");
      json.string(name);
      json.key("path");
      json.string(line.path);
      number("size", line.size_seen);
      number("start", line.start);
      number("read", line.read);
      number("inFlight", line.in_flight);
      number("acknowledged", line.counts.acknowledged);
      number("filtered", line.counts.filtered);
      number("dropped", line.counts.dropped);
      json.end_object();
    }
  }
  json.end_array();
  json.end_object();
  return out;
}

void RunningGraph::append_metrics(api::OpenMetrics& out) const {
  using Stats = pipeline::cloudwatch_logs::ExporterStats;
  struct Column {
    std::string_view name;
    std::string_view help;
    uint64_t Stats::* value;
    bool gauge;
  };
  constexpr std::array<Column, 7> kColumns{{
      {"kansoku_exporter_requests", "requests sent", &Stats::requests_sent, false},
      {"kansoku_exporter_requests_in_flight", "requests on their way", &Stats::requests_in_flight,
       true},
      {"kansoku_exporter_requests_waiting", "requests that wait", &Stats::requests_waiting, true},
      {"kansoku_exporter_events_forwarded", "events that the endpoint took",
       &Stats::events_forwarded, false},
      {"kansoku_exporter_events_rejected", "events that were given up or refused",
       &Stats::events_rejected, false},
      {"kansoku_exporter_events_maybe_repeated", "events sent again after an answer was lost",
       &Stats::events_maybe_repeated, false},
      {"kansoku_exporter_body_bytes", "bytes of bodies, as sent", &Stats::body_bytes, false},
  }};
  std::vector<std::pair<std::string, Stats>> stats;
  for (const auto& [name, exporter] : cloudwatch_logs_) stats.emplace_back(name, exporter->stats());
  for (const Column& column : kColumns) {
    for (const auto& [name, row] : stats) {
      const auto value = static_cast<double>(row.*column.value);
      if (column.gauge)
        out.gauge(column.name, column.help, value, {{"exporter", name}});
      else
        out.counter(column.name, column.help, value, {{"exporter", name}});
    }
  }
  append_spools(out);
  for (const auto& [name, receiver] : filelogs_) {
    const auto total = receiver->total();
    const std::array<std::pair<std::string_view, uint64_t>, 4> fates{
        {{"acknowledged", total.counts.acknowledged},
         {"filtered", total.counts.filtered},
         {"dropped", total.counts.dropped},
         {"truncated_unread", total.counts.truncated_unread}}};
    for (const auto& [fate, bytes] : fates) {
      out.counter("kansoku_filelog_bytes", "bytes of files, by what became of them",
                  static_cast<double>(bytes), {{"receiver", name}, {"fate", std::string(fate)}});
    }
    out.gauge("kansoku_filelog_in_flight_bytes", "bytes that are on their way",
              static_cast<double>(total.in_flight), {{"receiver", name}});
    const auto files = receiver->stats().files;
    out.gauge("kansoku_filelog_open_files", "files that are held open",
              static_cast<double>(files.open_files), {{"receiver", name}});
    out.counter("kansoku_filelog_removed_files", "finished files that were deleted",
                static_cast<double>(files.removed), {{"receiver", name}});
    out.counter("kansoku_filelog_released_files", "closed because nothing could be sent",
                static_cast<double>(files.released), {{"receiver", name}});
  }
  for (const auto& [name, receiver] : journalds_) {
    const auto journal = receiver->stats();
    out.counter("kansoku_journald_entries_read", "entries of the journal",
                static_cast<double>(journal.entries_read), {{"receiver", name}});
    out.counter("kansoku_journald_entries_gone",
                "removed from the journal before what was on its way could be sent again",
                static_cast<double>(journal.entries_gone), {{"receiver", name}});
    out.counter("kansoku_journald_resent_batches", "sent again under their number after a restart",
                static_cast<double>(journal.resent), {{"receiver", name}});
  }
}

void RunningGraph::append_spools(api::OpenMetrics& out) const {
  using Stats = pipeline::spool::SpoolStats;
  std::vector<std::pair<std::string, Stats>> stats;
  for (const auto& [name, spool] : spools_) stats.emplace_back(name, spool->stats());
  struct Column {
    std::string_view name;
    std::string_view help;
    uint64_t Stats::* value;
    bool gauge;
  };
  constexpr std::array<Column, 6> kColumns{{
      {"kansoku_spool_bytes", "bytes of the spool on disk", &Stats::bytes, true},
      {"kansoku_spool_records_waiting", "batches that wait for their endpoint",
       &Stats::records_waiting, true},
      {"kansoku_spool_rows_taken", "rows taken into the spool", &Stats::rows_taken, false},
      {"kansoku_spool_rows_dropped", "rows dropped over a bound", &Stats::rows_dropped, false},
      {"kansoku_spool_write_failures", "writes that failed", &Stats::write_failures, false},
      {"kansoku_spool_damages", "places that are no record", &Stats::damages, false},
  }};
  for (const Column& column : kColumns) {
    for (const auto& [name, row] : stats) {
      const auto value = static_cast<double>(row.*column.value);
      if (column.gauge)
        out.gauge(column.name, column.help, value, {{"exporter", name}});
      else
        out.counter(column.name, column.help, value, {{"exporter", name}});
    }
  }
}

}  // namespace kansoku::app
