// Blocks of the event engine: bytes against zstd -3 of the same lines, CPU to write and read, and
// what a scan for a text costs.
//
// Workload: JSON lines as an OTel SDK writes them, 12 services of 8 pods, six shapes of message,
// levels, latencies with heavy tails, seed 42; trace and span ids unique by row, traces shared by 8
// rows, or none; and lines that are no JSON. Blocks hold neighbours in time, sorted by (service,
// pod, time), as the engine writes them.
#include <time.h>
#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "store/events/block.h"

namespace kansoku::store::events {
namespace {

double thread_cpu() {
  timespec ts{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) + 1e-9 * static_cast<double>(ts.tv_nsec);
}

// Plain: no JSON. Numbers: the lines of bench/logs_store, with times and durations as numbers.
enum class Ids : uint8_t { Unique, Shared, None, Plain, Numbers };

struct Line {
  uint32_t stream = 0;
  int64_t ns = 0;
  std::string text;
};

constexpr std::array<std::string_view, 12> kServices{
    "checkout", "cart",    "frontend", "payment",   "shipping", "currency",
    "email",    "catalog", "ads",      "recommend", "auth",     "gateway"};
constexpr int64_t kStartNs = 1'795'300'000'000'000'000;
constexpr std::string_view kNeedle = "wondrous";  // in one line of all

class Generator {
 public:
  explicit Generator(Ids ids) : ids_(ids) {
    for (size_t service = 0; service < kServices.size(); ++service) {
      for (int pod = 0; pod < 8; ++pod) {
        streams.push_back(
            fmt::format("{}-{:x}-{}", kServices[service], (random_() >> 28) & 0xfffffffff, pod));
      }
    }
  }
  std::vector<std::string> streams;

  Line next() {
    Line line;
    line.stream = static_cast<uint32_t>(below(streams.size()));
    now_ms_ += static_cast<int64_t>(below(3));
    line.ns = kStartNs + now_ms_ * 1'000'000;
    const std::string_view service = kServices[line.stream / 8];
    std::string& out = line.text;
    if (ids_ == Ids::Plain) {
      append_time(out);
      out += fmt::format(" {} [{}] {} request={:016x}", level(), service, message(), random_());
      ++rows_;
      return line;
    }
    if (ids_ == Ids::Numbers) {
      append_numbers(out, service, streams[line.stream]);
      return line;
    }
    out = R"({"timestamp":")";
    append_time(out);
    out += fmt::format(R"(","severity":"{}","service.name":"{}","k8s.pod.name":"{}")", level(),
                       service, streams[line.stream]);
    if (ids_ == Ids::Shared && rows_ % 8 == 0) trace_ = {random_(), random_()};
    if (ids_ == Ids::Unique) trace_ = {random_(), random_()};
    if (ids_ != Ids::None) {
      out += fmt::format(R"(,"trace_id":"{:016x}{:016x}","span_id":"{:016x}")", trace_[0],
                         trace_[1], random_());
    }
    out += fmt::format(R"(,"message":"{}"}})", message());
    ++rows_;
    return line;
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  std::string_view level() {
    const uint64_t pick = below(100);
    return pick < 80 ? "INFO" : pick < 92 ? "DEBUG" : pick < 98 ? "WARN" : "ERROR";
  }
  void append_numbers(std::string& out, std::string_view service, std::string_view pod) {
    out += fmt::format(
        R"({{"ts":{},"level":"{}","service":"{}","pod":"{}","trace_id":"{:016x}{:016x}",)"
        R"("span_id":"{:016x}","duration_ms":{},"body":")",
        kStartNs / 1'000'000 + now_ms_, level(), service, pod, random_(), random_(), random_(),
        below(2'000));
    switch (below(6)) {
      case 0:
        out += fmt::format("order {} accepted for customer {} with {} items", below(100'000'000),
                           below(1'000'000), below(9));
        break;
      case 1:
        out += fmt::format("GET /api/v1/products/{} 200 {}ms", below(50'000), below(900));
        break;
      case 2:
        out += fmt::format("cache miss for key product:{}, loading from database took {}ms",
                           below(50'000), below(300));
        break;
      case 3:
        out += fmt::format("connection to 10.{}.{}.{}:5432 closed after {} requests", below(256),
                           below(256), below(256), below(10'000));
        break;
      case 4:
        out += fmt::format("payment {} authorised, amount {}.{:02} EUR", below(1'000'000'000),
                           below(900), below(100));
        break;
      default:
        out += fmt::format("retrying request {:08x} to upstream {}, attempt {}",
                           random_() & 0xffffffff, kServices[below(12)], below(5));
    }
    out += "\"}";
    ++rows_;
  }
  double latency() {
    const double u = static_cast<double>(below(1'000'000) + 1) / 1e6;
    return std::exp(1.5 - 1.2 * std::log(u));
  }
  void append_time(std::string& out) {
    const int64_t day_ms = (kStartNs / 1'000'000 + now_ms_) % 86'400'000;
    const int64_t day = (kStartNs / 1'000'000 + now_ms_) / 86'400'000 - 20'778;  // of 2026-11-21
    out += fmt::format("2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z", 21 + day, day_ms / 3'600'000,
                       day_ms / 60'000 % 60, day_ms / 1'000 % 60, day_ms % 1'000);
  }
  std::string message() {
    static constexpr std::array<std::string_view, 4> kMethods{"GET", "POST", "PUT", "DELETE"};
    static constexpr std::array<int, 6> kStatuses{200, 200, 200, 201, 404, 500};
    if (rows_ == 100'000) return fmt::format("the {} machine", kNeedle);
    switch (below(6)) {
      case 0:
        return fmt::format("{} /api/v1/orders/{} HTTP/1.1 {} {} {:.2f}ms", kMethods[below(4)],
                           below(1'000'000), kStatuses[below(6)], 200 + below(20'000), latency());
      case 1:
        return fmt::format("cache miss for key user:{}:session, fetching from db", below(200'000));
      case 2:
        return fmt::format("connection from 10.{}.{}.{}:{} accepted", below(4), below(256),
                           below(256), 1'024 + below(60'000));
      case 3:
        return fmt::format("processed batch of {} items in {:.1f} ms, {} failed", below(500),
                           latency(), below(3));
      case 4:
        return fmt::format("failed to call upstream {}: timeout after {} ms (attempt {}/3)",
                           kServices[below(12)], 1'000 * (1 + below(5)), 1 + below(3));
      default:
        return fmt::format("queue depth {} consumer lag {} partition {}", below(10'000),
                           below(100'000), below(32));
    }
  }

  Ids ids_;
  std::mt19937_64 random_{42};
  std::array<uint64_t, 2> trace_{};
  int64_t now_ms_ = 0;
  size_t rows_ = 0;
};

class Bytes final : public BlockBytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  Result<std::shared_ptr<const std::string>> read(uint64_t offset, size_t bytes) override {
    return std::make_shared<const std::string>(bytes_.substr(offset, bytes));
  }

 private:
  std::string_view bytes_;
};

// Rows of one block: sorted by stream, then time.
BlockRows rows_of(std::vector<const Line*> lines, const Generator& generator) {
  std::ranges::sort(lines, {}, [&](const Line* line) {
    return std::tuple(std::string_view(generator.streams[line->stream]), line->ns, line);
  });
  BlockRows rows;
  signal::EventColumn message{.path = std::string(kMessagePath)};
  const Line* before = nullptr;
  for (const Line* line : lines) {
    if (before == nullptr || before->stream != line->stream)
      rows.streams.push_back({"/otel/logs", 0, generator.streams[line->stream]});
    before = line;
    message.rows.push_back(static_cast<uint32_t>(rows.size()));
    rows.stream_rows.push_back(static_cast<uint32_t>(rows.streams.size() - 1));
    rows.timestamps_ns.push_back(line->ns);
    // A request of 1,000 events a stream and minute, about.
    rows.sequences.push_back(static_cast<uint64_t>(line->ns / 60'000'000'000) * 100 + line->stream);
    rows.batch_rows.push_back(static_cast<uint32_t>(rows.size() % 1'000));
    rows.ingested_ns.push_back((line->ns / 60'000'000'000 + 1) * 60'000'000'000 + line->stream);
    message.text += line->text;
    message.text_ends.push_back(static_cast<uint32_t>(message.text.size()));
  }
  rows.columns.push_back(std::move(message));
  return rows;
}

struct Blocks {
  std::vector<std::string> bytes;
  size_t raw = 0;
  size_t rows = 0;
};

const BlockRange kAll{.begin_ns = std::numeric_limits<int64_t>::min(),
                      .end_ns = std::numeric_limits<int64_t>::max()};

double best_of(auto&& run) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double begin = thread_cpu();
    run();
    best = std::min(best, thread_cpu() - begin);
  }
  return best;
}

// With readers that are kept: ruling out, and counting with decoded rows let go in between.
void scan_kept(const Blocks& blocks, const EventFilter& filter) {
  std::vector<std::unique_ptr<Bytes>> bytes;
  std::vector<std::unique_ptr<BlockReader>> readers;
  uint64_t memory = 0;
  for (const std::string& block : blocks.bytes) {
    bytes.push_back(std::make_unique<Bytes>(block));
    readers.push_back(std::move(*BlockReader::open(*bytes.back(), block.size())));
    (void)readers.back()->may_match(filter);
    readers.back()->shed();
    memory += readers.back()->memory_bytes();
  }
  const auto count = static_cast<double>(readers.size());
  const double ruled = best_of([&] {
    for (const auto& reader : readers) (void)reader->may_match(filter);
  });
  size_t counted = 0;
  size_t quick = 0;
  const double counting = best_of([&] {
    counted = quick = 0;
    for (const auto& reader : readers) {
      if (!*reader->may_match(filter)) continue;
      const auto counts = *reader->count(kAll, filter, 0);
      quick += counts.has_value();
      if (counts) {
        for (const uint64_t rows : counts->rows) counted += rows;
      } else {
        const auto found = *reader->select(kAll, filter);
        counted += found->checked(0) ? found->size() : filter.rows(*found)->size();
      }
      reader->shed();
    }
  });
  std::printf("  %34s %8.2f us a block to judge, %.1f to count %zu (%zu quick), %.0f KiB kept\n",
              "kept:", ruled * 1e6 / count, counting * 1e6 / count, counted, quick,
              static_cast<double>(memory) / 1024 / count);
}

// A count of rows: by may_match() alone where it rules out, else by select() and the filter.
void scan(const Blocks& blocks, std::string_view what, EventPredicate predicate) {
  const auto filter = EventFilter::make(std::vector<EventClause>{{predicate}});
  double best = 1e9;
  size_t found = 0;
  size_t looked = 0;
  uint64_t read = 0;
  for (int run = 0; run < 3; ++run) {
    found = looked = read = 0;
    const double begin = thread_cpu();
    for (const std::string& bytes : blocks.bytes) {
      Bytes memory(bytes);
      const auto reader = BlockReader::open(memory, bytes.size());
      if (!*(*reader)->may_match(*filter)) {
        read += (*reader)->bytes_read();
        continue;
      }
      ++looked;
      const auto rows = (*reader)->select(kAll, *filter);
      found += (*rows)->checked(0) ? (*rows)->size() : filter->rows(**rows)->size();
      read += (*reader)->bytes_read();
    }
    best = std::min(best, thread_cpu() - begin);
  }
  std::printf("  %-34s %8.2f GB/s %9.1f us a block, %zu of %zu blocks, %zu rows, %.1f MB read\n",
              std::string(what).c_str(), static_cast<double>(blocks.raw) / best / 1e9,
              best * 1e6 / static_cast<double>(blocks.bytes.size()), looked, blocks.bytes.size(),
              found, static_cast<double>(read) / 1e6);
  scan_kept(blocks, *filter);
}

EventPredicate contains(std::string_view text) {
  return {.path = std::string(kMessagePath),
          .op = EventPredicate::Op::Contains,
          .text = std::string(text)};
}

void measure(Ids ids, const char* name, size_t lines_count, size_t block_bytes, bool scans,
             std::string_view find = {}) {
  Generator generator(ids);
  std::vector<Line> lines;
  std::string raw;
  for (size_t i = 0; i < lines_count; ++i) {
    lines.push_back(generator.next());
    raw += lines.back().text;
    raw += '\n';
  }
  std::string whole(ZSTD_compressBound(raw.size()), '\0');
  const size_t zstd = ZSTD_compress(whole.data(), whole.size(), raw.data(), raw.size(), 3);
  Blocks blocks;
  double encode = 0;
  double decode = 0;
  for (size_t first = 0; first < lines.size();) {
    std::vector<const Line*> some;
    size_t bytes = 0;
    while (first < lines.size() && bytes < block_bytes && some.size() < kBlockRowsMax) {
      bytes += lines[first].text.size();
      some.push_back(&lines[first++]);
    }
    const BlockRows rows = rows_of(std::move(some), generator);
    std::string& block = blocks.bytes.emplace_back();
    double begin = thread_cpu();
    encode_block(rows, block);
    encode += thread_cpu() - begin;
    begin = thread_cpu();
    const auto decoded = decode_block(block);
    decode += thread_cpu() - begin;
    if (!decoded || decoded->columns[0].text != rows.columns[0].text) {
      std::printf("NOT THE SAME\n");
      std::exit(1);
    }
    blocks.rows += rows.size();
  }
  blocks.raw = raw.size();
  size_t stored = 0;
  for (const std::string& block : blocks.bytes) stored += block.size();
  const auto n = static_cast<double>(raw.size());
  std::printf(
      "%-8s %.1f MB raw, zstd -3 %.2f MB, blocks %.2f MB in %zu = %.3f x zstd, "
      "%.1f bytes a row; encode %.2f ns a byte, decode %.2f\n",
      name, n / 1e6, static_cast<double>(zstd) / 1e6, static_cast<double>(stored) / 1e6,
      blocks.bytes.size(), static_cast<double>(stored) / static_cast<double>(zstd),
      static_cast<double>(stored) / static_cast<double>(blocks.rows), encode * 1e9 / n,
      decode * 1e9 / n);
  if (!scans) return;
  if (!find.empty()) {
    for (int run = 0; run < 20; ++run) scan(blocks, find, contains(find));
    return;
  }
  const std::string& line = lines[lines.size() / 2].text;
  scan(blocks, "one word, in one line", contains(kNeedle));
  scan(blocks, "a word that is nowhere", contains("extraordinary"));
  scan(blocks, "a phrase of a template", contains("consumer lag"));
  scan(blocks, "a level, as text", contains("\"severity\":\"ERROR\""));
  if (const size_t at = line.find("trace_id"); at != std::string::npos) {
    scan(blocks, "one trace id", contains(line.substr(at + 11, 32)));
    scan(blocks, "one span id", contains(line.substr(line.find("span_id") + 10, 16)));
    scan(blocks, "part of ids", contains("a7f3c"));
  }
  scan(blocks, "digits anywhere", contains("98765"));
  if (ids == Ids::Numbers) {
    scan(blocks, "a phrase, cache miss for key product:", contains("cache miss for key product:"));
    scan(blocks, "digits, 7531", contains("7531"));
  }
  scan(blocks, "across variables", contains("lag 12345 part"));
  scan(blocks, "a phrase and a number", contains("orders/77"));
  scan(blocks, "all rows", contains(""));
  scan(blocks, "an expression with a literal",
       {.path = std::string(kMessagePath),
        .op = EventPredicate::Op::Regex,
        .text = "timeout after [45]000 ms"});
  scan(
      blocks, "an expression without one",
      {.path = std::string(kMessagePath), .op = EventPredicate::Op::Regex, .text = "\\d{5}\\.\\d"});
  scan(blocks, "a field is a text",
       {.path = "severity", .op = EventPredicate::Op::TextEqual, .text = "ERROR"});
}

}  // namespace
}  // namespace kansoku::store::events

int main(int argc, char** argv) {
  using namespace kansoku::store::events;
  const size_t lines = argc > 1 ? std::stoul(argv[1]) : 400'000;
  const size_t block_bytes = argc > 2 ? std::stoul(argv[2]) << 20 : kBlockMessageBytesMax;
  if (argc > 4) {
    measure(Ids::Numbers, "numbers", lines, block_bytes, true, argv[4]);
    return 0;
  }
  const bool scans = argc <= 3;
  measure(Ids::Numbers, "numbers", lines, block_bytes, scans);
  measure(Ids::Unique, "unique", lines, block_bytes, scans);
  measure(Ids::Shared, "shared", lines, block_bytes, scans);
  measure(Ids::None, "none", lines, block_bytes, scans);
  measure(Ids::Plain, "plain", lines, block_bytes, scans);
}
