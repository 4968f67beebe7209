#include "wire/loki/loki.h"

#include <doctest/doctest.h>

#include "wire/protobuf/protobuf_writer.h"

using namespace kansoku;
namespace loki = wire::loki;

namespace {

// "{labels} ns line {metadata}" an entry.
struct Lines final : loki::PushSink {
  std::vector<std::string> entries;
  std::string labels;
  static std::string text(const loki::Labels& labels) {
    std::string out;
    for (const auto& [name, value] : labels) out += fmt::format("{}={};", name, value);
    return out;
  }
  void stream(const loki::Labels& l) override { labels = text(l); }
  void entry(int64_t unix_ns, std::string_view line, const loki::Labels& metadata) override {
    entries.push_back(fmt::format("[{}] {} {} [{}]", labels, unix_ns, line, text(metadata)));
  }
};
using Texts = std::vector<std::string>;

Texts json(std::string_view body) {
  Lines out;
  if (Status read = loki::decode_json(body, out); !read) return {read.error().message};
  return out.entries;
}

std::string push_request(std::string_view labels) {
  std::string out;
  wire::ProtobufWriter request(out);
  request.message(1, [&](auto& stream) {
    stream.message(2, [](auto& entry) {
      entry.message(1, [](auto& time) {
        time.varint(1, 7);
        time.varint(2, 5);
      });
      entry.bytes(2, "line");
      entry.message(3, [](auto& pair) {
        pair.bytes(1, "trace");
        pair.bytes(2, "t1");
      });
    });
    stream.bytes(1, labels);  // behind its entries, which is allowed
    stream.varint(3, 99);
  });
  return out;
}

}  // namespace

TEST_CASE("loki: a push of JSON gives its entries, wherever the labels stand") {
  CHECK(json(R"({"streams":[{"stream":{"job":"x","a":"b"},"values":[["1","one"],
             ["2","two",{"trace":"t","n":"1"}]]},
             {"x":[1,{}],"values":[["3","three"]],"stream":{"c":"d"}}],
             "other":{"streams":[1]}})") ==
        Texts{"[job=x;a=b;] 1 one []", "[job=x;a=b;] 2 two [trace=t;n=1;]", "[c=d;] 3 three []"});
  CHECK(json("{}").empty());
}

TEST_CASE("loki: a push of another form is refused") {
  for (const char* bad :
       {"[]", "{\"streams\":{}}", "{\"streams\":[1]}", "{\"streams\":[{\"values\":[[\"1\"]]}]}",
        "{\"streams\":[{\"values\":[[\"x\",\"l\"]]}]}", "{\"streams\":[{\"values\":[[1,\"l\"]]}]}",
        "{\"streams\":[{\"values\":[[\"1\",\"l\",\"m\"]]}]}",
        "{\"streams\":[{\"stream\":{\"a\":1}}]}", "{\"streams\":[{\"stream\":[]}]}", "{"}) {
    INFO(bad);
    Lines out;
    CHECK_FALSE(loki::decode_json(bad, out).has_value());
  }
}

TEST_CASE("loki: labels as the Go client writes them") {
  const auto text = [](std::string_view labels) {
    const auto read = loki::parse_labels(labels);
    return read ? Lines::text(*read) : "error";
  };
  CHECK(text(R"({job="x", a.b="q\"\\\n\x41\u00e9"})") == "job=x;a.b=q\"\\\nA\xc3\xa9;");
  CHECK(text("{}") == "");
  CHECK(text("{a=\" b \"}") == "a= b ;");
  CHECK(text(R"( { a = "b" , } )") == "a=b;");
  for (const char* bad : {"", "{", "{a}", "{a=b}", "{a=\"b}", "{a=\"b\" c=\"d\"}", "{=\"b\"}",
                          "{a=\"\\q\"}", "{} x", "{a=\"\\ud800\"}"}) {
    INFO(bad);
    CHECK(text(bad) == "error");
  }
}

TEST_CASE("loki: a push of protobuf gives its entries") {
  Lines out;
  const std::string message = push_request("{job=\"x\"}");
  CHECK(loki::decode_protobuf(message, out).has_value());
  CHECK(out.entries == Texts{"[job=x;] 7000000005 line [trace=t1;]"});
  CHECK_FALSE(loki::decode_protobuf(push_request("job"), out).has_value());
  for (size_t cut = 1; cut < message.size(); ++cut) {
    CHECK_FALSE(loki::decode_protobuf(message.substr(0, cut), out).has_value());
  }
}
