// Pages, footers and columns from arbitrary bytes.
#include "base/env/sim.h"
#include "store/metrics/part.h"

using namespace kansoku;
using namespace kansoku::store::metrics;

namespace {

void read_all(const std::shared_ptr<const Part>& part) {
  Decompressor decompressor;
  for (size_t kind = 0; kind + 1 < kPageKinds; ++kind) {
    PartCursor cursor(part, static_cast<PageKind>(kind), decompressor);
    for (int i = 0; i < 1000; ++i) {
      store::SeriesId id = cursor.current();
      if (id == PartCursor::kNone) break;
      DecodedSeries series;
      cursor.read(id, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                  series);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  PageReader reader;
  if (reader.open(std::make_shared<const std::string>(bytes))) {
    DecodedSeries series;
    for (int i = 0; i < 1000 && reader.next(); ++i) {
      int64_t first = 0;
      int64_t last = 0;
      if (i % 2 == 0) (void)reader.read_times(first, last);
    }
  }
  const char* at = bytes.data();
  std::vector<double> values;
  (void)decode_values(at, bytes.data() + bytes.size(), 100, values);
  const std::vector<int64_t> times{0, 60'000, 120'000};
  DecodedSeries run;
  (void)decode_points(bytes, times, run);
  env::SimFileSystem disk;
  disk.set_contents("/p/" + part_name(1), std::string(bytes));
  if (auto meta = Part::read_meta(disk, "/p/" + part_name(1))) {
    meta->id = 1;
    read_all(Part::open(disk, "/p", *meta));
  }
  return 0;
}
