#include "api/console/log_patterns.h"

#include <algorithm>

#include "api/console/log_run.h"
#include "api/console/log_stream.h"
#include "query/exec/rows_templates.h"

namespace kansoku::api::console {
namespace {

using query::rows::kTemplateBins;

constexpr int64_t kProgressEveryNs = 250 * env::kNsPerMs;
constexpr uint64_t kRowUnits = 512;  // of a budget's step: a message is cut into words

class PatternSearch {
 public:
  PatternSearch(const LogServices& services, LogAsk ask, std::shared_ptr<LineStream> stream)
      : services_(services), ask_(std::move(ask)), stream_(std::move(stream)) {}
  void run(const store::EventStore& events, query::QueryContext& context) {
    const Status status = read(events, context);
    if (!status) {
      stream_->write(error_line({}, status.error()));
      return;
    }
    write_patterns(context.cost().elapsed_ms);
  }

 private:
  Status read(const store::EventStore& events, query::QueryContext& context);
  Result<bool> take(store::EventRows& rows, const LogTest& test, bool earlier,
                    query::QueryContext& context);
  void show_progress(query::QueryContext& context);
  void write_patterns(int64_t elapsed_ms);

  LogServices services_;
  LogAsk ask_;
  std::shared_ptr<LineStream> stream_;
  query::rows::TemplateMiner miner_;
  uint64_t rows_ = 0;
  uint64_t matched_ = 0;
  int64_t next_progress_ns_ = 0;
};

Status PatternSearch::read(const store::EventStore& events, query::QueryContext& context) {
  KANSOKU_TRY(const LogTest test, LogTest::make(ask_));
  next_progress_ns_ = services_.clock->monotonic_now().ns + kProgressEveryNs;
  // Those of now first: where there are too many shapes, they are the ones to keep.
  store::EventScan scan = ask_.scan;
  for (bool earlier : {false, true}) {
    const auto report = events.scan(
        scan, [&](store::EventRows& rows) { return take(rows, test, earlier, context); });
    if (!report) return std::unexpected(report.error());
    const int64_t length = ask_.scan.end_ns - ask_.scan.begin_ns;
    scan.end_ns = ask_.scan.begin_ns;
    scan.begin_ns = ask_.scan.begin_ns - length;
  }
  return {};
}

Result<bool> PatternSearch::take(store::EventRows& rows, const LogTest& test, bool earlier,
                                 query::QueryContext& context) {
  rows_ += rows.size();
  KANSOKU_TRY(const std::vector<LogLevel> levels, test.keep(rows));
  if (rows.size() == 0) return true;
  KANSOKU_TRY(const std::span<const store::EventValues> columns, rows.columns(store::kMessagePath));
  const auto text = std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
  if (text == columns.end()) return true;
  const double begin = static_cast<double>(ask_.scan.begin_ns);
  const double length = static_cast<double>(ask_.scan.end_ns) - begin;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!text->has(row) || !ask_.levels[static_cast<size_t>(levels[row])]) continue;
    KANSOKU_RETURN_IF_ERROR(context.spend(kRowUnits));
    const double part = (static_cast<double>(rows.timestamps_ns()[row]) - begin) / length;
    const auto bin = static_cast<size_t>(std::clamp(part, 0.0, 0.9999) * kTemplateBins);
    miner_.add(text->text(row), bin, earlier);
    if (!earlier) ++matched_;
  }
  KANSOKU_RETURN_IF_ERROR(context.check());
  show_progress(context);
  return true;
}

void PatternSearch::show_progress(query::QueryContext& context) {
  const int64_t now = services_.clock->monotonic_now().ns;
  if (now < next_progress_ns_) return;
  next_progress_ns_ = now + kProgressEveryNs;
  stream_->write(progress_line(rows_, matched_, context.cost().elapsed_ms));
}

void append_template(wire::JsonWriter& json, const query::rows::Template& one) {
  json.begin_object();
  json.key("pattern");
  json.string(one.text);
  json.key("count");
  json.unsigned_integer(one.count);
  json.key("earlier");
  json.unsigned_integer(one.earlier);
  json.key("level");
  json.string(kLogLevelNames[static_cast<size_t>(level_of_message(one.sample))]);
  json.key("sample");
  json.string(one.sample);
  json.key("trend");
  json.begin_array();
  for (uint32_t bin : one.bins) json.unsigned_integer(bin);
  json.end_array();
  json.end_object();
}

void PatternSearch::write_patterns(int64_t elapsed_ms) {
  const auto templates = miner_.templates();
  stream_->write(json_line({}, "patterns", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("matched");
    json.unsigned_integer(matched_);
    json.key("total");
    json.unsigned_integer(templates.size());
    json.key("elapsedMs");
    json.integer(elapsed_ms);
    json.key("patterns");
    json.begin_array();
    size_t shown = 0;
    for (const auto& one : templates) {
      if (one.count == 0) continue;
      if (++shown > kPatternsShown) break;
      append_template(json, one);
    }
    json.end_array();
    json.end_object();
  }));
}

}  // namespace

void log_patterns(const LogServices& services, const LogUser& user, const wire::Node& body,
                  net::HttpExchange exchange) {
  run_log_ask<PatternSearch>(services, user, body, std::move(exchange));
}

}  // namespace kansoku::api::console
