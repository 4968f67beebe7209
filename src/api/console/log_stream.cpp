#include "api/console/log_stream.h"

#include "api/console/reply.h"

namespace kansoku::api::console {

void LineStream::begin(std::string_view content_type, std::string_view file_name) {
  net::Headers headers;
  headers.set("content-type", std::string(content_type));
  headers.set("cache-control", "no-store");
  headers.set("x-content-type-options", "nosniff");
  if (!file_name.empty()) {
    headers.set("content-disposition", fmt::format("attachment; filename=\"{}\"", file_name));
  }
  {
    std::lock_guard lock(mutex_);
    exchange_.begin(200, std::move(headers));
  }
  exchange_.on_close([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->gone_ = true;
    std::function<void()> callback;
    {
      std::lock_guard lock(self->context_mutex_);
      if (self->context_ != nullptr) self->context_->cancel();
      callback = self->on_gone_;
    }
    if (callback) callback();
  });
}

bool LineStream::write(std::string text) {
  std::lock_guard lock(mutex_);
  return exchange_.write(std::move(text));
}

void LineStream::end() {
  std::lock_guard lock(mutex_);
  exchange_.end();
}

void LineStream::abort() {
  std::lock_guard lock(mutex_);
  exchange_.abort();
}

void LineStream::attach(query::QueryContext& context) {
  std::lock_guard lock(context_mutex_);
  context_ = &context;
  if (gone_) context.cancel();
}

void LineStream::detach() {
  std::lock_guard lock(context_mutex_);
  context_ = nullptr;
}

void LineStream::on_gone(std::function<void()> callback) {
  std::lock_guard lock(context_mutex_);
  on_gone_ = std::move(callback);
}

void LineStream::on_drain(std::move_only_function<void()> callback) {
  std::lock_guard lock(mutex_);
  exchange_.on_drain(std::move(callback));
}

std::string progress_line(uint64_t rows, uint64_t matched, int64_t elapsed_ms) {
  return json_line({}, "progress", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("rows");
    json.unsigned_integer(rows);
    json.key("matched");
    json.unsigned_integer(matched);
    json.key("elapsedMs");
    json.integer(elapsed_ms);
    json.end_object();
  });
}

std::string error_line(std::string_view id, const Error& error, std::optional<size_t> position,
                       std::optional<size_t> end) {
  return json_line(id, "error", [&](wire::JsonWriter& json) {
    json.begin_object();
    json.key("code");
    json.string(api_error_code(error.code));
    json.key("message");
    json.string(error.to_string());
    if (position) {
      json.key("position");
      json.unsigned_integer(*position);
    }
    if (end) {
      json.key("end");
      json.unsigned_integer(*end);
    }
    json.end_object();
  });
}

}  // namespace kansoku::api::console
