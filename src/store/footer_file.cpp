#include "store/footer_file.h"

namespace kansoku::store {
namespace {

constexpr size_t kHeaderBytes = 16;   // magic, version, reserved
constexpr size_t kTrailerBytes = 24;  // footer's offset, bytes, checksum, magic
constexpr uint64_t kFooterBytesMax = 1U << 30;

std::string header_of(const FooterFormat& format, uint32_t version) {
  std::string out;
  append_le(out, format.magic);
  append_le(out, version);
  append_le(out, uint32_t{0});
  return out;
}

std::unexpected<Error> damage(const std::string& path, std::string what) {
  return fail(ErrorCode::DataLoss, std::move(what), path);
}

}  // namespace

FooterFileWriter::FooterFileWriter(env::FileSystem& files, std::string path, FooterFormat format)
    : files_(&files), path_(std::move(path)), format_(format) {}

FooterFileWriter::~FooterFileWriter() {
  if (finished_) return;
  file_.reset();
  (void)files_->remove(path_ + ".tmp");
}

Result<std::unique_ptr<FooterFileWriter>> FooterFileWriter::create(env::FileSystem& files,
                                                                   const std::string& directory,
                                                                   const std::string& name,
                                                                   FooterFormat format) {
  std::unique_ptr<FooterFileWriter> writer(
      new FooterFileWriter(files, env::join_path(directory, name), format));
  KANSOKU_TRY(writer->file_, files.open(writer->path_ + ".tmp", env::OpenMode::CreateEmpty));
  KANSOKU_TRY([[maybe_unused]] const uint64_t at,
              writer->append(header_of(format, format.version)));
  return writer;
}

Result<uint64_t> FooterFileWriter::append(std::string_view bytes) {
  const uint64_t at = bytes_;
  KANSOKU_RETURN_IF_ERROR(file_->write_at(at, as_bytes(bytes)));
  bytes_ += bytes.size();
  return at;
}

Result<uint64_t> FooterFileWriter::finish(std::string_view footer) {
  const uint32_t crc =
      crc32c(as_bytes(footer), crc32c(as_bytes(header_of(format_, format_.version))));
  std::string end(footer);
  append_le(end, bytes_);
  append_le(end, static_cast<uint32_t>(footer.size()));
  append_le(end, crc);
  append_le(end, format_.magic);
  KANSOKU_TRY([[maybe_unused]] const uint64_t at, append(end));
  KANSOKU_RETURN_IF_ERROR(file_->sync_data());
  file_.reset();
  KANSOKU_RETURN_IF_ERROR(files_->rename(path_ + ".tmp", path_));
  finished_ = true;
  return bytes_;
}

Result<std::string> read_exactly(env::File& file, const std::string& path, uint64_t offset,
                                 size_t bytes) {
  std::string out;
  Result<size_t> read = 0;
  out.resize_and_overwrite(bytes, [&](char* to, size_t) {
    read = file.read_at(offset, std::as_writable_bytes(std::span(to, bytes)));
    return read ? std::min(*read, bytes) : 0;
  });
  if (!read) return std::unexpected(read.error());
  if (out.size() != bytes) return damage(path, "cut off");
  return out;
}

Result<FooterFile> open_footer_file(env::FileSystem& files, const std::string& path,
                                    FooterFormat format) {
  FooterFile out;
  KANSOKU_TRY(out.file, files.open(path, env::OpenMode::Read));
  KANSOKU_TRY(out.file_bytes, out.file->size());
  if (out.file_bytes < kHeaderBytes + kTrailerBytes) return damage(path, "cut off");
  KANSOKU_TRY(const std::string head, read_exactly(*out.file, path, 0, kHeaderBytes));
  out.version = load_le<uint32_t>(head.data() + 8);
  if (head != header_of(format, out.version)) return damage(path, "the header is damaged");
  if (out.version < format.version_min || out.version > format.version) {
    return damage(path, fmt::format("of version {}", out.version));
  }
  KANSOKU_TRY(const std::string trailer,
              read_exactly(*out.file, path, out.file_bytes - kTrailerBytes, kTrailerBytes));
  out.footer_offset = load_le<uint64_t>(trailer.data());
  const uint64_t bytes = load_le<uint32_t>(trailer.data() + 8);
  if (load_le<uint64_t>(trailer.data() + 16) != format.magic || bytes > kFooterBytesMax ||
      out.footer_offset > out.file_bytes ||
      out.footer_offset + bytes + kTrailerBytes != out.file_bytes) {
    return damage(path, "the trailer is damaged");
  }
  KANSOKU_TRY(out.footer, read_exactly(*out.file, path, out.footer_offset, bytes));
  const uint32_t crc = crc32c(as_bytes(out.footer), crc32c(as_bytes(head)));
  if (crc != load_le<uint32_t>(trailer.data() + 12)) return damage(path, "the footer is damaged");
  return out;
}

}  // namespace kansoku::store
