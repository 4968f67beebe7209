// Blocks of Prometheus' TSDB: any chunk, index and tombstones are read or refused; what comes out
// of a chunk can be stored.
#include "base/check.h"
#include "wire/tsdb_block/block.h"
#include "wire/tsdb_block/chunk.h"

using namespace kansoku;
namespace tsdb = wire::tsdb_block;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: {
      auto index = tsdb::Index::parse(std::string(bytes));
      tsdb::IndexSeries series;
      for (bool more = index.has_value(); more;) {
        auto next = index->next(series);
        more = next && *next;
      }
      break;
    }
    case 1:
      (void)tsdb::parse_tombstones(bytes);
      break;
    case 2:
      (void)tsdb::parse_meta(bytes);
      break;
    default:
      (void)tsdb::decode_chunk(data[0] % 6 - 2, bytes, [](int64_t, signal::Point point) {
        if (point.distribution == nullptr) return;
        std::string coded;
        signal::encode_distribution(*point.distribution, coded);
        std::string_view from = coded;
        KANSOKU_CHECK(signal::decode_distribution(from).has_value());
      });
  }
  return 0;
}
