// Detector coin-port: TCP connections from a watched space to the ports on which coin nodes listen (port evidence
// only).
#include <array>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/thresholds.h"
#include "store/watched.h"

namespace rw {
namespace {

namespace limits = thresholds::coin_port;

struct Coin {
  std::string_view name;
  std::array<std::int64_t, 2> ports;
};
constexpr Coin kCoins[] = {{"bitcoin", {8332, 8333}}, {"monero", {18080, 18081}}, {"litecoin", {9332, 9333}}};

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPort};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kCoinPortDetector{
    .id = "coin-port",
    .title = "TCP to a coin port",
    .technique = "T1496",
    .may_be_wrong_because =
        "a port is not a protocol: other services use these ports and clients pick them by chance; expect false "
        "positives, and look at "
        "payload or at the length and regularity of the flows before acting",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "TCP from a watched address to port 8332 or 8333 (Bitcoin), 18080 or 18081 (Monero), 9332 or 9333 (Litecoin): "
        "one finding for "
        "each address and coin. Without a subject, from any address. Never above low confidence: the port is all the "
        "evidence.",
    .queries = queries,
    .decide = decide,
};

namespace {

// One question for each subject; without any, one about everybody.
std::vector<Query> queries(const DetectContext& context) {
  std::vector<std::int64_t> ports;
  std::vector<std::pair<ExprPtr, ExprPtr>> names;
  for (const Coin& coin : kCoins) {
    ports.insert(ports.end(), coin.ports.begin(), coin.ports.end());
    names.emplace_back(expr::in(expr::column("dst_port"), {coin.ports[0], coin.ports[1]}), expr::text(coin.name));
  }
  const ExprPtr to_coin_port =
      tcp_to_ports(ports, context.thresholds[limits::kMinSourcePort], context.thresholds[limits::kMinPackets]);
  std::vector<ExprPtr> sources;
  for (const Subject& subject : context.subjects) sources.push_back(watched_condition(subject, context.range, "src"));
  if (sources.empty()) sources.push_back(expr::all_of({}));
  std::vector<Query> all;
  for (const ExprPtr& source : sources) {
    Query query;
    query.table = "flows";
    query.time = context.range;
    query.where = expr::all_of({to_coin_port, source});
    query.group_by = episode_keys({{"address", expr::column("src")}, {"coin", expr::classify(names)}});
    query.measures = episode_measures(expr::column("dst"));
    query.order_by = {{"bytes", true}};
    query.limit = kMostEpisodeRows;
    all.push_back(std::move(query));
  }
  return all;
}

std::string port_filter(const std::string& address, const std::string& coin) {
  for (const Coin& c : kCoins)
    if (c.name == coin)
      return "src host " + address + " and tcp and (dst port " + std::to_string(c.ports[0]) + " or dst port " +
             std::to_string(c.ports[1]) + ")";
  return "src host " + address + " and tcp";
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Subject* subject = i < context.subjects.size() ? &context.subjects[i] : nullptr;
    for (const Episode& episode :
         episodes_of(answers.subspan(i, 1), 2, context.thresholds.duration(limits::kQuietGap))) {
      if (static_cast<double>(episode.flows) < context.thresholds[limits::kMinFlows]) continue;
      const std::string& address = episode.key[0];
      const std::string& coin = episode.key[1];
      std::vector<Entity> entities = {{subject ? "watched_address" : "address", address}, {"coin", coin}};
      if (subject) entities.push_back({"subject", subject->id});
      Finding finding = finding_of(episode, std::move(entities), episode_command(port_filter(address, coin), episode));
      finding.figures.push_back({"peers_in_busiest_day", episode.peers});
      finding.severity = Severity::kLow;
      finding.confidence = Confidence::kLow;
      finding.summary = address + (subject ? " of " + subject->name : "") + " opened " +
                        counted(episode.flows, "TCP flow") + " to " + coin + " ports, " +
                        human_bytes(static_cast<double>(episode.bytes)) + ", with " + counted(episode.peers, "peer") +
                        " in the busiest day.";
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace
}  // namespace rw
