// The NetFlow and IPFIX decoders: one function per protocol, and what v9 and IPFIX share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "format/flow_export.h"
#include "format/flow_export_state.h"
#include "format/netflow_template.h"
#include "model/emitter.h"

namespace rw::flow_export {

// What every decoder gets. A damaged datagram is no export from a stranger, and damage from a known exporter.
struct Datagram {
  State& state;
  const ExportSource& source;
  Bytes payload;
  Emitter& emitter;
  ExporterKey key() const { return {source.exporter, source.exporter_port}; }
};

// Whether the payload has the protocol's shape from end to end: version, counts and lengths agree.
bool netflow_fixed_shape(Bytes payload);  // versions 1, 5 and 7
bool netflow9_shape(Bytes payload);
bool ipfix_shape(Bytes payload);

// Decode a datagram whose first two bytes are the protocol's version. False when it is none, and then nothing was
// emitted.
bool decode_netflow_fixed(const Datagram& datagram);
bool decode_netflow9(const Datagram& datagram);
bool decode_ipfix(const Datagram& datagram);

// One NetFlow v9 or IPFIX message while it is decoded.
class Message {
 public:
  Message(State& state, Domain& domain, Emitter& emitter, const ExportClock& clock, bool netflow9);

  // A template or, with `layout.options`, an options template; `layout.fields` is filled.
  void add_template(std::uint16_t id, Template&& layout);
  void withdraw(std::uint16_t id);
  void withdraw_all(bool options);
  void data_set(std::uint16_t id, Bytes body);
  void weird(std::string_view code, std::string_view detail = {});
  // Everything that waited for what this message brought. Call once, after its last set.
  void finish();

  std::uint32_t records() const { return records_; }     // data records, options data included
  bool records_known() const { return records_known_; }  // false where a set could not be decoded

 private:
  void decode(const Template& layout, const ExportClock& clock, Bytes body);
  bool next_record(const Template& layout, Bytes& body, Values& values);
  void flow_record(const Template& layout, const ExportClock& clock, const Values& values);
  void options_record(const Template& layout, const Values& values);
  void application_name(const Values& values);
  std::uint32_t rate_of(const Template& layout, const Values& values, const Flow& flow, bool& wait);
  bool hold(const Flow& flow, std::uint64_t sampler, std::int64_t export_us);
  void wait_for_template(std::uint16_t id, Bytes body);
  void release_waiting(std::uint16_t id);
  void forget(const Template& layout);

  State& state_;
  Domain& domain_;
  Emitter& emitter_;
  ExportClock clock_;
  bool netflow9_;
  std::uint32_t records_ = 0;
  bool records_known_ = true;
  bool told_sampler_ = false;  // once a message is enough
  std::vector<std::uint16_t> new_templates_;
  std::vector<std::uint64_t> new_samplers_;
};

// Emits the flows that were held for `sampler`, or all of the domain's where `sampler` is null, at their sampler's
// rate; flows whose sampler stayed unknown are told as weird and taken as unsampled.
void release_held(State& state, Domain& domain, Emitter& emitter, const std::uint64_t* sampler);
// Tells a gap in an exporter's sequence.
void tell_gap(const Domain& domain, const SequenceTracker::Gap& gap, Emitter& emitter);
// Whether `sets` is a run of sets, each with its length, that ends where the datagram ends. `first_template_set` is the
// lowest set id of the protocol: 0 in v9, 2 in IPFIX.
bool sets_shape(Bytes sets, std::uint16_t first_template_set);
// Calls `visit(id, body)` for each set. False where a length is impossible; `cut` where the last set was shortened.
template <typename Visit>
bool each_set(Bytes sets, bool& cut, Visit&& visit) {
  Cursor cursor(sets);
  while (cursor.left() >= 4) {
    const std::uint16_t id = cursor.u16();
    const std::uint16_t length = cursor.u16();
    if (length < 4) return false;
    const std::size_t body = length - 4u;
    cut = body > cursor.left();
    visit(id, cursor.bytes(cut ? cursor.left() : body));
  }
  return true;
}

}  // namespace rw::flow_export
