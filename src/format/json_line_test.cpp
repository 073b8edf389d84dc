// Flattening of JSON lines.
#include "format/json_line.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace rw {
namespace {

constexpr std::array<std::string_view, 6> kPaths{"a", "deep/er/x", "list[]", "rows[]/k", "rows[]/v/w", "dotted.key"};

TEST(JsonLineTest, ScalarsAsText) {
  JsonLine json(kPaths);
  ASSERT_TRUE(
      json.parse(R"({"a": "x\u00e9\n", "dotted.key": -1.5e3 , "other": [1, {"a": 2}], "deep": {"er": {"x": true}}})"));
  EXPECT_EQ(json.text(0), "x\xc3\xa9\n");
  EXPECT_EQ(json.text(5), "-1.5e3");
  EXPECT_EQ(json.text(1), "true");
  ASSERT_TRUE(json.parse(R"({"a":"","deep":{"er":7}})"));
  EXPECT_NE(json.text(0).data(), nullptr);
  EXPECT_EQ(json.text(0), "");
  EXPECT_EQ(json.text(1).data(), nullptr) << "values of the line before are gone";
  ASSERT_TRUE(json.parse(R"({"a":null})"));
  EXPECT_EQ(json.text(0).data(), nullptr);
}

TEST(JsonLineTest, ListsAndRowsAreAligned) {
  JsonLine json(kPaths);
  ASSERT_TRUE(json.parse(R"({"rows":[{"k":"1"},{"v":{"w":2}},{"k":3,"v":{"w":4}},5],"list":["a",null,[1],"b"]})"));
  ASSERT_EQ(json.list(2).size(), 4U);
  EXPECT_EQ(json.list(2)[0], "a");
  EXPECT_EQ(json.list(2)[1].data(), nullptr);
  EXPECT_EQ(json.list(2)[3], "b");
  ASSERT_EQ(json.list(3).size(), 3U);
  EXPECT_EQ(json.list(3)[0], "1");
  EXPECT_EQ(json.list(3)[1].data(), nullptr);
  EXPECT_EQ(json.list(3)[2], "3");
  ASSERT_EQ(json.list(4).size(), 3U);
  EXPECT_EQ(json.list(4)[1], "2");
  EXPECT_EQ(json.list(4)[2], "4");
  ASSERT_TRUE(json.parse(R"({"list":"one","rows":{"k":9}})"));
  ASSERT_EQ(json.list(2).size(), 1U) << "a single value stands for a list of one";
  EXPECT_EQ(json.list(3).size(), 1U);
  ASSERT_TRUE(json.parse("{}"));
  EXPECT_TRUE(json.list(2).empty());
  EXPECT_TRUE(json.list(3).empty());
}

TEST(JsonLineTest, WrongShapesAreAbsent) {
  JsonLine json(kPaths);
  ASSERT_TRUE(json.parse(R"({"a":{"b":1},"deep":[{"er":{"x":1}}],"list":{"x":1},"rows":7})"));
  EXPECT_EQ(json.text(0).data(), nullptr);
  EXPECT_EQ(json.text(1).data(), nullptr);
}

TEST(JsonLineTest, KeysThatMoveAreFound) {
  JsonLine json(kPaths);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(json.parse(R"({"a":1,"b":2,"dotted.key":3})"));
    EXPECT_EQ(json.text(5), "3");
    ASSERT_TRUE(json.parse(R"({"dotted.key":4,"c":5,"a":6})"));
    EXPECT_EQ(json.text(0), "6");
    EXPECT_EQ(json.text(5), "4");
    ASSERT_TRUE(json.parse(R"({"dotted.keys":4,"dotted.ke":5,"":6,"\u0061":7})"));
    EXPECT_EQ(json.text(5).data(), nullptr) << "longer and shorter keys are others";
    EXPECT_EQ(json.text(0).data(), nullptr) << "a key with an escape is not found";
  }
}

TEST(JsonLineTest, RefusesWhatIsNoObject) {
  JsonLine json(kPaths);
  for (const char* bad :
       {"", " ", "[", "[]", "1", "\"a\"", "null", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1}}", "{}{}", "{} x",
        "{\"a\":tru}x", "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}", "{a:1}", "{\"a\" 1}"}) {
    EXPECT_FALSE(json.parse(bad)) << bad;
    EXPECT_FALSE(json.error().empty()) << bad;
  }
  ASSERT_TRUE(json.parse("{\"a\":1} "));
  EXPECT_EQ(json.text(0), "1");
}

TEST(JsonLineTest, DepthAndLengthAreBounded) {
  JsonLine json(kPaths);
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_FALSE(json.parse(deep));
  std::string longest = "{\"list\":[";
  for (int i = 0; i < 50'000; ++i) longest += "1,";
  ASSERT_TRUE(json.parse(longest + "1],\"a\":2}"));
  EXPECT_EQ(json.list(2).size(), JsonLine::kMaxListItems);
  EXPECT_EQ(json.text(0), "2");
  const std::string key(5'000, 'k');
  ASSERT_TRUE(json.parse("{\"" + key + "\":1,\"a\":3}"));
  EXPECT_EQ(json.text(0), "3");
}

}  // namespace
}  // namespace rw
