#include "store/events/merged_rows.h"

#include <algorithm>

namespace kansoku::store::events {

using signal::ColumnType;

MergedRows::MergedRows(RowSources& sources, std::vector<Pick> picks)
    : sources_(&sources), picks_(std::move(picks)) {
  fill();
}

void MergedRows::fill() {
  used_.clear();
  for (const Pick& pick : picks_) used_.push_back(pick.source);
  std::ranges::sort(used_);
  const auto repeats = std::ranges::unique(used_);
  used_.erase(repeats.begin(), repeats.end());
  // Streams of the sources one after the other.
  streams_.clear();
  std::map<uint32_t, uint32_t> first;
  for (const uint32_t source : used_) {
    first[source] = static_cast<uint32_t>(streams_.size());
    const auto of = sources_->rows(source).streams();
    streams_.insert(streams_.end(), of.begin(), of.end());
  }
  timestamps_ns_.resize(picks_.size());
  stream_rows_.resize(picks_.size());
  for (size_t i = 0; i < picks_.size(); ++i) {
    const EventRows& from = sources_->rows(picks_[i].source);
    timestamps_ns_[i] = from.timestamps_ns()[picks_[i].row];
    stream_rows_[i] = first[picks_[i].source] + from.stream_rows()[picks_[i].row];
  }
  ingested_ns_.clear();
  paths_.clear();
}

std::span<const int64_t> MergedRows::ingested_ns() {
  if (ingested_ns_.empty()) {
    std::map<uint32_t, std::span<const int64_t>> of;
    for (const uint32_t source : used_) of[source] = sources_->rows(source).ingested_ns();
    for (const Pick& pick : picks_) ingested_ns_.push_back(of[pick.source][pick.row]);
  }
  return ingested_ns_;
}

MergedRows::Column& MergedRows::column_of(Path& path, ColumnType type) {
  for (Column& column : path.columns) {
    if (column.type == type) return column;
  }
  Column& out = path.columns.emplace_back();
  out.type = type;
  out.present.resize(picks_.size());
  if (type == ColumnType::Int64 || type == ColumnType::Bool) out.integers.resize(picks_.size());
  if (type == ColumnType::Float64) out.floats.resize(picks_.size());
  if (type == ColumnType::Text || type == ColumnType::Bytes) out.texts.resize(picks_.size());
  return out;
}

void MergedRows::gather(std::string_view path, Path& out) {
  // Places of the sources' columns, by source.
  std::vector<std::span<const EventValues>> of(used_.empty() ? 0 : used_.back() + size_t{1});
  for (const uint32_t source : used_) {
    auto columns = sources_->rows(source).columns(path);
    if (columns) {
      of[source] = *columns;
    } else {
      sources_->note_damage(source, columns.error());
    }
  }
  for (size_t i = 0; i < picks_.size(); ++i) {
    const size_t row = picks_[i].row;
    for (const EventValues& values : of[picks_[i].source]) {
      if (!values.has(row)) continue;
      Column& column = column_of(out, values.type);
      column.present[i] = 1;
      if (!column.integers.empty()) column.integers[i] = values.integers[row];
      if (!column.floats.empty()) column.floats[i] = values.floats[row];
      if (!column.texts.empty()) column.texts[i] = values.text(row);
    }
  }
}

Result<std::span<const EventValues>> MergedRows::columns(std::string_view path) {
  auto found = paths_.find(path);
  if (found == paths_.end()) {
    found = paths_.emplace(std::string(path), Path{}).first;
    gather(path, found->second);
    for (const Column& column : found->second.columns) {
      found->second.values.push_back({.path = found->first,
                                      .type = column.type,
                                      .present = column.present,
                                      .integers = column.integers,
                                      .floats = column.floats,
                                      .texts = column.texts});
    }
  }
  return std::span<const EventValues>(found->second.values);
}

Result<std::vector<std::string_view>> MergedRows::paths() {
  std::set<std::string_view> out;
  for (const uint32_t source : used_) {
    auto paths = sources_->rows(source).paths();
    if (paths) {
      out.insert(paths->begin(), paths->end());
    } else {
      sources_->note_damage(source, paths.error());
    }
  }
  return std::vector<std::string_view>(out.begin(), out.end());
}

void MergedRows::keep(std::span<const uint32_t> rows) {
  std::vector<Pick> kept;
  kept.reserve(rows.size());
  for (const uint32_t row : rows) kept.push_back(picks_[row]);
  picks_ = std::move(kept);
  fill();
}

}  // namespace kansoku::store::events
