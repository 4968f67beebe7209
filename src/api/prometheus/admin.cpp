// POST /api/v1/admin/tsdb/{delete_series,clean_tombstones,snapshot}.
#include "api/prometheus/select.h"
#include "api/prometheus/values.h"

namespace kansoku::api::prometheus {
namespace {

net::HttpResponse no_content() { return net::HttpResponse{.status = 204}; }

// One selector after another; the first that fails ends it.
struct Deletion : std::enable_shared_from_this<Deletion> {
  Context* context = nullptr;
  CallPtr call;
  SeriesRequest request;
  store::TimeRangeMs range;
  size_t next = 0;

  void go_on() {
    if (next == request.selectors.size()) {
      call->answer(no_content());
      return;
    }
    store::SeriesDeletion deletion{
        {.scope = call->caller.scope, .matchers = std::move(request.selectors[next++])}, range};
    context->services.metrics->delete_points(
        std::move(deletion), [self = shared_from_this()](Result<uint64_t> series) {
          if (!series) {
            self->call->answer(error_reply(series.error(), true));
            return;
          }
          // Not on the store's own thread: the next selection may take a while.
          self->context->services.executor->post(Lane::Query, [self] { self->go_on(); });
        });
  }
};

}  // namespace

void handle_delete_series(Context& context, CallPtr call) {
  auto request = read_series_request(*call, true);
  if (!request) {
    call->answer(error_reply(request.error()));
    return;
  }
  auto deletion = std::make_shared<Deletion>();
  // The reference's end is inclusive, and its widest range means everything.
  if (request->start_ms != kTimeMinMs) deletion->range.begin = request->start_ms;
  if (request->end_ms != kTimeMaxMs) deletion->range.end = request->end_ms + 1;
  deletion->context = &context;
  deletion->call = std::move(call);
  deletion->request = std::move(*request);
  context.services.executor->post(Lane::Query, [deletion] { deletion->go_on(); });
}

void handle_clean_tombstones(Context& context, CallPtr call) {
  context.services.metrics->clean_tombstones([call = std::move(call)](Status status) {
    call->answer(status ? no_content() : error_reply(status.error(), true));
  });
}

void handle_snapshot(Context& context, CallPtr call) {
  std::string_view skip_head = call->value("skip_head");
  if (!skip_head.empty() && skip_head != "false" && skip_head != "0") {
    call->answer(error_reply(400, "bad_data",
                             "skip_head is not served: a snapshot holds everything that was "
                             "acknowledged"));
    return;
  }
  if (!context.services.take_snapshot) {
    call->answer(error_reply(501, "unavailable", "this process takes no snapshots"));
    return;
  }
  context.services.take_snapshot([call = std::move(call)](Result<std::string> name) {
    if (!name) {
      call->answer(error_reply(name.error(), true));
      return;
    }
    call->answer(json_reply(success_body([&](wire::JsonWriter& json) {
      json.begin_object();
      json.key("name");
      json.string(*name);
      json.end_object();
    })));
  });
}

}  // namespace kansoku::api::prometheus
