// kansoku query LANG 'TEXT'.
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "app/commands.h"
#include "app/flags.h"
#include "app/options.h"
#include "app/query_logs.h"
#include "base/text/percent.h"
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
  std::vector<std::string> groups;
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

// Metric math and Metrics Insights, as GetMetricData takes them.
std::string expression_text(const std::string& expression, int64_t step_ms) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("expression");
  json.string(expression);
  json.key("period");
  json.integer(step_ms / 1000);
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

// "metric{a="b"}" of a result's labels, and its unit where it has one.
void append_promql_series(const wire::Node& series, const std::vector<int64_t>& times,
                          wire::JsonWriter& json) {
  std::string label;
  std::string name;
  for (const wire::Node::Entry& entry : series.find("metric")->entries) {
    if (entry.key == "__name__") {
      name = entry.value.scalar;
    } else if (!entry.key.starts_with("__")) {
      label += fmt::format("{}{}={}", label.empty() ? "" : ", ", entry.key,
                           quoted(entry.value.scalar, 1024));
    }
  }
  json.begin_object();
  json.key("label");
  json.string(label.empty() ? name : fmt::format("{}{{{}}}", name, label));
  json.key("unit");
  json.string(series.find("metric")->text_of("__unit__"));
  json.key("values");
  json.begin_array();
  std::map<int64_t, std::string> by_time;
  if (const wire::Node* values = series.find("values")) {
    for (const wire::Node& point : values->items) {
      double seconds = 0;
      const std::string& text = point.items[0].scalar;
      std::from_chars(text.data(), text.data() + text.size(), seconds);
      by_time[std::llround(seconds * 1000)] = point.items[1].scalar;
    }
  }
  for (int64_t time : times) {
    auto found = by_time.find(time);
    if (found == by_time.end()) {
      json.null();
    } else {
      json.string(found->second);
    }
  }
  json.end_array();
  json.end_object();
}

// An answer of /api/v1/query_range as a line that print_answer() understands.
std::string promql_frame(const wire::Node& answer, int64_t from_ms, int64_t to_ms,
                         int64_t step_ms) {
  std::vector<int64_t> times;
  for (int64_t at = from_ms; at <= to_ms; at += step_ms) times.push_back(at);
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("frame");
  json.begin_object();
  json.key("time");
  json.begin_array();
  for (int64_t time : times) json.integer(time);
  json.end_array();
  json.key("series");
  json.begin_array();
  for (const wire::Node& series : answer.find("data")->find("result")->items) {
    append_promql_series(series, times, json);
  }
  json.end_array();
  json.key("partial");
  json.boolean(false);
  json.key("truncated");
  json.null();
  json.end_object();
  json.end_object();
  return out;
}

// Points that a table or a plot of this length wants.
constexpr int64_t kPromqlPoints = 60;

int query_promql(const ToolEndpoint& endpoint, const std::string& text, int64_t from_ms,
                 int64_t to_ms, const QueryFlags& flags) {
  int64_t step_ms =
      flags.step_ms > 0
          ? flags.step_ms
          : std::max<int64_t>(1'000, (to_ms - from_ms) / kPromqlPoints / 1'000 * 1'000);
  // The grid begins at a whole step, so that repeated queries ask for the same points.
  from_ms -= from_ms % step_ms;
  std::string path = "/api/v1/query_range?query=";
  append_percent_encoded(path, text, "");
  path += fmt::format("&start={:.3f}&end={:.3f}&step={:.3f}", static_cast<double>(from_ms) / 1000,
                      static_cast<double>(to_ms) / 1000, static_cast<double>(step_ms) / 1000);
  auto answer = call(endpoint, "GET", path, "");
  auto body = answer ? wire::parse_json(answer->body) : Result<wire::Node>(wire::Node());
  if (!answer || !body || body->text_of("status") != "success") {
    fmt::print(stderr, "kansoku query: {}\n",
               !answer ? answer.error().to_string()
               : body  ? std::string(body->text_of("error"))
                       : fmt::format("status {}", answer->status));
    return 1;
  }
  for (std::string_view kind : {"warnings", "infos"}) {
    const wire::Node* notes = body->find(kind);
    for (size_t i = 0; notes != nullptr && i < notes->items.size(); ++i) {
      fmt::print(stderr, "{}\n", notes->items[i].scalar);
    }
  }
  if (flags.format == "json") {
    fmt::print("{}\n", answer->body);
    return 0;
  }
  return print_answer(promql_frame(*body, from_ms, to_ms, step_ms), flags.format);
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
              "Asks a server. LANG: cloudwatch (a metric, its dimensions and a statistic), "
              "metric-math,\n"
              "metrics-insights (SELECT ...), promql or logs-insights.",
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
                    {"--group", "NAME",
                     "log group of logs-insights; may be given several times; default all",
                     [&flags](const std::string& v) -> Status {
                       flags.groups.push_back(v);
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
              "  kansoku query cloudwatch 'AWS/EC2 NetworkIn stat=Sum' --from now-6h --step 5m\n"
              "  kansoku query metric-math \"SEARCH('{CWAgent,host} MetricName=mem_used', "
              "'Average', 60)\"\n"
              "  kansoku query metrics-insights 'SELECT AVG(cpu_usage_idle) FROM CWAgent GROUP BY "
              "cpu'\n"
              "  kansoku query logs-insights 'filter @message like /ERROR/ | stats count() by "
              "bin(5m)'\n"
              "  kansoku query promql 'sum by (cpu) (cpu_usage_active)' --format plot\n"};
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
  const std::string& language = operands->at(0);
  const std::vector<std::string> known{"cloudwatch", "logs-insights", "metric-math",
                                       "metrics-insights", "promql"};
  if (std::ranges::find(known, language) == known.end()) {
    const auto guess = wire::did_you_mean(language, known);
    fmt::print(stderr,
               "kansoku query: language {} is not served by this version{}; there are cloudwatch, "
               "logs-insights, metric-math, metrics-insights and promql\n",
               quoted(language), guess ? fmt::format(", did you mean {}?", *guess) : std::string());
    return 2;
  }
  const bool promql = language == "promql";
  int64_t now_ms = env::real_clock().wall_now().ms();
  auto from = parse_time_ms(flags.from, now_ms);
  auto to = parse_time_ms(flags.to, now_ms);
  Result<std::string> text = operands->at(1);
  if (language == "cloudwatch") text = cloudwatch_text(operands->at(1), flags.step_ms);
  if (language.starts_with("metric")) text = expression_text(operands->at(1), flags.step_ms);
  auto endpoint = find_endpoint(flags.data, flags.endpoint, flags.token);
  for (const Error* error :
       {from ? nullptr : &from.error(), to ? nullptr : &to.error(), text ? nullptr : &text.error(),
        endpoint ? nullptr : &endpoint.error()}) {
    if (error == nullptr) continue;
    fmt::print(stderr, "kansoku query: {}\n", error->to_string());
    return 1;
  }
  if (language == "logs-insights") {
    if (flags.format == "plot") {
      fmt::print(stderr, "kansoku query: logs-insights has no plot; there are table, json, csv\n");
      return 2;
    }
    return query_logs(*endpoint, {.text = *text,
                                  .groups = flags.groups,
                                  .from_ms = *from,
                                  .to_ms = *to,
                                  .format = flags.format});
  }
  if (promql) return query_promql(*endpoint, *text, *from, *to, flags);
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
