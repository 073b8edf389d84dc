// Messages and mailboxes that carry reports: attachments, failure reports, what is refused and what is said of it.
#include <gtest/gtest.h>

#include "format/log_testing.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::Row;

std::string base64(std::string_view bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kLetters[word >> (18 - 6 * k) & 63];
    if (i % 57 == 54) out += '\n';
  }
  return out;
}

std::string aggregate(const std::string& id, const std::string& source = "192.0.2.1") {
  return "<feedback><report_metadata><org_name>R</org_name><report_id>" + id +
         "</report_id><date_range><begin>1700006400</begin><end>1700092799</end></date_range></report_metadata>"
         "<policy_published><domain>example.org</domain><p>none</p></policy_published><record><row><source_ip>" +
         source +
         "</source_ip><count>1</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim>"
         "<spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.org</header_from></identifiers>"
         "</record></feedback>";
}

std::string message(const std::string& type, const std::string& name, std::string_view content) {
  return "Received: from a.example by b.example; Wed, 15 Nov 2023 10:00:00 +0000\n"
         "From: Reports <dmarc@receiver.example>\nTo: rua@example.org\nSubject: Report domain: example.org\n"
         "Date: Wed, 15 Nov 2023 10:00:00 +0000\nMessage-ID: <1@receiver.example>\nMIME-Version: 1.0\n"
         "Content-Type: multipart/mixed; boundary=\"b1\"\n\n--b1\nContent-Type: text/plain\n\nA report.\n--b1\n"
         "Content-Type: " +
         type + "; name=\"" + name + "\"\nContent-Disposition: attachment; filename=\"" + name +
         "\"\nContent-Transfer-Encoding: base64\n\n" + base64(content) + "\n--b1--\n";
}

const std::string kFailure =
    "From: dmarc-noreply@receiver.example\nTo: ruf@example.org\nSubject: Report\nMessage-ID: <f1@receiver.example>\n"
    "Date: Wed, 15 Nov 2023 10:00:00 +0000\nMIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=feedback-report; boundary=\"b2\"\n\n"
    "--b2\nContent-Type: text/plain\n\nThis is an email abuse report for an email message received from IP 192.0.2.7 "
    "on "
    "Wed, 15 Nov 2023 09:58:00 +0000.\n"
    "--b2\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\nVersion: 1\nUser-Agent: R/1.0\n"
    "Original-Mail-From: <x@evil.example>\nOriginal-Rcpt-To: somebody@receiver.example\n"
    "Arrival-Date: Wed, 15 Nov 2023 09:58:00 +0000\nReporting-MTA: dns; mx1.receiver.example\nSource-IP: 192.0.2.7\n"
    "Authentication-Results: mx1.receiver.example; spf=pass smtp.mailfrom=x@evil.example;\n"
    " dkim=none header.d=none; dmarc=fail (p=none; dis=none) header.from=example.org\n"
    "Delivery-Result: delivered\nAuth-Failure: dmarc\nReported-Domain: example.org\nIncidents: 2\n\n"
    "--b2\nContent-Type: message/rfc822\n\nFrom: Director <director@example.org>\nSubject: Opinion\n"
    "Message-ID: <m1@evil.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b3\"\n\n--b3\n"
    "Content-Type: text/xml; name=\"forged.xml\"\n\n" +
    aggregate("forged") + "\n--b3--\n--b2--\n";

Decoded decode(const std::string& text, testing::DecodeText how = {.name = "mail.eml"}) {
  const Format* format = detect_format(as_bytes(text), how.name);
  return decode_text(format == nullptr ? "mail-message" : format->name, text, how);
}

TEST(MailContainer, ReadsAnAttachedReport) {
  for (const char* type : {"text/xml", "application/octet-stream", "application/xml"}) {
    Decoded out = decode(message(type, "report.xml", aggregate("1")));
    ASSERT_TRUE(out.status) << type;
    ASSERT_EQ(out["mail_rows"].size(), 1U);
    EXPECT_EQ(out["mail_rows"][0].at("report_id"), "1");
  }
}

TEST(MailContainer, AnOrdinaryMessageIsToldAsSuch) {
  const Decoded out = decode(
      "From: a@example.org\nTo: b@example.org\nSubject: Lunch\nDate: Wed, 15 Nov 2023 10:00:00 "
      "+0000\nMessage-ID: <2@example.org>\n\nAt noon?\n");
  ASSERT_FALSE(out.status);
  EXPECT_EQ(out.status.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(out.status.error().message.find("mail check"), std::string::npos);
}

TEST(MailContainer, ReadsAFailureReportAndNotWhatItIsAbout) {
  Decoded out = decode(kFailure);
  ASSERT_TRUE(out.status);
  ASSERT_EQ(out["mail_rows"].size(), 1U);  // the attachment of the message that was reported is not the reporter's
  const Row expected = {{"time", "1700042280000000"},
                        {"end_time", "1700042280000000"},
                        {"kind", "failure"},
                        {"domain", "example.org"},
                        {"reporter", "mx1.receiver.example"},
                        {"reporter_address", "dmarc-noreply@receiver.example"},
                        {"report_id", "f1@receiver.example"},
                        {"source", "192.0.2.7"},
                        {"messages", "2"},
                        {"disposition", "delivered"},
                        {"dkim_aligned", "fail"},
                        {"spf_aligned", "fail"},
                        {"header_from", "example.org"},
                        {"envelope_from", "evil.example"},
                        {"envelope_to", "receiver.example"},
                        {"spf_domain", "evil.example"},
                        {"spf_scope", "mfrom"},
                        {"spf_result", "pass"},
                        {"dkim_result", "none"},
                        {"policy", "none"},
                        {"result", "dmarc"},
                        {"detail", "m1@evil.example"},
                        {"ingest", "0"}};
  EXPECT_EQ(out["mail_rows"][0], expected);
}

TEST(MailContainer, ReadsFailureReportsThatOnlyWordsTell) {
  Decoded lines = decode(
      "From: postmaster@receiver.example\nDate: Wed, 15 Nov 2023 10:00:00 +0000\nMessage-ID: <f2@receiver.example>\n"
      "Subject: DMARC failure\nContent-Type: text/plain\n\nA message claiming to be from you has failed the published "
      "DMARC policy for your domain.\n\n  Sender Domain: example.org\n  Sender IP Address: 192.0.2.8\n  Received Date: "
      "Wed, 15 Nov 2023 09:00:00 +0000\n  SPF Alignment: no\n  DKIM Alignment: no\n  DMARC Results: None, Accept\n\n"
      "------ This is a copy of the headers that were received before the error was detected.\n\n"
      "From: Director <director@example.org>\nMessage-ID: <m2@evil.example>\nSender IP Address: 203.0.113.9\n");
  ASSERT_TRUE(lines.status);
  ASSERT_EQ(lines["mail_rows"].size(), 1U);
  EXPECT_EQ(lines["mail_rows"][0].at("source"), "192.0.2.8");
  EXPECT_EQ(lines["mail_rows"][0].at("time"), "1700038800000000");
  EXPECT_EQ(lines["mail_rows"][0].at("spf_aligned"), "fail");
  EXPECT_EQ(lines["mail_rows"][0].at("disposition"), "none");
  EXPECT_EQ(lines["mail_rows"][0].at("detail"), "m2@evil.example");
  Decoded sentence = decode(
      "From: postmaster@receiver.example\nDate: Wed, 15 Nov 2023 10:00:00 +0000\nSubject: Failure\nMessage-ID: <f3@r>\n"
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nThis is a "
      "spf/dkim "
      "authentication-failure report for an email message received from IP 192.0.2.9 on Wed, 15 Nov 2023 09:30:00 "
      "+0000.\n--b\nContent-Type: message/rfc822\n\nFrom: x@example.org\nMessage-ID: <m3@x>\n\nHello\n--b--\n");
  ASSERT_EQ(sentence["mail_rows"].size(), 1U);
  EXPECT_EQ(sentence["mail_rows"][0].at("source"), "192.0.2.9");
  EXPECT_EQ(sentence["mail_rows"][0].at("domain"), "example.org");
}

TEST(MailContainer, ReadsAMailboxAndCountsWhatCarriesNothing) {
  const std::string from = "From reports@receiver.example Wed Nov 15 10:00:00 2023\n";
  const std::string text = from + message("text/xml", "1.xml", aggregate("1")) + "\n" + from +
                           "From: a@example.org\nSubject: Lunch\n\nAt noon?\n\n" + from + kFailure + "\n" + from +
                           message("text/xml", "2.xml", aggregate("2", "192.0.2.2")) + "\n";
  Decoded out = decode(text, {.name = "reports.mbox"});
  ASSERT_TRUE(out.status);
  EXPECT_EQ(out["mail_rows"].size(), 3U);
  EXPECT_EQ(out.counts.skipped.at("message-without-report"), 1U);
}

TEST(MailContainer, WhatIsWrongInsideIsToldWithItsName) {
  Decoded out = decode(message("text/xml", "cut.xml", aggregate("1").substr(0, 200)));
  EXPECT_TRUE(out["mail_rows"].empty());
  EXPECT_GE(out.weird("unfinished-xml"), 1U);
  bool named = false;
  for (const Row& row : out["weird"]) named = named || row.at("detail").starts_with("cut.xml");
  EXPECT_TRUE(named);
  Decoded bomb = decode(message("text/xml", "bomb.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]>" + aggregate("1")));
  ASSERT_FALSE(bomb.status);
  EXPECT_NE(bomb.status.error().message.find("bomb.xml"), std::string::npos);
  EXPECT_EQ(bomb.weird("attachment-broken"), 1U);
}

TEST(MailContainer, AMessageInsideAMessageIsOpened) {
  const std::string inner = message("text/xml", "1.xml", aggregate("1"));
  Decoded attached = decode(message("application/octet-stream", "forwarded.eml", inner));
  EXPECT_EQ(attached["mail_rows"].size(), 1U);
  Decoded forwarded = decode(
      "From: a@example.org\nSubject: Fwd\nMessage-ID: <9@example.org>\nDate: Wed, 15 Nov 2023 10:00:00 "
      "+0000\nMIME-Version: "
      "1.0\nContent-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: message/rfc822\n\n" +
      inner + "\n--q--\n");
  EXPECT_EQ(forwarded["mail_rows"].size(), 1U);
  std::string deep = inner;
  for (int i = 0; i < 6; ++i) deep = message("application/octet-stream", "again.eml", deep);
  EXPECT_TRUE(decode(deep)["mail_rows"].empty());
}

TEST(MailContainer, EveryTruncationEnds) {
  const std::string from = "From reports@receiver.example Wed Nov 15 10:00:00 2023\n";
  for (const std::string& text : {message("text/xml", "1.xml", aggregate("1")), kFailure,
                                  from + message("text/xml", "1.xml", aggregate("1")) + "\n" + from + kFailure}) {
    for (std::size_t size = 0; size <= text.size(); ++size) {
      Decoded out = decode(text.substr(0, size));
      ASSERT_LE(out["mail_rows"].size(), 2U);
    }
  }
}

// A mailbox that grew brings only what is new, also where its last message had been cut.
TEST(MailContainer, AGrownMailboxBringsWhatIsNew) {
  const std::string from = "From reports@receiver.example Wed Nov 15 10:00:00 2023\n";
  const std::string first = from + message("text/xml", "1.xml", aggregate("1")) + "\n";
  const std::string both = first + from + message("text/xml", "2.xml", aggregate("2")) + "\n";
  testing::DecodeText how{.name = "reports.mbox"};
  how.resume_offset = first.size();
  Decoded out = decode_text("mbox", both, how);
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  EXPECT_EQ(out["mail_rows"][0].at("report_id"), "2");
  EXPECT_EQ(out.counts.known, 1U);
  how.resume_offset = first.size() + 200;
  Decoded cut = decode_text("mbox", both, how);
  ASSERT_EQ(cut["mail_rows"].size(), 1U);
  EXPECT_EQ(cut["mail_rows"][0].at("report_id"), "2");
}

TEST(MailContainer, ReadsTheSamples) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "no sample data here (RW_SHARED_DATA)";
  Decoded failure = decode(testing::file_text(data + "/mail/failure/linkedin.eml"));
  ASSERT_TRUE(failure.status);
  ASSERT_EQ(failure["mail_rows"].size(), 1U);
  EXPECT_EQ(failure["mail_rows"][0].at("domain"), "example.com");
  EXPECT_EQ(failure["mail_rows"][0].at("source"), "10.10.10.10");
  EXPECT_EQ(failure["mail_rows"][0].at("disposition"), "delivered");
}

}  // namespace
}  // namespace rw
