// Configuration of the receiver `filelog`. See README.md for what each option means to a user.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text/charset.h"
#include "base/time/zone.h"
#include "pipeline/filter_rule.h"

namespace kansoku::pipeline::filelog {

enum class StartAt : uint8_t { Beginning, End };
// What becomes of an event longer than event_bytes_max: several events, or one that is cut (the
// rest is counted as dropped by the rule "event_too_long").
enum class LongEvents : uint8_t { Split, Truncate };

struct MultilineConfig {
  // An event begins with a line that this matches. Empty: see the next two.
  std::string start_pattern;
  // An event begins with a line in which the source's timestamp format is found.
  bool start_is_timestamp = false;
  // A line that this matches belongs to the event before it.
  std::string continuation_pattern;
  bool enabled() const {
    return !start_pattern.empty() || start_is_timestamp || !continuation_pattern.empty();
  }
};

// Files that are read in the same way.
struct SourceConfig {
  // Names the source in the saved state: with another name its files begin anew.
  std::string name;
  std::vector<std::string> include;  // globs of absolute paths (base/text/glob.h)
  std::vector<std::string> exclude;  // globs of paths, or of names where there is no '/'
  bool compressed_as_text = false;   // else *.gz and the like are left alone
  // RE2, found anywhere in the file's name (without its folder): such files are left alone. Empty:
  // none.
  std::string exclude_name_pattern;
  // Only the matching file that changed last is followed; those before it are read to their end.
  bool newest_only = false;
  // A file that was read to its end, and acknowledged, is deleted when a newer one matches.
  bool remove_finished = false;
  // A file whose events could not be sent for so long is closed, and opened again at the same
  // offset when they can. 0: kept open. Not with remove_finished.
  int64_t release_blocked_ms = 0;
  StartAt start_at = StartAt::Beginning;

  // Where the events belong. {file_path} and {file_name} are replaced, {file_path_flat} by the path
  // with '_' for '/', and {file_path_group} by the path with '_' for what the name of a log group
  // may not hold (all but letters, digits and ".-_/#").
  std::string group;
  std::string stream = "{file_path}";
  std::vector<std::pair<std::string, std::string>> resource;

  Charset charset = Charset::Utf8;
  int64_t event_bytes_max = 1 << 20;
  LongEvents long_events = LongEvents::Split;
  // Appended to the text of an event that was cut.
  std::string truncated_suffix;
  bool skip_empty = false;
  // What stands without a line's end, or may have further lines, is an event after this silence.
  int64_t flush_ms = 5'000;
  MultilineConfig multiline;

  // Percent codes (base/time/time_format.h); empty: the time of reading.
  std::string timestamp_format;
  Zone zone;  // of timestamps without an offset
  bool trim_timestamp = false;

  std::vector<FilterRule> filters;  // all must pass
};

struct FilelogConfig {
  std::vector<SourceConfig> sources;
  std::string state_path;  // file of the saved state; its folder must exist

  int64_t poll_interval_ms = 250;         // files that grew within the last minute
  int64_t poll_idle_interval_ms = 2'000;  // others
  int64_t discovery_interval_ms = 1'000;
  // Folders whose time of change stands still are listed only this often.
  int64_t discovery_full_interval_ms = 60'000;
  // A file without a name is let go after this silence; a renamed one is closed (and opened again
  // if it grows).
  int64_t unlinked_linger_ms = 5'000;
  int64_t renamed_linger_ms = 60'000;

  // Of lines; a batch may be longer by a block and an event. 1 MiB made no difference to CPU and
  // held 44 MiB at its peak (bench/filelog).
  int64_t batch_bytes = 512 << 10;
  int64_t block_bytes = 256 << 10;
  // A batch that is not full waits so long for more lines; what waits is read, and not yet sent.
  int64_t batch_wait_ms = 0;
  int64_t batches_in_flight = 4;
  int64_t open_files_max = 4'096;
  int64_t save_interval_ms = 1'000;  // acknowledgements; what is sent is always saved before
  int64_t retry_min_ms = 250;
  int64_t retry_max_ms = 30'000;
};

}  // namespace kansoku::pipeline::filelog
