// Log records, the producers' snapshot and the metric payload from arbitrary bytes; and a whole
// log.
#include "base/env/sim.h"
#include "store/metrics/batch_record.h"
#include "store/wal/log.h"
#include "store/wal/producers.h"

using namespace kansoku;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  store::wal::ParsedRecord record;
  (void)store::wal::parse_record(bytes, record);
  store::wal::Producers producers;
  (void)producers.decode(bytes);
  store::metrics::DecodedRecord points;
  (void)store::metrics::decode_batch_record(
      bytes, [](const store::metrics::SeriesDefinition&) { return Status(); }, points);
  env::SimFileSystem disk;
  env::SimClock clock;
  env::SimRandom random(1);
  (void)disk.create_directories("/log");
  disk.set_contents("/log/" + store::wal::segment_name(1, 1),
                    store::wal::segment_header(1, 1) + std::string(bytes));
  auto log = store::wal::Log::open({&clock, &disk, &random}, "/log", {.manual = true});
  if (log) {
    (void)(*log)->replay(store::wal::Engine::Metrics,
                         [](const store::wal::RecordTag&, std::string_view) { return Status(); });
  }
  return 0;
}
