#include "app/server_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include "app/server.h"

namespace kansoku::app {
namespace {

double as_double(uint64_t value) { return static_cast<double>(value); }

}  // namespace

void append_process_metrics(const env::Env& env, int64_t started_ms, api::OpenMetrics& out) {
  out.gauge("kansoku_build_info", "version of this program", 1, {{"version", version()}});
  out.gauge("process_start_time_seconds", "when the process began, Unix time",
            static_cast<double>(started_ms) / 1000);
  out.gauge("process_resident_memory_bytes", "resident memory",
            as_double(resident_bytes(*env.files)));
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  out.counter("process_cpu_seconds", "user and system time",
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
  if (auto descriptors = env.files->list("/proc/self/fd")) {
    out.gauge("process_open_fds", "open descriptors", as_double(descriptors->size()));
  }
}

namespace {

void append_http(const net::HttpServerStats& s, api::OpenMetrics& out) {
  out.gauge("kansoku_http_connections", "open connections", as_double(s.connections_open));
  out.counter("kansoku_http_connections_accepted", "accepted connections",
              as_double(s.connections_accepted));
  out.counter("kansoku_http_connections_refused", "connections over the limit",
              as_double(s.connections_refused));
  out.counter("kansoku_http_requests", "requests that arrived whole", as_double(s.requests));
  out.counter("kansoku_http_bad_requests", "requests refused by the HTTP layer",
              as_double(s.bad_requests));
  out.counter("kansoku_http_received_bytes", "bytes read from sockets", as_double(s.bytes_in));
  out.counter("kansoku_http_sent_bytes", "bytes written to sockets", as_double(s.bytes_out));
  out.counter("kansoku_http_timeouts", "connections ended for slowness", as_double(s.timeouts));
  out.counter("kansoku_http_unanswered", "requests dropped by a handler; a fault of kansoku",
              as_double(s.unanswered));
}

void append_store(const store::metrics::MetricEngine& engine, api::OpenMetrics& out) {
  store::MetricStoreStats s = engine.stats();
  store::metrics::MetricEngineStats e = engine.engine_stats();
  out.gauge("kansoku_store_series", "series in memory", as_double(s.series));
  out.gauge("kansoku_store_series_active", "series with points in memory",
            as_double(s.series_active));
  out.counter("kansoku_store_points_appended", "points made durable", as_double(s.points_appended));
  out.counter("kansoku_store_points_rejected", "points refused for good",
              as_double(e.points_rejected));
  out.counter("kansoku_store_points_dropped", "points not taken, to be sent again",
              as_double(e.points_dropped));
  out.gauge("kansoku_store_head_bytes", "memory of points not yet in parts",
            as_double(s.head_bytes));
  out.gauge("kansoku_store_series_cold", "series that are idle and not in memory",
            as_double(e.series_cold));
  out.gauge("kansoku_store_series_cold_bytes", "files of series that are not in memory",
            as_double(e.cold_bytes));
  out.gauge("kansoku_store_tier_parts", "files of cells of Prometheus series",
            as_double(e.tier_parts));
  out.gauge("kansoku_store_tier_bytes", "their bytes", as_double(e.tier_bytes));
  out.gauge("kansoku_store_series_memory_bytes", "memory of series and index",
            as_double(e.series_memory_bytes));
  out.gauge("kansoku_store_queue_bytes", "batches on their way into the log",
            as_double(e.queue_bytes));
  out.gauge("kansoku_store_parts", "parts on disk", as_double(s.parts));
  out.gauge("kansoku_store_parts_bytes", "bytes of parts on disk", as_double(s.parts_bytes));
  out.gauge("kansoku_store_parts_quarantined", "parts that cannot be read",
            as_double(s.parts_quarantined));
  out.counter("kansoku_store_merges", "merges of parts", as_double(s.merges));
  out.counter("kansoku_store_merge_failures", "merges that failed", as_double(e.merge_failures));
  out.counter("kansoku_store_seals", "parts written from memory", as_double(e.seals));
  out.counter("kansoku_store_seal_failures", "parts that could not be written",
              as_double(e.seal_failures));
  out.counter("kansoku_store_pages_damaged", "pages whose checksum did not hold",
              as_double(e.pages_damaged));
}

void append_exemplars(const store::ExemplarStoreStats& s, api::OpenMetrics& out) {
  out.gauge("kansoku_exemplars", "exemplars kept", as_double(s.exemplars));
  out.gauge("kansoku_exemplars_series", "series with exemplars", as_double(s.series));
  out.gauge("kansoku_exemplars_memory_bytes", "memory of exemplars", as_double(s.memory_bytes));
  out.gauge("kansoku_exemplars_file_bytes", "the file of exemplars", as_double(s.file_bytes));
  out.counter("kansoku_exemplars_appended", "exemplars made durable", as_double(s.appended));
  out.counter("kansoku_exemplars_refused", "exemplars not taken, to be sent again",
              as_double(s.refused));
  out.counter("kansoku_exemplars_evicted", "exemplars that gave way to newer ones",
              as_double(s.evicted));
  out.counter("kansoku_exemplars_expired", "exemplars older than the retention",
              as_double(s.expired));
  out.counter("kansoku_exemplars_files", "files of exemplars written", as_double(s.files_written));
  out.counter("kansoku_exemplars_file_failures", "files of exemplars that could not be written",
              as_double(s.file_failures));
  out.gauge("kansoku_exemplars_damages", "places that could not be read at the start",
            as_double(s.damages));
}

void append_events(const store::events::EventEngine& events, api::OpenMetrics& out) {
  const store::EventStoreStats s = events.stats();
  const store::events::EventEngineStats e = events.engine_stats();
  out.counter("kansoku_events_appended", "events made durable", as_double(s.rows_appended));
  out.counter("kansoku_events_message_bytes", "bytes of their messages",
              as_double(s.message_bytes_appended));
  out.counter("kansoku_events_rejected", "events that were refused", as_double(e.rows_rejected));
  out.counter("kansoku_events_dropped", "events not taken, to be sent again",
              as_double(e.rows_dropped));
  out.gauge("kansoku_events_memory_rows", "events that are in no part yet",
            as_double(s.memory_rows));
  out.gauge("kansoku_events_memory_bytes", "memory of these", as_double(s.memory_bytes));
  out.gauge("kansoku_events_parts", "parts on disk", as_double(s.parts));
  out.gauge("kansoku_events_parts_bytes", "their bytes", as_double(s.parts_bytes));
  out.gauge("kansoku_events_parts_rows", "their events", as_double(s.parts_rows));
  out.counter("kansoku_events_seals", "parts written from memory", as_double(s.seals));
  out.counter("kansoku_events_seal_failures", "parts that could not be written",
              as_double(e.seal_failures));
  out.counter("kansoku_events_merges", "merges of parts", as_double(s.merges));
  out.counter("kansoku_events_merge_failures", "merges that failed", as_double(e.merge_failures));
  out.gauge("kansoku_events_blocks_damaged", "blocks that could not be read",
            as_double(s.blocks_damaged));
}

void append_log(const store::wal::LogStats& s, api::OpenMetrics& out) {
  out.counter("kansoku_log_records", "records made durable", as_double(s.records));
  out.counter("kansoku_log_groups", "groups of records synced together", as_double(s.groups));
  out.counter("kansoku_log_bytes", "bytes written", as_double(s.bytes));
  out.counter("kansoku_log_sync_seconds", "time spent in fdatasync",
              static_cast<double>(s.sync_ns) / 1e9);
  out.counter("kansoku_log_sync_failures", "syncs that failed", as_double(s.sync_failures));
  out.counter("kansoku_log_refused", "records refused because the queue was full",
              as_double(s.refused_full));
  out.counter("kansoku_log_duplicates", "batches that were here already", as_double(s.duplicates));
  out.gauge("kansoku_log_segments", "segments on disk", as_double(s.segments));
  out.gauge("kansoku_log_read_only", "1 when the log takes nothing any more", s.read_only ? 1 : 0);
}

}  // namespace

void append_ledger_metrics(const signal::Ledger& ledger, api::OpenMetrics& out) {
  auto lines = ledger.lines();
  for (const auto& [key, line] : lines) {
    out.counter("kansoku_ledger_received_rows", "rows received", as_double(line.received),
                {{"receiver", key.receiver}, {"account", key.account}, {"branch", key.branch}});
  }
  for (const auto& [key, line] : lines) {
    out.gauge("kansoku_ledger_in_flight_rows", "rows without an outcome yet",
              as_double(line.in_flight),
              {{"receiver", key.receiver}, {"account", key.account}, {"branch", key.branch}});
  }
  for (const auto& [key, line] : lines) {
    for (const auto& [outcome, rows] : line.outcomes) {
      out.counter("kansoku_ledger_rows", "rows by what became of them", as_double(rows),
                  {{"receiver", key.receiver},
                   {"account", key.account},
                   {"branch", key.branch},
                   {"outcome", signal::outcome_name(outcome.first)},
                   {"reason", outcome.second}});
    }
  }
  out.counter("kansoku_unresolved_deliveries",
              "deliveries dropped without a verdict; a fault of kansoku",
              as_double(signal::AckToken::unresolved_tokens()));
}

uint64_t resident_bytes(env::FileSystem& files) {
  auto text = files.read_all("/proc/self/statm");
  if (!text) return 0;
  size_t space = text->find(' ');
  uint64_t pages = 0;
  std::from_chars(text->data() + space + 1, text->data() + text->size(), pages);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void append_server_metrics(const MetricSources& sources, api::OpenMetrics& out) {
  append_process_metrics(sources.env, sources.started_ms, out);
  if (sources.http != nullptr) append_http(sources.http->stats(), out);
  append_store(*sources.metrics, out);
  if (sources.events != nullptr) append_events(*sources.events, out);
  if (sources.exemplars != nullptr) append_exemplars(sources.exemplars->stats(), out);
  append_log(sources.log->stats(), out);
  constexpr std::array<std::string_view, kLaneCount> kLanes{"alarm", "query", "ingest", "merge"};
  std::array<ThreadPool::LaneStats, kLaneCount> lanes;
  for (size_t i = 0; i < kLaneCount; ++i) lanes[i] = sources.pool->lane_stats(static_cast<Lane>(i));
  for (size_t i = 0; i < kLaneCount; ++i) {
    out.counter("kansoku_pool_tasks", "tasks run", as_double(lanes[i].done), {{"lane", kLanes[i]}});
  }
  for (size_t i = 0; i < kLaneCount; ++i) {
    out.gauge("kansoku_pool_queued_tasks", "tasks waiting", as_double(lanes[i].queued),
              {{"lane", kLanes[i]}});
  }
  for (size_t i = 0; i < kLaneCount; ++i) {
    out.counter("kansoku_pool_busy_seconds", "time spent in tasks",
                static_cast<double>(lanes[i].busy_ns) / 1e9, {{"lane", kLanes[i]}});
  }
  append_ledger_metrics(*sources.ledger, out);
}

}  // namespace kansoku::app
