// A file of checksummed records, one an atomic change of what its owner keeps in memory (a
// manifest): header (magic, version, checksum), then records, appended and synced one at a time.
// Written anew as one record when it has grown, and after a failed write.
//
// Thread contract: one owner.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/env/env.h"

namespace kansoku::env {

struct RecordFormat {
  uint64_t magic = 0;
  uint32_t version = 1;
  uint32_t version_min = 1;
};

class RecordFile {
 public:
  RecordFile(FileSystem& files, std::string path, RecordFormat format);
  // Hands every whole record over, in order. False: there is no file, or what follows the last one
  // handed over does not hold. FailedPrecondition when a newer program wrote it.
  Result<bool> load(const std::function<Status(std::string_view payload)>& visit);
  // Makes one change durable: `payload` appended, or `whole()`, all there is, in a new file. After
  // a failure either state may be on disk.
  Status put(std::string_view payload, const std::function<std::string()>& whole);
  Status rewrite(std::string_view whole);
  // Bytes of a file that has this record alone.
  static std::string file_of(RecordFormat format, std::string_view payload);

 private:
  Status append(std::string_view payload);

  FileSystem* files_;
  std::string path_;
  RecordFormat format_;
  std::unique_ptr<File> file_;
  uint64_t bytes_ = 0;
  uint64_t rewritten_bytes_ = 0;  // as one record
  bool must_rewrite_ = false;
};

}  // namespace kansoku::env
