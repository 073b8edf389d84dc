// Text forms of addresses and prefixes, and what they contain.
#include "base/ip.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(Ip, SurvivesItsText) {
  for (const char* text : {"0.0.0.0", "9.10.99.100", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "fe80::1:2:3:4", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:0:1::"}) {
    const auto ip = Ip::parse(text);
    ASSERT_TRUE(ip) << text;
    EXPECT_EQ(ip->to_string(), text);
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text = std::to_string(byte) + ".1." + std::to_string(255 - byte) + ".0";
    EXPECT_EQ(Ip::parse(text)->to_string(), text);
  }
}

TEST(Ip, MappedAddressesAreIpv4) {
  EXPECT_TRUE(Ip::parse("::ffff:192.0.2.1")->is_v4());
  EXPECT_EQ(Ip::parse("::ffff:192.0.2.1")->to_string(), "192.0.2.1");
  EXPECT_FALSE(Ip::parse("::192.0.2.1")->is_v4());
}

TEST(Ip, RefusesOtherText) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.256", "1.2.3.4.5", "g::", ":::", "1.2.3.4/24", " 1.2.3.4", "01.2.3.4", "localhost"})
    EXPECT_FALSE(Ip::parse(text)) << text;
  EXPECT_FALSE(Ip::parse(std::string(1000, '1')));
  EXPECT_FALSE(Ip::parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST(Ip, KnowsMulticast) {
  EXPECT_TRUE(Ip::parse("224.0.0.251")->is_multicast());
  EXPECT_TRUE(Ip::parse("239.255.255.255")->is_multicast());
  EXPECT_TRUE(Ip::parse("ff02::fb")->is_multicast());
  EXPECT_FALSE(Ip::parse("223.255.255.255")->is_multicast());
  EXPECT_FALSE(Ip::parse("240.0.0.1")->is_multicast());
}

TEST(Prefix, ParsesAndPrints) {
  for (const char* text :
       {"175.45.176.0/22", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::/0", "2001:db8::1/128"}) {
    const auto prefix = Prefix::parse(text);
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(prefix->to_string(), text);
  }
  EXPECT_EQ(Prefix::parse("192.0.2.1")->to_string(), "192.0.2.1/32");
  for (const char* text : {"192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/x", "192.0.2.0/-1", "/8"})
    EXPECT_FALSE(Prefix::parse(text)) << text;
  EXPECT_NE(Prefix::parse("10.0.0.1/8").error().message.find("10.0.0.0/8"), std::string::npos);
}

TEST(Prefix, ContainsExactlyItsAddresses) {
  const Prefix v4 = *Prefix::parse("175.45.176.0/22");
  EXPECT_EQ(v4.first().to_string(), "175.45.176.0");
  EXPECT_EQ(v4.last().to_string(), "175.45.179.255");
  EXPECT_TRUE(v4.contains(v4.first()));
  EXPECT_TRUE(v4.contains(v4.last()));
  EXPECT_FALSE(v4.contains(*Ip::parse("175.45.175.255")));
  EXPECT_FALSE(v4.contains(*Ip::parse("175.45.180.0")));
  EXPECT_FALSE(v4.contains(*Ip::parse("2001:db8::1")));
  const Prefix v6 = *Prefix::parse("2001:db8:0:8000::/49");
  EXPECT_EQ(v6.last().to_string(), "2001:db8:0:ffff:ffff:ffff:ffff:ffff");
  EXPECT_TRUE(v6.contains(*Ip::parse("2001:db8:0:8000::1")));
  EXPECT_FALSE(v6.contains(*Ip::parse("2001:db8:0:7fff::1")));
  EXPECT_TRUE(Prefix::parse("10.0.0.0/8")->overlaps(*Prefix::parse("10.1.0.0/16")));
  EXPECT_TRUE(Prefix::parse("10.1.0.0/16")->overlaps(*Prefix::parse("10.0.0.0/8")));
  EXPECT_FALSE(Prefix::parse("10.0.0.0/16")->overlaps(*Prefix::parse("10.1.0.0/16")));
}

}  // namespace
}  // namespace rw
