// kansoku ctl import: exposition text, OpenMetrics and blocks of Prometheus' TSDB, read here and
// sent to a running server.
#include <cstdio>

#include "app/ctl_commands.h"
#include "base/env/env.h"
#include "wire/document/document.h"
#include "wire/exposition/batches.h"
#include "wire/remote_write/encode.h"
#include "wire/snappy/snappy.h"
#include "wire/tsdb_block/block.h"

namespace kansoku::app {
namespace {

namespace ex = wire::exposition;
namespace tsdb = wire::tsdb_block;
namespace rw = wire::remote_write;

// Of one request: 20,000 floats, or fewer histograms.
constexpr size_t kPointsMax = 20'000;
constexpr size_t kBucketsMax = 200'000;
constexpr size_t kFileBytesMax = size_t{8} << 30;
// A server that is busy is asked again, once a second for so long.
constexpr int kTriesMax = 60;

class Importer {
 public:
  explicit Importer(const CtlFlags& flags) : flags_(flags) {}

  Status open() {
    if (flags_.dry_run) return {};
    KANSOKU_TRY(endpoint_, find_endpoint(flags_.data, flags_.endpoint, flags_.token));
    return {};
  }
  // One file, block, or folder of blocks.
  Status import(const std::string& path);
  // 0 when everything was stored.
  int report() const;

 private:
  Status import_text(const std::string& path);
  Status import_block(const std::string& path);
  Status import_folder(const std::string& path);
  Status send(const signal::MetricBatch& batch, std::span<const rw::Metadata> metadata);
  Status take_answer(const net::HttpClientResponse& answer);

  const CtlFlags& flags_;
  env::FileSystem& files_ = env::real_files();
  ToolEndpoint endpoint_;
  uint64_t read_ = 0;
  uint64_t stored_ = 0;
  std::map<std::string, uint64_t> rejected_;
  std::string message_;
};

Status Importer::take_answer(const net::HttpClientResponse& answer) {
  auto body = wire::parse_json(answer.body);
  const wire::Node* data = body ? body->find("data") : nullptr;
  if (answer.status != 200 || data == nullptr) {
    std::string why = body ? std::string(body->text_of("error")) : answer.body.substr(0, 300);
    return unavailable("the server answered {}: {}", answer.status, why);
  }
  stored_ += static_cast<uint64_t>(data->number_of("stored").value_or(0));
  if (const wire::Node* rejected = data->find("rejected")) {
    for (const auto& entry : rejected->entries) {
      rejected_[entry.key] += static_cast<uint64_t>(rejected->number_of(entry.key).value_or(0));
    }
  }
  if (message_.empty()) message_ = data->text_of("message");
  return {};
}

Status Importer::send(const signal::MetricBatch& batch, std::span<const rw::Metadata> metadata) {
  read_ += batch.point_count();
  if (flags_.dry_run) return {};
  KANSOKU_TRY(std::string message, rw::encode_v1(batch, metadata));
  std::string body = wire::snappy_encode(message);
  for (int tries = 0;; ++tries) {
    ToolRequest request{.method = "POST", .path = "/api/v1/import/write", .body = body};
    request.headers.set("content-type", "application/x-protobuf");
    request.headers.set("content-encoding", "snappy");
    auto answer = send_request(endpoint_, std::move(request));
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->status != 503 || tries == kTriesMax) return take_answer(*answer);
    wait_before_retry();
  }
}

// Read twice: a mistake at the end must not leave half of a file behind.
Status Importer::import_text(const std::string& path) {
  KANSOKU_TRY(std::string text, files_.read_all(path, kFileBytesMax));
  ex::ParseOptions options{.format = ex::guess_format(text), .checks = ex::Checks::Families};
  int64_t now_ms = env::real_clock().wall_now().ms();
  ex::BatchVisitor looked({.now_ms = now_ms, .points_max = kPointsMax}, [](const auto&) {});
  auto parsed = ex::parse(text, options, looked);
  if (!parsed) {
    const ex::Problem& p = parsed.error();
    return invalid_argument("{}:{}:{}: {}", path, p.line, p.column, p.message);
  }
  std::vector<rw::Metadata> metadata;
  for (const ex::Family& family : looked.families()) {
    metadata.push_back(
        {family.name, static_cast<rw::MetricType>(family.type), family.help, family.unit});
  }
  Status status;
  ex::BatchVisitor visitor({.now_ms = now_ms, .points_max = kPointsMax}, [&](const auto& batch) {
    if (status) status = send(*batch, std::exchange(metadata, {}));
  });
  options.checks = ex::Checks::Lines;
  (void)ex::parse(text, options, visitor);
  visitor.finish();
  return status;
}

Status Importer::import_block(const std::string& path) {
  KANSOKU_TRY(auto block, tsdb::Block::open(files_, path));
  signal::MetricBatchBuilder builder;
  size_t buckets = 0;
  auto flush = [&]() -> Status {
    buckets = 0;
    if (builder.point_count() == 0) return {};
    return send(*builder.finish(), {});
  };
  KANSOKU_RETURN_IF_ERROR(block->read([&](const tsdb::BlockSeries& series) -> Status {
    signal::SeriesRow row = builder.add_series_canonical(series.labels->canonical(), {});
    for (size_t i = 0; i < series.points.size(); ++i) {
      if (builder.point_count() >= kPointsMax || buckets >= kBucketsMax) {
        KANSOKU_RETURN_IF_ERROR(flush());
        row = builder.add_series_canonical(series.labels->canonical(), {});
      }
      const signal::Point& point = series.points[i];
      if (point.distribution == nullptr) {
        builder.add_float(row, series.timestamps_ms[i], point.value);
        continue;
      }
      buckets += 16;
      if (const auto* e = std::get_if<signal::ExponentialBuckets>(&point.distribution->buckets)) {
        buckets += e->positive.size() + e->negative.size();
      } else if (const auto* x =
                     std::get_if<signal::ExplicitBuckets>(&point.distribution->buckets)) {
        buckets += 2 * x->counts.size();
      }
      builder.add_point(row, series.timestamps_ms[i], point);
    }
    return {};
  }));
  return flush();
}

Status Importer::import_folder(const std::string& path) {
  if (tsdb::is_block(files_, path)) return import_block(path);
  KANSOKU_TRY(auto entries, files_.list(path));
  std::vector<std::string> blocks;
  bool has_head = false;
  for (const env::DirectoryEntry& entry : entries) {
    std::string below = env::join_path(path, entry.name);
    has_head = has_head || (entry.is_directory && entry.name == "wal");
    if (entry.is_directory && tsdb::is_block(files_, below)) blocks.push_back(below);
  }
  if (blocks.empty()) return not_found("{}: neither a block nor a folder of blocks", path);
  std::sort(blocks.begin(), blocks.end());
  for (const std::string& block : blocks) {
    uint64_t before = read_;
    KANSOKU_RETURN_IF_ERROR(import_block(block));
    fmt::print(stderr, "{}: {} samples\n", block, read_ - before);
  }
  if (has_head) {
    fmt::print(stderr,
               "{}: the newest hours are in its write-ahead log, which is not read; import a "
               "snapshot of that server (POST /api/v1/admin/tsdb/snapshot) to have them too\n",
               path);
  }
  return {};
}

Status Importer::import(const std::string& path) {
  KANSOKU_TRY(auto info, files_.info(path));
  return info.is_directory ? import_folder(path) : import_text(path);
}

int Importer::report() const {
  if (flags_.dry_run) {
    fmt::print("{} samples read, nothing sent\n", read_);
    return 0;
  }
  fmt::print("{} samples stored", stored_);
  for (const auto& [reason, rows] : rejected_) fmt::print(", {} rejected ({})", rows, reason);
  fmt::print("\n");
  if (!rejected_.empty() && !message_.empty()) fmt::print(stderr, "the first: {}\n", message_);
  return rejected_.empty() ? 0 : 1;
}

}  // namespace

int run_ctl_import(const CtlFlags& flags, const std::vector<std::string>& paths) {
  if (paths.empty()) {
    fmt::print(stderr, "kansoku ctl import: name a file or a folder\n");
    return 2;
  }
  Importer importer(flags);
  Status status = importer.open();
  for (const std::string& path : paths) {
    if (status) status = importer.import(path);
  }
  if (!status) fmt::print(stderr, "kansoku ctl import: {}\n", status.error().to_string());
  int code = importer.report();
  return status ? code : 1;
}

}  // namespace kansoku::app
