// Serves "hello" for everything on 127.0.0.1:PORT until its standard input ends, then prints what
// it served and the CPU it took: requests, CPU seconds, requests per core-second, resident KiB.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "net/http/http.h"

int main(int argc, char** argv) {
  using namespace kansoku::net;
  HttpServerOptions options;
  size_t threads = 1;
  if (argc > 1) options.port = static_cast<uint16_t>(std::strtoul(argv[1], nullptr, 10));
  if (argc > 2) threads = std::strtoul(argv[2], nullptr, 10);
  if (argc > 4) {
    options.tls_certificate_file = argv[3];
    options.tls_key_file = argv[4];
  }
  auto loops = EventLoops::start(threads);
  auto server = HttpServer::start(*loops, options, [](HttpRequest, HttpExchange exchange) {
    exchange.respond(
        {.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = "hello\n"});
  });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().to_string().c_str());
    return 1;
  }
  std::printf("ready http://127.0.0.1:%u/\n", (*server)->port());
  std::fflush(stdout);
  char bytes[64];
  while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) {
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  double cpu_s = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  HttpServerStats stats = (*server)->stats();
  std::string status = kansoku::env::real_files().read_all("/proc/self/status").value_or("");
  size_t rss = status.find("VmRSS:");
  std::printf(
      "requests %llu cpu_s %.2f per_core_s %.0f %s\n",
      static_cast<unsigned long long>(stats.requests), cpu_s,
      static_cast<double>(stats.requests) / cpu_s,
      rss == std::string::npos ? "" : status.substr(rss, status.find('\n', rss) - rss).c_str());
  server->reset();
  loops->stop();
  return 0;
}
