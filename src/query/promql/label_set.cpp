#include "query/promql/label_set.h"

#include <algorithm>

#include "base/check.h"

namespace kansoku::query::promql {
namespace {

uint64_t hash_bytes(uint64_t hash, std::string_view bytes) {
  // FNV-1a, a byte 0xff between the parts (it never occurs in UTF-8), as a label's name and value
  // are hashed one after the other.
  for (char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;
}

uint64_t mixed(uint64_t x) {
  // The finaliser of splitmix64: limit_ratio() compares hashes with a fraction of 2^64, so the
  // upper bits must be as good as the lower ones.
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Length of the UTF-8 sequence at `at`, 0 when there is none.
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  if (first < 0x80) return 1;
  size_t length = 0;
  uint32_t code = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2;
    code = first & 0x1f;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3;
    code = first & 0x0f;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4;
    code = first & 0x07;
  } else {
    return 0;
  }
  if (at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(at + i) & 0x3f);
  }
  constexpr std::array<uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kSmallest[length] || code > 0x10ffff || surrogate) return 0;
  return length;
}

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

}  // namespace

bool is_metadata_label(std::string_view name) {
  return name == kMetricName || name == "__type__" || name == "__unit__";
}

LabelSet::LabelSet() {
  static const std::shared_ptr<const Rep> empty = of_canonical({}).rep_;
  rep_ = empty;
}

LabelSet LabelSet::of_canonical(std::string bytes) {
  auto rep = std::make_shared<Rep>();
  rep->bytes = std::move(bytes);
  constexpr size_t kUsual = 10;
  rep->labels.reserve(kUsual);
  signal::visit_labels(rep->bytes, [&](LabelView label) { rep->labels.push_back(label); });
  rep->hash = std::hash<std::string_view>()(rep->bytes);
  return LabelSet(std::move(rep));
}

LabelSet LabelSet::of_sorted(std::span<const LabelView> labels) {
  std::string bytes;
  std::vector<LabelView> list(labels.begin(), labels.end());
  // Sorted and unique already, so that nothing can be refused.
  KANSOKU_CHECK(signal::append_canonical_labels(list, bytes).has_value());
  return of_canonical(std::move(bytes));
}

LabelSet LabelSet::from(std::vector<Label> labels) {
  std::ranges::sort(labels);
  std::vector<LabelView> kept;
  kept.reserve(labels.size());
  for (const Label& label : labels) {
    if (!kept.empty() && kept.back().name == label.name) {
      kept.back() = {label.name, label.value};
    } else {
      kept.push_back({label.name, label.value});
    }
  }
  return of_sorted(kept);
}

LabelSet LabelSet::from(signal::Labels labels) {
  if (labels.canonical().empty()) return {};
  return of_canonical(std::move(labels).take_canonical());
}

uint64_t LabelSet::stable_hash() const {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const LabelView& label : list()) {
    hash = hash_bytes(hash_bytes(hash, label.name), label.value);
  }
  return mixed(hash);
}

std::string_view LabelSet::get(std::string_view name) const {
  for (const LabelView& label : list()) {
    if (label.name == name) return label.value;
  }
  return {};
}

bool LabelSet::has(std::string_view name) const {
  return std::ranges::any_of(list(), [&](const LabelView& label) { return label.name == name; });
}

template <class Keep>
LabelSet LabelSet::filtered(Keep&& keep) const {
  std::vector<LabelView> labels;
  labels.reserve(list().size());
  std::ranges::copy_if(list(), std::back_inserter(labels), keep);
  if (labels.size() == list().size()) return *this;
  return of_sorted(labels);
}

LabelSet LabelSet::without_metadata() const {
  return filtered([](const LabelView& label) { return !is_metadata_label(label.name); });
}

LabelSet LabelSet::keep(std::span<const std::string> names) const {
  return filtered(
      [&](const LabelView& label) { return std::ranges::find(names, label.name) != names.end(); });
}

LabelSet LabelSet::drop(std::span<const std::string> names) const {
  return filtered(
      [&](const LabelView& label) { return std::ranges::find(names, label.name) == names.end(); });
}

LabelSet LabelSet::with(std::string_view name, std::string_view value) const {
  std::vector<LabelView> labels(list().begin(), list().end());
  const auto at = std::ranges::lower_bound(labels, name, {}, &LabelView::name);
  const bool there = at != labels.end() && at->name == name;
  if (there) {
    at->value = value;
  } else {
    labels.insert(at, {name, value});
  }
  return of_sorted(labels);
}

std::string LabelSet::to_string() const {
  std::string out;
  const std::string_view name = get(kMetricName);
  const bool plain_name = is_legacy_metric_name(name);
  if (plain_name) out = name;
  std::string inner;
  for (const LabelView& label : list()) {
    if (label.name == kMetricName && plain_name) continue;
    if (!inner.empty()) inner += ", ";
    inner += is_legacy_label_name(label.name) ? std::string(label.name) : go_quoted(label.name);
    inner += '=';
    inner += go_quoted(label.value);
  }
  if (inner.empty() && plain_name) return out;
  return out + '{' + inner + '}';
}

bool is_legacy_label_name(std::string_view name) { return is_name(name, false); }
bool is_legacy_metric_name(std::string_view name) { return is_name(name, true); }

bool is_valid_label_name(std::string_view name) {
  if (name.empty()) return false;
  for (size_t at = 0; at < name.size();) {
    const size_t length = utf8_length(name, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string go_quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(text[at]));
      ++at;
      continue;
    }
    const char c = text[at];
    if (length > 1) {
      out += text.substr(at, length);
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    } else {
      out += c;
    }
    at += length;
  }
  return out + '"';
}

}  // namespace kansoku::query::promql
