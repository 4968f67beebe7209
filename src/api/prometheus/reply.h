// Answers in the form of the Prometheus HTTP API. Thread contract: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http/http.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::prometheus {

struct Annotations {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

// {"status":"success","data":…}: `data` writes exactly one value.
template <class Write>
std::string success_body(Write&& data, const Annotations& annotations = {});
std::string finish_success(std::string body, const Annotations& annotations);

net::HttpResponse json_reply(std::string body, int status = 200);
net::HttpResponse text_reply(int status, std::string body);
// {"status":"error","errorType":…,"error":…}.
net::HttpResponse error_reply(int status, std::string_view type, std::string_view message);
// The type and status of an error's code. `executing`: it came from evaluating, so what is not bad
// input is "execution" (422).
net::HttpResponse error_reply(const Error& error, bool executing = false);
// A body of more than a few packets is compressed for who takes gzip.
void compress_reply(std::string_view accept_encoding, net::HttpResponse& response);

template <class Write>
std::string success_body(Write&& data, const Annotations& annotations) {
  std::string body = R"({"status":"success","data":)";
  wire::JsonWriter json(body);
  data(json);
  return finish_success(std::move(body), annotations);
}

}  // namespace kansoku::api::prometheus
