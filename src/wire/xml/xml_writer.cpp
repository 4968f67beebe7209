#include "wire/xml/xml_writer.h"

namespace kansoku::wire {

void append_xml_text(std::string& out, std::string_view value) {
  for (char c : value) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      // A parser would turn a bare carriage return into a line feed (XML 1.0 §2.11).
      case '\r':
        out += "&#13;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
}

void XmlWriter::begin(std::string_view name, std::string_view xmlns) {
  out_ += '<';
  out_ += name;
  out_ += " xmlns=\"";
  append_xml_text(out_, xmlns);
  out_ += "\">";
}

void XmlWriter::text(std::string_view value) { append_xml_text(out_, value); }

}  // namespace kansoku::wire
