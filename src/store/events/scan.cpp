#include "store/events/scan.h"

#include <algorithm>

#include "store/events/scan_sources.h"

namespace kansoku::store::events {
namespace {

// Rows of the first slice of an ordered scan: a page of an answer is mostly less.
constexpr double kSliceRowsFirst = 1'024;
constexpr double kSliceGrowth = 4;
// What the rows of a slice may hold of messages, and what a row takes beside.
constexpr double kSliceBytesMax = 32U << 20;
constexpr double kRowBytes = 64;
// Rows of one chunk.
constexpr size_t kChunkRows = 4'096;

// A block's rows on their way to the sink: where a column is damaged, the rows are shown without it
// and the report says so.
class GuardedRows final : public EventRows {
 public:
  GuardedRows(ScanSources& sources, uint32_t source)
      : sources_(&sources), source_(source), rows_(&sources.rows(source)) {}
  size_t size() const override { return rows_->size(); }
  std::span<const int64_t> timestamps_ns() const override { return rows_->timestamps_ns(); }
  std::span<const int64_t> ingested_ns() override { return rows_->ingested_ns(); }
  std::span<const uint64_t> counts() const override { return rows_->counts(); }
  EventId id(size_t row) override { return rows_->id(row); }
  std::span<const uint32_t> stream_rows() const override { return rows_->stream_rows(); }
  std::span<const EventStreamName> streams() const override { return rows_->streams(); }
  bool checked(size_t clause) const override { return rows_->checked(clause); }
  Result<std::span<const EventValues>> columns(std::string_view path) override {
    auto columns = rows_->columns(path);
    if (columns) return columns;
    sources_->note_damage(source_, columns.error());
    return std::span<const EventValues>();
  }
  Result<std::vector<std::string_view>> paths() override {
    auto paths = rows_->paths();
    if (paths) return paths;
    sources_->note_damage(source_, paths.error());
    return std::vector<std::string_view>();
  }
  void keep(std::span<const uint32_t> rows) override { rows_->keep(rows); }

 private:
  ScanSources* sources_;
  uint32_t source_;
  EventRows* rows_;
};

class Scan {
 public:
  Scan(const ScanView& view, const EventScan& scan, const EventFilter& filter,
       const EventSink& sink)
      : scan_(scan), sink_(sink), sources_(view, scan, filter) {}

  Result<EventScanReport> run() {
    sources_.collect();
    KANSOKU_RETURN_IF_ERROR(scan_.order == EventOrder::Any ? run_any() : run_ordered());
    return sources_.take_report();
  }

 private:
  Status run_any();
  Status run_ordered();
  // The rows of a slice in order, by chunks; false: the sink has enough.
  Result<bool> hand_over(int64_t begin_ns, int64_t end_ns);
  // Blocks at the front of time that cannot match go, until one that may is there.
  void drop_front();
  double rows_in(int64_t begin_ns, int64_t end_ns) const;
  double row_bytes() const;

  const EventScan& scan_;
  const EventSink& sink_;
  ScanSources sources_;
  // Sources that are not done; behind them stand those at which the scan begins.
  std::vector<uint32_t> live_;
};

Status Scan::run_any() {
  for (uint32_t i = 0; i < sources_.all().size(); ++i) {
    sources_.select(i, sources_.begin_ns(), sources_.end_ns());
    ScanSource& source = sources_.all()[i];
    if (source.rows) {
      GuardedRows rows(sources_, i);
      sources_.report().rows += rows.events();
      KANSOKU_TRY(const bool more, sink_(rows));
      if (!more) return {};
    }
    sources_.close(source);
  }
  return {};
}

void Scan::drop_front() {
  while (!live_.empty() && !sources_.judge(live_.back(), true)) live_.pop_back();
}

// About how many rows of live sources lie in [begin, end).
double Scan::rows_in(int64_t begin_ns, int64_t end_ns) const {
  double out = 0;
  const std::vector<ScanSource>& all = sources_.all();
  for (const uint32_t i : live_) {
    const ScanSource& source = all[i];
    const auto rows = static_cast<double>(source.row_count);
    if (source.min_ns >= begin_ns && source.max_ns < end_ns) {
      out += rows;
      continue;
    }
    const auto from = static_cast<double>(std::max(source.min_ns, begin_ns));
    const auto to = std::min(static_cast<double>(source.max_ns) + 1, static_cast<double>(end_ns));
    if (to <= from) continue;
    const double whole =
        static_cast<double>(source.max_ns) + 1 - static_cast<double>(source.min_ns);
    out += rows * std::min(1.0, (to - from) / std::max(1.0, whole));
  }
  return out;
}

double Scan::row_bytes() const {
  double rows = 1;
  double bytes = 0;
  const std::vector<ScanSource>& all = sources_.all();
  for (const uint32_t i : live_) {
    rows += static_cast<double>(all[i].row_count);
    bytes += static_cast<double>(all[i].message_bytes);
  }
  return bytes / rows + kRowBytes;
}

Status Scan::run_ordered() {
  const bool newest = scan_.order == EventOrder::NewestFirst;
  int64_t begin = std::numeric_limits<int64_t>::max();
  int64_t end = std::numeric_limits<int64_t>::min();
  for (uint32_t i = 0; i < sources_.all().size(); ++i) {
    const ScanSource& source = sources_.all()[i];
    live_.push_back(i);
    begin = std::min(begin, source.min_ns);
    end = std::max(end, source.max_ns == std::numeric_limits<int64_t>::max() ? source.max_ns
                                                                             : source.max_ns + 1);
  }
  begin = std::max(begin, sources_.begin_ns());
  end = std::min(end, sources_.end_ns());
  std::ranges::sort(live_, [&](uint32_t a, uint32_t b) {
    const std::vector<ScanSource>& all = sources_.all();
    return newest ? std::pair(all[a].max_ns, a) < std::pair(all[b].max_ns, b)
                  : std::pair(all[b].min_ns, b) < std::pair(all[a].min_ns, a);
  });
  double target = kSliceRowsFirst;
  while (begin < end && !live_.empty()) {
    drop_front();
    if (live_.empty()) break;
    const ScanSource& front = sources_.all()[live_.back()];
    if (newest) {
      if (front.max_ns < end - 1) end = std::max(begin, front.max_ns + 1);
    } else {
      begin = std::max(begin, front.min_ns);
    }
    if (begin >= end) break;
    // The widest slice at the front that has about so many rows.
    uint64_t width = static_cast<uint64_t>(end) - static_cast<uint64_t>(begin);
    if (rows_in(begin, end) > target) {
      uint64_t less = 1;
      uint64_t more = width;
      while (less < more) {
        const uint64_t middle = less + (more - less + 1) / 2;
        const auto to = static_cast<int64_t>(static_cast<uint64_t>(begin) + middle);
        const auto from = static_cast<int64_t>(static_cast<uint64_t>(end) - middle);
        const double rows = newest ? rows_in(from, end) : rows_in(begin, to);
        if (rows <= target) {
          less = middle;
        } else {
          more = middle - 1;
        }
      }
      width = less;
    }
    const int64_t cut = newest ? static_cast<int64_t>(static_cast<uint64_t>(end) - width)
                               : static_cast<int64_t>(static_cast<uint64_t>(begin) + width);
    KANSOKU_TRY(const bool more, hand_over(newest ? cut : begin, newest ? end : cut));
    if (!more) return {};
    (newest ? end : begin) = cut;
    std::erase_if(live_, [&](uint32_t i) {
      ScanSource& source = sources_.all()[i];
      const bool over = source.done || (newest ? source.min_ns >= end : source.max_ns < begin);
      if (over) sources_.close(source);
      return over;
    });
    target =
        std::min(target * kSliceGrowth, std::max(kSliceRowsFirst, kSliceBytesMax / row_bytes()));
  }
  return {};
}

Result<bool> Scan::hand_over(int64_t begin_ns, int64_t end_ns) {
  const bool newest = scan_.order == EventOrder::NewestFirst;
  std::vector<std::pair<EventId, Pick>> order;
  for (const uint32_t i : live_) {
    ScanSource& source = sources_.all()[i];
    if (source.max_ns < begin_ns || source.min_ns >= end_ns) continue;
    sources_.select_filtered(i, begin_ns, end_ns);
    if (!source.rows) continue;
    for (uint32_t row = 0; row < source.rows->size(); ++row) {
      const EventId id = source.rows->id(row);
      if (scan_.after && (newest ? id >= *scan_.after : id <= *scan_.after)) continue;
      order.emplace_back(id, Pick{i, row});
    }
  }
  const auto id_of = [](const auto& entry) { return entry.first; };
  if (!std::ranges::is_sorted(order, {}, id_of)) std::ranges::sort(order, {}, id_of);
  if (newest) std::ranges::reverse(order);
  for (size_t at = 0; at < order.size(); at += kChunkRows) {
    std::vector<Pick> picks;
    for (size_t i = at; i < std::min(order.size(), at + kChunkRows); ++i) {
      picks.push_back(order[i].second);
    }
    MergedRows rows(sources_, std::move(picks));
    sources_.report().rows += rows.size();
    KANSOKU_TRY(const bool more, sink_(rows));
    if (!more) return false;
  }
  for (const uint32_t i : live_) sources_.all()[i].rows.reset();
  return true;
}

}  // namespace

Result<EventScanReport> scan_events(const ScanView& view, const EventScan& scan,
                                    const EventSink& sink) {
  KANSOKU_TRY(const EventFilter filter, EventFilter::make(scan.filter));
  return Scan(view, scan, filter, sink).run();
}

}  // namespace kansoku::store::events
