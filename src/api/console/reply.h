// Small answers of the console's API.
#pragma once

#include <string>
#include <string_view>

#include "net/http/http.h"

namespace kansoku::api::console {

// {"error":{"code":…,"message":…}} with the status.
net::HttpResponse error_reply(int status, std::string_view code, std::string_view message);
net::HttpResponse error_reply(const Error& error);
net::HttpResponse json_reply(std::string body, int status = 200);
// "InvalidArgument", "NotFound" ...: the code of an error as the console knows it.
std::string_view api_error_code(ErrorCode code);

}  // namespace kansoku::api::console
