// The key chain AWS4+secret → date → region → service → aws4_request, kept per thread.
#pragma once

#include "net/auth/sigv4.h"

namespace kansoku::net::auth {

// 64 chains a thread, replaced by slot: four HMACs saved for every request after the first of a
// (secret, date, region, service).
Sha256 signing_key(std::string_view secret_access_key, const CredentialScope& scope);

}  // namespace kansoku::net::auth
