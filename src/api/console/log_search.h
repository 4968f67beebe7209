// POST logs/search: events newest first, a histogram by level and facets, from one pass over the
// range. Internal to api/console.
#pragma once

#include "api/console/log_ask.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {

inline constexpr size_t kSearchEventsMax = 1'000;
inline constexpr size_t kSearchBucketsMax = 400;
// Facets are of the newest events that match.
inline constexpr uint64_t kFacetRowsMax = 10'000;
inline constexpr size_t kFacetFieldsMax = 60;
inline constexpr size_t kFacetValuesMax = 2'000;  // told apart, of one field
inline constexpr size_t kFacetValuesShown = 12;
inline constexpr size_t kFacetValueBytesMax = 200;

struct SearchEvent {
  store::EventId id;
  int64_t ingested_ns = 0;
  LogLevel level = LogLevel::None;
  std::string group;
  std::string stream;
  std::string message;
};
// {"id","time","ingested","level","group","stream","message"}
void append_event(wire::JsonWriter& json, const SearchEvent& event);
SearchEvent event_of(store::EventRows& rows, size_t row, LogLevel level, std::string_view message);

// The shortest usual step, in ms, that makes at most `buckets` of a range.
int64_t histogram_step_ms(int64_t from_ms, int64_t to_ms, size_t buckets);

void search_logs(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange);
// POST logs/context: the events of the same stream before and after one.
void log_context(const LogServices& services, const LogUser& user, const wire::Node& body,
                 net::HttpExchange exchange);

}  // namespace kansoku::api::console
