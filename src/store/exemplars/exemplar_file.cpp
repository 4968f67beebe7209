#include "store/exemplars/exemplar_file.h"

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::store::exemplars {
namespace {

constexpr size_t kHeaderCrcAt = kFileHeaderBytes - 4;

Result<std::string> read_some(env::File& file, uint64_t offset, size_t bytes) {
  std::string out(bytes, '\0');
  KANSOKU_TRY(size_t got, file.read_at(offset, std::as_writable_bytes(std::span(out))));
  out.resize(got);
  return out;
}

struct BlockHeader {
  uint32_t body_bytes = 0;
  uint32_t index = 0;
  uint32_t crc = 0;
};

bool parse_block_header(std::string_view bytes, BlockHeader& out) {
  if (bytes.size() < kBlockHeaderBytes || load_le<uint32_t>(bytes.data()) != kBlockMagic) {
    return false;
  }
  out.body_bytes = load_le<uint32_t>(bytes.data() + 4);
  out.index = load_le<uint32_t>(bytes.data() + 8);
  out.crc = load_le<uint32_t>(bytes.data() + 16);
  return out.body_bytes <= kBlockBytesMax;
}

uint32_t block_crc(std::string_view header, std::string_view body) {
  return crc32c(as_bytes(body), crc32c(as_bytes(header.substr(4, 12))));
}

// Blocks one after another, up to the end of the file or to what is no block.
class BlockReader {
 public:
  BlockReader(env::File& file, FileReading& reading) : file_(&file), reading_(&reading) {}

  Status read_all(const std::function<void(const DecodedRows&)>& visit) {
    while (at_ < reading_->bytes) {
      KANSOKU_TRY(std::string header, read_some(*file_, at_, kBlockHeaderBytes));
      BlockHeader block;
      if (!parse_block_header(header, block)) {
        note("no block", at_);
        return {};
      }
      KANSOKU_TRY(std::string body, read_some(*file_, at_ + kBlockHeaderBytes, block.body_bytes));
      DecodedRows rows;
      bool whole = body.size() == block.body_bytes && block_crc(header, body) == block.crc &&
                   block.index == blocks_ && decode_rows(body, rows).has_value();
      if (whole) {
        visit(rows);
        exemplars_ += rows.rows.size();
      } else {
        note("a damaged block", at_);
      }
      at_ += kBlockHeaderBytes + block.body_bytes;
      ++blocks_;
    }
    return {};
  }
  void check_whole() {
    const FileState& state = reading_->state;
    bool whole = blocks_ == state.blocks && exemplars_ == state.exemplars;
    if (!whole && reading_->damages == 0) note("blocks are missing", at_);
  }
  void note(std::string_view what, uint64_t offset) {
    ++reading_->damages;
    if (reading_->first_damage.empty()) {
      reading_->first_damage = fmt::format("{} at {}", what, offset);
    }
  }

 private:
  env::File* file_;
  FileReading* reading_;
  uint64_t at_ = kFileHeaderBytes;
  uint32_t blocks_ = 0;
  uint64_t exemplars_ = 0;
};

}  // namespace

std::string exemplar_file_path(const std::string& directory) {
  return env::join_path(directory, "snapshot");
}

std::string encode_file_header(const FileState& state) {
  std::string out;
  append_le(out, kFileMagic);
  append_le(out, kFileVersion);
  append_le(out, state.blocks);
  append_le(out, state.exemplars);
  append_le(out, state.floor);
  append_le(out, state.trusted_ms);
  append_le(out, state.missing_before_ms);
  out.resize(kHeaderCrcAt, '\0');
  append_le(out, crc32c(as_bytes(out)));
  KANSOKU_CHECK(out.size() == kFileHeaderBytes);
  return out;
}

Result<FileState> decode_file_header(std::string_view bytes) {
  if (bytes.size() < kFileHeaderBytes || load_le<uint64_t>(bytes.data()) != kFileMagic ||
      load_le<uint32_t>(bytes.data() + kHeaderCrcAt) !=
          crc32c(as_bytes(bytes.substr(0, kHeaderCrcAt)))) {
    return corruption("the head of the exemplars' file is damaged");
  }
  if (uint32_t version = load_le<uint32_t>(bytes.data() + 8); version != kFileVersion) {
    return failed_precondition("the exemplars' file has version {}, this program knows {}", version,
                               kFileVersion);
  }
  FileState out;
  out.blocks = load_le<uint32_t>(bytes.data() + 12);
  out.exemplars = load_le<uint64_t>(bytes.data() + 16);
  out.floor = load_le<uint64_t>(bytes.data() + 24);
  out.trusted_ms = load_le<int64_t>(bytes.data() + 32);
  out.missing_before_ms = load_le<int64_t>(bytes.data() + 40);
  return out;
}

std::string encode_block(uint32_t index, std::string_view rows) {
  std::string out;
  append_le(out, kBlockMagic);
  append_le(out, static_cast<uint32_t>(rows.size()));
  append_le(out, index);
  append_le(out, uint32_t{0});
  append_le(out, block_crc(out, rows));
  out += rows;
  return out;
}

Result<FileWriter> FileWriter::begin(env::FileSystem& files, const std::string& directory) {
  FileWriter out;
  out.files_ = &files;
  out.directory_ = directory;
  KANSOKU_TRY(out.file_,
              files.open(exemplar_file_path(directory) + ".tmp", env::OpenMode::CreateEmpty));
  return out;
}

Status FileWriter::write_block(std::string_view rows, size_t count) {
  std::string block = encode_block(blocks_, rows);
  KANSOKU_RETURN_IF_ERROR(file_->write_at(end_, as_bytes(block)));
  end_ += block.size();
  ++blocks_;
  exemplars_ += count;
  return {};
}

Status FileWriter::finish(FileState state) {
  state.blocks = blocks_;
  state.exemplars = exemplars_;
  std::string header = encode_file_header(state);
  KANSOKU_RETURN_IF_ERROR(file_->write_at(0, as_bytes(header)));
  KANSOKU_RETURN_IF_ERROR(file_->sync_data());
  file_.reset();
  std::string path = exemplar_file_path(directory_);
  KANSOKU_RETURN_IF_ERROR(files_->rename(path + ".tmp", path));
  return files_->sync_directory(directory_);
}

Result<FileReading> read_exemplar_file(env::FileSystem& files, const std::string& directory,
                                       const std::function<void(const DecodedRows&)>& visit) {
  FileReading out;
  auto opened = files.open(exemplar_file_path(directory), env::OpenMode::Read);
  if (!opened && opened.error().code == ErrorCode::NotFound) return out;
  if (!opened) return std::unexpected(std::move(opened).error());
  out.found = true;
  KANSOKU_TRY(out.bytes, (*opened)->size());
  KANSOKU_TRY(std::string head, read_some(**opened, 0, kFileHeaderBytes));
  BlockReader blocks(**opened, out);
  auto state = decode_file_header(head);
  if (!state && state.error().code != ErrorCode::DataLoss) {
    return fail(state.error().code, state.error().message, exemplar_file_path(directory));
  }
  if (state) {
    out.state = *state;
  } else {
    // Blocks speak for themselves; how far the log is in them is not known, so all of it is read.
    blocks.note("a damaged head", 0);
  }
  KANSOKU_RETURN_IF_ERROR(blocks.read_all(visit));
  if (state) blocks.check_whole();
  return out;
}

}  // namespace kansoku::store::exemplars
