#include "app/credentials_file.h"

#include "net/aws/profile.h"

namespace kansoku::app {
namespace {

std::string path_of(const std::string& data_directory) {
  return env::join_path(data_directory, "credentials");
}

}  // namespace

Result<FirstCredentials> read_credentials(env::FileSystem& files,
                                          const std::string& data_directory) {
  KANSOKU_TRY(std::string text, files.read_all(path_of(data_directory), 64 * 1024));
  KANSOKU_TRY(net::aws::Profiles profiles,
              net::aws::parse_profiles(text, net::aws::ProfileFileKind::Credentials));
  net::aws::Profile& profile = profiles["default"];
  FirstCredentials out{profile["aws_access_key_id"], profile["aws_secret_access_key"],
                       profile["kansoku_token"]};
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
