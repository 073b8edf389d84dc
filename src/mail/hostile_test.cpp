// Spoofing that has worked somewhere: signed messages with a second author, disguised domains, bodies that go on,
// results that are forged. Each must end as something else than a pass for the domain that is impersonated.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "mail/arc.h"
#include "mail/check.h"
#include "mail/check_fields.h"
#include "mail/dkim.h"
#include "mail/dkim_testing.h"
#include "mail/dmarc.h"
#include "mail/mail_testing.h"
#include "mail/spf.h"
#include "message/address.h"

namespace rw {
namespace {

using mail_testing::add_txt;
using testing::sign_message;
using testing::SigningKey;
using testing::SignSpec;
using namespace std::string_literals;

constexpr Timestamp kNow = Timestamp::from_seconds(1'700'000'000);

const SigningKey& key() {
  static const SigningKey one = SigningKey::ed25519();
  return one;
}

// good.example and evil.example both sign, and both ask to reject what fails.
class Hostile : public ::testing::Test {
 protected:
  Hostile() {
    zone.answer_for_everything(true);
    for (const std::string& domain :
         std::vector<std::string>{"good.example", "evil.example", "xn--bcher-kva.example"}) {
      add_txt(zone, "s1._domainkey." + domain, key().record());
      add_txt(zone, "_dmarc." + domain, "v=DMARC1; p=reject");
      add_txt(zone, domain, "v=spf1 ip4:192.0.2.1 -all");
    }
  }
  static std::string signed_by(const std::string& domain, const std::string& header, SignSpec spec = {}) {
    spec.domain = domain;
    return sign_message(header + "Subject: s\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\nHello.\r\n", key(), spec);
  }
  DmarcVerdict judge(const std::string& bytes, const SpfVerdict& spf = {},
                     DmarcStandard standard = DmarcStandard::kRfc9989) {
    const Message message = parse_message(bytes);
    author = parse_author(message);
    dkim = verify_dkim(zone, message, kNow);
    return evaluate_dmarc(zone, {author.domain, spf, dkim}, standard);
  }
  // Under both standards.
  void expect(const std::string& bytes, DmarcResult result, const SpfVerdict& spf = {}) {
    for (const DmarcStandard standard : {DmarcStandard::kRfc7489, DmarcStandard::kRfc9989})
      EXPECT_EQ(to_string(judge(bytes, spf, standard).result), to_string(result)) << to_string(standard) << "\n"
                                                                                  << bytes;
  }
  SpfVerdict spf_of(std::string mail_from, std::string helo = "mx.evil.example") {
    return check_spf(zone, {.client = *Ip::parse("192.0.2.1"),
                            .helo = std::move(helo),
                            .mail_from = std::move(mail_from),
                            .receiver = "mx.example.net",
                            .now = kNow});
  }
  ZoneResolver zone;
  Author author;
  std::vector<DkimVerdict> dkim;
};

TEST_F(Hostile, HonestMailPasses) {
  expect(signed_by("good.example", "From: Ann <ann@good.example>\r\n"), DmarcResult::kPass);
  expect("From: ann@good.example\r\n\r\n", DmarcResult::kPass, spf_of("ann@good.example"));
}

// The signature covers the undermost From, readers show the topmost.
TEST_F(Hostile, ASecondFromOnTopOfASignedMessage) {
  const std::string good = signed_by("good.example", "From: ann@good.example\r\n");
  expect("From: ceo@bank.example\r\n" + good, DmarcResult::kPermerror);
  expect("From: ceo@good.example\r\n" + good, DmarcResult::kPermerror);
  expect("From: ann@good.example\r\n" + good, DmarcResult::kPermerror);
  EXPECT_EQ(dkim.at(0).result, DkimResult::kPass);  // the signature itself holds: it must not be all that is asked
  expect("from : ceo@good.example\r\n" + good, DmarcResult::kPermerror);
  expect("X: y\rFrom: ceo@good.example\r\n" + good, DmarcResult::kPermerror);
}

TEST_F(Hostile, AnOversignedFromCannotBeAddedTo) {
  SignSpec spec;
  spec.names = {"From", "From", "Subject", "Date"};
  const std::string good = signed_by("good.example", "From: ann@good.example\r\n", spec);
  expect("From: ceo@good.example\r\n" + good, DmarcResult::kPermerror);
  EXPECT_EQ(dkim.at(0).result, DkimResult::kFail);
}

TEST_F(Hostile, AuthorsThatReadersTakeDifferently) {
  for (const std::string& from : std::vector<std::string>{
           "ceo@good.example, x@evil.example", "<ceo@good.example> <x@evil.example>",
           "ceo@good.example <x@evil.example>", "\"ceo@good.example\"@evil.example", "<@good.example:x@evil.example>",
           "x@evil.example(.good.example)>", "=?utf-8?q?=3Cceo=40good.example=3E?= <x@evil.example>",
           "=?utf-8?q?ceo=40good.example=00?=@evil.example", "ceo@good.example .evil.example", "x@evil.example>",
           "ceo@good.example;x@evil.example", "ceo@good.example\\@evil.example"})
    expect(signed_by("evil.example", "From: " + from + "\r\n"), DmarcResult::kPermerror);
  expect(signed_by("evil.example", "From: ceo@good.example\0@evil.example\r\n"s), DmarcResult::kPermerror);
}

// Hints that name another address do not change whose message it is: evil.example passes for itself alone.
TEST_F(Hostile, ANameThatShowsAnotherAddressIsNoAuthor) {
  expect(signed_by("evil.example", "From: \"ceo@good.example\" <x@evil.example>\r\n"), DmarcResult::kPass);
  EXPECT_EQ(author.domain, "evil.example");
  EXPECT_NE(std::find(author.defects.begin(), author.defects.end(), AddressDefect::kAddressInName),
            author.defects.end());
}

TEST_F(Hostile, SignaturesOfOthersDoNotAlign) {
  expect(signed_by("evil.example", "From: ceo@good.example\r\n"), DmarcResult::kFail);
  expect("From: ceo@good.example\r\n\r\n", DmarcResult::kFail, spf_of("x@evil.example"));
  // Ends of names that are not ends of labels, and names above.
  for (const std::string& domain : std::vector<std::string>{"notgood.example", "example", "ood.example"}) {
    add_txt(zone, "s1._domainkey." + domain, key().record());
    expect(signed_by(domain, "From: ceo@good.example\r\n"), DmarcResult::kFail);
  }
}

// Strict alignment took subdomains in OpenDMARC 1.4.2 and in mailauth before 5.0.
TEST_F(Hostile, StrictAlignmentTakesNoSubdomain) {
  add_txt(zone, "_dmarc.strict.example", "v=DMARC1; p=reject; adkim=s; aspf=s");
  add_txt(zone, "s1._domainkey.a.strict.example", key().record());
  add_txt(zone, "a.strict.example", "v=spf1 ip4:192.0.2.1 -all");
  expect(signed_by("a.strict.example", "From: ceo@strict.example\r\n"), DmarcResult::kFail);
  expect("From: ceo@strict.example\r\n\r\n", DmarcResult::kFail, spf_of("x@a.strict.example"));
}

TEST_F(Hostile, DomainsOfSignaturesAreWholeNames) {
  const std::string good = signed_by("good.example", "From: ann@good.example\r\n");
  for (const std::string& domain :
       std::vector<std::string>{"good.example\0.evil.example"s, "good.example."s, "good .example"s, ".good.example"s,
                                "good..example"s, "[192.0.2.1]"s, ""s}) {
    std::string forged = good;
    forged.replace(forged.find("d=good.example"), 14, "d=" + domain);
    judge(forged);
    EXPECT_NE(dkim.at(0).result, DkimResult::kPass) << domain;
  }
}

TEST_F(Hostile, UnicodeDomainsAreTheirALabels) {
  expect(signed_by("xn--bcher-kva.example",
                   "From: ann@b\xC3\xBC"
                   "cher.example\r\n"),
         DmarcResult::kPass);
  // Mapped, composed of two characters, or with a full stop of East Asia: readers disagree whose that is.
  for (const std::string& domain : std::vector<std::string>{"\xEF\xBD\x87ood.example",
                                                            "good\xE3\x80\x82"
                                                            "example",
                                                            "bu\xCC\x88"
                                                            "cher.example"})
    expect(signed_by("good.example", "From: ann@" + domain + "\r\n"), DmarcResult::kPermerror);
  // Cyrillic o's: another name altogether, which has no policy, and never good.example.
  judge(signed_by("good.example",
                  "From: ann@g\xD0\xBE\xD0\xBE"
                  "d.example\r\n"));
  EXPECT_EQ(author.domain, "xn--gd-fmca.example");
  EXPECT_NE(judge(signed_by("good.example",
                            "From: ann@g\xD0\xBE\xD0\xBE"
                            "d.example\r\n"))
                .result,
            DmarcResult::kPass);
}

// What stands behind l= is anybody's: it is told, and so is what else is not covered.
TEST_F(Hostile, ABodyThatGoesOnBehindItsSignedLength) {
  SignSpec spec;
  spec.length = "8";
  const std::string good = signed_by("good.example", "From: ann@good.example\r\n", spec);
  judge(good + "Please open https://evil.example/\r\n");
  EXPECT_TRUE(dkim.at(0).body_length_limited);
  judge(good);
  EXPECT_FALSE(dkim.at(0).body_length_limited);
  spec.length = "0";
  judge(signed_by("good.example", "From: ann@good.example\r\n", spec));
  EXPECT_TRUE(dkim.at(0).body_length_limited);
}

TEST_F(Hostile, FieldsPutOnTopOfSignedOnesAreNamed) {
  const std::string bytes =
      "Subject: pay now\r\nContent-Type: text/html\r\n" + signed_by("good.example", "From: ann@good.example\r\n");
  judge(bytes);
  EXPECT_EQ(dkim.at(0).result, DkimResult::kPass);
  EXPECT_EQ(repeated_fields(parse_message(bytes)), (std::vector<std::string_view>{"subject"}));
}

TEST_F(Hostile, AHeaderThatIsBrokenOffHidesNoAuthor) {
  const std::string good = signed_by("good.example", "From: ann@good.example\r\n");
  const std::size_t from = good.find("From: ann");
  std::string broken = good;
  broken.insert(from, "no field\r\n");
  expect(broken, DmarcResult::kPermerror);
  expect("no field\r\n" + good, DmarcResult::kPermerror);
  expect("\xEF\xBB\xBF" + good, DmarcResult::kPermerror);
  std::string long_header = "X: " + std::string(kMaxHeaderBytes, 'x') + "\r\n";
  expect(good.substr(0, good.find("Subject: ")) + long_header + good.substr(good.find("Subject: ")),
         DmarcResult::kPermerror);
}

TEST_F(Hostile, ReversePathsThatHoldSeveralDomains) {
  const std::string header = "From: ceo@good.example\r\n\r\n";
  for (const std::string& path : std::vector<std::string>{
           "x@good.example@evil.example", "\"x@good.example\"@evil.example", "x@good.example\0@evil.example"s,
           "x@good.example\0.evil.example"s, "<x@good.example>@evil.example", "@good.example:x@evil.example",
           "x@good.example,y@evil.example", "x@evil.example x@good.example", "x@evil.example>x@good.example"}) {
    const SpfVerdict spf = spf_of(path);
    if (spf.result == SpfResult::kPass) {
      EXPECT_EQ(spf.domain, "evil.example") << path;
    }
    EXPECT_NE(judge(header, spf).result, DmarcResult::kPass) << path;
  }
}

// A bounce proves its HELO name; that name may be anybody's, and the author's only when it is aligned.
TEST_F(Hostile, BouncesAreJudgedByHelo) {
  add_txt(zone, "mx.evil.example", "v=spf1 ip4:192.0.2.1 -all");
  expect("From: postmaster@good.example\r\n\r\n", DmarcResult::kFail, spf_of("", "mx.evil.example"));
  for (const std::string& helo :
       std::vector<std::string>{"good.example\0.evil.example"s, "[good.example]"s, "good.example good.example"s, ""s})
    EXPECT_NE(spf_of("", helo).result, SpfResult::kPass) << helo;
}

TEST_F(Hostile, NoAnswerIsNeverAPass) {
  zone.fail("_dmarc.good.example");
  expect(signed_by("evil.example", "From: ceo@good.example\r\n"), DmarcResult::kTemperror);
}

// Who handed a message over is what our server saw, never what the client said of itself.
TEST_F(Hostile, AHeloThatIsAnAddressLiteralIsNoClient) {
  for (const std::string& field :
       std::vector<std::string>{"from [198.51.100.7] (helo=[192.0.2.1]) by mx.example.net with esmtp (Exim 4.96)",
                                "from [198.51.100.7] (port=25 helo=[192.0.2.1]) by mx.example.net with esmtp",
                                "from host.example ([198.51.100.7] helo=[192.0.2.1]) by mx.example.net with esmtp",
                                "from unknown (HELO [192.0.2.1]) (198.51.100.7) by mx.example.net with SMTP",
                                "from [192.0.2.1] (unknown [198.51.100.7]) by mx.example.net (Postfix) with ESMTP",
                                "from [192.0.2.1] ([198.51.100.7]) by mx.example.net with ESMTP"}) {
    const ReceivedHop hop = parse_received(field + "; Tue, 14 Nov 2023 22:13:20 +0000");
    ASSERT_TRUE(hop.client.has_value()) << field;
    EXPECT_EQ(*hop.client, *Ip::parse("198.51.100.7")) << field;
  }
}

// A reverse path that a trusted server quotes in its results may be written like results.
TEST_F(Hostile, AReversePathAddsNoResult) {
  for (const std::string& path : std::vector<std::string>{"\"x;dkim=pass header.d=good.example;y\"@evil.example",
                                                          "\"x; dkim=pass header.d=good.example; y\"@evil.example",
                                                          "\"\\\"; dkim=pass header.d=good.example; \"@evil.example"}) {
    const std::string bytes = "Authentication-Results: mx.example.net;\r\n spf=pass smtp.mailfrom=" + path +
                              "\r\nFrom: ceo@good.example\r\n\r\nHello.\r\n";
    CheckOptions options;
    options.now = kNow;
    options.trusted_authserv = {"mx.example.net"};
    options.content = false;
    const MessageCheck check = check_message(zone, bytes, {}, options);
    EXPECT_NE(to_string(check.verdict), "pass") << path;
    EXPECT_TRUE(check.dkim.empty()) << path;
  }
}

TEST_F(Hostile, WhatASignatureDoesNotCoverIsASign) {
  SignSpec spec;
  spec.length = "8";
  const std::string good = signed_by("good.example", "From: ann@good.example\r\nReply-To: ann@good.example\r\n", spec);
  CheckOptions options;
  options.now = kNow;
  const MessageCheck check =
      check_message(zone, "Subject: pay now\r\nReply-To: x@evil.example\r\n" + good + "More.\r\n", {}, options);
  EXPECT_TRUE(check.has_sign("repeated-subject"));
  EXPECT_TRUE(check.has_sign("repeated-reply-to"));
  EXPECT_TRUE(check.has_sign("dkim-length"));
  EXPECT_TRUE(check.has_sign("reply-to-differs"));
  const MessageCheck undermost = check_message(
      zone,
      signed_by("good.example", "From: ann@good.example\r\nReply-To: ann@good.example\r\nReply-To: x@evil.example\r\n"),
      {}, options);
  EXPECT_TRUE(undermost.has_sign("reply-to-differs"));
}

// Two records, or one with a policy that is none, must not let everything through as if it were a pass.
TEST_F(Hostile, BrokenPoliciesAreNoPass) {
  add_txt(zone, "_dmarc.two.example", "v=DMARC1; p=reject");
  add_txt(zone, "_dmarc.two.example", "v=DMARC1; p=none");
  EXPECT_NE(judge(signed_by("evil.example", "From: ceo@two.example\r\n")).result, DmarcResult::kPass);
}

}  // namespace
}  // namespace rw
