// A small XML tree for tests that compare documents: elements, text, the five entities and numeric
// references. Attributes and white space between elements are dropped.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::test {

struct XmlElement {
  std::string name;
  std::string text;
  std::vector<XmlElement> children;

  const XmlElement* child(std::string_view wanted) const {
    for (const XmlElement& one : children) {
      if (one.name == wanted) return &one;
    }
    return nullptr;
  }
};

inline std::string xml_unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    std::string_view name = text.substr(i + 1, end - i - 1);
    if (name == "lt")
      out += '<';
    else if (name == "gt")
      out += '>';
    else if (name == "amp")
      out += '&';
    else if (name == "quot")
      out += '"';
    else if (name == "apos")
      out += '\'';
    else if (name.starts_with("#x"))
      out += static_cast<char>(std::stoi(std::string(name.substr(2)), nullptr, 16));
    else if (name.starts_with("#"))
      out += static_cast<char>(std::stoi(std::string(name.substr(1))));
    i = end;
  }
  return out;
}

// `xml` is advanced behind the element.
inline XmlElement parse_xml_element(std::string_view& xml) {
  XmlElement element;
  xml.remove_prefix(xml.find('<') + 1);
  while (xml.starts_with("?") || xml.starts_with("!")) {
    xml.remove_prefix(xml.find('>') + 1);
    xml.remove_prefix(xml.find('<') + 1);
  }
  size_t close = xml.find('>');
  std::string_view head = xml.substr(0, close);
  xml.remove_prefix(close + 1);
  bool empty = head.ends_with('/');
  if (empty) head.remove_suffix(1);
  element.name = head.substr(0, head.find_first_of(" \t\r\n"));
  if (empty) return element;
  while (true) {
    size_t open = xml.find('<');
    element.text += xml_unescape(xml.substr(0, open));
    xml.remove_prefix(std::min(open, xml.size()));
    if (xml.empty() || xml.starts_with("</")) {
      xml.remove_prefix(std::min(xml.size(), xml.find('>') + 1));
      break;
    }
    element.children.push_back(parse_xml_element(xml));
  }
  if (!element.children.empty()) element.text.clear();
  return element;
}
inline XmlElement parse_xml(std::string_view xml) { return parse_xml_element(xml); }

// Children are compared as sets: the order of members is no part of the protocol.
inline bool same_xml(const XmlElement& a, const XmlElement& b) {
  auto key = [](const XmlElement& e) { return e.name + "=" + e.text; };
  auto blank = [](const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
  };
  if (a.name != b.name || a.children.size() != b.children.size()) return false;
  if (a.children.empty()) return a.text == b.text || (blank(a.text) && blank(b.text));
  auto x = a.children, y = b.children;
  auto less = [&](const XmlElement& l, const XmlElement& r) { return key(l) < key(r); };
  std::sort(x.begin(), x.end(), less);
  std::sort(y.begin(), y.end(), less);
  for (size_t i = 0; i < x.size(); ++i) {
    if (!same_xml(x[i], y[i])) return false;
  }
  return true;
}

}  // namespace kansoku::test
