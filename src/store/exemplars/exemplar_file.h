// The file of exemplars: everything that was kept at one moment, in order of arrival, and how far
// the log is in it (docs/formats/exemplars.md). Written whole, beside the one before, and renamed.
//
// Thread contract: a writer belongs to one thread at a time; reading is before the store starts.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "base/env/env.h"
#include "store/exemplars/rows.h"

namespace kansoku::store::exemplars {

inline constexpr uint64_t kFileMagic = 0x313050584558454bULL;  // "KEXEXP01"
inline constexpr uint32_t kFileVersion = 1;
inline constexpr uint32_t kBlockMagic = 0x3142584bU;  // "KXB1"
inline constexpr size_t kFileHeaderBytes = 64;
inline constexpr size_t kBlockHeaderBytes = 20;
// A block is closed at the first; one row may be as large as a request lets it.
inline constexpr size_t kBlockBytes = 1U << 20;
inline constexpr size_t kBlockBytesMax = 64U << 20;
// What a step of the pool writes: about a millisecond.
inline constexpr size_t kBlockRows = 2'000;

inline constexpr int64_t kNothingMissing = std::numeric_limits<int64_t>::min();

// What the head of the file says of the whole.
struct FileState {
  uint64_t floor = 0;      // records of the log up to this are in it
  int64_t trusted_ms = 0;  // TrustedClock when it was written
  // Exemplars before this time may be missing because of damage.
  int64_t missing_before_ms = kNothingMissing;
  uint32_t blocks = 0;
  uint64_t exemplars = 0;
};

std::string encode_file_header(const FileState& state);
// DataLoss: damaged; FailedPrecondition: of a newer version.
Result<FileState> decode_file_header(std::string_view bytes);
std::string encode_block(uint32_t index, std::string_view rows);

class FileWriter {
 public:
  // Begins DIRECTORY/snapshot.tmp.
  static Result<FileWriter> begin(env::FileSystem& files, const std::string& directory);
  Status write_block(std::string_view rows, size_t count);
  // Puts the head before the blocks, and the file in its place, durably.
  Status finish(FileState state);
  uint64_t bytes() const { return end_; }

 private:
  env::FileSystem* files_ = nullptr;
  std::string directory_;
  std::unique_ptr<env::File> file_;
  uint64_t end_ = kFileHeaderBytes;
  uint32_t blocks_ = 0;
  uint64_t exemplars_ = 0;
};

struct FileReading {
  FileState state;
  uint64_t bytes = 0;
  uint64_t damages = 0;  // places that could not be read
  std::string first_damage;
  bool found = false;
};
// Calls with the rows of every block that holds. Damage is counted and passed over; a newer version
// is FailedPrecondition.
Result<FileReading> read_exemplar_file(env::FileSystem& files, const std::string& directory,
                                       const std::function<void(const DecodedRows&)>& visit);
std::string exemplar_file_path(const std::string& directory);

}  // namespace kansoku::store::exemplars
