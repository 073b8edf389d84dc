// Tells flow export protocols apart and hands datagrams to their decoders.
#include "format/flow_export.h"

#include "format/flow_export_state.h"
#include "format/netflow.h"
#include "format/sflow.h"

namespace rw {

using flow_export::Datagram;
using flow_export::Domain;
using flow_export::State;

struct FlowExport::Impl {
  State state;
};

FlowExport::FlowExport() : impl_(std::make_unique<Impl>()) {}
FlowExport::~FlowExport() = default;

namespace {

// Where collectors listen by custom: on these ports a datagram that a snap length cut is taken for an export too.
bool is_collector_port(std::uint16_t port) {
  switch (port) {
    case 2055:
    case 2056:
    case 4432:
    case 4739:
    case 6343:
    case 9555:
    case 9991:
    case 9995:
    case 9996: return true;
    default: return false;
  }
}

}  // namespace

bool looks_like_flow_export(std::uint16_t dst_port, Bytes payload) {
  if (payload.size() < 16) return false;
  const std::uint16_t version = Cursor(payload).u16();
  if (is_collector_port(dst_port)) {
    if (version == 0) return Cursor(payload).u32() == 5;
    return version == 1 || version == 5 || version == 7 || version == 9 || version == 10;
  }
  switch (version) {
    case 0: return flow_export::sflow_shape(payload);
    case 1:
    case 5:
    case 7: return flow_export::netflow_fixed_shape(payload);
    case 9: return flow_export::netflow9_shape(payload);
    case 10: return flow_export::ipfix_shape(payload);
    default: return false;
  }
}

bool FlowExport::datagram(const ExportSource& source, Bytes payload, Emitter& emitter) {
  if (payload.size() < 16) return false;
  const Datagram datagram{impl_->state, source, payload, emitter};
  switch (Cursor(payload).u16()) {
    case 0: return flow_export::decode_sflow(datagram);
    case 1:
    case 5:
    case 7: return flow_export::decode_netflow_fixed(datagram);
    case 9: return flow_export::decode_netflow9(datagram);
    case 10: return flow_export::decode_ipfix(datagram);
    default: return false;
  }
}

void FlowExport::end_of_input(Emitter& emitter) {
  State& state = impl_->state;
  state.each_domain([&](Domain& domain) {
    while (const auto gap = domain.sequence.close()) flow_export::tell_gap(domain, *gap, emitter);
    flow_export::release_held(state, domain, emitter, nullptr);
    for (auto& [id, sets] : domain.waiting) {
      for (flow_export::WaitingSet& set : sets) {
        if (set.told) continue;
        set.told = true;
        emitter.weird("template-missing", domain.sensor + " template " + std::to_string(id));
      }
    }
  });
}

}  // namespace rw
