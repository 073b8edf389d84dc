// Whose flow a record is, and whose records count: one sensor for each watched prefix and time (contract.md,
// "Definitions").
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/subject.h"
#include "section/observed.h"
#include "store/store.h"
#include "store/watched.h"

namespace rw {

// What sensors told about one watched prefix in a period.
struct SensorVolume {
  std::string prefix;  // as the subject file writes it
  std::string sensor;
  std::int64_t sampling = 1;
  std::int64_t bytes = 0;
  std::int64_t flows = 0;
};

// One sensor for a prefix during some time.
struct SensorChoice {
  std::string prefix;
  std::string sensor;
  std::vector<TimeRange> times;
};

// Picks for each prefix and hour the first of `ranking` that reported in that hour. Ranking: the subject's sensors in
// their order where one of them saw the prefix at all; else all that saw it, most bytes first.
std::vector<SensorChoice> choose_sensors(const std::vector<std::string>& preferred,
                                         const std::vector<SensorVolume>& volumes, const Observed& observed);

class Vantage {
 public:
  static Result<Vantage> choose(Store& store, const Subject& subject, const Observed& observed);

  const ExprPtr& whose() const { return whose_; }      // the subject's flows, every sensor
  const ExprPtr& counted() const { return counted_; }  // the subject's flows, each from the sensor that counts
  const ExprPtr& src_watched() const { return src_; }
  const ExprPtr& dst_watched() const { return dst_; }
  const std::vector<SensorChoice>& choices() const { return choices_; }
  // Sensors whose records were left out for all prefixes and times.
  const std::vector<std::string>& ignored() const { return ignored_; }
  // For comparability: prefix -> its main sensor; and the sampling rates of what counts.
  const std::map<std::string, std::string>& main_sensors() const { return main_; }
  const std::set<std::int64_t>& sampling() const { return sampling_; }

 private:
  ExprPtr whose_, counted_, src_, dst_;
  std::vector<SensorChoice> choices_;
  std::vector<std::string> ignored_;
  std::map<std::string, std::string> main_;
  std::set<std::int64_t> sampling_;
};

}  // namespace rw
