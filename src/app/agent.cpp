#include "app/agent.h"

#include <future>

#include "api/admin/exposition.h"
#include "api/console/reply.h"
#include "app/host_identity.h"
#include "app/running_graph.h"
#include "app/server.h"
#include "app/server_metrics.h"
#include "net/auth/identity.h"
#include "net/secrets/secrets.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

using api::console::error_reply;
using api::console::json_reply;

constexpr int64_t kDoorGraceMs = 1'000;

}  // namespace

struct Agent::State {
  AgentOptions options;
  env::Env env = env::real_env();
  int64_t started_ms = 0;
  std::string token;
  bool stopped = false;
  std::atomic<bool> ready{false};

  std::unique_ptr<env::FileLock> lock;
  std::unique_ptr<net::EventLoops> loops;
  std::unique_ptr<ThreadPool> pool;
  signal::Ledger ledger;
  std::unique_ptr<RunningGraph> graph;
  std::unique_ptr<net::HttpServer> http;

  std::string path(std::string_view name) const {
    return env::join_path(options.data_directory, name);
  }
  Status open_directory();
  Status listen();
  Status write_ports();
  void handle(const net::HttpRequest& request, net::HttpExchange exchange);
  std::string metrics_text() const;
};

// One process a directory: two would both send the same lines.
Status Agent::State::open_directory() {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(options.data_directory));
  auto locked = env.files->lock(path("lock"));
  if (!locked)
    return failed_precondition("{} is in use by another kansoku agent; give each its own --data",
                               options.data_directory);
  lock = std::move(*locked);
  auto known = env.files->read_all(path("token"), 4'096);
  if (known && !known->empty()) {
    token = std::move(*known);
    while (token.ends_with('\n')) token.pop_back();
    return {};
  }
  token = "kansoku_" + net::random_hex(*env.random, 24);
  return env.files->write_atomic(path("token"), token + "\n");
}

Status Agent::State::listen() {
  if (!is_loopback(options.listen.address)) {
    return invalid_argument("--listen {} is not loopback; an agent's door is for its own host",
                            options.listen.address);
  }
  net::HttpServerOptions door;
  door.address = options.listen.address;
  door.port = options.listen.port;
  auto started = net::HttpServer::start(
      *loops, door, [this](net::HttpRequest request, net::HttpExchange exchange) {
        pool->post(Lane::Query,
                   [this, request = std::move(request), exchange = std::move(exchange)]() mutable {
                     handle(request, std::move(exchange));
                   });
      });
  if (!started) return std::unexpected(std::move(started).error());
  http = std::move(*started);
  return {};
}

Status Agent::State::write_ports() {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("url");
  json.string(fmt::format("http://{}:{}/", options.listen.address, http->port()));
  json.key("http");
  json.integer(http->port());
  for (const auto& [name, port] : graph->ports()) {
    json.key(name);
    json.integer(port);
  }
  json.end_object();
  return env.files->write_atomic(path("ports.json"), out + "\n");
}

void Agent::State::handle(const net::HttpRequest& request, net::HttpExchange exchange) {
  const std::string_view path = request.path();
  const auto text = [&](int status, std::string body, std::string_view type) {
    net::HttpResponse out{.status = status, .body = std::move(body)};
    out.headers.set("content-type", std::string(type));
    exchange.respond(std::move(out));
  };
  if (request.method != "GET" && request.method != "HEAD")
    return exchange.respond(error_reply(405, "MethodNotAllowed", "only GET"));
  if (path == "/-/ready")
    return text(ready ? 200 : 503, ready ? "ready\n" : "not ready\n", "text/plain");
  if (path == "/-/healthy") return text(200, "healthy\n", "text/plain");
  if (path == "/metrics") return text(200, metrics_text(), api::kOpenMetricsType);
  if (net::auth::bearer_token(request.headers.get("authorization")) != token) {
    return exchange.respond(error_reply(
        401, "Unauthenticated", "send the token of the agent's data directory as a bearer token"));
  }
  if (auto answer = collection_answer(*graph, request)) return exchange.respond(std::move(*answer));
  exchange.respond(error_reply(404, "NotFound", fmt::format("no such path: {}", quoted(path))));
}

std::string Agent::State::metrics_text() const {
  api::OpenMetrics out;
  append_process_metrics(env, started_ms, out);
  append_ledger_metrics(ledger, out);
  graph->append_metrics(out);
  return std::move(out).finish();
}

Agent::Agent(std::unique_ptr<State> state) : state_(std::move(state)) {}
Agent::~Agent() { stop(); }

Result<std::unique_ptr<Agent>> Agent::start(AgentOptions options, pipeline::GraphSpec graph) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->started_ms = state->env.clock->wall_now().ms();
  KANSOKU_RETURN_IF_ERROR(state->open_directory());
  state->loops = net::EventLoops::start(1);
  state->pool = std::make_unique<ThreadPool>(state->options.workers);
  std::unique_ptr<Agent> agent(new Agent(std::move(state)));
  State& s = *agent->state_;
  GraphParts parts{
      .context = {s.env, s.loops.get(), s.pool.get(), &s.ledger, {}},
      .loops = s.loops.get(),
      .state_directory = s.options.data_directory,
      .host_name = graph.agent.hostname.empty() ? local_host_name() : graph.agent.hostname};
  KANSOKU_TRY(s.graph, RunningGraph::build(std::move(parts), std::move(graph)));
  KANSOKU_RETURN_IF_ERROR(s.listen());
  KANSOKU_RETURN_IF_ERROR(s.graph->start());
  KANSOKU_RETURN_IF_ERROR(s.write_ports());
  s.ready = true;
  return agent;
}

std::string Agent::url() const {
  return fmt::format("http://{}:{}/", state_->options.listen.address, state_->http->port());
}

void Agent::stop() {
  State& s = *state_;
  if (std::exchange(s.stopped, true)) return;
  s.ready = false;
  if (s.http) {
    std::promise<void> closed;
    s.http->stop(kDoorGraceMs, [&] { closed.set_value(); });
    closed.get_future().wait();
  }
  if (s.graph) s.graph->stop();
  if (s.pool) s.pool->shutdown();
  if (s.loops) s.loops->stop();
}

std::string default_agent_directory() {
  return env::join_path(default_options().data_directory, "agent");
}

}  // namespace kansoku::app
