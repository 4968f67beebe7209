// What the decoders of both versions share: checks of labels and times, and the batches.
// Thread contract: thread-confined.
#pragma once

#include <vector>

#include "wire/remote_write/remote_write.h"

namespace kansoku::wire::remote_write {

// Stands for the label bytes of the series at hand; views point into the message.
class BatchFiller {
 public:
  BatchFiller(const Limits& limits, Decoded& out) : limits_(limits), out_(out) {}
  void reserve(size_t message_bytes);

  // The labels of the next series: cleared here, filled by the caller, then begin_series().
  std::vector<signal::LabelView>& labels() {
    labels_.clear();
    return labels_;
  }
  // Sorts and checks. False: the series is refused, and everything pushed until the next one is
  // counted as refused with it. `utf8_known`: the caller has checked the text.
  bool begin_series(bool utf8_known, signal::Temporality temporality);
  // The same for labels that are known to be good, in canonical form; the bytes stay until the next
  // series.
  void begin_canonical_series(std::string_view canonical, std::string_view name);
  // The caller found the labels damaged (a symbol that is not there).
  void refuse_series(std::string message);

  void sample(int64_t timestamp_ms, double value, int64_t start_ms);
  void histogram(int64_t timestamp_ms, Result<signal::Distribution> distribution, int64_t start_ms);
  void exemplar(int64_t timestamp_ms, double value, std::vector<signal::LabelView>& labels);
  // After the last field of the series.
  void end_series();
  std::string_view series_name() const { return name_; }
  bool series_good() const { return good_; }

  void finish();

 private:
  enum Kind : uint8_t { kFloats, kHistograms, kExemplars, kKinds };

  bool in_time(int64_t timestamp_ms);
  void refuse_row(Reason reason, std::string message);
  signal::MetricBatchBuilder& row_of(Kind kind, signal::SeriesRow& row);
  // The labels of the series at hand, for people.
  std::string show_labels() const;

  static constexpr signal::SeriesRow kNoRow = 0xffffffffU;
  const Limits& limits_;
  Decoded& out_;
  std::vector<signal::LabelView> labels_;
  std::string_view canonical_;  // instead of labels_, when not empty
  std::string_view name_;
  signal::SeriesMeta meta_;
  bool good_ = false;
  bool counted_ = false;  // something of the series at hand was counted
  std::array<signal::SeriesRow, kKinds> rows_{};
  std::array<signal::MetricBatchBuilder, kKinds> builders_;
  std::array<bool, kKinds> used_{};
};

}  // namespace kansoku::wire::remote_write
