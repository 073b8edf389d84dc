// Problems in files that people write must be told with their place and the nearest key.
#include "model/toml_file.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TomlFile parsed(std::string text) {
  auto file = TomlFile::parse(std::move(text), "test.toml");
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  return std::move(*file);
}

TEST(TomlFile, ReadsEveryTypeThatFilesUse) {
  TomlFile file = parsed(
      "id = \"case\"\nasns = [131279, 4]\nfrom = 2009-12-21\nat = 2019-01-01T09:00:00+09:00\nspan = \"5min\"\n"
      "share = 1\non = true\n[organisation]\nprefixes = [\"192.0.2.0/24\"]\n[[prefix]]\nprefix = \"2001:db8::/32\"\n");
  TomlTable root = file.root();
  EXPECT_EQ(root.required_text("id"), "case");
  EXPECT_EQ(root.integers("asns"), (std::vector<std::int64_t>{131279, 4}));
  EXPECT_EQ(root.time("from")->to_string(), "2009-12-21T00:00:00Z");
  EXPECT_EQ(root.time("at")->to_string(), "2019-01-01T00:00:00Z");
  EXPECT_EQ(root.duration("span"), Duration::seconds(300));
  EXPECT_EQ(root.real("share"), 1.0);
  EXPECT_EQ(root.boolean("on"), true);
  EXPECT_EQ(root.table("organisation")->prefixes("prefixes").at(0).to_string(), "192.0.2.0/24");
  EXPECT_EQ(root.tables("prefix").at(0).required_prefix("prefix").to_string(), "2001:db8::/32");
  EXPECT_EQ(root.text("absent"), std::nullopt);
  const auto finished = file.finish();
  EXPECT_TRUE(finished) << finished.error().message;
}

TEST(TomlFile, NamesTheNearestKeyAndItsPlace) {
  TomlFile file = parsed("id = \"x\"\n  time_zon = \"UTC\"\n");
  file.root().text("id");
  file.root().text("time_zone");
  const auto finished = file.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kUsage);
  EXPECT_EQ(finished.error().message,
            "test.toml:2:3: unknown key 'time_zon'; a similar key exists: 'time_zone'\n"
            "  2 |   time_zon = \"UTC\"\n"
            "    |   ^");
}

TEST(TomlFile, FindsUnknownKeysInNestedTables) {
  TomlFile file = parsed("[[prefix]]\nprefix = \"10.0.0.0/8\"\nlable = \"x\"\n[other]\na = 1\n");
  for (TomlTable item : file.root().tables("prefix")) {
    item.required_prefix("prefix");
    item.text("label");
  }
  const auto finished = file.finish();
  ASSERT_FALSE(finished);
  EXPECT_NE(finished.error().message.find("test.toml:3:1: unknown key 'lable'; a similar key exists: 'label'"),
            std::string::npos)
      << finished.error().message;
  EXPECT_NE(finished.error().message.find("test.toml:4:2: unknown key 'other'"), std::string::npos)
      << finished.error().message;
}

TEST(TomlFile, WrongTypesAndValuesAreProblems) {
  TomlFile file = parsed("id = 5\nprefix = \"10.0.0.1/8\"\nasns = 7\nfrom = \"yesterday\"\n");
  TomlTable root = file.root();
  root.text("id");
  root.prefix("prefix");
  root.integers("asns");
  root.time("from");
  root.required_text("name");
  const auto finished = file.finish();
  ASSERT_FALSE(finished);
  const std::string& message = finished.error().message;
  EXPECT_NE(message.find("test.toml:1:6: 'id' must be text in quotes, not a whole number"), std::string::npos)
      << message;
  EXPECT_NE(message.find("did you mean 10.0.0.0/8?"), std::string::npos) << message;
  EXPECT_NE(message.find("'asns' must be a list, such as [1, 2], not a whole number"), std::string::npos) << message;
  EXPECT_NE(message.find("'yesterday' is not a time"), std::string::npos) << message;
  EXPECT_NE(message.find("the key 'name' is missing"), std::string::npos) << message;
}

TEST(TomlFile, SyntaxErrorsHavePlaceAndCaret) {
  const auto file = TomlFile::parse("id = \"x\"\nname = \n", "test.toml");
  ASSERT_FALSE(file);
  EXPECT_TRUE(file.error().message.starts_with("test.toml:2:8: ")) << file.error().message;
  EXPECT_NE(file.error().message.find("\n  2 | name = \n    |        ^"), std::string::npos) << file.error().message;
}

TEST(TomlFile, MissingFileIsNotFound) {
  const auto file = TomlFile::read("/nonexistent/subject.toml");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace rw
