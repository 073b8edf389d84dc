// Detector mining-pool: miners at a pool, by what they say on any port; by port alone only in a watched space.
#include <algorithm>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/mining_use.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::mining_pool;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload, EvidenceKind::kPort};

// Where pools listen by custom. Development servers, games and many others use them too.
constexpr std::int64_t kPoolPorts[] = {3333, 4444, 5555, 7777, 9999, 14444, 45700};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kMiningPoolDetector{
    .id = "mining-pool",
    .title = "Mining at a pool",
    .technique = "T1496",
    .may_be_wrong_because =
        "the machine may be meant to mine, and its address may be shared: whoever mines behind a gateway is not told "
        "apart",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Stratum (v1, v2), Monero logins and Ethereum's getWork by their payload, on any port, with an end in the "
        "organisation or a watched space, or anywhere when neither is configured: one finding for each miner and "
        "server, with coin, workers, messages, and bytes by month. High where the miner is ours (cryptojacking). Of a "
        "watched space also connections to the customary ports of pools that have the shape of mining (minutes long, a "
        "few packets a minute): never above low confidence, for there the port is all the evidence.",
    .queries = queries,
    .decide = decide,
};

namespace {

constexpr std::size_t kQuestions = 3;  // of each scope: sessions, flows, ports
constexpr std::size_t kKeys = 3;       // client, server, which end lies in the scope
constexpr std::size_t kPortKeys = 2;

// TCP from the watched space to a pool's port, as long and as slow as mining is.
ExprPtr shaped_like_mining(const DetectContext& context) {
  const std::vector<std::int64_t> ports(std::begin(kPoolPorts), std::end(kPoolPorts));
  const ExprPtr minutes = expr::binary(Expr::Kind::kDiv, expr::duration_us(), expr::number(kMinute.us));
  const ExprPtr rate = expr::binary(Expr::Kind::kDiv, expr::volume_packets(), minutes);
  const auto number = [&](const Threshold& threshold) { return expr::literal(context.thresholds[threshold]); };
  return expr::all_of(
      {tcp_to_ports(ports, context.thresholds[limits::kMinSourcePort], context.thresholds[limits::kMinPackets]),
       expr::binary(Expr::Kind::kGe, expr::duration_us(),
                    expr::number(context.thresholds.duration(limits::kMinPortDuration).us)),
       expr::binary(Expr::Kind::kGe, rate, number(limits::kMinPacketRate)),
       expr::binary(Expr::Kind::kLe, rate, number(limits::kMaxPacketRate)),
       expr::is_null(expr::column("app"))});  // whatever a sensor knows by payload is told by that
}

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context)) {
    const auto keys = [&](const Ends& ends) {
      return std::vector<Named>{
          {"client", expr::column(ends.client)},
          {"server", expr::column(ends.server)},
          {"end", expr::classify({{scope_address(context, scope, ends.client, ends.time), expr::text("client")}},
                                 expr::text("server"))}};
    };
    const Ends session_ends{"client", "server", "time"};
    all.push_back(mining_query(context, "pool", scope_condition(context, scope, session_ends), keys(session_ends),
                               expr::column("client_port")));
    all.push_back(mining_flow_query(context, {"stratum", "stratum2"}, scope_condition(context, scope), keys({}),
                                    expr::column("src_port")));
    const ExprPtr ports = scope.subject == nullptr
                              ? expr::any_of({})
                              : expr::all_of({shaped_like_mining(context), scope_address(context, scope, "src")});
    all.push_back(episode_query(context.range, ports,
                                {{"client", expr::column("src")}, {"port", expr::column("dst_port")}},
                                expr::column("dst")));
  }
  return all;
}

std::vector<std::vector<std::string>> turned(const std::vector<std::string>& key) {
  return {{key[1], key[0], "client"}, {key[1], key[0], "server"}};
}

Finding about(const DetectContext& context, const Scope& scope, const MiningUse& use) {
  const std::string& client = use.key[0];
  const std::string& server = use.key[1];
  const bool miner = use.key[2] == "client";
  Finding finding =
      mining_finding(use, pair_entities(scope, client, server, miner), "host " + client + " and host " + server);
  const bool jacked = scope.ours && is_ours(context.organisation, client);
  finding.severity = jacked ? Severity::kHigh : Severity::kMedium;
  if (jacked) finding.title = "Mining inside the organisation (cryptojacking)";
  finding.confidence = use.answered_sessions > 0 || use.sessions == 0 ? Confidence::kHigh : Confidence::kModerate;
  finding.evidence = {EvidenceKind::kPayload};
  const std::string coin = most_common(use.coins);
  if (!coin.empty()) finding.figures.push_back({"coin", coin});
  const std::string protocol = most_common(use.protocols);
  finding.summary = client + " mines " + (coin.empty() ? "" : coin + " ") + "at " + server +
                    (protocol.empty() ? "" : " (" + protocol + ")") + ": " + counted(use.messages, "message") + " in " +
                    counted(use.sessions, "session") +
                    (use.flows > 0 ? ", " + human_bytes(static_cast<double>(use.bytes)) : "") + ".";
  return finding;
}

Finding by_port(const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  const std::string& port = episode.key[1];
  Finding finding = finding_of(episode, {{"watched_address", client}, {"port", port}, {"subject", scope.subject->id}},
                               episode_command("tcp and src host " + client + " and dst port " + port, episode));
  finding.title = "TCP to a port of mining pools";
  finding.severity = Severity::kLow;
  finding.confidence = Confidence::kLow;
  finding.evidence = {EvidenceKind::kPort};
  finding.may_be_wrong_because =
      "a port is not a protocol: development servers, games and remote consoles use these ports, and their sessions "
      "can be as long and slow as mining";
  finding.summary = client + " of " + scope.subject->name + " opened " + counted(episode.flows, "TCP flow") +
                    " to port " + port + ", where pools listen by custom, each as long and slow as mining is: " +
                    human_bytes(static_cast<double>(episode.bytes)) + ", with " + counted(episode.peers, "peer") +
                    " in the busiest day.";
  finding.figures.push_back({"peers_in_busiest_day", episode.peers});
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<Scope> scopes = scopes_of(context);
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const auto of_scope = answers.subspan(kQuestions * i, kQuestions);
    for (const MiningUse& use : mining_uses(of_scope[0], of_scope[1], kKeys, gap, turned))
      if (static_cast<double>(use.messages) >= context.thresholds[limits::kMinMessages] || use.sessions == 0)
        findings.push_back(about(context, scopes[i], use));
    if (scopes[i].subject == nullptr) continue;
    for (const Episode& episode : episodes_of(of_scope.subspan(2, 1), kPortKeys, gap))
      if (static_cast<double>(episode.flows) >= context.thresholds[limits::kMinPortFlows])
        findings.push_back(by_port(scopes[i], episode));
  }
  return findings;
}

}  // namespace
}  // namespace rw
