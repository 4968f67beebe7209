// The text inside of a gzip file: any bytes are refused or read without a fault, and reading in
// pieces, backwards too, gives what reading it whole gives.
#include "base/check.h"
#include "base/env/sim.h"
#include "pipeline/receivers/filelog/gzip_file.h"

using namespace kansoku;

namespace {

constexpr const char* kPath = "/packed.gz";

std::string read(env::File& file, uint64_t from, size_t size) {
  std::string out(size, '\0');
  const auto count = file.read_at(from, std::as_writable_bytes(std::span(out)));
  out.resize(count ? *count : 0);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  env::SimFileSystem disk;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  KANSOKU_CHECK(disk.write_atomic(kPath, bytes).has_value());
  auto packed = disk.open(kPath, env::OpenMode::Read);
  auto text = pipeline::filelog::open_gzip(std::move(*packed));
  if (!text) return 0;
  const uint64_t length = *(*text)->size();
  // What inflates to much more than it is takes long, and is no other case.
  if (length > (4U << 20)) return 0;
  const std::string whole = read(**text, 0, length);
  KANSOKU_CHECK(whole.size() == length);
  const uint64_t from = length == 0 ? 0 : (data[0] * length) / 256;
  const size_t piece = 1 + data[1] * size_t{64};
  KANSOKU_CHECK(read(**text, from, piece) == whole.substr(from, piece));
  KANSOKU_CHECK(read(**text, from / 2, piece) == whole.substr(from / 2, piece));
  KANSOKU_CHECK(read(**text, length, 1).empty());
  return 0;
}
