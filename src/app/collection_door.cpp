// GET /-/where and GET /-/files: what became of the bytes of files.
#include <charconv>

#include "api/console/reply.h"
#include "app/running_graph.h"
#include "base/text/percent.h"

namespace kansoku::app {

using api::console::error_reply;
using api::console::json_reply;

std::optional<net::HttpResponse> collection_answer(const RunningGraph& graph,
                                                   const net::HttpRequest& request) {
  if (request.path() == "/-/files") return json_reply(graph.files_json());
  if (request.path() != "/-/where") return std::nullopt;
  std::string file;
  uint64_t offset = 0;
  std::string_view rest = request.query();
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    std::string value;
    const bool good = append_form_decoded(value, part.substr(std::min(equals + 1, part.size())));
    if (name == "file" && good) {
      file = value;
    } else if (name == "offset" && good) {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), offset);
      if (error != std::errc() || end != value.data() + value.size())
        return error_reply(400, "InvalidArgument",
                           fmt::format("offset {} is no number of bytes", quoted(value)));
    } else {
      return error_reply(400, "InvalidArgument",
                         fmt::format("{} is no option; there are file, offset", quoted(name)));
    }
  }
  if (file.empty()) return error_reply(400, "InvalidArgument", "file is missing");
  return json_reply(graph.where_json(file, offset));
}

}  // namespace kansoku::app
