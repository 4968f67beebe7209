#include "store/events/block_rows.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/check.h"
#include "store/events/hits.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;

// Where each of `rows` stands in the column's values; kNone where it has none.
constexpr uint32_t kNone = 0xffffffffU;

double number_of_token(std::string_view text) {
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

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
                                                             std::vector<uint32_t> rows,
                                                             const EventAsks& asks) {
  std::unique_ptr<BlockEventRows> out(new BlockEventRows(image));
  for (const StreamKey& key : image.streams()) out->streams_.push_back({key.group, key.stream});
  out->rows_ = std::move(rows);
  KANSOKU_RETURN_IF_ERROR(out->load_system(asks));
  out->fill();
  return out;
}

Status BlockEventRows::load_system(const EventAsks& asks) {
  const auto asked = [&](System which) -> bool& {
    return system_[static_cast<size_t>(which)].asked;
  };
  asked(System::Timestamp) = asks.times || asks.ids;
  asked(System::Sequence) = asked(System::BatchRow) = asks.ids;
  asked(System::Ingested) = asks.ingested;
  if (rows_.empty()) return {};
  for (size_t i = 0; i < system_.size(); ++i) {
    SystemValues& to = system_[i];
    if (!to.asked) continue;
    if (whole()) {
      KANSOKU_TRY(to.values, image_.system(static_cast<System>(i)));
    } else {
      KANSOKU_TRY(to.own, image_.system(static_cast<System>(i), rows_));
      to.values = to.own;
    }
  }
  return {};
}

std::span<const int64_t> BlockEventRows::of(System which) const {
  const SystemValues& values = system_[static_cast<size_t>(which)];
  KANSOKU_CHECK(values.asked);
  return values.values;
}

void BlockEventRows::fill() {
  stream_rows_.resize(rows_.size());
  message_places_.clear();
  paths_.clear();
  size_t at = 0;
  for (uint32_t stream = 0; at < rows_.size(); ++stream) {
    const uint32_t end = image_.stream_ends()[stream];
    while (at < rows_.size() && rows_[at] < end) stream_rows_[at++] = stream;
  }
}

EventId BlockEventRows::id(size_t row) {
  return {of(System::Timestamp)[row], static_cast<uint64_t>(of(System::Sequence)[row]),
          static_cast<uint32_t>(of(System::BatchRow)[row])};
}

void BlockEventRows::keep(std::span<const uint32_t> rows) {
  std::vector<uint32_t> kept;
  kept.reserve(rows.size());
  std::vector<std::vector<JsonLeaf>> leaves;
  for (const uint32_t row : rows) {
    kept.push_back(rows_[row]);
    if (leaves_parsed_) leaves.push_back(std::move(leaves_[row]));
  }
  for (SystemValues& system : system_) {
    if (!system.asked) continue;
    std::vector<int64_t> values;
    values.reserve(rows.size());
    for (const uint32_t row : rows) values.push_back(system.values[row]);
    system.own = std::move(values);
    system.values = system.own;
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
  const Status made = make(found->first, out);
  if (!made) out = Path();  // half of it would be the beginning of the next try
  KANSOKU_RETURN_IF_ERROR(made);
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
    values.integers =
        part->all_integers.empty() ? std::span<const int64_t>(part->integers) : part->all_integers;
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
  if (column.texts) return gather_texts(*column.texts, places, to);
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNone) continue;
    to.present[i] = 1;
    if (column.type == ColumnType::Float64) {
      to.floats[i] = column.floats[places[i]];
    } else {
      to.integers[i] = column.integers[places[i]];
    }
  }
  return {};
}

namespace {

// Codes become the texts that they stand for: texts from elsewhere come beside them.
void flatten(std::span<const uint8_t> present, std::span<const std::string_view> dictionary,
             std::span<const uint32_t> codes, std::vector<std::string_view>& texts) {
  texts.resize(present.size());
  for (size_t i = 0; i < present.size(); ++i) {
    if (present[i] != 0) texts[i] = dictionary[codes[i]];
  }
}

}  // namespace

Status BlockEventRows::gather_texts(TextColumn& texts, std::span<const uint32_t> places,
                                    Values& to) {
  // Codes of all values would be more to read than the few that are wanted.
  std::span<const std::string_view> dictionary;
  if (!are_few(places.size(), texts.size())) {
    KANSOKU_TRY(dictionary, texts.dictionary());
  }
  const bool fresh = to.texts.empty() && to.dictionary.empty();
  if (!dictionary.empty() && fresh) {
    to.dictionary = dictionary;
    const std::span<const int64_t> codes = texts.codes();
    to.codes.resize(rows_.size());
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] == kNone) continue;
      to.present[i] = 1;
      to.codes[i] = static_cast<uint32_t>(codes[places[i]]);
    }
    return {};
  }
  if (!to.dictionary.empty()) {
    flatten(to.present, to.dictionary, to.codes, to.texts);
    to.dictionary = {};
    to.codes.clear();
  }
  std::vector<uint32_t> wanted;
  for (const uint32_t place : places) {
    if (place != kNone) wanted.push_back(place);
  }
  KANSOKU_RETURN_IF_ERROR(texts.prepare(wanted));
  std::string& arena = *to.arenas.emplace_back(std::make_unique<std::string>());
  std::vector<size_t> ends;
  ends.reserve(wanted.size());
  for (const uint32_t place : wanted) {
    texts.append(place, arena);
    if (arena.size() > kBlockTextBytesMax) return corruption("a block's texts are too long");
    ends.push_back(arena.size());
  }
  to.texts.resize(rows_.size());
  size_t begin = 0;
  size_t at = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNone) continue;
    to.present[i] = 1;
    to.texts[i] = std::string_view(arena).substr(begin, ends[at] - begin);
    begin = ends[at++];
  }
  return {};
}

Status BlockEventRows::load_message_places() {
  if (!message_places_.empty()) return {};
  BlockColumn* const column = image_.message();
  KANSOKU_RETURN_IF_ERROR(image_.load(*column));
  message_places_ = places_of(*column, rows_);
  return {};
}

Status BlockEventRows::parse_leaves() {
  BlockColumn* const column = image_.message();
  if (leaves_parsed_ || column == nullptr || !column->message->whole_json()) return {};
  KANSOKU_RETURN_IF_ERROR(load_message_places());
  KANSOKU_TRY(const std::span<const uint32_t> shapes, column->message->shapes());
  std::vector<uint32_t> wanted;
  for (const uint32_t place : message_places_) {
    if (place != kNone && shapes[place] == 0) wanted.push_back(place);
  }
  KANSOKU_RETURN_IF_ERROR(column->message->prepare(wanted));
  leaves_.assign(rows_.size(), {});
  std::string message;
  for (size_t row = 0; row < rows_.size(); ++row) {
    const uint32_t place = message_places_[row];
    if (place == kNone || shapes[place] != 0) continue;
    message.clear();
    column->message->append(place, message);
    leaves_[row] = json_leaves(message);
  }
  leaves_parsed_ = true;
  return {};
}

// Escapes are taken out.
Status BlockEventRows::gather_escaped(TextColumn& texts, std::span<const uint32_t> places,
                                      Values& to) {
  Values escaped;
  escaped.present.resize(rows_.size());
  KANSOKU_RETURN_IF_ERROR(gather_texts(texts, places, escaped));
  if (!escaped.dictionary.empty()) {
    flatten(escaped.present, escaped.dictionary, escaped.codes, escaped.texts);
  }
  if (!to.dictionary.empty()) {
    flatten(to.present, to.dictionary, to.codes, to.texts);
    to.dictionary = {};
    to.codes.clear();
  }
  to.texts.resize(rows_.size());
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNone) continue;
    std::string& arena = *to.arenas.emplace_back(std::make_unique<std::string>());
    if (!append_unescaped(escaped.texts[i], arena)) return corruption("a leaf's text is damaged");
    to.present[i] = 1;
    to.texts[i] = arena;
  }
  return {};
}

// Of all rows, each of which has it.
Status BlockEventRows::gather_all(LeafColumn& leaf, Path& out) {
  Values& to = part(out, leaf_type(leaf.kind));
  if (leaf.kind == LeafKind::Bool || leaf.kind == LeafKind::Int) {
    KANSOKU_RETURN_IF_ERROR(image_.message()->message->load(leaf));
    to.all_integers = leaf.numbers.all();
    std::ranges::fill(to.present, uint8_t{1});
    return {};
  }
  if (leaf.kind == LeafKind::Text) {
    KANSOKU_TRY(const std::span<const std::string_view> dictionary, leaf.texts->dictionary());
    if (!dictionary.empty()) {
      to.dictionary = dictionary;
      to.codes.assign(leaf.texts->codes().begin(), leaf.texts->codes().end());
      std::ranges::fill(to.present, uint8_t{1});
      return {};
    }
  }
  return gather_leaf_at(leaf, rows_, rows_, out);
}

Status BlockEventRows::gather_leaf(LeafColumn& leaf, std::span<const uint8_t> own, Path& out) {
  MessageColumn& message = *image_.message()->message;
  if (whole() && leaf.count == image_.rows() && !any_hit(own)) return gather_all(leaf, out);
  KANSOKU_RETURN_IF_ERROR(message.place(leaf));
  KANSOKU_TRY(const std::span<const uint32_t> shapes, message.shapes());
  std::vector<uint32_t> places(rows_.size(), kNone);
  std::vector<uint32_t> wanted;
  for (size_t i = 0; i < places.size(); ++i) {
    const uint32_t value = message_places_[i];
    if (value == kNone || own[i] != 0 || leaf.in_shape[shapes[value]] == 0) continue;
    places[i] = static_cast<uint32_t>(leaf.place_of(value));
    wanted.push_back(places[i]);
  }
  return gather_leaf_at(leaf, places, wanted, out);
}

// By row where its leaf stands, and those places that are some.
Status BlockEventRows::gather_leaf_at(LeafColumn& leaf, std::span<const uint32_t> places,
                                      std::span<const uint32_t> wanted, Path& out) {
  Values& to = part(out, leaf_type(leaf.kind));
  if (leaf.kind == LeafKind::Text) return gather_texts(*leaf.texts, places, to);
  if (leaf.kind == LeafKind::EscapedText) return gather_escaped(*leaf.texts, places, to);
  if (leaf.kind == LeafKind::NumberText) {
    Values texts;
    texts.present.resize(rows_.size());
    KANSOKU_RETURN_IF_ERROR(gather_texts(*leaf.texts, places, texts));
    if (!texts.dictionary.empty())
      flatten(texts.present, texts.dictionary, texts.codes, texts.texts);
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] == kNone) continue;
      to.present[i] = 1;
      to.floats[i] = number_of_token(texts.texts[i]);
    }
    return {};
  }
  KANSOKU_RETURN_IF_ERROR(image_.message()->message->prepare(leaf, wanted));
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNone) continue;
    to.present[i] = 1;
    if (leaf.kind == LeafKind::Decimal) {
      to.floats[i] = leaf.number(places[i]);
    } else {
      to.integers[i] = leaf.numbers.at(places[i]);
    }
  }
  return {};
}

Status BlockEventRows::add_leaves(std::string_view path, Path& out) {
  BlockColumn* const column = image_.message();
  if (column == nullptr) return {};
  KANSOKU_RETURN_IF_ERROR(load_message_places());
  std::vector<uint8_t> own(rows_.size());
  for (const auto& known : out.parts) {
    for (size_t row = 0; row < own.size(); ++row) own[row] |= known->present[row];
  }
  for (LeafColumn& leaf : column->message->leaves()) {
    if (leaf.path == path) KANSOKU_RETURN_IF_ERROR(gather_leaf(leaf, own, out));
  }
  KANSOKU_RETURN_IF_ERROR(parse_leaves());
  if (leaves_parsed_) add_whole_leaves(path, own, out);
  return {};
}

void BlockEventRows::add_whole_leaves(std::string_view path, std::span<const uint8_t> own,
                                      Path& out) {
  for (size_t row = 0; row < rows_.size(); ++row) {
    if (own[row]) continue;
    for (const JsonLeaf& leaf : leaves_[row]) {
      if (leaf.path != path) continue;
      if (const auto* text = std::get_if<std::string>(&leaf.value)) {
        Values& to = part(out, ColumnType::Text);
        if (!to.dictionary.empty()) {
          flatten(to.present, to.dictionary, to.codes, to.texts);
          to.dictionary = {};
          to.codes.clear();
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
}

Result<std::vector<std::string_view>> BlockEventRows::paths() {
  std::set<std::string_view> out;
  for (BlockColumn& column : image_.columns()) {
    KANSOKU_RETURN_IF_ERROR(image_.load(column));
    const std::vector<uint32_t> places = places_of(column, rows_);
    if (std::ranges::any_of(places, [](uint32_t place) { return place != kNone; }))
      out.insert(column.path);
  }
  if (BlockColumn* const column = image_.message(); column != nullptr) {
    KANSOKU_RETURN_IF_ERROR(load_message_places());
    KANSOKU_TRY(const std::span<const uint32_t> shapes, column->message->shapes());
    std::set<size_t> seen;
    for (const uint32_t place : message_places_) {
      if (place != kNone) seen.insert(shapes[place]);
    }
    for (const LeafColumn& leaf : column->message->leaves()) {
      if (std::ranges::any_of(seen, [&](size_t shape) { return leaf.in_shape[shape] != 0; }))
        out.insert(leaf.path);
    }
    KANSOKU_RETURN_IF_ERROR(parse_leaves());
    for (const auto& leaves : leaves_) {
      for (const JsonLeaf& leaf : leaves) out.insert(leaf.path);
    }
  }
  return std::vector<std::string_view>(out.begin(), out.end());
}

// Leaves of messages that are kept whole are counted as they come: there may be very many paths,
// each in few rows.
Status BlockEventRows::count_fields(
    std::map<std::pair<std::string, ColumnType>, uint64_t>& counts) {
  std::vector<std::set<std::string_view>> own(rows_.size());
  for (BlockColumn& column : image_.columns()) {
    KANSOKU_RETURN_IF_ERROR(image_.load(column));
    counts[{column.path, column.type}] += column.values;
    const std::vector<uint32_t> places = places_of(column, rows_);
    for (size_t row = 0; row < places.size(); ++row) {
      if (places[row] != kNone) own[row].insert(column.path);
    }
  }
  BlockColumn* const column = image_.message();
  if (column == nullptr) return {};
  KANSOKU_RETURN_IF_ERROR(load_message_places());
  KANSOKU_TRY(const std::span<const uint32_t> shapes, column->message->shapes());
  for (const LeafColumn& leaf : column->message->leaves()) {
    uint64_t& count = counts[{leaf.path, leaf_type(leaf.kind)}];
    for (size_t row = 0; row < rows_.size(); ++row) {
      const uint32_t place = message_places_[row];
      count += place != kNone && leaf.in_shape[static_cast<size_t>(shapes[place])] != 0 &&
               !own[row].contains(leaf.path);
    }
  }
  KANSOKU_RETURN_IF_ERROR(parse_leaves());
  for (size_t row = 0; row < leaves_.size(); ++row) {
    for (const JsonLeaf& leaf : leaves_[row]) {
      if (own[row].contains(leaf.path)) continue;
      static constexpr std::array<ColumnType, 4> kTypes{ColumnType::Text, ColumnType::Int64,
                                                        ColumnType::Float64, ColumnType::Bool};
      ++counts[{leaf.path, kTypes[leaf.value.index()]}];
    }
  }
  return {};
}

}  // namespace kansoku::store::events
