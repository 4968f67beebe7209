#include "signal/labels.h"

namespace kansoku::signal {

Status append_canonical_labels(std::vector<LabelView>& labels, std::string& out) {
  std::sort(labels.begin(), labels.end(),
            [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
  for (size_t i = 0; i < labels.size(); ++i) {
    const LabelView& label = labels[i];
    if (i > 0 && label.name == labels[i - 1].name) {
      return invalid_argument("duplicate label name: {}", quoted(label.name));
    }
    if (label.value.empty()) continue;
    append_varint(out, label.name.size());
    out += label.name;
    append_varint(out, label.value.size());
    out += label.value;
  }
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
