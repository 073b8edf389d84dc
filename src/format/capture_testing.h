// For tests of captures: a run of a format over bytes, with rows as text.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "format/capture_builder.h"
#include "format/format.h"
#include "format/log_testing.h"

namespace rw::testing {

struct CaptureRun {
  std::string name = "folder/border.pcap.gz";
  DecodeOptions options;
  std::uint64_t resume_offset = 0;
  std::size_t step = SIZE_MAX;  // bytes that the input hands out at a time
};

inline Decoded run_capture(std::string_view bytes, const CaptureRun& how = {}) {
  const Format* format = detect_format(as_bytes(bytes), how.name);
  if (format == nullptr) return {Failure(ErrorCode::kUnsupported, "not detected"), {}, {}};
  RowSink sink;
  EmitterOptions emitter_options;
  emitter_options.resume_offset = how.resume_offset;
  Emitter emitter(sink, how.name, std::string(format->name), Timestamp::from_seconds(1'700'000'000), emitter_options);
  TrickleStream stream(bytes, how.step);
  StreamReader reader(stream);
  SharedState shared;
  DecodeContext context{reader, emitter, shared, how.options};
  Decoded decoded;
  decoded.status = format->decode(context);
  if (auto finished = emitter.finish(); !finished) std::abort();
  decoded.tables = std::move(sink.tables);
  decoded.counts = emitter.counts();
  return decoded;
}
inline Decoded run_frames(const std::vector<Frame>& frames, const CaptureRun& how = {}) {
  return run_capture(pcap(frames), how);
}

// Sums over the flows of a run.
inline std::int64_t total(Decoded& decoded, const std::string& measure) {
  std::int64_t sum = 0;
  for (const Row& row : decoded["flows"]) sum += std::stoll(row.at(measure)) + std::stoll(row.at("rev_" + measure));
  return sum;
}

}  // namespace rw::testing
