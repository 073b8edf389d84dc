// Flow export protocols in UDP datagrams, for capture formats and listeners: NetFlow v1, v5, v7, v9, IPFIX, sFlow v5.
//
// Flow.sensor is the exporter's address, followed by "/DOMAIN" where its observation domain is not 0: "192.0.2.1",
// "192.0.2.1/12". The domain is the source id of NetFlow v9, the observation domain id of IPFIX, engine type × 256 +
// engine id of v5, the sub-agent of sFlow. NetFlow's exporter is the sender of the datagram, sFlow's is the agent that
// the datagram names.
//
// What is read of a record, and how it is understood:
//  - Times: absolute ones where the record has them; those relative to the exporter's uptime by the header's clock or
//    systemInitTimeMilliseconds; else the export time. A record that ends before it starts ends when it starts
//    ("end-before-start").
//  - Counters: octetDeltaCount, else octetTotalCount, else the "post" counters (OUT_BYTES of NetFlow v9: what an egress
//    cache counts), which also stand in where the others are 0; layer 2 octets only where nothing else is there.
//    initiator/responder octets and RFC 5103 reverse elements make a biflow. (initiatorOctets is without headers by its
//    definition; exporters differ.)
//  - Sampling: the record's own fields, else its sampler or selector, else its interface, else its domain. Flows that
//    name a sampler wait for its rate until the input ends or half an hour of export time has passed
//    ("sampler-unknown").
//  - Sampled packets (sFlow headers, dataLinkFrameSection, ipHeaderPacketSection) are taken apart by packet.h: the
//    innermost IP packet is the flow. So it is where a record names its key twice, outer packet first.
//  - An interface, an AS number and a VLAN id of 0 mean "not known" and become null. NAT, MPLS, MAC, next-hop and
//    prefix-length fields have no column and are stepped over. A NAT or firewall event is a flow without volume.
#pragma once

#include <cstdint>
#include <memory>

#include "base/cursor.h"
#include "base/ip.h"
#include "base/time.h"
#include "format/format.h"
#include "model/emitter.h"

namespace rw {

// Where and when a datagram was seen. Templates belong to (exporter, exporter_port, observation domain).
struct ExportSource {
  Ip exporter;
  std::uint16_t exporter_port = 0;
  Timestamp time;  // of capture; used only to check the export's own clock
};

// Cheap test on the first bytes: could this UDP payload be an export? True positives are confirmed by
// FlowExport::datagram.
bool looks_like_flow_export(std::uint16_t dst_port, Bytes payload);

// Decoder state of one ingest: templates, sampling rates, data that waits for its template. Get it from
// SharedState as  context.shared.get<FlowExport>("flow-export").
class FlowExport : public SharedState::Part {
 public:
  FlowExport();
  ~FlowExport() override;
  // Decodes one datagram into flows (and interface counters). False when it is no export at all: then it is ordinary
  // traffic, and nothing was emitted. True leaves emitter.reference_time at the export's own clock (sFlow: at
  // source.time).
  bool datagram(const ExportSource& source, Bytes payload, Emitter& emitter);
  // End of one input: sequence gaps and unknown samplers are told; data that still waits for a template is counted as
  // weird ("template-missing") against this input, and kept, so that a later input of the same ingest can still bring
  // the template.
  void end_of_input(Emitter& emitter);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw
