#include "base/env/record_file.h"

namespace kansoku::env {
namespace {

constexpr size_t kHeaderBytes = 16;  // magic, version, checksum of both
constexpr size_t kRecordHeadBytes = 8;
// Rewritten when it has grown to this, and to twice what it was as one record.
constexpr uint64_t kBytesMax = 64U << 10;

std::string header_of(uint64_t magic, uint32_t version) {
  std::string out;
  append_le(out, magic);
  append_le(out, version);
  append_le(out, crc32c(as_bytes(out)));
  return out;
}

void append_record(std::string_view payload, std::string& out) {
  append_le(out, static_cast<uint32_t>(payload.size()));
  append_le(out, crc32c(as_bytes(payload)));
  out += payload;
}

}  // namespace

RecordFile::RecordFile(FileSystem& files, std::string path, RecordFormat format)
    : files_(&files), path_(std::move(path)), format_(format) {}

std::string RecordFile::file_of(RecordFormat format, std::string_view payload) {
  std::string out = header_of(format.magic, format.version);
  append_record(payload, out);
  return out;
}

Result<bool> RecordFile::load(const std::function<Status(std::string_view payload)>& visit) {
  auto bytes = files_->read_all(path_, size_t{1} << 30);
  if (!bytes && bytes.error().code == ErrorCode::NotFound) return false;
  if (!bytes) return std::unexpected(std::move(bytes).error());
  const std::string_view view = *bytes;
  if (view.size() < kHeaderBytes) return false;
  const auto version = load_le<uint32_t>(view.data() + 8);
  // Its checksum tells a newer version from a damaged header.
  if (view.substr(0, kHeaderBytes) != header_of(format_.magic, version)) return false;
  if (version > format_.version) {
    return fail(ErrorCode::FailedPrecondition,
                fmt::format("written by a newer kansoku (version {}, this program knows {}); run "
                            "that one, nothing was touched",
                            version, format_.version),
                path_);
  }
  if (version < format_.version_min) return false;
  for (size_t at = kHeaderBytes; at < view.size();) {
    if (view.size() - at < kRecordHeadBytes) return false;
    const size_t size = load_le<uint32_t>(view.data() + at);
    if (size > view.size() - at - kRecordHeadBytes) return false;
    const std::string_view payload = view.substr(at + kRecordHeadBytes, size);
    if (crc32c(as_bytes(payload)) != load_le<uint32_t>(view.data() + at + 4)) return false;
    if (Status visited = visit(payload); !visited) {
      return fail(visited.error().code, std::move(visited).error().message, path_);
    }
    at += kRecordHeadBytes + size;
  }
  return true;
}

Status RecordFile::rewrite(std::string_view whole) {
  const std::string bytes = file_of(format_, whole);
  file_.reset();
  must_rewrite_ = true;
  KANSOKU_RETURN_IF_ERROR(files_->write_atomic(path_, bytes));
  KANSOKU_TRY(file_, files_->open(path_, OpenMode::ReadWrite));
  bytes_ = bytes.size();
  rewritten_bytes_ = bytes.size();
  must_rewrite_ = false;
  return {};
}

Status RecordFile::append(std::string_view payload) {
  std::string record;
  append_record(payload, record);
  KANSOKU_RETURN_IF_ERROR(file_->write_at(bytes_, as_bytes(record)));
  KANSOKU_RETURN_IF_ERROR(file_->sync_data());
  bytes_ += record.size();
  return {};
}

Status RecordFile::put(std::string_view payload, const std::function<std::string()>& whole) {
  const bool grown = bytes_ > std::max(kBytesMax, 2 * rewritten_bytes_);
  if (!must_rewrite_ && file_ && !grown && append(payload)) return {};
  // What a failed append left on the disk is unknown: a new file goes over it.
  return rewrite(whole());
}

}  // namespace kansoku::env
