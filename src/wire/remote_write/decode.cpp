#include "wire/json/json_writer.h"
#include "wire/protobuf/protobuf.h"
#include "wire/remote_write/filler.h"
#include "wire/remote_write/histogram.h"
#include "wire/remote_write/plain_labels.h"

namespace kansoku::wire::remote_write {
namespace {

// One sample: the same fields in both versions; 2.0 adds the start timestamp.
void read_sample(ProtobufReader in, ProtobufReader& outer, BatchFiller& filler) {
  double value = 0;
  int64_t timestamp_ms = 0;
  int64_t start_ms = 0;
  while (in.next()) {
    if (in.field() == 1) {
      value = in.float64();
    } else if (in.field() == 2) {
      timestamp_ms = in.int64();
    } else if (in.field() == 3) {
      start_ms = in.int64();
    }
  }
  if (!in.ok()) {
    outer.fail();
    return;
  }
  filler.sample(timestamp_ms, value, start_ms);
}

void read_histogram(ProtobufReader in, ProtobufReader& outer, BatchFiller& filler) {
  WireHistogram histogram = decode_histogram(in);
  if (!in.ok()) {
    outer.fail();
    return;
  }
  filler.histogram(histogram.timestamp_ms, std::move(histogram.distribution), histogram.start_ms);
}

MetricType metric_type(uint64_t value) {
  return value <= static_cast<uint64_t>(MetricType::StateSet) ? static_cast<MetricType>(value)
                                                              : MetricType::Unknown;
}

signal::LabelView read_label(ProtobufReader in, ProtobufReader& outer) {
  signal::LabelView out;
  while (in.next()) {
    if (in.field() == 1) out.name = in.bytes();
    if (in.field() == 2) out.value = in.bytes();
  }
  if (!in.ok()) outer.fail();
  return out;
}

// ---------------------------------------------------------------------------------------------
// 1.0

void read_exemplar_v1(ProtobufReader in, ProtobufReader& outer, BatchFiller& filler,
                      std::vector<signal::LabelView>& labels) {
  labels.clear();
  double value = 0;
  int64_t timestamp_ms = 0;
  while (in.next()) {
    if (in.field() == 1) {
      labels.push_back(read_label(in.message(), in));
    } else if (in.field() == 2) {
      value = in.float64();
    } else if (in.field() == 3) {
      timestamp_ms = in.int64();
    }
  }
  if (!in.ok()) {
    outer.fail();
    return;
  }
  filler.exemplar(timestamp_ms, value, labels);
}

// Samples at the front of `message`, written as everybody writes them: value, then time, nothing
// else. The rest of the message.
std::string_view read_plain_samples_v1(std::string_view message, BatchFiller& filler) {
  constexpr char kSampleTag = 0x12;
  constexpr char kValueTag = 0x09;
  constexpr char kTimeTag = 0x10;
  const char* at = message.data();
  const char* const end = at + message.size();
  while (end - at >= 2 && *at == kSampleTag) {
    const size_t bytes = static_cast<unsigned char>(at[1]);
    const char* in = at + 2;
    const char* const sample_end = in + bytes;
    if (bytes >= 0x80 || bytes > static_cast<size_t>(end - in)) break;
    double value = 0;  // a zero is not written
    if (bytes >= 9 && *in == kValueTag) {
      value = load_le<double>(in + 1);
      in += 9;
    }
    uint64_t time = 0;
    if (in == sample_end || *in != kTimeTag) break;
    ++in;
    if (!read_varint(in, sample_end, time) || in != sample_end) break;
    filler.sample(static_cast<int64_t>(time), value, 0);
    at = sample_end;
  }
  return message.substr(static_cast<size_t>(at - message.data()));
}

// What a series has beside its labels.
bool read_points_v1(std::string_view message, BatchFiller& filler,
                    std::vector<signal::LabelView>& exemplar_labels) {
  ProtobufReader in(read_plain_samples_v1(message, filler));
  while (in.next()) {
    if (in.field() == 2) {
      read_sample(in.message(), in, filler);
    } else if (in.field() == 3) {
      read_exemplar_v1(in.message(), in, filler, exemplar_labels);
    } else if (in.field() == 4) {
      read_histogram(in.message(), in, filler);
    }
  }
  filler.end_series();
  return in.ok();
}

bool has_labels(std::string_view message) {
  // Mostly there are samples of less than 128 bytes and nothing else.
  constexpr char kSampleTag = 0x12;
  while (message.size() >= 2 && message[0] == kSampleTag) {
    const size_t bytes = static_cast<unsigned char>(message[1]);
    if (bytes >= 0x80 || bytes > message.size() - 2) break;
    message.remove_prefix(2 + bytes);
  }
  ProtobufReader in(message);
  while (in.next()) {
    if (in.field() == 1) return true;
  }
  return false;
}

bool read_series_v1(std::string_view message, const char* buffer_end, BatchFiller& filler,
                    PlainLabels& plain, const Limits& limits,
                    std::vector<signal::LabelView>& exemplar_labels) {
  if (plain.read(message, buffer_end) && plain.count() <= limits.labels_max &&
      plain.canonical().size() <= limits.label_bytes_max && !has_labels(plain.rest())) {
    filler.begin_canonical_series(plain.canonical(), plain.metric());
    return read_points_v1(plain.rest(), filler, exemplar_labels);
  }
  // Fields may come in any order, and labels are needed first: two passes, the first mostly skips.
  ProtobufReader first(message);
  std::vector<signal::LabelView>& labels = filler.labels();
  while (first.next()) {
    if (first.field() == 1) labels.push_back(read_label(first.message(), first));
  }
  if (!first.ok()) return false;
  filler.begin_series(false, signal::Temporality::Gauge);
  return read_points_v1(message, filler, exemplar_labels);
}

void read_metadata_v1(ProtobufReader in, ProtobufReader& outer, Decoded& out) {
  Metadata metadata;
  while (in.next()) {
    if (in.field() == 1) {
      metadata.type = metric_type(in.varint());
    } else if (in.field() == 2) {
      metadata.family = in.bytes();
    } else if (in.field() == 4) {
      metadata.help = in.bytes();
    } else if (in.field() == 5) {
      metadata.unit = in.bytes();
    }
  }
  if (!in.ok()) {
    outer.fail();
  } else if (!metadata.family.empty()) {
    out.metadata.push_back(std::move(metadata));
  }
}

bool decode_v1(std::string_view message, const Limits& limits, BatchFiller& filler, Decoded& out) {
  std::vector<signal::LabelView> exemplar_labels;
  PlainLabels plain;
  ProtobufReader in(message);
  while (in.next()) {
    if (in.field() == 1) {
      if (!read_series_v1(in.bytes(), message.data() + message.size(), filler, plain, limits,
                          exemplar_labels))
        return false;
    } else if (in.field() == 3) {
      read_metadata_v1(in.message(), in, out);
    }
  }
  return in.ok();
}

// ---------------------------------------------------------------------------------------------
// 2.0

struct Symbols {
  std::vector<std::string_view> text;
  std::vector<uint8_t> utf8;  // checked once, not once a series
};

// Pairs of references to labels. False: odd in number or out of range.
bool resolve(const std::vector<uint64_t>& refs, const Symbols& symbols,
             std::vector<signal::LabelView>& labels, bool& utf8) {
  if (refs.size() % 2 != 0) return false;
  for (size_t i = 0; i < refs.size(); i += 2) {
    if (refs[i] >= symbols.text.size() || refs[i + 1] >= symbols.text.size()) return false;
    utf8 = utf8 && symbols.utf8[refs[i]] != 0 && symbols.utf8[refs[i + 1]] != 0;
    labels.push_back({symbols.text[refs[i]], symbols.text[refs[i + 1]]});
  }
  return true;
}

class DecoderV2 {
 public:
  DecoderV2(BatchFiller& filler, Decoded& out) : filler_(filler), out_(out) {}

  bool decode(std::string_view message) {
    // The table may stand behind the series.
    ProtobufReader first(message);
    while (first.next()) {
      if (first.field() == 4) symbols_.text.push_back(first.bytes());
    }
    if (!first.ok()) return false;
    symbols_.utf8.reserve(symbols_.text.size());
    for (std::string_view text : symbols_.text) symbols_.utf8.push_back(is_utf8(text) ? 1 : 0);
    if (!symbols_.text.empty() && !symbols_.text[0].empty()) return false;
    ProtobufReader in(message);
    while (in.next()) {
      if (in.field() == 5 && !read_series(in.bytes())) return false;
    }
    return in.ok();
  }

 private:
  struct MetadataRefs {
    MetricType type = MetricType::Unknown;
    uint64_t help = 0;
    uint64_t unit = 0;
    bool there = false;
  };

  static void read_refs(ProtobufReader& in, std::vector<uint64_t>& refs) {
    in.for_each_packed(ProtobufType::Varint,
                       [&](ProtobufReader& one) { refs.push_back(one.value_varint()); });
  }

  static MetadataRefs read_metadata(ProtobufReader in, ProtobufReader& outer) {
    MetadataRefs out;
    out.there = true;
    while (in.next()) {
      if (in.field() == 1) {
        out.type = metric_type(in.varint());
      } else if (in.field() == 3) {
        out.help = in.varint();
      } else if (in.field() == 4) {
        out.unit = in.varint();
      }
    }
    if (!in.ok()) outer.fail();
    return out;
  }

  void read_exemplar(ProtobufReader in, ProtobufReader& outer) {
    refs_.clear();
    double value = 0;
    int64_t timestamp_ms = 0;
    while (in.next()) {
      if (in.field() == 1) {
        read_refs(in, refs_);
      } else if (in.field() == 2) {
        value = in.float64();
      } else if (in.field() == 3) {
        timestamp_ms = in.int64();
      }
    }
    exemplar_labels_.clear();
    bool utf8 = true;
    if (!in.ok() || !resolve(refs_, symbols_, exemplar_labels_, utf8)) {
      outer.fail();
      return;
    }
    filler_.exemplar(timestamp_ms, value, exemplar_labels_);
  }

  static signal::Temporality temporality_of(MetricType type) {
    bool cumulative =
        type == MetricType::Counter || type == MetricType::Histogram || type == MetricType::Summary;
    return cumulative ? signal::Temporality::Cumulative : signal::Temporality::Gauge;
  }

  bool read_series(std::string_view message) {
    refs_.clear();
    MetadataRefs metadata;
    int64_t created_ms = 0;  // field 6 of the drafts of 2.0: one start for all samples
    ProtobufReader first(message);
    while (first.next()) {
      if (first.field() == 1) {
        read_refs(first, refs_);
      } else if (first.field() == 5) {
        metadata = read_metadata(first.message(), first);
      } else if (first.field() == 6) {
        created_ms = first.int64();
      }
    }
    bool utf8 = true;
    if (!first.ok() || !resolve(refs_, symbols_, filler_.labels(), utf8)) return false;
    if (metadata.help >= symbols_.text.size() && metadata.help != 0) return false;
    if (metadata.unit >= symbols_.text.size() && metadata.unit != 0) return false;
    filler_.begin_series(utf8, temporality_of(metadata.type));
    if (metadata.there && filler_.series_good()) add_metadata(metadata);
    read_points(message, created_ms);
    filler_.end_series();
    return points_ok_;
  }

  void read_points(std::string_view message, int64_t created_ms) {
    ProtobufReader in(message);
    while (in.next()) {
      if (in.field() == 2) {
        read_sample_with(in.message(), in, created_ms);
      } else if (in.field() == 3) {
        read_histogram(in.message(), in, filler_);
      } else if (in.field() == 4) {
        std::string_view exemplar = in.bytes();
        read_exemplar(ProtobufReader(exemplar), in);
      }
    }
    points_ok_ = in.ok();
  }

  void read_sample_with(ProtobufReader in, ProtobufReader& outer, int64_t created_ms) {
    if (created_ms == 0) {
      read_sample(in, outer, filler_);
      return;
    }
    double value = 0;
    int64_t timestamp_ms = 0;
    while (in.next()) {
      if (in.field() == 1) value = in.float64();
      if (in.field() == 2) timestamp_ms = in.int64();
    }
    if (!in.ok()) {
      outer.fail();
      return;
    }
    filler_.sample(timestamp_ms, value, created_ms);
  }

  // The family of a series: the name without the suffix of a classic histogram's or summary's
  // parts.
  static std::string_view family_of(std::string_view name, MetricType type) {
    if (type != MetricType::Histogram && type != MetricType::Summary &&
        type != MetricType::GaugeHistogram) {
      return name;
    }
    for (std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (name.size() > suffix.size() && name.ends_with(suffix)) {
        return name.substr(0, name.size() - suffix.size());
      }
    }
    return name;
  }

  std::string_view symbol(uint64_t ref) const {
    return ref < symbols_.text.size() ? symbols_.text[ref] : std::string_view();
  }

  void add_metadata(const MetadataRefs& refs) {
    if (refs.type == MetricType::Unknown && refs.help == 0 && refs.unit == 0) return;
    std::string_view family = family_of(filler_.series_name(), refs.type);
    // Series of one family follow each other.
    if (!out_.metadata.empty() && out_.metadata.back().family == family) return;
    out_.metadata.push_back({std::string(family), refs.type, std::string(symbol(refs.help)),
                             std::string(symbol(refs.unit))});
  }

  BatchFiller& filler_;
  Decoded& out_;
  Symbols symbols_;
  std::vector<uint64_t> refs_;
  std::vector<signal::LabelView> exemplar_labels_;
  bool points_ok_ = true;
};

}  // namespace

Result<Decoded> decode(Version version, std::string_view message, const Limits& limits) {
  Decoded out;
  BatchFiller filler(limits, out);
  filler.reserve(message.size());
  if (version == Version::V1) {
    if (!decode_v1(message, limits, filler, out)) {
      return invalid_argument("body is no prometheus.WriteRequest");
    }
  } else if (!DecoderV2(filler, out).decode(message)) {
    return invalid_argument(
        "body is no io.prometheus.write.v2.Request, or its symbol references do not hold");
  }
  filler.finish();
  return out;
}

}  // namespace kansoku::wire::remote_write
