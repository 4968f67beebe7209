// EventStore: what every engine of wide events (logs, spans, platform events) offers.
//
// Order of events is total: (timestamp_ns, log sequence, row); page tokens, event ids and `@ptr`
// derive from it and survive merges. A column is (path, physical type); a field is the union of its
// columns, and coercion between them belongs to the language. The text of a log event stands at
// kMessagePath; where it is a JSON object, its leaves are columns too (store/json_leaves.h says
// which), though nothing is stored twice. Thread contract as MetricStore: free-threaded, append()
// never blocks, reads see everything that was acknowledged before they began.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/delivery.h"
#include "signal/event_batch.h"

namespace kansoku::store {

// Paths with a meaning of their own begin with '@'. A name that comes from a message and begins
// with '@' is given another one before it, as in CloudWatch Logs Insights.
inline constexpr std::string_view kMessagePath = "@message";

inline constexpr size_t kEventRowsPerBatchMax = 65'536;
// The message of one event (CloudWatch Logs takes 1 MiB; other sources may send more).
inline constexpr size_t kEventBytesMax = 8U << 20;
inline constexpr size_t kStreamNameBytesMax = 1'024;
inline constexpr size_t kEventPathBytesMax = 1'024;

struct EventId {
  int64_t timestamp_ns = 0;
  uint64_t log_sequence = 0;
  uint32_t row = 0;
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

// What the settings say of a group now. Engines never read the catalog; who does implements this.
struct EventPolicy {
  // Grows when a group is deleted. Events carry the generation for which they were accepted; those
  // of another one are neither taken nor shown, and go when parts are merged.
  uint64_t generation = 0;
  // Events older than this are not shown; 0: kept for ever.
  int64_t keep_ns = 0;
};
class EventPolicies {
 public:
  virtual ~EventPolicies() = default;
  // Must be quick: asked for each group of a batch and of a scan.
  virtual EventPolicy policy_of(const signal::Scope& scope, std::string_view group) const = 0;
};

// A question to one column, in the column's own type: text is never compared as a number, nor a
// number as text. A row without such a column does not answer to it.
struct EventPredicate {
  enum class Op : uint8_t {
    Contains,    // text: has `text` somewhere, byte for byte
    StartsWith,  // text
    Regex,       // text: RE2, found anywhere
    TextEqual,
    NumberEqual,  // Int64 and Float64 columns, compared as doubles
    NumberLess,
    NumberLessOrEqual,
    NumberGreater,
    NumberGreaterOrEqual,
    BoolEqual,
    Present,  // there is a value of any type
    Absent,   // there is none
  };
  std::string path;
  Op op = Op::Present;
  std::string text;
  double number = 0;
  bool truth = false;
};
// One of them holds. A filter is clauses of which all hold.
using EventClause = std::vector<EventPredicate>;

enum class EventOrder : uint8_t {
  Any,  // as it is cheapest
  OldestFirst,
  NewestFirst,
};

// What of an event the sink asks for beside its stream and its columns. For what it does not ask
// for here, it must not ask rows.
struct EventAsks {
  bool times = true;     // EventRows::timestamps_ns()
  bool ids = true;       // id(); needs `times`
  bool ingested = true;  // ingested_ns()
};

struct EventScan {
  signal::Scope scope;
  int64_t begin_ns = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t end_ns = std::numeric_limits<int64_t>::max();    // exclusive
  // Empty: all groups. Streams and a prefix of their names narrow within the groups.
  std::vector<std::string> groups;
  std::vector<std::string> streams;
  std::string stream_prefix;
  std::vector<EventClause> filter;
  EventOrder order = EventOrder::OldestFirst;
  std::optional<EventId> after;  // exclusive, in the direction of an ordered scan
  // The sink asks chunks of which every clause is checked() for their events() and, with a width
  // of bins, in which of these since 1970 they are, and nothing else: in any order, events may be
  // counted without being found, and one row stand for many (EventRows::counts()).
  bool counts_only = false;
  int64_t count_bin_ns = 0;
  // Of scans in any order; ordered ones have all.
  EventAsks asks;
};

struct EventStreamName {
  std::string_view group;
  std::string_view stream;
};

// One column over the rows of a chunk. By type: integers (Bool: 0 or 1), floats, or text, the
// latter one view a row, or codes into a dictionary. Views live as long as the sink's call.
struct EventValues {
  std::string_view path;
  signal::ColumnType type = signal::ColumnType::Text;
  // By row: 1 where there is a value; empty: everywhere. What stands beside a 0 is arbitrary.
  std::span<const uint8_t> present;
  std::span<const int64_t> integers;
  std::span<const double> floats;
  std::span<const std::string_view> texts;
  std::span<const uint32_t> codes;
  std::span<const std::string_view> dictionary;

  bool has(size_t row) const { return present.empty() || present[row] != 0; }
  std::string_view text(size_t row) const {
    return dictionary.empty() ? texts[row] : dictionary[codes[row]];
  }
};

// Some rows of an answer: in the order of an ordered scan, within the chunk and from chunk to
// chunk. Columns are decoded when they are asked for, and only for rows that are still there.
// Thread contract: confined to the sink's call.
class EventRows {
 public:
  virtual ~EventRows() = default;
  virtual size_t size() const = 0;
  // By row: how many events it stands for. Empty: each for one (counts_only).
  virtual std::span<const uint64_t> counts() const { return {}; }
  uint64_t events() const {
    uint64_t out = counts().empty() ? size() : 0;
    for (const uint64_t count : counts()) out += count;
    return out;
  }
  virtual std::span<const int64_t> timestamps_ns() const = 0;
  // When each was acknowledged as stored.
  virtual std::span<const int64_t> ingested_ns() = 0;
  virtual EventId id(size_t row) = 0;
  // By row: which of streams() it belongs to.
  virtual std::span<const uint32_t> stream_rows() const = 0;
  virtual std::span<const EventStreamName> streams() const = 0;
  // Whether all rows are known to satisfy that clause of the scan's filter; otherwise some may not.
  virtual bool checked(size_t clause) const = 0;
  // The columns of a path, one a type; none where no row has it.
  virtual Result<std::span<const EventValues>> columns(std::string_view path) = 0;
  // Every path that a row may have, sorted, without repeats.
  virtual Result<std::vector<std::string_view>> paths() = 0;
  // Leaves only these rows (ascending). Spans and columns from before are void.
  virtual void keep(std::span<const uint32_t> rows) = 0;
};

// False: enough; the scan ends without an error.
using EventSink = std::function<Result<bool>(EventRows&)>;

struct TimeRangeNs {
  int64_t begin = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t end = std::numeric_limits<int64_t>::max();    // exclusive
};

struct EventScanReport {
  uint64_t rows = 0;                   // handed to the sink
  uint64_t rows_scanned = 0;           // in blocks that were looked into
  uint64_t rows_skipped = 0;           // in blocks that filters, dictionaries or bounds ruled out
  uint64_t message_bytes_scanned = 0;  // of the events in blocks that were looked into
  uint64_t message_bytes_skipped = 0;
  uint64_t bytes_read = 0;  // from parts, as stored
  uint64_t groups = 0;      // that have events in the range
  // A damaged block or part was left out: ranges that the answer does not cover.
  std::vector<TimeRangeNs> missing;
};

// A field of events of some groups.
struct EventFieldInfo {
  std::string path;
  signal::ColumnType type = signal::ColumnType::Text;
  uint64_t rows = 0;  // that have it, of `EventFields::rows`
};
struct EventFields {
  uint64_t rows = 0;
  std::vector<EventFieldInfo> fields;  // by path, then type
};

struct EventStreamInfo {
  std::string group;
  std::string stream;
  int64_t first_ns = 0;  // of its events that are kept
  int64_t last_ns = 0;
  int64_t last_ingested_ns = 0;
  uint64_t rows = 0;
  uint64_t message_bytes = 0;
};

struct EventStoreStats {
  uint64_t rows_appended = 0;
  uint64_t message_bytes_appended = 0;
  uint64_t memory_rows = 0;
  uint64_t memory_bytes = 0;
  uint64_t parts = 0;
  uint64_t parts_bytes = 0;
  uint64_t parts_rows = 0;
  uint64_t blocks_damaged = 0;
  uint64_t seals = 0;
  uint64_t merges = 0;
  std::string last_error;
};

class EventStore {
 public:
  virtual ~EventStore() = default;
  // Takes the batch; resolves the token with stored, rejected (reasons: deleted, too_large,
  // bad_name) or dropped (overload, read_only, log_failed). Rows without a column are events too.
  virtual void append(signal::EventDelivery delivery) = 0;
  // Calls the sink chunk by chunk on this thread.
  virtual Result<EventScanReport> scan(const EventScan& scan, const EventSink& sink) const = 0;
  // What the events of a scan have as fields; filter, order and after do not matter. Engines may
  // count by whole blocks.
  virtual Result<EventFields> fields(const EventScan& scan) const = 0;
  // Streams that have events, by (group, stream), after a name (exclusive), at most `limit`
  // (0: all). Of the scan, scope, groups, streams and prefix matter.
  virtual Result<std::vector<EventStreamInfo>> streams(const EventScan& scan,
                                                       const std::string& after_group,
                                                       const std::string& after_stream,
                                                       size_t limit) const = 0;
  // Events of one stream that were acknowledged before this call are gone when `done` runs. (A
  // group goes by its generation.)
  virtual void delete_stream(signal::Scope scope, std::string group, std::string stream,
                             std::move_only_function<void(Status)> done) = 0;
  // As MetricStore.
  virtual void flush(bool merge_all, std::move_only_function<void(Status)> done) = 0;
  virtual void enforce_retention(std::move_only_function<void(Status)> done) = 0;
  virtual EventStoreStats stats() const = 0;
};

}  // namespace kansoku::store
