#include "app/query_logs.h"

#include <unistd.h>

#include <cstdio>

#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

// Of a column of the table on a terminal; the rest of a longer text is cut there.
constexpr size_t kColumnCharactersMax = 80;
constexpr int64_t kTimeoutMs = 900'000;

std::string body_of(const LogsQuestion& question) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_array();
  json.begin_object();
  json.key("id");
  json.string("q");
  json.key("lang");
  json.string("logs");
  json.key("text");
  json.string(question.text);
  json.key("groups");
  json.begin_array();
  for (const std::string& group : question.groups) json.string(group);
  json.end_array();
  json.key("range");
  json.begin_object();
  json.key("from");
  json.integer(question.from_ms);
  json.key("to");
  json.integer(question.to_ms);
  json.end_object();
  json.end_object();
  json.end_array();
  return out;
}

// Characters of UTF-8, for columns that stand under one another.
size_t characters_of(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

// One line of a table: without line breaks, cut where it is too long.
std::string cell_of(const wire::Node& value, bool cut) {
  std::string out;
  size_t characters = 0;
  for (const char c : value.scalar) {
    const bool begins = (static_cast<uint8_t>(c) & 0xc0) != 0x80;
    if (cut && begins && ++characters >= kColumnCharactersMax) return out + "…";
    out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  }
  return out;
}

void print_csv(const wire::Node& table) {
  std::string line;
  const auto put = [&](std::string_view text) {
    if (!line.empty()) line += ',';
    line += csv_field(text);
  };
  for (const wire::Node& column : table.find("columns")->items) put(column.text_of("name"));
  fmt::print("{}\n", line);
  for (const wire::Node& row : table.find("rows")->items) {
    line.clear();
    for (size_t i = 0; i < row.items.size(); ++i) {
      if (i > 0) line += ',';
      line += csv_field(row.items[i].scalar);
    }
    fmt::print("{}\n", line);
  }
}

void print_table(const wire::Node& table, bool cut) {
  std::vector<std::vector<std::string>> lines(1);
  for (const wire::Node& column : table.find("columns")->items)
    lines[0].emplace_back(column.text_of("name"));
  for (const wire::Node& row : table.find("rows")->items) {
    lines.emplace_back();
    for (const wire::Node& value : row.items) lines.back().push_back(cell_of(value, cut));
  }
  std::vector<size_t> widths(lines[0].size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], std::min(characters_of(line[i]), kColumnCharactersMax));
  }
  for (const auto& line : lines) {
    std::string out;
    for (size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 == line.size()) break;
      const size_t characters = characters_of(line[i]);
      out.append(2 + widths[i] - std::min(widths[i], characters), ' ');
    }
    fmt::print("{}\n", out);
  }
}

int print_error(const wire::Node& error) {
  const auto position = error.number_of("position");
  fmt::print(stderr, "kansoku query: {}{}\n",
             position ? fmt::format("byte {}: ", static_cast<int64_t>(*position)) : std::string(),
             error.text_of("message"));
  return 1;
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

int query_logs(const ToolEndpoint& endpoint, const LogsQuestion& question) {
  ToolRequest request{.method = "POST",
                      .path = "/ui/api/query",
                      .body = body_of(question),
                      .timeout_ms = kTimeoutMs};
  request.headers.set("content-type", "application/json");
  auto answer = send_request(endpoint, std::move(request));
  if (!answer || answer->status != 200) {
    fmt::print(stderr, "kansoku query: {}\n",
               answer ? fmt::format("status {}: {}", answer->status, answer->body)
                      : answer.error().to_string());
    return 1;
  }
  // Lines: progress and previews, then the whole table and the numbers of the scan, or an error.
  wire::Node table;
  std::string_view rest = answer->body;
  while (!rest.empty()) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    auto line = wire::parse_json(text);
    if (!line) continue;
    if (const wire::Node* error = line->find("error")) return print_error(*error);
    const wire::Node* found = line->find("table");
    if (found != nullptr && found->text_of("partial") != "true") {
      table = *found;
      if (question.format == "json") fmt::print("{}\n", text);
    }
    if (const wire::Node* numbers = line->find("stats")) {
      fmt::print(stderr, "{} of {} events matched, {} bytes read, {} ms\n",
                 numbers->text_of("matched"), numbers->text_of("rows"), numbers->text_of("bytes"),
                 numbers->text_of("elapsedMs"));
    }
  }
  if (table.find("columns") == nullptr || question.format == "json") return 0;
  if (question.format == "csv")
    print_csv(table);
  else
    print_table(table, ::isatty(STDOUT_FILENO) != 0);
  return 0;
}

}  // namespace kansoku::app
