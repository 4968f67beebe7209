#include "store/events/memtable_rows.h"

#include <algorithm>

#include "store/json_leaves.h"

namespace kansoku::store::events {

using signal::ColumnType;
using signal::EventColumn;

namespace {

// Calls `visit(place, at)` for the rows, by place in the list, that the column has. Both ascend.
template <class Visit>
void meet(std::span<const uint32_t> rows, const EventColumn& column, const Visit& visit) {
  auto at = column.rows.begin();
  for (size_t i = 0; i < rows.size() && at != column.rows.end(); ++i) {
    for (int step = 0; step < 4 && at != column.rows.end() && *at < rows[i]; ++step) ++at;
    if (at != column.rows.end() && *at < rows[i]) {
      at = std::lower_bound(at, column.rows.end(), rows[i]);
    }
    if (at != column.rows.end() && *at == rows[i]) {
      visit(i, static_cast<size_t>(at - column.rows.begin()));
    }
  }
}

// A text that every message with a leaf of this path has, unless it has a backslash; or nothing.
std::string_view key_of(std::string_view path) {
  if (path.find('\\') != std::string_view::npos) return {};
  std::string_view longest;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    std::string_view level = path.substr(begin, end - begin);
    if (begin == 0 && level.starts_with('@')) level.remove_prefix(1);
    const bool number = level.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number && level.size() > longest.size()) longest = level;
    begin = end + 1;
  }
  return longest;
}

// Leaves of the messages of these rows that `wanted(row, message)` says; a column of the same path
// goes before a leaf.
template <class Wanted, class Visit>
void each_leaf(const MemoryBatch& batch, std::span<const uint32_t> rows, const Wanted& wanted,
               const Visit& visit) {
  const EventColumn* messages = batch.messages();
  if (messages == nullptr) return;
  std::map<std::string_view, std::vector<const EventColumn*>> own;
  for (const EventColumn& column : batch.batch->columns()) own[column.path].push_back(&column);
  meet(rows, *messages, [&](size_t i, size_t at) {
    const std::string_view message = messages->text_at(at);
    const size_t first = message.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || message[first] != '{' || !wanted(i, message)) return;
    for (JsonLeaf& leaf : json_leaves(message)) {
      const auto found = own.find(leaf.path);
      const bool known =
          found != own.end() && std::ranges::any_of(found->second, [&](const EventColumn* column) {
            return std::ranges::binary_search(column->rows, rows[i]);
          });
      if (!known) visit(i, leaf);
    }
  });
}

ColumnType type_of(const JsonLeaf& leaf) {
  if (std::holds_alternative<std::string>(leaf.value)) return ColumnType::Text;
  if (std::holds_alternative<int64_t>(leaf.value)) return ColumnType::Int64;
  if (std::holds_alternative<double>(leaf.value)) return ColumnType::Float64;
  return ColumnType::Bool;
}

}  // namespace

MemtableRows::MemtableRows(std::shared_ptr<const MemoryBatch> batch, std::vector<uint32_t> rows)
    : batch_(std::move(batch)), rows_(std::move(rows)) {
  for (const signal::EventStream& stream : batch_->batch->streams()) {
    streams_.push_back({stream.group, stream.stream});
  }
  fill();
}

void MemtableRows::fill() {
  timestamps_ns_.resize(rows_.size());
  stream_rows_.resize(rows_.size());
  for (size_t i = 0; i < rows_.size(); ++i) {
    timestamps_ns_[i] = batch_->batch->timestamps_ns()[rows_[i]];
    stream_rows_[i] = batch_->batch->stream_rows()[rows_[i]];
  }
  ingested_ns_.clear();
  paths_.clear();
  texts_.clear();
  leaves_cut_.assign(rows_.size(), 0);
}

std::span<const int64_t> MemtableRows::ingested_ns() {
  ingested_ns_.assign(rows_.size(), batch_->ingested_ns);
  return ingested_ns_;
}

void MemtableRows::keep(std::span<const uint32_t> rows) {
  std::vector<uint32_t> kept;
  kept.reserve(rows.size());
  for (const uint32_t row : rows) kept.push_back(rows_[row]);
  rows_ = std::move(kept);
  fill();
}

MemtableRows::Column& MemtableRows::column_of(Path& path, ColumnType type) {
  for (Column& column : path.columns) {
    if (column.type == type) return column;
  }
  Column& out = path.columns.emplace_back();
  out.type = type;
  out.present.resize(rows_.size());
  if (type == ColumnType::Int64 || type == ColumnType::Bool) out.integers.resize(rows_.size());
  if (type == ColumnType::Float64) out.floats.resize(rows_.size());
  if (type == ColumnType::Text || type == ColumnType::Bytes) out.texts.resize(rows_.size());
  return out;
}

void MemtableRows::put_own(const EventColumn& from, Path& to) {
  Column* column = nullptr;
  meet(rows_, from, [&](size_t i, size_t at) {
    if (column == nullptr) column = &column_of(to, from.type);
    column->present[i] = 1;
    if (!column->integers.empty()) column->integers[i] = from.integers[at];
    if (!column->floats.empty()) column->floats[i] = from.floats[at];
    if (!column->texts.empty()) column->texts[i] = from.text_at(at);
  });
}

void MemtableRows::cut_leaves(const std::string_view* path) {
  const std::string_view key = path == nullptr ? std::string_view() : key_of(*path);
  const auto wanted = [&](size_t i, std::string_view message) {
    if (leaves_cut_[i]) return false;
    if (!key.empty() && message.find(key) == std::string_view::npos &&
        message.find('\\') == std::string_view::npos) {
      return false;
    }
    leaves_cut_[i] = 1;
    return true;
  };
  each_leaf(*batch_, rows_, wanted, [&](size_t i, JsonLeaf& leaf) {
    Column& column = column_of(paths_[leaf.path], type_of(leaf));
    if (column.present[i]) return;
    column.present[i] = 1;
    if (auto* text = std::get_if<std::string>(&leaf.value)) {
      column.texts[i] = texts_.emplace_back(std::move(*text));
    } else if (const auto* integer = std::get_if<int64_t>(&leaf.value)) {
      column.integers[i] = *integer;
    } else if (const auto* number = std::get_if<double>(&leaf.value)) {
      column.floats[i] = *number;
    } else {
      column.integers[i] = std::get<bool>(leaf.value) ? 1 : 0;
    }
  });
}

void MemtableRows::finish(std::string_view name, Path& path) {
  path.made = true;
  for (const Column& column : path.columns) {
    path.values.push_back({.path = name,
                           .type = column.type,
                           .present = column.present,
                           .integers = column.integers,
                           .floats = column.floats,
                           .texts = column.texts});
  }
}

Result<std::span<const EventValues>> MemtableRows::columns(std::string_view path) {
  // No leaf has the path of messages.
  if (path != kMessagePath) cut_leaves(&path);
  auto found = paths_.find(path);
  if (found == paths_.end()) found = paths_.emplace(std::string(path), Path{}).first;
  if (!found->second.made) {
    for (const EventColumn& column : batch_->batch->columns()) {
      if (column.path == path) put_own(column, found->second);
    }
    finish(found->first, found->second);
  }
  return std::span<const EventValues>(found->second.values);
}

Result<std::vector<std::string_view>> MemtableRows::paths() {
  cut_leaves(nullptr);
  std::set<std::string_view> out;
  for (const auto& [path, columns] : paths_) {
    if (!columns.columns.empty()) out.insert(path);
  }
  for (const EventColumn& column : batch_->batch->columns()) {
    bool any = false;
    meet(rows_, column, [&](size_t, size_t) { any = true; });
    if (any) out.insert(column.path);
  }
  return std::vector<std::string_view>(out.begin(), out.end());
}

void count_fields(const MemoryBatch& batch, std::span<const uint32_t> rows,
                  std::map<std::pair<std::string, ColumnType>, uint64_t>& counts) {
  for (const EventColumn& column : batch.batch->columns()) {
    uint64_t n = 0;
    meet(rows, column, [&](size_t, size_t) { ++n; });
    if (n > 0) counts[{column.path, column.type}] += n;
  }
  const auto all = [](size_t, std::string_view) { return true; };
  each_leaf(batch, rows, all,
            [&](size_t, const JsonLeaf& leaf) { ++counts[{leaf.path, type_of(leaf)}]; });
}

}  // namespace kansoku::store::events
