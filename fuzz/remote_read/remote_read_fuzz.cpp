// Remote read: any request is decoded within its limits or refused; any points come back from the
// chunks that they are written to.
#include <bit>

#include "base/check.h"
#include "wire/remote_read/request.h"
#include "wire/remote_read/response.h"

using namespace kansoku;

namespace {

void check_request(std::string_view message) {
  using namespace wire::remote_read;
  RequestLimits limits{.queries_max = 20, .matchers_max = 50};
  auto request = decode_request(message, limits);
  if (!request) return;
  KANSOKU_CHECK(request->queries.size() <= limits.queries_max);
  size_t matchers = 0;
  for (const Query& query : request->queries) matchers += query.matchers.size();
  KANSOKU_CHECK(matchers <= limits.matchers_max);
  (void)choose_response_type(*request);
}

// Each 11 bytes are a point: a step in time, a kind, a value.
void check_chunks(std::string_view bytes) {
  using namespace wire::tsdb_block;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<std::unique_ptr<signal::Distribution>> distributions;
  int64_t ms = 0;
  for (; bytes.size() >= 11; bytes.remove_prefix(11)) {
    auto kind = static_cast<uint8_t>(bytes[0]);
    ms += 1 + (int64_t{load_le<uint16_t>(bytes.data() + 1)} << (kind >> 4));
    times_ms.push_back(ms);
    auto value = load_le<double>(bytes.data() + 3);
    values.push_back(value);
    distributions.emplace_back();
    if ((kind & 8) == 0) continue;
    auto d = std::make_unique<signal::Distribution>();
    d->sum = value;
    d->reset_hint = static_cast<signal::ResetHint>(kind & 3);
    signal::ExponentialBuckets buckets;
    buckets.schema = kind & 4 ? 1 : -2;
    buckets.positive = {{static_cast<int8_t>(bytes[3]), 1.0 + (kind >> 4)}, {200, 2}};
    d->count = 3.0 + (kind >> 4);
    d->buckets = std::move(buckets);
    distributions.back() = std::move(d);
  }
  size_t at = 0;
  encode_chunks({times_ms, values, distributions}, [&](const EncodedChunk& chunk) {
    auto status = decode_chunk(
        static_cast<uint8_t>(chunk.encoding), chunk.data, [&](int64_t t, const signal::Point& p) {
          KANSOKU_CHECK(at < times_ms.size() && t == times_ms[at]);
          const signal::Distribution* d = distributions[at].get();
          double value = p.distribution != nullptr ? p.distribution->sum : p.value;
          KANSOKU_CHECK(std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(values[at]));
          if (p.distribution != nullptr) KANSOKU_CHECK(d->buckets == p.distribution->buckets);
          ++at;
        });
    KANSOKU_CHECK(status.has_value());
  });
  KANSOKU_CHECK(at == times_ms.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0) {
    check_chunks(bytes);
  } else {
    check_request(bytes);
  }
  return 0;
}
