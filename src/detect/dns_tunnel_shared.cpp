// Tunnels that several clients share: each stays below what stands out, all of them below one domain do not.
#include <algorithm>
#include <map>
#include <set>

#include "detect/dns_tunnel.h"
#include "detect/dns_tunnel_parts.h"
#include "detect/thresholds.h"

namespace rw::dns_tunnel {
namespace {

namespace limits = thresholds::dns_tunnel;
using Kind = Measure::Kind;

constexpr std::uint64_t kMostDomains = 500;  // hours of domains that are looked at, most names first
constexpr std::uint64_t kMostSamples = 100'000;

ExprPtr column(std::string_view name) { return expr::column(name); }
ExprPtr at_least(ExprPtr a, ExprPtr b) { return expr::binary(Expr::Kind::kGe, std::move(a), std::move(b)); }
ExprPtr times(std::string_view name, std::int64_t factor) {
  return expr::binary(Expr::Kind::kMul, column(name), expr::number(factor));
}

ExprPtr data_questions(const DetectContext& context) {
  return expr::all_of({expr::in(column("transport"), {std::string("udp"), std::string("tcp")}),
                       expr::not_(expr::is_null(column("registered_domain"))), data_type(),
                       in_scope(context, "client", "server", "time")});
}

}  // namespace

// Hours in which several clients asked for types that carry data, hardly any name twice, and names that are long.
Query shared_domains_question(const DetectContext& context) {
  const ThresholdValues& t = context.thresholds;
  Query query;
  query.table = "dns";
  query.time = context.range;
  query.where = data_questions(context);
  query.group_by = {{"domain", column("registered_domain")},
                    {"window", expr::time_bucket(column("time"), kSharedWindow)},
                    {"sensor", column("sensor")}};
  query.measures = {{kQueries, Kind::kCount, nullptr},
                    {"clients", Kind::kDistinct, column("client")},
                    {std::string(kSharedNames), Kind::kDistinct, column("name")},
                    {"name_bytes", Kind::kSum, column("name_bytes")},
                    {"first", Kind::kMin, column("time")},
                    {"last", Kind::kMax, column("time")},
                    {"responses", Kind::kCount, column("rcode")},
                    {"query_bytes", Kind::kSum, column("query_bytes")},
                    {"sized_queries", Kind::kCount, column("query_bytes")},
                    {"response_bytes", Kind::kSum, column("response_bytes")},
                    {"sized_responses", Kind::kCount, column("response_bytes")}};
  query.having = expr::all_of({at_least(column("clients"), expr::number(t.whole(limits::kMinSharedClients))),
                               at_least(column("name_bytes"), expr::number(t.whole(limits::kMinSharedBytes))),
                               at_least(column("name_bytes"), times(kQueries, 2 * t.whole(limits::kMinNameBytes))),
                               at_least(times(kSharedNames, 100),
                                        times(kQueries, static_cast<std::int64_t>(100 * t[limits::kMinFreshShare])))});
  query.order_by = {{std::string(kSharedNames), true}};
  query.limit = kMostDomains;
  return query;
}

std::vector<Query> shared_samples_questions(const DetectContext& context, std::span<const Answer> first) {
  const Answer* answer = answer_with(first, kSharedNames);
  if (answer == nullptr) return {};
  std::vector<std::vector<Value>> windows;
  TimeRange whole{kAllTime.to, kAllTime.from};
  for (const auto& row : answer->rows) {
    const auto* start = std::get_if<Timestamp>(&row[1]);
    if (start == nullptr) continue;
    windows.push_back({row[0], row[1]});
    whole.from = std::min(whole.from, *start);
    whole.to = std::max(whole.to, *start + kSharedWindow);
  }
  if (windows.empty()) return {};
  Query query;
  query.table = "dns";
  query.time = whole;
  query.where =
      expr::all_of({data_questions(context),
                    expr::tuple_in({column("registered_domain"), expr::time_bucket(column("time"), kSharedWindow)},
                                   std::move(windows))});
  query.group_by = {{"domain", column("registered_domain")},
                    {"sample", expr::time_bucket(column("time"), kSharedSampleWindow)},
                    {"type", column("type")}};
  query.measures = {{std::string(kSharedSample), Kind::kMin, column("name")},
                    {"highest_name", Kind::kMax, column("name")}};
  query.order_by = {{"sample", false}};
  query.limit = kMostSamples;
  return {query};
}

std::vector<Tunnel> shared_tunnels(const DetectContext& context, std::span<const Answer> answers,
                                   std::span<const Tunnel> known) {
  std::vector<Tunnel> tunnels;
  const Answer* hours = answer_with(answers, kSharedNames);
  const Answer* names = answer_with(answers, kSharedSample);
  if (hours == nullptr || names == nullptr) return tunnels;
  std::map<std::string, std::vector<Sample>> samples;
  for (const auto& row : names->rows)
    for (const std::size_t at : {3, 4})
      samples[as_string(row[0])].push_back({as_string(row[at]), static_cast<std::uint16_t>(as_int(row[2]))});
  // One sensor's hours, the one with most questions.
  std::map<std::string, std::map<Timestamp, const std::vector<Value>*>> domains;
  for (const auto& row : hours->rows) {
    const auto* start = std::get_if<Timestamp>(&row[1]);
    if (start == nullptr) continue;
    const std::vector<Value>*& best = domains[as_string(row[0])][*start];
    if (best == nullptr || as_int(row[3]) > as_int((*best)[3])) best = &row;
  }
  for (const auto& [domain, windows] : domains) {
    if (std::any_of(known.begin(), known.end(), [&d = domain](const Tunnel& t) { return t.domain == d; })) continue;
    const auto& seen = samples[domain];
    if (benign_exchange(seen, domain) != Exchange::kNone) continue;
    Tunnel t;
    t.traits = examine(seen, domain);
    if (t.traits.data_share < context.thresholds[limits::kMinDataShare] && t.traits.tool.empty()) continue;
    t.domain = domain;
    t.confidence = Confidence::kLow;
    t.reasons = {"message length", "names that never repeat", "record types", "encoded names", "several clients"};
    double name_bytes = 0;
    std::int64_t up = 0, down = 0, sized_up = 0, sized_down = 0;
    for (const auto& [start, row] : windows) {
      const auto* first = std::get_if<Timestamp>(&(*row)[7]);
      const auto* last = std::get_if<Timestamp>(&(*row)[8]);
      if (first == nullptr || last == nullptr) continue;
      t.first = t.windows == 0 ? *first : std::min(t.first, *first);
      t.last = std::max(t.last, *last);
      ++t.windows;
      t.queries += as_int((*row)[3]);
      t.clients = std::max(t.clients, as_int((*row)[4]));
      t.names += as_int((*row)[5]);
      name_bytes += as_double((*row)[6]) - as_double((*row)[3]) * static_cast<double>(wire_bytes(domain) + 1);
      t.responses += as_int((*row)[9]);
      up += as_int((*row)[10]), sized_up += as_int((*row)[11]);
      down += as_int((*row)[12]), sized_down += as_int((*row)[13]);
    }
    if (name_bytes < context.thresholds[limits::kMinSharedBytes]) continue;
    t.subdomain_bytes = static_cast<std::int64_t>(name_bytes);
    if (sized_up > 0) t.bytes_up = up;
    if (sized_down > 0) t.bytes_down = down;
    if (sized_up + sized_down > 0) t.signs.mean_message_bytes = ratio(up + down, sized_up + sized_down);
    if (t.queries > 1) t.signs.mean_gap_seconds = (t.last - t.first).to_seconds() / static_cast<double>(t.queries - 1);
    tunnels.push_back(std::move(t));
  }
  return tunnels;
}

}  // namespace rw::dns_tunnel
