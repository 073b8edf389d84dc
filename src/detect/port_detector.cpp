// Questions and findings that the detectors of TCP ports share.
#include "detect/port_detector.h"

namespace rw {

Named service_key(const PortTable& table, std::string_view name) {
  std::vector<std::pair<ExprPtr, ExprPtr>> names;
  for (const PortService& service : table.services)
    names.emplace_back(expr::in(expr::column("dst_port"), {service.ports.begin(), service.ports.end()}),
                       expr::text(service.name));
  return {std::string(name), expr::classify(std::move(names))};
}

Query port_query(const PortTable& table, const DetectContext& context, const ExprPtr& scope, std::vector<Named> keys,
                 ExprPtr peer) {
  std::vector<std::int64_t> ports;
  for (const PortService& service : table.services)
    ports.insert(ports.end(), service.ports.begin(), service.ports.end());
  Query query;
  query.table = "flows";
  query.time = context.range;
  query.where = expr::all_of(
      {tcp_to_ports(ports, context.thresholds[table.min_source_port], context.thresholds[table.min_packets]), scope});
  query.group_by = episode_keys(std::move(keys));
  query.measures = episode_measures(std::move(peer));
  query.order_by = {{"bytes", true}};
  query.limit = kMostEpisodeRows;
  return query;
}

std::string port_filter(const PortTable& table, std::string_view service) {
  for (const PortService& known : table.services) {
    if (known.name != service) continue;
    std::string ports;
    for (const std::int64_t port : known.ports)
      ports += (ports.empty() ? "dst port " : " or dst port ") + std::to_string(port);
    return "tcp and " + (known.ports.size() == 1 ? ports : "(" + ports + ")");
  }
  return "tcp";
}

std::vector<Finding> port_findings(const PortTable& table, const DetectContext& context,
                                   std::span<const Answer> answers, std::size_t keys,
                                   const std::function<PortFinding(const Episode&)>& make) {
  std::vector<Finding> findings;
  const double min_flows = context.thresholds[table.min_flows];
  for (const Episode& episode : episodes_of(answers, keys, context.thresholds.duration(table.quiet_gap))) {
    if (static_cast<double>(episode.flows) < min_flows) continue;
    PortFinding told = make(episode);
    Finding finding = finding_of(episode, std::move(told.entities), episode_command(told.filter, episode));
    finding.severity = told.severity;
    finding.confidence = Confidence::kLow;
    finding.summary = std::move(told.summary);
    finding.figures.insert(finding.figures.end(), told.figures.begin(), told.figures.end());
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace rw
