// A source as it runs: globs, patterns and formats compiled once. Immutable; free-threaded.
#pragma once

#include <memory>
#include <optional>

#include "base/regex/regex.h"
#include "base/text/glob.h"
#include "base/time/time_format.h"
#include "pipeline/receivers/filelog/event_cutter.h"

namespace kansoku::pipeline::filelog {

class Source {
 public:
  static Result<std::unique_ptr<const Source>> make(SourceConfig config);

  const SourceConfig& config() const { return config_; }
  const std::vector<PathGlob>& include() const { return include_; }
  const EventCutter& cutter() const { return *cutter_; }
  const TimeFormat* time_format() const { return time_format_ ? &*time_format_ : nullptr; }
  // By path: matches a pattern, is not excluded, and is not compressed (unless asked).
  bool matches(std::string_view path) const;
  // Excluded by a pattern: not read under any circumstances.
  bool excluded(std::string_view path) const;
  // Its text is inside of it: not read as it is.
  bool is_packed(std::string_view path) const;
  // The filter that an event does not pass; nothing when it passes all.
  const std::string* refused_by(std::string_view event) const;
  std::string group_of(std::string_view path) const;
  std::string stream_of(std::string_view path) const;

 private:
  struct Filter {
    std::string name;
    bool include = false;
    Regex regex;
  };
  Source() = default;

  SourceConfig config_;
  std::vector<PathGlob> include_;
  std::vector<PathGlob> exclude_paths_;
  std::vector<std::string> exclude_names_;
  std::optional<Regex> exclude_name_pattern_;
  std::unique_ptr<const EventCutter> cutter_;
  std::optional<TimeFormat> time_format_;
  std::vector<Filter> filters_;
};

std::string_view file_name_of(std::string_view path);
bool is_compressed_name(std::string_view name);
// One whose text can be read (gzip_file.h): app.log.1.gz.
bool is_gzip_name(std::string_view name);
// Whether `name` is what rotation makes of `base`: app.log.1, app.log-20261122, app.log.bak, and
// with the extension kept app-20261122.log, app.1.log.
bool is_rotated_name(std::string_view base, std::string_view name);
// Of such a name: only digits and separators were added, and perhaps ".gz".
bool is_numbered_rotation(std::string_view base, std::string_view name);
// Whether no rotation turns `before` into `name`: app.log.1 into app.log, app.log.3 into app.log.1.
bool is_rotated_back(std::string_view before, std::string_view name);
// Whether rotation may give `name` to the file, or the copy, of what is known as `known`, which may
// be a name of rotation itself: app.log or app.log.1, and app.log.2.gz.
bool same_family(std::string_view known, std::string_view name);

}  // namespace kansoku::pipeline::filelog
