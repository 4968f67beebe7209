// An answer that is written piece by piece as its reader takes it. Internal to this folder.
#pragma once

#include <functional>
#include <optional>

#include "api/prometheus/call.h"

namespace kansoku::api::prometheus {

// The next piece; nothing at the end. Called on the pool, in the lane of queries.
using NextPiece = std::move_only_function<std::optional<std::string>()>;

// Answers 200 with these headers and the pieces, each made when there is room for it; over when the
// reader is gone.
void stream_pieces(Context& context, CallPtr call, net::Headers headers, NextPiece next);

}  // namespace kansoku::api::prometheus
