#include "store/page_cache.h"

#include <doctest/doctest.h>

namespace kansoku::store {

TEST_CASE("the page not asked for the longest leaves the cache first") {
  PageCache cache(3 * 1200);
  const auto page = [](char c) { return std::make_shared<const std::string>(1000, c); };
  cache.put(1, 0, page('a'));
  cache.put(1, 9, page('b'));
  cache.put(2, 0, page('c'));
  REQUIRE(cache.find(1, 0) != nullptr);
  cache.put(2, 9, page('d'));
  CHECK(cache.find(1, 9) == nullptr);
  CHECK(*cache.find(1, 0) == std::string(1000, 'a'));
  CHECK(*cache.find(2, 0) == std::string(1000, 'c'));
  CHECK(*cache.find(2, 9) == std::string(1000, 'd'));
  CHECK(cache.bytes() <= 3 * 1200);
  cache.put(3, 0, std::make_shared<const std::string>(5000, 'x'));
  CHECK(cache.find(3, 0) == nullptr);
}

}  // namespace kansoku::store
