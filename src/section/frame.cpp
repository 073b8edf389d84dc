// Prepares what the sections of one dossier share.
#include "section/frame.h"
#include "base/quantity.h"

#include <algorithm>
#include <map>

namespace rw {
namespace {

Result<std::vector<Quarter>> read_quarters(Store& store, const Vantage& vantage, TimeRange range) {
  Query query;
  query.table = "flows";
  query.time = range;
  query.where = vantage.counted();
  query.group_by = {{"start", expr::time_bucket(expr::column("start_time"), kQuarter)}};
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                    {"packets", Measure::Kind::kSum, expr::volume_packets()},
                    {"flows", Measure::Kind::kCount, nullptr}};
  query.order_by = {{"start", false}};
  RW_ASSIGN(const Answer answer, store.run(query));
  std::vector<Quarter> quarters;
  quarters.reserve(answer.rows.size());
  for (const auto& row : answer.rows)
    if (const auto* start = std::get_if<Timestamp>(&row[0]))
      quarters.push_back({*start, as_int(row[1]), as_int(row[2]), as_int(row[3])});
  return quarters;
}

Result<Side> read_side(Store& store, const Subject& subject, TimeRange range) {
  RW_ASSIGN(Observed observed, Observed::read(store, range));
  RW_ASSIGN(Vantage vantage, Vantage::choose(store, subject, observed));
  RW_ASSIGN(auto quarters, read_quarters(store, vantage, range));
  return Side{range, std::move(observed), std::move(vantage), std::move(quarters)};
}

// The same sensor must give the volumes of each prefix that has any on both sides; a prefix that only one side saw is
// no change of vantage.
bool same_main_sensors(const Vantage& a, const Vantage& b) {
  for (const auto& [prefix, sensor] : a.main_sensors()) {
    const auto other = b.main_sensors().find(prefix);
    if (other != b.main_sensors().end() && other->second != sensor) return false;
  }
  return true;
}

std::string choice_text(const Vantage& vantage) {
  std::map<std::string, std::string> by_sensor;
  for (const auto& [prefix, sensor] : vantage.main_sensors()) {
    std::string& prefixes = by_sensor[sensor];
    prefixes += (prefixes.empty() ? "" : ", ") + prefix;
  }
  std::string text;
  for (const auto& [sensor, prefixes] : by_sensor) text += (text.empty() ? "" : "; ") + sensor + " (" + prefixes + ")";
  return text;
}

std::string joined(const std::vector<std::string>& names, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < std::min(limit, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > limit) text += " … (" + group_thousands(static_cast<std::int64_t>(names.size())) + ")";
  return text;
}

}  // namespace

Comparability compare(const Side& period, const Side* comparison) {
  Comparability result;
  result.observed_days = period.observed.days();
  result.gaps = period.observed.gaps();
  if (comparison == nullptr) return result;
  result.comparison_observed_days = comparison->observed.days();
  const auto more = comparison->observed.gaps();
  result.gaps.insert(result.gaps.end(), more.begin(), more.end());
  std::sort(result.gaps.begin(), result.gaps.end());
  const Vantage& a = period.vantage;
  const Vantage& b = comparison->vantage;
  if (a.main_sensors().empty() || b.main_sensors().empty()) {  // one side has no flows: nothing to compare exporters by
    result.comparable = false;
    return result;
  }
  result.same_exporters = same_main_sensors(a, b);
  result.same_sampling = a.sampling() == b.sampling();
  result.comparable = *result.same_exporters && *result.same_sampling;
  return result;
}

Frame::Frame(Store& store, const Subject& subject, const Organisation& organisation, const DossierRequest& request,
             Side period, std::optional<Side> comparison, LocalClock clock)
    : store_(&store),
      subject_(&subject),
      organisation_(&organisation),
      request_(request),
      period_(std::move(period)),
      comparison_(std::move(comparison)),
      clock_(std::move(clock)),
      comparability_(compare(period_, comparison_ ? &*comparison_ : nullptr)) {}

Result<Frame> Frame::make(Store& store, const Subject& subject, const Organisation& organisation,
                          const DossierRequest& request) {
  if (request.period.empty() || (request.comparison && request.comparison->empty()))
    return Failure(ErrorCode::kUsage, "a period must end after it begins");
  TimeRange both = request.period;
  if (request.comparison) {
    both.from = std::min(both.from, request.comparison->from);
    both.to = std::max(both.to, request.comparison->to);
  }
  RW_ASSIGN(LocalClock clock, LocalClock::make(store, subject.time_zone, both));
  RW_ASSIGN(Side period, read_side(store, subject, request.period));
  std::optional<Side> comparison;
  if (request.comparison) {
    RW_ASSIGN(comparison, read_side(store, subject, *request.comparison));
  }
  return Frame(store, subject, organisation, request, std::move(period), std::move(comparison), std::move(clock));
}

std::vector<Frame::Day> Frame::days(const Side& side) const {
  std::map<std::int64_t, Day> days;
  const std::int64_t last = clock_.at({side.range.to.us - 1}).day;
  for (std::int64_t day = clock_.at(side.range.from).day; day <= last; ++day) days[day].volume.day = day;
  for_each_quarter(side.observed,
                   [&](Timestamp quarter, double hours) { days[clock_.at(quarter).day].volume.hours += hours; });
  for (const Quarter& quarter : side.quarters) {
    Day& day = days[clock_.at(quarter.start).day];
    day.volume.bytes += static_cast<double>(quarter.bytes);
    day.flows += quarter.flows;
  }
  std::vector<Day> result;
  for (auto& [number, day] : days) {
    day.volume.day = number;
    result.push_back(day);
  }
  return result;
}

std::string Frame::period_text(TimeRange range) const {
  const auto midnight = [&](Timestamp t) {
    const LocalTime local = clock_.at(t);
    return local.hour == 0 && local.minute == 0;
  };
  // The end is exclusive, and lies where the clock of the moment before it is still in force.
  if (midnight(range.from) && midnight(range.to))
    return say("word.from_to", {format_date(clock_.at(range.from).day), format_date(clock_.at(range.to).day)});
  if (range.from.us % kDay.us == 0 && range.to.us % kDay.us == 0)
    return say("word.from_to", {range.from.date(), range.to.date()}) + " (UTC)";
  return say("word.from_to", {range.from.to_string(), range.to.to_string()});
}

std::string Frame::volume_limits() const {
  std::string text = say("limits.attacks");
  const auto add = [&](const std::string& sentence) { text += " " + sentence; };
  if (period_.vantage.main_sensors().empty()) {
    add(say("limits.no_flows"));
  } else {
    add(say(subject_->sensors.empty() ? "limits.sensor_most" : "limits.sensor_listed", {choice_text(period_.vantage)}));
    if (!period_.vantage.ignored().empty()) add(say("limits.ignored", {joined(period_.vantage.ignored(), 5)}));
    if (period_.vantage.choices().size() > period_.vantage.main_sensors().size()) add(say("limits.fallback"));
    if (period_.vantage.sampling() != std::set<std::int64_t>{1}) add(say("limits.sampled"));
  }
  if (!comparability_.gaps.empty()) {
    Duration total;
    for (const TimeRange& gap : comparability_.gaps) total = total + (gap.to - gap.from);
    add(say("limits.gaps", {group_thousands(static_cast<std::int64_t>(comparability_.gaps.size())),
                            group_thousands(static_cast<std::int64_t>(total.to_seconds() / 3600 + 0.5))}));
  }
  if (comparison() != nullptr && !comparable()) {
    const bool sensors = comparability_.same_exporters.value_or(true);
    add(say(!comparability_.same_exporters ? "limits.comparison_empty"
            : !sensors                     ? "limits.other_sensors"
                                           : "limits.other_sampling"));
  }
  if (clock_.offsets_in(period_.range).size() > 1 ||
      (comparison() != nullptr && clock_.offsets_in(comparison()->range).size() > 1))
    add(say("limits.zone_change", {subject_->time_zone}));
  return text;
}

}  // namespace rw
