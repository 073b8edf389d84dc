// What all sections of one dossier share: period and comparison, who watched when, whose records count, local time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/document.h"
#include "model/subject.h"
#include "model/threshold.h"
#include "section/local_time.h"
#include "section/observed.h"
#include "section/statistics.h"
#include "section/texts.h"
#include "section/vantage.h"
#include "store/store.h"

namespace rw {

// The subject's volumes in a quarter of an hour. Quarters, because zones differ from UTC by quarters at the finest.
struct Quarter {
  Timestamp start;
  std::int64_t bytes = 0;
  std::int64_t packets = 0;
  std::int64_t flows = 0;
};
inline constexpr Duration kQuarter = Duration::seconds(900);

// One of the two periods of a dossier.
struct Side {
  TimeRange range;
  Observed observed;
  Vantage vantage;
  std::vector<Quarter> quarters;  // those with flows, in order
};

struct Comparability {
  double observed_days = 0;
  std::optional<double> comparison_observed_days;
  std::vector<TimeRange> gaps;  // of both periods, in order of time
  std::optional<bool> same_exporters;
  std::optional<bool> same_sampling;
  std::optional<bool> comparable;  // null without a comparison
};

struct DossierRequest {
  TimeRange period;
  std::optional<TimeRange> comparison;
  Language language = Language::kEnglish;
  ThresholdValues thresholds;  // of the detectors that sections ask: what holds in the lake
};

class Frame {
 public:
  // kUsage: an empty period or a zone that does not exist. The references must outlive the frame.
  static Result<Frame> make(Store& store, const Subject& subject, const Organisation& organisation,
                            const DossierRequest& request);

  Store& store() const { return *store_; }
  const Subject& subject() const { return *subject_; }
  const Organisation& organisation() const { return *organisation_; }
  const DossierRequest& request() const { return request_; }
  const Side& period() const { return period_; }
  const Side* comparison() const { return comparison_ ? &*comparison_ : nullptr; }
  const LocalClock& clock() const { return clock_; }
  const Comparability& comparability() const { return comparability_; }
  bool comparable() const { return comparability_.comparable.value_or(false); }
  std::string say(std::string_view id, const std::vector<std::string>& args = {}) const {
    return rw::say(request_.language, id, args);
  }

  // Local days that `side` touches, in order, with volumes and observed hours.
  struct Day {
    DayVolume volume;
    std::int64_t flows = 0;
  };
  std::vector<Day> days(const Side& side) const;

  // For people: "2019-01-01 to 2019-11-01" where both ends are midnights of the subject's zone (or of UTC, which is
  // said), else with times.
  std::string period_text(TimeRange range) const;

  // What several sections of one dossier need, computed once: `make` is called the first time that `name` is asked for.
  template <typename T>
  Result<std::shared_ptr<const T>> shared(const std::string& name, const std::function<Result<T>()>& make) const {
    std::shared_ptr<const void>& kept = (*shared_)[name];
    if (!kept) {
      RW_ASSIGN(T made, make());
      kept = std::make_shared<const T>(std::move(made));
    }
    return std::static_pointer_cast<const T>(kept);
  }

  // Sentences about sensors, gaps and comparability that every section with volumes has to state.
  std::string volume_limits() const;

 private:
  Frame(Store& store, const Subject& subject, const Organisation& organisation, const DossierRequest& request,
        Side period, std::optional<Side> comparison, LocalClock clock);

  Store* store_;
  const Subject* subject_;
  const Organisation* organisation_;
  DossierRequest request_;
  Side period_;
  std::optional<Side> comparison_;
  LocalClock clock_;
  Comparability comparability_;
  std::shared_ptr<std::map<std::string, std::shared_ptr<const void>>> shared_ =
      std::make_shared<std::map<std::string, std::shared_ptr<const void>>>();
};

Comparability compare(const Side& period, const Side* comparison);

// Calls `visit(start, hours)` for each quarter of an hour that was observed, with its observed part (at most 0.25).
template <typename Visit>
void for_each_quarter(const Observed& observed, Visit visit) {
  for (const TimeRange& span : observed.spans()) {
    Timestamp from = span.from;
    while (from < span.to) {
      const std::int64_t into = ((from.us % kQuarter.us) + kQuarter.us) % kQuarter.us;
      const Timestamp next{from.us - into + kQuarter.us};
      const Timestamp to = next < span.to ? next : span.to;
      visit(Timestamp{from.us - into}, (to - from).to_seconds() / 3600);
      from = to;
    }
  }
}

}  // namespace rw
