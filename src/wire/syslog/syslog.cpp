#include "wire/syslog/syslog.h"

#include <array>

#include "base/time/time_format.h"

namespace kansoku::wire::syslog {
namespace {

constexpr std::array<std::string_view, 24> kFacilities{
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog",   "lpr",     "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "security", "console", "solaris-cron",
    "local0", "local1", "local2",   "local3", "local4", "local5",   "local6",  "local7"};
constexpr std::array<std::string_view, 8> kSeverities{"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
constexpr size_t kParametersMax = 256;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "<13>"; leaves `rest` behind it.
bool read_priority(std::string_view& rest, Message& out) {
  if (rest.size() < 3 || rest[0] != '<') return false;
  int value = 0;
  size_t i = 1;
  while (i < rest.size() && i < 4 && is_digit(rest[i])) value = value * 10 + (rest[i++] - '0');
  if (i == 1 || i >= rest.size() || rest[i] != '>' || value > 191) return false;
  out.has_priority = true;
  out.facility = value / 8;
  out.severity = value % 8;
  rest.remove_prefix(i + 1);
  return true;
}

// Up to a blank; '-' is nothing.
std::string_view read_field(std::string_view& rest) {
  size_t end = std::min(rest.find(' '), rest.size());
  std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field == "-" ? std::string_view() : field;
}

// "[id name="value" ...]..." or "-". False when it is none of them.
bool read_structured(std::string_view& rest, std::vector<Parameter>& out) {
  if (rest.starts_with('-') && (rest.size() == 1 || rest[1] == ' ')) {
    rest.remove_prefix(1);
    return true;
  }
  if (!rest.starts_with('[')) return false;
  size_t at = 0;
  while (at < rest.size() && rest[at] == '[') {
    size_t id_end = rest.find_first_of(" ]=\"", at + 1);
    if (id_end == std::string_view::npos || id_end == at + 1) return false;
    std::string_view element = rest.substr(at + 1, id_end - at - 1);
    at = id_end;
    bool any = false;
    while (at < rest.size() && rest[at] == ' ') {
      ++at;
      if (at < rest.size() && rest[at] == ']') break;  // a blank before the end, met in practice
      size_t equals = rest.find('=', at);
      if (equals == std::string_view::npos || equals + 1 >= rest.size() ||
          rest[equals + 1] != '"') {
        return false;
      }
      Parameter parameter{element, rest.substr(at, equals - at), {}};
      for (at = equals + 2; at < rest.size() && rest[at] != '"'; ++at) {
        // Only '"', '\' and ']' are escaped; another '\' is itself (RFC 5424 §6.3.3).
        bool escape = rest[at] == '\\' && at + 1 < rest.size() &&
                      std::string_view("\"\\]").find(rest[at + 1]) != std::string_view::npos;
        if (escape) ++at;
        parameter.value += rest[at];
      }
      if (at >= rest.size() || out.size() >= kParametersMax) return false;
      ++at;
      any = true;
      out.push_back(std::move(parameter));
    }
    if (at >= rest.size() || rest[at] != ']') return false;
    if (!any) out.push_back({element, {}, {}});
    ++at;
  }
  rest.remove_prefix(at);
  return true;
}

const TimeFormat& format(std::string_view text) {
  static const std::array kFormats{
      std::pair<std::string_view, TimeFormat>("iso",
                                              *TimeFormat::compile("%Y-%m-%dT%H:%M:%S.%f%z")),
      std::pair<std::string_view, TimeFormat>("iso0", *TimeFormat::compile("%Y-%m-%dT%H:%M:%S%z")),
      std::pair<std::string_view, TimeFormat>("isolocal",
                                              *TimeFormat::compile("%Y-%m-%dT%H:%M:%S")),
      std::pair<std::string_view, TimeFormat>("bsd", *TimeFormat::compile("%b %d %H:%M:%S")),
      std::pair<std::string_view, TimeFormat>("bsdyear",
                                              *TimeFormat::compile("%b %d %Y %H:%M:%S"))};
  for (const auto& [name, compiled] : kFormats) {
    if (name == text) return compiled;
  }
  return kFormats[0].second;
}

bool read_time(std::string_view& rest, const Zone& zone, int64_t now_ns, Message& out) {
  for (std::string_view name : {"iso", "iso0", "isolocal", "bsdyear", "bsd"}) {
    auto found = format(name).match(rest, zone, now_ns);
    if (!found) continue;
    size_t end = found->end;
    // Cisco ends it with a colon; a fraction of seconds may follow the old form.
    if (end < rest.size() && rest[end] == '.') {
      size_t digits = end + 1;
      int64_t scale = 100'000'000;
      for (; digits < rest.size() && is_digit(rest[digits]); ++digits, scale /= 10) {
        found->unix_ns += (rest[digits] - '0') * scale;
      }
      end = digits;
    }
    if (end < rest.size() && rest[end] == ':') ++end;
    if (end < rest.size() && rest[end] != ' ') continue;
    out.unix_ns = found->unix_ns;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return true;
  }
  return false;
}

bool parse_5424(std::string_view rest, const Zone& zone, int64_t now_ns, Message& out) {
  if (!rest.starts_with("1 ")) return false;
  rest.remove_prefix(2);
  if (rest.starts_with("- ")) {
    rest.remove_prefix(2);
  } else if (!read_time(rest, zone, now_ns, out)) {
    return false;
  }
  out.host = read_field(rest);
  out.app = read_field(rest);
  out.process = read_field(rest);
  out.id = read_field(rest);
  if (!read_structured(rest, out.parameters)) {
    out.parameters.clear();
  } else if (rest.starts_with(' ')) {
    rest.remove_prefix(1);
  }
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  out.text = rest;
  out.format = Message::Format::Rfc5424;
  return true;
}

// "tag[pid]: text", "tag: text"; else all is text.
void read_tag(std::string_view rest, Message& out) {
  size_t end = rest.find_first_of(" :[");
  bool tag = end != std::string_view::npos && end > 0 && end <= 64 && rest[end] != ' ';
  if (!tag) {
    out.text = rest;
    return;
  }
  size_t at = end;
  std::string_view process;
  if (rest[at] == '[') {
    size_t close = rest.find(']', at);
    if (close == std::string_view::npos) {
      out.text = rest;
      return;
    }
    process = rest.substr(at + 1, close - at - 1);
    at = close + 1;
  }
  if (at >= rest.size() || rest[at] != ':') {
    out.text = rest;
    return;
  }
  out.app = rest.substr(0, end);
  out.process = process;
  rest.remove_prefix(at + 1);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  out.text = rest;
}

}  // namespace

std::string_view facility_name(int facility) {
  return facility >= 0 && facility < 24 ? kFacilities[static_cast<size_t>(facility)]
                                        : std::string_view();
}
std::string_view severity_name(int severity) {
  return severity >= 0 && severity < 8 ? kSeverities[static_cast<size_t>(severity)]
                                       : std::string_view();
}

Message parse(std::string_view bytes, const Zone& zone, int64_t now_ns) {
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r' || bytes.back() == '\0')) {
    bytes.remove_suffix(1);
  }
  Message out;
  std::string_view rest = bytes;
  if (!read_priority(rest, out)) {
    out.text = bytes;
    return out;
  }
  Message modern = out;
  if (parse_5424(rest, zone, now_ns, modern)) return modern;
  out.format = Message::Format::Rfc3164;
  if (!read_time(rest, zone, now_ns, out)) {
    read_tag(rest, out);
    return out;
  }
  // A host stands between time and tag, but local programs leave it out.
  size_t blank = rest.find(' ');
  std::string_view first = rest.substr(0, std::min(blank, rest.size()));
  bool is_host = blank != std::string_view::npos && !first.empty() && first.back() != ':' &&
                 first.find('[') == std::string_view::npos;
  if (is_host) {
    out.host = first;
    rest.remove_prefix(blank + 1);
  }
  read_tag(rest, out);
  return out;
}

Result<std::optional<std::string_view>> Framer::next() {
  if (at_ > 0 && at_ >= buffer_.size() / 2) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  // Line ends between messages.
  while (at_ < buffer_.size() &&
         (buffer_[at_] == '\n' || buffer_[at_] == '\r' || buffer_[at_] == '\0')) {
    ++at_;
  }
  std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.empty()) return std::nullopt;
  if (rest[0] >= '1' && rest[0] <= '9') {
    size_t size = 0;
    size_t i = 0;
    for (; i < rest.size() && is_digit(rest[i]); ++i) {
      size = size * 10 + static_cast<size_t>(rest[i] - '0');
      if (size > message_bytes_max_) {
        return resource_exhausted("syslog message too long: limit {} bytes", message_bytes_max_);
      }
    }
    if (i == rest.size()) return std::nullopt;
    if (rest[i] != ' ') return invalid_argument("no blank after the length of a syslog message");
    if (rest.size() - i - 1 < size) return std::nullopt;
    at_ += i + 1 + size;
    return rest.substr(i + 1, size);
  }
  size_t end = rest.find_first_of(std::string_view("\n\0", 2));
  if (end == std::string_view::npos) {
    if (rest.size() < message_bytes_max_) return std::nullopt;
    ++split_;
    at_ += message_bytes_max_;
    return rest.substr(0, message_bytes_max_);
  }
  if (end > message_bytes_max_) {
    ++split_;
    end = message_bytes_max_;
  }
  at_ += end;
  return rest.substr(0, end);
}

}  // namespace kansoku::wire::syslog
