// The shared files of AWS tools, ~/.aws/credentials and ~/.aws/config, and the region they and the
// environment name.
//
// Grammar: "Shared config and credentials files", AWS SDKs and Tools Reference Guide: [name] in the
// credentials file, [profile name] and [default] in the config file, key = value, comments with #
// or ; at the start of a line or after white space, indented lines belong to the key above and are
// skipped.
#pragma once

#include <map>

#include "net/aws/doors.h"

namespace kansoku::net::aws {

using Profile = std::map<std::string, std::string>;
using Profiles = std::map<std::string, Profile>;

enum class ProfileFileKind : uint8_t { Credentials, Config };
// Lines that fit no rule are an InvalidArgument with their number.
Result<Profiles> parse_profiles(std::string_view text, ProfileFileKind kind);

struct ProfileOptions {
  // Empty: AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, else below HOME.
  std::string credentials_file;
  std::string config_file;
  std::string profile;  // empty: AWS_PROFILE, else "default"
};

// One profile of both files, credentials over config. NotFound where neither has it.
Result<Profile> load_profile(const Doors& doors, const ProfileOptions& options);
std::string profile_name(const Doors& doors, const ProfileOptions& options);

}  // namespace kansoku::net::aws
