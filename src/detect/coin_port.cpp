// Detector coin-port: TCP connections from a watched space to the ports on which coin nodes listen (port evidence
// only).
#include "base/quantity.h"
#include "detect/port_detector.h"
#include "detect/thresholds.h"
#include "store/watched.h"

namespace rw {
namespace {

namespace limits = thresholds::coin_port;

constexpr std::int64_t kBitcoin[] = {8332, 8333};
constexpr std::int64_t kMonero[] = {18080, 18081};
constexpr std::int64_t kLitecoin[] = {9332, 9333};
constexpr PortService kCoins[] = {{"bitcoin", kBitcoin}, {"monero", kMonero}, {"litecoin", kLitecoin}};
constexpr PortTable kTable{kCoins, limits::kMinFlows, limits::kMinPackets, limits::kMinSourcePort, limits::kQuietGap};

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
  std::vector<ExprPtr> sources;
  for (const Subject& subject : context.subjects) sources.push_back(watched_condition(subject, context.range, "src"));
  if (sources.empty()) sources.push_back(expr::all_of({}));
  std::vector<Query> all;
  for (const ExprPtr& source : sources)
    all.push_back(port_query(kTable, context, source, {{"address", expr::column("src")}, service_key(kTable, "coin")},
                             expr::column("dst")));
  return all;
}

PortFinding about(const Subject* subject, const Episode& episode) {
  const std::string& address = episode.key[0];
  const std::string& coin = episode.key[1];
  PortFinding told;
  told.entities = {{subject ? "watched_address" : "address", address}, {"coin", coin}};
  if (subject) told.entities.push_back({"subject", subject->id});
  told.filter = "src host " + address + " and " + port_filter(kTable, coin);
  told.summary = address + (subject ? " of " + subject->name : "") + " opened " + counted(episode.flows, "TCP flow") +
                 " to " + coin + " ports, " + human_bytes(static_cast<double>(episode.bytes)) + ", with " +
                 counted(episode.peers, "peer") + " in the busiest day.";
  told.figures = {{"peers_in_busiest_day", episode.peers}};
  return told;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Subject* subject = i < context.subjects.size() ? &context.subjects[i] : nullptr;
    std::vector<Finding> some = port_findings(kTable, context, answers.subspan(i, 1), 2,
                                              [&](const Episode& episode) { return about(subject, episode); });
    findings.insert(findings.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return findings;
}

}  // namespace
}  // namespace rw
