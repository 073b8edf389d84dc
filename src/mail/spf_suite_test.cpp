// The public test suite of RFC 7208, every case of it: prints "SPF: n/n".
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <iostream>
#include <set>

#include "mail/mail_testing.h"
#include "mail/spf.h"

namespace rw {
namespace {

using mail_testing::add_address;
using mail_testing::add_name;
using mail_testing::add_txt;

void add_texts(ZoneResolver& zone, const std::string& name, const YAML::Node& value) {
  DnsRecord record;
  if (value.IsSequence()) {
    for (const YAML::Node& part : value) record.strings.push_back(part.as<std::string>());
  } else {
    record.strings.push_back(value.as<std::string>());
  }
  zone.add(name, DnsType::kTxt, record);
}

// One name of "zonedata". Where it has no TXT of its own its SPF entries are TXT records, as the suite's header says;
// TIMEOUT makes every other type fail.
void add_entries(ZoneResolver& zone, const std::string& name, const YAML::Node& entries) {
  bool own_text = false, fails = false;
  std::set<DnsType> types;
  for (const YAML::Node& entry : entries)
    if (entry.IsMap() && entry["TXT"]) own_text = true;
  for (const YAML::Node& entry : entries) {
    if (entry.IsScalar()) {
      fails |= entry.as<std::string>() == "TIMEOUT";
      continue;
    }
    const std::string type = entry.begin()->first.as<std::string>();
    const YAML::Node value = entry.begin()->second;
    if ((type == "SPF" && !own_text) || (type == "TXT" && !(value.IsScalar() && value.as<std::string>() == "NONE"))) {
      add_texts(zone, name, value);
      types.insert(DnsType::kTxt);
    } else if (type == "A" || type == "AAAA") {
      add_address(zone, name, value.as<std::string>());
      types.insert(type == "A" ? DnsType::kA : DnsType::kAaaa);
    } else if (type == "MX") {
      add_name(zone, name, DnsType::kMx, value[1].as<std::string>(), value[0].as<std::uint16_t>());
      types.insert(DnsType::kMx);
    } else if (type == "PTR") {
      add_name(zone, name, DnsType::kPtr, value.as<std::string>());
      types.insert(DnsType::kPtr);
    } else if (type == "CNAME") {
      add_name(zone, name, DnsType::kCname, value.as<std::string>());
    }
  }
  for (const DnsType type : {DnsType::kTxt, DnsType::kA, DnsType::kAaaa, DnsType::kMx, DnsType::kPtr})
    if (fails && !types.contains(type)) zone.fail(name, type);
}

// "" when the case holds, else what differs.
std::string run_case(ZoneResolver& zone, const YAML::Node& test) {
  SpfRequest request;
  request.client = Ip::parse(test["host"].as<std::string>()).value_or(Ip{});
  request.helo = test["helo"].as<std::string>();
  request.mail_from = test["mailfrom"].as<std::string>();
  request.receiver = "receiver.example.org";
  const SpfVerdict verdict = check_spf(zone, request);
  std::set<std::string> wanted;
  if (test["result"].IsSequence()) {
    for (const YAML::Node& result : test["result"]) wanted.insert(result.as<std::string>());
  } else {
    wanted.insert(test["result"].as<std::string>());
  }
  if (!wanted.contains(std::string(to_string(verdict.result))))
    return std::string(to_string(verdict.result)) + " in place of " + *wanted.begin() + " (" + verdict.problem + ")";
  if (!test["explanation"]) return {};
  std::string explanation = test["explanation"].as<std::string>();
  if (explanation == "DEFAULT") explanation.clear();  // the suite's word for: there is none
  return explanation == verdict.explanation ? "" : "explanation '" + verdict.explanation + "'";
}

TEST(SpfSuite, EveryCaseOfTheSuiteOfRfc7208) {
  const auto folder = mail_testing::shared_mail();
  if (folder.empty()) GTEST_SKIP() << "the suites are not there (RW_SHARED_DATA)";
  unsigned passed = 0, all = 0;
  for (const YAML::Node& scenario : YAML::LoadAllFromFile((folder / "suites/rfc7208-tests.yml").string())) {
    ZoneResolver zone;
    zone.answer_for_everything(true);
    for (const auto& name : scenario["zonedata"]) add_entries(zone, name.first.as<std::string>(), name.second);
    for (const auto& test : scenario["tests"]) {
      const std::string problem = run_case(zone, test.second);
      ++all;
      if (problem.empty()) ++passed;
      EXPECT_EQ(problem, "") << scenario["description"].as<std::string>() << ": " << test.first.as<std::string>();
    }
  }
  std::cout << "SPF: " << passed << "/" << all << "\n";
  EXPECT_EQ(all, 200u);
}

}  // namespace
}  // namespace rw
