#include "app/credentials_file.h"

namespace kansoku::app {
namespace {

// The value of `key = value`, or empty.
std::string value_of(const std::string& text, std::string_view key) {
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    auto trim = [](std::string_view s) {
      while (s.starts_with(' ')) s.remove_prefix(1);
      while (s.ends_with(' ')) s.remove_suffix(1);
      return s;
    };
    if (trim(line.substr(0, equals)) == key) return std::string(trim(line.substr(equals + 1)));
  }
  return {};
}

std::string path_of(const std::string& data_directory) {
  return env::join_path(data_directory, "credentials");
}

}  // namespace

Result<FirstCredentials> read_credentials(env::FileSystem& files,
                                          const std::string& data_directory) {
  KANSOKU_TRY(std::string text, files.read_all(path_of(data_directory), 64 * 1024));
  FirstCredentials out{value_of(text, "aws_access_key_id"), value_of(text, "aws_secret_access_key"),
                       value_of(text, "kansoku_token")};
  if (out.access_key_id.empty() || out.secret_access_key.empty() || out.token.empty()) {
    return fail(ErrorCode::DataLoss,
                "aws_access_key_id, aws_secret_access_key or kansoku_token is missing",
                path_of(data_directory));
  }
  return out;
}

Status write_credentials(env::FileSystem& files, const std::string& data_directory,
                         const FirstCredentials& credentials, const std::string& region) {
  return files.write_atomic(
      path_of(data_directory),
      fmt::format("# made by kansoku at its first start; use it as AWS_SHARED_CREDENTIALS_FILE\n"
                  "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {}\n"
                  "kansoku_token = {}\n",
                  credentials.access_key_id, credentials.secret_access_key, region,
                  credentials.token));
}

}  // namespace kansoku::app
