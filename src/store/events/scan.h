// Reading: scans, fields and streams over memory and parts as they were at one moment.
//
// An ordered scan goes through time in slices that hold about as many rows as are wanted next:
// small at first, so that a page of the newest events touches few of them, larger as it goes on,
// and never more than fits the memory that a scan may take. What of a block lies in a slice is
// selected, filtered and put in order with the rest; blocks that cannot match are not looked into.
// Thread contract: a ScanView is shared and stays as it is; each call is confined to its thread.
#pragma once

#include "store/events/lifetimes.h"
#include "store/events/memtable.h"
#include "store/events/open_blocks.h"
#include "store/events/part.h"

namespace kansoku::store::events {

// What there is to read.
struct ScanView {
  std::vector<std::shared_ptr<const Part>> parts;
  std::vector<Memtable::View> memory;
  std::shared_ptr<const Tombstones> tombstones;
  const EventPolicies* policies = nullptr;
  int64_t now_ns = 0;  // of retention
  PageCache* cache = nullptr;
  OpenBlocks* open_blocks = nullptr;
  // Acknowledged records of the log are lost: nobody knows of which times.
  bool log_damaged = false;
};

Result<EventScanReport> scan_events(const ScanView& view, const EventScan& scan,
                                    const EventSink& sink);
Result<EventFields> list_fields(const ScanView& view, const EventScan& scan);
Result<std::vector<EventStreamInfo>> list_streams(const ScanView& view, const EventScan& scan,
                                                  const std::string& after_group,
                                                  const std::string& after_stream, size_t limit);

}  // namespace kansoku::store::events
