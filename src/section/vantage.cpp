// Chooses one sensor per watched prefix and hour and turns the choice into a condition on flows.
#include "section/vantage.h"

#include <algorithm>

namespace rw {
namespace {

ExprPtr in_range(std::string_view time_column, TimeRange range) {
  return expr::all_of({expr::binary(Expr::Kind::kGe, expr::column(time_column), expr::literal(range.from)),
                       expr::binary(Expr::Kind::kLt, expr::column(time_column), expr::literal(range.to))});
}

// The watched prefix of a flow: the source's, else the destination's.
ExprPtr prefix_of_flow(const Subject& subject) {
  return expr::coalesce({watched_label(subject, "src"), watched_label(subject, "dst")});
}

Result<std::vector<SensorVolume>> sensor_volumes(Store& store, const ExprPtr& whose, const ExprPtr& prefix,
                                                 TimeRange period) {
  Query query;
  query.table = "flows";
  query.time = period;
  query.where = whose;
  query.group_by = {{"prefix", prefix}, {"sensor", expr::column("sensor")}, {"sampling", expr::column("sampling")}};
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}, {"flows", Measure::Kind::kCount, nullptr}};
  RW_ASSIGN(const Answer answer, store.run(query));
  std::vector<SensorVolume> volumes;
  for (const auto& row : answer.rows)
    volumes.push_back({as_string(row[0]), as_string(row[1]), as_int(row[2], 1), as_int(row[3]), as_int(row[4])});
  return volumes;
}

std::vector<std::string> rank(const std::string& prefix, const std::vector<std::string>& preferred,
                              const std::vector<SensorVolume>& volumes) {
  std::map<std::string, std::int64_t> bytes;
  for (const SensorVolume& v : volumes)
    if (v.prefix == prefix) bytes[v.sensor] += v.bytes;
  std::vector<std::string> ranking;
  for (const std::string& sensor : preferred)
    if (bytes.contains(sensor)) ranking.push_back(sensor);
  if (!ranking.empty()) return ranking;
  for (const auto& [sensor, unused] : bytes) ranking.push_back(sensor);
  std::stable_sort(ranking.begin(), ranking.end(),
                   [&](const std::string& a, const std::string& b) { return bytes[a] > bytes[b]; });
  return ranking;
}

// The time from each change of sensor to the next one; hours in which nobody reported stay with the sensor before.
void choose_for_prefix(const std::string& prefix, const std::vector<std::string>& ranking, const Observed& observed,
                       std::vector<SensorChoice>& choices) {
  std::map<std::string, std::vector<TimeRange>> times;
  std::string current = ranking.front();
  Timestamp since = observed.period().from;
  for (const Observed::Hour& hour : observed.by_hour()) {
    const auto first = std::find_if(ranking.begin(), ranking.end(), [&](const std::string& sensor) {
      return std::binary_search(hour.sensors.begin(), hour.sensors.end(), sensor);
    });
    if (first == ranking.end() || *first == current) continue;
    if (hour.start > since) times[current].push_back({since, hour.start});
    since = std::max(since, hour.start);
    current = *first;
  }
  times[current].push_back({since, observed.period().to});
  for (const std::string& sensor : ranking)
    if (times.contains(sensor)) choices.push_back({prefix, sensor, times[sensor]});
}

ExprPtr condition_of(const std::vector<SensorChoice>& choices, const ExprPtr& prefix, TimeRange period) {
  const auto throughout = [&](const SensorChoice& choice) {
    return choice.sensor == choices.front().sensor && choice.times.size() == 1 && choice.times.front() == period;
  };
  if (std::all_of(choices.begin(), choices.end(), throughout))  // the common case needs no label for each row
    return expr::eq(expr::column("sensor"), expr::text(choices.front().sensor));
  std::vector<ExprPtr> any;
  for (const SensorChoice& choice : choices) {
    std::vector<ExprPtr> all = {expr::eq(expr::column("sensor"), expr::text(choice.sensor)),
                                expr::eq(prefix, expr::text(choice.prefix))};
    if (choice.times.size() != 1 || choice.times.front() != period) {
      std::vector<ExprPtr> spans;
      for (const TimeRange& range : choice.times) spans.push_back(in_range("start_time", range));
      all.push_back(expr::any_of(std::move(spans)));
    }
    any.push_back(expr::all_of(std::move(all)));
  }
  return expr::any_of(std::move(any));
}

}  // namespace

std::vector<SensorChoice> choose_sensors(const std::vector<std::string>& preferred,
                                         const std::vector<SensorVolume>& volumes, const Observed& observed) {
  std::set<std::string> prefixes;
  for (const SensorVolume& v : volumes) prefixes.insert(v.prefix);
  std::vector<SensorChoice> choices;
  for (const std::string& prefix : prefixes)
    choose_for_prefix(prefix, rank(prefix, preferred, volumes), observed, choices);
  return choices;
}

Result<Vantage> Vantage::choose(Store& store, const Subject& subject, const Observed& observed) {
  const TimeRange period = observed.period();
  Vantage vantage;
  vantage.src_ = watched_condition(subject, period, "src");
  vantage.dst_ = watched_condition(subject, period, "dst");
  vantage.whose_ = expr::any_of({vantage.src_, vantage.dst_});
  vantage.counted_ = vantage.whose_;
  const ExprPtr prefix = prefix_of_flow(subject);
  RW_ASSIGN(const auto volumes, sensor_volumes(store, vantage.whose_, prefix, period));
  if (volumes.empty()) return vantage;

  vantage.choices_ = choose_sensors(subject.sensors, volumes, observed);
  std::set<std::string> all_sensors, chosen;
  for (const SensorVolume& v : volumes) all_sensors.insert(v.sensor);
  std::map<std::string, Duration> longest;
  for (const SensorChoice& choice : vantage.choices_) {
    chosen.insert(choice.sensor);
    Duration total;
    for (const TimeRange& range : choice.times) total = total + (range.to - range.from);
    if (total > longest[choice.prefix]) {
      longest[choice.prefix] = total;
      vantage.main_[choice.prefix] = choice.sensor;
    }
  }
  for (const std::string& sensor : all_sensors)
    if (!chosen.contains(sensor)) vantage.ignored_.push_back(sensor);
  for (const SensorVolume& v : volumes)
    if (chosen.contains(v.sensor)) vantage.sampling_.insert(v.sampling);
  if (all_sensors.size() > 1)
    vantage.counted_ = expr::all_of({vantage.whose_, condition_of(vantage.choices_, prefix, period)});
  return vantage;
}

}  // namespace rw
