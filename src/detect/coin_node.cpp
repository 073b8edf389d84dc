// Detector coin-node: machines that take part in the peer-to-peer network of a coin, by what they say on any port.
#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/mining_use.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::coin_node;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kCoinNodeDetector{
    .id = "coin-node",
    .title = "Node of a coin's network",
    .technique = "T1496",
    .may_be_wrong_because =
        "a node keeps and passes on transactions, which need not be mining: wallets, exchanges and researchers run "
        "nodes too",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Peer-to-peer messages of Bitcoin, Litecoin and Monero (Levin) by their payload, on any port: one finding for "
        "each address of the organisation or a watched space and coin (the client's address where neither is "
        "configured), with peers, messages and bytes by month. A node is told apart from a pool.",
    .queries = queries,
    .decide = decide,
};

namespace {

constexpr std::size_t kKeys = 2;  // address, coin

// For each scope its ends that can be a node of the scope; each is two questions, sessions and flows.
std::vector<bool> ends_of(const Scope& scope) {
  const bool everybody = scope.subject == nullptr && !scope.ours;
  return everybody ? std::vector<bool>{true} : std::vector<bool>{true, false};
}

std::vector<Query> queries(const DetectContext& context) {
  const ExprPtr session_coin =
      expr::classify({{expr::not_(expr::is_null(expr::column("coin"))), expr::column("coin")},
                      {expr::eq(expr::column("protocol"), expr::text("levin")), expr::text("monero")}},
                     expr::text("bitcoin"));
  const ExprPtr flow_coin = expr::classify({{expr::eq(expr::column("app"), expr::text("levin")), expr::text("monero")}},
                                           expr::text("bitcoin"));
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context))
    for (const bool client : ends_of(scope)) {
      const auto near = [&](const Ends& ends) { return client ? ends.client : ends.server; };
      const auto far = [&](const Ends& ends) { return expr::column(client ? ends.server : ends.client); };
      const Ends sessions{"client", "server", "time"};
      const Ends flows;
      all.push_back(mining_query(context, "node", scope_address(context, scope, near(sessions), sessions.time),
                                 {{"address", expr::column(near(sessions))}, {"coin", session_coin}}, far(sessions)));
      all.push_back(mining_flow_query(context, {"bitcoin", "levin"}, scope_address(context, scope, near(flows)),
                                      {{"address", expr::column(near(flows))}, {"coin", flow_coin}}, far(flows)));
    }
  return all;
}

Finding about(const Scope& scope, const MiningUse& use) {
  const std::string& address = use.key[0];
  const std::string& coin = use.key[1];
  std::vector<Entity> entities = {{scope.subject ? "watched_address" : "address", address}, {"coin", coin}};
  if (scope.subject) entities.push_back({"subject", scope.subject->id});
  Finding finding =
      mining_finding(use, std::move(entities),
                     std::string("app ") + (coin == "monero" ? "levin" : "bitcoin") + " and host " + address);
  finding.severity = scope.ours ? Severity::kMedium : Severity::kLow;
  finding.confidence = use.answered_sessions > 0 || use.sessions == 0 ? Confidence::kHigh : Confidence::kModerate;
  finding.figures.push_back({"peers_in_busiest_day", use.peers});
  finding.summary = address + (scope.subject ? " of " + scope.subject->name : "") + " is a node of " + coin +
                    "'s network: " + counted(use.messages, "message") + " in " + counted(use.sessions, "session") +
                    (use.flows > 0 ? ", " + human_bytes(static_cast<double>(use.bytes)) : "") + ", with " +
                    counted(use.peers, "peer") + " in the busiest day.";
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  std::size_t next = 0;
  for (const Scope& scope : scopes_of(context))
    for (std::size_t end = 0; end < ends_of(scope).size(); ++end, next += 2)
      for (const MiningUse& use : mining_uses(answers[next], answers[next + 1], kKeys, gap)) {
        // Where sessions are known, flows alone add only the far ends of conversations that began before the capture.
        const bool told = use.sessions == 0
                              ? answers[next].rows.empty()
                              : static_cast<double>(use.messages) >= context.thresholds[limits::kMinMessages];
        if (told) findings.push_back(about(scope, use));
      }
  return joined_findings(std::move(findings), gap);  // the same node as client and as server
}

}  // namespace
}  // namespace rw
