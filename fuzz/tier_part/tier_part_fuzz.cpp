// Runs of cells and whole tier parts from arbitrary bytes: what decodes comes back the same.
#include "base/check.h"
#include "base/env/sim.h"
#include "store/metrics/tier_part.h"

using namespace kansoku;
using namespace kansoku::store::metrics;

namespace {

void read_cells(std::string_view bytes) {
  TierCells cells;
  if (!decode_cells(bytes, cells)) return;
  std::string again;
  encode_cells(cells, again);
  TierCells same;
  KANSOKU_CHECK(decode_cells(again, same));
  KANSOKU_CHECK(same.start_ms == cells.start_ms && same.count == cells.count);
  WeightedPoints points;
  for (auto view : {store::CellView::Ends, store::CellView::Increase, store::CellView::Mean})
    show_cells(cells, view, points);
  cut_out(cells, {0, 1'000'000});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_cells(bytes);
  env::SimFileSystem disk;
  const std::string path = "/c/" + tier_part_name(1);
  disk.set_contents(path, std::string(bytes));
  auto meta = TierPart::read_meta(disk, path);
  if (!meta) return 0;
  TierMeta named = *meta;
  named.id = 1;
  auto part = TierPart::open(disk, "/c", named);
  codec::Decompressor decompressor;
  TierCursor cursor(part, decompressor, nullptr);
  TierCells cells;
  for (int i = 0; i < 1000 && cursor.read_next(cells) != TierCursor::kNone; ++i) cells.clear();
  return 0;
}
