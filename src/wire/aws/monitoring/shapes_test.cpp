// Requests of every operation of CloudWatch in its three protocols, and both decoders of
// PutMetricData.
#include "wire/aws/monitoring/shapes.h"

#include <doctest/doctest.h>

#include "base/text/base64.h"
#include "conformance/aws/model_value.h"
#include "wire/aws/monitoring/put_metric_data_decoder.h"

namespace kansoku::aws::monitoring {
namespace {

using test::JsonValue;

Decoded decode(Protocol protocol, const JsonValue& request, const describe::Type& type,
               void* object) {
  std::string body = request["body"].text;
  if (request.find("body_b64") != nullptr) {
    auto decoded = base64_decode(request["body_b64"].text);
    REQUIRE(decoded);
    body = *decoded;
  }
  if (protocol == Protocol::Cbor) return decode_cbor(body, type, object);
  if (protocol != Protocol::Query) return decode_json(body, type, object);
  auto form = parse_form(body);
  REQUIRE(form.has_value());
  return decode_query(*form, type, object);
}

TEST_CASE("requests_of_every_cloudwatch_operation_decode_in_all_protocols") {
  auto folder = test::conformance("aws/request-decode");
  if (!folder) return test::skip("requests_of_every_cloudwatch_operation");
  const std::pair<const char*, Protocol> files[] = {
      {"cloudwatch.json.jsonl", Protocol::Json10},
      {"cloudwatch.query.jsonl", Protocol::Query},
      {"cloudwatch.smithy-rpc-v2-cbor.jsonl", Protocol::Cbor}};
  for (auto [file, protocol] : files) {
    int cases = 0;
    for (const JsonValue& one : test::read_json_lines(*folder / file)) {
      INFO(one["id"].text);
      const OperationShapes* row = find_operation(operation_shapes(), one["operation"].text);
      REQUIRE(row != nullptr);
      auto input = row->make_input();
      auto done = decode(protocol, one["request"], *row->input, input.get());
      if (!done) MESSAGE(done.error().message);
      REQUIRE(done.has_value());
      CHECK(test::differs(*row->input, input.get(), one["params"]) == "");
      ++cases;
    }
    CHECK(cases >= 50);
  }
}

// What the hot decoder pushes, as text that can be compared.
class TextSink final : public PutMetricDataSink {
 public:
  std::string text;
  bool start(std::optional<std::string_view> name, bool strict) override {
    text += fmt::format("ns={} strict={}\n", name.value_or("-"), strict);
    return true;
  }
  bool entity(uint32_t index, const EntityView& entity) override {
    text += fmt::format("entity {}", index);
    for (const auto& [k, v] : entity.key_attributes) text += fmt::format(" {}={}", k, v);
    for (const auto& [k, v] : entity.attributes) text += fmt::format(" ({}={})", k, v);
    text += '\n';
    return true;
  }
  bool datum(const DatumView& d) override {
    text += fmt::format("{} {} unit={} t={} r={}", d.path(), d.metric_name.value_or("-"),
                        d.unit.value_or("-"), d.timestamp_ms.value_or(-1),
                        d.storage_resolution.value_or(0));
    if (d.value) text += fmt::format(" v={}", *d.value);
    for (double v : d.values) text += fmt::format(" V{}", v);
    for (double c : d.counts) text += fmt::format(" C{}", c);
    if (d.has_statistics) {
      text += fmt::format(" S{},{},{},{}", d.sample_count.value_or(-1), d.sum.value_or(-1),
                          d.minimum.value_or(-1), d.maximum.value_or(-1));
    }
    for (const auto& x : d.dimensions) {
      text += fmt::format(" {}={}", x.name.value_or("-"), x.value.value_or("-"));
    }
    text += '\n';
    return true;
  }
};

std::string pushed(Protocol protocol, std::string_view body) {
  TextSink sink;
  auto done = decode_put_metric_data(protocol, body, sink);
  return done ? sink.text : "failure: " + done.error().message;
}

// The same text out of the described struct.
void push_datum(TextSink& sink, const MetricDatum& in, uint32_t index, uint32_t entity) {
  DatumView d;
  std::vector<DimensionView> dimensions;
  if (in.metric_name) d.metric_name = *in.metric_name;
  if (in.unit) d.unit = *in.unit;
  d.value = in.value;
  if (in.timestamp) d.timestamp_ms = in.timestamp->ms;
  if (in.storage_resolution) d.storage_resolution = *in.storage_resolution;
  if (in.values) d.values = *in.values;
  if (in.counts) d.counts = *in.counts;
  if (in.statistic_values) {
    d.has_statistics = true;
    d.sample_count = in.statistic_values->sample_count;
    d.sum = in.statistic_values->sum;
    d.minimum = in.statistic_values->minimum;
    d.maximum = in.statistic_values->maximum;
  }
  if (in.dimensions) {
    for (const Dimension& one : *in.dimensions) {
      DimensionView view;
      if (one.name) view.name = *one.name;
      if (one.value) view.value = *one.value;
      dimensions.push_back(view);
    }
  }
  d.dimensions = dimensions;
  d.index = index;
  d.entity_index = entity;
  sink.datum(d);
}
std::string described(const PutMetricDataInput& input) {
  TextSink sink;
  std::optional<std::string_view> name;
  if (input.metric_namespace) name = *input.metric_namespace;
  sink.start(name, input.strict_entity_validation.value_or(false));
  uint32_t index = 0;
  if (input.metric_data) {
    for (const MetricDatum& one : *input.metric_data) push_datum(sink, one, ++index, 0);
  }
  uint32_t entity = 0;
  if (input.entity_metric_data) {
    for (const EntityMetricData& group : *input.entity_metric_data) {
      EntityView view;
      if (group.entity && group.entity->key_attributes)
        view.key_attributes = *group.entity->key_attributes;
      if (group.entity && group.entity->attributes) view.attributes = *group.entity->attributes;
      sink.entity(++entity, view);
      index = 0;
      if (!group.metric_data) continue;
      for (const MetricDatum& one : *group.metric_data) push_datum(sink, one, ++index, entity);
    }
  }
  return sink.text;
}

constexpr std::string_view kFull = R"({"MetricData":[
   {"MetricName":"a","Dimensions":[{"Name":"d","Value":"v \u00e9"},{"Value":"w","Name":"e"}],
    "Timestamp":1700000000.5,"Value":1.5,"Unit":"Count","StorageResolution":1,"Later":{"x":[1]}},
   {"MetricName":"b","Values":[1,2.5],"Counts":[3,4]},
   {"MetricName":"c","StatisticValues":{"SampleCount":2,"Sum":3,"Minimum":1,"Maximum":2},
    "Value":null}],
  "EntityMetricData":[{"MetricData":[{"MetricName":"f","Value":"NaN"}],
    "Entity":{"KeyAttributes":{"Type":"Service"},"Attributes":{"k":"v"}}}],
  "StrictEntityValidation":true,"Namespace":"N","Unknown":{"Namespace":"no","MetricData":[1]}})";

TEST_CASE("the_hot_decoder_reads_what_the_described_shape_reads") {
  PutMetricDataInput input;
  const OperationShapes* row = find_operation(operation_shapes(), "PutMetricData");
  auto done = decode_json(kFull, *row->input, &input);
  if (!done) MESSAGE(done.error().message);
  REQUIRE(done.has_value());
  std::string expected = described(input);
  CHECK(pushed(Protocol::Json10, kFull) == expected);
  CHECK(pushed(Protocol::Cbor, encode_cbor(row->input, &input)) == expected);
  CHECK(
      expected.find("ns=N strict=true\nMetricData.member.1 a unit=Count t=1700000000500 r=1 v=1.5 "
                    "d=v \xC3\xA9 e=w\n") == 0);
}

TEST_CASE("forms_may_come_in_any_order_with_sparse_indices") {
  std::string form =
      "MetricData.member.7.Value=2&MetricData.member.7.MetricName=b%20c&Action=PutMetricData&"
      "MetricData.member.3.Dimensions.member.2.Value=w&MetricData.member.3.MetricName=a&"
      "MetricData.member.3.Dimensions.member.2.Name=e&MetricData.member.3.Dimensions.member.1.Name="
      "d&"
      "MetricData.member.3.Dimensions.member.1.Value=v%2B1&MetricData.member.3.Values.member.2=20&"
      "MetricData.member.3.Values.member.1=10&MetricData.member.3.Timestamp=2023-11-14T22%3A13%"
      "3A20Z&"
      "Namespace=N%2FS&Version=2010-08-01";
  CHECK(pushed(Protocol::Query, form) ==
        "ns=N/S strict=false\n"
        "MetricData.member.1 a unit=- t=1700000000000 r=0 V10 V20 d=v+1 e=w\n"
        "MetricData.member.2 b c unit=- t=-1 r=0 v=2\n");
}

TEST_CASE("values_of_the_wrong_kind_are_failures") {
  for (std::string_view body :
       {R"({"Namespace":1})", R"({"Namespace":"N","MetricData":{}})",
        R"({"Namespace":"N","MetricData":[1]})",
        R"({"Namespace":"N","MetricData":[{"Value":"x"}]})",
        R"({"Namespace":"N","MetricData":[{"Values":3}]})",
        R"({"Namespace":"N","MetricData":[{"Values":["a"]}]})",
        R"({"Namespace":"N","MetricData":[{"Timestamp":"yesterday"}]})",
        R"({"Namespace":"N","MetricData":[{"StorageResolution":1.5}]})", "[]", "7", "{"}) {
    INFO(std::string(body));
    CHECK(pushed(Protocol::Json10, body).starts_with("failure: "));
  }
  for (std::string_view form :
       {"Namespace=%zz", "Namespace=N&MetricData.member.1.Value=x",
        "Namespace=N&MetricData.member.1.Values.member.x=1", "Namespace=%FF"}) {
    INFO(std::string(form));
    CHECK(pushed(Protocol::Query, form).starts_with("failure: "));
  }
}

TEST_CASE("generated_put_requests_push_what_their_parameters_say") {
  auto folder = test::conformance("aws/request-decode");
  if (!folder) return test::skip("generated_put_requests_push");
  const OperationShapes* row = find_operation(operation_shapes(), "PutMetricData");
  const std::pair<const char*, Protocol> files[] = {
      {"cloudwatch.json.jsonl", Protocol::Json10},
      {"cloudwatch.query.jsonl", Protocol::Query},
      {"cloudwatch.smithy-rpc-v2-cbor.jsonl", Protocol::Cbor}};
  for (auto [file, protocol] : files) {
    for (const JsonValue& one : test::read_json_lines(*folder / file)) {
      if (one["operation"].text != "PutMetricData") continue;
      INFO(one["id"].text);
      PutMetricDataInput input;
      test::assign_json(*row->input, &input, one["params"]);
      std::string body = one["request"]["body"].text;
      if (one["request"].find("body_b64") != nullptr) {
        body = base64_decode(one["request"]["body_b64"].text).value();
      }
      CHECK(pushed(protocol, body) == described(input));
    }
  }
}

TEST_CASE("broken_constraints_are_worded_as_aws_words_them") {
  SetAlarmStateInput input;
  input.alarm_name = "a";
  input.state_value = "BAD";
  const OperationShapes* row = find_operation(operation_shapes(), "SetAlarmState");
  auto violations = find_violations(*row->input, &input);
  // Members of operations that are not implemented are refused by name.
  REQUIRE_FALSE(violations.empty());
  GetMetricStatisticsInput statistics;
  statistics.metric_namespace = std::string(256, 'n');
  statistics.unit = "Apples";
  row = find_operation(operation_shapes(), "GetMetricStatistics");
  std::string message = violations_message(find_violations(*row->input, &statistics));
  CHECK(message.starts_with("6 validation errors detected: Value '"));
  CHECK(message.find("at 'namespace' failed to satisfy constraint: Member must have length less "
                     "than or equal to 255") != std::string::npos);
  CHECK(message.find("Value null at 'metricName' failed to satisfy constraint: Member must not be "
                     "null") != std::string::npos);
  CHECK(message.find("Value 'Apples' at 'unit' failed to satisfy constraint: Member must satisfy "
                     "enum value set: [Seconds, ") != std::string::npos);
}

}  // namespace
}  // namespace kansoku::aws::monitoring
