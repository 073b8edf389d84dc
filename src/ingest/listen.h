// Packets of a device on their way into the lake: decoded as a capture file would be, committed every few seconds.
#pragma once

#include <functional>

#include "base/result.h"
#include "format/format.h"
#include "lake/lake.h"
#include "source/capture_device.h"
#include "source/capture_file.h"

namespace rw {

struct ListenOptions {
  Duration commit_every = Duration::seconds(10);    // what a kill loses at most; at most kMostBetweenCommits
  Duration duration = kAllTime.to - kAllTime.from;  // stop after this
  DecodeOptions decode;
  static constexpr Duration kMostBetweenCommits = Duration::seconds(30);
};

// What one commit brought.
struct ListenCommit {
  Timestamp time;
  std::uint64_t packets = 0;
  std::uint64_t dropped = 0;  // by the kernel, since the commit before
  std::uint64_t bytes = 0;    // of frames on the wire
  Emitter::Counts counts;
};

struct ListenHooks {
  std::function<bool()> stop;                          // asked a few times a second; empty: never
  std::function<void(const ListenCommit&)> committed;  // rows are durable; not called where nothing came
};

// Until `hooks.stop` says so or the duration is over; then everything open is told and committed. `record` may be null.
// A failure of the device, the lake or the recording ends it; what was committed stays.
Result<ListenCommit> listen(Lake& lake, CaptureDevice& device, CaptureFileWriter* record, const ListenOptions& options,
                            const ListenHooks& hooks);

}  // namespace rw
