// MessagePack as JSON text, as Fluent Bit writes records: binary as text, an extension as its bytes
// in hexadecimal, a key that is no text as the JSON of it. Thread contract: pure.
#pragma once

#include <string>
#include <string_view>

namespace kansoku::wire::msgpack {

// Appends the first value of the bytes; false when it is malformed or incomplete (what was appended
// stands then).
bool append_json(std::string_view bytes, std::string& out);

}  // namespace kansoku::wire::msgpack
