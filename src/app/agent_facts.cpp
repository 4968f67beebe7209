#include "app/agent_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <cstdlib>
#include <future>

#include "app/host_identity.h"
#include "base/text/ascii.h"
#include "base/time/iso8601.h"
#include "net/aws/imds.h"
#include "net/aws/profile.h"

namespace kansoku::app {
namespace {

constexpr size_t kZoneBytesMax = 1U << 20;

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The first address of IPv4 that is not loopback; else of IPv6 that is not of the link only.
std::string own_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  std::string v4;
  std::string v6;
  for (const ifaddrs* item = list; item != nullptr; item = item->ifa_next) {
    if (item->ifa_addr == nullptr || (item->ifa_flags & IFF_LOOPBACK) != 0) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (item->ifa_addr->sa_family == AF_INET && v4.empty()) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(item->ifa_addr);
      if (::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text) != nullptr) v4 = text;
    } else if (item->ifa_addr->sa_family == AF_INET6 && v6.empty()) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(item->ifa_addr);
      const bool of_link = IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr);
      if (!of_link && ::inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text) != nullptr) {
        v6 = text;
      }
    }
  }
  ::freeifaddrs(list);
  return v4.empty() ? v6 : v4;
}

// TZ where it names a zone of the system's database, else /etc/localtime, else UTC.
Zone local_zone(env::FileSystem& files) {
  std::string path = "/etc/localtime";
  if (auto tz = environment("TZ")) {
    const std::string_view name = tz->starts_with(':') ? std::string_view(*tz).substr(1) : *tz;
    if (name.empty()) return Zone();
    if (is_zone_name(name)) path = fmt::format("/usr/share/zoneinfo/{}", name);
  }
  auto bytes = files.read_all(path, kZoneBytesMax);
  return bytes ? Zone::parse(*bytes).value_or(Zone()) : Zone();
}

}  // namespace

pipeline::cloudwatch_agent::HostFacts local_host_facts(env::Env env) {
  pipeline::cloudwatch_agent::HostFacts out;
  if (auto name = env.files->read_all("/proc/sys/kernel/hostname")) {
    out.local_hostname = trimmed(*name, " \n");
  }
  out.ip_address = own_address();
  out.in_container = equals_ignore_case(environment("RUN_IN_CONTAINER").value_or(""), "true");
  if (out.in_container) out.container_stream = environment("POD_NAME").value_or("");
  out.date = iso8601_date(env.clock->wall_now().ms());
  out.local_zone = local_zone(*env.files);
  out.environment = environment;
  return out;
}

pipeline::cloudwatch_agent::HostFacts agent_host_facts(env::Env env, net::EventLoops& loops,
                                                       const std::string& data_directory) {
  pipeline::cloudwatch_agent::HostFacts out = local_host_facts(env);
  auto http = net::make_http_client(loops);
  net::aws::Doors doors{.http = http.get(),
                        .timers = &loops,
                        .clock = env.clock,
                        .random = env.random,
                        .files = env.files,
                        .variable = net::aws::process_variable};
  if (auto profile = net::aws::load_profile(doors, {})) out.profile_region = (*profile)["region"];
  if (!expects_instance_metadata(*env.files)) return out;
  // Remembered in the data directory, for a start while the service is away.
  out.instance_id = ec2_instance_id(env, loops, data_directory);
  const auto imds = net::aws::ImdsClient::make(doors);
  auto identity = std::make_shared<std::promise<Result<net::aws::InstanceIdentity>>>();
  auto name = std::make_shared<std::promise<Result<std::string>>>();
  imds->identity([identity](auto answer) { identity->set_value(std::move(answer)); });
  imds->get("/latest/meta-data/hostname",
            [name](auto answer) { name->set_value(std::move(answer)); });
  if (auto known = identity->get_future().get()) {
    out.imds_region = known->region;
    out.account_id = known->account_id;
    if (!known->private_ip.empty()) out.ip_address = known->private_ip;
  }
  if (auto known = name->get_future().get()) out.ec2_hostname = *known;
  return out;
}

}  // namespace kansoku::app
