// ARC chains: the public validation suite, and what it leaves out.
#include "mail/arc.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "mail/dkim_testing.h"

namespace rw {
namespace {

std::string shared_data() {
  if (const char* given = std::getenv("RW_SHARED_DATA")) return given;
  return std::string(RW_SOURCE_DIR) + "/../shared/data";
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The suite leaves cv empty where the newest seal says cv=fail itself: "no seal is to be added". RFC 8617 5.2 step 2
// calls such a chain failed.
std::string expected_of(const std::string& cv) { return cv.empty() ? "fail" : lower(cv); }

TEST(Arc, PublicValidationSuite) {
  const std::string path = shared_data() + "/mail/suites/arc-validation-tests.yml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path << " (set RW_SHARED_DATA)";
  std::map<std::string, bool> results;  // by name; four names stand in the file twice, and both texts must do
  for (const YAML::Node& scenario : YAML::LoadAllFromFile(path)) {
    if (!scenario.IsMap() || !scenario["tests"]) continue;
    ZoneResolver resolver;
    resolver.answer_for_everything(true);
    for (const auto& record : scenario["txt-records"]) {
      DnsRecord txt;
      txt.text = record.second.as<std::string>();
      txt.strings = {txt.text};
      resolver.add(record.first.as<std::string>(), DnsType::kTxt, txt);
    }
    for (const auto& test : scenario["tests"]) {
      const auto text = test.second["message"].as<std::string>();
      const std::string expected = expected_of(test.second["cv"].as<std::string>(""));
      const auto name = test.first.as<std::string>();
      bool& ok = results.try_emplace(name, true).first->second;
      for (const std::string& bytes : {text, testing::with_crlf(text)}) {
        const Message message = parse_message(bytes);
        const ArcVerdict verdict = verify_arc(resolver, message, Timestamp::from_seconds(20'000));
        EXPECT_EQ(to_string(verdict.result), expected) << name << ": " << verdict.problem;
        EXPECT_EQ(verdict.result == ArcResult::kFail, !verdict.problem.empty());
        ok = ok && to_string(verdict.result) == expected;
      }
    }
  }
  const auto passed = std::count_if(results.begin(), results.end(), [](const auto& one) { return one.second; });
  std::printf("ARC: %zu/%zu\n", static_cast<std::size_t>(passed), results.size());
  EXPECT_EQ(results.size(), 171U);
}

}  // namespace
}  // namespace rw
