// Footers, dictionaries and rows of cold segments from arbitrary bytes.
#include "base/env/sim.h"
#include "store/metrics/cold_index.h"

using namespace kansoku;
using namespace kansoku::store::metrics;

namespace {

void read_pages(std::string_view bytes) {
  const size_t middle = bytes.size() / 2;
  ColdDictionary dictionary;
  if (dictionary.parse(bytes.substr(0, middle), 64)) {
    RowSet rows;
    std::string label;
    for (size_t i = 0; i < dictionary.values().size(); ++i) {
      (void)dictionary.rows_of(dictionary.values()[i], rows);
      dictionary.append_label(static_cast<uint32_t>(i), label);
    }
  }
  const ColdChunkBuilder::Summary summary{1, 100'000, 64, -1'000, 1'000};
  (void)visit_cold_rows(bytes.substr(middle), summary, 16,
                        [](size_t, const ColdRow&, std::span<const uint32_t>) { return true; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_pages(bytes);
  env::SimFileSystem disk;
  disk.set_contents("/c/" + cold_name(1), std::string(bytes));
  auto segment = ColdSegment::open(disk, "/c", 1);
  if (!segment) return 0;
  auto index = ColdIndex::build({*segment});
  if (!index) return 0;
  store::SeriesSelector selector{.scope = {"1", "r"}};
  selector.matchers.push_back({"instance", store::MatchOp::Regex, "a.*"});
  (void)(*index)->select(selector, nullptr);
  ColdReader reader(nullptr);
  (void)reader.find(**index, 3);
  return 0;
}
