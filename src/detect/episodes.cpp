// Episodes from rows per day and sensor.
#include "detect/episodes.h"

#include <algorithm>
#include <optional>

#include "base/quantity.h"
#include "store/watched.h"

namespace rw {
namespace {

using Days = std::map<std::vector<std::string>, std::map<Timestamp, Episode>>;

void merge(Episode& into, const Episode& from, std::span<const ExtraMeasure> extra) {
  into.first = std::min(into.first, from.first);
  into.last = std::max(into.last, from.last);
  into.flows += from.flows;
  into.answered += from.answered;
  into.bytes += from.bytes;
  into.answers |= from.answers;
  into.peers = std::max(into.peers, from.peers);
  for (std::size_t i = 0; i < extra.size(); ++i) {
    const bool most = extra[i].merge == ExtraMeasure::Merge::kMost;
    into.extra[i] = most ? std::max(into.extra[i], from.extra[i]) : into.extra[i] + from.extra[i];
  }
}

using SensorDay = std::pair<Timestamp, std::string>;

}  // namespace

Days episode_days(std::span<const Answer> answers, std::size_t keys, std::span<const ExtraMeasure> extra) {
  std::map<std::vector<std::string>, std::map<SensorDay, Episode>> seen;
  for (std::size_t n = 0; n < answers.size(); ++n)
    for (const auto& row : answers[n].rows) {
      Episode part;
      part.answers = 1U << n;
      for (std::size_t i = 0; i < keys; ++i) part.key.push_back(key_text(row[i]));
      const auto* day = std::get_if<Timestamp>(&row[keys]);
      const auto* first = std::get_if<Timestamp>(&row[keys + 2]);
      const auto* last = std::get_if<Timestamp>(&row[keys + 3]);
      if (day == nullptr || first == nullptr || last == nullptr) continue;
      part.first = *first;
      part.last = *last;
      part.flows = as_int(row[keys + 4]);
      part.answered = as_int(row[keys + 5]);
      part.bytes = as_int(row[keys + 6]);
      part.peers = as_int(row[keys + 7]);
      for (std::size_t i = 0; i < extra.size(); ++i) part.extra.push_back(as_double(row[keys + 8 + i]));
      auto& days = seen[part.key];
      const auto [found, fresh] = days.try_emplace(SensorDay{*day, as_string(row[keys + 1])}, part);
      if (!fresh) merge(found->second, part, extra);
    }
  Days best;
  for (auto& [key, days] : seen)
    for (auto& [sensor_day, episode] : days) {
      const auto [found, fresh] = best[key].try_emplace(sensor_day.first, episode);
      if (!fresh && episode.bytes > found->second.bytes) found->second = episode;
    }
  return best;
}

std::string key_text(const Value& value) {
  if (const auto* ip = std::get_if<Ip>(&value)) return ip->to_string();
  if (std::holds_alternative<std::int64_t>(value) || std::holds_alternative<std::uint64_t>(value))
    return std::to_string(as_int(value));
  return as_string(value);
}

std::string counted(std::int64_t n, std::string_view thing) {
  return group_thousands(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

std::vector<Named> episode_keys(std::vector<Named> keys) {
  keys.push_back({"day", expr::time_bucket(expr::column("start_time"), kDay)});
  keys.push_back({"sensor", expr::column("sensor")});
  return keys;
}

std::vector<Measure> episode_measures(ExprPtr peer, std::span<const ExtraMeasure> extra) {
  const ExprPtr answered =
      expr::binary(Expr::Kind::kGt, expr::coalesce({expr::column("rev_packets"), expr::number(0)}), expr::number(0));
  std::vector<Measure> measures = {{"first_seen", Measure::Kind::kMin, expr::column("start_time")},
                                   {"last_seen", Measure::Kind::kMax, expr::column("end_time")},
                                   {"flows", Measure::Kind::kCount, nullptr},
                                   {"answered", Measure::Kind::kCount, nullptr, answered},
                                   {"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  if (peer)
    measures.push_back({"peers", Measure::Kind::kDistinct, std::move(peer)});
  else
    measures.push_back({"peers", Measure::Kind::kMin, expr::number(1)});
  for (const ExtraMeasure& more : extra) measures.push_back(more.measure);
  return measures;
}

Query episode_query(TimeRange range, ExprPtr where, std::vector<Named> keys, ExprPtr peer,
                    std::span<const ExtraMeasure> extra) {
  Query query;
  query.table = "flows";
  query.time = range;
  query.where = std::move(where);
  query.group_by = episode_keys(std::move(keys));
  query.measures = episode_measures(std::move(peer), extra);
  query.order_by = {{"bytes", true}};
  query.limit = kMostEpisodeRows;
  return query;
}

Query event_query(const EventTable& events, TimeRange range, ExprPtr where, std::vector<Named> keys, ExprPtr peer,
                  std::span<const ExtraMeasure> extra) {
  Query query;
  query.table = events.table;
  query.time = range;
  query.where = std::move(where);
  query.group_by = std::move(keys);
  query.group_by.push_back({"day", expr::time_bucket(expr::column(events.time), kDay)});
  query.group_by.push_back({"sensor", expr::column("sensor")});
  query.measures = {{"first_seen", Measure::Kind::kMin, expr::column(events.time)},
                    {"last_seen", Measure::Kind::kMax, expr::column(events.end)},
                    {"flows", Measure::Kind::kCount, nullptr},
                    {"answered", Measure::Kind::kCount, nullptr, events.answered},
                    {"bytes", Measure::Kind::kSum, events.amount}};
  if (peer)
    query.measures.push_back({"peers", Measure::Kind::kDistinct, std::move(peer)});
  else
    query.measures.push_back({"peers", Measure::Kind::kMin, expr::number(1)});
  for (const ExtraMeasure& more : extra) query.measures.push_back(more.measure);
  query.order_by = {{"bytes", true}};
  query.limit = kMostEpisodeRows;
  return query;
}

std::vector<Episode> episodes_of(std::span<const Answer> answers, std::size_t keys, Duration quiet_gap,
                                 std::span<const ExtraMeasure> extra) {
  std::vector<Episode> episodes;
  for (auto& [key, days] : episode_days(answers, keys, extra)) {
    std::optional<Episode> open;
    for (auto& [day, part] : days) {
      if (open && part.first - open->last < quiet_gap) {
        merge(*open, part, extra);
      } else {
        if (open) episodes.push_back(std::move(*open));
        open = part;
      }
    }
    if (open) episodes.push_back(std::move(*open));
  }
  return episodes;
}

ExprPtr tcp_to_ports(const std::vector<std::int64_t>& ports, double minimum_source_port, double minimum_packets) {
  std::vector<Value> values(ports.begin(), ports.end());
  return expr::all_of({expr::eq(expr::column("proto"), expr::number(6)),
                       expr::in(expr::column("dst_port"), std::move(values)),
                       expr::binary(Expr::Kind::kGe, expr::column("src_port"),
                                    expr::number(static_cast<std::int64_t>(minimum_source_port))),
                       expr::binary(Expr::Kind::kGe, expr::volume_packets(),
                                    expr::number(static_cast<std::int64_t>(minimum_packets)))});
}

Finding finding_of(const Episode& episode, std::vector<Entity> entities, std::string query) {
  Finding finding;
  finding.entities = std::move(entities);
  finding.first_seen = episode.first;
  finding.last_seen = episode.last;
  finding.figures = {{"flows", episode.flows}, {"answered_flows", episode.answered}, {"bytes", episode.bytes}};
  finding.observations = {std::move(query), episode.flows};
  return finding;
}

namespace {

void add_figure(Finding& into, const Finding& from, std::string_view name) {
  const auto named = [&](const Figure& figure) { return figure.name == name; };
  const auto a = std::find_if(into.figures.begin(), into.figures.end(), named);
  const auto b = std::find_if(from.figures.begin(), from.figures.end(), named);
  if (a == into.figures.end() || b == from.figures.end()) return;
  auto* sum = std::get_if<std::int64_t>(&a->value);
  const auto* more = std::get_if<std::int64_t>(&b->value);
  if (sum != nullptr && more != nullptr) *sum += *more;
}

// `into` becomes both; what is told is told by the graver one.
void join(Finding& into, Finding from) {
  if (std::pair(from.severity, from.confidence) > std::pair(into.severity, into.confidence)) std::swap(into, from);
  into.first_seen = std::min(into.first_seen, from.first_seen);
  into.last_seen = std::max(into.last_seen, from.last_seen);
  into.observations.count += from.observations.count;
  for (const EvidenceKind kind : from.evidence)
    if (std::find(into.evidence.begin(), into.evidence.end(), kind) == into.evidence.end())
      into.evidence.push_back(kind);
  for (const char* name : {"flows", "answered_flows", "bytes"}) add_figure(into, from, name);
}

}  // namespace

std::vector<Finding> joined_findings(std::vector<Finding> findings, Duration quiet_gap) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.entities != b.entities ? a.entities < b.entities : a.first_seen < b.first_seen;
  });
  std::vector<Finding> result;
  for (Finding& finding : findings) {
    const bool same = !result.empty() && result.back().entities == finding.entities &&
                      finding.first_seen - result.back().last_seen < quiet_gap;
    if (same)
      join(result.back(), std::move(finding));
    else
      result.push_back(std::move(finding));
  }
  return result;
}

std::string episode_command(std::string_view filter, const Episode& episode) {
  const auto whole = [](Timestamp t) { return Timestamp{t.us - ((t.us % kSecond.us) + kSecond.us) % kSecond.us}; };
  return flows_command(filter, {whole(episode.first), whole(episode.last) + kSecond});  // --to is exclusive
}

}  // namespace rw
