// One document of the embedded metric format on its way into a log: where it belongs, and cut into
// several where it has more metrics than one may have.
//
// Thread contract: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::pipeline::emf_listener {

struct Document {
  std::string group;   // empty: it names none
  std::string stream;  // the same
  std::optional<int64_t> timestamp_ms;
  // What to send instead; empty: the document as it is.
  std::vector<std::string> parts;
};

// Nothing when the text is no document of the format (JSON with `_aws` and in it a list of
// `CloudWatchMetrics`). Broken rules of the format (a unit that is none) are not looked for: such a
// document stays an event.
std::optional<Document> read_document(std::string_view text);

}  // namespace kansoku::pipeline::emf_listener
