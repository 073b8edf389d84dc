// Flow export protocols in UDP datagrams: NetFlow v5 and v9, IPFIX, sFlow v5. Used by the capture formats and by listeners.
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

// Cheap test on the first bytes: could this UDP payload be an export? True positives are confirmed by FlowExport::datagram.
bool looks_like_flow_export(std::uint16_t dst_port, Bytes payload);

// Decoder state of one ingest: templates, sampling rates, data that waits for its template. Get it from
// SharedState as  context.shared.get<FlowExport>("flow-export").
class FlowExport : public SharedState::Part {
 public:
  FlowExport();
  ~FlowExport() override;
  // Decodes one datagram into flows (and interface counters). False when it is no export at all: then it is ordinary traffic.
  bool datagram(const ExportSource& source, Bytes payload, Emitter& emitter);
  // End of one input: data that still waits for a template is counted as weird ("template-missing") against this input, and
  // kept, so that a later input of the same ingest can still bring the template.
  void end_of_input(Emitter& emitter);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw
