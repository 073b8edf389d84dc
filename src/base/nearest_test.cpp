// Tips must help with typing errors and stay silent otherwise.
#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace rw {
namespace {

constexpr std::array<std::string_view, 5> kFlags{"--format", "--from", "--to", "--lake", "--columns"};

TEST(Nearest, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("flows", "flows"), 0u);
  EXPECT_EQ(edit_distance("flws", "flows"), 1u);
  EXPECT_EQ(edit_distance("folws", "flows"), 1u);
  EXPECT_EQ(edit_distance("FLOWS", "flows"), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(Nearest, FindsTypingErrors) {
  EXPECT_EQ(nearest("--formt", kFlags), "--format");
  EXPECT_EQ(nearest("--colums", kFlags), "--columns");
  EXPECT_EQ(nearest("--form", kFlags), "--from");
}

TEST(Nearest, PrefersWhatBeginsAlike) {
  constexpr std::array<std::string_view, 2> kWords{"port", "proto"};
  EXPECT_EQ(nearest("prot", kWords), "proto");
}

TEST(Nearest, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest("--zzz", kFlags), "");
  EXPECT_EQ(nearest("--backend", kFlags), "");
  EXPECT_EQ(nearest("--t", kFlags), "");
  EXPECT_EQ(nearest(std::string(1000, 'a'), kFlags), "");
}

}  // namespace
}  // namespace rw
