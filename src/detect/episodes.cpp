// Episodes from rows per day and sensor.
#include "detect/episodes.h"

#include <algorithm>
#include <optional>

#include "base/quantity.h"
#include "store/watched.h"

namespace rw {
namespace {

void merge(Episode& into, const Episode& from) {
  into.first = std::min(into.first, from.first);
  into.last = std::max(into.last, from.last);
  into.flows += from.flows;
  into.answered += from.answered;
  into.bytes += from.bytes;
  into.answers |= from.answers;
  into.peers = std::max(into.peers, from.peers);
}

using SensorDay = std::pair<Timestamp, std::string>;

// Per key: each day as its best sensor saw it.
std::map<std::vector<std::string>, std::map<Timestamp, Episode>> best_days(std::span<const Answer> answers,
                                                                           std::size_t keys) {
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
      auto& days = seen[part.key];
      const auto [found, fresh] = days.try_emplace(SensorDay{*day, as_string(row[keys + 1])}, part);
      if (!fresh) merge(found->second, part);
    }
  std::map<std::vector<std::string>, std::map<Timestamp, Episode>> best;
  for (auto& [key, days] : seen)
    for (auto& [sensor_day, episode] : days) {
      const auto [found, fresh] = best[key].try_emplace(sensor_day.first, episode);
      if (!fresh && episode.bytes > found->second.bytes) found->second = episode;
    }
  return best;
}

}  // namespace

std::string key_text(const Value& value) {
  if (const auto* ip = std::get_if<Ip>(&value)) return ip->to_string();
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

std::vector<Measure> episode_measures(ExprPtr peer) {
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
  return measures;
}

std::vector<Episode> episodes_of(std::span<const Answer> answers, std::size_t keys, Duration quiet_gap) {
  std::vector<Episode> episodes;
  for (auto& [key, days] : best_days(answers, keys)) {
    std::optional<Episode> open;
    for (auto& [day, part] : days) {
      if (open && part.first - open->last < quiet_gap) {
        merge(*open, part);
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

std::string episode_command(std::string_view filter, const Episode& episode) {
  const auto whole = [](Timestamp t) { return Timestamp{t.us - ((t.us % kSecond.us) + kSecond.us) % kSecond.us}; };
  return flows_command(filter, {whole(episode.first), whole(episode.last) + kSecond});  // --to is exclusive
}

}  // namespace rw
