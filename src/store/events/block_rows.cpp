#include "store/events/block_rows.h"

#include <algorithm>
#include <set>

namespace kansoku::store::events {
namespace {

using signal::ColumnType;
using System = BlockImage::System;

// Where each of `rows` stands in the column's values; kNone where it has none.
constexpr uint32_t kNone = 0xffffffffU;

std::vector<uint32_t> places_of(const BlockColumn& column, std::span<const uint32_t> rows) {
  std::vector<uint32_t> out(rows.size(), kNone);
  if (column.rows.empty()) {
    std::ranges::copy(rows, out.begin());
    return out;
  }
  size_t at = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (column.rows.size() - at > 64 && rows[i] > column.rows[at] + 64) {
      at = static_cast<size_t>(std::lower_bound(column.rows.begin() + static_cast<ptrdiff_t>(at),
                                                column.rows.end(), rows[i]) -
                               column.rows.begin());
    }
    while (at < column.rows.size() && column.rows[at] < rows[i]) ++at;
    if (at < column.rows.size() && column.rows[at] == rows[i]) out[i] = static_cast<uint32_t>(at);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<BlockEventRows>> BlockEventRows::make(BlockImage& image,
                                                             std::vector<uint32_t> rows) {
  std::unique_ptr<BlockEventRows> out(new BlockEventRows(image));
  KANSOKU_TRY(out->all_times_, image.system(System::Timestamp));
  KANSOKU_TRY(out->all_ingested_, image.system(System::Ingested));
  KANSOKU_TRY(out->all_sequences_, image.system(System::Sequence));
  KANSOKU_TRY(out->all_batch_rows_, image.system(System::BatchRow));
  for (const StreamKey& key : image.streams()) out->streams_.push_back({key.group, key.stream});
  out->rows_ = std::move(rows);
  out->fill();
  return out;
}

void BlockEventRows::fill() {
  timestamps_ns_.clear();
  ingested_ns_.clear();
  stream_rows_.clear();
  paths_.clear();
  uint32_t stream = 0;
  for (const uint32_t row : rows_) {
    while (image_.stream_ends()[stream] <= row) ++stream;
    timestamps_ns_.push_back(all_times_[row]);
    ingested_ns_.push_back(all_ingested_[row]);
    stream_rows_.push_back(stream);
  }
}

EventId BlockEventRows::id(size_t row) {
  const uint32_t at = rows_[row];
  return {all_times_[at], static_cast<uint64_t>(all_sequences_[at]),
          static_cast<uint32_t>(all_batch_rows_[at])};
}

void BlockEventRows::keep(std::span<const uint32_t> rows) {
  std::vector<uint32_t> kept;
  kept.reserve(rows.size());
  std::vector<std::vector<JsonLeaf>> leaves;
  for (const uint32_t row : rows) {
    kept.push_back(rows_[row]);
    if (leaves_parsed_) leaves.push_back(std::move(leaves_[row]));
  }
  rows_ = std::move(kept);
  leaves_ = std::move(leaves);
  fill();
}

Result<std::span<const EventValues>> BlockEventRows::columns(std::string_view path) {
  auto found = paths_.find(path);
  if (found == paths_.end()) found = paths_.emplace(std::string(path), Path()).first;
  Path& out = found->second;
  if (out.made) return std::span<const EventValues>(out.values);
  KANSOKU_RETURN_IF_ERROR(make(found->first, out));
  out.made = true;
  return std::span<const EventValues>(out.values);
}

Status BlockEventRows::make(std::string_view path, Path& out) {
  for (BlockColumn& column : image_.columns()) {
    if (column.path == path) KANSOKU_RETURN_IF_ERROR(gather(column, out));
  }
  if (path != kMessagePath) KANSOKU_RETURN_IF_ERROR(add_leaves(path, out));
  for (const auto& part : out.parts) {
    if (std::ranges::find(part->present, 1) == part->present.end()) continue;
    EventValues values{.path = path, .type = part->type};
    if (std::ranges::find(part->present, 0) != part->present.end()) values.present = part->present;
    values.integers = part->integers;
    values.floats = part->floats;
    values.texts = part->texts;
    values.codes = part->codes;
    values.dictionary = part->dictionary;
    out.values.push_back(values);
  }
  return {};
}

BlockEventRows::Values& BlockEventRows::part(Path& out, ColumnType type) {
  const auto found =
      std::ranges::find_if(out.parts, [&](const auto& p) { return p->type == type; });
  if (found != out.parts.end()) return **found;
  Values& part = *out.parts.emplace_back(std::make_unique<Values>());
  part.type = type;
  part.present.resize(rows_.size());
  if (type == ColumnType::Float64) {
    part.floats.resize(rows_.size());
  } else if (type == ColumnType::Int64 || type == ColumnType::Bool) {
    part.integers.resize(rows_.size());
  }
  return part;
}

Status BlockEventRows::gather(BlockColumn& column, Path& out) {
  KANSOKU_RETURN_IF_ERROR(image_.load(column));
  Values& to = part(out, column.type);
  const std::vector<uint32_t> places = places_of(column, rows_);
  for (size_t i = 0; i < places.size(); ++i) to.present[i] |= places[i] != kNone;
  if (column.texts) return gather_texts(column, places, to);
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNone) continue;
    if (column.type == ColumnType::Float64) {
      to.floats[i] = column.floats[places[i]];
    } else {
      to.integers[i] = column.integers[places[i]];
    }
  }
  return {};
}

Status BlockEventRows::gather_texts(BlockColumn& column, std::span<const uint32_t> places,
                                    Values& to) {
  KANSOKU_TRY(const std::span<const std::string_view> dictionary, column.texts->dictionary());
  if (!dictionary.empty()) {
    to.dictionary = dictionary;
    to.codes.resize(rows_.size());
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] != kNone) {
        to.codes[i] = static_cast<uint32_t>(column.texts->codes()[places[i]]);
      }
    }
    return {};
  }
  std::vector<uint32_t> wanted;
  for (const uint32_t place : places) {
    if (place != kNone) wanted.push_back(place);
  }
  KANSOKU_RETURN_IF_ERROR(column.texts->prepare(wanted));
  std::vector<size_t> ends;
  ends.reserve(wanted.size());
  for (const uint32_t place : wanted) {
    column.texts->append(place, to.arena);
    if (to.arena.size() > kBlockTextBytesMax) return corruption("a block's texts are too long");
    ends.push_back(to.arena.size());
  }
  to.texts.resize(rows_.size());
  size_t begin = 0;
  size_t at = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNone) continue;
    to.texts[i] = std::string_view(to.arena).substr(begin, ends[at] - begin);
    begin = ends[at++];
  }
  return {};
}

BlockColumn* BlockEventRows::message() {
  for (BlockColumn& column : image_.columns()) {
    if (column.path == kMessagePath && column.type == ColumnType::Text) return &column;
  }
  return nullptr;
}

Status BlockEventRows::parse_leaves() {
  if (leaves_parsed_) return {};
  leaves_.assign(rows_.size(), {});
  KANSOKU_TRY(const std::span<const EventValues> messages, columns(kMessagePath));
  for (const EventValues& values : messages) {
    if (values.type != ColumnType::Text) continue;
    for (size_t row = 0; row < rows_.size(); ++row) {
      if (values.has(row)) leaves_[row] = json_leaves(values.text(row));
    }
  }
  leaves_parsed_ = true;
  return {};
}

Status BlockEventRows::add_leaves(std::string_view path, Path& out) {
  KANSOKU_RETURN_IF_ERROR(parse_leaves());
  std::vector<uint8_t> own(rows_.size());
  for (const auto& known : out.parts) {
    for (size_t row = 0; row < own.size(); ++row) own[row] |= known->present[row];
  }
  for (size_t row = 0; row < rows_.size(); ++row) {
    if (own[row]) continue;
    for (const JsonLeaf& leaf : leaves_[row]) {
      if (leaf.path != path) continue;
      if (const auto* text = std::get_if<std::string>(&leaf.value)) {
        Values& to = part(out, ColumnType::Text);
        if (!to.dictionary.empty()) {
          to.texts.resize(rows_.size());
          for (size_t i = 0; i < row; ++i) {
            if (to.present[i]) to.texts[i] = to.dictionary[to.codes[i]];
          }
          for (size_t i = row; i < rows_.size(); ++i) {
            if (to.present[i]) to.texts[i] = to.dictionary[to.codes[i]];
          }
          to.dictionary = {};
        }
        to.texts.resize(rows_.size());
        to.present[row] = 1;
        to.texts[row] = *text;
      } else if (const auto* number = std::get_if<double>(&leaf.value)) {
        Values& to = part(out, ColumnType::Float64);
        to.present[row] = 1;
        to.floats[row] = *number;
      } else {
        const auto* integer = std::get_if<int64_t>(&leaf.value);
        Values& to = part(out, integer != nullptr ? ColumnType::Int64 : ColumnType::Bool);
        to.present[row] = 1;
        to.integers[row] = integer != nullptr ? *integer : std::get<bool>(leaf.value);
      }
    }
  }
  return {};
}

Result<std::vector<std::string_view>> BlockEventRows::paths() {
  std::set<std::string_view> out;
  for (BlockColumn& column : image_.columns()) {
    KANSOKU_RETURN_IF_ERROR(image_.load(column));
    const std::vector<uint32_t> places = places_of(column, rows_);
    if (std::ranges::any_of(places, [](uint32_t place) { return place != kNone; }))
      out.insert(column.path);
  }
  KANSOKU_RETURN_IF_ERROR(parse_leaves());
  for (const auto& leaves : leaves_) {
    for (const JsonLeaf& leaf : leaves) out.insert(leaf.path);
  }
  return std::vector<std::string_view>(out.begin(), out.end());
}

}  // namespace kansoku::store::events
