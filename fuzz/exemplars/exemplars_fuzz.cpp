// Rows, blocks and heads of exemplars from arbitrary bytes; a whole store from a damaged file and
// record; what is decoded and encoded again decodes to the same.
#include "base/check.h"
#include "base/env/sim.h"
#include "store/exemplars/exemplar_engine.h"
#include "store/exemplars/exemplar_file.h"

using namespace kansoku;
using namespace kansoku::store::exemplars;

namespace {

std::string encode_again(const DecodedRows& rows) {
  RowsEncoder encoder;
  for (const DecodedRows::Item& item : rows.rows) {
    encoder.add(item.series, rows.series[item.series], item.row);
  }
  std::string out;
  encoder.append_to(rows.account, out);
  return out;
}

void check_rows(std::string_view bytes) {
  DecodedRows rows;
  if (!decode_rows(bytes, rows)) return;
  const std::string once = encode_again(rows);
  DecodedRows again;
  KANSOKU_CHECK(decode_rows(once, again).has_value());
  KANSOKU_CHECK(again.rows.size() == rows.rows.size());
  KANSOKU_CHECK(encode_again(again) == once);
}

// The file as it is, or (so that mutations get behind the checksums) its rows under right ones.
void check_store(const std::string& file, std::string_view record) {
  env::SimFileSystem disk;
  env::SimClock clock;
  env::SimRandom random(1);
  ManualExecutor executor;
  env::Env env{&clock, &disk, &random};
  disk.set_contents("/e/snapshot", file);
  auto log = store::wal::Log::open(env, "/log", {.manual = true});
  KANSOKU_CHECK(log.has_value());
  (void)(*log)->append(store::wal::Engine::Exemplars, 0, {}, record, [](auto) {});
  (*log)->drain();
  (*log)->close();
  log->reset();
  log = store::wal::Log::open(env, "/log", {.manual = true});
  KANSOKU_CHECK(log.has_value());
  auto store = ExemplarEngine::open(env, executor, nullptr, **log,
                                    {.directory = "/e", .exemplars_per_account_max = 4});
  if (!store) return;
  KANSOKU_CHECK((*store)->find({.scope = {"1", "r"}, .selectors = {{}}}).has_value());
  (*store)->flush([](Status status) { KANSOKU_CHECK(status.has_value()); });
  executor.run_until_idle();
  (*store)->close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_rows(bytes);
  (void)decode_file_header(bytes);
  check_store(std::string(bytes), "\x01");
  FileState state{.floor = 0, .blocks = 1, .exemplars = 1};
  check_store(encode_file_header(state) + encode_block(0, bytes), "\x01" + std::string(bytes));
  return 0;
}
