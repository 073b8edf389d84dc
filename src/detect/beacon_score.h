// How much the connections of one pair in one day look like a program that calls home: the four parts of RITA's score.
//
// Each part is 0 to 1 and weighs a quarter:
//   timing     the gaps between connections: symmetry (1 - |Bowley skew|) and spread (1 - MAD ÷ median), halved
//   sizes      the same of the bytes that were sent
//   duration   the larger of: share of the day that they span; longest run of hours with any, over 12
//   histogram  connections by hour: evenness (1 - standard deviation ÷ mean), or how few levels the hours have
#pragma once

#include <span>
#include <vector>

#include "base/time.h"

namespace rw {

struct BeaconScore {
  double timing = 0;
  double sizes = 0;
  double duration = 0;
  double histogram = 0;
  double total() const { return (timing + sizes + duration + histogram) / 4; }
  Duration gap;  // the median
};

// Symmetry and spread of values in any order, as in timing; 0 for fewer than three.
double regularity(std::vector<double> values);

// `times` in order and at least two; `sizes` in any order; `day` is the time that was observed of that day.
BeaconScore beacon_score(std::span<const Timestamp> times, std::span<const double> sizes, TimeRange day);

// What duration can be at most when the first and last connection are known: no closer look can raise it.
double most_duration(Timestamp first, Timestamp last, TimeRange day);

}  // namespace rw
