// An answer of JSON lines that one piece of work writes and its client may leave. Internal to
// api/console. Thread contract: free-threaded.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/console/expression_query.h"
#include "net/http/http.h"
#include "query/exec/budget.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::console {

class LineStream : public std::enable_shared_from_this<LineStream> {
 public:
  explicit LineStream(net::HttpExchange exchange) : exchange_(std::move(exchange)) {}
  void begin(std::string_view content_type, std::string_view file_name = {});
  // False: the client reads too slowly; see on_drain().
  bool write(std::string text);
  void end();
  void abort();
  // Cancels the query when the client goes; work that has not begun yet ends at once.
  void attach(query::QueryContext& context);
  void detach();
  bool gone() const { return gone_.load(); }
  void on_gone(std::function<void()> callback);
  void on_drain(std::move_only_function<void()> callback);

 private:
  std::mutex mutex_;
  net::HttpExchange exchange_;
  std::mutex context_mutex_;
  query::QueryContext* context_ = nullptr;
  std::function<void()> on_gone_;
  std::atomic<bool> gone_{false};
};

// {"WHAT":…}, with an "id" before it where that is not empty; `append` writes the value.
template <class F>
std::string json_line(std::string_view id, std::string_view what, F append) {
  std::string line;
  wire::JsonWriter json(line);
  json.begin_object();
  if (!id.empty()) {
    json.key("id");
    json.string(id);
  }
  json.key(what);
  append(json);
  json.end_object();
  return line + "\n";
}

// {"progress":{"rows","matched","elapsedMs"}}
std::string progress_line(uint64_t rows, uint64_t matched, int64_t elapsed_ms);

std::string error_line(std::string_view id, const Error& error, std::optional<size_t> position = {},
                       std::optional<size_t> end = {});

}  // namespace kansoku::api::console
