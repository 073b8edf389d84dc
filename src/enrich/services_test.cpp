// Which service a flow's ports suggest.
#include "enrich/services.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace rw {
namespace {

TEST(PortServiceTest, TransportDecidesBetweenNamesOfOnePort) {
  EXPECT_EQ(port_service(6, 50000, 389), "ldap");
  EXPECT_EQ(port_service(17, 50000, 389), "cldap");
  EXPECT_EQ(port_service(6, 50000, 443), "https");
  EXPECT_EQ(port_service(17, 50000, 443), "quic");
  EXPECT_EQ(port_service(17, 50000, 80).data(), nullptr);
}

TEST(PortServiceTest, EitherEndMayBeTheServer) {
  EXPECT_EQ(port_service(6, 22, 61000), "ssh");
  EXPECT_EQ(port_service(17, 53, 53), "dns");
  EXPECT_EQ(port_service(6, 443, 6667), "https") << "a system port beats a registered one";
  EXPECT_EQ(port_service(17, 443, 51820), "quic");
  EXPECT_EQ(port_service(6, 8333, 6667), "irc") << "between two registered ports the responder's counts";
  EXPECT_EQ(port_service(6, 25, 80), "http");
}

TEST(PortServiceTest, RunsOfPorts) {
  EXPECT_EQ(port_service(6, 50000, 6660), "irc");
  EXPECT_EQ(port_service(6, 50000, 6669), "irc");
  EXPECT_EQ(port_service(6, 50000, 6670).data(), nullptr);
}

TEST(PortServiceTest, ProtocolsWithoutPorts) {
  EXPECT_EQ(port_service(1, 0, 53), "icmp") << "type 0 code 53 is no port";
  EXPECT_EQ(port_service(58, 0, 0), "icmp6");
  EXPECT_EQ(port_service(47, 0, 0), "gre");
  EXPECT_EQ(port_service(50, 0, 0), "esp");
  EXPECT_EQ(port_service(255, 0, 0).data(), nullptr);
}

TEST(PortServiceTest, NoPortHasTwoNames) {
  std::set<std::pair<bool, std::uint32_t>> seen;
  for (const PortService& service : port_services()) {
    EXPECT_LE(service.first, service.last) << service.name;
    EXPECT_TRUE(service.tcp || service.udp) << service.name;
    for (std::uint32_t port = service.first; port <= service.last; ++port) {
      EXPECT_TRUE(!service.tcp || seen.emplace(true, port).second) << "tcp " << port;
      EXPECT_TRUE(!service.udp || seen.emplace(false, port).second) << "udp " << port;
    }
  }
}

}  // namespace
}  // namespace rw
