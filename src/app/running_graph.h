// The receivers, exporters and pipelines of logs of a process, as its configuration has them:
// built, started and stopped together; and what they say of themselves.
//
// Thread contract: built, started and stopped on the main thread; the rest by anybody.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/admin/exposition.h"
#include "app/listeners.h"
#include "net/aws/credentials.h"
#include "net/http/http.h"
#include "pipeline/exporters/cloudwatch_logs/cloudwatch_logs_exporter.h"
#include "pipeline/graph/graph.h"
#include "pipeline/graph/spec.h"
#include "pipeline/receivers/filelog/filelog_receiver.h"
#include "pipeline/receivers/journald/journald_receiver.h"
#include "pipeline/spool/spool.h"

namespace kansoku::app {

struct GraphParts {
  pipeline::ComponentContext context;
  net::EventLoops* loops = nullptr;
  std::string state_directory;  // of receivers; made where it is missing
  std::string host_name;        // for {host_name}
  // Where the exporter `store` leads; null in an agent, which then refuses it.
  pipeline::EventSink* store = nullptr;
};

class RunningGraph {
 public:
  static Result<std::unique_ptr<RunningGraph>> build(GraphParts parts, pipeline::GraphSpec spec);
  ~RunningGraph();
  RunningGraph(const RunningGraph&) = delete;
  RunningGraph& operator=(const RunningGraph&) = delete;

  Status start();
  // Receivers first, so that nothing new comes; then exporters, which answer what is open. Waits.
  void stop();

  // Of the receivers that listen: name and port.
  std::vector<std::pair<std::string, uint16_t>> ports() const { return listeners_.ports(); }
  void reload_tls() { listeners_.reload_tls(); }

  // What became of a byte of a file, as JSON: {file, offset, answers: [{receiver, where, ...}]}.
  std::string where_json(const std::string& path, uint64_t offset) const;
  // Every file that is followed, as JSON.
  std::string files_json() const;
  void append_metrics(api::OpenMetrics& out) const;

 private:
  using Filelog = pipeline::filelog::FilelogReceiver;
  using Journald = pipeline::journald::JournaldReceiver;
  using CloudWatchLogs = pipeline::cloudwatch_logs::CloudWatchLogsExporter;

  explicit RunningGraph(GraphParts parts)
      : parts_(std::move(parts)), listeners_(parts_.context, *parts_.loops) {}
  Status build_exporters(const pipeline::GraphSpec& spec);
  Result<std::shared_ptr<net::aws::AwsClient>> logs_client(
      const pipeline::AgentSettings& agent,
      const pipeline::cloudwatch_logs::CloudWatchLogsConfig& config);
  Status build_receivers(pipeline::GraphSpec spec);
  Status build_filelog(const pipeline::GraphSpec& spec, const std::string& name,
                       pipeline::filelog::FilelogConfig config);
  Status build_journald(const pipeline::GraphSpec& spec, const std::string& name,
                        pipeline::journald::JournaldConfig config);
  std::string state_path_of(const std::string& name) const;
  Status build_listener(const pipeline::GraphSpec& spec, const pipeline::ReceiverSpec& receiver);
  // What stands behind a receiver: each pipeline's ledger, then its exporters; before those whose
  // endpoint may be away the spool, unless the source can wait.
  Result<pipeline::EventSink*> entry_of(const pipeline::GraphSpec& spec, const std::string& name,
                                        bool source_waits);
  Result<pipeline::EventSink*> spooled(const pipeline::GraphSpec& spec,
                                       const std::string& exporter);
  net::HttpClient& http(const pipeline::AgentSettings& agent);
  void append_spools(api::OpenMetrics& out) const;

  GraphParts parts_;
  std::unique_ptr<net::HttpClient> http_;
  // In the order in which they are made.
  std::vector<std::pair<std::string, std::shared_ptr<CloudWatchLogs>>> cloudwatch_logs_;
  std::map<std::string, pipeline::EventSink*> exporters_;
  std::map<std::string, std::shared_ptr<pipeline::spool::Spool>> spools_;  // by exporter
  std::vector<std::unique_ptr<pipeline::EventSink>> sinks_;
  std::vector<std::pair<std::string, std::shared_ptr<Filelog>>> filelogs_;
  std::vector<std::pair<std::string, std::shared_ptr<Journald>>> journalds_;
  Listeners listeners_;
  bool started_ = false;
};

// The doors of collection, for an administrator: GET /-/where?file=PATH&offset=N and GET /-/files.
// Nothing for any other path.
std::optional<net::HttpResponse> collection_answer(const RunningGraph& graph,
                                                   const net::HttpRequest& request);

}  // namespace kansoku::app
