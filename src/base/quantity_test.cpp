// Amounts must survive the way people write them.
#include "base/quantity.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(Quantity, ReadsCounts) {
  EXPECT_EQ(parse_count("0"), 0);
  EXPECT_EQ(parse_count("1500"), 1500);
  EXPECT_EQ(parse_count("1.5M"), 1'500'000);
  EXPECT_EQ(parse_count("2k"), 2000);
  EXPECT_EQ(parse_count("2Ki"), 2048);
  EXPECT_EQ(parse_count("2GiB"), 2LL << 30);
  EXPECT_EQ(parse_count("9223372036854775807"), INT64_MAX);
  for (const char* wrong : {"", "x", "-1", "1x", "1..5", "1 M", "1e9", "9223372036854775808", "99999999P", "."})
    EXPECT_EQ(parse_count(wrong), std::nullopt) << wrong;
}

TEST(Quantity, ReadsDurations) {
  EXPECT_EQ(parse_duration("10"), Duration::seconds(10));
  EXPECT_EQ(parse_duration("500ms"), Duration::milliseconds(500));
  EXPECT_EQ(parse_duration("5min"), Duration::seconds(300));
  EXPECT_EQ(parse_duration("1.5h"), Duration::seconds(5400));
  EXPECT_EQ(parse_duration("1d"), kDay);
  for (const char* wrong : {"", "s", "5x", "99999999d", "-1s"}) EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
}

TEST(Quantity, WritesForPeople) {
  EXPECT_EQ(group_thousands(0), "0");
  EXPECT_EQ(group_thousands(1204), "1,204");
  EXPECT_EQ(group_thousands(-1234567), "-1,234,567");
  EXPECT_EQ(human_bytes(950), "950 B");
  EXPECT_EQ(human_bytes(1.2e9), "1.2 GB");
  EXPECT_EQ(human_bytes(999'960), "1.0 MB");
  EXPECT_EQ(human_rate(1.5e9), "1.5 Gbit/s");
  EXPECT_EQ(human_duration(180), "3 min");
  EXPECT_EQ(human_duration(0.25), "250 ms");
  EXPECT_EQ(human_duration(0), "0 s");
  EXPECT_EQ(human_duration(5 * 86'400.0), "5.0 d");
}

}  // namespace
}  // namespace rw
