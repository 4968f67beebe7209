#include "wire/msgpack/msgpack_json.h"

#include <doctest/doctest.h>

#include "wire/msgpack/msgpack.h"

using namespace kansoku;
using namespace kansoku::wire;

TEST_CASE("msgpack becomes JSON text, kind by kind") {
  std::string bytes;
  msgpack::append_map(bytes, 9);
  msgpack::append_text(bytes, "log");
  msgpack::append_text(bytes, "a \"b\"\n\xff");
  msgpack::append_text(bytes, "n");
  msgpack::append_int(bytes, -5);
  msgpack::append_text(bytes, "u");
  msgpack::append_uint(bytes, 18'446'744'073'709'551'615ULL);
  msgpack::append_text(bytes, "f");
  msgpack::append_float(bytes, 0.5);
  msgpack::append_text(bytes, "b");
  msgpack::append_bool(bytes, true);
  msgpack::append_text(bytes, "nil");
  msgpack::append_nil(bytes);
  msgpack::append_text(bytes, "bin");
  msgpack::append_bytes(bytes, "raw");
  msgpack::append_text(bytes, "list");
  msgpack::append_array(bytes, 2);
  msgpack::append_map(bytes, 0);
  msgpack::append_extension(bytes, 3, "\x01\xff");
  msgpack::append_uint(bytes, 7);
  msgpack::append_text(bytes, "key of a number");
  std::string out;
  CHECK(msgpack::append_json(bytes, out));
  CHECK(out ==
        "{\"log\":\"a \\\"b\\\"\\n\xEF\xBF\xBD\",\"n\":-5,\"u\":18446744073709551615,\"f\":0.5,"
        "\"b\":true,\"nil\":null,\"bin\":\"raw\",\"list\":[{},\"01ff\"],\"7\":\"key of a "
        "number\"}");
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    std::string part;
    CHECK_FALSE(msgpack::append_json(std::string_view(bytes).substr(0, cut), part));
  }
}

TEST_CASE("msgpack that nests too deep is no JSON") {
  std::string bytes;
  for (int i = 0; i < 1'000; ++i) msgpack::append_array(bytes, 1);
  msgpack::append_nil(bytes);
  std::string out;
  CHECK_FALSE(msgpack::append_json(bytes, out));
}
