#include "query/promql/label_set.h"

#include <algorithm>

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
  static const std::shared_ptr<const Rep> empty = of_sorted({}).rep_;
  rep_ = empty;
}

LabelSet LabelSet::of_sorted(std::vector<Label> labels) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const Label& label : labels) hash = hash_bytes(hash_bytes(hash, label.name), label.value);
  return LabelSet(std::make_shared<const Rep>(Rep{std::move(labels), mixed(hash)}));
}

LabelSet LabelSet::from(std::vector<Label> labels) {
  std::ranges::sort(labels);
  std::vector<Label> kept;
  kept.reserve(labels.size());
  for (Label& label : labels) {
    if (!kept.empty() && kept.back().name == label.name) {
      kept.back() = std::move(label);
    } else {
      kept.push_back(std::move(label));
    }
  }
  std::erase_if(kept, [](const Label& label) { return label.value.empty(); });
  return of_sorted(std::move(kept));
}

LabelSet LabelSet::from(const signal::Labels& labels) {
  std::vector<Label> list;
  for (const signal::LabelView& view : labels.list()) {
    list.push_back({std::string(view.name), std::string(view.value)});
  }
  return from(std::move(list));
}

std::string_view LabelSet::get(std::string_view name) const {
  for (const Label& label : rep_->labels) {
    if (label.name == name) return label.value;
  }
  return {};
}

bool LabelSet::has(std::string_view name) const {
  return std::ranges::any_of(rep_->labels, [&](const Label& label) { return label.name == name; });
}

LabelSet LabelSet::without_metadata() const {
  const auto reserved = [](const Label& label) { return is_metadata_label(label.name); };
  if (std::ranges::none_of(rep_->labels, reserved)) return *this;
  std::vector<Label> labels = rep_->labels;
  std::erase_if(labels, reserved);
  return of_sorted(std::move(labels));
}

LabelSet LabelSet::keep(std::span<const std::string> names) const {
  std::vector<Label> labels;
  for (const Label& label : rep_->labels) {
    if (std::ranges::find(names, label.name) != names.end()) labels.push_back(label);
  }
  return of_sorted(std::move(labels));
}

LabelSet LabelSet::drop(std::span<const std::string> names) const {
  std::vector<Label> labels;
  for (const Label& label : rep_->labels) {
    if (std::ranges::find(names, label.name) == names.end()) labels.push_back(label);
  }
  return of_sorted(std::move(labels));
}

LabelSet LabelSet::with(std::string_view name, std::string_view value) const {
  std::vector<Label> labels = rep_->labels;
  const auto at = std::ranges::lower_bound(labels, name, {}, &Label::name);
  if (at != labels.end() && at->name == name) {
    if (value.empty()) {
      labels.erase(at);
    } else {
      at->value = value;
    }
  } else if (!value.empty()) {
    labels.insert(at, {std::string(name), std::string(value)});
  }
  return of_sorted(std::move(labels));
}

std::string LabelSet::to_string() const {
  std::string out;
  const std::string_view name = get(kMetricName);
  const bool plain_name = is_legacy_metric_name(name);
  if (plain_name) out = name;
  std::string inner;
  for (const Label& label : rep_->labels) {
    if (label.name == kMetricName && plain_name) continue;
    if (!inner.empty()) inner += ", ";
    inner += is_legacy_label_name(label.name) ? label.name : go_quoted(label.name);
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
