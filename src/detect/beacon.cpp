// Detector beacon: machines inside that call the same address outside with the regularity of a program.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "base/quantity.h"
#include "detect/beacon_score.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::beacon;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kBehaviour};

std::vector<Query> queries(const DetectContext& context);
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kBeaconDetector{
    .id = "beacon",
    .title = "Regular calls to one address outside",
    .technique = "T1071",
    .may_be_wrong_because =
        "most programs that call home are meant to: updates, monitoring, mail and chat clients are as regular as "
        "malware; and a shared address outside may stand for many services",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "TCP and UDP from inside (the organisation's prefixes, or private addresses where none are configured) to one "
        "address outside, day by day: a quarter each for the regularity of gaps, of sent bytes, for how long of the "
        "day "
        "it lasts and how even the hours are, as RITA scores. Left out are services that every network calls regularly "
        "(DNS, NTP, mail of names within the link), destinations that many of ours talk to, and too few connections. "
        "One "
        "finding for each pair, low confidence on a single day.",
    .queries = queries,
    .follow_up = follow_up,
    .decide = decide,
};

namespace {

// Ports and names of what is regular by nature: DNS, DHCP, NTP, NetBIOS, SNMP, SSDP, mDNS, LLMNR, STUN.
constexpr std::int64_t kOrdinaryPorts[] = {53, 67, 68, 123, 137, 138, 161, 853, 1900, 3478, 5353, 5355};
constexpr std::string_view kOrdinaryApps[] = {"dns",        "dot",  "doh",  "doq",  "dnscrypt", "dhcp", "ntp",
                                              "netbios-ns", "snmp", "ssdp", "mdns", "llmnr",    "stun"};

// Bounds of what comes into memory, whatever the lake holds.
constexpr std::uint64_t kMostPairDays = 200'000;
constexpr std::uint64_t kMostServices = 200'000;
constexpr std::size_t kMostCandidates = 5'000;
constexpr std::int64_t kMostConnections = 400'000;  // of all candidates together

// ---- questions

enum Question : std::size_t { kPairs, kServices, kSources, kSpan, kRows };

ExprPtr inside(const DetectContext& context, std::string_view address) {
  return expr::in_prefixes(address,
                           context.organisation.prefixes.empty() ? internal_prefixes() : context.organisation.prefixes);
}

ExprPtr outward(const DetectContext& context) {
  static const auto* const kNobody =  // RFC 5771, RFC 4291 2.7, RFC 919
      new std::vector<Prefix>{*Prefix::parse("224.0.0.0/4"), *Prefix::parse("ff00::/8"),
                              *Prefix::parse("255.255.255.255/32")};
  std::vector<Value> ports(std::begin(kOrdinaryPorts), std::end(kOrdinaryPorts));
  std::vector<Value> apps;
  for (const std::string_view app : kOrdinaryApps) apps.emplace_back(std::string(app));
  std::vector<ExprPtr> all = {
      expr::in(expr::column("proto"), {Value(std::int64_t{6}), Value(std::int64_t{17})}),
      inside(context, "src"),
      expr::not_(inside(context, "dst")),
      expr::not_(expr::in_prefixes("dst", internal_prefixes())),
      expr::not_(expr::in_prefixes("dst", *kNobody)),
      expr::not_(expr::in(expr::column("dst_port"), std::move(ports))),
      expr::not_(expr::in(expr::coalesce({expr::column("app"), expr::text("")}), std::move(apps)))};
  std::vector<Prefix> resolvers;
  for (const Ip ip : context.organisation.resolvers) resolvers.push_back(Prefix::of(ip, 128));
  if (!resolvers.empty()) all.push_back(expr::not_(expr::in_prefixes("dst", std::move(resolvers))));
  return expr::all_of(std::move(all));
}

ExprPtr day_of() { return expr::time_bucket(expr::column("start_time"), kDay); }

std::vector<Query> queries(const DetectContext& context) {
  const auto& values = context.thresholds;
  Query pairs;
  pairs.table = "flows";
  pairs.time = context.range;
  pairs.where = outward(context);
  pairs.group_by = {{"src", expr::column("src")},
                    {"dst", expr::column("dst")},
                    {"day", day_of()},
                    {"sensor", expr::column("sensor")}};
  pairs.measures = {{"connections", Measure::Kind::kCount, nullptr},
                    {"first", Measure::Kind::kMin, expr::column("start_time")},
                    {"last", Measure::Kind::kMax, expr::column("start_time")},
                    {"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                    {"name", Measure::Kind::kAny, expr::column("server_name")},
                    {"port", Measure::Kind::kMin, expr::column("dst_port")}};
  const auto bound = [&](Expr::Kind kind, const Threshold& threshold) {
    return expr::binary(kind, expr::column("connections"), expr::number(values.whole(threshold)));
  };
  pairs.having =
      expr::all_of({bound(Expr::Kind::kGe, limits::kMinConnections), bound(Expr::Kind::kLe, limits::kMaxConnections)});
  pairs.order_by = {{"connections", false}};
  pairs.limit = kMostPairDays;

  Query services;
  services.table = "flows";
  services.time = context.range;
  services.where = pairs.where;
  services.group_by = {{"dst", expr::column("dst")}};
  services.measures = {{"sources", Measure::Kind::kDistinct, expr::column("src")}};
  services.having =
      expr::binary(Expr::Kind::kGe, expr::column("sources"), expr::number(values.whole(limits::kMinSources)));
  services.order_by = {{"sources", true}};
  services.limit = kMostServices;

  Query sources;
  sources.table = "flows";
  sources.time = context.range;
  sources.where = pairs.where;
  sources.measures = services.measures;

  // What was observed of each day: the score of duration is a share of it.
  Query span;
  span.table = "flows";
  span.time = context.range;
  span.group_by = {{"day", day_of()}};
  span.measures = {{"first", Measure::Kind::kMin, expr::column("start_time")},
                   {"last", Measure::Kind::kMax, expr::column("start_time")}};
  return {pairs, services, sources, span};
}

// ---- candidates

struct PairDay {
  Ip src, dst;
  Timestamp day;
  std::string sensor;
  std::int64_t connections = 0;
  Timestamp first, last;
  std::int64_t bytes = 0;
  std::string name;
  std::int64_t port = 0;
  TimeRange observed;
  double most = 0;  // no closer look can score higher

  auto key() const { return std::tuple(src, dst, day); }
};

std::map<Timestamp, TimeRange> observed_days(const Answer& answer) {
  std::map<Timestamp, TimeRange> days;
  for (const auto& row : answer.rows) {
    const auto* day = std::get_if<Timestamp>(&row[0]);
    const auto* first = std::get_if<Timestamp>(&row[1]);
    const auto* last = std::get_if<Timestamp>(&row[2]);
    if (day != nullptr && first != nullptr && last != nullptr) days[*day] = {*first, *last};
  }
  return days;
}

// Destinations that so many of ours talk to that they are a service.
std::set<Ip> prevalent(const DetectContext& context, std::span<const Answer> answers) {
  std::set<Ip> services;
  const double all = answers[kSources].rows.empty() ? 0 : as_double(answers[kSources].rows[0][0]);
  for (const auto& row : answers[kServices].rows)
    if (const auto* dst = std::get_if<Ip>(&row[0]);
        dst != nullptr && as_double(row[1]) > all * context.thresholds[limits::kMaxPrevalence])
      services.insert(*dst);
  return services;
}

// Pair-days that could reach the least score, the most promising first, each as the sensor with most connections saw
// it, as many as memory may take.
std::vector<PairDay> candidates(const DetectContext& context, std::span<const Answer> answers) {
  const auto days = observed_days(answers[kSpan]);
  const std::set<Ip> services = prevalent(context, answers);
  const double least = context.thresholds[limits::kMinScore];
  const Duration least_span = context.thresholds.duration(limits::kMinSpan);
  std::map<std::tuple<Ip, Ip, Timestamp>, PairDay> best;
  for (const auto& row : answers[kPairs].rows) {
    const auto* src = std::get_if<Ip>(&row[0]);
    const auto* dst = std::get_if<Ip>(&row[1]);
    const auto* day = std::get_if<Timestamp>(&row[2]);
    const auto* first = std::get_if<Timestamp>(&row[5]);
    const auto* last = std::get_if<Timestamp>(&row[6]);
    if (src == nullptr || dst == nullptr || day == nullptr || first == nullptr || last == nullptr) continue;
    const auto observed = days.find(*day);
    if (observed == days.end() || services.contains(*dst) || *last - *first < least_span) continue;
    PairDay pair{*src,
                 *dst,
                 *day,
                 as_string(row[3]),
                 as_int(row[4]),
                 *first,
                 *last,
                 as_int(row[7]),
                 as_string(row[8]),
                 as_int(row[9]),
                 observed->second,
                 0};
    pair.most = (3 + most_duration(*first, *last, pair.observed)) / 4;
    if (pair.most < least) continue;
    const auto [found, fresh] = best.try_emplace(pair.key(), pair);
    if (!fresh && pair.connections > found->second.connections) found->second = pair;
  }
  std::vector<PairDay> all;
  for (auto& [key, pair] : best) all.push_back(std::move(pair));
  std::stable_sort(all.begin(), all.end(), [](const PairDay& a, const PairDay& b) {
    return a.most != b.most ? a.most > b.most : a.connections < b.connections;
  });
  std::int64_t connections = 0;
  std::size_t kept = 0;
  while (kept < std::min(all.size(), kMostCandidates) && connections + all[kept].connections <= kMostConnections)
    connections += all[kept++].connections;
  all.resize(kept);
  return all;
}

// The connections of the candidates, one by one.
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<std::vector<Value>> tuples;
  for (const PairDay& pair : candidates(context, answers))
    tuples.push_back({pair.src, pair.dst, pair.sensor, pair.day});
  Query rows;
  rows.table = "flows";
  rows.time = context.range;
  rows.where =
      tuples.empty()
          ? expr::any_of({})
          : expr::all_of({outward(context),
                          expr::tuple_in({expr::column("src"), expr::column("dst"), expr::column("sensor"), day_of()},
                                         std::move(tuples))});
  rows.select = {{"src", expr::column("src")},
                 {"dst", expr::column("dst")},
                 {"start_time", expr::column("start_time")},
                 {"bytes", expr::sent_bytes()}};
  rows.limit = static_cast<std::uint64_t>(kMostConnections);
  return {rows};
}

// ---- findings

struct Scored {
  PairDay pair;
  BeaconScore score;
};

std::vector<Scored> scored(const DetectContext& context, std::span<const Answer> answers) {
  std::map<std::tuple<Ip, Ip, Timestamp>, std::vector<std::pair<Timestamp, double>>> connections;
  for (const auto& row : answers[kRows].rows) {
    const auto* src = std::get_if<Ip>(&row[0]);
    const auto* dst = std::get_if<Ip>(&row[1]);
    const auto* time = std::get_if<Timestamp>(&row[2]);
    if (src == nullptr || dst == nullptr || time == nullptr) continue;
    connections[{*src, *dst, Timestamp{time->day() * kDay.us}}].emplace_back(*time, as_double(row[3]));
  }
  std::vector<Scored> all;
  for (PairDay& pair : candidates(context, answers)) {
    auto& rows = connections[pair.key()];
    std::sort(rows.begin(), rows.end());
    std::vector<Timestamp> times;
    std::vector<double> sizes;
    for (const auto& [time, bytes] : rows) {
      times.push_back(time);
      sizes.push_back(bytes);
    }
    const BeaconScore score = beacon_score(times, sizes, pair.observed);
    if (score.total() >= context.thresholds[limits::kMinScore]) all.push_back({std::move(pair), score});
  }
  std::sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) { return a.pair.key() < b.pair.key(); });
  return all;
}

// Days of one pair, the best of which says how regular it is.
Finding about(std::span<const Scored> days) {
  const auto best = std::max_element(
      days.begin(), days.end(), [](const Scored& a, const Scored& b) { return a.score.total() < b.score.total(); });
  Episode window;
  window.first = days.front().pair.first;
  window.last = days.back().pair.last;
  std::string name;
  for (const Scored& day : days) {
    window.flows += day.pair.connections;
    window.bytes += day.pair.bytes;
    if (!day.pair.name.empty()) name = day.pair.name;
  }
  const std::string src = days.front().pair.src.to_string(), dst = days.front().pair.dst.to_string();
  Finding finding = finding_of(window, {{"address", src}, {"server", dst}},
                               episode_command("src host " + src + " and dst host " + dst, window));
  std::erase_if(finding.figures, [](const Figure& figure) { return figure.name == "answered_flows"; });
  const auto count = static_cast<std::int64_t>(days.size());
  finding.figures.insert(finding.figures.end(), {{"score", best->score.total()},
                                                 {"timing_score", best->score.timing},
                                                 {"size_score", best->score.sizes},
                                                 {"duration_score", best->score.duration},
                                                 {"histogram_score", best->score.histogram},
                                                 {"median_gap_seconds", best->score.gap.to_seconds()},
                                                 {"days", count},
                                                 {"port", best->pair.port},
                                                 {"server_name", name.empty() ? FigureValue() : FigureValue(name)}});
  finding.severity = Severity::kMedium;
  finding.confidence = count > 1 ? Confidence::kModerate : Confidence::kLow;
  char score[16];
  std::snprintf(score, sizeof score, "%.2f", best->score.total());
  finding.summary = src + " calls " + (name.empty() ? dst : name + " (" + dst + ")") + " about every " +
                    human_duration(best->score.gap.to_seconds()) + ": " + counted(window.flows, "connection") + " on " +
                    counted(count, "day") + ", score " + score + " of 1.";
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  const std::vector<Scored> all = scored(context, answers);
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  std::vector<Finding> findings;
  for (std::size_t from = 0; from < all.size();) {
    std::size_t to = from + 1;
    while (to < all.size() && all[to].pair.src == all[from].pair.src && all[to].pair.dst == all[from].pair.dst &&
           all[to].pair.first - all[to - 1].pair.last < gap)
      ++to;
    findings.push_back(about(std::span(all).subspan(from, to - from)));
    from = to;
  }
  return findings;
}

}  // namespace
}  // namespace rw
