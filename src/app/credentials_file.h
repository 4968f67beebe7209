// DIR/credentials: the first access key and token, in AWS's credentials-file format.
#pragma once

#include <string>

#include "base/env/env.h"
#include "base/result.h"

namespace kansoku::app {

struct FirstCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string token;
};

// NotFound when there is no file.
Result<FirstCredentials> read_credentials(env::FileSystem& files,
                                          const std::string& data_directory);
// Mode 0600, written whole or not at all.
Status write_credentials(env::FileSystem& files, const std::string& data_directory,
                         const FirstCredentials& credentials, const std::string& region);

}  // namespace kansoku::app
