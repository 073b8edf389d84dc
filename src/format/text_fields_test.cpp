// Numbers, times, addresses, names of applications and escaped texts of log fields.
#include "format/text_fields.h"

#include <gtest/gtest.h>

#include <optional>

namespace rw {
namespace {

std::optional<std::int64_t> seconds(std::string_view text) {
  std::int64_t us = 0;
  return read_seconds(text, us) ? std::optional(us) : std::nullopt;
}
std::optional<std::int64_t> time_of(std::string_view text) {
  std::int64_t us = 0;
  return read_time(text, us) ? std::optional(us) : std::nullopt;
}
std::string address(std::string_view text) {
  Ip ip;
  return read_address(text, ip) ? ip.to_string() : "none";
}

TEST(TextFieldsTest, Integers) {
  std::uint16_t port = 0;
  EXPECT_TRUE(read_integer("65535", port));
  EXPECT_EQ(port, 65535);
  for (const char* bad : {"65536", "-1", "", "1 ", " 1", "1.0", "0x1"}) EXPECT_FALSE(read_integer(bad, port)) << bad;
}

TEST(TextFieldsTest, Seconds) {
  EXPECT_EQ(seconds("1517336042.279652"), 1517336042279652);
  EXPECT_EQ(seconds("0.1"), 100'000);
  EXPECT_EQ(seconds("5"), 5'000'000);
  EXPECT_EQ(seconds("5."), 5'000'000);
  EXPECT_EQ(seconds("1.1234567899"), 1'123'456);
  EXPECT_EQ(seconds("9.5e-06"), 9);
  EXPECT_EQ(seconds("1.5e3"), 1'500'000'000);
  EXPECT_EQ(seconds("-2.5"), -2'500'000);
  EXPECT_EQ(seconds("8999999999999"), 8'999'999'999'999'000'000);
  for (const char* bad :
       {"", "-", ".", "x", "1x", "1.2.3", "inf", "nan", "1e300", "99999999999999", "9999999999999.5", "1e", "+1"})
    EXPECT_EQ(seconds(bad), std::nullopt) << bad;
}

TEST(TextFieldsTest, Times) {
  EXPECT_EQ(time_of("1517336042279"), 1517336042279000) << "milliseconds";
  EXPECT_EQ(time_of("1970-01-02T00:00:00Z"), 86'400'000'000);
  EXPECT_EQ(time_of("1970-01-02T00:00:00"), 86'400'000'000);
  EXPECT_EQ(time_of("1970-01-02 00:00:00"), 86'400'000'000);
  EXPECT_EQ(time_of("1970-01-02T02:00:00.5+0200"), 86'400'500'000);
  EXPECT_EQ(time_of("1970-01-01T22:00:00.123456789-02:00"), 86'400'123'456);
  EXPECT_EQ(time_of("2024-02-29T00:00:00Z"), 1'709'164'800'000'000);
  for (const char* bad :
       {"1970-13-02T00:00:00Z", "1970-01-32T00:00:00Z", "1970-00-02T00:00:00Z", "1970-01-02T24:00:00Z",
        "1970-01-02T00:60:00Z", "1970-01-02T00:00:00X", "1970-01-02T00:00:00+25", "1970-01-02T00:00:00+2500",
        "1970-01-0xT00:00:00Z", "19x0-01-02T00:00:00Z", "1970-", "1970-01-02T00:00:00+02:0"})
    EXPECT_NE(time_of(bad), 86'400'000'000) << bad;
}

TEST(TextFieldsTest, Addresses) {
  EXPECT_EQ(address("192.0.2.255"), "192.0.2.255");
  EXPECT_EQ(address("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(address("::ffff:192.0.2.1"), "192.0.2.1");
  for (const char* bad : {"", "192.0.2", "192.0.2.256", "192.0.2.1.", "192.0.2.1.1", "1920.0.2.1", "1.2.3.x", ":",
                          "fe80::1%eth0", "::1::", "0192.0.2.1", "example.org"})
    EXPECT_EQ(address(bad), "none") << bad;
}

TEST(TextFieldsTest, ApplicationNames) {
  std::string scratch;
  EXPECT_EQ(application_name("ssl", scratch), "tls");
  EXPECT_EQ(application_name("HTTP", scratch), "http");
  EXPECT_EQ(application_name("krb5", scratch), "kerberos");
  EXPECT_EQ(application_name("failed", scratch).data(), nullptr);
  EXPECT_EQ(application_name("caf\xc3\xa9", scratch), "caf\\195\\169");
  EXPECT_LE(application_name(std::string(5'000, 'A'), scratch).size(), 64U);
}

TEST(TextFieldsTest, Texts) {
  TextSlots slots;
  EXPECT_EQ(slots.escaped({}).data(), nullptr);
  const std::string plain = "plain text";
  EXPECT_EQ(slots.escaped(plain).data(), plain.data()) << "not copied";
  EXPECT_EQ(slots.escaped("a\\b\n"), "a\\\\b\\010");
  EXPECT_EQ(slots.escaped(std::string(10'000, 'x')).size(), TextSlots::kMaxText);
  std::uint16_t bytes = 0;
  EXPECT_EQ(slots.domain("WWW.Example.org.", bytes), "www.example.org");
  EXPECT_EQ(bytes, 17);
  EXPECT_EQ(slots.domain("", bytes), "");
  EXPECT_EQ(bytes, 1);
  EXPECT_EQ(slots.domain("a b.c\xff", bytes), "a\\032b.c\\255");
  EXPECT_EQ(bytes, 8);
  EXPECT_EQ(slots.domain("a..b", bytes), "a..b");
  EXPECT_LT(slots.domain(std::string(100'000, 'A'), bytes).size(), 70'000U);
}

}  // namespace
}  // namespace rw
