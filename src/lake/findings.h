// Where findings and their review live: state.sqlite in the lake's folder, write-ahead log, every change one
// transaction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/finding.h"

namespace rw {

struct FindingFilter {
  std::vector<std::string> detectors;  // empty: all
  std::optional<FindingStatus> status;
  TimeRange range = kAllTime;  // findings that were active in it
  std::uint64_t limit = 0;     // 0: no limit; newest activity first
};

struct FindingPage {
  std::vector<Finding> items;
  std::uint64_t total = 0;  // before the limit
};

struct RecordedFindings {
  std::vector<Finding> created;
  std::vector<Finding> extended;  // known ones whose window grew
  std::uint64_t known = 0;        // nothing new about them
};

// One thread per object; any number of processes.
class FindingStore {
 public:
  static constexpr std::uint32_t kVersion = 1;
  // `lake` is the lake's folder. kNotFound: no such folder; kUnsupported: a newer rangewatch wrote it; kCorrupt: it is
  // no such file. Without `write` a lake that has no state yet gives an empty store and is left as it is.
  static Result<std::unique_ptr<FindingStore>> open(const std::string& lake, bool write);
  virtual ~FindingStore() = default;

  // The time that a detector has to look at so that its windows cover every stored one that they touch (overlap, or lie
  // within `quiet_gap`): `range` itself when nothing reaches out of it. Ask again with the wider range until it is
  // stable.
  virtual Result<TimeRange> range_to_cover(const std::vector<Finding>& findings, Duration quiet_gap,
                                           TimeRange range) = 0;

  // Stores what a run of one detector found. A window that touches a stored one of the same identity extends it: the
  // id, status and note stay, figures are those of the run. Otherwise it is a new episode. The same again changes
  // nothing.
  virtual Result<RecordedFindings> record(const std::vector<Finding>& findings, Duration quiet_gap, Timestamp now) = 0;

  virtual Result<FindingPage> list(const FindingFilter& filter) = 0;
  // By id, or by the beginning of one when it is unique (at least 4 characters). kNotFound, or kUsage when several
  // match.
  virtual Result<Finding> find(std::string_view id) = 0;
  // Keeps who decided when and why in the audit trail.
  virtual Result<Finding> review(std::string_view id, FindingStatus status, std::string_view note, std::string_view who,
                                 Timestamp now) = 0;

  struct Review {
    Timestamp time;
    FindingStatus status = FindingStatus::kNew;
    std::string who;
    std::string note;
  };
  virtual Result<std::vector<Review>> reviews(std::string_view id) = 0;  // oldest first; the full id
};

}  // namespace rw
