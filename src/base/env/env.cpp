#include "base/env/env.h"

namespace kansoku::env {

Result<std::string> FileSystem::read_all(const std::string& path, size_t bytes_max) {
  KANSOKU_TRY(auto file, open(path, OpenMode::Read));
  std::string out;
  size_t chunk = 16 * 1024;
  for (;;) {
    size_t have = out.size();
    out.resize(have + chunk);
    auto read = file->read_at(have, std::as_writable_bytes(std::span(out.data() + have, chunk)));
    if (!read) return std::unexpected(std::move(read).error());
    out.resize(have + *read);
    if (*read == 0) return out;
    if (out.size() > bytes_max) {
      return fail(ErrorCode::ResourceExhausted,
                  fmt::format("file too large: over {} bytes", bytes_max), path);
    }
    chunk = std::min<size_t>(chunk * 2, 1U << 20);
  }
}

Status FileSystem::write_atomic(const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".tmp";
  {
    KANSOKU_TRY(auto file, open(temporary, OpenMode::CreateEmpty));
    KANSOKU_RETURN_IF_ERROR(file->write_at(0, as_bytes(bytes)));
    KANSOKU_RETURN_IF_ERROR(file->sync_data());
  }
  KANSOKU_RETURN_IF_ERROR(rename(temporary, path));
  return sync_directory(parent_path(path));
}

Status FileSystem::copy(const std::string& from, const std::string& to, uint64_t bytes) {
  KANSOKU_TRY(auto source, open(from, OpenMode::Read));
  KANSOKU_TRY(auto target, open(to, OpenMode::CreateNew));
  std::string buffer(std::min<uint64_t>(bytes, 1U << 20), '\0');
  for (uint64_t at = 0; at < bytes;) {
    auto window = std::span(buffer).subspan(0, std::min<uint64_t>(buffer.size(), bytes - at));
    KANSOKU_TRY(size_t read, source->read_at(at, std::as_writable_bytes(window)));
    if (read == 0) return fail(ErrorCode::DataLoss, "the file is shorter than it should be", from);
    KANSOKU_RETURN_IF_ERROR(target->write_at(at, std::as_bytes(window.subspan(0, read))));
    at += read;
  }
  return target->sync_data();
}

uint64_t Random::u64() {
  uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string out(directory);
  if (!out.empty() && out.back() != '/') out += '/';
  out += name;
  return out;
}

std::string parent_path(std::string_view path) {
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

}  // namespace kansoku::env
