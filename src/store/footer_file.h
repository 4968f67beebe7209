// An immutable file with a footer: header (magic, version), what its owner puts, footer, trailer
// (where the footer is, its checksum, the magic again). Written under a temporary name, synced,
// renamed: so a file under its own name is whole, or was damaged later.
//
// Thread contract: a writer has one owner; the rest are free functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/env/env.h"

namespace kansoku::store {

struct FooterFormat {
  uint64_t magic = 0;
  uint32_t version = 1;
  uint32_t version_min = 1;
};

class FooterFileWriter {
 public:
  // Writes DIRECTORY/NAME.tmp until finish().
  static Result<std::unique_ptr<FooterFileWriter>> create(env::FileSystem& files,
                                                          const std::string& directory,
                                                          const std::string& name,
                                                          FooterFormat format);
  // Removes the temporary file when finish() was not reached.
  ~FooterFileWriter();
  FooterFileWriter(const FooterFileWriter&) = delete;
  FooterFileWriter& operator=(const FooterFileWriter&) = delete;

  uint64_t bytes() const { return bytes_; }
  // Where the bytes stand in the file.
  Result<uint64_t> append(std::string_view bytes);
  // Footer, sync, rename; the bytes of the file. The name is durable once the caller has synced the
  // directory.
  Result<uint64_t> finish(std::string_view footer);

 private:
  FooterFileWriter(env::FileSystem& files, std::string path, FooterFormat format);

  env::FileSystem* files_;
  std::string path_;
  FooterFormat format_;
  std::unique_ptr<env::File> file_;
  uint64_t bytes_ = 0;
  bool finished_ = false;
};

struct FooterFile {
  std::unique_ptr<env::File> file;
  uint32_t version = 0;
  std::string footer;
  uint64_t footer_offset = 0;
  uint64_t file_bytes = 0;
};
// DataLoss when it is cut off, damaged, or of a version that is not known.
Result<FooterFile> open_footer_file(env::FileSystem& files, const std::string& path,
                                    FooterFormat format);
// DataLoss when the file ends before.
Result<std::string> read_exactly(env::File& file, const std::string& path, uint64_t offset,
                                 size_t bytes);

}  // namespace kansoku::store
