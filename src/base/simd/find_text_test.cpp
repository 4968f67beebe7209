#include "base/simd/find_text.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace kansoku {

TEST_CASE("a text is found where the plain search finds it") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string haystack(random() % 300, '\0');
    for (char& c : haystack) c = static_cast<char>('a' + random() % 3);
    std::string needle(random() % 6, '\0');
    for (char& c : needle) c = static_cast<char>('a' + random() % 3);
    if (random() % 2 != 0 && haystack.size() > 40)
      needle = haystack.substr(random() % 40, 1 + random() % 40);
    const size_t from = random() % (haystack.size() + 3);
    CAPTURE(haystack);
    CAPTURE(needle);
    REQUIRE(find_text(haystack, needle, from) == find_text_plain(haystack, needle, from));
  }
}

}  // namespace kansoku
