// Looking up labels against a walk over all ranges.
#include "lake/range_table.h"

#include <gtest/gtest.h>

#include <random>
#include <tuple>

namespace rw {
namespace {

LabelRange range(const char* first, const char* last, TimeRange valid = kAllTime) {
  return {*Ip::parse(first), *Ip::parse(last), valid, first};
}

TEST(RangeTable, NarrowestWinsAndTheEarlierOfEquals) {
  const LabelSet set{"test",
                     {range("10.0.0.0", "10.255.255.255"), range("10.1.0.0", "10.1.255.255"),
                      range("10.1.2.3", "10.1.2.3"), range("10.1.0.0", "10.1.255.255")}};
  const RangeTable table(set);
  EXPECT_EQ(table.find(*Ip::parse("9.255.255.255")), -1);
  EXPECT_EQ(table.find(*Ip::parse("10.0.0.0")), 0);
  EXPECT_EQ(table.find(*Ip::parse("10.1.0.0")), 1);
  EXPECT_EQ(table.find(*Ip::parse("10.1.2.2")), 1);
  EXPECT_EQ(table.find(*Ip::parse("10.1.2.3")), 2);
  EXPECT_EQ(table.find(*Ip::parse("10.1.2.4")), 1);
  EXPECT_EQ(table.find(*Ip::parse("10.2.0.0")), 0);
  EXPECT_EQ(table.find(*Ip::parse("11.0.0.0")), -1);
}

TEST(RangeTable, EndsOfTheAddressSpaces) {
  const LabelSet set{"test",
                     {range("0.0.0.0", "0.0.0.0"), range("255.255.255.255", "255.255.255.255"), range("::", "::"),
                      range("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                      range("2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"), range("9.0.0.2", "9.0.0.1")}};
  const RangeTable table(set);
  EXPECT_EQ(table.find(Ip::v4(0)), 0);
  EXPECT_EQ(table.find(Ip::v4(1)), -1);
  EXPECT_EQ(table.find(Ip::v4(0xFFFF'FFFF)), 1);
  EXPECT_EQ(table.find(Ip{}), 2);
  EXPECT_EQ(table.find(Ip{0, 1}), -1);
  EXPECT_EQ(table.find(Ip{UINT64_MAX, UINT64_MAX}), 3);
  EXPECT_EQ(table.find(*Ip::parse("2001:db8:0:1::")), 4);  // across the halves
  EXPECT_EQ(table.find(*Ip::parse("2001:db8:0:1::1")), -1);
  EXPECT_EQ(table.find(*Ip::parse("9.0.0.1")), -1);  // ends before it begins: holds nothing
}

TEST(RangeTable, NothingIsInAnEmptySet) {
  const RangeTable table(LabelSet{});
  EXPECT_EQ(table.find(Ip::v4(0x0A000001)), -1);
  EXPECT_EQ(table.find(Ip{1, 1}, Timestamp{0}), -1);
}

TEST(RangeTable, AsOfATimeAWiderRangeStandsInForOneThatIsNotValid) {
  const TimeRange early{Timestamp{0}, Timestamp{100}};
  const TimeRange late{Timestamp{100}, Timestamp{200}};
  const LabelSet set{"test",
                     {range("10.0.0.0", "10.255.255.255"), range("10.1.0.0", "10.1.255.255", early),
                      range("10.1.0.0", "10.1.255.255", late)}};
  const RangeTable table(set);
  const Ip ip = *Ip::parse("10.1.2.3");
  EXPECT_EQ(table.find(ip, Timestamp{99}), 1);
  EXPECT_EQ(table.find(ip, Timestamp{100}), 2);
  EXPECT_EQ(table.find(ip, Timestamp{200}), 0);
}

TEST(RangeTable, AgreesWithAWalkOverAllRanges) {
  std::mt19937_64 random(20190423);
  for (int round = 0; round < 20; ++round) {
    LabelSet set;
    const bool v4 = round % 2 == 0;
    const auto address = [&]() -> Ip {
      // Few distinct values, so that edges meet; now and then across /16s.
      const std::uint64_t n = random() % 64 * (random() % 2 == 0 ? 1 : 65'536 / 4);
      return v4 ? Ip::v4(static_cast<std::uint32_t>(0x0A00'0000 + n)) : Ip{0x2001'0DB8'0000'0000 + n % 3, n << 57 | n};
    };
    for (int i = 0; i < 40; ++i) {
      Ip first = address();
      Ip last = address();
      if (last < first) std::swap(first, last);
      const auto from = static_cast<std::int64_t>(random() % 10);
      set.ranges.push_back(
          {first, last, i % 3 == 0 ? TimeRange{Timestamp{from}, Timestamp{from + 5}} : kAllTime, std::string()});
    }
    const RangeTable table(set);
    for (int i = 0; i < 500; ++i) {
      const Ip ip = address();
      const Timestamp time{static_cast<std::int64_t>(random() % 16)};
      std::int32_t best = -1;
      std::tuple<std::uint64_t, std::uint64_t> narrowest;
      for (std::size_t r = 0; r < set.ranges.size(); ++r) {
        const LabelRange& candidate = set.ranges[r];
        if (ip < candidate.first || candidate.last < ip || !candidate.valid.contains(time)) continue;
        const std::tuple<std::uint64_t, std::uint64_t> width{
            candidate.last.hi - candidate.first.hi - (candidate.last.lo < candidate.first.lo ? 1 : 0),
            candidate.last.lo - candidate.first.lo};
        if (best >= 0 && narrowest <= width) continue;
        best = static_cast<std::int32_t>(r);
        narrowest = width;
      }
      ASSERT_EQ(table.find(ip, time), best) << "round " << round << ": " << ip.to_string() << " at " << time.us;
    }
  }
}

}  // namespace
}  // namespace rw
