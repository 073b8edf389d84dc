// The sFlow version 5 decoder (sflow.org, "sFlow Version 5", 2004).
#pragma once

#include "format/netflow.h"

namespace rw::flow_export {

// Whether the payload has the shape of an sFlow datagram from end to end.
bool sflow_shape(Bytes payload);
// As decode_netflow9.
bool decode_sflow(const Datagram& datagram);

}  // namespace rw::flow_export
