// The spool over any bytes: as a record (what is read comes back the same), and as a segment on
// disk (whole records are found in order, appends go on behind).
#include "base/check.h"
#include "base/env/sim.h"
#include "pipeline/spool/spool_files.h"
#include "pipeline/spool/spool_record.h"

using namespace kansoku;
namespace sp = kansoku::pipeline::spool;

namespace {

void read_record(std::string_view bytes) {
  auto head = sp::decode_record_head(bytes);
  auto record = sp::decode_record(bytes);
  if (!record) return;
  KANSOKU_CHECK(head.has_value() && head->rows == record->rows && head->scope == record->scope);
  std::string again;
  sp::encode_record(*record, again);
  auto back = sp::decode_record(again);
  KANSOKU_CHECK(back.has_value() && back->rows == record->rows);
  std::string third;
  sp::encode_record(*back, third);
  KANSOKU_CHECK(third == again);
}

// All numbers that are found, ascending.
std::vector<uint64_t> numbers_of(sp::SpoolFiles& files) {
  std::vector<uint64_t> out;
  for (uint64_t next = files.first_number();;) {
    auto found = files.read(next);
    KANSOKU_CHECK(found.has_value());
    if (!*found) return out;
    KANSOKU_CHECK((*found)->number >= next);
    out.push_back((*found)->number);
    next = (*found)->number + 1;
  }
}

void read_segments(std::string_view bytes) {
  env::SimFileSystem disk;
  (void)disk.create_directories("/s");
  const size_t half = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]) % (bytes.size() + 1);
  disk.set_contents("/s/0000000000000001.spool", std::string(bytes.substr(0, half)));
  disk.set_contents("/s/0000000000000005.spool", std::string(bytes.substr(half)));
  auto files = sp::SpoolFiles::open(disk, "/s", 4'096);
  if (!files) return;
  const std::vector<uint64_t> before = numbers_of(**files);
  const uint64_t next = (*files)->next_number();
  const std::vector<std::string> records{"one", "two"};
  if (!(*files)->append(records)) return;
  std::vector<uint64_t> after = numbers_of(**files);
  KANSOKU_CHECK(after.size() == before.size() + 2);
  KANSOKU_CHECK(after.back() == next + 1 && (*(*files)->read(next))->bytes == "one");
  files->reset();
  auto again = sp::SpoolFiles::open(disk, "/s", 4'096);
  KANSOKU_CHECK(again.has_value());
  KANSOKU_CHECK(numbers_of(**again) == after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_record(bytes);
  read_segments(bytes);
  // Whole frames of any bytes are no damage.
  env::SimFileSystem disk;
  auto files = sp::SpoolFiles::open(disk, "/s", 64);
  KANSOKU_CHECK(files.has_value());
  const std::vector<std::string> records{std::string(bytes), ""};
  KANSOKU_CHECK((*files)->append(records).has_value());
  auto read = (*files)->read(1);
  KANSOKU_CHECK(read.has_value() && *read && (*read)->bytes == bytes);
  KANSOKU_CHECK((*files)->release(3).has_value());
  return 0;
}
