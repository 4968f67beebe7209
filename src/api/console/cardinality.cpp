#include "api/console/cardinality.h"

#include <charconv>

#include "api/console/reply.h"
#include "store/cardinality.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {
namespace {

constexpr uint64_t kRowsDefault = 20;
constexpr uint64_t kRowsMax = 1'000;
// A month: monthly reports and dashboards of on-call weeks read what they need in that time.
constexpr uint64_t kUnreadDaysDefault = 30;
constexpr uint64_t kUnreadDaysMax = 3'650;
constexpr int64_t kDayMs = 86'400'000;

std::optional<uint64_t> number_of(const std::string& text, uint64_t otherwise, uint64_t max) {
  if (text.empty()) return otherwise;
  uint64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 1 || out > max) {
    return std::nullopt;
  }
  return out;
}

class Writer {
 public:
  explicit Writer(std::string& out) : json_(out) {}
  void number(std::string_view key, uint64_t value) {
    json_.key(key);
    json_.unsigned_integer(value);
  }
  void text(std::string_view key, std::string_view value) {
    json_.key(key);
    json_.string(value);
  }
  void time(std::string_view key, int64_t ms) {
    json_.key(key);
    if (ms == 0) {
      json_.null();
    } else {
      json_.integer(ms);
    }
  }
  void begin(std::string_view key = {}) {
    if (!key.empty()) json_.key(key);
    json_.begin_object();
  }
  void end() { json_.end_object(); }
  template <class Row, class Write>
  void list(std::string_view key, const std::vector<Row>& rows, Write write) {
    json_.key(key);
    json_.begin_array();
    for (const Row& row : rows) {
      begin();
      write(row);
      end();
    }
    json_.end_array();
  }

 private:
  wire::JsonWriter json_;
};

}  // namespace

net::HttpResponse cardinality_reply(const store::MetricStore& metrics,
                                    const CardinalityRequest& request) {
  auto rows = number_of(request.limit, kRowsDefault, kRowsMax);
  auto days = number_of(request.unread_days, kUnreadDaysDefault, kUnreadDaysMax);
  if (!rows || !days) {
    return error_reply(
        400, "InvalidRequest",
        fmt::format("limit is 1 to {}, unreadDays 1 to {}", kRowsMax, kUnreadDaysMax));
  }
  store::SeriesSelector selector{.scope = request.scope};
  if (!request.metric.empty()) {
    selector.matchers.push_back(
        {std::string(signal::kNameLabel), store::MatchOp::Equal, request.metric});
  }
  auto series = metrics.select(selector);
  if (!series) return error_reply(series.error());
  std::vector<store::SeriesId> ids;
  ids.reserve(series->size());
  for (const store::SeriesInfo& info : *series) ids.push_back(info.id);
  auto read = metrics.last_read_ms(ids);
  if (!read) return error_reply(read.error());
  store::Cardinality c = store::count_cardinality(
      *series, *read,
      {.rows_max = *rows, .read_since_ms = request.now_ms - static_cast<int64_t>(*days) * kDayMs});
  std::string body;
  Writer out(body);
  auto name_row = [&](const store::NameRow& row) {
    out.text("name", row.name);
    out.number("series", row.series);
    out.time("lastRead", row.last_read_ms);
    out.time("lastActive", row.last_ms);
  };
  out.begin();
  out.number("series", c.series);
  out.number("seriesLimit", request.series_max);
  out.number("names", c.names);
  out.number("labels", c.labels);
  out.number("pairs", c.pairs);
  out.list("byName", c.by_name, name_row);
  out.list("byLabel", c.by_label_values, [&](const store::LabelRow& row) {
    out.text("name", row.name);
    out.number("values", row.values);
    out.number("series", row.series);
    out.number("bytes", row.value_bytes);
  });
  out.list("byPair", c.by_pair, [&](const store::PairRow& row) {
    out.text("name", row.name);
    out.text("value", row.value);
    out.number("series", row.series);
  });
  out.begin("unread");
  out.number("days", *days);
  out.number("names", c.unread_names);
  out.number("series", c.unread_series);
  out.list("byName", c.unread, name_row);
  out.end();
  out.end();
  return json_reply(std::move(body));
}

}  // namespace kansoku::api::console
