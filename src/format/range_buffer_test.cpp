// Tests of joining pieces that come in any order.
#include "format/range_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace rw {
namespace {

using Added = RangeBuffer::Added;

Added add(RangeBuffer& buffer, std::size_t offset, std::string_view text, std::size_t limit = 1000) {
  return buffer.add(offset, as_bytes(text), limit);
}

TEST(RangeBuffer, JoinsInAnyOrder) {
  RangeBuffer buffer;
  EXPECT_EQ(add(buffer, 6, "ghi"), Added::kNew);
  EXPECT_EQ(buffer.prefix_size(), 0U);
  EXPECT_TRUE(buffer.has_holes());
  EXPECT_EQ(add(buffer, 0, "abc"), Added::kNew);
  EXPECT_EQ(as_text(buffer.prefix()), "abc");
  EXPECT_EQ(add(buffer, 3, "def"), Added::kNew);
  EXPECT_EQ(as_text(buffer.prefix()), "abcdefghi");
  EXPECT_FALSE(buffer.has_holes());
}

TEST(RangeBuffer, KeepsWhatCameFirst) {
  RangeBuffer buffer;
  add(buffer, 2, "CD");
  EXPECT_EQ(add(buffer, 0, "abcdef"), Added::kOverlap);
  EXPECT_EQ(as_text(buffer.prefix()), "abCDef");
  EXPECT_EQ(add(buffer, 1, "bC"), Added::kOld);
  EXPECT_EQ(add(buffer, 1, "xx"), Added::kOverlap);
  EXPECT_EQ(as_text(buffer.prefix()), "abCDef");
}

TEST(RangeBuffer, RefusesWhatLeadsTooFar) {
  RangeBuffer buffer;
  EXPECT_EQ(add(buffer, 990, "0123456789"), Added::kNew);
  EXPECT_EQ(add(buffer, 991, "0123456789"), Added::kRefused);
  for (std::size_t i = 0; i < RangeBuffer::kMaxRanges - 1; ++i) EXPECT_EQ(add(buffer, 2 * i, "x"), Added::kNew);
  EXPECT_EQ(add(buffer, 980, "x"), Added::kRefused);  // one hole too many
  EXPECT_EQ(add(buffer, 1, "x"), Added::kNew);        // but holes may close
  EXPECT_EQ(add(buffer, 980, "x"), Added::kNew);
}

TEST(RangeBuffer, CountsWhatTheCaptureCutAsArrived) {
  RangeBuffer buffer;
  EXPECT_EQ(buffer.add(0, as_bytes("ab"), 4, 1000), Added::kNew);
  add(buffer, 4, "ef");
  EXPECT_EQ(as_text(buffer.prefix()), std::string_view("ab\0\0ef", 6));
}

TEST(RangeBuffer, ForgetsItsFront) {
  RangeBuffer buffer;
  add(buffer, 0, "abcdef");
  add(buffer, 8, "ij");
  buffer.drop_front(4);
  EXPECT_EQ(as_text(buffer.prefix()), "ef");
  add(buffer, 2, "gh");
  EXPECT_EQ(as_text(buffer.prefix()), "efghij");
  buffer.drop_front(6);
  EXPECT_EQ(buffer.prefix_size(), 0U);
  EXPECT_EQ(add(buffer, 0, "kl"), Added::kNew);
  EXPECT_EQ(as_text(buffer.prefix()), "kl");
}

// Random pieces of a known text, overlapping as they like, give the text.
TEST(RangeBuffer, AgreesWithTheTextItWasCutFrom) {
  std::mt19937 random(1);
  std::string text;
  for (int i = 0; i < 500; ++i) text += static_cast<char>('a' + random() % 26);
  for (int round = 0; round < 200; ++round) {
    RangeBuffer buffer;
    std::string seen(text.size(), '.');
    for (int i = 0; i < 60; ++i) {
      const std::size_t from = random() % text.size();
      const std::size_t count = std::min<std::size_t>(1 + random() % 40, text.size() - from);
      ASSERT_NE(add(buffer, from, std::string_view(text).substr(from, count)), Added::kRefused);
      std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(from), count,
                  seen.begin() + static_cast<std::ptrdiff_t>(from));
      const std::size_t whole = std::min(seen.find('.'), seen.size());
      ASSERT_EQ(buffer.prefix_size(), whole);
      ASSERT_EQ(as_text(buffer.prefix()), text.substr(0, whole));
    }
  }
}

TEST(TcpStream, StartsAnywhereAndWrapsAround) {
  TcpStream stream(0xFFFFFFFE);
  EXPECT_EQ(stream.add(2, as_bytes("ef"), 100), Added::kNew);
  EXPECT_EQ(stream.add(0xFFFFFFFE, as_bytes("abcd"), 100), Added::kNew);
  EXPECT_EQ(as_text(stream.available()), "abcdef");
  stream.consume(3);
  EXPECT_EQ(as_text(stream.available()), "def");
  EXPECT_EQ(stream.add(0xFFFFFFFE, as_bytes("abc"), 100), Added::kOld);  // sent again
  EXPECT_EQ(stream.add(0, as_bytes("cdefgh"), 100), Added::kOverlap);    // sent again, with more
  EXPECT_EQ(as_text(stream.available()), "defgh");
  EXPECT_EQ(stream.add(1000, as_bytes("far"), 100), Added::kRefused);
}

}  // namespace
}  // namespace rw
