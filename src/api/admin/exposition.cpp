#include "api/admin/exposition.h"

#include "wire/json/json_writer.h"

namespace kansoku::api {
namespace {

std::string escape_value(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace

void OpenMetrics::gauge(std::string_view name, std::string_view help, double value,
                        const Labels& labels) {
  sample(name, "", "gauge", help, value, labels);
}

void OpenMetrics::counter(std::string_view name, std::string_view help, double value,
                          const Labels& labels) {
  sample(name, "_total", "counter", help, value, labels);
}

void OpenMetrics::sample(std::string_view name, std::string_view suffix, std::string_view type,
                         std::string_view help, double value, const Labels& labels) {
  if (family_ != name) {
    family_ = name;
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  out_ += name;
  out_ += suffix;
  if (!labels.empty()) {
    out_ += '{';
    for (size_t i = 0; i < labels.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += fmt::format("{}=\"{}\"", labels[i].first, escape_value(labels[i].second));
    }
    out_ += '}';
  }
  out_ += ' ';
  wire::append_json_number(out_, value);
  out_ += '\n';
}

std::string OpenMetrics::finish() && { return std::move(out_) + "# EOF\n"; }

}  // namespace kansoku::api
