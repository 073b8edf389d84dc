// Which service a port number suggests: the weakest kind of evidence, used only where neither payload nor sensor told
// more.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rw {

// One line of our table. Names are those that the sensors use for what they see in payload ("dns", "ssl" aside), so
// that a suggestion and an observation of one service group together.
struct PortService {
  std::uint16_t first;  // port, or the first port of a run
  std::uint16_t last;
  bool tcp;
  bool udp;
  std::string_view name;
};
std::span<const PortService> port_services();

// The service that a flow's protocol and ports suggest; a view with null data() where they suggest none. It lives
// forever. Protocols without ports have the protocol's name ("icmp", "esp", "gre"), and ICMP's type and code in
// dst_port are not taken for a port. Between two known ports a system port (below 1024) wins, then dst, the
// responder's: the answer of a web server to the ephemeral port 51820 is https, not wireguard.
//   port_service(17, 50123, 389)  ->  "cldap"
std::string_view port_service(std::uint8_t proto, std::uint16_t src_port, std::uint16_t dst_port);

}  // namespace rw
