// The journal of systemd as the receiver sees it: entries one after another, each with a cursor
// that names it for good. The real one is sd_journal.cpp; tests have a twin.
//
// Thread contract: one owner.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pipeline/receivers/journald/config.h"

namespace kansoku::pipeline::journald {

struct JournalEntry {
  int64_t realtime_us = 0;  // when the journal got it
  bool has_message = false;
  std::string message;
  std::vector<FieldMatch> fields;  // all others, as they come; a name may come twice
};

// An entry passes when it passes each of the conditions: of a condition one of the alternatives is
// enough, of an alternative all fields must match (of two values of one field, one).
using Alternative = std::vector<FieldMatch>;
using Condition = std::vector<Alternative>;
using JournalFilter = std::vector<Condition>;
JournalFilter filter_of(const SourceConfig& source);

class JournalReader {
 public:
  virtual ~JournalReader() = default;
  // The next entry will be the first one.
  virtual Status seek_head() = 0;
  // The next entry will be one that comes from now on. The cursor of the last one there is, empty
  // where there is none.
  virtual Result<std::string> seek_end() = 0;
  // The next entry will be the one behind it, also when it is gone itself.
  virtual Status seek_after(const std::string& cursor) = 0;
  // Goes on to the next entry that passes. False: there is none now.
  virtual Result<bool> next() = 0;
  // Of the entry to which next() went.
  virtual Result<std::string> cursor() = 0;
  virtual Result<JournalEntry> entry() = 0;
  // Whether the entry is still there. The place of reading is lost.
  virtual Result<bool> holds(const std::string& cursor) = 0;
  // Takes note of files that were made, rotated or removed. False: there is no journal (yet), so
  // that it is to be opened again later.
  virtual Result<bool> refresh() = 0;
};

class Journals {
 public:
  virtual ~Journals() = default;
  virtual Result<std::unique_ptr<JournalReader>> open(const JournalFilter& filter) = 0;
};

// Those of this host, or below `root`. FailedPrecondition where libsystemd is not installed.
Result<std::unique_ptr<Journals>> system_journals(const std::string& root);

}  // namespace kansoku::pipeline::journald
