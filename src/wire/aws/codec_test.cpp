// The codecs on a struct of our own: every kind of member, in every protocol, both ways.
#include <doctest/doctest.h>

#include "base/describe/table.h"
#include "conformance/aws/json_value.h"
#include "conformance/aws/xml_tree.h"
#include "wire/aws/protocol.h"
#include "wire/xml/xml_writer.h"

namespace kansoku::aws {
namespace {

using namespace kansoku::describe;

struct Inner {
  std::optional<std::string> name;
  std::optional<int64_t> count;
};
struct Outer {
  std::optional<std::string> text;
  std::optional<bool> flag;
  std::optional<int32_t> small;
  std::optional<double> number;
  std::optional<Timestamp> time;
  std::optional<std::string> data;
  std::optional<std::vector<Inner>> items;
  std::optional<std::vector<std::string>> flat;
  std::optional<MapOf<std::string>> tags;
  std::optional<Inner> inner;
};

constexpr auto kText = describe::text("Text", {.min = 1, .max = 5});
constexpr auto kLong = number<int64_t>("Long", {.min = 0});
constexpr auto kInnerMembers = members(member<&Inner::name>("Name", kText, Use::Used),
                                       member<&Inner::count>("Count", kLong, Use::Used));
constexpr auto kInner = structure<Inner>("Inner", kInnerMembers);
constexpr auto kFlag = boolean("Flag");
constexpr auto kSmall = number<int32_t>("Small");
constexpr auto kNumber = number<double>("Number");
constexpr auto kTime = timestamp("Time");
constexpr auto kData = blob("Data");
constexpr auto kItems = list_of("Items", kInner);
constexpr auto kFlat = list_of("Flat", kText);
constexpr auto kTags = map_of("Tags", kText);
constexpr auto kOuterMembers = members(
    member<&Outer::text>("Text", kText, Use::Used, {.required = true}),
    member<&Outer::flag>("Flag", kFlag, Use::Used),
    member<&Outer::small>("Small", kSmall, Use::Used),
    member<&Outer::number>("Number", kNumber, Use::Used),
    member<&Outer::time>("Time", kTime, Use::Used), member<&Outer::data>("Data", kData, Use::Used),
    member<&Outer::items>("Items", kItems, Use::Used),
    member<&Outer::flat>("Flat", kFlat, Use::Used, {.flattened = true}),
    member<&Outer::tags>("Tags", kTags, Use::Used),
    member<&Outer::inner>("Inner", kInner, Use::Refused, {.note = "not yet"}));
constexpr auto kOuter = structure<Outer>("Outer", kOuterMembers);

constexpr std::string_view kJson =
    R"({"Text":"a<b","Flag":true,"Small":-7,"Number":1.5,"Time":1700000000.25,"Data":"aGk=",)"
    R"("Items":[{"Name":"x","Count":9007199254740993},{}],"Flat":["p","q"],"Tags":{"k":"v"}})";

Outer sample() {
  Outer out;
  REQUIRE(decode_json(kJson, kOuter, &out).has_value());
  return out;
}

TEST_CASE("json_is_decoded_and_encoded_to_the_same_text") {
  Outer out = sample();
  CHECK(out.data == "hi");
  CHECK(out.time->ms == 1'700'000'000'250);
  CHECK(*out.items->at(0).count == 9'007'199'254'740'993);
  CHECK(encode_json(&kOuter, &out) == kJson);
  CHECK(encode_json(nullptr, nullptr) == "{}");
}

TEST_CASE("cbor_carries_the_same_values") {
  Outer out = sample(), again;
  std::string bytes = encode_cbor(&kOuter, &out);
  REQUIRE(decode_cbor(bytes, kOuter, &again).has_value());
  CHECK(encode_json(&kOuter, &again) == kJson);
  // Tag 1 with a double: 0xC1 0xFB.
  CHECK(bytes.find("\xC1\xFB") != std::string::npos);
}

TEST_CASE("query_forms_carry_the_same_values") {
  auto form = parse_form(
      "Text=a%3Cb&Flag=true&Small=-7&Number=1.5&Time=2023-11-14T22%3A13%3A20.250Z&Data=aGk%3D&"
      "Items.member.2.Later=1&Items.member.1.Count=9007199254740993&Items.member.1.Name=x&"
      "Flat.1=p&Flat.2=q&Tags.entry.1.key=k&Tags.entry.1.value=v&Unknown=1");
  REQUIRE(form.has_value());
  Outer out;
  REQUIRE(decode_query(*form, kOuter, &out).has_value());
  CHECK(encode_json(&kOuter, &out) == kJson);
  auto root = test::parse_xml(encode_query({.xml_namespace = "urn:x"}, "Op", &kOuter, &out, "id"));
  CHECK(root.name == "OpResponse");
  const auto* result = root.child("OpResult");
  REQUIRE(result != nullptr);
  CHECK(result->child("Text")->text == "a<b");
  CHECK(result->child("Time")->text == "2023-11-14T22:13:20.250Z");
  CHECK(result->child("Items")->children.at(0).name == "member");
  CHECK(result->child("Flat")->text == "p");
  CHECK(result->child("Tags")->children.at(0).child("key")->text == "k");
  CHECK(root.child("ResponseMetadata")->child("RequestId")->text == "id");
}

TEST_CASE("members_of_another_kind_are_refused_and_nulls_are_absent") {
  auto message = [](std::string_view json) {
    Outer out;
    auto done = decode_json(json, kOuter, &out);
    return done ? std::string() : done.error().message;
  };
  CHECK(message(R"({"Text":null,"Items":[null],"Tags":{"k":null},"Other":[{"x":[1]}]})") == "");
  CHECK(message(R"({"Text":7})") == "a number cannot be converted to a string at /Text");
  CHECK(message(R"({"Items":[{"Count":"x"}]})") ==
        "a string cannot be converted to an integer at /Items/Count");
  CHECK(message(R"({"Small":4294967296})") != "");
  CHECK(message(R"({"Small":1.5})") != "");
  CHECK(message(R"({"Small":60.0})") == "");
  CHECK(message(R"({"Items":{}})") != "");
  CHECK(message(R"({"Data":"*"})") != "");
  CHECK(message("[]") != "");
  Outer out;
  CHECK_FALSE(decode_query(*parse_form("Small=x"), kOuter, &out).has_value());
  CHECK_FALSE(decode_query(*parse_form("Flag=maybe"), kOuter, &out).has_value());
  CHECK_FALSE(parse_form("a=%4").has_value());
}

TEST_CASE("refused_and_missing_members_are_named") {
  Outer out;
  out.inner.emplace();
  out.flat = std::vector<std::string>{"toolong"};
  auto violations = find_violations(kOuter, &out);
  REQUIRE(violations.size() == 3);
  CHECK(violations[0].missing);
  CHECK(violations[1].message ==
        "Value 'toolong' at 'flat.1.member' failed to satisfy constraint: Member must have length "
        "less than or equal to 5");
  CHECK(violations[2].refused);
  CHECK(violations[2].message == "The parameter Inner is not supported: not yet");
}

TEST_CASE("errors_take_each_protocol_s_form") {
  AwsError error;
  error.shape = "BadThing";
  error.query_code = "Bad";
  error.message = "no & no";
  Service service{.xml_namespace = "urn:x", .error_namespace = "ns"};
  CHECK(encode_error(Protocol::Json10, service, error, "id") ==
        R"({"__type":"ns#BadThing","message":"no & no"})");
  CHECK(encode_error(Protocol::Query, service, error, "id") ==
        "<ErrorResponse xmlns=\"urn:x\"><Error><Type>Sender</Type><Code>Bad</Code>"
        "<Message>no &amp; no</Message></Error><RequestId>id</RequestId></ErrorResponse>");
  CHECK(encode_error(Protocol::Cbor, service, error, "id") ==
        "\xBF\x66__type\x6Bns#BadThing\x67message\x67no & no\xFF");
}

TEST_CASE("times_are_read_in_every_spelling") {
  auto ms = [](std::string_view text) {
    Timestamp time;
    return parse_timestamp(text, time) ? time.ms : -1;
  };
  CHECK(ms("2023-11-14T22:13:20Z") == 1'700'000'000'000);
  CHECK(ms("2023-11-14T22:13:20.5Z") == 1'700'000'000'500);
  CHECK(ms("2023-11-15T07:13:20+09:00") == 1'700'000'000'000);
  CHECK(ms("2023-11-14T20:43:20-0130") == 1'700'000'000'000);
  CHECK(ms("Tue, 14 Nov 2023 22:13:20 GMT") == 1'700'000'000'000);
  CHECK(ms("1700000000") == 1'700'000'000'000);
  for (std::string_view text :
       {"", "yesterday", "2023-13-01T00:00:00Z", "2023-02-30", "1e99", "2023-11-14T22:13:20Zx"}) {
    CHECK(ms(text) == -1);
  }
}

TEST_CASE("xml_text_is_escaped") {
  std::string out;
  wire::append_xml_text(out, "<a&\"b\">\r\n\x01");
  CHECK(out == "&lt;a&amp;&quot;b&quot;&gt;&#13;\n\xEF\xBF\xBD");
}

}  // namespace
}  // namespace kansoku::aws
