// Remote-write messages for tests: plain structs, encoded as a sender would.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "wire/protobuf/protobuf_writer.h"

namespace kansoku::wire::remote_write::test {

struct Span {
  int32_t offset = 0;
  uint32_t length = 0;
};
struct Histogram {
  uint64_t count = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  uint64_t zero_count = 0;
  std::vector<Span> positive_spans;
  std::vector<int64_t> positive_deltas;
  std::vector<Span> negative_spans;
  std::vector<int64_t> negative_deltas;
  std::vector<double> float_counts;  // not empty: a float histogram of float_count
  double float_count = 0;
  uint64_t hint = 0;
  int64_t timestamp_ms = 0;
  std::vector<double> custom_values;
  int64_t start_ms = 0;
};
using Labels = std::vector<std::pair<std::string, std::string>>;
struct Sample {
  int64_t timestamp_ms = 0;
  double value = 0;
  int64_t start_ms = 0;
};
struct Exemplar {
  Labels labels;
  double value = 0;
  int64_t timestamp_ms = 0;
};
struct Series {
  Labels labels;
  std::vector<Sample> samples;
  std::vector<Histogram> histograms;
  std::vector<Exemplar> exemplars;
  // 2.0 metadata; type -1: none.
  int type = -1;
  std::string help;
  std::string unit;
};
struct FamilyMetadata {
  uint64_t type = 0;
  std::string family;
  std::string help;
  std::string unit;
};

inline void write_spans(ProtobufWriter& out, uint32_t field, const std::vector<Span>& spans) {
  for (const Span& span : spans) {
    out.message(field, [&](ProtobufWriter& w) {
      w.sint(1, span.offset);
      w.varint(2, span.length);
    });
  }
}
inline void write_deltas(ProtobufWriter& out, uint32_t field, const std::vector<int64_t>& deltas) {
  std::string packed;
  for (int64_t delta : deltas) append_varint(packed, zigzag(delta));
  if (!packed.empty()) out.bytes(field, packed);
}
inline void write_doubles(ProtobufWriter& out, uint32_t field, const std::vector<double>& values) {
  std::string packed;
  for (double value : values) append_le(packed, value);
  if (!packed.empty()) out.bytes(field, packed);
}

inline void write(ProtobufWriter& out, uint32_t field, const Histogram& h) {
  out.message(field, [&](ProtobufWriter& w) {
    bool is_float = !h.float_counts.empty();
    if (is_float) w.float64(2, h.float_count);
    if (!is_float) w.varint(1, h.count);
    w.float64(3, h.sum);
    w.sint(4, h.schema);
    w.float64(5, h.zero_threshold);
    if (!is_float) w.varint(6, h.zero_count);
    write_spans(w, 8, h.negative_spans);
    write_deltas(w, 9, h.negative_deltas);
    write_spans(w, 11, h.positive_spans);
    write_deltas(w, 12, h.positive_deltas);
    write_doubles(w, 13, h.float_counts);
    w.varint(14, h.hint);
    w.varint(15, static_cast<uint64_t>(h.timestamp_ms));
    write_doubles(w, 16, h.custom_values);
    if (h.start_ms != 0) w.varint(17, static_cast<uint64_t>(h.start_ms));
  });
}

inline void write_labels_v1(ProtobufWriter& out, const Labels& labels) {
  for (const auto& [name, value] : labels) {
    out.message(1, [&](ProtobufWriter& w) {
      w.bytes(1, name);
      w.bytes(2, value);
    });
  }
}

inline std::string message_v1(const std::vector<Series>& all,
                              const std::vector<FamilyMetadata>& metadata = {}) {
  std::string text;
  ProtobufWriter out(text);
  for (const Series& s : all) {
    out.message(1, [&](ProtobufWriter& w) {
      write_labels_v1(w, s.labels);
      for (const Sample& sample : s.samples) {
        w.message(2, [&](ProtobufWriter& x) {
          x.float64(1, sample.value);
          x.varint(2, static_cast<uint64_t>(sample.timestamp_ms));
        });
      }
      for (const Exemplar& e : s.exemplars) {
        w.message(3, [&](ProtobufWriter& x) {
          write_labels_v1(x, e.labels);
          x.float64(2, e.value);
          x.varint(3, static_cast<uint64_t>(e.timestamp_ms));
        });
      }
      for (const Histogram& h : s.histograms) write(w, 4, h);
    });
  }
  for (const FamilyMetadata& m : metadata) {
    out.message(3, [&](ProtobufWriter& w) {
      w.varint(1, m.type);
      w.bytes(2, m.family);
      w.bytes(4, m.help);
      w.bytes(5, m.unit);
    });
  }
  return text;
}

class SymbolTable {
 public:
  uint64_t ref(const std::string& text) {
    auto [it, fresh] = refs_.try_emplace(text, list_.size());
    if (fresh) list_.push_back(text);
    return it->second;
  }
  std::string packed(const Labels& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
      append_varint(out, ref(name));
      append_varint(out, ref(value));
    }
    return out;
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::vector<std::string> list_{""};
  std::map<std::string, uint64_t> refs_{{"", 0}};
};

inline std::string message_v2(const std::vector<Series>& all) {
  SymbolTable symbols;
  std::string series;
  ProtobufWriter out(series);
  for (const Series& s : all) {
    out.message(5, [&](ProtobufWriter& w) {
      w.bytes(1, symbols.packed(s.labels));
      for (const Sample& sample : s.samples) {
        w.message(2, [&](ProtobufWriter& x) {
          x.float64(1, sample.value);
          x.varint(2, static_cast<uint64_t>(sample.timestamp_ms));
          if (sample.start_ms != 0) x.varint(3, static_cast<uint64_t>(sample.start_ms));
        });
      }
      for (const Histogram& h : s.histograms) write(w, 3, h);
      for (const Exemplar& e : s.exemplars) {
        w.message(4, [&](ProtobufWriter& x) {
          x.bytes(1, symbols.packed(e.labels));
          x.float64(2, e.value);
          x.varint(3, static_cast<uint64_t>(e.timestamp_ms));
        });
      }
      if (s.type >= 0) {
        w.message(5, [&](ProtobufWriter& x) {
          x.varint(1, static_cast<uint64_t>(s.type));
          x.varint(3, symbols.ref(s.help));
          x.varint(4, symbols.ref(s.unit));
        });
      }
    });
  }
  std::string text;
  ProtobufWriter table(text);
  for (const std::string& symbol : symbols.list()) table.bytes(4, symbol);
  return text + series;
}

}  // namespace kansoku::wire::remote_write::test
