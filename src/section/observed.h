// When anybody watched: the observed hours of a period, its gaps, and which sensors reported when (contract.md,
// "Observed time").
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace rw {

class Observed {
 public:
  // `hours` in any order and with repetitions; hours that reach over the ends of `period` count with their part inside.
  Observed(TimeRange period, std::vector<ObservedHour> hours);
  static Result<Observed> read(Store& store, TimeRange period);

  const TimeRange& period() const { return period_; }
  double hours() const;
  double days() const { return hours() / 24; }
  // Observed time as ranges that do not touch, in order; the gaps are the rest of the period.
  const std::vector<TimeRange>& spans() const { return spans_; }
  std::vector<TimeRange> gaps() const;
  // Hours with the sensors that reported in them, in order of time; sensors in order of name.
  struct Hour {
    Timestamp start;
    std::vector<std::string> sensors;
  };
  const std::vector<Hour>& by_hour() const { return by_hour_; }

 private:
  TimeRange period_;
  std::vector<Hour> by_hour_;
  std::vector<TimeRange> spans_;
};

}  // namespace rw
