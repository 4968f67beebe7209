#include "app/host_identity.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "net/auth/sigv4.h"
#include "net/secrets/secrets.h"

namespace kansoku::app {
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// PRETTY_NAME of os-release(5).
std::string os_name(env::FileSystem& files) {
  auto text = files.read_all("/etc/os-release");
  if (!text) return "Linux";
  size_t at = text->find("PRETTY_NAME=");
  if (at == std::string::npos) return "Linux";
  std::string value = text->substr(at + 12, text->find('\n', at) - at - 12);
  std::erase(value, '"');
  return value;
}

int64_t number_after(const std::string& text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string::npos) return 0;
  at = text.find_first_of("0123456789", at + key.size());
  if (at == std::string::npos) return 0;
  int64_t value = 0;
  std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

}  // namespace

Result<std::string> host_id(env::Env env, const std::string& data_directory,
                            const std::string& setting) {
  if (!setting.empty()) return setting;
  std::string machine_id;
  if (auto text = env.files->read_all("/etc/machine-id")) machine_id = trimmed(std::move(*text));
  if (machine_id.empty()) {
    std::string path = env::join_path(data_directory, "machine-id");
    auto made = env.files->read_all(path);
    if (made) {
      machine_id = trimmed(std::move(*made));
    } else {
      machine_id = net::random_hex(*env.random, 16);
      KANSOKU_RETURN_IF_ERROR(env.files->write_atomic(path, machine_id + "\n"));
    }
  }
  // The machine id itself must not leave the host (machine-id(5)), so it is hashed with our name.
  return "i-" + net::auth::sha256_hex("kansoku host " + machine_id).substr(0, 17);
}

api::console::HostDescription describe_host(env::FileSystem& files, const std::string& id) {
  api::console::HostDescription out;
  out.id = id;
  out.source = "kansoku";
  utsname name{};
  if (::uname(&name) == 0) {
    out.name = name.nodename;
    out.kernel = name.release;
    out.arch = name.machine;
  }
  out.os = os_name(files);
  long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  out.cpus = cpus > 0 ? static_cast<uint32_t>(cpus) : 1;
  if (auto text = files.read_all("/proc/meminfo")) {
    out.memory_bytes = static_cast<uint64_t>(number_after(*text, "MemTotal:")) * 1024;
  }
  if (auto text = files.read_all("/proc/stat"))
    out.boot_time_ms = number_after(*text, "btime ") * 1000;
  return out;
}

}  // namespace kansoku::app
