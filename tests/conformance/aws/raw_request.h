// Requests as case files hold them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http/http.h"

namespace kansoku::test {

struct RawRequest {
  std::string method;
  std::string target;
  std::vector<net::Header> headers;
  std::string body;
};

// "GET /path?query HTTP/1.1\nHost:…\n\nbody"; lines that begin with a blank continue a header.
inline RawRequest parse_raw_request(std::string_view text) {
  RawRequest out;
  size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  size_t first = line.find(' '), last = line.rfind(' ');
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!text.empty()) {
    end = std::min(text.find('\n'), text.size());
    line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      out.headers.back().value += "\n" + std::string(line);
      continue;
    }
    size_t colon = line.find(':');
    out.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  out.body = text;
  return out;
}

}  // namespace kansoku::test
