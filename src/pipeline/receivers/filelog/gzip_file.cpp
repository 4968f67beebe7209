#include "pipeline/receivers/filelog/gzip_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace kansoku::pipeline::filelog {
namespace {

constexpr size_t kInputBytes = 64 << 10;
constexpr size_t kOutputBytes = 64 << 10;
// Of text that was passed: what stands before the place of reading is looked at again and again (an
// unfinished event, the bytes that tell the file). Larger than the default limit of an event.
constexpr size_t kWindowBytes = (1 << 20) + (128 << 10);
// 15 bits of window, and a gzip header.
constexpr int kGzipWindowBits = 15 + 16;

class GzipFile final : public env::File {
 public:
  explicit GzipFile(std::unique_ptr<env::File> packed)
      : packed_(std::move(packed)), input_(kInputBytes) {}
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  ~GzipFile() override { end(); }

  Status measure() {
    KANSOKU_RETURN_IF_ERROR(rewind());
    while (!finished_) KANSOKU_RETURN_IF_ERROR(inflate_some());
    size_ = window_begin_ + window_.size();
    return {};
  }

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> into) override {
    if (offset >= size_) return size_t{0};
    if (offset < window_begin_) KANSOKU_RETURN_IF_ERROR(rewind());
    size_t done = 0;
    while (done < into.size() && offset + done < size_) {
      uint64_t at = offset + done;
      while (window_begin_ + window_.size() <= at) {
        if (finished_) return done;
        KANSOKU_RETURN_IF_ERROR(inflate_some());
      }
      size_t from = at - window_begin_;
      size_t n = std::min(into.size() - done, window_.size() - from);
      std::memcpy(into.data() + done, window_.data() + from, n);
      done += n;
    }
    return done;
  }
  Status write_at(uint64_t, ByteSpan) override { return not_writable(); }
  Status sync_data() override { return not_writable(); }
  Status truncate(uint64_t) override { return not_writable(); }
  Status preallocate(uint64_t) override { return not_writable(); }
  Result<uint64_t> size() override { return size_; }
  Result<env::FileInfo> info() override {
    auto out = packed_->info();
    if (out) out->size_bytes = size_;
    return out;
  }

 private:
  static Status not_writable() {
    return fail(ErrorCode::PermissionDenied, "the text of a gzip file cannot be written");
  }

  void end() {
    if (started_) ::inflateEnd(&stream_);
    started_ = false;
  }

  Status rewind() {
    end();
    stream_ = {};
    if (::inflateInit2(&stream_, kGzipWindowBits) != Z_OK) {
      return fail(ErrorCode::ResourceExhausted, "no memory to inflate");
    }
    started_ = true;
    finished_ = false;
    in_member_ = true;
    input_at_ = 0;
    window_begin_ = 0;
    window_.clear();
    return {};
  }

  // True when there is input.
  Result<bool> fill_input() {
    if (stream_.avail_in > 0) return true;
    KANSOKU_TRY(size_t n, packed_->read_at(input_at_, std::as_writable_bytes(std::span(input_))));
    input_at_ += n;
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(n);
    return n > 0;
  }

  Status inflate_some() {
    KANSOKU_TRY(bool any, fill_input());
    if (!any) {
      if (in_member_) return fail(ErrorCode::DataLoss, "the gzip file is not whole");
      finished_ = true;
      return {};
    }
    if (!in_member_) {
      // Another member, or zeros that fill up a block of a tape: those end it.
      if (*stream_.next_in == 0) {
        finished_ = true;
        return {};
      }
      ::inflateReset(&stream_);
      in_member_ = true;
    }
    if (window_.size() > 2 * kWindowBytes) {
      size_t passed = window_.size() - kWindowBytes;
      window_.erase(0, passed);
      window_begin_ += passed;
    }
    std::array<unsigned char, kOutputBytes> output;
    stream_.next_out = output.data();
    stream_.avail_out = static_cast<uInt>(output.size());
    int outcome = ::inflate(&stream_, Z_NO_FLUSH);
    window_.append(reinterpret_cast<const char*>(output.data()), output.size() - stream_.avail_out);
    if (outcome == Z_STREAM_END) {
      in_member_ = false;
      return {};
    }
    if (outcome == Z_OK || outcome == Z_BUF_ERROR) return {};
    return fail(ErrorCode::DataLoss, stream_.msg == nullptr ? "damaged gzip file" : stream_.msg);
  }

  std::unique_ptr<env::File> packed_;
  std::vector<unsigned char> input_;
  z_stream stream_{};
  bool started_ = false;
  bool finished_ = false;
  bool in_member_ = false;  // else between two of them
  uint64_t input_at_ = 0;
  uint64_t window_begin_ = 0;  // place in the text
  std::string window_;
  uint64_t size_ = 0;
};

}  // namespace

Result<std::unique_ptr<env::File>> open_gzip(std::unique_ptr<env::File> packed) {
  auto out = std::make_unique<GzipFile>(std::move(packed));
  KANSOKU_RETURN_IF_ERROR(out->measure());
  return out;
}

}  // namespace kansoku::pipeline::filelog
