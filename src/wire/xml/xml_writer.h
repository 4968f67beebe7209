// Appends XML 1.0 to a string: elements and text, what the AWS query protocols answer in.
#pragma once

#include <string>
#include <string_view>

namespace kansoku::wire {

class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(out) {}

  void begin(std::string_view name) {
    out_ += '<';
    out_ += name;
    out_ += '>';
  }
  // <name xmlns="uri">
  void begin(std::string_view name, std::string_view xmlns);
  void end(std::string_view name) {
    out_ += "</";
    out_ += name;
    out_ += '>';
  }
  void text(std::string_view value);
  void element(std::string_view name, std::string_view value) {
    begin(name);
    text(value);
    end(name);
  }

 private:
  std::string& out_;
};

// '<', '>', '&', '"' and carriage returns as references; control characters that XML 1.0 does not
// have become U+FFFD.
void append_xml_text(std::string& out, std::string_view value);

}  // namespace kansoku::wire
