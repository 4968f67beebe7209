#include "pipeline/sending/stream_inbox.h"

namespace kansoku::pipeline {
namespace {

// Of bytes that wait for the pool; a step reads them all, in a few milliseconds.
constexpr size_t kInboxBytesMax = 256 << 10;

}  // namespace

void StreamInbox::on_bytes(std::string_view bytes) {
  {
    std::lock_guard lock(inbox_mutex_);
    if (over_) return;
    inbox_ += bytes;
    if (inbox_.size() >= kInboxBytesMax && !paused_) {
      paused_ = true;
      connection_->pause();
    }
    if (std::exchange(running_, true)) return;
  }
  executor_.post(Lane::Ingest, [self = shared_from_this()] { self->step(); });
}

void StreamInbox::on_end() {
  {
    std::lock_guard lock(inbox_mutex_);
    end_ = true;
    if (std::exchange(running_, true)) return;
  }
  executor_.post(Lane::Ingest, [self = shared_from_this()] { self->step(); });
}

void StreamInbox::step() {
  if (sender_->full()) {
    sender_->when_room([self = shared_from_this()] { self->step(); });
    return;
  }
  std::string bytes;
  {
    std::lock_guard lock(inbox_mutex_);
    bytes.swap(inbox_);
  }
  const bool good = bytes.empty() || drain(std::move(bytes));
  bool more = false;
  bool last = false;
  {
    // Where it is over `running_` stays, so that nobody begins again.
    std::lock_guard lock(inbox_mutex_);
    if (!good) {
      over_ = true;
      inbox_.clear();
    } else if (!inbox_.empty()) {
      more = true;
    } else if (end_) {
      over_ = last = true;
    } else {
      running_ = false;
    }
    if (good && inbox_.size() < kInboxBytesMax && std::exchange(paused_, false))
      connection_->resume();
  }
  if (!good) return connection_->close();
  if (last) return ended();
  if (more) executor_.post(Lane::Ingest, [self = shared_from_this()] { self->step(); });
}

}  // namespace kansoku::pipeline
