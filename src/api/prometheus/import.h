// What the two ways to import answer with. Internal to this folder.
#pragma once

#include "api/prometheus/ingest.h"

namespace kansoku::api::prometheus {

// 200 with what was stored and what was rejected by reason; 503 when a part was not taken (a second
// try stores nothing twice).
net::HttpResponse import_reply(const Ingest& ingest, const std::string& message);

}  // namespace kansoku::api::prometheus
