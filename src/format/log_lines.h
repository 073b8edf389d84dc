// The lines of a text log, with what every line format must do alike: offsets, length bound, and logs that grow.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/format.h"

namespace rw {

class LogLines {
 public:
  // A log line of a megabyte is damage or an attack; Zeek and Suricata bound their fields far below.
  static constexpr std::size_t kMaxLine = 1 << 20;

  explicit LogLines(DecodeContext& context) : input_(context.input), emitter_(context.emitter) {}

  // The next line that is not empty, with the emitter told its offset. A line over kMaxLine is weird ("line-too-long")
  // and passed over. False at the end, and when the emitter's sink has failed.
  bool next(std::string_view& line);

  // When an input is read again because it grew, its last line may have been seen before as a part without its newline.
  // This is that part, else empty: a format that would have taken it as a record must let the line be dropped as known,
  // and call take_as_new() when it would not.
  std::string_view seen_part() const { return seen_part_; }
  void take_as_new() { emitter_.at(emitter_.resume_offset()); }
  // The line ends the input without a newline: it may be half a line of a log that is still written …
  bool unfinished() const { return unfinished_; }
  // … and surely is one where the input broke off.
  bool broken_off() const { return unfinished_ && !input_.status(); }

 private:
  StreamReader& input_;
  Emitter& emitter_;
  std::string_view seen_part_;
  bool unfinished_ = false;
  std::uint32_t count_ = 0;
};

inline bool LogLines::next(std::string_view& line) {
  constexpr std::uint32_t kPollEvery = 1024;
  for (;;) {
    if (++count_ % kPollEvery == 0 && !emitter_.status()) return false;
    const std::uint64_t begin = input_.offset();
    bool cut = false;
    if (!input_.line(line, cut, kMaxLine)) return false;
    const std::uint64_t end = input_.offset();
    emitter_.at(begin);
    if (cut) {
      emitter_.weird("line-too-long", line.substr(0, 200));
      continue;
    }
    if (line.empty()) continue;
    unfinished_ = end - begin == line.size();
    const std::uint64_t resume = emitter_.resume_offset();
    seen_part_ = begin < resume && resume < end ? line.substr(0, resume - begin) : std::string_view();
    return true;
  }
}

// What a decoder of lines returns at the end of its input.
inline Result<void> log_status(const DecodeContext& context) {
  if (!context.input.status()) return Failure(context.input.status().error());
  return {};
}

}  // namespace rw
