#include "wire/aws/tree_decoder.h"

#include <cmath>

#include "base/text/base64.h"
#include "wire/aws/protocol.h"
#include "wire/cbor/cbor_reader.h"
#include "wire/json/json_reader.h"

namespace kansoku::aws {

using describe::Kind;
using describe::Timestamp;
using describe::value_as;

namespace {

std::string_view kind_word(Kind kind) {
  switch (kind) {
    case Kind::Boolean:
      return "a boolean";
    case Kind::Integer:
    case Kind::Long:
      return "an integer";
    case Kind::Float:
    case Kind::Double:
      return "a number";
    case Kind::String:
      return "a string";
    case Kind::Blob:
      return "a blob";
    case Kind::Timestamp:
      return "a timestamp";
    case Kind::List:
      return "a list";
    case Kind::Map:
    case Kind::Structure:
      return "a map";
    case Kind::Document:
      return "a document";
  }
  return "a value";
}

}  // namespace

TreeDecoder::Slot TreeDecoder::take_slot() {
  if (frames_.empty()) {
    if (started_) return {};
    started_ = true;
    return {root_, nullptr, root_object_};
  }
  Frame& frame = frames_.back();
  switch (frame.type->kind) {
    case Kind::Structure: {
      const describe::Member* member = frame.member;
      if (member == nullptr) return {};
      return {member->type, member, nullptr};
    }
    case Kind::Map:
    case Kind::List:
      return {frame.type->element, nullptr, nullptr};
    default:
      return {};
  }
}

bool TreeDecoder::refuse(const Slot& slot, std::string_view got) {
  std::string path;
  for (const Frame& frame : frames_) {
    if (frame.type->kind == Kind::Structure && frame.member != nullptr) {
      path += '/';
      path += frame.member->name;
    }
  }
  message_ = fmt::format("{} cannot be converted to {} at {}", got, kind_word(slot.type->kind),
                         path.empty() ? "/" : path);
  return false;
}

namespace {

// The value is made only now, so that a null leaves no trace.
template <class Frames>
void* make_value(Frames& frames, const describe::Member* member, void* root) {
  if (frames.empty()) return root;
  auto& frame = frames.back();
  if (member != nullptr) return member->make(*member, frame.object);
  return frame.type->append(*frame.type, frame.object, frame.key);
}

}  // namespace

bool TreeDecoder::begin(Kind kind) {
  if (in_document()) {
    ++document_depth_;
    kind == Kind::List ? document_writer_->begin_array() : document_writer_->begin_object();
    document_lists_.push_back(kind == Kind::List);
    return true;
  }
  if (skip_depth_ > 0) {
    ++skip_depth_;
    return true;
  }
  Slot slot = take_slot();
  if (slot.type == nullptr) {
    ++skip_depth_;
    return true;
  }
  if (slot.type->kind == Kind::Document) {
    document_ = &value_as<std::string>(make_value(frames_, slot.member, root_object_));
    document_writer_ = std::make_unique<wire::JsonWriter>(*document_);
    ++document_depth_;
    kind == Kind::List ? document_writer_->begin_array() : document_writer_->begin_object();
    document_lists_.push_back(kind == Kind::List);
    return true;
  }
  bool fits = kind == Kind::List
                  ? slot.type->kind == Kind::List
                  : slot.type->kind == Kind::Structure || slot.type->kind == Kind::Map;
  if (!fits) return refuse(slot, kind == Kind::List ? "a list" : "a map");
  void* value = make_value(frames_, slot.member, root_object_);
  frames_.push_back({slot.type, value});
  return true;
}

bool TreeDecoder::begin_map() { return begin(Kind::Structure); }
bool TreeDecoder::begin_list() { return begin(Kind::List); }

bool TreeDecoder::end() {
  if (in_document()) {
    document_lists_.back() ? document_writer_->end_array() : document_writer_->end_object();
    document_lists_.pop_back();
    --document_depth_;
    return true;
  }
  if (skip_depth_ > 0) {
    --skip_depth_;
    return true;
  }
  frames_.pop_back();
  complete_ = frames_.empty();
  return true;
}

bool TreeDecoder::key(std::string_view name) {
  if (in_document()) {
    document_writer_->key(name);
    return true;
  }
  if (skip_depth_ > 0) return true;
  Frame& frame = frames_.back();
  if (frame.type->kind == Kind::Structure) {
    frame.member = describe::find_member(*frame.type, name, frame.hint);
    if (frame.member != nullptr) frame.hint = frame.member->index + 1;
  } else {
    frame.key = name;
  }
  return true;
}

bool TreeDecoder::null() {
  if (in_document()) {
    document_writer_->null();
    return true;
  }
  if (skip_depth_ > 0) return true;
  Slot slot = take_slot();
  // A null root is an empty request.
  if (frames_.empty()) complete_ = slot.type != nullptr;
  return true;
}

bool TreeDecoder::tag(uint64_t) { return true; }

bool TreeDecoder::text(std::string_view value) {
  if (in_document()) {
    document_writer_->string(value);
    return true;
  }
  if (skip_depth_ > 0) return true;
  Slot slot = take_slot();
  if (slot.type == nullptr) return true;
  void* into = nullptr;
  auto make = [&] { return into = make_value(frames_, slot.member, root_object_); };
  switch (slot.type->kind) {
    case Kind::String:
      value_as<std::string>(make()) = value;
      return true;
    case Kind::Blob: {
      auto decoded = source_ == Source::Cbor ? std::nullopt : base64_decode(value);
      if (!decoded) return refuse(slot, "a string");
      value_as<std::string>(make()) = std::move(*decoded);
      return true;
    }
    case Kind::Timestamp: {
      Timestamp time;
      if (!parse_timestamp(value, time)) return refuse(slot, "a string");
      value_as<Timestamp>(make()) = time;
      return true;
    }
    case Kind::Float:
    case Kind::Double: {
      double number_value = 0;
      if (!parse_double(value, number_value)) return refuse(slot, "a string");
      return number(number_value);
    }
    case Kind::Document:
      wire::append_json_string(value_as<std::string>(make()), value);
      return true;
    default:
      return refuse(slot, "a string");
  }
}

bool TreeDecoder::bytes(std::string_view value) {
  if (in_document()) {
    document_writer_->string(base64_encode(value));
    return true;
  }
  if (skip_depth_ > 0) return true;
  Slot slot = take_slot();
  if (slot.type == nullptr) return true;
  if (slot.type->kind != Kind::Blob) return refuse(slot, "a byte string");
  value_as<std::string>(make_value(frames_, slot.member, root_object_)) = value;
  return true;
}

bool TreeDecoder::integer(int64_t value) {
  if (in_document()) {
    document_writer_->integer(value);
    return true;
  }
  if (skip_depth_ > 0) return true;
  Slot slot = take_slot();
  if (slot.type == nullptr) return true;
  auto make = [&] { return make_value(frames_, slot.member, root_object_); };
  switch (slot.type->kind) {
    case Kind::Integer:
      if (value < INT32_MIN || value > INT32_MAX) return refuse(slot, "a wide integer");
      value_as<int32_t>(make()) = static_cast<int32_t>(value);
      return true;
    case Kind::Long:
      value_as<int64_t>(make()) = value;
      return true;
    case Kind::Float:
      value_as<float>(make()) = static_cast<float>(value);
      return true;
    case Kind::Double:
      value_as<double>(make()) = static_cast<double>(value);
      return true;
    case Kind::Timestamp: {
      Timestamp time;
      if (!timestamp_from_seconds(static_cast<double>(value), time)) {
        return refuse(slot, "a time out of range");
      }
      value_as<Timestamp>(make()) = time;
      return true;
    }
    case Kind::Document:
      wire::JsonWriter(value_as<std::string>(make())).integer(value);
      return true;
    default:
      return refuse(slot, "a number");
  }
}

bool TreeDecoder::number(double value) {
  if (in_document()) {
    document_writer_->number(value);
    return true;
  }
  if (skip_depth_ > 0) return true;
  Slot slot = take_slot();
  if (slot.type == nullptr) return true;
  auto make = [&] { return make_value(frames_, slot.member, root_object_); };
  switch (slot.type->kind) {
    case Kind::Float:
      value_as<float>(make()) = static_cast<float>(value);
      return true;
    case Kind::Double:
      value_as<double>(make()) = value;
      return true;
    case Kind::Timestamp: {
      Timestamp time;
      if (!timestamp_from_seconds(value, time)) return refuse(slot, "a time out of range");
      value_as<Timestamp>(make()) = time;
      return true;
    }
    case Kind::Integer:
    case Kind::Long:
      // 60.0 is how some JSON libraries write 60.
      if (value == std::floor(value) && std::fabs(value) < 9.0e15) {
        return integer(static_cast<int64_t>(value));
      }
      return refuse(slot, "a fraction");
    case Kind::Document:
      wire::append_json_number(value_as<std::string>(make()), value);
      return true;
    default:
      return refuse(slot, "a number");
  }
}

bool TreeDecoder::boolean(bool value) {
  if (in_document()) {
    document_writer_->boolean(value);
    return true;
  }
  if (skip_depth_ > 0) return true;
  Slot slot = take_slot();
  if (slot.type == nullptr) return true;
  if (slot.type->kind == Kind::Document) {
    value_as<std::string>(make_value(frames_, slot.member, root_object_)) =
        value ? "true" : "false";
    return true;
  }
  if (slot.type->kind != Kind::Boolean) return refuse(slot, "a boolean");
  value_as<bool>(make_value(frames_, slot.member, root_object_)) = value;
  return true;
}

Decoded decode_json(std::string_view body, const describe::Type& type, void* object) {
  // Clients of operations without input may send nothing at all.
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  TreeDecoder decoder(TreeDecoder::Source::Json, type, object);
  Status status = wire::read_json(body, decoder);
  if (status) return {};
  return std::unexpected(DecodeFailure{
      status.error().code == ErrorCode::Cancelled ? decoder.message() : status.error().message});
}

Decoded decode_cbor(std::string_view body, const describe::Type& type, void* object) {
  if (body.empty()) return {};
  TreeDecoder decoder(TreeDecoder::Source::Cbor, type, object);
  Status status = wire::read_cbor(body, decoder);
  if (status) return {};
  return std::unexpected(DecodeFailure{
      status.error().code == ErrorCode::Cancelled ? decoder.message() : status.error().message});
}

}  // namespace kansoku::aws
