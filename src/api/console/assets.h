// The built console inside the binary.
//
// The build packs console/dist into one file that an assembler source includes; its index is text
// (console/README.md): path, type, etag, encoding, offset, length, immutable, separated by tabs.
// Thread contract: immutable after construction.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "net/http/http.h"

namespace kansoku::api::console {

class Assets {
 public:
  // From the section of the binary.
  static Assets embedded();
  Assets(std::string_view pack, std::string_view index);

  // Answers GET and HEAD below /ui/: an asset, the document for a path without extension, else 404.
  net::HttpResponse serve(const net::HttpRequest& request, env::Random& random) const;
  bool empty() const { return assets_.empty(); }

 private:
  struct Body {
    size_t offset = 0;
    size_t length = 0;
  };
  struct Asset {
    std::string type;
    std::string etag;
    bool immutable = false;
    std::map<std::string, Body> encodings;  // "identity", "gzip", "br"
  };
  net::HttpResponse document(const net::HttpRequest& request, env::Random& random) const;

  std::string_view pack_;
  std::map<std::string, Asset, std::less<>> assets_;  // path below /ui/
};

}  // namespace kansoku::api::console
