// One request on its way through the API, and what handlers share. Internal to this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/prometheus/metadata_store.h"
#include "api/prometheus/prometheus_api.h"
#include "api/prometheus/read_gate.h"
#include "api/prometheus/reply.h"
#include "wire/aws/protocol.h"

namespace kansoku::api::prometheus {

struct Context {
  PrometheusServices services;
  std::unique_ptr<MetadataStore> metadata;
  std::unique_ptr<ReadGate> read_gate;
};

// Answered exactly once, by whoever holds it last.
struct Call {
  net::HttpRequest request;
  net::HttpExchange exchange;
  Caller caller;
  // Fields of the form body first, then of the query string, as the reference server has it.
  kansoku::aws::Form form;
  // The part of the path that a route leaves open (a label name), decoded.
  std::string path_value;

  std::string_view value(std::string_view name) const {
    return kansoku::aws::form_value(form, name);
  }
  std::vector<std::string_view> values(std::string_view name) const;
  // The time of a parameter, or `otherwise` when it is not there.
  Result<int64_t> time_ms(std::string_view name, int64_t otherwise) const;
  // 0: no limit.
  Result<size_t> limit(std::string_view name) const;
  void answer(net::HttpResponse response);
};
using CallPtr = std::shared_ptr<Call>;
using Handler = void (*)(Context& context, CallPtr call);

// Runs on the pool, in the lane of queries; the result is the answer.
template <class Work>
void answer_on_pool(Context& context, CallPtr call, Work work) {
  context.services.executor->post(
      Lane::Query, [&context, call = std::move(call), work = std::move(work)]() mutable {
        if (call->exchange.closed()) return;
        call->answer(work(context, *call));
      });
}

// {"name":"value", …} of labels.
void append_labels(wire::JsonWriter& json, const signal::Labels& labels);

void handle_write(Context& context, CallPtr call);
void handle_read(Context& context, CallPtr call);
void handle_series(Context& context, CallPtr call);
void handle_labels(Context& context, CallPtr call);
void handle_label_values(Context& context, CallPtr call);
void handle_metadata(Context& context, CallPtr call);
void handle_federate(Context& context, CallPtr call);
void handle_query(Context& context, CallPtr call);
void handle_query_range(Context& context, CallPtr call);
void handle_query_exemplars(Context& context, CallPtr call);
void handle_format_query(Context& context, CallPtr call);
void handle_parse_query(Context& context, CallPtr call);
void handle_build_info(Context& context, CallPtr call);
void handle_runtime_info(Context& context, CallPtr call);
void handle_flags(Context& context, CallPtr call);
void handle_config(Context& context, CallPtr call);
void handle_tsdb(Context& context, CallPtr call);
void handle_wal_replay(Context& context, CallPtr call);
void handle_tsdb_blocks(Context& context, CallPtr call);
void handle_self_metrics(Context& context, CallPtr call);
void handle_openapi(Context& context, CallPtr call);
void handle_features(Context& context, CallPtr call);
void handle_notifications(Context& context, CallPtr call);
void handle_notifications_live(Context& context, CallPtr call);
void handle_search_metric_names(Context& context, CallPtr call);
void handle_search_label_names(Context& context, CallPtr call);
void handle_search_label_values(Context& context, CallPtr call);
void handle_import_text(Context& context, CallPtr call);
void handle_import_write(Context& context, CallPtr call);
void handle_delete_series(Context& context, CallPtr call);
void handle_clean_tombstones(Context& context, CallPtr call);
void handle_snapshot(Context& context, CallPtr call);

}  // namespace kansoku::api::prometheus
