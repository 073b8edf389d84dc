// From paths to rows in the lake: walks inputs, finds each one's format, decodes it, commits it, and tells what became
// of it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "format/format.h"
#include "lake/lake.h"
#include "source/source.h"

namespace rw {

struct IngestOptions {
  std::string format;  // force this one; empty: by content
  bool again = false;  // take known inputs anew, replacing what they brought
  DecodeOptions decode;
  SourceOptions source;
};

// What became of one input. Told when its rows are durable: small inputs are committed together, at most a second's
// worth.
//   kRead      all of it
//   kKnown     nothing: the same content, whatever its name and compression, was taken before
//   kExtended  what came after a beginning that was taken before
//   kSkipped   nothing: no format fits, or its records are of a kind that is not read
//   kPartly    what came before damage
//   kFailed    nothing: it cannot be opened, or is damaged from the start
// A shorter copy of a known input (its first half, say) is new content: its rows are taken again.
struct InputReport {
  enum class Outcome { kRead, kKnown, kExtended, kSkipped, kPartly, kFailed };
  std::string name;
  std::string format;  // empty where none fits
  Outcome outcome = Outcome::kRead;
  std::string reason;       // why skipped, partly read or failed; and what was saved
  std::uint64_t bytes = 0;  // after decompression
  Emitter::Counts counts;
};

struct IngestProgress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t rows = 0;
  std::string current;
};

struct IngestHooks {
  std::function<void(const InputReport&)> input;        // after each input
  std::function<void(const IngestProgress&)> progress;  // a few times a second
};

struct IngestSummary {
  std::uint64_t inputs = 0, read = 0, known = 0, extended = 0, skipped = 0, partly = 0, failed = 0;
  Emitter::Counts counts;
};

// One input's failure does not stop the others. A failure of the lake does; what was told before stays. An input that
// was skipped or failed leaves one line in the table `weird`, once for the same content, name and reason. Two processes
// may ingest into one lake at once, the same inputs too: content that both bring is kept once.
Result<IngestSummary> ingest(Lake& lake, std::span<const std::string> paths, const IngestOptions& options,
                             const IngestHooks& hooks);

// The same for inputs that come from elsewhere than paths, such as a mailbox on a server: `walk` visits them, and may be
// called again when another process brought the same content meanwhile. kUsage and the rest as above.
using InputWalk = std::function<Result<void>(InputVisitor&)>;
Result<IngestSummary> ingest(Lake& lake, const InputWalk& walk, const IngestOptions& options, const IngestHooks& hooks);

}  // namespace rw
