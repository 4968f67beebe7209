// Writes a part: blocks made of rows, and blocks of other parts as they are.
// Thread contract: one owner.
#pragma once

#include "store/events/part.h"

namespace kansoku::store::events {

// What a block that is copied has of one stream.
struct CopiedUse {
  StreamKey key;
  BlockUse use;  // `block` does not matter
};

class PartWriter {
 public:
  // Writes DIRECTORY/part-ID.kep.tmp until finish(). Of the meta the id, the level, the group and
  // the ranges of the log are told.
  static Result<std::unique_ptr<PartWriter>> create(env::FileSystem& files,
                                                    const std::string& directory, PartMeta meta,
                                                    std::vector<uint64_t> replaced);
  Status add(const BlockRows& rows, WorkPause* pause);
  Status add(const BlockRows& rows) { return add(rows, nullptr); }
  Status copy(std::string_view bytes, const BlockPlace& place, std::span<const CopiedUse> uses);
  uint64_t rows() const { return footer_.meta.rows; }
  // Table, footer, sync, rename: the part exists once the directory is synced, though in no
  // manifest.
  Result<PartMeta> finish();

 private:
  explicit PartWriter(std::unique_ptr<FooterFileWriter> file) : file_(std::move(file)) {}
  // A stream, by name and group as they came.
  struct Name {
    uint32_t group = 0;
    uint32_t bytes = 0;
    uint64_t begin = 0;  // in names_
  };
  struct Use {
    uint32_t name = 0;
    BlockUse use;
  };
  std::string_view text(const Name& name) const {
    return std::string_view(names_).substr(name.begin, name.bytes);
  }
  uint32_t name_of(const StreamKey& key);
  void place_block(BlockPlace place);
  std::vector<uint32_t> sort_names();
  void number_groups(const std::vector<uint32_t>& order);
  Status write_chunks(const std::vector<uint32_t>& order, std::vector<uint32_t>& streams);
  Status write_chunk(StreamChunk& chunk);

  std::unique_ptr<FooterFileWriter> file_;
  PartFooter footer_;
  std::map<std::pair<std::string, uint64_t>, uint32_t> groups_;
  std::string names_;
  std::vector<Name> keys_;
  std::vector<Use> uses_;
  std::string buffer_;
};

// The uses that rows make of their streams.
std::vector<CopiedUse> uses_of(const BlockRows& rows);

}  // namespace kansoku::store::events
