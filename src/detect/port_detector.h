// What the detectors of TCP ports share: a table of ports, the question about connections to them, and findings that a
// port alone can carry. Each has its own scope and entities.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detect/detector.h"
#include "detect/episodes.h"

namespace rw {

struct PortService {
  std::string_view name;
  std::span<const std::int64_t> ports;
};

// Constant data of one detector; the thresholds are its own.
struct PortTable {
  std::span<const PortService> services;
  const Threshold& min_flows;
  const Threshold& min_packets;
  const Threshold& min_source_port;
  const Threshold& quiet_gap;
};

// Connections to any of the ports that meet `scope`, by `keys`; `peer` as in episode_measures.
Query port_query(const PortTable& table, const DetectContext& context, const ExprPtr& scope, std::vector<Named> keys,
                 ExprPtr peer);
// The service by its port: a key for port_query.
Named service_key(const PortTable& table, std::string_view name);
// "tcp and (dst port 8332 or dst port 8333)", as `rangewatch flows` reads it.
std::string port_filter(const PortTable& table, std::string_view service);

// Low severity unless the detector says more; low confidence always, for a port is all the evidence.
struct PortFinding {
  std::vector<Entity> entities;
  std::string filter;  // which flows
  std::string summary;
  Severity severity = Severity::kLow;
  std::vector<Figure> figures = {};  // beside those that each episode has
};
// One finding for each episode of enough flows, as `make` says; `keys` as in episodes_of.
std::vector<Finding> port_findings(const PortTable& table, const DetectContext& context,
                                   std::span<const Answer> answers, std::size_t keys,
                                   const std::function<PortFinding(const Episode&)>& make);

}  // namespace rw
