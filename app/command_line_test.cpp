// Parsing: what reaches a command, and typed values of flags.
#include <gtest/gtest.h>

#include "command.h"
#include "flags.h"
#include "help.h"

namespace rw {
namespace {

constexpr Flag kNumber{.name = "top", .value = "N", .doc = "a number"};
constexpr Flag kSize{.name = "memory", .value = "SIZE", .doc = "a size", .preset = "2G"};
constexpr Flag kTime{.name = "timeout", .value = "TIME", .doc = "a duration"};
constexpr Flag kList{.name = "by", .value = "COL,...", .doc = "columns", .repeatable = true};

TEST(Arguments, TypedValues) {
  Arguments args;
  EXPECT_EQ(*args.number(kNumber), 0u);
  args.set("top", "12");
  EXPECT_EQ(*args.number(kNumber), 12u);
  EXPECT_EQ(*args.size_bytes(kSize), 2'000'000'000u);  // the preset
  args.set("timeout", "5min");
  EXPECT_EQ(*args.duration(kTime), Duration::seconds(300));
  for (const char* wrong : {"", "x", "-1", "1.5", "12x", "99999999999999999999"}) {
    Arguments bad;
    bad.set("top", wrong);
    const auto number = bad.number(kNumber);
    ASSERT_FALSE(number) << wrong;
    EXPECT_EQ(number.error().code, ErrorCode::kUsage);
    EXPECT_NE(number.error().message.find("--top"), std::string::npos);
  }
}

TEST(Arguments, ListsAreSplitAtCommas) {
  Arguments args;
  args.set("by", "src,dst");
  args.set("by", ",proto,");
  EXPECT_EQ(args.list(kList), (std::vector<std::string>{"src", "dst", "proto"}));
  EXPECT_TRUE(Arguments{}.list(kList).empty());
}

TEST(Arguments, TimeRanges) {
  Arguments args;
  EXPECT_EQ(*flags::time_range(args), kAllTime);
  args.set("from", "2019-04-01");
  args.set("to", "2019-05-01");
  EXPECT_EQ(flags::time_range(args)->from.to_string(), "2019-04-01T00:00:00Z");
  Arguments backwards;
  backwards.set("from", "2019-05-01");
  backwards.set("to", "2019-05-01");
  EXPECT_FALSE(flags::time_range(backwards));
}

TEST(Help, WrapsAtTheWidth) {
  EXPECT_EQ(wrap("one two three", 0, 2, 8), "one two\n  three");
  EXPECT_EQ(wrap("longer-than-the-width x", 0, 0, 8), "longer-than-the-width\nx");
  EXPECT_EQ(wrap("a  b", 0, 0, 8), "a b");
  EXPECT_EQ(wrap("", 0, 0, 8), "");
}

}  // namespace
}  // namespace rw
