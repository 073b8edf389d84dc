// From the values of a NetFlow or IPFIX record to a Flow row, a sampling rate or an application's name.
#pragma once

#include <cstdint>
#include <optional>

#include "format/flow_export_state.h"
#include "format/netflow_template.h"
#include "model/records.h"

namespace rw::flow_export {

// A time relative to the exporter's 32-bit uptime in milliseconds, which wraps every 49.7 days: the last moment before
// the export at which the uptime read `ms`. A clock that runs a little ahead of the header is believed.
std::int64_t uptime_to_us(std::uint32_t ms, const ExportClock& clock);

// Fills everything of `flow` but sampling and sensor. `flow` may be reused from record to record of one template.
void fill_flow(const Template& layout, const Values& values, const ExportClock& clock, Flow& flow);

// A record whose packet section was decoded takes its key from there. False where the section holds no IP packet that
// can be read.
bool fill_from_section(const Template& layout, const Values& values, Flow& flow);

// Whether the record names both ends: records without addresses are about something else than IP traffic.
bool has_addresses(const Template& layout);

// "One packet in N" as the record's own fields say; 0 where they say nothing.
std::uint32_t sampling_rate(const Template& layout, const Values& values);

}  // namespace rw::flow_export
