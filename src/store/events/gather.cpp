#include "store/events/gather.h"

#include <algorithm>

#include "store/events/work_steps.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;
using signal::EventColumn;

// A row of a source that is wanted, and where it goes.
struct Wanted {
  uint32_t row = 0;
  uint32_t to = 0;
};
// A value of a source's column, and the row it goes to.
struct Value {
  uint32_t to = 0;
  uint32_t source = 0;
  const EventColumn* column = nullptr;
  uint32_t at = 0;
};

// Calls `found(to, position)` for the wanted rows that the column has. Both ascend: the shorter
// one leads, the other is searched from where the last one was.
template <class Found>
void meet(std::span<const Wanted> wanted, const EventColumn& column, const Found& found) {
  const std::vector<uint32_t>& rows = column.rows;
  if (rows.empty()) return;
  if (rows.back() + 1 == rows.size()) {  // every row up to there
    for (const Wanted& each : wanted) {
      if (each.row < rows.size()) found(each.to, each.row);
    }
    return;
  }
  if (rows.size() < wanted.size()) {
    auto at = wanted.begin();
    for (uint32_t i = 0; i < rows.size() && at != wanted.end(); ++i) {
      at = std::ranges::lower_bound(at, wanted.end(), rows[i], {}, &Wanted::row);
      if (at != wanted.end() && at->row == rows[i]) found(at->to, i);
    }
    return;
  }
  auto at = rows.begin();
  for (const Wanted& each : wanted) {
    // Neighbours are wanted mostly.
    for (int step = 0; step < 8 && at != rows.end() && *at < each.row; ++step) ++at;
    if (at != rows.end() && *at < each.row) at = std::lower_bound(at, rows.end(), each.row);
    if (at == rows.end()) break;
    if (*at == each.row) found(each.to, static_cast<uint32_t>(at - rows.begin()));
  }
}

void append_value(const Value& value, EventColumn& out) {
  const EventColumn& from = *value.column;
  out.rows.push_back(value.to);
  switch (out.type) {
    case ColumnType::Int64:
    case ColumnType::Bool:
      out.integers.push_back(from.integers[value.at]);
      break;
    case ColumnType::Float64:
      out.floats.push_back(from.floats[value.at]);
      break;
    case ColumnType::Text:
    case ColumnType::Bytes:
      out.text += from.text_at(value.at);
      out.text_ends.push_back(static_cast<uint32_t>(out.text.size()));
      break;
  }
}

EventColumn make_column(std::vector<Value>& values, WorkPause* pause) {
  EventColumn out{.path = values.front().column->path, .type = values.front().column->type};
  if (!std::ranges::is_sorted(values, {}, &Value::to)) std::ranges::sort(values, {}, &Value::to);
  out.rows.reserve(values.size());
  pause_at(pause);
  if (out.type == ColumnType::Text || out.type == ColumnType::Bytes) {
    size_t bytes = 0;
    for (const Value& value : values) bytes += value.column->text_at(value.at).size();
    out.text.reserve(bytes);
    out.text_ends.reserve(values.size());
  }
  for (const Value& value : values) {
    pause_in_loop(pause, out.rows.size());
    append_value(value, out);
  }
  return out;
}

}  // namespace

std::vector<EventColumn> gather_columns(std::span<const Pick> picks,
                                        std::span<const std::span<const EventColumn>> sources,
                                        WorkPause* pause) {
  // Wanted rows by source, ascending.
  std::vector<uint32_t> ends(sources.size() + 1);
  for (const Pick& pick : picks) ++ends[pick.source + 1];
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<Wanted> wanted(picks.size());
  {
    std::vector<uint32_t> at(ends.begin(), ends.end() - 1);
    for (uint32_t i = 0; i < picks.size(); ++i) {
      wanted[at[picks[i].source]++] = {picks[i].row, i};
    }
  }
  std::map<std::pair<std::string_view, ColumnType>, std::vector<Value>> found;
  for (uint32_t source = 0; source < sources.size(); ++source) {
    const auto rows = std::span(wanted).subspan(ends[source], ends[source + 1] - ends[source]);
    if (rows.empty()) continue;
    pause_at(pause);
    if (!std::ranges::is_sorted(rows, {}, &Wanted::row)) {
      std::ranges::sort(rows, {}, &Wanted::row);
    }
    for (const EventColumn& column : sources[source]) {
      std::vector<Value>* values = nullptr;
      meet(rows, column, [&](uint32_t to, uint32_t at) {
        if (values == nullptr) values = &found[{column.path, column.type}];
        values->push_back({to, source, &column, at});
      });
    }
  }
  std::vector<EventColumn> out;
  out.reserve(found.size());
  for (auto& [key, values] : found) out.push_back(make_column(values, pause));
  return out;
}

bool BlockBuilder::takes(const StreamKey& stream, uint64_t message_bytes, Ends ends) const {
  if (picks_.empty()) return true;
  if (picks_.size() == kBlockRowsMax) return false;
  if (message_bytes_ + message_bytes > kBlockMessageBytesMax) return false;
  const StreamKey& last = rows_.streams.back();
  if (last == stream || ends == Ends::WhenFull) return true;
  // Better a smaller block than a stream in two, and groups apart unless they are tiny.
  if (message_bytes_ >= kStreamEndBytes) return false;
  return message_bytes_ < kGroupEndBytes ||
         (last.group == stream.group && last.generation == stream.generation);
}

void BlockBuilder::add(const StreamKey& stream, Pick pick, const RowTimes& times,
                       uint64_t message_bytes) {
  if (rows_.streams.empty() || rows_.streams.back() != stream) rows_.streams.push_back(stream);
  rows_.stream_rows.push_back(static_cast<uint32_t>(rows_.streams.size() - 1));
  rows_.timestamps_ns.push_back(times.timestamp_ns);
  rows_.sequences.push_back(times.sequence);
  rows_.batch_rows.push_back(times.row);
  rows_.ingested_ns.push_back(times.ingested_ns);
  picks_.push_back(pick);
  message_bytes_ += message_bytes;
}

BlockRows BlockBuilder::take(std::span<const std::span<const EventColumn>> sources,
                             WorkPause* pause) {
  BlockRows out = std::exchange(rows_, {});
  out.columns = gather_columns(picks_, sources, pause);
  picks_.clear();
  message_bytes_ = 0;
  return out;
}

}  // namespace kansoku::store::events
