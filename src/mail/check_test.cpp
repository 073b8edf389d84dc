// Whole messages: verdicts, signs, hostile input, the field that is written, and the row that is kept.
#include "mail/check.h"

#include <gtest/gtest.h>

#include "mail/attachments_testing.h"

namespace rw {
namespace {

using namespace std::string_literals;

constexpr std::string_view kZone = R"($ORIGIN .
$TTL 300
org. SOA ns.org. a.org. 1 1 1 1 1
none.org. TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.none.org. TXT "v=DMARC1; p=none; rua=mailto:r@none.org"
reject.org. TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.reject.org. TXT "v=DMARC1; p=reject"
quarantine.org. TXT "v=spf1 -all"
_dmarc.quarantine.org. TXT "v=DMARC1; p=quarantine"
bare.org. TXT "v=spf1 ip4:192.0.2.10 -all"
example.org. TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.example.org. TXT "v=DMARC1; p=reject"
;! fail _dmarc.broken.org
broken.org. TXT "v=spf1 -all"
evil.org. TXT "v=spf1 ip4:198.51.100.7 -all"
)";

class Checks : public ::testing::Test {
 protected:
  Checks() {
    const auto read = zone_.parse(kZone, "test.zone");
    EXPECT_TRUE(read) << read.error().message;
    zone_.answer_for_everything(true);
    KnownNames known;
    known.own = {"example.org"};
    known.free_mail = {"gmail.com"};
    known.people = {{"Jane Roe", {}}};
    names_ = Lookalikes(known);
    options_.names = &names_;
    options_.now = *Timestamp::parse("2024-05-10T00:00:00Z");
  }

  MessageCheck check(const std::string& message) { return check_message(zone_, message, options_); }
  static std::string mail(const std::string& from, const std::string& client = "198.51.100.7",
                          const std::string& path = "x@evil.org", const std::string& more = "",
                          const std::string& body = "Dear Jane,\r\n\r\nhello.\r\n") {
    return "Return-Path: <" + path + ">\r\nReceived: from mta.evil.org (mta.evil.org [" + client +
           "]) by mx.example.org with ESMTP; Thu, 2 May 2024 09:00:00 +0000\r\nFrom: " + from +
           "\r\nTo: Jane Roe <jane@example.org>\r\nSubject: A question\r\nMessage-ID: <1@evil.org>\r\nDate: Thu, 2 May "
           "2024 08:59:00 +0000\r\n" +
           more + "\r\n" + body;
  }
  std::string verdict(const std::string& from, const std::string& client = "198.51.100.7",
                      const std::string& path = "x@evil.org") {
    return std::string(to_string(check(mail(from, client, path)).verdict));
  }

  ZoneResolver zone_;
  Lookalikes names_;
  CheckOptions options_;
};

TEST_F(Checks, Verdicts) {
  EXPECT_EQ(verdict("a@none.org"), "fail-delivered");
  EXPECT_EQ(verdict("a@bare.org"), "fail-delivered");
  EXPECT_EQ(verdict("a@sub.none.org"), "fail-delivered");
  EXPECT_EQ(verdict("a@reject.org"), "fail-reject");
  EXPECT_EQ(verdict("a@quarantine.org"), "fail-quarantine");
  EXPECT_EQ(verdict("a@none.org", "192.0.2.10", "a@none.org"), "pass");
  EXPECT_EQ(verdict("a@bare.org", "192.0.2.10", "a@bare.org"), "pass-no-policy");
  EXPECT_EQ(verdict("a@broken.org"), "temperror");
  EXPECT_EQ(verdict("a@none.org>"), "ambiguous-author");
  EXPECT_EQ(verdict(""), "no-author");
  EXPECT_EQ(verdict("a@none.org, b@reject.org"), "ambiguous-author");
  EXPECT_EQ(verdict("a@none.org\r\nFrom: b@reject.org"), "ambiguous-author");
}

// A policy of none must not be reached by writing two authors, whichever comes first.
TEST_F(Checks, TwoFromFieldsNeverPass) {
  for (const std::string from :
       {"a@reject.org\r\nFrom: x@evil.org", "x@evil.org\r\nFrom: a@reject.org", "x@evil.org\r\nfrom : a@reject.org",
        "a@reject.org>", "<a@reject.org", "a@reject.org <x@evil.org> b@none.org"}) {
    const MessageCheck result = check(mail(from));
    EXPECT_NE(result.verdict, MailVerdict::kPass) << from;
    EXPECT_NE(result.verdict, MailVerdict::kPassNoPolicy) << from;
  }
}

TEST_F(Checks, TheOwnerIsToldWhatToPublish) {
  const MessageCheck none = check(mail("a@none.org"));
  EXPECT_NE(none.advice.find("_dmarc.none.org"), std::string::npos) << none.advice;
  EXPECT_NE(none.advice.find("v=DMARC1; p=quarantine; rua=mailto:r@none.org"), std::string::npos) << none.advice;
  EXPECT_NE(none.advice.find("p=none"), std::string::npos);
  const MessageCheck bare = check(mail("a@bare.org"));
  EXPECT_NE(bare.advice.find("publishes no DMARC policy"), std::string::npos) << bare.advice;
  EXPECT_NE(bare.advice.find("v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@bare.org"), std::string::npos)
      << bare.advice;
  EXPECT_EQ(check(mail("a@reject.org")).advice, "");
  EXPECT_EQ(check(mail("a@broken.org")).advice, "");  // nobody knows
}

TEST_F(Checks, TheClientIsThatOfTheTopmostTrustedHop) {
  const std::string message =
      "Return-Path: <a@none.org>\r\n"
      "Received: from relay.example.org (relay.example.org [203.0.113.1]) by mx; Thu, 2 May 2024 09:00:02 +0000\r\n"
      "Received: from mta.none.org (mta.none.org [192.0.2.10]) by relay.example.org; Thu, 2 May 2024 09:00:01 +0000\r\n"
      "Received: from forged (forged [192.0.2.99]) by nobody; Thu, 2 May 2024 09:00:00 +0000\r\n"
      "From: a@none.org\r\n\r\nhello\r\n";
  EXPECT_EQ(check(message).envelope.client->to_string(), "203.0.113.1");
  EXPECT_EQ(check(message).spf.result, SpfResult::kFail);
  options_.skip_hops = 1;
  EXPECT_EQ(check(message).verdict, MailVerdict::kPass);
  options_.skip_hops = 0;
  options_.trusted_hops = {*Prefix::parse("203.0.113.0/24")};
  EXPECT_EQ(check(message).envelope.helo, "mta.none.org");
  EXPECT_EQ(check(message).verdict, MailVerdict::kPass);
  EXPECT_EQ(check(message).time, *Timestamp::parse("2024-05-02T09:00:02Z"));
}

TEST_F(Checks, FormsOfReceived) {
  const auto client = [&](const std::string& body) {
    const Envelope envelope = envelope_from_fields(parse_message("Received: " + body + "\r\n\r\n"), options_);
    return (envelope.client ? envelope.client->to_string() : "-") + " " + envelope.helo;
  };
  EXPECT_EQ(client("from a.test (b.test [198.51.100.1]) by mx.test (Postfix) with ESMTP id 1"), "198.51.100.1 a.test");
  EXPECT_EQ(client("from [198.51.100.1] (helo=a.test) by mx.test with esmtp (Exim 4.96)"), "198.51.100.1 a.test");
  EXPECT_EQ(client("from b.test ([198.51.100.1] helo=a.test) by mx.test with esmtp"), "198.51.100.1 a.test");
  EXPECT_EQ(client("from unknown (HELO a.test) (198.51.100.1) by mx.test with SMTP"), "198.51.100.1 a.test");
  EXPECT_EQ(client("from a.test (b.test. [198.51.100.1]) by mx.google.com with ESMTPS id x"), "198.51.100.1 a.test");
  EXPECT_EQ(client("from a.test (198.51.100.1) by b.test (203.0.113.5) with Microsoft SMTP Server"),
            "198.51.100.1 a.test");
  EXPECT_EQ(client("from a.test (unknown [IPv6:2001:db8::1]) by mx.test"), "2001:db8::1 a.test");
  EXPECT_EQ(client("from a.test by mx.test ([203.0.113.5])"), "- ");
  EXPECT_EQ(client("by mx.test with SMTP id 1"), "- ");
  EXPECT_EQ(client("from localhost (localhost [127.0.0.1]) by mx.test"), "- ");
  EXPECT_EQ(client("from pc (pc [10.0.0.5]) by mx.test"), "- ");
  EXPECT_EQ(client(""), "- ");
}

TEST_F(Checks, WithoutAClientSpfIsNotAsked) {
  const MessageCheck result = check("From: a@none.org\r\n\r\nhello\r\n");
  EXPECT_TRUE(result.client_unknown);
  EXPECT_EQ(result.spf.result, SpfResult::kNone);
  EXPECT_TRUE(result.has_sign("client-unknown"));
}

TEST_F(Checks, TrustedResultsAreUsedOnlyWhenAsked) {
  const std::string message =
      "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@none.org;\r\n dkim=pass header.d=none.org "
      "header.s=s1\r\n"
      "Authentication-Results: mx.example.org; dkim=pass header.d=reject.org\r\nFrom: a@none.org\r\n\r\nhello\r\n";
  EXPECT_EQ(check(message).verdict, MailVerdict::kFailDelivered);
  options_.trusted_authserv = {"other.example.org"};
  EXPECT_EQ(check(message).verdict, MailVerdict::kFailDelivered);
  options_.trusted_authserv = {"MX.example.org"};
  const MessageCheck result = check(message);
  EXPECT_EQ(result.verdict, MailVerdict::kPass);
  EXPECT_EQ(result.trusted_results_from, "mx.example.org");
  EXPECT_EQ(result.dkim.size(), 1U);  // the second field came with the message
}

TEST_F(Checks, SignsOfDeceit) {
  const MessageCheck reply =
      check(mail("\"Jane Roe\" <jane@none.org>", "198.51.100.7", "x@evil.org", "Reply-To: jane.roe@gmail.com\r\n"));
  EXPECT_TRUE(reply.has_sign("fail-delivered"));
  EXPECT_TRUE(reply.has_sign("like-display-name"));
  EXPECT_TRUE(reply.has_sign("reply-to-differs"));
  EXPECT_TRUE(reply.has_sign("reply-to-free-mail"));
  EXPECT_EQ(reply.impersonation->like, "Jane Roe");
  const MessageCheck near = check(mail("a@examp1e.org"));
  EXPECT_TRUE(near.has_sign("like-confusable"));
  const MessageCheck lead = check(mail("a@none.org", "198.51.100.7", "x@evil.org", "Reply-To: a@exmaple.org\r\n"));
  EXPECT_TRUE(lead.has_sign("reply-to-lookalike"));
  EXPECT_FALSE(lead.has_sign("like-distance"));
  const MessageCheck plain = check(mail("a@none.org", "192.0.2.10", "a@none.org"));
  EXPECT_TRUE(plain.signs.empty()) << plain.signs.front();
}

TEST_F(Checks, LinksAndAttachments) {
  const std::string html =
      "<p>See <a href=\"http://evil.test/x\">www.example.org</a> and <a href=\"http://192.0.2.77/y\">this</a> and "
      "<a href=\"https://example.org@evil.test/\">that</a> and <a href=\"https://bit.ly/3x\">short</a></p>";
  const MessageCheck links =
      check(mail("a@none.org", "192.0.2.10", "a@none.org", "MIME-Version: 1.0\r\nContent-Type: text/html\r\n", html));
  EXPECT_EQ(links.links.misleading, 1U);
  for (const char* sign : {"link-text-differs", "link-ip-host", "link-userinfo", "link-shortener"})
    EXPECT_TRUE(links.has_sign(sign)) << sign;
  const std::string parts =
      "--b\r\nContent-Type: text/plain\r\n\r\nPlease read my paper on "
      "http://www.example.org/a.\r\n--b\r\nContent-Type: application/octet-stream; "
      "name=\"paper.docm\"\r\nContent-Disposition: attachment; filename=\"paper.docm\"\r\n\r\n" +
      testing_files::docm() + "\r\n--b--\r\n";
  const MessageCheck macros = check(mail("a@none.org", "192.0.2.10", "a@none.org",
                                         "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", parts));
  EXPECT_EQ(macros.attachments.macros, 1U);
  EXPECT_EQ(macros.links.targets, 1U);
  EXPECT_TRUE(macros.has_sign("macros"));
  EXPECT_TRUE(macros.has_sign("auto-macros"));
}

TEST_F(Checks, ListsAndMachinesAreTold) {
  const auto has = [&](const std::string& field, const char* sign) {
    return check(mail("a@none.org", "192.0.2.10", "a@none.org", field)).has_sign(sign);
  };
  EXPECT_TRUE(has("List-Id: <x.example.net>\r\n", "mailing-list"));
  EXPECT_TRUE(has("Precedence: bulk\r\n", "bulk"));
  EXPECT_TRUE(has("List-Unsubscribe: <mailto:u@x.test>\r\n", "bulk"));
  EXPECT_TRUE(has("Auto-Submitted: auto-replied\r\n", "automatic"));
  EXPECT_FALSE(has("Auto-Submitted: no\r\n", "automatic"));
  EXPECT_TRUE(check(mail("mailer-daemon@none.org", "192.0.2.10", "")).has_sign("bounce"));
}

TEST_F(Checks, HostileMessagesGetAVerdict) {
  std::string large = mail("a@none.org");
  large.insert(large.find("Subject:"), "X-Fill: " + std::string(std::size_t{10} << 20, 'x') + "\r\n");
  const MessageCheck cut = check(large);
  EXPECT_NE(cut.verdict, MailVerdict::kPass);

  std::string body;
  for (int i = 0; i < 10'000; ++i) body += "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n";
  const MessageCheck many =
      check(mail("a@none.org", "198.51.100.7", "x@evil.org",
                 "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", body + "--b--\r\n"));
  EXPECT_EQ(many.verdict, MailVerdict::kFailDelivered);
  EXPECT_FALSE(many.mime_defects.empty());
  EXPECT_TRUE(many.has_sign("mime-too-many-parts"));  // what nobody looked at is told

  const std::string whole =
      mail("\"Jane Roe\" <a@none.org>", "198.51.100.7", "x@evil.org", "Reply-To: b@gmail.com\r\n");
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const MessageCheck part = check(whole.substr(0, length));
    EXPECT_NE(part.verdict, MailVerdict::kPass);
    (void)authentication_results(part, "mx.example.org");
    (void)message_row(part, {});
  }
}

TEST_F(Checks, AuthenticationResultsHoldNothingForeign) {
  const std::string field = authentication_results(check(mail("a@none.org")), "mx.example.org");
  EXPECT_EQ(field,
            "mx.example.org;\r\n\tspf=pass smtp.mailfrom=x@evil.org;\r\n\tdkim=none;\r\n\tdmarc=fail (p=none dis=none) "
            "header.from=none.org");
  const std::string hostile = authentication_results(
      check(mail("a@none.org", "198.51.100.7", "\"x; dmarc=pass\r\n\tevil\"@evil.org")), "mx.example.org");
  EXPECT_EQ(hostile.find("dmarc=pass"), std::string::npos) << hostile;
  EXPECT_EQ(authentication_results(check(mail("a@none.org")), "mx; x=\"y").substr(0, 12), "\"mx; x=\\\"y\";");
  EXPECT_EQ(authserv_id_of(" (comment) MX.example.org 1; none"), "mx.example.org");
  EXPECT_EQ(authserv_id_of(""), "");
}

TEST_F(Checks, TheRowHoldsWhatSettingsAllow) {
  const MessageCheck result =
      check(mail("\"Jane Roe\" <jane@none.org>", "198.51.100.7", "x@evil.org", "Reply-To: j@gmail.com\r\n"));
  const MessageRow open = message_row(result, {.seed = 7, .sensor = "s"});
  EXPECT_EQ(open.row.from_address, "jane@none.org");
  EXPECT_EQ(open.row.subject, "A question");
  EXPECT_EQ(open.row.body.data(), nullptr);
  EXPECT_EQ(open.row.recipient.size(), 16U);
  EXPECT_EQ(open.row.recipient, hashed_value("JANE@example.org", 7));
  EXPECT_EQ(open.row.dmarc_policy, "none");
  EXPECT_EQ(open.row.envelope_domain, "evil.org");
  EXPECT_EQ(open.row.verdict, "fail-delivered");
  const MessageRow hashed =
      message_row(result, {.seed = 7, .hash_subjects = true, .hash_addresses = true, .store_body = true});
  EXPECT_EQ(hashed.row.from_address, hashed_value("jane@none.org", 7) + "@none.org");
  EXPECT_EQ(hashed.row.subject, hashed_value("A question", 7));
  EXPECT_EQ(hashed.row.from_domain, "none.org");
  EXPECT_NE(std::string(hashed.row.body).find("hello"), std::string::npos);
  EXPECT_NE(hashed_value("a", 7), hashed_value("a", 8));
}

}  // namespace
}  // namespace rw
