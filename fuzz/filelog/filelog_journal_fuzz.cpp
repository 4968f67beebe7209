// The saved state of filelog: any bytes are read without a fault, and what was read and is written
// anew is read back as the same. The target makes the checksums good, so that records are reached.
#include "base/check.h"
#include "base/env/sim.h"
#include "pipeline/receivers/filelog/journal.h"

using namespace kansoku;
using namespace kansoku::pipeline::filelog;

namespace {

constexpr std::string_view kPath = "/state";
constexpr size_t kMagicBytes = 8;
constexpr size_t kFrameBytes = 8;

// A file whose records are the stretches that the input's lengths (a byte each) cut.
std::string with_frames(std::string_view magic, std::string_view bytes) {
  std::string out(magic);
  while (!bytes.empty()) {
    const size_t size = std::min<size_t>(static_cast<uint8_t>(bytes[0]), bytes.size() - 1);
    const std::string_view payload = bytes.substr(1, size);
    append_le(out, static_cast<uint32_t>(size));
    append_le(out, crc32c(as_bytes(payload)));
    out += payload;
    bytes.remove_prefix(1 + size);
  }
  return out;
}

Result<Journal::Loaded> open(env::SimFileSystem& disk, Journal& journal, std::string_view bytes) {
  KANSOKU_CHECK(disk.write_atomic(std::string(kPath), bytes).has_value());
  return journal.open();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static env::SimClock clock;
  static env::SimRandom random(1);
  // A journal that is written anew says what the magic is.
  static const std::string magic = [] {
    env::SimFileSystem disk;
    Journal journal({&clock, &disk, &random}, std::string(kPath));
    KANSOKU_CHECK(journal.open().has_value());
    return disk.contents(std::string(kPath)).substr(0, kMagicBytes);
  }();
  SavedState ignored;
  replay_journal(bytes, ignored);
  const std::string framed = with_frames(magic, bytes);
  KANSOKU_CHECK(framed.size() >= kMagicBytes + (bytes.empty() ? 0 : kFrameBytes));
  env::SimFileSystem disk;
  Journal first({&clock, &disk, &random}, std::string(kPath));
  KANSOKU_CHECK(open(disk, first, framed).has_value());
  const SavedState state = first.state();
  Journal second({&clock, &disk, &random}, std::string(kPath));
  const auto loaded = second.open();
  KANSOKU_CHECK(loaded.has_value() && *loaded == Journal::Loaded::Whole);
  KANSOKU_CHECK(second.state() == state);
  return 0;
}
