// kansoku query LANG 'TEXT'.
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/flags.h"
#include "app/options.h"
#include "app/tool_client.h"
#include "base/time/iso8601.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

struct QueryFlags {
  std::string data = default_options().data_directory;
  std::optional<std::string> endpoint;
  std::optional<std::string> token;
  std::string from = "now-1h";
  std::string to = "now";
  int64_t step_ms = 0;
  std::string format = "table";
};

// "now", "now-6h", Unix milliseconds, or "2026-11-22T10:00:00Z".
Result<int64_t> parse_time_ms(const std::string& text, int64_t now_ms) {
  if (text == "now") return now_ms;
  if (text.starts_with("now-")) {
    KANSOKU_TRY(int64_t ago_ms, wire::parse_duration_ms(text.substr(4)));
    return now_ms - ago_ms;
  }
  if (text.find_first_not_of("0123456789") == std::string::npos && !text.empty()) {
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value < 100'000'000'000 ? value * 1000 : value;
  }
  if (auto ms = parse_iso8601(text)) return *ms;
  return invalid_argument("time {} is none of now, now-6h, Unix time, 2026-11-22T10:00:00Z",
                          quoted(text));
}

// "CWAgent cpu_usage_active cpu=cpu-total stat=p90 period=60", or the JSON of the console's API.
Result<std::string> cloudwatch_text(const std::string& text, int64_t step_ms) {
  if (text.starts_with('{')) return text;
  std::vector<std::string> words;
  size_t at = 0;
  while (at < text.size()) {
    size_t begin = text.find_first_not_of(' ', at);
    if (begin == std::string::npos) break;
    size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    at = end;
  }
  if (words.size() < 2) {
    return invalid_argument(
        "write NAMESPACE METRIC [DIMENSION=VALUE...] [stat=S] [period=SECONDS], "
        "e.g. CWAgent cpu_usage_active cpu=cpu-total");
  }
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("namespace");
  json.string(words[0]);
  json.key("metric");
  json.string(words[1]);
  int64_t period_s = step_ms / 1000;
  std::string stat = "Average";
  json.key("dimensions");
  json.begin_object();
  for (size_t i = 2; i < words.size(); ++i) {
    size_t equals = words[i].find('=');
    if (equals == std::string::npos)
      return invalid_argument("{} is not NAME=VALUE", quoted(words[i]));
    std::string name = words[i].substr(0, equals);
    std::string value = words[i].substr(equals + 1);
    if (name == "stat") {
      stat = value;
    } else if (name == "period") {
      std::from_chars(value.data(), value.data() + value.size(), period_s);
    } else {
      json.key(name);
      json.string(value);
    }
  }
  json.end_object();
  json.key("match");
  json.string("subset");
  json.key("stat");
  json.string(stat);
  json.key("period");
  json.integer(period_s);
  json.end_object();
  return out;
}

// What the console's API takes: a list of one query.
std::string query_body(const std::string& text, int64_t from_ms, int64_t to_ms) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_array();
  json.begin_object();
  json.key("id");
  json.string("q");
  json.key("lang");
  json.string("cloudwatch");
  json.key("maxPoints");
  json.integer(100'000);
  json.key("text");
  json.string(text);
  json.key("range");
  json.begin_object();
  json.key("from");
  json.integer(from_ms);
  json.key("to");
  json.integer(to_ms);
  json.end_object();
  json.end_object();
  json.end_array();
  return out;
}

int64_t to_ms(const wire::Node& node) {
  int64_t value = 0;
  std::from_chars(node.scalar.data(), node.scalar.data() + node.scalar.size(), value);
  return value;
}

// As RFC 4180: quoted when it holds a separator, a quote or a line break.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

void print_rows(const wire::Node& frame, std::string_view separator) {
  const wire::Node* times = frame.find("time");
  const wire::Node* series = frame.find("series");
  fmt::print("time");
  for (const wire::Node& one : series->items) {
    std::string_view label = one.text_of("label");
    fmt::print("{}{}", separator, separator == "," ? csv_field(label) : std::string(label));
  }
  fmt::print("\n");
  for (size_t i = 0; i < times->items.size(); ++i) {
    bool any = false;
    std::string line = iso8601(to_ms(times->items[i]), IsoFraction::None);
    for (const wire::Node& one : series->items) {
      const wire::Node& value = one.find("values")->items[i];
      any = any || value.kind == wire::Node::Kind::Scalar;
      line += separator;
      line += value.scalar;
    }
    if (any) fmt::print("{}\n", line);
  }
}

// One line a series: its values as eighth blocks, and the range they span.
void print_plot(const wire::Node& frame) {
  constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr size_t kWidth = 72;
  for (const wire::Node& one : frame.find("series")->items) {
    std::vector<double> values;
    for (const wire::Node& value : one.find("values")->items) {
      double number = std::numeric_limits<double>::quiet_NaN();
      std::from_chars(value.scalar.data(), value.scalar.data() + value.scalar.size(), number);
      values.push_back(number);
    }
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (double value : values) {
      if (std::isnan(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    size_t step = std::max<size_t>(1, (values.size() + kWidth - 1) / kWidth);
    std::string line;
    for (size_t i = 0; i < values.size(); i += step) {
      double worst = std::numeric_limits<double>::quiet_NaN();
      for (size_t j = i; j < std::min(i + step, values.size()); ++j) {
        if (!std::isnan(values[j]) && !(worst >= values[j])) worst = values[j];
      }
      if (std::isnan(worst)) {
        line += ' ';
      } else {
        double share = high > low ? (worst - low) / (high - low) : 0.5;
        line += kBlocks[std::min<size_t>(7, static_cast<size_t>(share * 8))];
      }
    }
    fmt::print("{:<24} {} {:g} to {:g} {}\n", one.text_of("label"), line, low, high,
               one.text_of("unit"));
  }
}

int print_answer(const std::string& body, const std::string& format) {
  size_t at = 0;
  int code = 0;
  while (at < body.size()) {
    size_t end = std::min(body.find('\n', at), body.size());
    auto line = wire::parse_json(std::string_view(body).substr(at, end - at));
    at = end + 1;
    if (!line) continue;
    if (const wire::Node* error = line->find("error")) {
      fmt::print(stderr, "kansoku query: {}\n", error->text_of("message"));
      code = 1;
    }
    const wire::Node* frame = line->find("frame");
    if (frame == nullptr) continue;
    if (frame->text_of("partial") == "true") {
      fmt::print(stderr, "partial: a part of the range is damaged on disk and left out\n");
    }
    if (const wire::Node* cut = frame->find("truncated"); cut->kind == wire::Node::Kind::Mapping) {
      fmt::print(stderr, "truncated: {} of {} series\n", cut->text_of("limit"),
                 cut->text_of("total"));
    }
    if (frame->find("series")->items.empty()) {
      fmt::print(stderr, "no data in this range\n");
    } else if (format == "plot") {
      print_plot(*frame);
    } else {
      print_rows(*frame, format == "csv" ? "," : "  ");
    }
  }
  return code;
}

Command query_command(QueryFlags& flags) {
  auto text = [](std::string& into) {
    return [&into](const std::string& value) -> Status {
      into = value;
      return {};
    };
  };
  auto optional_text = [](std::optional<std::string>& into) {
    return [&into](const std::string& value) -> Status {
      into = value;
      return {};
    };
  };
  return {.usage = "kansoku query LANG 'TEXT' [options]",
          .summary =
              "Asks a server. LANG of this version: cloudwatch (a metric, its dimensions and a "
              "statistic).",
          .flags = {{"--from", "T", "start: now-1h (default), Unix time, 2026-11-22T10:00:00Z",
                     text(flags.from)},
                    {"--to", "T", "end (default now)", text(flags.to)},
                    {"--step", "D", "spacing of the answer, e.g. 60s (default: chosen)",
                     [&flags](const std::string& v) -> Status {
                       KANSOKU_TRY(flags.step_ms, wire::parse_duration_ms(v));
                       return {};
                     }},
                    {"--format", "table|json|csv|plot", "how to print (default table)",
                     [&flags](const std::string& v) -> Status {
                       if (v != "table" && v != "json" && v != "csv" && v != "plot") {
                         return invalid_argument("{} is none of table, json, csv, plot", quoted(v));
                       }
                       flags.format = v;
                       return {};
                     }},
                    {"--endpoint", "URL", "the server (default: the one of the data directory)",
                     optional_text(flags.endpoint)},
                    {"--token", "TOKEN", "bearer token (default: of the data directory)",
                     optional_text(flags.token)},
                    {"--data", "DIR", fmt::format("data directory (default {})", flags.data),
                     text(flags.data)}},
          .examples =
              "  kansoku query cloudwatch 'CWAgent cpu_usage_active cpu=cpu-total' --format plot\n"
              "  kansoku query cloudwatch 'AWS/EC2 NetworkIn stat=Sum' --from now-6h --step 5m\n"};
}

}  // namespace

int run_query(const std::vector<std::string>& arguments) {
  QueryFlags flags;
  Command command = query_command(flags);
  bool help = false;
  auto operands = parse_flags(command, arguments, help);
  if (help) {
    fmt::print("{}", help_text(command));
    return 0;
  }
  if (!operands || operands->size() != 2) {
    fmt::print(stderr, "kansoku query: {}; kansoku query --help\n",
               operands ? std::string("write LANG and 'TEXT'") : operands.error().to_string());
    return 2;
  }
  if (operands->at(0) != "cloudwatch") {
    fmt::print(stderr,
               "kansoku query: language {} is not served by this version; there is cloudwatch\n",
               quoted(operands->at(0)));
    return 2;
  }
  int64_t now_ms = env::real_clock().wall_now().ms();
  auto from = parse_time_ms(flags.from, now_ms);
  auto to = parse_time_ms(flags.to, now_ms);
  auto text = cloudwatch_text(operands->at(1), flags.step_ms);
  auto endpoint = find_endpoint(flags.data, flags.endpoint, flags.token);
  for (const Error* error :
       {from ? nullptr : &from.error(), to ? nullptr : &to.error(), text ? nullptr : &text.error(),
        endpoint ? nullptr : &endpoint.error()}) {
    if (error == nullptr) continue;
    fmt::print(stderr, "kansoku query: {}\n", error->to_string());
    return 1;
  }
  auto answer = call(*endpoint, "POST", "/ui/api/query", query_body(*text, *from, *to));
  if (!answer || answer->status != 200) {
    fmt::print(stderr, "kansoku query: {}\n",
               answer ? fmt::format("status {}: {}", answer->status, answer->body)
                      : answer.error().to_string());
    return 1;
  }
  if (flags.format == "json") {
    fmt::print("{}", answer->body);
    return answer->body.find("\"error\":{\"code\"") == std::string::npos ? 0 : 1;
  }
  return print_answer(answer->body, flags.format);
}

}  // namespace kansoku::app
