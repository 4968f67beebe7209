#include "app/host_identity.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <future>

#include "base/log.h"
#include "base/text/ascii.h"
#include "net/auth/sigv4.h"
#include "net/aws/imds.h"
#include "net/secrets/secrets.h"

namespace kansoku::app {
namespace {

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

bool expects_instance_metadata(env::FileSystem& files) {
  if (net::aws::is_true(net::aws::process_variable("AWS_EC2_METADATA_DISABLED"))) return false;
  if (net::aws::process_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) return true;
  auto vendor = files.read_all("/sys/class/dmi/id/sys_vendor");
  return vendor && vendor->starts_with("Amazon EC2");
}

std::string ec2_instance_id(env::Env env, net::EventLoops& loops,
                            const std::string& data_directory) {
  if (!expects_instance_metadata(*env.files)) return {};
  auto http = net::make_http_client(loops);
  net::aws::Doors doors{http.get(), &loops,    env.clock,
                        env.random, env.files, net::aws::process_variable};
  auto imds = net::aws::ImdsClient::make(doors);
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  imds->instance_id([&promise](Result<std::string> id) { promise.set_value(std::move(id)); });
  Result<std::string> id = future.get();
  std::string path = env::join_path(data_directory, "instance-id");
  if (id && id->starts_with("i-")) {
    if (auto kept = env.files->write_atomic(path, *id + "\n"); !kept) {
      log_warn("host", "instance id not remembered: {}", kept.error().to_string());
    }
    return *id;
  }
  log_warn("host", "no instance id from the metadata service: {}",
           id ? fmt::format("{} is none", quoted(*id)) : id.error().to_string());
  auto remembered = env.files->read_all(path);
  return remembered ? std::string(trimmed(*remembered, kBlanksAndLineEnds)) : std::string();
}

Result<std::string> host_id(env::Env env, const std::string& data_directory,
                            const std::string& setting) {
  if (!setting.empty()) return setting;
  std::string machine_id;
  if (auto text = env.files->read_all("/etc/machine-id"))
    machine_id = std::string(trimmed(*text, kBlanksAndLineEnds));
  if (machine_id.empty()) {
    std::string path = env::join_path(data_directory, "machine-id");
    auto made = env.files->read_all(path);
    if (made) {
      machine_id = std::string(trimmed(*made, kBlanksAndLineEnds));
    } else {
      machine_id = net::random_hex(*env.random, 16);
      KANSOKU_RETURN_IF_ERROR(env.files->write_atomic(path, machine_id + "\n"));
    }
  }
  // The machine id itself must not leave the host (machine-id(5)), so it is hashed with our name.
  return "i-" + net::auth::sha256_hex("kansoku host " + machine_id).substr(0, 17);
}

std::string local_host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
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
