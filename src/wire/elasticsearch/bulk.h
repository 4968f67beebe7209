// Bodies of Elasticsearch's bulk API. See README.md. Thread contract: a reader has one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json/json_object.h"

namespace kansoku::wire::elasticsearch {

enum class Action : uint8_t { Create, Index, Update, Delete };
std::string_view action_name(Action action);

struct BulkItem {
  Action action = Action::Create;
  std::string_view index;     // empty: the request's
  std::string_view id;        // empty: none
  std::string_view pipeline;  // empty: none
  std::string_view document;  // empty for Delete
};

class BulkReader {
 public:
  explicit BulkReader(const PaddedText& body) : rest_(body.text()) {}
  // The next item, its views good until the next call (the document's as long as the body);
  // nothing at the end. InvalidArgument: a line that is no action.
  Result<std::optional<BulkItem>> next();

 private:
  std::string_view take_line();
  Status read_action(std::string_view line);

  std::string_view rest_;
  size_t line_ = 0;
  std::string_view action_line_;  // the one that was read last
  Action action_ = Action::Create;
  std::string index_;
  std::string id_;
  std::string pipeline_;
};

// Unix nanoseconds of a document's time; nothing where it has none that can be read.
// InvalidArgument where it is no JSON object.
Result<std::optional<int64_t>> time_of(const PaddedText& body, std::string_view document);

}  // namespace kansoku::wire::elasticsearch
