// Walking one CBOR item into a visitor.
#pragma once

#include "wire/cbor/cbor_reader.h"
#include "wire/json/json_writer.h"

namespace kansoku::wire {

// The walk of read_cbor() over a visitor whose class is known, so that its calls can be inlined:
// for decoders on the hot path. Everybody else calls read_cbor().
template <class Visitor>
class CborWalk {
 public:
  CborWalk(std::string_view bytes, Visitor& visitor, int depth_max)
      : reader_(bytes), visitor_(visitor), depth_max_(depth_max) {}

  Status run() {
    CborItem item;
    if (!reader_.next(item)) return bad(reader_.message());
    if (!value(item, 0))
      return stopped_ ? Status(cancelled("stopped at byte {}", reader_.offset())) : bad(message_);
    if (!reader_.at_end()) return bad("bytes behind the item");
    return {};
  }

 private:
  Status bad(const char* message) {
    return invalid_argument("not CBOR at byte {}: {}", reader_.offset(), message);
  }
  bool refuse(const char* message) {
    message_ = message;
    return false;
  }
  bool visited(bool go_on) {
    stopped_ = !go_on;
    return go_on;
  }
  bool next(CborItem& item) { return reader_.next(item) || refuse(reader_.message()); }

  bool value(CborItem& item, int depth) {
    switch (item.kind) {
      case CborKind::Text:
        if (!is_utf8(item.bytes)) return refuse("text is not UTF-8");
        return visited(visitor_.text(item.bytes));
      case CborKind::Float32:
      case CborKind::Float64:
        return visited(visitor_.number(item.number));
      case CborKind::Unsigned:
        if (item.argument > INT64_MAX) {
          return visited(visitor_.number(static_cast<double>(item.argument)));
        }
        return visited(visitor_.integer(static_cast<int64_t>(item.argument)));
      case CborKind::Negative:
        if (item.argument > INT64_MAX) {
          return visited(visitor_.number(-1.0 - static_cast<double>(item.argument)));
        }
        return visited(visitor_.integer(-1 - static_cast<int64_t>(item.argument)));
      case CborKind::Bytes:
        return visited(visitor_.bytes(item.bytes));
      case CborKind::Boolean:
        return visited(visitor_.boolean(item.argument != 0));
      case CborKind::Null:
        return visited(visitor_.null());
      case CborKind::Tag:
        if (depth >= depth_max_) return refuse("too deep");
        return visited(visitor_.tag(item.argument)) && next(item) && value(item, depth + 1);
      case CborKind::List:
      case CborKind::Map:
        return container(item, depth);
      case CborKind::Break:
        return refuse("break outside an indefinite item");
    }
    return refuse("unknown item");
  }

  bool container(CborItem& item, int depth) {
    if (depth >= depth_max_) return refuse("too deep");
    bool map = item.kind == CborKind::Map;
    bool indefinite = item.indefinite;
    uint64_t left = item.argument;
    if (!visited(map ? visitor_.begin_map() : visitor_.begin_list())) return false;
    while (indefinite || left-- > 0) {
      if (!next(item)) return false;
      if (indefinite && item.kind == CborKind::Break) break;
      if (map) {
        if (item.kind != CborKind::Text) return refuse("map key is no text");
        if (!is_utf8(item.bytes)) return refuse("map key is not UTF-8");
        if (!visited(visitor_.key(item.bytes)) || !next(item)) return false;
      }
      if (!value(item, depth + 1)) return false;
    }
    return visited(visitor_.end());
  }

  CborReader reader_;
  Visitor& visitor_;
  int depth_max_;
  bool stopped_ = false;
  const char* message_ = "";
};

template <class Visitor>
Status walk_cbor(std::string_view bytes, Visitor& visitor, int depth_max = kTreeDepthMax) {
  return CborWalk<Visitor>(bytes, visitor, depth_max).run();
}

}  // namespace kansoku::wire
