#include <doctest/doctest.h>

#include "base/text/ascii.h"
#include "base/text/base64.h"
#include "base/text/hex.h"
#include "base/text/percent.h"

using namespace kansoku;

TEST_CASE("letters lose their case and other bytes stay") {
  CHECK(lower_ascii("Content-TYPE \xC3\x84@[") == "content-type \xC3\x84@[");
  CHECK(equals_ignore_case("GZip", "gzIP"));
  CHECK_FALSE(equals_ignore_case("gzip", "gzip "));
  CHECK_FALSE(equals_ignore_case("@", "`"));
}

TEST_CASE("trimming takes only the named blanks") {
  CHECK(trimmed(" \ta b\t ", kBlanks) == "a b");
  CHECK(trimmed("a\r\n", kBlanks) == "a\r\n");
  CHECK(trimmed("\na\r\n", kBlanksAndLineEnds) == "a");
  CHECK(trimmed(" \t ", kBlanks).empty());
  CHECK(trimmed("", kBlanks).empty());
}

TEST_CASE("base64 holds the examples of RFC 4648 both ways") {
  constexpr std::pair<std::string_view, std::string_view> kExamples[] = {{"", ""},
                                                                         {"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"},
                                                                         {"\xFB\xFF", "+/8="}};
  for (auto [bytes, text] : kExamples) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
  }
}

TEST_CASE("what is no base64 is refused") {
  for (std::string_view bad : {"Zg", "Zg=", "Zm9vYg=", "Z===", "=", "====", "Zg==Zm9v", "Zm9?",
                               "Zm9v\nZm9v", "Zm9\n", " Zm9v   ", "Zm-_"}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decode(bad));
  }
}

TEST_CASE("hex is written in lower case and read in both") {
  CHECK(to_hex(std::string_view("\x00\x9F\xFF", 3)) == "009fff");
  CHECK(hex_digit('b') == 11);
  CHECK(hex_digit('B') == 11);
  CHECK(hex_digit('g') == -1);
  CHECK(hex_digit('/') == -1);
}

TEST_CASE("percent encoding keeps the unreserved bytes and the named ones") {
  std::string out = "=";
  append_percent_encoded(out, "a/b c~\xC3\xBF", "/");
  CHECK(out == "=a/b%20c~%C3%BF");
  out.clear();
  append_percent_encoded(out, "a/+", "");
  CHECK(out == "a%2F%2B");
}

TEST_CASE("forms are decoded, with a plus as a blank") {
  std::string out = "x";
  CHECK(append_form_decoded(out, "a+b%2b%C3%a9%41"));
  CHECK(out ==
        "xa b+\xC3\xA9"
        "A");
  for (std::string_view bad : {"%", "%4", "%4g", "a%zz", "%%41"}) {
    CAPTURE(bad);
    std::string ignored;
    CHECK_FALSE(append_form_decoded(ignored, bad));
  }
}

TEST_CASE("lenient decoding keeps escapes that are none") {
  CHECK(form_decoded_leniently("a+%41%4g%2") == "a A%4g%2");
  CHECK(form_decoded_leniently("%%41") == "%A");
}
