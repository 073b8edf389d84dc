// Section `rhythm`: when the subject is active, in its own local time.
#include "section/rhythm.h"
#include "base/quantity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <string>

#include "section/section.h"

namespace rw {
namespace {

constexpr double kObservedPart = 0.95;  // of the week's hours that must have been observed for a share of the week

std::size_t cell_of(const LocalTime& t) { return static_cast<std::size_t>(t.weekday * 24 + t.hour); }

// ---- suppression of cells that few networks share

std::string key_of(const Value& value) {
  if (const auto* prefix = std::get_if<Prefix>(&value)) return prefix->to_string();
  if (const auto* ip = std::get_if<Ip>(&value)) return ip->to_string();
  return as_string(value);
}

// The far end of a flow as a network, once for each direction: a condition and the address to cut.
struct FarEnd {
  ExprPtr where;
  ExprPtr network;
};
std::array<FarEnd, 2> far_ends(const Vantage& vantage) {
  return {FarEnd{vantage.src_watched(), expr::prefix_of(expr::column("dst"), 24, 48)},
          FarEnd{expr::all_of({vantage.dst_watched(), expr::not_(vantage.src_watched())}),
                 expr::prefix_of(expr::column("src"), 24, 48)}};
}

struct CellNetworks {
  std::array<bool, kHoursOfWeek> enough{};
  std::array<std::set<std::string>, kHoursOfWeek> known;  // for cells that are not known to have enough
};

// A cell has at least as many networks as its fullest quarter: most cells are settled by counts alone.
Result<void> settle_by_counts(const Frame& frame, const Side& side, CellNetworks& cells) {
  Query query;
  query.table = "flows";
  query.time = side.range;
  query.where = side.vantage.counted();
  query.group_by = {{"start", expr::time_bucket(expr::column("start_time"), kQuarter)}};
  const auto ends = far_ends(side.vantage);
  query.measures = {{"outward", Measure::Kind::kDistinct, ends[0].network, ends[0].where},
                    {"inward", Measure::Kind::kDistinct, ends[1].network, ends[1].where}};
  RW_ASSIGN(const Answer answer, frame.store().run(query));
  for (const auto& row : answer.rows) {
    const auto* start = std::get_if<Timestamp>(&row[0]);
    if (start == nullptr) continue;
    // Approximate counts err by a few percent; twice the minimum leaves no doubt.
    if (std::max(as_int(row[1]), as_int(row[2])) >= static_cast<std::int64_t>(2 * kMinimumNetworks))
      cells.enough[cell_of(frame.clock().at(*start))] = true;
  }
  return {};
}

Result<void> settle_by_names(const Frame& frame, const Side& side, CellNetworks& cells) {
  constexpr std::size_t kMostValues = 2000;  // of a list in a question; more than that asks for all
  std::vector<Value> starts;
  for (const Quarter& quarter : side.quarters)
    if (!cells.enough[cell_of(frame.clock().at(quarter.start))]) starts.emplace_back(quarter.start);
  if (starts.empty()) return {};
  const ExprPtr bucket = expr::time_bucket(expr::column("start_time"), kQuarter);
  for (const FarEnd& end : far_ends(side.vantage)) {
    Query query;
    query.table = "flows";
    query.time = side.range;
    std::vector<ExprPtr> all = {side.vantage.counted(), end.where};
    if (starts.size() <= kMostValues) all.push_back(expr::in(bucket, starts));
    query.where = expr::all_of(std::move(all));
    query.group_by = {{"start", bucket}, {"network", end.network}};
    query.measures = {{"flows", Measure::Kind::kCount, nullptr}};
    RW_TRY(frame.store().stream(query, [&](const Answer& piece) {
      for (const auto& row : piece.rows) {
        const auto* start = std::get_if<Timestamp>(&row[0]);
        if (start == nullptr) continue;
        auto& known = cells.known[cell_of(frame.clock().at(*start))];
        if (known.size() < kMinimumNetworks) known.insert(key_of(row[1]));
      }
      return true;
    }));
  }
  return {};
}

Result<void> suppress_small_cells(const Frame& frame, const Side& side, Rhythm& rhythm) {
  CellNetworks cells;
  RW_TRY(settle_by_counts(frame, side, cells));
  RW_TRY(settle_by_names(frame, side, cells));
  std::array<std::set<std::string>, 24> by_hour;
  std::array<std::set<std::string>, 7> by_day;
  std::array<bool, 24> hour_enough{};
  std::array<bool, 7> day_enough{};
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) {
    const bool enough = cells.enough[cell] || cells.known[cell].size() >= kMinimumNetworks;
    rhythm.suppressed[cell] = !enough && rhythm.bytes[cell] > 0;
    hour_enough[cell % 24] = hour_enough[cell % 24] || enough;
    day_enough[cell / 24] = day_enough[cell / 24] || enough;
    by_hour[cell % 24].insert(cells.known[cell].begin(), cells.known[cell].end());
    by_day[cell / 24].insert(cells.known[cell].begin(), cells.known[cell].end());
  }
  const auto hours = rhythm.bytes_by_hour();
  for (std::size_t hour = 0; hour < 24; ++hour)
    rhythm.suppressed_hour[hour] = !hour_enough[hour] && by_hour[hour].size() < kMinimumNetworks && hours[hour] > 0;
  const auto days = rhythm.bytes_by_day();
  for (std::size_t day = 0; day < 7; ++day)
    rhythm.suppressed_day[day] = !day_enough[day] && by_day[day].size() < kMinimumNetworks && days[day] > 0;
  return {};
}

Result<Rhythm> read_rhythm(const Frame& frame, const Side& side) {
  Rhythm rhythm = rhythm_of(side.quarters, side.observed, frame.clock());
  RW_TRY(suppress_small_cells(frame, side, rhythm));
  return rhythm;
}

// ---- numbers, tables, figures

Document cell_value(double bytes, double hours, bool suppressed) {
  if (hours <= 0 || suppressed) return {};
  return Document(static_cast<std::int64_t>(bytes));
}

Document numbers_of(const Rhythm& rhythm, const WorkWeek& week) {
  Document n = Document::object();
  Document hours = Document::list(), days = Document::list(), cells = Document::list(), observed = Document::list();
  const auto by_hour = rhythm.bytes_by_hour();
  const auto by_day = rhythm.bytes_by_day();
  std::array<double, 24> seen_hour{};
  std::array<double, 7> seen_day{};
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) {
    seen_hour[cell % 24] += rhythm.hours[cell];
    seen_day[cell / 24] += rhythm.hours[cell];
    cells.push(cell_value(rhythm.bytes[cell], rhythm.hours[cell], rhythm.suppressed[cell]));
    observed.push(rhythm.hours[cell]);
  }
  for (std::size_t hour = 0; hour < 24; ++hour)
    hours.push(cell_value(by_hour[hour], seen_hour[hour], rhythm.suppressed_hour[hour]));
  for (std::size_t day = 0; day < 7; ++day)
    days.push(cell_value(by_day[day], seen_day[day], rhythm.suppressed_day[day]));
  n.set("hour_of_day", std::move(hours));
  n.set("day_of_week", std::move(days));
  n.set("hour_of_week", std::move(cells));
  n.set("hours_observed", std::move(observed));
  n.set("working_hours_share", rhythm.working_hours_share(week));
  n.set("weekend_share", rhythm.weekend_share(week));
  n.set("peak_to_trough", rhythm.peak_to_trough());
  return n;
}

Document day_names(const Frame& frame) {
  Document names = Document::list();
  for (const char* day : {"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
    names.push(frame.say(std::string("day.") + day));
  return names;
}

std::string hour_name(std::size_t hour) { return (hour < 10 ? "0" : "") + std::to_string(hour) + ":00"; }

std::string cell_name(const Frame& frame, std::size_t cell) {
  constexpr std::array<const char*, 7> kIds = {"day.mon", "day.tue", "day.wed", "day.thu",
                                               "day.fri", "day.sat", "day.sun"};
  return frame.say(kIds[cell / 24]) + " " + hour_name(cell % 24);
}

SectionFigure week_figure(const Frame& frame, const Rhythm& rhythm) {
  SectionFigure figure{
      "figure-week", "week", frame.say("rhythm.week_figure", {frame.subject().time_zone}), {}, Document::object()};
  Document cells = Document::list();
  std::optional<std::size_t> busiest, quietest;
  const auto rate = [&](std::size_t cell) {
    return rhythm.hours[cell] > 0 ? rhythm.bytes[cell] / rhythm.hours[cell] : 0.0;
  };
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) {
    const bool known = rhythm.hours[cell] > 0 && !rhythm.suppressed[cell];
    cells.push(known ? Document(rate(cell)) : Document());
    if (!known) continue;
    if (!busiest || rate(cell) > rate(*busiest)) busiest = cell;
    if (!quietest || rate(cell) < rate(*quietest)) quietest = cell;
  }
  figure.data.set("cells", std::move(cells));
  figure.data.set("days", day_names(frame));
  const WorkWeek& week = frame.subject().work_week;
  Document work = Document::object();
  Document days = Document::list();
  for (const bool day : week.days) days.push(day);
  work.set("days", std::move(days));
  work.set("from", week.from_minute / 60.0);
  work.set("to", week.to_minute / 60.0);
  figure.data.set("work", std::move(work));
  Document labels = Document::object();
  labels.set("value", frame.say("word.bytes_per_hour"));
  labels.set("unknown", frame.say("word.not_told"));
  figure.data.set("labels", std::move(labels));
  if (busiest && quietest)
    figure.description = frame.say("rhythm.week_text", {cell_name(frame, *busiest), human_bytes(rate(*busiest)),
                                                        cell_name(frame, *quietest), human_bytes(rate(*quietest))});
  else
    figure.description = frame.say("rhythm.week_unknown");
  return figure;
}

// Each hour's share of the day, so that two periods of different size can be laid over each other.
Document shares_by_hour(const Rhythm& rhythm) {
  const auto rates = rhythm.rate_by_hour();
  double total = 0;
  for (const auto& rate : rates) total += rate.value_or(0);
  Document shares = Document::list();
  for (std::size_t hour = 0; hour < 24; ++hour)
    shares.push(rates[hour] && total > 0 && !rhythm.suppressed_hour[hour] ? Document(*rates[hour] / total)
                                                                          : Document());
  return shares;
}

SectionFigure hours_figure(const Frame& frame, const Rhythm& now, const std::optional<Rhythm>& before) {
  SectionFigure figure{
      "figure-hours", "hours", frame.say("rhythm.hours_figure", {frame.subject().time_zone}), {}, Document::object()};
  figure.data.set("now", shares_by_hour(now));
  figure.data.set("before", before ? shares_by_hour(*before) : Document());
  Document labels = Document::object();
  labels.set("now", frame.period_text(frame.period().range));
  labels.set("before", frame.comparison() ? Document(frame.period_text(frame.comparison()->range)) : Document());
  labels.set("share", frame.say("word.share_of_day"));
  figure.data.set("labels", std::move(labels));
  const WorkWeek& week = frame.subject().work_week;
  figure.data.set("work_from", week.from_minute / 60.0);
  figure.data.set("work_to", week.to_minute / 60.0);
  const auto rates = now.rate_by_hour();
  std::optional<std::size_t> peak, trough;
  for (std::size_t hour = 0; hour < 24; ++hour) {
    if (!rates[hour] || now.suppressed_hour[hour]) continue;
    if (!peak || *rates[hour] > *rates[*peak]) peak = hour;
    if (!trough || *rates[hour] < *rates[*trough]) trough = hour;
  }
  figure.description = peak && trough ? frame.say("rhythm.hours_text", {hour_name(*peak), hour_name(*trough)})
                                      : frame.say("rhythm.week_unknown");
  return figure;
}

SectionTable summary_table(const Frame& frame, const Rhythm& now, const std::optional<Rhythm>& before) {
  const WorkWeek& week = frame.subject().work_week;
  SectionTable table;
  table.caption = frame.say("rhythm.table", {week.to_string()});
  table.columns = {{frame.say("word.period"), Unit::kText},
                   {frame.say("word.working_hours_share"), Unit::kShare},
                   {frame.say("word.weekend_share"), Unit::kShare},
                   {frame.say("word.peak_to_trough"), Unit::kRatio}};
  const auto row = [&](const Side& side, const Rhythm& rhythm) {
    table.rows.push_back({frame.period_text(side.range), rhythm.working_hours_share(week), rhythm.weekend_share(week),
                          rhythm.peak_to_trough()});
  };
  row(frame.period(), now);
  if (before) row(*frame.comparison(), *before);
  table.total = static_cast<std::int64_t>(table.rows.size());
  return table;
}

SectionTable hours_table(const Frame& frame, const Rhythm& now) {
  SectionTable table;
  table.caption = frame.say("rhythm.hours_table", {frame.subject().time_zone});
  table.columns = {{frame.say("word.hour"), Unit::kText},
                   {frame.say("word.bytes"), Unit::kBytes},
                   {frame.say("word.observed_hours"), Unit::kHours}};
  const auto bytes = now.bytes_by_hour();
  for (std::size_t hour = 0; hour < 24; ++hour) {
    double seen = 0;
    for (std::size_t day = 0; day < 7; ++day) seen += now.hours[day * 24 + hour];
    table.rows.push_back({hour_name(hour), cell_value(bytes[hour], seen, now.suppressed_hour[hour]), seen});
  }
  table.total = 24;
  table.detail = true;
  return table;
}

void judge(const Frame& frame, SectionResult& result, const Rhythm& now, const std::optional<Rhythm>& before) {
  const WorkWeek& week = frame.subject().work_week;
  const auto share = now.working_hours_share(week);
  if (!share) {
    result.sentences.push_back(frame.say("rhythm.unknown"));
    return;
  }
  double working_hours = 0;
  for (const bool day : week.days) working_hours += day ? (week.to_minute - week.from_minute) / 60.0 : 0.0;
  const double even = working_hours / static_cast<double>(kHoursOfWeek);
  result.sentences.push_back(frame.say("rhythm.share", {human_share(*share), human_share(even)}));
  const auto old = before ? before->working_hours_share(week) : std::nullopt;
  const bool comparable = old.has_value() && frame.comparable();
  const double old_share = old.value_or(0);
  const double shift = comparable ? *share - old_share : 0;
  if (comparable)
    result.sentences.push_back(
        frame.say("rhythm.share_before", {human_share(old_share), frame.period_text(frame.comparison()->range)}));
  result.facts.push_back({human_share(*share), frame.say("rhythm.fact"),
                          comparable ? frame.say("rhythm.fact_before", {human_share(old_share)})
                                     : frame.say("rhythm.fact_even", {human_share(even)})});
  const bool work = *share > 1.25 * even;
  const bool leisure = *share < 0.8 * even;
  const Confidence confidence = frame.comparability().observed_days >= 28 ? Confidence::kModerate : Confidence::kLow;
  if (comparable && std::abs(shift) >= 0.05)
    result.judgements.push_back(
        {frame.say(shift > 0 ? "rhythm.more_work" : "rhythm.less_work", {human_share(old_share), human_share(*share)}),
         confidence});
  else if (work || leisure)
    result.judgements.push_back(
        {frame.say(work ? "rhythm.work" : "rhythm.leisure", {human_share(*share), human_share(even)}), confidence});
  const auto ratio = now.peak_to_trough();
  const auto old_ratio = before ? before->peak_to_trough() : std::nullopt;
  if (ratio && old_ratio && frame.comparable()) {
    char a[32], b[32];
    std::snprintf(a, sizeof a, "%.1f", *old_ratio);
    std::snprintf(b, sizeof b, "%.1f", *ratio);
    result.sentences.push_back(frame.say(*ratio < *old_ratio ? "rhythm.flatter" : "rhythm.steeper", {a, b}));
  }
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  const Side& side = frame.period();
  RW_ASSIGN(const Rhythm now, read_rhythm(frame, side));
  std::optional<Rhythm> before;
  if (const Side* other = frame.comparison()) {
    RW_ASSIGN(before, read_rhythm(frame, *other));
  }
  const WorkWeek& week = frame.subject().work_week;
  result.numbers = numbers_of(now, week);
  result.numbers.set("comparison", before ? numbers_of(*before, week) : Document());
  result.method = frame.say("rhythm.method", {frame.subject().time_zone, week.to_string()});
  if (std::any_of(now.suppressed.begin(), now.suppressed.end(), [](bool s) { return s; }))
    result.limits = frame.say("rhythm.suppressed", {std::to_string(kMinimumNetworks)});
  result.query = flows_command(filter_text(frame.subject(), side.range), side.range);
  for (const Quarter& quarter : side.quarters) result.observations += quarter.flows;
  judge(frame, result, now, before);
  result.tables.push_back(summary_table(frame, now, before));
  result.tables.push_back(hours_table(frame, now));
  if (side.observed.hours() > 0) {
    result.figures.push_back(week_figure(frame, now));
    result.figures.push_back(hours_figure(frame, now, before));
  }
  return result;
}

}  // namespace

std::array<double, 24> Rhythm::bytes_by_hour() const {
  std::array<double, 24> result{};
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) result[cell % 24] += bytes[cell];
  return result;
}

std::array<double, 7> Rhythm::bytes_by_day() const {
  std::array<double, 7> result{};
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) result[cell / 24] += bytes[cell];
  return result;
}

std::array<std::optional<double>, 24> Rhythm::rate_by_hour() const {
  std::array<double, 24> seen{};
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) seen[cell % 24] += hours[cell];
  const auto totals = bytes_by_hour();
  std::array<std::optional<double>, 24> result;
  for (std::size_t hour = 0; hour < 24; ++hour)
    if (seen[hour] > 0) result[hour] = totals[hour] / seen[hour];
  return result;
}

namespace {

// Σ weight · rate ÷ Σ rate over the observed cells of the week.
template <typename Weight>
std::optional<double> weighted_share(const Rhythm& rhythm, Weight weight) {
  double part = 0, total = 0;
  std::size_t observed = 0;
  for (std::size_t cell = 0; cell < kHoursOfWeek; ++cell) {
    if (rhythm.hours[cell] <= 0) continue;
    ++observed;
    const double rate = rhythm.bytes[cell] / rhythm.hours[cell];
    total += rate;
    part += rate * weight(cell);
  }
  if (static_cast<double>(observed) < kObservedPart * kHoursOfWeek || total <= 0) return std::nullopt;
  return part / total;
}

}  // namespace

std::optional<double> Rhythm::working_hours_share(const WorkWeek& week) const {
  return weighted_share(*this, [&](std::size_t cell) {
    if (!week.days[cell / 24]) return 0.0;
    const int from = static_cast<int>(cell % 24) * 60;
    return std::max(0, std::min(from + 60, week.to_minute) - std::max(from, week.from_minute)) / 60.0;
  });
}

std::optional<double> Rhythm::weekend_share(const WorkWeek& week) const {
  return weighted_share(*this, [&](std::size_t cell) { return week.days[cell / 24] ? 0.0 : 1.0; });
}

std::optional<double> Rhythm::peak_to_trough() const {
  const auto rates = rate_by_hour();
  double peak = 0, trough = std::numeric_limits<double>::infinity();
  for (const auto& rate : rates) {
    if (!rate) return std::nullopt;
    peak = std::max(peak, *rate);
    trough = std::min(trough, *rate);
  }
  if (trough <= 0) return std::nullopt;
  return peak / trough;
}

Rhythm rhythm_of(const std::vector<Quarter>& quarters, const Observed& observed, const LocalClock& clock) {
  Rhythm rhythm;
  for_each_quarter(observed,
                   [&](Timestamp quarter, double hours) { rhythm.hours[cell_of(clock.at(quarter))] += hours; });
  for (const Quarter& quarter : quarters)
    rhythm.bytes[cell_of(clock.at(quarter.start))] += static_cast<double>(quarter.bytes);
  return rhythm;
}

extern constinit const Section kRhythmSection{"rhythm", "rhythm.question",
                                              "volume by hour of the day and of the week, in local time", build};

}  // namespace rw
