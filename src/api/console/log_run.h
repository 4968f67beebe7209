// A question to all events of its range whose answer is a stream of lines: what log_patterns() and
// log_compare() have in common.
#pragma once

#include <memory>
#include <utility>

#include "api/console/log_ask.h"
#include "api/console/log_stream.h"

namespace kansoku::api::console {

// Reads the question, and lets a Work(services, ask, stream) run(events, context) on the backend's
// thread. Errors are the last line.
template <class Work>
void run_log_ask(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange) {
  auto stream = std::make_shared<LineStream>(std::move(exchange));
  stream->begin("application/x-ndjson");
  auto ask = read_log_ask(services, user, "logs:FilterLogEvents", body);
  if (!ask) {
    stream->write(error_line({}, ask.error().error, ask.error().position));
    stream->end();
    return;
  }
  ask->scan.order = store::EventOrder::Any;
  auto work = std::make_shared<Work>(services, std::move(*ask), stream);
  services.backend->read(
      [work, stream](Result<const store::EventStore*> events, query::QueryContext& context) {
        stream->attach(context);
        if (events) {
          work->run(**events, context);
        } else {
          stream->write(error_line({}, events.error()));
        }
        stream->detach();
        stream->end();
      },
      aws::logs::kReadTimeMs * 4);
}

}  // namespace kansoku::api::console
