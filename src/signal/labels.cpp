#include "signal/labels.h"

namespace kansoku::signal {

namespace {

// Most callers give their labels in the same order, sorted or nearly so, and there are few:
// insertion beats a general sort.
void sort_by_name(std::vector<LabelView>& labels) {
  auto before = [](const LabelView& a, const LabelView& b) { return a.name < b.name; };
  constexpr size_t kFew = 16;
  if (labels.size() > kFew) {
    std::sort(labels.begin(), labels.end(), before);
    return;
  }
  for (size_t i = 1; i < labels.size(); ++i) {
    LabelView label = labels[i];
    size_t at = i;
    for (; at > 0 && before(label, labels[at - 1]); --at) labels[at] = labels[at - 1];
    labels[at] = label;
  }
}

char* put_text(char* at, std::string_view text) {
  uint64_t size = text.size();
  while (size >= 0x80) {
    *at++ = static_cast<char>(size | 0x80);
    size >>= 7;
  }
  *at++ = static_cast<char>(size);
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

}  // namespace

Status append_canonical_labels(std::vector<LabelView>& labels, std::string& out) {
  sort_by_name(labels);
  constexpr size_t kVarintBytesMax = 10;
  size_t bytes_max = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0 && labels[i].name == labels[i - 1].name) {
      return invalid_argument("duplicate label name: {}", quoted(labels[i].name));
    }
    bytes_max += labels[i].name.size() + labels[i].value.size() + 2 * kVarintBytesMax;
  }
  size_t before = out.size();
  // Room by doubling: the buffer of a batch grows label set by label set.
  if (out.capacity() < before + bytes_max) out.reserve(std::max(2 * before, before + bytes_max));
  out.resize_and_overwrite(before + bytes_max, [&](char* text, size_t) {
    char* at = text + before;
    for (const LabelView& label : labels) {
      if (!label.value.empty()) at = put_text(put_text(at, label.name), label.value);
    }
    return static_cast<size_t>(at - text);
  });
  return {};
}

Result<Labels> Labels::from(std::vector<LabelView> labels) {
  std::string canonical;
  KANSOKU_RETURN_IF_ERROR(append_canonical_labels(labels, canonical));
  return Labels(std::move(canonical));
}

std::string_view Labels::get(std::string_view name) const {
  std::string_view found;
  visit_labels(canonical_, [&](LabelView label) {
    if (label.name == name) found = label.value;
  });
  return found;
}

std::vector<LabelView> Labels::list() const {
  std::vector<LabelView> out;
  visit_labels(canonical_, [&](LabelView label) { out.push_back(label); });
  return out;
}

std::string Labels::to_string() const {
  std::string out = "{";
  visit_labels(canonical_, [&](LabelView label) {
    if (out.size() > 1) out += ", ";
    out += fmt::format("{}={}", label.name, quoted(label.value, 1024));
  });
  return out + "}";
}

}  // namespace kansoku::signal
