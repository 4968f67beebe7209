// JSON and CBOR into a described struct; internal to wire/aws.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/describe/describe.h"
#include "wire/json/json_writer.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::aws {

class TreeDecoder final : public wire::TreeVisitor {
 public:
  enum class Source : uint8_t { Json, Cbor };
  TreeDecoder(Source source, const describe::Type& type, void* object)
      : source_(source), root_(&type), root_object_(object) {}

  const std::string& message() const { return message_; }
  bool complete() const { return complete_; }

  bool begin_map() override;
  bool begin_list() override;
  bool end() override;
  bool key(std::string_view name) override;
  bool text(std::string_view value) override;
  bool bytes(std::string_view value) override;
  bool integer(int64_t value) override;
  bool number(double value) override;
  bool boolean(bool value) override;
  bool null() override;
  bool tag(uint64_t value) override;

 private:
  struct Frame {
    const describe::Type* type;
    void* object;
    size_t hint = 0;                           // structures: where the next member is likely
    const describe::Member* member = nullptr;  // structures: of the last key
    std::string key;                           // maps: the last key
  };
  struct Slot {
    const describe::Type* type = nullptr;
    const describe::Member* member = nullptr;
    void* value = nullptr;
  };

  // Where the value that comes now belongs; type null: nowhere, it is skipped.
  Slot take_slot();
  bool begin(describe::Kind kind);
  bool refuse(const Slot& slot, std::string_view got);
  bool in_document() const { return document_depth_ > 0; }

  Source source_;
  const describe::Type* root_;
  void* root_object_;
  std::vector<Frame> frames_;
  int skip_depth_ = 0;      // inside a container nobody wants
  int document_depth_ = 0;  // inside a document, which is kept as JSON text
  std::string* document_ = nullptr;
  std::vector<bool> document_lists_;
  std::unique_ptr<wire::JsonWriter> document_writer_;
  bool started_ = false;
  bool complete_ = false;
  std::string message_;
};

}  // namespace kansoku::aws
