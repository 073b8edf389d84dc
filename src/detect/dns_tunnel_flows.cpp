// DNS tunnels by flows alone: sizes and ports of packets to port 53, where no messages of them are in the lake.
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

constexpr std::uint64_t kMostMinutes = 200'000;  // that one answer may bring into memory, most packets first
constexpr std::size_t kMostLooks = 20'000;       // minutes whose sizes are asked

ExprPtr column(std::string_view name) { return expr::column(name); }
ExprPtr binary(Expr::Kind kind, ExprPtr a, ExprPtr b) { return expr::binary(kind, std::move(a), std::move(b)); }
ExprPtr zero_if_null(std::string_view name) { return expr::coalesce({column(name), expr::number(0)}); }
ExprPtr scaled(ExprPtr what) { return binary(Expr::Kind::kMul, std::move(what), column("sampling")); }

ExprPtr requests(const DetectContext& context) {
  return expr::all_of({expr::eq(column("proto"), expr::number(kTunnelProto)),
                       expr::eq(column("dst_port"), expr::number(kDnsPort)),
                       expr::not_(expr::eq(column("src_port"), expr::number(kDnsPort))),  // servers among themselves
                       in_scope(context, "src", "dst", "start_time")});
}

// Minutes with enough packets to one server. A flow that lasts longer counts in the minute in which it starts; of it,
// "busiest" is what fell into a minute.
Query minutes_question(const DetectContext& context) {
  const ExprPtr duration = expr::duration_us();
  const ExprPtr minute = expr::number(kFlowWindow.us);
  Query query;
  query.table = "flows";
  query.time = context.range;
  query.where = requests(context);
  query.group_by = {{"client", column("src")},
                    {"server", column("dst")},
                    {"window", expr::time_bucket(column("start_time"), kFlowWindow)},
                    {"sensor", column("sensor")}};
  query.measures = {{std::string(kFlowRequests), Kind::kSum, column("packets")},
                    {"first", Kind::kMin, column("start_time")},
                    {"last", Kind::kMax, column("end_time")},
                    {"flows", Kind::kCount, nullptr},
                    {"packets", Kind::kSum, scaled(column("packets"))},
                    {"bytes", Kind::kSum, scaled(column("bytes"))},
                    {"rev_packets", Kind::kSum, scaled(zero_if_null("rev_packets"))},
                    {"rev_bytes", Kind::kSum, scaled(zero_if_null("rev_bytes"))},
                    {"busiest", Kind::kMax, column("packets"), binary(Expr::Kind::kLe, duration, minute)},
                    {"busiest_minute", Kind::kMax,
                     binary(Expr::Kind::kDiv, binary(Expr::Kind::kMul, column("packets"), minute), duration),
                     binary(Expr::Kind::kGt, duration, minute)}};
  query.having =
      binary(Expr::Kind::kGe, column(kFlowRequests), expr::number(context.thresholds.whole(limits::kMinFlowRequests)));
  query.order_by = {{std::string(kFlowRequests), true}};
  query.limit = kMostMinutes;
  return query;
}

// What unidirectional sensors saw of the way back.
Query replies_question(const DetectContext& context) {
  Query query;
  query.table = "flows";
  query.time = context.range;
  query.where = expr::all_of({expr::eq(column("proto"), expr::number(kTunnelProto)),
                              expr::eq(column("src_port"), expr::number(kDnsPort)),
                              expr::not_(expr::eq(column("dst_port"), expr::number(kDnsPort))),
                              expr::is_null(column("rev_packets")), in_scope(context, "dst", "src", "start_time")});
  query.group_by = {{"client", column("dst")},
                    {"server", column("src")},
                    {"window", expr::time_bucket(column("start_time"), kFlowWindow)},
                    {"sensor", column("sensor")}};
  query.measures = {{std::string(kFlowReplies), Kind::kSum, column("packets")},
                    {"packets", Kind::kSum, scaled(column("packets"))},
                    {"bytes", Kind::kSum, scaled(column("bytes"))}};
  query.having =
      binary(Expr::Kind::kGe, column(kFlowReplies), expr::number(context.thresholds.whole(limits::kMinFlowRequests)));
  query.order_by = {{std::string(kFlowReplies), true}};
  query.limit = kMostMinutes;
  return query;
}

struct Minute {
  std::string sensor;
  Timestamp start, first, last;
  std::int64_t counted = 0;  // requests, before scaling
  std::int64_t flows = 0;
  std::int64_t packets = 0, bytes = 0, rev_packets = 0, rev_bytes = 0;
  double busiest = 0;
  double one_size_share = 0;
};

struct Pair {
  Ip client, server;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};
using Minutes = std::map<Pair, std::map<Timestamp, Minute>>;

struct MinuteKey {
  Pair pair;
  Timestamp start;
  std::string sensor;
  friend auto operator<=>(const MinuteKey&, const MinuteKey&) = default;
};

std::optional<MinuteKey> key_of(const std::vector<Value>& row) {
  const auto* client = std::get_if<Ip>(&row[0]);
  const auto* server = std::get_if<Ip>(&row[1]);
  const auto* start = std::get_if<Timestamp>(&row[2]);
  if (client == nullptr || server == nullptr || start == nullptr) return std::nullopt;
  return MinuteKey{{*client, *server}, *start, row.size() > 3 ? as_string(row[3]) : ""};
}

// Minutes as the sensor with most packets saw each.
Minutes minutes_of(std::span<const Answer> answers) {
  std::map<MinuteKey, std::pair<std::int64_t, std::int64_t>> replies;
  if (const Answer* answer = answer_with(answers, kFlowReplies))
    for (const auto& row : answer->rows)
      if (const auto key = key_of(row)) replies[*key] = {as_int(row[5]), as_int(row[6])};
  Minutes minutes;
  const Answer* answer = answer_with(answers, kFlowRequests);
  if (answer == nullptr) return minutes;
  for (const auto& row : answer->rows) {
    const auto key = key_of(row);
    const auto* first = std::get_if<Timestamp>(&row[5]);
    const auto* last = std::get_if<Timestamp>(&row[6]);
    if (!key || first == nullptr || last == nullptr) continue;
    Minute minute{.sensor = key->sensor,
                  .start = key->start,
                  .first = *first,
                  .last = *last,
                  .counted = as_int(row[4]),
                  .flows = as_int(row[7]),
                  .packets = as_int(row[8]),
                  .bytes = as_int(row[9]),
                  .rev_packets = as_int(row[10]),
                  .rev_bytes = as_int(row[11]),
                  .busiest = std::max(as_double(row[12]), as_double(row[13]))};
    if (const auto reply = replies.find(*key); reply != replies.end())
      minute.rev_packets += reply->second.first, minute.rev_bytes += reply->second.second;
    const auto [found, fresh] = minutes[key->pair].try_emplace(key->start, minute);
    if (!fresh && minute.counted > found->second.counted) found->second = minute;
  }
  return minutes;
}

struct FlowSigns {
  bool requests = false, port = false, answers = false, size = false;
  int count() const { return requests + port + answers + size; }
};

FlowSigns signs_of(const DetectContext& context, const Minute& m) {
  const ThresholdValues& t = context.thresholds;
  return {.requests = ratio(m.bytes, m.packets) >= t[limits::kMinFlowRequestBytes],
          .port = m.busiest >= t[limits::kMinFlowRequests],
          .answers = ratio(m.rev_bytes, m.rev_packets) >= t[limits::kMinFlowAnswerBytes],
          .size = m.one_size_share >= t[limits::kMinOneSizeShare]};
}

// Two signs, of which one is how a program asks: long questions with long answers are what EDNS and DNSSEC make, and a
// forwarder with a port of its own gets long answers too. Of the resolvers that we run, three.
bool is_suspect(const DetectContext& context, const Ip& client, const FlowSigns& signs) {
  const auto& resolvers = context.organisation.resolvers;
  const bool resolver = std::find(resolvers.begin(), resolvers.end(), client) != resolvers.end();
  return signs.count() >= (resolver ? 3 : 2) && ((signs.requests && signs.port) || signs.size);
}

void add_sizes(const Answer& answer, Minutes& minutes) {
  for (const auto& row : answer.rows) {
    const auto key = key_of(row);
    if (!key) continue;
    const auto pair = minutes.find(key->pair);
    if (pair == minutes.end()) continue;
    const auto minute = pair->second.find(key->start);
    if (minute == pair->second.end()) continue;
    if (minute->second.sensor != key->sensor) continue;
    double& share = minute->second.one_size_share;
    share = std::max(share, ratio(as_int(row[5]), minute->second.counted));
  }
}

// Seen by messages too, in an hour that the tunnel touches: then names decide, and one tunnel is one finding.
using Covered = std::map<Pair, std::set<Timestamp>>;
bool is_covered(const Covered& covered, const Pair& pair, Timestamp first, Timestamp last) {
  const auto found = covered.find(pair);
  if (found == covered.end()) return false;
  const auto at = found->second.upper_bound(first - kHour);
  return at != found->second.end() && *at <= last;
}

struct Rest {
  double pairs = 0, windows = 0, packets = 0, bytes = 0, rev_packets = 0, rev_bytes = 0;
};
using Rests = std::map<Ip, Rest>;

Signs baseline_of(const Rests& totals, const Tunnel& tunnel, std::int64_t windows) {
  Signs signs;
  const auto found = totals.find(*tunnel.client);
  if (found == totals.end()) return signs;
  Rest rest = found->second;
  rest.pairs -= static_cast<double>(windows);
  rest.packets -= static_cast<double>(tunnel.queries);
  rest.rev_packets -= static_cast<double>(tunnel.responses);
  rest.bytes += rest.rev_bytes - static_cast<double>(tunnel.bytes().value_or(0));
  if (rest.pairs < 1 || rest.packets < 1 || rest.windows < 1 || rest.bytes <= 0) return signs;
  signs.bytes = rest.bytes / rest.pairs;
  signs.mean_message_bytes = rest.bytes / (rest.packets + std::max(0.0, rest.rev_packets));
  signs.mean_gap_seconds = rest.windows * kFlowBaselineWindow.to_seconds() / rest.packets;
  return signs;
}

class Gatherer {
 public:
  Gatherer(const DetectContext& context, Pair pair) : context_(context) {
    tunnel_.basis = Basis::kFlows;
    tunnel_.client = pair.client;
    tunnel_.server = pair.server;
  }

  void add(const Minute& m, bool one_size_run) {
    const FlowSigns signs = signs_of(context_, m);
    all_.requests |= signs.requests, all_.port |= signs.port, all_.answers |= signs.answers, all_.size |= signs.size;
    most_ = std::max(most_, signs.count());
    run_ = run_ || one_size_run;
    tunnel_.first = tunnel_.windows == 0 ? m.first : std::min(tunnel_.first, m.first);
    tunnel_.last = std::max(tunnel_.last, m.last);
    tunnel_.windows += 1;
    tunnel_.queries += m.packets;
    tunnel_.responses += m.rev_packets;
    tunnel_.bytes_up = tunnel_.bytes_up.value_or(0) + m.bytes;
    if (m.rev_packets > 0) tunnel_.bytes_down = tunnel_.bytes_down.value_or(0) + m.rev_bytes;
    active_seconds_ += (m.last - m.first).to_seconds();
    gaps_ += static_cast<double>(m.packets - 1);
    history_windows_.insert(m.start.us / kFlowBaselineWindow.us);
  }

  Tunnel finish(const Rests& totals) {
    if (all_.requests) tunnel_.reasons.emplace_back("message length");
    if (all_.port) tunnel_.reasons.emplace_back("many requests from one port");
    if (all_.answers) tunnel_.reasons.emplace_back("long answers");
    if (all_.size)
      tunnel_.reasons.emplace_back(run_ ? "one size of request, minute after minute" : "one size of request");
    const auto windows = static_cast<std::int64_t>(history_windows_.size());
    const std::int64_t bytes = tunnel_.bytes().value_or(0);
    tunnel_.signs.bytes = ratio(bytes, windows);
    tunnel_.signs.mean_message_bytes = ratio(bytes, tunnel_.messages());
    if (gaps_ > 0) tunnel_.signs.mean_gap_seconds = active_seconds_ / gaps_;
    tunnel_.baseline = baseline_of(totals, tunnel_, windows);
    tunnel_.confidence = most_ >= 3 ? Confidence::kModerate : Confidence::kLow;
    return std::move(tunnel_);
  }

 private:
  const DetectContext& context_;
  Tunnel tunnel_;
  FlowSigns all_;
  int most_ = 0;
  bool run_ = false;
  double active_seconds_ = 0, gaps_ = 0;
  std::set<std::int64_t> history_windows_;
};

// Minutes in which one size prevails and that end a run of enough of them.
std::set<Timestamp> one_size_runs(const DetectContext& context, const std::map<Timestamp, Minute>& minutes) {
  std::set<Timestamp> in_run;
  std::vector<Timestamp> run;
  const auto wanted = static_cast<std::size_t>(context.thresholds[limits::kMinOneSizeMinutes]);
  for (const auto& [start, minute] : minutes) {
    if (!signs_of(context, minute).size) {
      run.clear();
      continue;
    }
    if (!run.empty() && start - run.back() != kFlowWindow) run.clear();
    run.push_back(start);
    if (run.size() >= wanted) in_run.insert(run.begin(), run.end());
  }
  return in_run;
}

void add_tunnels(const DetectContext& context, const Pair& pair, const std::map<Timestamp, Minute>& minutes,
                 const Covered& covered, const Rests& totals, std::vector<Tunnel>& tunnels) {
  const std::set<Timestamp> runs = one_size_runs(context, minutes);
  std::vector<const Minute*> suspects;
  for (const auto& [start, minute] : minutes)
    if (runs.contains(start) || is_suspect(context, pair.client, signs_of(context, minute)))
      if (!is_covered(covered, pair, minute.first, minute.last)) suspects.push_back(&minute);
  const Duration quiet = context.thresholds.duration(limits::kQuietGap);
  for (std::size_t i = 0; i < suspects.size();) {
    Gatherer gatherer(context, pair);
    Timestamp last = suspects[i]->last;
    for (; i < suspects.size() && suspects[i]->first - last <= quiet; ++i) {
      gatherer.add(*suspects[i], runs.contains(suspects[i]->start));
      last = std::max(last, suspects[i]->last);
    }
    tunnels.push_back(gatherer.finish(totals));
  }
}

}  // namespace

std::vector<Query> first_flow_questions(const DetectContext& context) {
  return {minutes_question(context), replies_question(context)};
}

std::vector<Query> second_flow_questions(const DetectContext& context, std::span<const Answer> first) {
  const Minutes minutes = minutes_of(first);
  std::vector<std::vector<Value>> looks, pairs, clients;
  std::set<Ip> known;
  TimeRange whole{kAllTime.to, kAllTime.from};
  for (const auto& [pair, all] : minutes) {
    pairs.push_back({pair.client, pair.server});
    if (known.insert(pair.client).second) clients.push_back({pair.client});
    for (const auto& [start, minute] : all) {
      whole.from = std::min(whole.from, start);
      whole.to = std::max(whole.to, std::max(minute.last, start) + kFlowWindow);
      if (minute.flows * 2 >= minute.counted && looks.size() < kMostLooks)
        looks.push_back({pair.client, pair.server, start});
    }
  }
  if (pairs.empty()) return {};
  std::vector<Query> queries;
  if (!looks.empty()) {
    Query sizes;
    sizes.table = "flows";
    sizes.time = whole;
    const ExprPtr window = expr::time_bucket(column("start_time"), kFlowWindow);
    sizes.where = expr::all_of({requests(context), expr::eq(column("packets"), expr::number(1)),
                                expr::tuple_in({column("src"), column("dst"), window}, std::move(looks))});
    sizes.group_by = {{"client", column("src")},
                      {"server", column("dst")},
                      {"window", window},
                      {"sensor", column("sensor")},
                      {"size", column("bytes")}};
    sizes.measures = {{std::string(kSizeFlows), Kind::kCount, nullptr}};
    sizes.having = binary(Expr::Kind::kGe, column(kSizeFlows), expr::number(kLeastOfOneSize));
    sizes.order_by = {{std::string(kSizeFlows), true}};
    sizes.limit = kMostMinutes;
    queries.push_back(std::move(sizes));
  }
  Query covered;
  covered.table = "dns";
  covered.time = {whole.from - kHour, whole.to};
  covered.where = expr::tuple_in({column("client"), column("server")}, std::move(pairs));
  covered.group_by = {
      {"client", column("client")}, {"server", column("server")}, {"window", expr::time_bucket(column("time"), kHour)}};
  covered.measures = {{std::string(kCoveredMessages), Kind::kCount, nullptr}};
  queries.push_back(std::move(covered));
  Query totals;
  totals.table = "flows";
  totals.time = context.range;
  totals.where = expr::all_of({requests(context), expr::tuple_in({column("src")}, std::move(clients))});
  totals.group_by = {{"client", column("src")}, {"sensor", column("sensor")}};
  const ExprPtr window = expr::time_bucket(column("start_time"), kFlowBaselineWindow);
  Measure pair_windows{std::string(kServerWindows), Kind::kDistinct, nullptr};
  pair_windows.tuple = {column("dst"), window};
  totals.measures = {pair_windows,
                     {"windows", Kind::kDistinct, window},
                     {"packets", Kind::kSum, scaled(column("packets"))},
                     {"bytes", Kind::kSum, scaled(column("bytes"))},
                     {"rev_packets", Kind::kSum, scaled(zero_if_null("rev_packets"))},
                     {"rev_bytes", Kind::kSum, scaled(zero_if_null("rev_bytes"))}};
  queries.push_back(std::move(totals));
  return queries;
}

std::vector<Tunnel> flow_tunnels(const DetectContext& context, std::span<const Answer> answers) {
  Minutes minutes = minutes_of(answers);
  if (const Answer* sizes = answer_with(answers, kSizeFlows)) add_sizes(*sizes, minutes);
  Covered covered;
  if (const Answer* answer = answer_with(answers, kCoveredMessages))
    for (const auto& row : answer->rows)
      if (const auto key = key_of(row)) covered[key->pair].insert(key->start);
  Rests totals;
  if (const Answer* answer = answer_with(answers, kServerWindows))
    for (const auto& row : answer->rows) {
      const auto* client = std::get_if<Ip>(&row[0]);
      if (client == nullptr) continue;
      const Rest rest{as_double(row[2]), as_double(row[3]), as_double(row[4]),
                      as_double(row[5]), as_double(row[6]), as_double(row[7])};
      Rest& kept = totals[*client];
      if (rest.packets > kept.packets) kept = rest;
    }
  std::vector<Tunnel> tunnels;
  for (const auto& [pair, all] : minutes) add_tunnels(context, pair, all, covered, totals, tunnels);
  return tunnels;
}

}  // namespace rw::dns_tunnel
