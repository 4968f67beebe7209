#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {
namespace {

using rows::Value;

// "Supported logs and discovered fields" of the user guide. First those of Lambda, then of VPC flow
// logs in their order (version 2), then those of Route 53 in theirs that have other names.
constexpr std::array<std::string_view, 31> kFields{
    "@requestId",      "@type",        "@duration",
    "@billedDuration", "@memorySize",  "@maxMemoryUsed",
    "@initDuration",   "@xrayTraceId", "@xraySegmentId",
    "version",         "accountId",    "interfaceId",
    "srcAddr",         "dstAddr",      "srcPort",
    "dstPort",         "protocol",     "packets",
    "bytes",           "start",        "end",
    "action",          "logStatus",    "queryTimestamp",
    "hostZoneId",      "queryName",    "queryType",
    "responseCode",    "edgeLocation", "resolverIp",
    "ednsClientSubnet"};
constexpr size_t kLambdaFields = 9;
constexpr size_t kFlowFields = 14;
// Where the fields of Route 53 stand in a line.
constexpr std::array<std::string_view, 10> kRoute53{
    "version",      "queryTimestamp", "hostZoneId",   "queryName",  "queryType",
    "responseCode", "protocol",       "edgeLocation", "resolverIp", "ednsClientSubnet"};

std::vector<std::string_view> words_of(std::string_view text, size_t most) {
  std::vector<std::string_view> out;
  while (!text.empty() && out.size() <= most) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view without_line_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// "2 123456789012 eni-… 10.0.0.1 10.0.0.2 443 49153 6 10 840 START END ACCEPT OK"
Value flow_field(std::string_view message, size_t field) {
  const auto words = words_of(without_line_end(message), kFlowFields);
  if (words.size() != kFlowFields || !all_digits(words[0]) || !words[2].starts_with("eni-")) {
    return {};
  }
  return words[field] == "-" ? Value() : Value::of_text(words[field]);
}

// "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.0.2.1 -"
Value route53_field(std::string_view message, std::string_view name) {
  const auto words = words_of(without_line_end(message), kRoute53.size());
  if (words.size() != kRoute53.size() || words[0].find('.') == std::string_view::npos ||
      words[1].size() < 20 || words[1][10] != 'T' || !words[2].starts_with('Z')) {
    return {};
  }
  const auto place = std::ranges::find(kRoute53, name);
  if (place == kRoute53.end()) return {};
  const std::string_view word = words[static_cast<size_t>(place - kRoute53.begin())];
  return word == "-" ? Value() : Value::of_text(word);
}

// What stands behind a label up to the next tab, blank or line end.
std::string_view behind(std::string_view message, std::string_view label) {
  const size_t at = message.find(label);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = message.substr(at + label.size());
  return rest.substr(0, rest.find_first_of(" \t\r\n"));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

Value megabytes(std::string_view text) {
  const auto number = number_of(Value::of_text(text));
  if (!number) return {};
  // In bytes, by a million: queries of the user guide divide by 1000 twice.
  return Value::of_int(static_cast<int64_t>(*number * 1e6));
}

Value text_or_null(std::string_view text) { return text.empty() ? Value() : Value::of_text(text); }

// Milliseconds, with what follows a tab: "Duration" is also the end of "Billed Duration".
Value milliseconds(std::string_view message, std::string_view label) {
  const auto number = number_of(Value::of_text(behind(message, label)));
  return number ? Value::of_float(*number) : Value();
}

// "START RequestId: ID Version: $LATEST", "END RequestId: ID", "REPORT RequestId: ID\tDuration: 1.2
// ms\t…", and lines of the runtimes: "TIME\tID\tLEVEL\t…"
Value lambda_field(std::string_view message, std::string_view name) {
  std::string_view type;
  for (const std::string_view one : {"START", "END", "REPORT"}) {
    if (message.starts_with(one) && message.substr(one.size()).starts_with(" RequestId: ")) {
      type = one;
    }
  }
  if (type.empty()) {
    const size_t tab = message.find('\t');
    if (name != "@requestId" || tab == std::string_view::npos) return {};
    const std::string_view id = message.substr(tab + 1, 36);
    return is_uuid(id) ? Value::of_text(id) : Value();
  }
  if (name == "@type") return Value::of_text(type);
  if (name == "@requestId") return text_or_null(behind(message, "RequestId: "));
  if (type != "REPORT") return {};
  if (name == "@duration") return milliseconds(message, "\tDuration: ");
  if (name == "@billedDuration") return milliseconds(message, "\tBilled Duration: ");
  if (name == "@initDuration") return milliseconds(message, "\tInit Duration: ");
  if (name == "@memorySize") return megabytes(behind(message, "\tMemory Size: "));
  if (name == "@maxMemoryUsed") return megabytes(behind(message, "\tMax Memory Used: "));
  if (name == "@xrayTraceId") return text_or_null(behind(message, "XRAY TraceId: "));
  return text_or_null(behind(message, "SegmentId: "));
}

}  // namespace

std::span<const std::string_view> discovered_fields() { return kFields; }

Value discovered(std::string_view message, size_t field, rows::TextArena&) {
  if (field < kLambdaFields) return lambda_field(message, kFields[field]);
  if (message.empty() || message[0] < '0' || message[0] > '9') return {};
  if (field < kLambdaFields + kFlowFields) {
    const Value value = flow_field(message, field - kLambdaFields);
    if (!value.is_null()) return value;
  }
  return route53_field(message, kFields[field]);
}

}  // namespace kansoku::query::logs_insights
