// The tunnels over DNS of a dossier's period, for the sections that tell of them.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "detect/dns_tunnel.h"
#include "section/frame.h"

namespace rw {

// Those of the period, without data that is exchanged over DNS for good reason. Found once for a frame.
Result<std::shared_ptr<const std::vector<dns_tunnel::Tunnel>>> tunnels_of_period(const Frame& frame);

}  // namespace rw
