// CBOR: any bytes are read or refused; containers stay in balance.
#include "../json/null_visitor.h"
#include "wire/cbor/cbor_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kansoku::fuzz::NullVisitor visitor;
  auto status = kansoku::wire::read_cbor({reinterpret_cast<const char*>(data), size}, visitor);
  if (status) KANSOKU_CHECK(visitor.depth == 0);
  return 0;
}
