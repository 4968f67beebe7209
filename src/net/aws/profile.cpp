#include "net/aws/profile.h"

#include "base/text/ascii.h"

namespace kansoku::net::aws {
namespace {

constexpr size_t kFileBytesMax = 1U << 20;

// Cuts " # comment" and " ; comment".
std::string_view without_comment(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    bool mark = text[i] == '#' || text[i] == ';';
    if (mark && (text[i - 1] == ' ' || text[i - 1] == '\t'))
      return trimmed(text.substr(0, i), kBlanksAndLineEnds);
  }
  return text;
}

// The profile a section line names; nothing for sections of other kinds (sso-session, services).
std::optional<std::string> section_name(std::string_view inside, ProfileFileKind kind) {
  inside = trimmed(inside, kBlanksAndLineEnds);
  if (kind == ProfileFileKind::Credentials || inside == "default") return std::string(inside);
  constexpr std::string_view kPrefix = "profile";
  if (!inside.starts_with(kPrefix)) return std::nullopt;
  std::string_view name = inside.substr(kPrefix.size());
  if (name.empty() || (name.front() != ' ' && name.front() != '\t')) return std::nullopt;
  return std::string(trimmed(name, kBlanksAndLineEnds));
}

std::string home_file(const Doors& doors, const char* variable, const char* name) {
  if (auto path = doors.variable(variable)) return *path;
  auto home = doors.variable("HOME");
  return home ? env::join_path(env::join_path(*home, ".aws"), name) : std::string();
}

Result<Profiles> load_file(const Doors& doors, const std::string& path, ProfileFileKind kind) {
  if (path.empty()) return Profiles();
  auto text = doors.files->read_all(path, kFileBytesMax);
  if (!text) {
    if (text.error().code == ErrorCode::NotFound) return Profiles();
    return std::unexpected(text.error());
  }
  auto profiles = parse_profiles(*text, kind);
  if (!profiles) profiles.error().object = path;
  return profiles;
}

}  // namespace

Result<Profiles> parse_profiles(std::string_view text, ProfileFileKind kind) {
  Profiles profiles;
  Profile* current = nullptr;
  bool in_section = false;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    std::string_view content = trimmed(line, kBlanksAndLineEnds);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    bool indented = line.front() == ' ' || line.front() == '\t';
    if (content.front() == '[') {
      size_t close = content.find(']');
      if (close == std::string_view::npos)
        return invalid_argument("line {}: section without ']'", number);
      auto name = section_name(content.substr(1, close - 1), kind);
      current = name ? &profiles[*name] : nullptr;
      in_section = true;
      continue;
    }
    if (indented && in_section) continue;
    size_t equals = content.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return invalid_argument("line {}: neither a section nor key = value", number);
    }
    if (!in_section) return invalid_argument("line {}: a key outside of any section", number);
    if (current == nullptr) continue;
    std::string key(trimmed(content.substr(0, equals), kBlanksAndLineEnds));
    std::string_view value = content.substr(equals + 1);
    (*current)[std::move(key)] = trimmed(without_comment(value), kBlanksAndLineEnds);
  }
  return profiles;
}

std::string profile_name(const Doors& doors, const ProfileOptions& options) {
  if (!options.profile.empty()) return options.profile;
  if (auto name = doors.variable("AWS_PROFILE")) return *name;
  return "default";
}

Result<Profile> load_profile(const Doors& doors, const ProfileOptions& options) {
  std::string credentials = options.credentials_file;
  std::string config = options.config_file;
  if (credentials.empty())
    credentials = home_file(doors, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  // Beside a credentials file that was chosen stands its config file.
  if (config.empty() && !options.credentials_file.empty()) {
    config = env::join_path(env::parent_path(credentials), "config");
  }
  if (config.empty()) config = home_file(doors, "AWS_CONFIG_FILE", "config");
  KANSOKU_TRY(Profiles secrets, load_file(doors, credentials, ProfileFileKind::Credentials));
  KANSOKU_TRY(Profiles settings, load_file(doors, config, ProfileFileKind::Config));
  std::string name = profile_name(doors, options);
  auto secret = secrets.find(name);
  auto setting = settings.find(name);
  if (secret == secrets.end() && setting == settings.end()) {
    return not_found("no profile {} in {} or {}", quoted(name), quoted(credentials),
                     quoted(config));
  }
  Profile profile = setting == settings.end() ? Profile() : std::move(setting->second);
  if (secret != secrets.end()) {
    for (auto& [key, value] : secret->second) profile[key] = value;
  }
  return profile;
}

}  // namespace kansoku::net::aws
