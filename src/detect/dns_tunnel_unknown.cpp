// Tunnels without a domain of their own (dnscat2 straight to its server): names under top-level domains that do not
// exist, where every name looks like a registered domain. Keyed by client and server.
#include <algorithm>
#include <map>
#include <set>

#include "detect/dns_tunnel.h"
#include "detect/dns_tunnel_parts.h"
#include "detect/thresholds.h"
#include "enrich/registered_domain.h"

namespace rw::dns_tunnel {
namespace {

namespace limits = thresholds::dns_tunnel;
using Kind = Measure::Kind;

constexpr std::uint64_t kMostPlaces = 2'000;  // windows of client and server that are looked at, most domains first
constexpr std::uint64_t kMostNames = 200'000;

ExprPtr column(std::string_view name) { return expr::column(name); }
ExprPtr binary(Expr::Kind kind, ExprPtr a, ExprPtr b) { return expr::binary(kind, std::move(a), std::move(b)); }

ExprPtr long_data_names(const DetectContext& context) {
  return expr::all_of({expr::in(column("transport"), {std::string("udp"), std::string("tcp")}),
                       expr::not_(expr::is_null(column("registered_domain"))), data_type(),
                       binary(Expr::Kind::kGe, column("name_bytes"), expr::number(kLongDataName)),
                       in_scope(context, "client", "server", "time")});
}

std::vector<Named> place_keys() {
  return {{"client", column("client")},
          {"server", column("server")},
          {"window", expr::time_bucket(column("time"), kHistoryWindow)},
          {"sensor", column("sensor")}};
}

struct Place {
  Ip client, server;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// Names of one client at one server whose top-level domain nobody knows, by window and sensor.
struct Gathered {
  std::map<std::string, std::map<Timestamp, Window>> sensors;
  std::map<std::string, std::int64_t> bytes_by_top;  // top-level domain -> bytes of names
  std::int64_t bytes = 0;
  std::vector<Sample> samples;
};

void add_name(const std::vector<Value>& row, std::map<Place, Gathered>& places) {
  const auto* client = std::get_if<Ip>(&row[0]);
  const auto* server = std::get_if<Ip>(&row[1]);
  const auto* start = std::get_if<Timestamp>(&row[2]);
  const auto* first = std::get_if<Timestamp>(&row[6]);
  const auto* last = std::get_if<Timestamp>(&row[7]);
  const std::string name = as_string(row[4]);
  const std::string top(last_label(name));
  if (client == nullptr || server == nullptr || start == nullptr || first == nullptr || last == nullptr) return;
  if (is_known_top_level_domain(top)) return;
  constexpr std::size_t kSamples = 500;
  Gathered& gathered = places[{*client, *server}];
  const std::string sensor = as_string(row[3]);
  Window& w = gathered.sensors[sensor][*start];
  if (w.names == 0) {
    w.client = *client, w.first_server = w.last_server = *server, w.start = *start, w.sensor = sensor;
    w.first = *first, w.last = *last;
  }
  w.first = std::min(w.first, *first);
  w.last = std::max(w.last, *last);
  ++w.names;
  w.unique_name_bytes += as_int(row[8]);
  w.queries += as_int(row[5]);
  w.data_queries += as_int(row[5]);
  w.responses += as_int(row[10]);
  w.query_bytes += as_int(row[11]);
  w.sized_queries += as_int(row[12]);
  w.response_bytes += as_int(row[13]);
  w.sized_responses += as_int(row[14]);
  gathered.bytes += as_int(row[8]);
  gathered.bytes_by_top[top] += as_int(row[8]);
  if (gathered.samples.size() < kSamples)
    gathered.samples.push_back({name, static_cast<std::uint16_t>(as_int(row[9]))});
}

}  // namespace

Query unknown_places_question(const DetectContext& context) {
  Query query;
  query.table = "dns";
  query.time = context.range;
  query.where = long_data_names(context);
  query.group_by = place_keys();
  query.measures = {{kQueries, Kind::kCount, nullptr},
                    {std::string(kManyDomains), Kind::kDistinct, column("registered_domain")}};
  query.having = expr::all_of(
      {binary(Expr::Kind::kGe, column(kManyDomains), expr::number(context.thresholds.whole(limits::kMinNames))),
       binary(Expr::Kind::kGe, binary(Expr::Kind::kMul, column(kManyDomains), expr::number(2)), column(kQueries))});
  query.order_by = {{std::string(kManyDomains), true}};
  query.limit = kMostPlaces;
  return query;
}

std::vector<Query> unknown_names_questions(const DetectContext& context, std::span<const Answer> first) {
  const Answer* answer = answer_with(first, kManyDomains);
  if (answer == nullptr) return {};
  std::vector<std::vector<Value>> windows;
  TimeRange whole{kAllTime.to, kAllTime.from};
  for (const auto& row : answer->rows) {
    const auto* start = std::get_if<Timestamp>(&row[2]);
    if (start == nullptr) continue;
    windows.push_back({row[0], row[1], row[2]});
    whole.from = std::min(whole.from, *start);
    whole.to = std::max(whole.to, *start + kHistoryWindow);
  }
  if (windows.empty()) return {};
  Query query;
  query.table = "dns";
  query.time = whole;
  query.where = expr::all_of(
      {long_data_names(context),
       expr::tuple_in({column("client"), column("server"), expr::time_bucket(column("time"), kHistoryWindow)},
                      std::move(windows))});
  query.group_by = place_keys();
  query.group_by.push_back({"name", column("name")});
  query.measures = {{std::string(kUnknownQueries), Kind::kCount, nullptr},
                    {"first", Kind::kMin, column("time")},
                    {"last", Kind::kMax, column("time")},
                    {"name_bytes", Kind::kMax, column("name_bytes")},
                    {"type", Kind::kMax, column("type")},
                    {"responses", Kind::kCount, column("rcode")},
                    {"query_bytes", Kind::kSum, column("query_bytes")},
                    {"sized_queries", Kind::kCount, column("query_bytes")},
                    {"response_bytes", Kind::kSum, column("response_bytes")},
                    {"sized_responses", Kind::kCount, column("response_bytes")}};
  query.order_by = {{"name_bytes", true}};
  query.limit = kMostNames;
  return {query};
}

std::vector<Tunnel> unknown_tunnels(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Tunnel> tunnels;
  const Answer* answer = answer_with(answers, kUnknownQueries);
  if (answer == nullptr) return tunnels;
  std::map<Place, Gathered> places;
  for (const auto& row : answer->rows) add_name(row, places);
  for (auto& [place, gathered] : places) {
    // Below one top-level domain that carries most, that is the domain; else there is none.
    std::string domain;
    for (const auto& [top, bytes] : gathered.bytes_by_top)
      if (bytes * 2 > gathered.bytes) domain = top;
    std::map<Timestamp, Window> best;
    for (auto& [sensor, windows] : gathered.sensors)
      for (auto& [start, window] : windows) {
        window.domain = domain;
        const auto [found, fresh] = best.try_emplace(start, window);
        if (!fresh && window.queries > found->second.queries) found->second = window;
      }
    Evidence evidence;
    for (auto& [start, window] : best) evidence.windows.push_back(std::move(window));
    evidence.samples = std::move(gathered.samples);
    for (Tunnel& tunnel : decide_messages(context, evidence, kHistoryWindow)) tunnels.push_back(std::move(tunnel));
  }
  return tunnels;
}

}  // namespace rw::dns_tunnel
