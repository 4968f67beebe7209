#include "store/metrics/batch_record.h"

#include "base/bytes.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint8_t kSameTime = 1;  // flag: all points have the base time
// Bytes of one point before a distribution's own: reference 10, time 10, tag 1, value 8.
constexpr size_t kPointBytesMax = 32;

char* put_varint(char* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

// Tag 0: +0; 1-8: the n high bytes of the double; 9-15: an unsigned integer in n = tag - 8 bytes;
// 16: a distribution.
constexpr uint8_t kDistributionTag = 16;

char* put_value(char* at, double value) {
  auto bits = std::bit_cast<uint64_t>(value);
  if (bits == 0) {
    *at++ = 0;
    return at;
  }
  int high = 8 - std::countr_zero(bits) / 8;
  if (value > 0 && value < 72057594037927936.0) {
    auto integer = static_cast<uint64_t>(value);
    int n = (static_cast<int>(std::bit_width(integer)) + 7) / 8;
    if (static_cast<double>(integer) == value && n <= high) {
      *at++ = static_cast<char>(8 + n);
      store_le(at, integer);
      return at + n;
    }
  }
  *at++ = static_cast<char>(high);
  store_le(at, bits >> (64 - 8 * high));
  return at + high;
}

bool take_value(const char*& at, const char* end, uint8_t tag, double& value) {
  int n = tag > 8 ? tag - 8 : tag;
  if (tag > 15 || end - at < n) return false;
  uint64_t low = 0;
  std::memcpy(&low, at, static_cast<size_t>(n));
  at += n;
  if (tag > 8) {
    value = static_cast<double>(low);
  } else {
    value = std::bit_cast<double>(n == 0 ? 0 : low << (64 - 8 * n));
  }
  return true;
}

constexpr uint8_t kTemporalityShift = 1;
constexpr uint8_t kSameScope = 8;  // flag of a definition

// How many bytes both begin with, ...
size_t shared_head(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  size_t i = 0;
  while (i + 8 <= n && load_le<uint64_t>(a.data() + i) == load_le<uint64_t>(b.data() + i)) i += 8;
  while (i < n && a[i] == b[i]) ++i;
  return i;
}

// ... and end with.
size_t shared_tail(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  const char* end_a = a.data() + a.size();
  const char* end_b = b.data() + b.size();
  size_t i = 0;
  while (i + 8 <= n && load_le<uint64_t>(end_a - i - 8) == load_le<uint64_t>(end_b - i - 8)) {
    i += 8;
  }
  while (i < n && end_a[-1 - static_cast<ptrdiff_t>(i)] == end_b[-1 - static_cast<ptrdiff_t>(i)])
    ++i;
  return i;
}

struct PointCount {
  uint64_t points = 0;
  int64_t base_ms = 0;
  bool same_time = true;
};

PointCount count_points(const BatchRecordInput& input) {
  PointCount count;
  const auto& batch = *input.batch;
  for (size_t i = 0; i < batch.point_count(); ++i) {
    if (!input.accepted.empty() && input.accepted[i] == 0) continue;
    int64_t ms = batch.timestamps_ms()[i];
    if (count.points++ == 0) count.base_ms = ms;
    count.same_time = count.same_time && ms == count.base_ms;
  }
  return count;
}

void encode_points(const BatchRecordInput& input, std::string& out) {
  const auto& batch = *input.batch;
  PointCount count = count_points(input);
  append_varint(out, count.points);
  out += static_cast<char>(count.same_time ? kSameTime : 0);
  append_varint(out, zigzag(count.base_ms));
  size_t used = out.size();
  out.resize(used + count.points * kPointBytesMax);
  char* at = out.data() + used;
  SeriesId previous = std::numeric_limits<SeriesId>::max();  // so that id 0 is "the next one"
  int64_t previous_ms = count.base_ms;
  std::string coded;
  for (size_t i = 0; i < batch.point_count(); ++i) {
    if (!input.accepted.empty() && input.accepted[i] == 0) continue;
    SeriesId id = input.ids[batch.point_series()[i]];
    at = put_varint(at, zigzag(static_cast<int64_t>(id - previous - 1)));
    previous = id;
    if (!count.same_time) {
      int64_t ms = batch.timestamps_ms()[i];
      at = put_varint(at, zigzag(ms - previous_ms));
      previous_ms = ms;
    }
    if (batch.is_float(i)) {
      at = put_value(at, batch.values()[i]);
      continue;
    }
    coded.clear();
    signal::encode_distribution(batch.distributions()[batch.distribution_rows()[i]], coded);
    *at++ = static_cast<char>(kDistributionTag);
    at = put_varint(at, coded.size());
    auto done = static_cast<size_t>(at - out.data());
    out.resize(out.size() + coded.size());
    at = out.data() + done;
    std::memcpy(at, coded.data(), coded.size());
    at += coded.size();
  }
  out.resize(static_cast<size_t>(at - out.data()));
}

Status decode_points(const char* at, const char* end, DecodedRecord& out) {
  uint64_t count = 0;
  uint64_t base = 0;
  if (!read_varint(at, end, count) || at == end) return corruption("metric record: cut off");
  bool same_time = (static_cast<uint8_t>(*at++) & kSameTime) != 0;
  if (!read_varint(at, end, base) || count > static_cast<uint64_t>(end - at)) {
    return corruption("metric record: cut off");
  }
  int64_t ms = unzigzag(base);
  SeriesId id = std::numeric_limits<SeriesId>::max();
  out.ids.reserve(count);
  out.timestamps_ms.reserve(count);
  out.values.reserve(count);
  out.distribution_rows.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t reference = 0;
    uint64_t change = 0;
    if (!read_varint(at, end, reference)) return corruption("metric record: cut off");
    if (!same_time && !read_varint(at, end, change)) return corruption("metric record: cut off");
    if (at == end) return corruption("metric record: cut off");
    id += 1 + static_cast<SeriesId>(unzigzag(reference));
    ms = static_cast<int64_t>(static_cast<uint64_t>(ms) + static_cast<uint64_t>(unzigzag(change)));
    auto tag = static_cast<uint8_t>(*at++);
    double value = 0;
    uint32_t row = signal::kNoDistribution;
    if (tag == kDistributionTag) {
      uint64_t bytes = 0;
      if (!read_varint(at, end, bytes) || bytes > static_cast<uint64_t>(end - at)) {
        return corruption("metric record: cut off");
      }
      std::string_view coded(at, bytes);
      KANSOKU_TRY(auto distribution, signal::decode_distribution(coded));
      at += bytes;
      value = distribution.sum;
      row = static_cast<uint32_t>(out.distributions.size());
      out.distributions.push_back(std::move(distribution));
    } else if (!take_value(at, end, tag, value)) {
      return corruption("metric record: value tag {}", tag);
    }
    out.ids.push_back(id);
    out.timestamps_ms.push_back(ms);
    out.values.push_back(value);
    out.distribution_rows.push_back(row);
  }
  if (at != end) return corruption("metric record: {} bytes left over", end - at);
  return {};
}

}  // namespace

void DecodedRecord::clear() {
  ids.clear();
  timestamps_ms.clear();
  values.clear();
  distribution_rows.clear();
  distributions.clear();
}

void DefinitionWriter::put(const SeriesDefinition& d, std::string& out) {
  const bool same_scope = !first_ && d.scope == scope_;
  append_varint(out, first_ ? d.id : zigzag(static_cast<int64_t>(d.id - id_ - 1)));
  out += static_cast<char>(static_cast<uint8_t>(d.merge) |
                           (static_cast<uint8_t>(d.temporality) << kTemporalityShift) |
                           (same_scope ? kSameScope : 0));
  if (!same_scope) {
    append_text(out, d.scope.account);
    append_text(out, d.scope.region);
    scope_ = d.scope;
  }
  const size_t head = shared_head(canonical_, d.canonical);
  const size_t tail = shared_tail(std::string_view(canonical_).substr(head),
                                  std::string_view(d.canonical).substr(head));
  append_varint(out, head);
  append_varint(out, tail);
  append_text(out, d.canonical.substr(head, d.canonical.size() - head - tail));
  canonical_.assign(d.canonical);
  id_ = d.id;
  first_ = false;
}

bool DefinitionReader::take_version_1(const char*& at, const char* end) {
  std::string_view account;
  std::string_view region;
  std::string_view canonical;
  if (!read_text(at, end, account) || !read_text(at, end, region) ||
      !read_text(at, end, canonical)) {
    return false;
  }
  scope_ = {std::string(account), std::string(region)};
  canonical_.assign(canonical);
  return true;
}

bool DefinitionReader::take(const char*& at, const char* end, SeriesDefinition& out) {
  uint64_t id = 0;
  if (!read_varint(at, end, id) || at == end) return false;
  const auto flags = static_cast<uint8_t>(*at++);
  const uint8_t known = version_ == 1 ? 7 : 15;
  const uint8_t temporality = (flags >> kTemporalityShift) & 3;
  if ((flags & ~known) != 0 || temporality > static_cast<uint8_t>(signal::Temporality::Cumulative))
    return false;
  out.merge = static_cast<signal::MergeKind>(flags & 1);
  out.temporality = static_cast<signal::Temporality>(temporality);
  if (version_ == 1) {
    if (!take_version_1(at, end)) return false;
    id_ = id;
  } else {
    id_ = first_ ? id : id_ + 1 + static_cast<uint64_t>(unzigzag(id));
    std::string_view account;
    std::string_view region;
    if ((flags & kSameScope) == 0) {
      if (!read_text(at, end, account) || !read_text(at, end, region)) return false;
      scope_ = {std::string(account), std::string(region)};
    } else if (first_) {
      return false;
    }
    uint64_t head = 0;
    uint64_t tail = 0;
    std::string_view middle;
    if (!read_varint(at, end, head) || !read_varint(at, end, tail) || head > canonical_.size() ||
        tail > canonical_.size() - head || !read_text(at, end, middle) ||
        head + middle.size() + tail > kLabelBytesMax) {
      return false;
    }
    canonical_.replace(head, canonical_.size() - head - tail, middle);
  }
  first_ = false;
  out.id = id_;
  out.scope = scope_;
  out.canonical = canonical_;
  return true;
}

void encode_batch_record(const BatchRecordInput& input, const SeriesTable& table,
                         std::string& out) {
  out += static_cast<char>(kBatchRecordVersion);
  append_varint(out, input.new_series.size());
  DefinitionWriter definitions;
  table.visit_each(input.new_series,
                   [&](const SeriesDefinition& definition) { definitions.put(definition, out); });
  encode_points(input, out);
}

Status decode_batch_record(std::string_view payload,
                           const std::function<Status(const SeriesDefinition&)>& define,
                           DecodedRecord& out) {
  const char* at = payload.data();
  const char* end = at + payload.size();
  const uint8_t version = payload.empty() ? 0 : static_cast<uint8_t>(*at++);
  if (version < kBatchRecordVersionMin || version > kBatchRecordVersion) {
    return corruption("metric record of an unknown version");
  }
  uint64_t definitions = 0;
  if (!read_varint(at, end, definitions)) return corruption("metric record: cut off");
  DefinitionReader reader(version);
  for (uint64_t i = 0; i < definitions; ++i) {
    SeriesDefinition definition;
    if (!reader.take(at, end, definition)) return corruption("series definition: cut off");
    KANSOKU_RETURN_IF_ERROR(define(definition));
  }
  return decode_points(at, end, out);
}

}  // namespace kansoku::store::metrics
