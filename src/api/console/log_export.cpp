#include "api/console/log_export.h"

#include <algorithm>

#include "api/console/log_search.h"
#include "api/console/log_stream.h"
#include "api/console/reply.h"
#include "base/time/iso8601.h"

namespace kansoku::api::console {
namespace {

class Export : public std::enable_shared_from_this<Export> {
 public:
  Export(const LogServices& services, LogAsk ask, bool csv, std::shared_ptr<LineStream> stream)
      : services_(services), ask_(std::move(ask)), csv_(csv), stream_(std::move(stream)) {}

  void begin() {
    if (csv_) stream_->write("time,ingested,level,group,stream,message\r\n");
    next_page();
  }

 private:
  void next_page() {
    services_.backend->read([self = shared_from_this()](Result<const store::EventStore*> events,
                                                        query::QueryContext& context) {
      self->stream_->attach(context);
      const Status status =
          events ? self->page(**events, context) : Status(std::unexpected(events.error()));
      self->stream_->detach();
      self->go_on(status);
    });
  }
  Status page(const store::EventStore& events, query::QueryContext& context);
  void append(const SearchEvent& event, std::string& out) const;
  void go_on(const Status& status);

  LogServices services_;
  LogAsk ask_;
  bool csv_;
  std::shared_ptr<LineStream> stream_;
  std::string text_;
  bool more_ = false;
};

Status Export::page(const store::EventStore& events, query::QueryContext& context) {
  text_.clear();
  more_ = false;
  size_t taken = 0;
  KANSOKU_TRY(const LogTest test, LogTest::make(ask_));
  const auto sink = [&](store::EventRows& rows) -> Result<bool> {
    KANSOKU_RETURN_IF_ERROR(context.spend(rows.size() * 64));
    KANSOKU_TRY(const std::vector<LogLevel> levels, test.keep(rows));
    if (rows.size() == 0) return true;
    KANSOKU_TRY(const std::span<const store::EventValues> columns,
                rows.columns(store::kMessagePath));
    const auto text =
        std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!ask_.levels[static_cast<size_t>(levels[row])]) continue;
      if (taken == kExportPageEvents || text_.size() > (4U << 20)) {
        more_ = true;
        return false;
      }
      ++taken;
      const bool has = text != columns.end() && text->has(row);
      append(event_of(rows, row, levels[row], has ? text->text(row) : std::string_view()), text_);
      ask_.scan.after = rows.id(row);
    }
    return true;
  };
  // The place to go on from moves while the scan runs: it reads a copy.
  const store::EventScan scan = ask_.scan;
  const auto report = events.scan(scan, sink);
  if (!report) return std::unexpected(report.error());
  return {};
}

void Export::append(const SearchEvent& event, std::string& out) const {
  if (!csv_) {
    wire::JsonWriter json(out);
    append_event(json, event);
    out += '\n';
    return;
  }
  const auto field = [&](std::string_view text, char end) {
    append_csv_field(out, text);
    out += end;
  };
  field(iso8601(event.id.timestamp_ns / env::kNsPerMs, IsoFraction::Always), ',');
  field(iso8601(event.ingested_ns / env::kNsPerMs, IsoFraction::Always), ',');
  field(kLogLevelNames[static_cast<size_t>(event.level)], ',');
  field(event.group, ',');
  field(event.stream, ',');
  append_csv_field(out, event.message);
  out += "\r\n";
}

void Export::go_on(const Status& status) {
  if (stream_->gone()) return stream_->end();
  const bool room = text_.empty() || stream_->write(std::move(text_));
  text_.clear();
  if (!status) {
    stream_->abort();  // a whole file must not look like one that was cut
    return;
  }
  if (!more_) return stream_->end();
  if (room) return next_page();
  stream_->on_drain([self = shared_from_this()] {
    self->services_.executor->post(Lane::Query, [self] { self->next_page(); });
  });
}

}  // namespace

void append_csv_field(std::string& out, std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t").find(text[0]) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void export_logs(const LogServices& services, const LogUser& user, const wire::Node& body,
                 std::string_view format, net::HttpExchange exchange) {
  if (format != "csv" && format != "ndjson") {
    return exchange.respond(error_reply(
        400, "InvalidRequest", fmt::format("format {} is neither csv nor ndjson", quoted(format))));
  }
  auto ask = read_log_ask(services, user, "logs:FilterLogEvents", body);
  if (!ask) return exchange.respond(error_reply(ask.error().error));
  ask->scan.order = store::EventOrder::NewestFirst;
  auto stream = std::make_shared<LineStream>(std::move(exchange));
  const bool csv = format == "csv";
  stream->begin(csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
                csv ? "logs.csv" : "logs.ndjson");
  std::make_shared<Export>(services, std::move(*ask), csv, stream)->begin();
}

}  // namespace kansoku::api::console
