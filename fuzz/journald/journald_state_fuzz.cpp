// The saved state of journald: any bytes are read without a fault, as a record and as a file; what
// was read comes back as the same. The target makes header and checksum good, so that records are
// reached.
#include "base/check.h"
#include "base/env/sim.h"
#include "pipeline/receivers/journald/cursor_file.h"

using namespace kansoku;
using namespace kansoku::pipeline::journald;

namespace {

constexpr const char* kFolder = "/fuzz";
constexpr const char* kPath = "/fuzz/state";

// A refused record leaves the state alone; one that is taken is written and read as the same.
void read_record(std::string_view bytes) {
  CursorState state;
  state.producer = "p";
  state.sources["a"] = {.cursor = "c", .sequence = 7, .open = {}};
  const CursorState before = state;
  if (!decode_cursors(bytes, state)) {
    KANSOKU_CHECK(state == before);
    return;
  }
  CursorState again;
  KANSOKU_CHECK(decode_cursors(encode_cursors(state), again).has_value());
  KANSOKU_CHECK(again == state);
}

Result<bool> load(env::SimFileSystem& disk, std::string_view bytes, CursorState& state) {
  static env::SimClock clock;
  static env::SimRandom random(1);
  KANSOKU_CHECK(disk.create_directories(kFolder).has_value());
  disk.set_contents(kPath, std::string(bytes));
  CursorFile file({&clock, &disk, &random}, kPath);
  auto whole = file.load();
  if (whole) KANSOKU_CHECK(!file.state.producer.empty());
  if (whole) KANSOKU_CHECK(file.save().has_value());
  state = file.state;
  return whole;
}

// Whatever was read of a file, what is saved then is read whole.
void read_file(std::string_view bytes) {
  env::SimFileSystem disk;
  CursorState first;
  if (!load(disk, bytes, first)) return;
  CursorState second;
  const auto whole = load(disk, disk.contents(kPath), second);
  KANSOKU_CHECK(whole.has_value() && *whole);
  KANSOKU_CHECK(first == second);
}

// The header of a file, and records of the stretches that the input's lengths (a byte each) cut.
std::string with_frames(std::string_view bytes) {
  static const std::string header = [] {
    CursorState state;
    state.producer = "p";
    const std::string file = cursor_file_of(state);
    constexpr size_t kRecordHeadBytes = 8;
    return file.substr(0, file.size() - encode_cursors(state).size() - kRecordHeadBytes);
  }();
  std::string out = header;
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_record(bytes);
  read_file(bytes);
  read_file(with_frames(bytes));
  return 0;
}
