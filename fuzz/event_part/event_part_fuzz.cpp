// Footers and tables of event parts, manifests and log records of events from arbitrary bytes; what
// is read as a log record comes back the same.
#include "base/check.h"
#include "base/env/sim.h"
#include "store/events/batch_record.h"
#include "store/events/manifest.h"
#include "store/events/part_codec.h"

using namespace kansoku;
using namespace kansoku::store::events;

namespace {

void read_record(std::string_view bytes) {
  auto record = decode_batch_record(bytes);
  if (record && record->batch->row_count() > 0) {
    std::string again;
    encode_batch_record(*record, again);
    auto back = decode_batch_record(again);
    KANSOKU_CHECK(back.has_value());
    std::string third;
    encode_batch_record(*back, third);
    KANSOKU_CHECK(third == again);
  }
  (void)decode_stream_deletion(bytes);
}

void read_part(std::string_view bytes) {
  PartFooter footer;
  if (decode_footer(bytes, 1U << 30, footer)) {
    std::string again;
    encode_footer(footer, again);
    PartFooter back;
    KANSOKU_CHECK(decode_footer(again, 1U << 30, back));
  }
  StreamChunk chunk;
  (void)decode_chunk(bytes, 3, PartMeta(), 2, chunk);
  // As a file: whole parts are in the corpus.
  env::SimFileSystem disk;
  disk.set_contents("/p/" + part_name(1), std::string(bytes));
  auto read = Part::read_footer(disk, "/p/" + part_name(1));
  if (!read) return;
  read->meta.id = 1;
  const auto part = Part::open(disk, "/p", read->meta);
  if (part->fenced()) return;
  StreamCursor cursor(*part, 0, part->streams());
  for (auto more = cursor.next(); more && *more; more = cursor.next()) (void)cursor.uses();
}

void read_manifest(std::string_view bytes) {
  env::SimFileSystem disk;
  (void)disk.create_directories("/m");
  disk.set_contents("/m/manifest", std::string(bytes));
  Manifest manifest(disk, "/m");
  (void)manifest.load(1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_record(bytes);
  read_part(bytes);
  read_manifest(bytes);
  return 0;
}
