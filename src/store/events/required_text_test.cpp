#include "store/events/required_text.h"

#include <doctest/doctest.h>

namespace kansoku::store::events {

TEST_CASE("what an expression requires is its longest literal outside of groups") {
  CHECK(required_text("timeout after [45]000 ms") == "timeout after ");
  CHECK(required_text("a\\.b\\d+ failed") == " failed");
  CHECK(required_text("(foo|bar)baz") == "baz");
  CHECK(required_text("ab*c") == "a");
  CHECK(required_text("abc{0,2}d") == "ab");
  CHECK(required_text("xy+z") == "xy");
  CHECK(required_text("[]a]bcd[^]x]e") == "bcd");
  CHECK(required_text("[[:digit:]]rest") == "rest");
}

TEST_CASE("an expression of alternatives or flags requires nothing") {
  CHECK(required_text("abc|def").empty());
  CHECK(required_text("(?i)error").empty());
  CHECK(required_text("\\Qa|b\\E").empty());
  CHECK(required_text("\\d+").empty());
  CHECK(required_text("(a)?").empty());
  CHECK(required_text("\\x41bc").empty());
}

}  // namespace kansoku::store::events
