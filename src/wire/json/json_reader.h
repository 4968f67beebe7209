// Reads a JSON document into a TreeVisitor.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::wire {

// One whole document, RFC 8259, valid UTF-8, nothing behind it. InvalidArgument with the byte
// offset otherwise; Cancelled when the visitor stopped (it knows why).
Status read_json(std::string_view json, TreeVisitor& visitor, int depth_max = kTreeDepthMax);

}  // namespace kansoku::wire
