#include "wire/forward/forward.h"

#include <doctest/doctest.h>

#include "wire/forward/handshake.h"
#include "wire/msgpack/msgpack.h"

using namespace kansoku;
using namespace kansoku::wire;

namespace {

// {"log": text}
void append_record(std::string& out, std::string_view text) {
  msgpack::append_map(out, 1);
  msgpack::append_text(out, "log");
  msgpack::append_text(out, text);
}

// Seconds 1, nanoseconds 5.
constexpr std::string_view kEventTime("\0\0\0\1\0\0\0\5", 8);

void append_entry(std::string& out, std::string_view text) {
  msgpack::append_array(out, 2);
  msgpack::append_extension(out, 0, kEventTime);
  append_record(out, text);
}

std::string text_of(const forward::Entry& entry) {
  msgpack::Reader reader(entry.record);
  msgpack::Value value;
  (void)reader.next(value);
  (void)reader.next(value);
  (void)reader.next(value);
  return fmt::format("{} {}", entry.unix_ns, value.text);
}

std::vector<std::string> entries_of(const forward::Message& message) {
  std::vector<std::string> out;
  auto expand = [](std::string_view coding, std::string_view bytes) -> Result<std::string> {
    // The test's own coding: bytes behind the magic number, as they are.
    if (coding == "gzip") return std::string(bytes.substr(2));
    return invalid_argument("unknown coding {}", coding);
  };
  Status visited = forward::visit_entries(
      message, expand, [&](const forward::Entry& entry) { out.push_back(text_of(entry)); });
  if (!visited) out.push_back("error");
  return out;
}

void append_options(std::string& out, std::string_view compressed) {
  msgpack::append_map(out, 3);
  msgpack::append_text(out, "chunk");
  msgpack::append_text(out, "p8n9gmxTQVC8/nh2wlKKeQ==");
  msgpack::append_text(out, "size");
  msgpack::append_uint(out, 2);
  msgpack::append_text(out, "compressed");
  msgpack::append_text(out, compressed);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("forward: all four modes give their entries") {
  std::string packed;
  append_entry(packed, "one");
  append_entry(packed, "two");

  std::string message;
  msgpack::append_array(message, 3);
  msgpack::append_text(message, "app.log");
  msgpack::append_uint(message, 7);
  append_record(message, "single");
  std::string followed = message + "next";
  auto single = forward::decode(followed);
  REQUIRE(single);
  REQUIRE(*single);
  CHECK((*single)->mode == forward::Mode::Message);
  CHECK((*single)->tag == "app.log");
  CHECK((*single)->bytes == message.size());
  CHECK(entries_of(**single) == Texts{"7000000000 single"});

  std::string array;
  msgpack::append_array(array, 3);
  msgpack::append_text(array, "t");
  msgpack::append_array(array, 2);
  array += packed;
  append_options(array, "text");
  auto many = forward::decode(array);
  REQUIRE(*many);
  CHECK((*many)->mode == forward::Mode::Forward);
  CHECK((*many)->options.chunk == "p8n9gmxTQVC8/nh2wlKKeQ==");
  CHECK((*many)->options.size == 2);
  CHECK(entries_of(**many) == Texts{"1000000005 one", "1000000005 two"});

  for (bool as_text : {true, false}) {
    std::string binary;
    msgpack::append_array(binary, 2);
    msgpack::append_text(binary, "t");
    if (as_text) {
      msgpack::append_text(binary, packed);
    } else {
      msgpack::append_bytes(binary, packed);
    }
    auto stream = forward::decode(binary);
    REQUIRE(*stream);
    CHECK((*stream)->mode == forward::Mode::PackedForward);
    CHECK(entries_of(**stream).size() == 2);
  }
  for (bool said : {true, false}) {
    std::string compressed;
    msgpack::append_array(compressed, said ? 3 : 2);
    msgpack::append_text(compressed, "t");
    msgpack::append_bytes(compressed, "\x1f\x8b" + packed);
    if (said) append_options(compressed, "gzip");
    auto stream = forward::decode(compressed);
    REQUIRE(*stream);
    CHECK((*stream)->mode == forward::Mode::CompressedPackedForward);
    CHECK(entries_of(**stream).size() == 2);
  }
}

TEST_CASE("forward: metadata beside the time is passed on") {
  std::string entry;
  msgpack::append_array(entry, 2);
  msgpack::append_array(entry, 2);
  msgpack::append_uint(entry, 3);
  append_record(entry, "meta");
  append_record(entry, "text");
  for (bool array : {true, false}) {
    std::string stream;
    if (array) {
      msgpack::append_array(stream, 2);
      msgpack::append_text(stream, "t");
      msgpack::append_array(stream, 1);
      stream += entry;
    } else {
      msgpack::append_array(stream, 3);
      msgpack::append_text(stream, "t");
      stream += entry.substr(1);
    }
    auto message = forward::decode(stream);
    REQUIRE(*message);
    CHECK((*message)->mode == (array ? forward::Mode::Forward : forward::Mode::Message));
    CHECK(entries_of(**message) == Texts{"3000000000 text"});
  }
  // Two entries and options look alike at first.
  std::string two;
  msgpack::append_array(two, 3);
  msgpack::append_text(two, "t");
  msgpack::append_array(two, 2);
  two += entry + entry;
  append_options(two, "text");
  auto message = forward::decode(two);
  REQUIRE(*message);
  CHECK((*message)->mode == forward::Mode::Forward);
  CHECK(entries_of(**message).size() == 2);
}

TEST_CASE("forward: cut streams wait, wrong ones are errors, bad entries end what was good") {
  std::string stream;
  msgpack::append_array(stream, 2);
  msgpack::append_text(stream, "t");
  msgpack::append_array(stream, 2);
  append_entry(stream, "one");
  stream += '\x01';
  for (size_t size = 0; size < stream.size(); ++size) {
    auto message = forward::decode(std::string_view(stream).substr(0, size));
    REQUIRE(message);
    CHECK_FALSE(message->has_value());
  }
  auto message = forward::decode(stream);
  REQUIRE(*message);
  CHECK(entries_of(**message) == Texts{"1000000005 one", "error"});
  for (std::string_view wrong : {"\xc1", "\x01", "\x91\xa1t", "\x92\x01\x90", "\x92\xa1t\x01"}) {
    CHECK_FALSE(forward::decode(wrong).has_value());
  }
}

TEST_CASE("forward: the acknowledgement names the chunk") {
  CHECK(forward::encode_ack("abc") ==
        "\x81\xa3"
        "ack\xa3"
        "abc");
}

namespace {

// A stand-in for SHA-512 that shows what was digested.
std::string digest(std::string_view bytes) { return "<" + std::string(bytes) + ">"; }

std::string ping(std::string_view key_digest, std::string_view user, std::string_view password) {
  std::string out;
  msgpack::append_array(out, 6);
  for (std::string_view field : {std::string_view("PING"), std::string_view("client"),
                                 std::string_view("salt"), key_digest, user, password}) {
    msgpack::append_text(out, field);
  }
  return out;
}

}  // namespace

TEST_CASE("forward: the handshake accepts the shared key and a user, and proves itself") {
  forward::HandshakeConfig config{.hostname = "server", .shared_key = "key"};
  forward::Handshake open(config, "nonce", "", digest);
  auto good = open.take_ping(ping("<saltclientnoncekey>", "", ""));
  REQUIRE(*good);
  CHECK((*good)->accepted);
  CHECK((*good)->pong.find("<saltservernoncekey>") != std::string::npos);
  auto bad = open.take_ping(ping("<saltclientnonceother>", "", ""));
  REQUIRE(*bad);
  CHECK_FALSE((*bad)->accepted);
  CHECK((*bad)->reason == "shared_key mismatch");
  CHECK((*bad)->pong.find("key>") == std::string::npos);
  CHECK_FALSE(open.take_ping("\x93\xa4PING\xa1x\xa1y").has_value());
  CHECK_FALSE(open.take_ping(ping("x", "", "").substr(0, 5))->has_value());

  config.users["ann"] = "secret";
  forward::Handshake users(config, "nonce", "AUTH", digest);
  CHECK(users.helo().find("AUTH") != std::string::npos);
  CHECK((*users.take_ping(ping("<saltclientnoncekey>", "ann", "<AUTHannsecret>")))->accepted);
  CHECK_FALSE((*users.take_ping(ping("<saltclientnoncekey>", "ann", "<AUTHann>")))->accepted);
  CHECK_FALSE((*users.take_ping(ping("<saltclientnoncekey>", "bob", "<AUTHbob>")))->accepted);
}
