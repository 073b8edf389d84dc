// The one way out of a decoder: records go into batches per table, bad records are counted and sampled into `weird`.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/batch.h"

namespace rw {

// Where full batches go. Called on the decoder's thread; may block while writers are behind (that bounds memory).
// A failure stops the ingest of this input.
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  virtual Result<void> take(Batch&& batch) = 0;
};

struct EmitterOptions {
  std::size_t batch_rows = 500'000;           // a Parquet file's worth
  std::size_t batch_bytes = 64 << 20;         // and never more memory than this per table
  std::uint64_t resume_offset = 0;            // rows from before this byte of the input are known already and dropped
  std::uint32_t weird_samples_per_code = 20;  // kept one by one; later ones of the same kind are only counted
  std::int64_t max_counter = 1LL << 53;       // bytes × sampling beyond this is `weird`: sums must not overflow
};

class Emitter {
 public:
  using Options = EmitterOptions;
  // `source` is the input's name as people see it, `format` the name of the format being read.
  Emitter(BatchSink& sink, std::string source, std::string format, Timestamp now, Options options = {});

  // The byte offset, after decompression, of the record that is being decoded. Set it before add() and weird().
  void at(std::uint64_t offset) { offset_ = offset; }
  std::uint64_t offset() const { return offset_; }
  Timestamp now() const { return now_; }  // of this ingest
  std::uint64_t resume_offset() const { return options_.resume_offset; }

  // Checks what every row must satisfy (time within a year of `reference_time`, end not before start, counters
  // bounded): a row that does not is counted as weird and is not kept.
  void add(const Flow& row) { add(std::span(&row, 1)); }
  void add(std::span<const Flow> rows);  // cheaper than one by one
  void add(const Dns& row);
  void add(const DnsAnswer& row);
  void add(const Tls& row);
  void add(const Http& row);
  void add(const Alert& row);
  void add(const InterfaceCounters& row);
  void add(const MiningSession& row);
  void add(const FileTransfer& row);
  void add(const Scan& row);
  void add(const Indicator& row);
  void add(const MailRow& row);  // and its count is bounded as a counter is
  void add(const MailMessage& row);
  void add(const MailAudit& row);

  // `code` is a short stable kebab-case word ("truncated-header"); `detail` may hold bytes from the input: it is
  // escaped here.
  void weird(std::string_view code, std::string_view detail = {});

  // A well-formed record of a kind that no table holds ("stats", "x509"): counted by kind, and not weird.
  void skipped(std::string_view kind);

  // The export's own idea of now, against which row times are checked: a capture's packet time, an export header's
  // time. Unset: row times are only checked to lie in years 1970 to 2199.
  void reference_time(Timestamp t) { reference_time_us_ = t.us; }

  // Sends what has gathered to the sink and goes on, for inputs that have no end, such as devices.
  Result<void> flush();
  // Sends what is left to the sink. Call once, at the end.
  Result<void> finish();
  // The first failure of the sink, if any: decoders of long inputs poll it per block and stop.
  const Result<void>& status() const { return status_; }

  struct Counts {
    std::map<std::string, std::uint64_t, std::less<>> rows;     // table -> rows kept
    std::map<std::string, std::uint64_t, std::less<>> weird;    // code -> how many
    std::map<std::string, std::uint64_t, std::less<>> skipped;  // kind of record that is not read -> how many
    std::uint64_t known = 0;                                    // rows dropped because they lie before resume_offset
  };
  Counts counts() const;
  const std::string& source() const { return source_; }

 private:
  template <typename Row>
  void append(std::size_t slot, const TableSpec& table, std::span<const Row> rows);
  template <typename Row>
  void append(std::size_t slot, const TableSpec& table, const Row& row) {
    append(slot, table, std::span<const Row>(&row, 1));
  }
  bool flow_fits(const Flow& row);
  bool time_fits(std::int64_t us);
  void flush(std::size_t slot);

  static constexpr std::size_t kTableCount = 15;
  BatchSink& sink_;
  std::string source_;
  std::string format_;
  Timestamp now_;
  Options options_;
  std::uint64_t offset_ = 0;
  std::int64_t reference_time_us_ = INT64_MIN;
  std::uint64_t known_ = 0;
  std::uint32_t last_sampling_ = 1;  // and the counter that it allows: divisions are slow
  std::int64_t last_limit_ = 0;
  std::array<std::unique_ptr<Batch>, kTableCount> batches_;
  std::array<std::uint64_t, kTableCount> rows_{};
  std::array<bool, kTableCount> filled_{};  // a batch of this table was full before: the next one will be
  std::map<std::string, std::uint64_t, std::less<>> weird_;
  std::map<std::string, std::uint64_t, std::less<>> skipped_;
  Result<void> status_;
};

}  // namespace rw
