// SMTP TLS reports: sessions that went well, kinds of failure, and what reporters get wrong.
#include <gtest/gtest.h>

#include "format/log_testing.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::Row;

const std::string kReport = R"({
  "organization-name": "Sender Inc", "date-range": {"start-datetime": "2024-09-03T00:00:00Z",
  "end-datetime": "2024-09-03T23:59:59Z"}, "contact-info": "tls@sender.example", "report-id": "t-1",
  "policies": [{"policy": {"policy-type": "sts", "policy-domain": "Example.ORG"},
    "summary": {"total-successful-session-count": 40, "total-failure-session-count": 9},
    "failure-details": [{"result-type": "certificate-expired", "sending-mta-ip": "192.0.2.1",
      "receiving-ip": "2001:db8::25", "receiving-mx-hostname": "MX1.example.org", "failed-session-count": 5,
      "failure-reason-code": "expired", "additional-information": "https://sender.example/1"}]}]})";

Decoded decode(const std::string& text, const std::string& name = "tls.json") {
  return decode_text("smtp-tls", text, {.name = name});
}

TEST(SmtpTls, ReadsSuccessesFailuresAndWhatIsNotExplained) {
  Decoded out = decode(kReport);
  ASSERT_TRUE(out.status);
  ASSERT_EQ(out["mail_rows"].size(), 3U);
  EXPECT_TRUE(out.counts.weird.empty());
  const Row expected = {{"time", "1725321600000000"},
                        {"end_time", "1725407999000000"},
                        {"kind", "tls"},
                        {"domain", "example.org"},
                        {"reporter", "Sender Inc"},
                        {"reporter_address", "tls@sender.example"},
                        {"report_id", "t-1"},
                        {"messages", "40"},
                        {"policy", "sts"},
                        {"result", "success"},
                        {"ingest", "0"}};
  EXPECT_EQ(out["mail_rows"][0], expected);
  const Row& failure = out["mail_rows"][1];
  EXPECT_EQ(failure.at("source"), "192.0.2.1");
  EXPECT_EQ(failure.at("receiver"), "mx1.example.org");
  EXPECT_EQ(failure.at("receiver_address"), "2001:db8::25");
  EXPECT_EQ(failure.at("messages"), "5");
  EXPECT_EQ(failure.at("result"), "certificate-expired");
  EXPECT_EQ(failure.at("detail"), "expired https://sender.example/1");
  EXPECT_EQ(out["mail_rows"][2].at("result"), "failure");
  EXPECT_EQ(out["mail_rows"][2].at("messages"), "4");
}

TEST(SmtpTls, TakesCountsAsTextAndOneDetailWithoutItsList) {
  std::string text = kReport;
  text.replace(text.find("\"failed-session-count\": 5"), 25, "\"failed-session-count\": \"9\"");
  text.replace(text.find("[{\"result-type\""), 1, "");
  text.replace(text.rfind("}]}]}"), 5, "}}]}");
  Decoded out = decode(text);
  ASSERT_EQ(out["mail_rows"].size(), 2U);
  EXPECT_EQ(out["mail_rows"][1].at("messages"), "9");
}

TEST(SmtpTls, UnknownFailuresAndBadAddressesAreTold) {
  std::string text = kReport;
  text.replace(text.find("certificate-expired"), 19, "gremlins");
  text.replace(text.find("192.0.2.1"), 9, "localhost");
  Decoded out = decode(text);
  EXPECT_EQ(out["mail_rows"][1].at("result"), "failure");
  EXPECT_FALSE(out["mail_rows"][1].contains("source"));
  EXPECT_EQ(out.weird("unknown-tls-result"), 1U);
  EXPECT_EQ(out.weird("bad-address"), 1U);
}

TEST(SmtpTls, WhatTheFileNameSaysFillsGaps) {
  const Decoded out = decode(
      R"({"organization-name":"S","report-id":"1","policies":[{"policy":{"policy-type":"sts"},
      "summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]})",
      "s.example!example.org!1725321600!1725407999!001.json");
  ASSERT_EQ(out.tables.at("mail_rows").size(), 1U);
  EXPECT_EQ(out.tables.at("mail_rows")[0].at("domain"), "example.org");
  EXPECT_EQ(out.tables.at("mail_rows")[0].at("time"), "1725321600000000");
}

TEST(SmtpTls, EveryTruncationSaysSo) {
  for (std::size_t size = 0; size < kReport.size(); ++size) {
    Decoded out = decode(kReport.substr(0, size));
    ASSERT_FALSE(out.status) << size;
    ASSERT_TRUE(out["mail_rows"].empty());
  }
}

TEST(SmtpTls, OtherJsonIsNoReport) {
  EXPECT_FALSE(decode("[1,2]").status);
  EXPECT_FALSE(decode("{\"a\":1}").status);
  const Format* format = detect_format(as_bytes(kReport), "x");
  ASSERT_NE(format, nullptr);
  EXPECT_EQ(format->name, "smtp-tls");
}

TEST(SmtpTls, ReadsTheSamples) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "no sample data here (RW_SHARED_DATA)";
  Decoded out = decode(testing::file_text(data + "/mail/smtp-tls/rfc8460.json"));
  EXPECT_TRUE(out.status);
  ASSERT_EQ(out["mail_rows"].size(), 4U);
  EXPECT_EQ(out["mail_rows"][0].at("messages"), "5326");
  EXPECT_EQ(out["mail_rows"][2].at("receiver_address"), "203.0.113.56");
}

}  // namespace
}  // namespace rw
