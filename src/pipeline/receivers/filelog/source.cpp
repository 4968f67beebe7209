#include "pipeline/receivers/filelog/source.h"

#include "base/text/ascii.h"

namespace kansoku::pipeline::filelog {
namespace {

constexpr std::array<std::string_view, 9> kCompressed{".gz",  ".zst", ".bz2", ".xz", ".zip",
                                                      ".tar", ".rar", ".lz4", ".tgz"};
constexpr std::string_view kSeparators = ".-_~";
// What rotation adds to a name: a number or a time.
constexpr std::string_view kNumbering = "0123456789.-_~T";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// What the name of a log group may hold beside letters and digits.
constexpr std::string_view kGroupCharacters = ".-_/#";

std::string with_path(std::string text, std::string_view path) {
  text =
      replaced(replaced(std::move(text), "{file_path}", path), "{file_name}", file_name_of(path));
  if (text.find("{file_path_") == std::string::npos) return text;
  std::string flat(path);
  std::ranges::replace(flat, '/', '_');
  std::string group(path);
  std::ranges::replace_if(
      group,
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        return !letter && !digit && kGroupCharacters.find(c) == std::string_view::npos;
      },
      '_');
  return replaced(replaced(std::move(text), "{file_path_flat}", flat), "{file_path_group}", group);
}

}  // namespace

std::string_view file_name_of(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_compressed_name(std::string_view name) {
  return std::any_of(kCompressed.begin(), kCompressed.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool is_rotated_name(std::string_view base, std::string_view name) {
  if (name.size() <= base.size()) return false;
  if (name.starts_with(base)) return kSeparators.find(name[base.size()]) != std::string_view::npos;
  size_t dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  return name.starts_with(base.substr(0, dot)) && name.ends_with(base.substr(dot)) &&
         kSeparators.find(name[dot]) != std::string_view::npos;
}

bool is_gzip_name(std::string_view name) { return name.ends_with(".gz"); }

bool is_numbered_rotation(std::string_view base, std::string_view name) {
  if (is_gzip_name(name)) name.remove_suffix(3);
  if (!is_rotated_name(base, name)) return false;
  size_t same = 0;
  while (same < base.size() && base[same] == name[same]) ++same;
  std::string_view added = name.substr(same, name.size() - base.size());
  return added.find_first_not_of(kNumbering) == std::string_view::npos &&
         added.find_first_of("0123456789") != std::string_view::npos;
}

namespace {

// Without what rotation added: app.log of app.log.1 and of app.log-20261122. Short numbers after
// other separators are names of different files (svc-1, svc-2).
std::string_view rotation_base(std::string_view name) {
  if (is_gzip_name(name)) name.remove_suffix(3);
  size_t last = name.find_last_not_of("0123456789");
  if (last == std::string_view::npos || last == 0 || last + 1 == name.size()) return name;
  size_t digits = name.size() - last - 1;
  bool number = name[last] == '.' && digits <= 4;
  bool date = kSeparators.find(name[last]) != std::string_view::npos && digits >= 8;
  return number || date ? name.substr(0, last) : name;
}

// The number of app.log.3, also of app.log.3.gz; 0: it has none.
uint64_t rotation_number(std::string_view name) {
  if (is_gzip_name(name)) name.remove_suffix(3);
  const std::string_view base = rotation_base(name);
  if (base.size() == name.size() || name[base.size()] != '.') return 0;
  uint64_t out = 0;
  for (const char digit : name.substr(base.size() + 1))
    out = out * 10 + static_cast<uint64_t>(digit - '0');
  return out;
}

}  // namespace

bool is_rotated_back(std::string_view before, std::string_view name) {
  if (is_rotated_name(name, before)) return true;
  const uint64_t number = rotation_number(name);
  return number > 0 && rotation_base(name) == rotation_base(before) &&
         number < rotation_number(before);
}

bool same_family(std::string_view known, std::string_view name) {
  return is_rotated_name(known, name) || is_rotated_name(rotation_base(known), name);
}

Result<std::unique_ptr<const Source>> Source::make(SourceConfig config) {
  std::unique_ptr<Source> out(new Source());
  if (config.include.empty()) return invalid_argument("source {} has no files", config.name);
  for (const std::string& glob : config.include) {
    if (!glob.starts_with('/')) return invalid_argument("not an absolute path: {}", quoted(glob));
    out->include_.emplace_back(glob);
  }
  for (const std::string& glob : config.exclude) {
    if (glob.find('/') == std::string::npos) {
      out->exclude_names_.push_back(glob);
    } else {
      out->exclude_paths_.emplace_back(glob);
    }
  }
  if (!config.exclude_name_pattern.empty()) {
    KANSOKU_TRY(Regex regex, Regex::compile_search(config.exclude_name_pattern));
    out->exclude_name_pattern_ = std::move(regex);
  }
  if (config.remove_finished && config.release_blocked_ms > 0) {
    return invalid_argument("source {}: files that are removed when they were read are kept open",
                            config.name);
  }
  if (!config.timestamp_format.empty()) {
    std::string why;
    out->time_format_ = TimeFormat::compile(config.timestamp_format, &why);
    if (!out->time_format_) {
      return invalid_argument("timestamp format {}: {}", quoted(config.timestamp_format), why);
    }
  }
  for (size_t i = 0; i < config.filters.size(); ++i) {
    const FilterRule& rule = config.filters[i];
    KANSOKU_TRY(Regex regex, Regex::compile_search(rule.pattern));
    std::string name = rule.name.empty() ? fmt::format("filter {}", i + 1) : rule.name;
    out->filters_.push_back({std::move(name), rule.include, std::move(regex)});
  }
  CutterOptions cut{.charset = config.charset,
                    .event_bytes_max = static_cast<size_t>(config.event_bytes_max),
                    .long_events = config.long_events};
  const MultilineConfig& lines = config.multiline;
  if (lines.start_is_timestamp) {
    if (!out->time_format_) return invalid_argument("multi-line by timestamp without its format");
    cut.begins_event = [self = out.get()](std::string_view line) {
      return self->time_format_->find(line, self->config_.zone, 0).has_value();
    };
  } else if (lines.enabled()) {
    bool start = !lines.start_pattern.empty();
    KANSOKU_TRY(Regex regex,
                Regex::compile_search(start ? lines.start_pattern : lines.continuation_pattern));
    auto shared = std::make_shared<const Regex>(std::move(regex));
    cut.begins_event = [shared, start](std::string_view line) {
      return shared->matches(line) == start;
    };
  }
  out->cutter_ = std::make_unique<const EventCutter>(std::move(cut));
  out->config_ = std::move(config);
  return out;
}

bool Source::is_packed(std::string_view path) const {
  return !config_.compressed_as_text && is_compressed_name(file_name_of(path));
}

bool Source::excluded(std::string_view path) const {
  std::string_view name = file_name_of(path);
  for (const std::string& pattern : exclude_names_) {
    if (glob_matches_name(pattern, name)) return true;
  }
  for (const PathGlob& glob : exclude_paths_) {
    if (glob.matches(path)) return true;
  }
  return exclude_name_pattern_ && exclude_name_pattern_->matches(name);
}

bool Source::matches(std::string_view path) const {
  bool included = std::any_of(include_.begin(), include_.end(),
                              [&](const PathGlob& glob) { return glob.matches(path); });
  return included && !is_packed(path) && !excluded(path);
}

const std::string* Source::refused_by(std::string_view event) const {
  for (const Filter& filter : filters_) {
    if (filter.regex.matches(event) != filter.include) return &filter.name;
  }
  return nullptr;
}

std::string Source::group_of(std::string_view path) const { return with_path(config_.group, path); }
std::string Source::stream_of(std::string_view path) const {
  return with_path(config_.stream, path);
}

}  // namespace kansoku::pipeline::filelog
