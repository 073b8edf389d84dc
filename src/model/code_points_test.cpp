// Names and numbers must find each other.
#include "model/code_points.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(CodePoints, ProtocolsByNameAndNumber) {
  EXPECT_EQ(protocol_name(6), "tcp");
  EXPECT_EQ(protocol_name(58), "icmp6");
  EXPECT_EQ(protocol_name(253), "253");
  EXPECT_EQ(protocol_number("UDP"), 17);
  EXPECT_EQ(protocol_number("ipv6-icmp"), 58);
  EXPECT_EQ(protocol_number("253"), 253);
  for (const char* wrong : {"", "tcpp", "256", "-1", "6 "}) EXPECT_EQ(protocol_number(wrong), std::nullopt) << wrong;
}

TEST(CodePoints, DnsTypesAndCodes) {
  EXPECT_EQ(dns_type_name(28), "AAAA");
  EXPECT_EQ(dns_type_name(65280), "TYPE65280");
  EXPECT_EQ(dns_type_number("aaaa"), 28);
  EXPECT_EQ(dns_type_number("type65280"), 65280);
  EXPECT_EQ(dns_type_number("TYPE"), std::nullopt);
  EXPECT_EQ(dns_rcode_name(3), "NXDOMAIN");
  EXPECT_EQ(dns_rcode_name(42), "RCODE42");
  EXPECT_EQ(dns_rcode_number("nxdomain"), 3);
}

TEST(CodePoints, EveryNumberSurvivesItsName) {
  for (unsigned n = 0; n < 256; ++n) EXPECT_EQ(protocol_number(protocol_name(static_cast<std::uint8_t>(n))), n);
  for (unsigned n = 0; n < 65536; ++n) {
    EXPECT_EQ(dns_type_number(dns_type_name(static_cast<std::uint16_t>(n))), n);
    EXPECT_EQ(dns_rcode_number(dns_rcode_name(static_cast<std::uint16_t>(n))), n);
  }
  for (unsigned n = 1; n < 256; ++n) EXPECT_EQ(tcp_flags_number(tcp_flags_text(static_cast<std::uint8_t>(n))), n);
}

TEST(CodePoints, TcpFlags) {
  EXPECT_EQ(tcp_flags_text(0x12), "AS");
  EXPECT_EQ(tcp_flags_text(0), "");
  EXPECT_EQ(tcp_flags_number("sa"), 0x12);
  EXPECT_EQ(tcp_flags_number("SX"), std::nullopt);
}

}  // namespace
}  // namespace rw
