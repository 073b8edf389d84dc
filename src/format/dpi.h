// nDPI's opinion of flows: the protocol it names, that protocol's category, and the risks it sees.
//
//   Dpi dpi(flows, emitter);       // cheap: thread and library come with the first payload
//   dpi.packet(flow, time, packet); … dpi.flow_ends(flow); … dpi.label(row)
//
// It stands beside `app`, which are our own rules, and changes nothing there. A flow is asked about by its first
// DpiEngine::kMaxPackets payloads, each cut at kMaxPayload and put behind an IP header that is written anew: nothing
// malformed on the network layer reaches the library. What only a port or an address suggests is not taken over. At
// most DpiEngine::kMaxFlows are undecided at once (about 700 bytes each, and what strings they hold); more are not
// asked about, and counted.
//
// The library works on a thread of its own, which gets copies of the payloads, in batches, over a queue of at most
// kMaxBatches; the decoder waits when it is full. All that the library is told, it is told in the order of the input,
// ends of flows too, so what it says depends on the input alone and never on how the threads run. Rows wait for their
// labels in the flow assembler. An open flow that had a payload holds 32 bytes here.
//
// The library is nDPI 4.2, a shared library beside the program. Where it is missing, the columns stay null and one
// `dpi-unavailable` tells so.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "format/dpi_engine.h"
#include "format/flow_assembler.h"
#include "format/packet.h"
#include "model/emitter.h"

namespace rw {

class Dpi : public FlowAssembler::Labels {
 public:
  static constexpr std::size_t kMaxPayload = 1600;
  static constexpr std::size_t kBatchBytes = std::size_t{64} << 10;
  static constexpr std::size_t kMaxBatches = 32;  // 2 MiB: some thousand payloads that the library may lag behind

  Dpi(FlowAssembler& flows, Emitter& emitter);
  ~Dpi() override;
  Dpi(const Dpi&) = delete;
  Dpi& operator=(const Dpi&) = delete;

  void packet(OpenFlow& flow, Timestamp time, const Packet& packet) {
    if (flow.dpi_state <= OpenFlow::kDpiAsked && !packet.payload.empty()) look(flow, time, packet);
  }
  void flow_ends(const OpenFlow& flow);

  void label_piece(OpenFlow& row) override;
  void label(OpenFlow& row) override;

 private:
  class Worker;
  void look(OpenFlow& flow, Timestamp time, const Packet& packet);
  void take(OpenFlow& row, const DpiVerdict& verdict);

  FlowAssembler& flows_;
  Emitter& emitter_;
  std::unique_ptr<Worker> worker_;
  std::deque<DpiVerdict> verdicts_;  // a deque: the worker holds on to their addresses
  std::vector<std::uint32_t> free_;
  std::unordered_map<std::uint64_t, std::uint32_t> labels_;
  bool told_unavailable_ = false;
};

}  // namespace rw
