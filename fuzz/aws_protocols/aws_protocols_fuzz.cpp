// The AWS protocols: any body is decoded or refused by the described and by the hot decoder, and
// what was decoded can be checked and encoded. The first byte picks the operation, the second the
// protocol.
#include "wire/aws/monitoring/put_metric_data_decoder.h"
#include "wire/aws/monitoring/shapes.h"

namespace {

class NullSink final : public kansoku::aws::monitoring::PutMetricDataSink {
 public:
  bool start(std::optional<std::string_view>, bool) override { return true; }
  bool entity(uint32_t, const kansoku::aws::monitoring::EntityView&) override { return true; }
  bool datum(const kansoku::aws::monitoring::DatumView& datum) override {
    return !datum.path().empty();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::aws;
  if (size < 2) return 0;
  auto rows = monitoring::operation_shapes();
  const OperationShapes& row = rows[data[0] % rows.size()];
  Protocol protocol = data[1] % 3 == 0   ? Protocol::Query
                      : data[1] % 3 == 1 ? Protocol::Json10
                                         : Protocol::Cbor;
  std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  NullSink sink;
  (void)monitoring::decode_put_metric_data(protocol, body, sink);
  auto input = row.make_input();
  Decoded decoded;
  if (protocol == Protocol::Query) {
    auto form = parse_form(body);
    if (!form) return 0;
    decoded = decode_query(*form, *row.input, input.get());
  } else {
    decoded = protocol == Protocol::Json10 ? decode_json(body, *row.input, input.get())
                                           : decode_cbor(body, *row.input, input.get());
  }
  if (!decoded) return 0;
  violations_message(find_violations(*row.input, input.get()));
  for (Protocol out : {Protocol::Query, Protocol::Json10, Protocol::Cbor}) {
    encode_response(out, {}, row.name, row.input, input.get(), "id");
  }
  return 0;
}
