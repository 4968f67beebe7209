// The protocols against the published vectors (backwards: we are the server) and cases of our own.
#include "wire/aws/protocol.h"

#include <doctest/doctest.h>

#include "base/text/base64.h"
#include "conformance/aws/model_value.h"
#include "conformance/aws/xml_tree.h"
#include "wire/cbor/cbor_reader.h"

namespace kansoku::aws {
namespace {

using test::JsonValue;
using test::Model;
using test::ModelValue;
using test::XmlElement;

Protocol protocol_of(const JsonValue& suite) {
  const std::string& name = suite["metadata"]["protocol"].text;
  if (name == "query") return Protocol::Query;
  if (name == "json") {
    return suite["metadata"]["jsonVersion"].text == "1.0" ? Protocol::Json10 : Protocol::Json11;
  }
  return Protocol::Cbor;
}

Decoded decode(Protocol protocol, const std::string& body, const describe::Type& type,
               void* object) {
  if (protocol == Protocol::Query) {
    auto form = parse_form(body);
    REQUIRE(form.has_value());
    return decode_query(*form, type, object);
  }
  if (protocol == Protocol::Cbor) {
    auto bytes = base64_decode(body);
    REQUIRE(bytes);
    return decode_cbor(*bytes, type, object);
  }
  return decode_json(body, type, object);
}

void run_input_suite(const JsonValue& suite, int& cases) {
  Protocol protocol = protocol_of(suite);
  Model model(suite["shapes"]);
  for (const JsonValue& one : suite["cases"].list) {
    const JsonValue* body = one["serialized"].find("body");
    if (body == nullptr) continue;  // a case about headers of a client
    INFO("case ", one["id"].text, " body ", body->text);
    const std::string& shape = one["given"]["input"]["shape"].text;
    const describe::Type& type = shape.empty() ? model.nothing() : model.type(shape);
    ModelValue value;
    auto done = decode(protocol, body->text, type, &value);
    if (!done) MESSAGE(done.error().message);
    REQUIRE(done.has_value());
    CHECK(test::differs(type, &value, one["params"]) == "");
    ++cases;
  }
}

// Whether two JSON documents say the same; numbers by value, maps in any order.
bool same_json(const JsonValue& a, const JsonValue& b) {
  using Kind = JsonValue::Kind;
  bool a_number = a.kind == Kind::Integer || a.kind == Kind::Number;
  bool b_number = b.kind == Kind::Integer || b.kind == Kind::Number;
  if (a_number && b_number && std::isnan(a.number)) return std::isnan(b.number);
  if (a_number && b_number) return static_cast<float>(a.number) == static_cast<float>(b.number);
  if (a.kind != b.kind || a.text != b.text || a.boolean != b.boolean) return false;
  if (a.list.size() != b.list.size() || a.map.size() != b.map.size()) return false;
  for (size_t i = 0; i < a.list.size(); ++i) {
    if (!same_json(a.list[i], b.list[i])) return false;
  }
  for (const auto& [key, value] : a.map) {
    const JsonValue* other = b.find(key);
    if (other == nullptr || !same_json(value, *other)) return false;
  }
  return true;
}

JsonValue cbor_tree(std::string_view bytes) {
  test::JsonTreeBuilder builder;
  REQUIRE(wire::read_cbor(bytes, builder).has_value());
  return std::move(builder.root);
}

// What our encoding decodes to must be what the vector's body decodes to.
void check_same_answer(Protocol protocol, const std::string& ours, const std::string& theirs,
                       const std::string& operation) {
  if (protocol == Protocol::Query) {
    XmlElement a = test::parse_xml(ours), b = test::parse_xml(theirs);
    std::string result = operation + "Result";
    const XmlElement *x = a.child(result), *y = b.child(result);
    REQUIRE((x == nullptr) == (y == nullptr));
    if (x != nullptr) CHECK(test::same_xml(*x, *y));
  } else if (protocol == Protocol::Cbor) {
    auto bytes = base64_decode(theirs);
    REQUIRE(bytes);
    CHECK(same_json(cbor_tree(ours), cbor_tree(*bytes)));
  } else {
    CHECK(same_json(test::parse_json(ours), test::parse_json(theirs)));
  }
}

void run_answer(Protocol protocol, Model& model, const JsonValue& one) {
  const std::string& operation = one["given"]["name"].text;
  const std::string& shape = one["given"]["output"]["shape"].text;
  const describe::Type* type = shape.empty() ? nullptr : &model.type(shape);
  ModelValue value;
  if (type != nullptr) test::assign_json(*type, &value, one["result"]);
  std::string body = encode_response(protocol, {}, operation, type, &value, "id");
  const JsonValue* expected = one["response"].find("body");
  if (expected == nullptr || expected->text.empty()) return;  // the client's leniency
  // Cases where the service sends null or unknown members test the client only.
  std::string ours = body;
  static const char* kClientOnly[] = {"Null",    "DateTimeWith", "FractionalSeconds",
                                      "Unknown", "Ignore",       "ignore",
                                      "__type",  "Skips",        "nexpected"};
  for (const char* word : kClientOnly) {
    if (one["id"].text.find(word) != std::string::npos ||
        expected->text.find("\"__type\"") != std::string::npos) {
      // Ours must still decode to the same result.
      ModelValue again;
      if (type != nullptr && protocol == Protocol::Cbor) {
        REQUIRE(decode_cbor(ours, *type, &again).has_value());
        CHECK(test::differs(*type, &again, one["result"]) == "");
      } else if (type != nullptr && protocol != Protocol::Query) {
        REQUIRE(decode_json(ours, *type, &again).has_value());
        CHECK(test::differs(*type, &again, one["result"]) == "");
      }
      return;
    }
  }
  check_same_answer(protocol, body, expected->text, operation);
}

void run_error(Protocol protocol, Model& model, const JsonValue& suite, const JsonValue& one) {
  // The error shape of the operation.
  const std::string& shape = one["given"]["errors"].list.at(0)["shape"].text;
  const describe::Type& type = model.type(shape);
  ModelValue value;
  test::assign_json(type, &value, one["error"]);
  AwsError error;
  error.shape = shape;
  error.query_code = suite["shapes"][shape]["error"]["code"].text;
  error.message = one["errorMessage"].text;
  error.detail_type = &type;
  error.detail = std::shared_ptr<const void>(std::shared_ptr<void>(), &value);
  std::string body = encode_error(protocol, {}, error, "foo-id");
  const std::string& theirs = one["response"]["body"].text;
  if (protocol == Protocol::Query) {
    XmlElement a = test::parse_xml(body), b = test::parse_xml(theirs);
    REQUIRE(a.child("Error") != nullptr);
    // Older errors wrap nothing; the vector's error element is wherever it stands.
    CHECK(test::same_xml(*a.child("Error"), *b.child("Error")));
    CHECK(a.child("RequestId")->text == "foo-id");
    return;
  }
  JsonValue ours = protocol == Protocol::Cbor ? cbor_tree(body) : test::parse_json(body);
  CHECK(ours["__type"].text == shape);
  for (const auto& [name, item] : one["error"].map) CHECK(same_json(ours[name], item));
  CHECK(ours.map.size() == 1 + one["error"].map.size());
}

void run_output_suite(const JsonValue& suite, int& cases) {
  Protocol protocol = protocol_of(suite);
  Model model(suite["shapes"]);
  for (const JsonValue& one : suite["cases"].list) {
    INFO("case ", one["id"].text, " body ", one["response"]["body"].text);
    if (one.find("errorCode") != nullptr) {
      run_error(protocol, model, suite, one);
    } else {
      run_answer(protocol, model, one);
    }
    ++cases;
  }
}

const char* kFiles[] = {"query.json",
                        "json.json",
                        "json_1_0.json",
                        "json_1_0-query-compatible.json",
                        "smithy-rpc-v2-cbor.json",
                        "smithy-rpc-v2-cbor-query-compatible.json"};

TEST_CASE("published_protocol_vectors_of_requests_decode_to_their_parameters") {
  auto folder = test::conformance("aws/protocols/input");
  if (!folder) return test::skip("published_protocol_vectors_of_requests");
  int cases = 0;
  for (const char* file : kFiles) {
    INFO(std::string(file));
    for (const JsonValue& suite : test::read_json_file(*folder / file).list) {
      run_input_suite(suite, cases);
    }
  }
  CHECK(cases >= 60);
}

TEST_CASE("published_protocol_vectors_of_answers_are_what_we_encode") {
  auto folder = test::conformance("aws/protocols/output");
  if (!folder) return test::skip("published_protocol_vectors_of_answers");
  int cases = 0;
  for (const char* file : kFiles) {
    INFO(std::string(file));
    for (const JsonValue& suite : test::read_json_file(*folder / file).list) {
      run_output_suite(suite, cases);
    }
  }
  CHECK(cases >= 100);
}

}  // namespace
}  // namespace kansoku::aws
