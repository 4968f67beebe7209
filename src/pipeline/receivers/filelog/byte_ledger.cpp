#include "pipeline/receivers/filelog/byte_ledger.h"

#include "base/check.h"
#include "base/time/iso8601.h"

namespace kansoku::pipeline::filelog {
namespace {

void add(FileLine& sum, const FileLine& line) {
  sum.read += line.read;
  sum.in_flight += line.in_flight;
  sum.counts += line.counts;
}

// Stretches that touch, with the same fate within a second, are one.
constexpr int64_t kSameMomentNs = env::kNsPerS;

}  // namespace

std::string WhereAnswer::to_string() const {
  switch (where) {
    case Whereabouts::NotFollowed:
      return "not followed";
    case Whereabouts::NotYetRead:
      return "not yet read";
    case Whereabouts::Queued:
      return "queued";
    case Whereabouts::Sent:
      return "sent at " + iso8601(at.ms(), IsoFraction::Always);
    case Whereabouts::Filtered:
      return "filtered by rule " + rule;
    case Whereabouts::Dropped:
      return "dropped by rule " + rule;
    case Whereabouts::TruncatedUnread:
      return "truncated_unread";
    case Whereabouts::Settled:
      return "settled";
  }
  return {};
}

void ByteLedger::put_file(const FileRecord& file) {
  std::lock_guard lock(entries_mutex_);
  auto [it, fresh] = entries_.try_emplace(file.id);
  FileLine& line = it->second.line;
  line.id = file.id;
  line.source = file.source;
  line.path = file.path;
  line.key = file.key;
  line.kind = file.kind;
  line.start = file.start;
  line.size_seen = std::max(line.size_seen, file.size_seen);
  if (fresh) {
    line.counts = file.counts;
    line.read = file.counts.done();
  }
}

void ByteLedger::forget_file(uint64_t id) {
  std::lock_guard lock(entries_mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  KANSOKU_CHECK(found->second.line.balanced() && found->second.line.in_flight == 0);
  add(forgotten_, found->second.line);
  entries_.erase(found);
}

void ByteLedger::seen(uint64_t id, uint64_t size) {
  std::lock_guard lock(entries_mutex_);
  auto found = entries_.find(id);
  if (found != entries_.end()) found->second.line.size_seen = size;
}

void ByteLedger::in_flight(const RangeRecord& range) {
  std::lock_guard lock(entries_mutex_);
  Entry& entry = entries_.at(range.file);
  entry.line.read += range.end - range.begin;
  entry.line.in_flight += range.end - range.begin;
  entry.flying.emplace_back(range.begin, range.end);
}

void ByteLedger::remember(Entry& entry, Past past) {
  if (past.begin == past.end) return;
  if (!entry.past.empty()) {
    Past& last = entry.past.back();
    if (last.end == past.begin && last.where == past.where && last.rule == past.rule &&
        past.at.ns - last.at.ns < kSameMomentNs) {
      last.end = past.end;
      return;
    }
  }
  entry.past.push_back(std::move(past));
  if (entry.past.size() > kPastMax) entry.past.pop_front();
}

void ByteLedger::settled(const RangeRecord& range, const ByteCounts& counts, env::WallTime at,
                         const std::vector<RuleStretch>& rules, const std::string& verdict_rule) {
  std::lock_guard lock(entries_mutex_);
  Entry& entry = entries_.at(range.file);
  uint64_t bytes = range.end - range.begin;
  KANSOKU_CHECK(counts.done() + counts.truncated_unread == bytes);
  std::erase(entry.flying, std::pair(range.begin, range.end));
  entry.line.in_flight -= bytes;
  // What could not be sent again after a crash was not read by us.
  entry.line.read -= counts.truncated_unread;
  entry.line.counts += counts;
  Whereabouts fate = Whereabouts::Sent;
  if (counts.truncated_unread > 0) fate = Whereabouts::TruncatedUnread;
  if (!verdict_rule.empty()) {
    fate = counts.dropped > counts.filtered ? Whereabouts::Dropped : Whereabouts::Filtered;
  }
  uint64_t done = range.begin;
  for (const RuleStretch& stretch : rules) {
    remember(entry, {done, stretch.begin, fate, at, verdict_rule});
    remember(entry,
             {stretch.begin, stretch.end,
              stretch.dropped ? Whereabouts::Dropped : Whereabouts::Filtered, at, stretch.rule});
    done = stretch.end;
  }
  remember(entry, {done, range.end, fate, at, verdict_rule});
}

void ByteLedger::truncated_unread(uint64_t id, uint64_t begin, uint64_t end) {
  std::lock_guard lock(entries_mutex_);
  Entry& entry = entries_.at(id);
  entry.line.counts.truncated_unread += end - begin;
  remember(entry, {begin, end, Whereabouts::TruncatedUnread, {}, {}});
}

void ByteLedger::found_again(uint64_t id, uint64_t bytes) {
  std::lock_guard lock(entries_mutex_);
  entries_.at(id).line.counts.truncated_unread -= bytes;
}

std::vector<FileLine> ByteLedger::lines() const {
  std::lock_guard lock(entries_mutex_);
  std::vector<FileLine> out;
  for (const auto& [id, entry] : entries_) out.push_back(entry.line);
  return out;
}

FileLine ByteLedger::total() const {
  std::lock_guard lock(entries_mutex_);
  FileLine sum = forgotten_;
  for (const auto& [id, entry] : entries_) add(sum, entry.line);
  return sum;
}

WhereAnswer ByteLedger::where_in(const Entry& entry, uint64_t offset) {
  if (offset < entry.line.start) return {Whereabouts::NotFollowed, {}, {}};
  for (auto [begin, end] : entry.flying) {
    if (begin <= offset && offset < end) return {Whereabouts::Queued, {}, {}};
  }
  for (auto past = entry.past.rbegin(); past != entry.past.rend(); ++past) {
    if (past->begin <= offset && offset < past->end) return {past->where, past->at, past->rule};
  }
  if (offset < entry.line.start + entry.line.read) return {Whereabouts::Settled, {}, {}};
  return {Whereabouts::NotYetRead, {}, {}};
}

WhereAnswer ByteLedger::where(const std::string& path, uint64_t offset) const {
  std::lock_guard lock(entries_mutex_);
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    const FileLine& line = it->second.line;
    if (line.path != path || line.kind == FileKind::Ignored) continue;
    // A name goes from one file to the next; the one before may still be finished.
    if (line.kind == FileKind::Retired && line.in_flight == 0) continue;
    return where_in(it->second, offset);
  }
  return {};
}

}  // namespace kansoku::pipeline::filelog
