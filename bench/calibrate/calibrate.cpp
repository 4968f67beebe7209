// The fixed loop beside which every figure stands: CPU seconds of XXH3 over 1 GiB (a buffer of 16
// MiB, 64 times). Prints one number. On a busy machine it says how much slower a second was than
// usual.
#include <sys/resource.h>

#include <cstdio>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace {

constexpr size_t kBufferBytes = size_t{16} << 20;
constexpr int kRounds = 64;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main() {
  std::string buffer(kBufferBytes, 'k');
  double begin = cpu_seconds();
  uint64_t sum = 0;
  for (int i = 0; i < kRounds; ++i) {
    sum += XXH3_64bits_withSeed(buffer.data(), buffer.size(), sum);
  }
  double seconds = cpu_seconds() - begin;
  // The sum is printed so that the loop cannot be left out.
  std::printf("%.4f %016llx\n", seconds, static_cast<unsigned long long>(sum));
  return 0;
}
