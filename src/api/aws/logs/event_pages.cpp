#include "api/aws/logs/event_pages.h"

#include <algorithm>

#include "store/event_filter.h"

namespace kansoku::api::aws::logs {
namespace {

// An event in an answer beside its message: times, id, JSON.
constexpr size_t kEventOverheadBytes = 26;
constexpr uint64_t kRowUnits = 64;

class PageTaker {
 public:
  PageTaker(const PageQuery& query, const store::EventFilter& filter, query::QueryContext& context,
            EventPage& page)
      : query_(query), filter_(filter), context_(context), page_(page) {}

  Result<bool> take(store::EventRows& rows) {
    KANSOKU_RETURN_IF_ERROR(context_.spend(rows.size() * kRowUnits));
    KANSOKU_TRY(const std::vector<uint32_t> kept, filter_.rows(rows));
    if (kept.size() < rows.size()) rows.keep(kept);
    KANSOKU_TRY(const std::span<const store::EventValues> columns,
                rows.columns(store::kMessagePath));
    const auto text =
        std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
    for (size_t row = 0; row < rows.size(); ++row) {
      const bool has = text != columns.end() && text->has(row);
      const std::string_view message = has ? text->text(row) : std::string_view();
      if (!matches(message)) continue;
      KANSOKU_TRY(const bool room, put(rows, row, message));
      if (!room) return false;
    }
    return true;
  }

 private:
  bool matches(std::string_view text) const {
    if (query_.pattern == nullptr) return true;
    query::log_filter::Message message(text);
    return query_.pattern->matches(message);
  }
  Result<bool> put(store::EventRows& rows, size_t row, std::string_view message) {
    const size_t bytes = message.size() + kEventOverheadBytes;
    const bool full = page_.events.size() == query_.events_max ||
                      (!page_.events.empty() && bytes_ + bytes > kPageBytesMax);
    if (full) {
      page_.more = true;
      return false;
    }
    bytes_ += bytes;
    KANSOKU_RETURN_IF_ERROR(context_.spend(kRowUnits + message.size() / 8));
    const store::EventStreamName stream = rows.streams()[rows.stream_rows()[row]];
    page_.last = rows.id(row);
    page_.events.push_back(
        {page_.last, rows.ingested_ns()[row], std::string(stream.stream), std::string(message)});
    return true;
  }

  const PageQuery& query_;
  const store::EventFilter& filter_;
  query::QueryContext& context_;
  EventPage& page_;
  size_t bytes_ = 0;
};

}  // namespace

Result<EventPage> read_page(const store::EventStore& events, const PageQuery& query,
                            query::QueryContext& context) {
  KANSOKU_TRY(const store::EventFilter filter, store::EventFilter::make(query.scan.filter));
  EventPage page;
  PageTaker taker(query, filter, context, page);
  KANSOKU_TRY(const store::EventScanReport report,
              events.scan(query.scan, [&](store::EventRows& rows) { return taker.take(rows); }));
  if (!report.missing.empty()) context.note_missing();
  return page;
}

}  // namespace kansoku::api::aws::logs
