// Where observations are kept and questions answered: the interface; src/lake is the embedded engine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/emitter.h"
#include "store/piece.h"
#include "store/query.h"

namespace rw {

// An input as the store remembers it, so that the same bytes are taken once. Hashes are of the content after
// decompression.
struct InputIdentity {
  std::string name;
  std::string format;
  std::uint64_t bytes = 0;
  std::uint64_t hash_hi = 0;  // 128-bit content hash under the store's own secret seed; 0 and 0: without identity,
                              // such as live input, and never known again
  std::uint64_t hash_lo = 0;
  std::uint64_t head_hash = 0;  // of the first min(bytes, kHeadBytes) bytes
  static constexpr std::size_t kHeadBytes = 4096;
};

// A mail report that an input brings, by a hash of what identifies it, so that its rows are taken once.
struct TakenReport {
  std::uint64_t hash_hi = 0;
  std::uint64_t hash_lo = 0;
  std::uint64_t before = 0;  // rows of it that the store has already
  std::uint64_t rows = 0;    // and with this input
  Timestamp begins;          // forgotten when the rows of that time are dropped
};

// Inputs on their way in, one after the other. Rows become visible all at once at commit, or never.
class IngestTransaction : public BatchSink {
 public:
  // Ends one input: its rows are those taken since the last end. Each input has an ingest number of its own.
  virtual Result<void> end_input(const InputIdentity& input, const Emitter::Counts& counts) = 0;
  // A report of the input that is being taken. kConflict at commit where another process brought rows of it meanwhile.
  virtual Result<void> take_report(const TakenReport& report) {
    static_cast<void>(report);
    return {};
  }
  // Writes out what is still queued, then makes rows and identities visible in one step; durable when it returns.
  // kConflict: another process committed the content of one of the inputs meanwhile; nothing of this transaction is
  // kept.
  virtual Result<void> commit() = 0;
  // The destructor without commit removes every trace.

  Result<void> commit(const InputIdentity& input, const Emitter::Counts& counts) {
    RW_TRY(end_input(input, counts));
    return commit();
  }
};

// Hours in which a sensor reported, for "observed time".
struct ObservedHour {
  Timestamp hour;
  std::string sensor;
};

// From `from` until the next one begins, local time of a zone is UTC plus `offset`.
struct ZoneOffset {
  Timestamp from;
  Duration offset;
};

class Store {
 public:
  virtual ~Store() = default;

  // Threads: one thread per Store object. Other processes may read and write the same store at any time.
  virtual Result<Answer> run(const Query& query) = 0;
  // Answers in the order of the questions; questions over the same table, time and filter share one scan.
  virtual Result<std::vector<Answer>> run(std::span<const Query> queries) = 0;
  // Rows in pieces, for answers of any size. `piece` may return false to stop early.
  virtual Result<void> stream(const Query& query, const std::function<bool(const Answer& piece)>& piece) = 0;
  // Rows as text, for exports of any size: `write` appends the text of a piece, on several threads at once; `out` gets
  // the texts on this thread, in the order of the rows, and may return false to stop early. The columns are as stream()
  // names them.
  using WritePiece = std::function<void(const Piece& piece, std::string& text)>;
  virtual Result<void> stream_text(const Query& query, const WritePiece& write,
                                   const std::function<bool(std::string_view)>& out);
  // Exactly one SELECT over the tables by name; anything else is a usage error.
  virtual Result<void> sql(std::string_view select, const std::function<bool(const Answer& piece)>& piece) = 0;

  virtual Result<std::vector<ObservedHour>> observed_hours(TimeRange range) = 0;
  // The offsets of an IANA zone over `range`, in order; the first begins at range.from, each change is exact to 15
  // minutes. kUsage: no such zone (the message names near ones); kLimit: a range of over 50 years.
  virtual Result<std::vector<ZoneOffset>> zone_offsets(std::string_view zone, TimeRange range) {
    static_cast<void>(range);
    return Failure(ErrorCode::kUnsupported, "this store knows no time zones (asked for '" + std::string(zone) + "')");
  }
  virtual Result<TimeRange> extent(std::string_view table) = 0;  // empty range when the table is
  virtual bool synthetic() const = 0;                            // holds scenario data

 protected:
  // What stream_text makes of answers that come piece by piece from `rows`.
  using PieceSink = std::function<bool(const Answer& piece)>;
  static Result<void> as_text(const std::function<Result<void>(const PieceSink&)>& rows, const WritePiece& write,
                              const std::function<bool(std::string_view)>& out);
};

}  // namespace rw
