// Section `activity`: how much the subject sends and receives, day by day, and how that changed.
#include <cmath>

#include "base/quantity.h"
#include "section/section.h"

namespace rw {
namespace {

struct Totals {
  std::int64_t bytes = 0;
  std::int64_t packets = 0;
  std::int64_t flows = 0;
};

Totals totals_of(const Side& side) {
  Totals totals;
  for (const Quarter& quarter : side.quarters) {
    totals.bytes += quarter.bytes;
    totals.packets += quarter.packets;
    totals.flows += quarter.flows;
  }
  return totals;
}

std::vector<DayVolume> volumes(const std::vector<Frame::Day>& days) {
  std::vector<DayVolume> result;
  for (const Frame::Day& day : days) result.push_back(day.volume);
  return result;
}

Document daily_of(const std::vector<Frame::Day>& days) {
  Document daily = Document::list();
  for (const Frame::Day& day : days) {
    const bool observed = day.volume.hours > 0;  // a day that nobody watched is unknown, not quiet
    Document item = Document::object();
    item.set("date", format_date(day.volume.day));
    item.set("bytes", observed ? Document(static_cast<std::int64_t>(day.volume.bytes)) : Document());
    item.set("attack_bytes", observed ? Document(0) : Document());  // nothing is attack until that section exists
    item.set("flows", observed ? Document(day.flows) : Document());
    daily.push(std::move(item));
  }
  return daily;
}

SectionFigure daily_figure(const Frame& frame, const std::vector<Frame::Day>& days,
                           const std::vector<ChangePoint>& points, std::optional<double> mean,
                           std::optional<double> before) {
  SectionFigure figure{"figure-daily", "daily", frame.say("activity.figure"), {}, Document::object()};
  Document dates = Document::list(), bytes = Document::list(), hours = Document::list(), marks = Document::list();
  double most = 0;
  std::int64_t most_day = days.empty() ? 0 : days.front().volume.day;
  for (const Frame::Day& day : days) {
    dates.push(format_date(day.volume.day));
    bytes.push(day.volume.hours > 0 ? Document(static_cast<std::int64_t>(day.volume.bytes)) : Document());
    hours.push(day.volume.hours);
    if (day.volume.bytes > most) {
      most = day.volume.bytes;
      most_day = day.volume.day;
    }
  }
  for (const ChangePoint& point : points) {
    Document mark = Document::object();
    mark.set("date", format_date(point.day));
    mark.set("confidence", to_string(point.confidence));
    mark.set("before", point.before);
    mark.set("after", point.after);
    marks.push(std::move(mark));
  }
  figure.data.set("dates", std::move(dates));
  figure.data.set("bytes", std::move(bytes));
  figure.data.set("hours", std::move(hours));
  figure.data.set("change_points", std::move(marks));
  figure.data.set("mean", mean);
  figure.data.set("comparison_mean", before);
  figure.data.set("labels", Document::object());
  Document labels = Document::object();
  labels.set("bytes", frame.say("word.bytes_per_day"));
  labels.set("mean", frame.say("word.mean"));
  labels.set("comparison_mean", frame.say("word.comparison_mean"));
  labels.set("change", frame.say("word.change_of_level"));
  labels.set("hours", frame.say("word.observed_hours"));
  figure.data.set("labels", std::move(labels));
  figure.description =
      frame.say("activity.figure_text", {group_thousands(static_cast<std::int64_t>(days.size())),
                                         human_bytes(mean.value_or(0)), format_date(most_day), human_bytes(most)});
  return figure;
}

SectionTable summary_table(const Frame& frame, const Totals& now, std::optional<double> mean) {
  SectionTable table;
  table.caption = frame.say("activity.table");
  table.columns = {{frame.say("word.period"), Unit::kText}, {frame.say("word.observed_days"), Unit::kRatio},
                   {frame.say("word.bytes"), Unit::kBytes}, {frame.say("word.packets"), Unit::kCount},
                   {frame.say("word.flows"), Unit::kCount}, {frame.say("word.mean_daily_bytes"), Unit::kBytes}};
  const auto row = [&](const Side& side, const Totals& totals, std::optional<double> daily) {
    const auto known = [&](std::int64_t n) { return side.observed.hours() > 0 ? Document(n) : Document(); };
    table.rows.push_back({frame.period_text(side.range), side.observed.days(), known(totals.bytes),
                          known(totals.packets), known(totals.flows), daily});
  };
  row(frame.period(), now, mean);
  if (const Side* other = frame.comparison()) row(*other, totals_of(*other), mean_daily(volumes(frame.days(*other))));
  table.total = static_cast<std::int64_t>(table.rows.size());
  return table;
}

Confidence confidence_of(const Change& change, const Comparability& comparability) {
  constexpr double kThreeMonths = 90;
  const bool clear = change.low_percent > 0 || change.high_percent < 0;
  if (!clear) return Confidence::kLow;
  const bool long_enough =
      comparability.observed_days >= kThreeMonths && comparability.comparison_observed_days.value_or(0) >= kThreeMonths;
  return long_enough ? Confidence::kHigh : Confidence::kModerate;
}

void judge(const Frame& frame, SectionResult& result, const std::optional<Change>& change, std::optional<double> mean,
           std::optional<double> before) {
  if (!mean || frame.period().quarters.empty()) {
    result.sentences.push_back(frame.say(mean ? "activity.quiet" : "activity.unobserved"));
    return;
  }
  const std::string daily = human_bytes(*mean);
  if (change) {
    const std::string interval =
        frame.say("word.from_to", {human_percent(change->low_percent), human_percent(change->high_percent)});
    const bool clear = change->low_percent > 0 || change->high_percent < 0;
    const std::string text = frame.say(!clear                ? "activity.steady"
                                       : change->percent > 0 ? "activity.rose"
                                                             : "activity.fell",
                                       {daily, human_percent(change->percent), human_bytes(*before), interval,
                                        frame.period_text(frame.comparison()->range), human_number(change->ratio)});
    result.sentences.push_back(text);
    result.judgements.push_back({text, confidence_of(*change, frame.comparability())});
    return;
  }
  result.sentences.push_back(frame.say("activity.mean", {daily}));
  if (frame.comparison() == nullptr) return;
  const Comparability& c = frame.comparability();
  const bool few =
      c.observed_days < kMinimumObservedDays || c.comparison_observed_days.value_or(0) < kMinimumObservedDays;
  result.sentences.push_back(frame.say(!c.same_exporters     ? "activity.was_empty"
                                       : !frame.comparable() ? "activity.not_comparable"
                                       : few                 ? "activity.few_days"
                                                             : "activity.was_empty"));
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  const Side& side = frame.period();
  const Totals totals = totals_of(side);
  const auto days = frame.days(side);
  const auto volume = volumes(days);
  const auto mean = mean_daily(volume);
  std::optional<double> before;
  std::optional<Change> change;
  if (const Side* other = frame.comparison()) {
    const auto other_volume = volumes(frame.days(*other));
    before = mean_daily(other_volume);
    if (frame.comparable()) change = change_between(volume, other_volume);
  }
  const auto points = change_points(volume);

  const bool observed = side.observed.hours() > 0;
  Document& n = result.numbers;
  n.set("bytes", observed ? Document(totals.bytes) : Document());
  n.set("packets", observed ? Document(totals.packets) : Document());
  n.set("flows", observed ? Document(totals.flows) : Document());
  n.set("attack_bytes", observed ? Document(0) : Document());
  n.set("mean_daily_bytes", mean);
  n.set("comparison_mean_daily_bytes", before);
  n.set("ratio", change ? Document(change->ratio) : Document());
  n.set("change_percent", change ? Document(change->percent) : Document());
  Document interval;
  if (change) {
    interval = Document::list();
    interval.push(change->low_percent);
    interval.push(change->high_percent);
  }
  n.set("change_interval", std::move(interval));
  n.set("daily", daily_of(days));
  Document changes = Document::list();
  for (const ChangePoint& point : points) {
    Document item = Document::object();
    item.set("date", format_date(point.day));
    item.set("confidence", to_string(point.confidence));
    changes.push(std::move(item));
  }
  n.set("change_points", std::move(changes));

  result.method = frame.say("activity.method");
  if (mean)
    result.facts.push_back(
        {human_bytes(*mean), frame.say("activity.fact"),
         change ? frame.say("activity.fact_change", {human_percent(change->percent)}) : std::string()});
  result.query = flows_command(filter_text(frame.subject(), side.range), side.range);
  result.observations = totals.flows;
  judge(frame, result, change, mean, before);
  for (const ChangePoint& point : points)
    result.sentences.push_back(
        frame.say("activity.change_point", {format_date(point.day), human_bytes(point.before), human_bytes(point.after),
                                            std::string(to_string(point.confidence))}));
  result.tables.push_back(summary_table(frame, totals, mean));
  if (observed) result.figures.push_back(daily_figure(frame, days, points, mean, before));
  return result;
}

}  // namespace

extern constinit const Section kActivitySection{"activity", "activity.question",
                                                "volume by day, its mean, its change and its changes of level", build};

}  // namespace rw
