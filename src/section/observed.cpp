// Observed hours, spans and gaps of a period.
#include "section/observed.h"

#include <algorithm>
#include <map>
#include <set>

namespace rw {
namespace {

Timestamp floor_hour(Timestamp t) {
  const std::int64_t remainder = ((t.us % kHour.us) + kHour.us) % kHour.us;
  return {t.us - remainder};
}

}  // namespace

Observed::Observed(TimeRange period, std::vector<ObservedHour> hours) : period_(period) {
  std::map<Timestamp, std::set<std::string>> sensors;
  for (ObservedHour& hour : hours) {
    const Timestamp start = floor_hour(hour.hour);
    if (start < period.to && start + kHour > period.from) sensors[start].insert(std::move(hour.sensor));
  }
  for (auto& [start, names] : sensors) {
    by_hour_.push_back({start, {names.begin(), names.end()}});
    const TimeRange part{std::max(start, period.from), std::min(start + kHour, period.to)};
    if (!spans_.empty() && spans_.back().to == part.from) {
      spans_.back().to = part.to;
    } else {
      spans_.push_back(part);
    }
  }
}

Result<Observed> Observed::read(Store& store, TimeRange period) {
  // From the start of the hour, so that the hour which the period begins in is told.
  RW_ASSIGN(auto hours, store.observed_hours({floor_hour(period.from), period.to}));
  return Observed(period, std::move(hours));
}

double Observed::hours() const {
  double total = 0;
  for (const TimeRange& span : spans_) total += (span.to - span.from).to_seconds() / 3600;
  return total;
}

std::vector<TimeRange> Observed::gaps() const {
  std::vector<TimeRange> gaps;
  Timestamp from = period_.from;
  for (const TimeRange& span : spans_) {
    if (from < span.from) gaps.push_back({from, span.from});
    from = span.to;
  }
  if (from < period_.to) gaps.push_back({from, period_.to});
  return gaps;
}

}  // namespace rw
