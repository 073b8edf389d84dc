// Joins mining sessions with the flows that carried them.
#include "detect/mining_use.h"

#include <algorithm>
#include <array>
#include <optional>

#include "store/watched.h"

namespace rw {
namespace {

constexpr std::array<std::string_view, 4> kCoins = {"bitcoin", "litecoin", "monero", "ethereum"};
constexpr std::array<std::string_view, 7> kProtocols = {"stratum", "stratum2", "monero-login", "ethproxy",
                                                        "getwork", "levin",    "bitcoin"};

// Distinct workers, then sessions of each coin, then of each protocol.
std::vector<ExtraMeasure> extras() {
  std::vector<ExtraMeasure> all = {
      {{"workers", Measure::Kind::kDistinct, expr::column("worker")}, ExtraMeasure::Merge::kMost}};
  const auto count = [&](std::string_view column, std::string_view value) {
    all.push_back({{std::string(column) + "_" + std::string(value), Measure::Kind::kCount, nullptr,
                    expr::eq(expr::column(column), expr::text(value))}});
  };
  for (const std::string_view coin : kCoins) count("coin", coin);
  for (const std::string_view protocol : kProtocols) count("protocol", protocol);
  return all;
}

void add_sessions(const Episode& day, MiningUse& use) {
  use.sessions += day.flows;
  use.answered_sessions += day.answered;
  use.messages += day.bytes;
  use.workers = std::max(use.workers, static_cast<std::int64_t>(day.extra[0]));
  for (std::size_t i = 0; i < kCoins.size(); ++i)
    if (day.extra[1 + i] > 0) use.coins[std::string(kCoins[i])] += static_cast<std::int64_t>(day.extra[1 + i]);
  for (std::size_t i = 0; i < kProtocols.size(); ++i)
    if (const double n = day.extra[1 + kCoins.size() + i]; n > 0)
      use.protocols[std::string(kProtocols[i])] += static_cast<std::int64_t>(n);
}

// What one day saw of a key: sessions, flows, or both.
struct Day {
  std::optional<Episode> sessions;
  std::optional<Episode> flows;
};
using Days = std::map<std::vector<std::string>, std::map<Timestamp, Day>>;

void add_day(const Timestamp& start, const Day& day, MiningUse& use) {
  const auto widen = [&](const Episode& part) {
    use.first = std::min(use.first, part.first);
    use.last = std::max(use.last, part.last);
    use.peers = std::max(use.peers, part.peers);
  };
  std::int64_t amount = 0;
  if (day.sessions) {
    widen(*day.sessions);
    add_sessions(*day.sessions, use);
    amount = day.sessions->bytes;
  }
  if (day.flows) {
    widen(*day.flows);
    use.flows += day.flows->flows;
    use.bytes += day.flows->bytes;
    amount = day.flows->bytes;
  }
  use.months[start.date().substr(0, 7)] += amount;
}

// The key under which sessions of this conversation are known, if it is another one.
std::vector<std::string> key_of_sessions(const Days& days, const std::vector<std::string>& key, TurnKey turned) {
  if (turned == nullptr || days.contains(key)) return key;
  for (const std::vector<std::string>& other : turned(key))
    if (days.contains(other)) return other;
  return key;
}

Days join(const Answer& sessions, const Answer& flows, std::size_t keys, TurnKey turned) {
  const auto extra = extras();
  Days days;
  for (auto& [key, parts] : episode_days(std::span(&sessions, 1), keys, extra))
    for (auto& [day, part] : parts) days[key][day].sessions = part;
  for (auto& [key, parts] : episode_days(std::span(&flows, 1), keys)) {
    const std::vector<std::string> known = key_of_sessions(days, key, turned);
    for (auto& [day, part] : parts) {
      std::optional<Episode>& there = days[known][day].flows;
      if (!there) {
        there = part;
      } else {  // the other direction of a conversation that a one-way sensor saw
        there->bytes += part.bytes;
        there->flows += part.flows;
      }
    }
  }
  return days;
}

// Mean bytes a day of the last month over that of the first: what became of it. Ends of months that the use does not
// fill count only as far as it reaches.
FigureValue change_ratio(const MiningUse& use) {
  if (use.months.size() < 2) return {};
  const auto daily = [&](const std::string& month, std::int64_t amount) {
    const std::int64_t first = Timestamp::parse(month + "-01")->day();
    std::int64_t next = first + 28;
    while (format_date(next).substr(0, 7) == month) ++next;
    const std::int64_t from = std::max(first, use.first.day());
    const std::int64_t to = std::min(next, use.last.day() + 1);
    return static_cast<double>(amount) / static_cast<double>(std::max<std::int64_t>(1, to - from));
  };
  const double before = daily(use.months.begin()->first, use.months.begin()->second);
  const double after = daily(use.months.rbegin()->first, use.months.rbegin()->second);
  if (before <= 0) return {};
  return after / before;
}

}  // namespace

Query mining_query(const DetectContext& context, std::string_view kind, ExprPtr where, std::vector<Named> keys,
                   ExprPtr peer) {
  const ExprPtr said = expr::binary(Expr::Kind::kGt, expr::column("rev_messages"), expr::number(0));
  return event_query({.table = "mining",
                      .end = "end_time",
                      .answered = said,
                      .amount = expr::binary(Expr::Kind::kAdd, expr::column("messages"), expr::column("rev_messages"))},
                     context.range, expr::all_of({expr::eq(expr::column("kind"), expr::text(kind)), std::move(where)}),
                     std::move(keys), std::move(peer), extras());
}

Query mining_flow_query(const DetectContext& context, const std::vector<std::string_view>& apps, ExprPtr where,
                        std::vector<Named> keys, ExprPtr peer) {
  std::vector<Value> values;
  for (const std::string_view app : apps) values.emplace_back(std::string(app));
  return episode_query(context.range,
                       expr::all_of({expr::in(expr::column("app"), std::move(values)), std::move(where)}),
                       std::move(keys), std::move(peer));
}

std::vector<MiningUse> mining_uses(const Answer& sessions, const Answer& flows, std::size_t keys, Duration quiet_gap,
                                   TurnKey turned) {
  std::vector<MiningUse> uses;
  for (const auto& [key, days] : join(sessions, flows, keys, turned)) {
    bool open = false;
    for (const auto& [start, day] : days) {
      const Timestamp first =
          std::min(day.sessions ? day.sessions->first : kAllTime.to, day.flows ? day.flows->first : kAllTime.to);
      if (!open || first - uses.back().last >= quiet_gap) {
        uses.push_back({});
        uses.back().key = key;
        uses.back().first = kAllTime.to;
        uses.back().last = kAllTime.from;
        open = true;
      }
      add_day(start, day, uses.back());
    }
  }
  return uses;
}

std::string most_common(const std::map<std::string, std::int64_t>& counts) {
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

Finding mining_finding(const MiningUse& use, std::vector<Entity> entities, std::string_view filter) {
  constexpr std::size_t kMostMonths = 24;
  Episode window;
  window.first = use.first;
  window.last = use.last;
  Finding finding;
  finding.entities = std::move(entities);
  finding.first_seen = use.first;
  finding.last_seen = use.last;
  std::string months;
  std::size_t left = use.months.size();
  for (const auto& [month, amount] : use.months)
    if (left-- <= kMostMonths) months += (months.empty() ? "" : ", ") + month + ": " + std::to_string(amount);
  const auto known = [](std::int64_t n) { return n > 0 ? FigureValue(n) : FigureValue(); };
  finding.figures = {{"sessions", use.sessions},
                     {"messages", use.messages},
                     {"flows", use.flows},
                     {"bytes", use.flows > 0 ? FigureValue(use.bytes) : FigureValue()},
                     {"workers_in_busiest_day", known(use.workers)},
                     {"protocol", most_common(use.protocols)},
                     {use.flows > 0 ? "monthly_bytes" : "monthly_messages", months},
                     {"change_ratio", change_ratio(use)}};
  finding.observations = {episode_command(filter, window), std::max(use.sessions, use.flows)};
  return finding;
}

}  // namespace rw
