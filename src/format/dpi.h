// nDPI's opinion of flows: the protocol it names, that protocol's category, and the risks it sees.
//
//   Dpi dpi(flows, emitter);                                // cheap: the library is loaded with the first payload
//   dpi.packet(flow, time, packet); … dpi.flow_ends(flow);
//
// It stands beside `app`, which are our own rules, and changes nothing there. A flow is asked about by its first
// kMaxPackets payloads, each cut at kMaxPayload and put behind an IP header that is written anew: nothing malformed on
// the network layer reaches the library. What only a port or an address suggests is not taken over. At most kMaxFlows
// are undecided at once (about 700 bytes each, and what strings they hold); more are not asked about, and counted.
//
// The library is nDPI 4.2, a shared library beside the program. Where it is missing, the columns stay null and one
// `dpi-unavailable` tells so.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "format/flow_assembler.h"
#include "format/packet.h"
#include "model/emitter.h"

namespace rw {

class Dpi {
 public:
  static constexpr unsigned kMaxPackets = 8;
  static constexpr unsigned kMaxExtra = 3;  // after it has a name: what the other side answers shows more risks
  static constexpr std::size_t kMaxPayload = 1600;
  static constexpr std::size_t kMaxFlows = std::size_t{1} << 16;

  Dpi(FlowAssembler& flows, Emitter& emitter);
  ~Dpi();
  Dpi(const Dpi&) = delete;
  Dpi& operator=(const Dpi&) = delete;

  void packet(OpenFlow& flow, Timestamp time, const Packet& packet) {
    if (flow.dpi_state <= OpenFlow::kDpiAsked && !packet.payload.empty()) look(flow, time, packet);
  }
  void flow_ends(OpenFlow& flow) {
    if (flow.dpi_state == OpenFlow::kDpiAsked) settle(flow);
  }

 private:
  struct State;
  struct Module;
  void look(OpenFlow& flow, Timestamp time, const Packet& packet);
  State* begin(OpenFlow& flow);
  void settle(OpenFlow& flow);
  std::uint32_t label(std::uint16_t master, std::uint16_t app, std::uint16_t category);

  FlowAssembler& flows_;
  Emitter& emitter_;
  Module* module_ = nullptr;  // borrowed from those that are kept for the whole process
  bool tried_ = false;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<std::uint32_t> free_;
  std::size_t undecided_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> labels_;
};

}  // namespace rw
