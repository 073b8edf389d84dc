// SPF beyond the public suite: where errors are, how a verdict was reached, bounds, macros, truncated records.
#include "mail/spf.h"

#include <gtest/gtest.h>

#include "mail/mail_testing.h"
#include "mail/spf_macro.h"

namespace rw {
namespace {

using mail_testing::add_address;
using mail_testing::add_name;
using mail_testing::add_txt;

SpfRequest from(std::string_view client, std::string mail_from, std::string helo = "mx.example.net") {
  SpfRequest request;
  request.client = Ip::parse(client).value_or(Ip{});
  request.mail_from = std::move(mail_from);
  request.helo = std::move(helo);
  request.now = Timestamp::from_seconds(1'700'000'000);
  return request;
}

class Spf : public testing::Test {
 protected:
  Spf() { zone.answer_for_everything(true); }
  SpfVerdict check(std::string_view client, const std::string& domain = "example.org") {
    return check_spf(zone, from(client, "someone@" + domain));
  }
  ZoneResolver zone;
};

struct ErrorAt {
  std::string_view record;
  std::size_t offset;
};
class SpfErrors : public testing::TestWithParam<ErrorAt> {};
TEST_P(SpfErrors, AreFoundAtTheFirstWrongByte) {
  const SpfRecord record = parse_spf(GetParam().record);
  EXPECT_NE(record.error, "");
  EXPECT_EQ(record.error_offset, GetParam().offset) << record.error;
}
INSTANTIATE_TEST_SUITE_P(Terms, SpfErrors,
                         testing::Values(ErrorAt{"v=spf1 ip4:192.0.2.256 -all", 11},
                                         ErrorAt{"v=spf1 ip4:192.0.2.0/33", 21},
                                         ErrorAt{"v=spf1 ip4:192.0.2.0/024", 21}, ErrorAt{"v=spf1 ip4", 10},
                                         ErrorAt{"v=spf1 ip6:2001:db8::/129", 22}, ErrorAt{"v=spf1 ip6:192.0.2.1", 11},
                                         ErrorAt{"v=spf1 ip4:2001:db8::1", 11}, ErrorAt{"v=spf1 a/24/64", 12},
                                         ErrorAt{"v=spf1 a:example.org//129", 22}, ErrorAt{"v=spf1  -all:x", 12},
                                         ErrorAt{"v=spf1 include:", 15}, ErrorAt{"v=spf1 include", 14},
                                         ErrorAt{"v=spf1 a:192.0.2.1 -all", 17}, ErrorAt{"v=spf1 exists:%{x}.org", 16},
                                         ErrorAt{"v=spf1 exists:%{i0}.org", 17}, ErrorAt{"v=spf1 exists:a%b.org", 16},
                                         ErrorAt{"v=spf1 exists:%{i", 17}, ErrorAt{"v=spf1 exists:%{c}.org", 16},
                                         ErrorAt{"v=spf1 -all exp=a.org exp=b.org", 22},
                                         ErrorAt{"v=spf1 redirect:a.org", 7}, ErrorAt{"v=spf1 +moo", 8},
                                         ErrorAt{"v=spf1 a\tmx", 8},
                                         ErrorAt{"v=spf1 \xe2\x80\x93"
                                                 "all",
                                                 7},
                                         ErrorAt{"v=spf10", 0}, ErrorAt{"spf1", 0}));

TEST(SpfRecord, TakesApartEveryKindOfTerm) {
  const SpfRecord record = parse_spf(
      "V=SPF1 +a:mail.%{d2}/24//64 mx/28 -ip4:192.0.2.77/24 ~ip6:2001:db8::1/32 ?ptr:example.org. exists:%{ir}.x.org "
      "include:_spf.example.net redirect=a.example.org EXP=b.example.org moo.cow=%{c} ALL ");
  ASSERT_EQ(record.error, "");
  ASSERT_EQ(record.terms.size(), 11u);
  EXPECT_EQ(record.terms[0].domain, "mail.%{d2}");
  EXPECT_EQ(record.terms[0].length4, 24);
  EXPECT_EQ(record.terms[0].length6, 64);
  EXPECT_TRUE(has_spf_macro(record.terms[0].domain));
  EXPECT_EQ(record.terms[1].length4, 28);
  EXPECT_EQ(record.terms[1].length6, 128);
  EXPECT_EQ(record.terms[1].domain, "");
  EXPECT_EQ(record.terms[2].network.to_string(), "192.0.2.0/24");
  EXPECT_EQ(record.terms[2].qualifier, '-');
  EXPECT_EQ(record.terms[3].network.to_string(), "2001:db8::/32");
  EXPECT_EQ(record.terms[4].domain, "example.org.");
  EXPECT_EQ(record.terms[7].kind, SpfTerm::Kind::kRedirect);
  EXPECT_EQ(record.terms[8].kind, SpfTerm::Kind::kExp);
  EXPECT_EQ(record.terms[9].kind, SpfTerm::Kind::kUnknownModifier);
  EXPECT_EQ(record.terms[10].kind, SpfTerm::Kind::kAll);
  EXPECT_EQ(record.terms[10].text, "ALL");
  EXPECT_EQ(record.terms[1].offset, 28u);
}

// Every beginning of a long record is read to an end or refused at a place that lies inside of it.
TEST(SpfRecord, CutAtEveryByte) {
  const std::string text =
      "v=spf1 +a:mail.%{d2}/24//64 mx/28 -ip4:192.0.2.77/24 ~ip6:2001:db8::1/32 ?ptr:%{p} exists:%{ir-.}.x.org "
      "include:_spf.example.net redirect=%{L3r+}.example.org exp=b%%%_%-.example.org moo.cow=%{c} -all";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const SpfRecord record = parse_spf(std::string_view(text).substr(0, size));
    EXPECT_LE(record.error_offset, size);
    for (const SpfTerm& term : record.terms) EXPECT_EQ(text.substr(term.offset, term.text.size()), term.text);
  }
}

TEST_F(Spf, AVerdictSaysHowItWasReached) {
  add_txt(zone, "example.org", "v=spf1 redirect=real.example.org");
  add_txt(zone, "real.example.org", "v=spf1 include:empty.example.net include:_spf.example.net ~all");
  add_txt(zone, "empty.example.net", "v=spf1 -all");
  add_txt(zone, "_spf.example.net", "v=spf1 ip4:192.0.2.0/24 -all");
  SpfVerdict verdict = check("192.0.2.9");
  EXPECT_EQ(verdict.result, SpfResult::kPass);
  EXPECT_EQ(verdict.identity, "mailfrom");
  EXPECT_EQ(verdict.domain, "example.org");
  EXPECT_EQ(verdict.mechanism, "include:_spf.example.net");
  EXPECT_EQ(verdict.matched_in, "real.example.org");
  EXPECT_EQ(verdict.lookups, 3u);
  ASSERT_EQ(verdict.trail.size(), 3u);
  EXPECT_EQ(verdict.trail[0].mechanism, "redirect=real.example.org");
  EXPECT_EQ(verdict.trail[2].domain, "_spf.example.net");
  EXPECT_EQ(verdict.trail[2].mechanism, "ip4:192.0.2.0/24");
  verdict = check("198.51.100.1");
  EXPECT_EQ(verdict.result, SpfResult::kSoftfail);
  EXPECT_EQ(verdict.mechanism, "~all");
  EXPECT_EQ(verdict.matched_in, "real.example.org");
}

TEST_F(Spf, ANullReversePathIsCheckedByHelo) {
  add_txt(zone, "mx.example.net", "v=spf1 exists:%{l}.%{o}.who.example.net -all");
  add_address(zone, "postmaster.mx.example.net.who.example.net", "127.0.0.2");
  const SpfVerdict verdict = check_spf(zone, from("192.0.2.1", ""));
  EXPECT_EQ(verdict.result, SpfResult::kPass) << verdict.problem;
  EXPECT_EQ(verdict.identity, "helo");
  EXPECT_EQ(verdict.domain, "mx.example.net");
}

// Examples of RFC 7208 7.4.
struct Expansion {
  std::string_view macros, result;
};
class SpfMacros : public testing::TestWithParam<Expansion> {};
TEST_P(SpfMacros, ExpandAsTheStandardShows) {
  SpfMacroValues values;
  values.local = "strong-bad";
  values.sender_domain = values.domain = "email.example.com";
  values.helo = "mx.example.net";
  values.client = Ip::parse("192.0.2.3").value_or(Ip{});
  values.now = Timestamp::from_seconds(1'700'000'000);
  values.validated_name = [] { return std::string("mx.example.org"); };
  EXPECT_FALSE(check_spf_macros(GetParam().macros, false, true));
  EXPECT_EQ(expand_spf_macros(GetParam().macros, values).value_or("?"), GetParam().result);
}
INSTANTIATE_TEST_SUITE_P(
    Rfc, SpfMacros,
    testing::Values(Expansion{"%{s}", "strong-bad@email.example.com"}, Expansion{"%{o}", "email.example.com"},
                    Expansion{"%{d4}", "email.example.com"}, Expansion{"%{d2}", "example.com"},
                    Expansion{"%{d1}", "com"}, Expansion{"%{dr}", "com.example.email"},
                    Expansion{"%{d2r}", "example.email"}, Expansion{"%{l}", "strong-bad"},
                    Expansion{"%{l-}", "strong.bad"}, Expansion{"%{lr-}", "bad.strong"}, Expansion{"%{l1r-}", "strong"},
                    Expansion{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
                    Expansion{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
                    Expansion{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
                    Expansion{"%{S}", "strong-bad%40email.example.com"}, Expansion{"%{h}%%%_%-", "mx.example.net% %20"},
                    Expansion{"%{c}/%{r}/%{t}/%{p}", "192.0.2.3/unknown/1700000000/mx.example.org"},
                    Expansion{"%{d999999999999}", "email.example.com"}));

TEST_F(Spf, VoidLookupsCountTermsNotQuestions) {
  // Three MX hosts without AAAA are one term without an answer for an IPv6 client, not three.
  add_txt(zone, "example.org", "v=spf1 mx ip6:2001:db8::/32 -all");
  for (int i = 1; i <= 3; ++i) {
    const std::string host = "mx" + std::to_string(i) + ".example.org";
    add_name(zone, "example.org", DnsType::kMx, host, 10);
    add_address(zone, host, "192.0.2.1");
  }
  const SpfVerdict verdict = check("2001:db8::1");
  EXPECT_EQ(verdict.result, SpfResult::kPass) << verdict.problem;
  EXPECT_EQ(verdict.void_lookups, 1u);
}

TEST_F(Spf, FailedLookupsAreTemporaryErrorsAndNeverNone) {
  zone.fail("example.org");
  EXPECT_EQ(check("192.0.2.1").result, SpfResult::kTemperror);
  EXPECT_NE(check("192.0.2.1").problem, "");
  add_txt(zone, "two.example", "v=spf1 a:broken.example -all");
  zone.fail("broken.example");
  EXPECT_EQ(check("192.0.2.1", "two.example").result, SpfResult::kTemperror);
}

TEST_F(Spf, ThePMacroCostsOneLookup) {
  add_txt(zone, "example.org", "v=spf1 exists:%{p}.a.example exists:%{p}.b.example +all");
  const SpfVerdict verdict = check("192.0.2.1");
  EXPECT_EQ(verdict.result, SpfResult::kPass);
  EXPECT_EQ(verdict.lookups, 3u);  // two exists, one for the name
}

TEST_F(Spf, NamesFromTheMessageCannotLeaveTheirLabels) {
  // A backslash or a NUL in the local part must not become an escape of the question.
  add_txt(zone, "example.org", "v=spf1 exists:%{l}.x.example -all");
  add_address(zone, "good.x.example", "127.0.0.2");
  for (const std::string& local :
       {std::string("good\\"), std::string("goo\\100"), std::string("good\0", 5), std::string("go od")})
    EXPECT_EQ(check_spf(zone, from("192.0.2.1", local + "@example.org")).result, SpfResult::kFail);
  EXPECT_EQ(check_spf(zone, from("192.0.2.1", "GOOD@example.org")).result, SpfResult::kPass);
}

TEST_F(Spf, AnExplanationHoldsPrintableAsciiOnly) {
  add_txt(zone, "example.org", "v=spf1 -all exp=why.example.org");
  add_txt(zone, "why.example.org", "%{l} is not allowed");
  EXPECT_EQ(check_spf(zone, from("192.0.2.1", "bob@example.org")).explanation, "bob is not allowed");
  EXPECT_EQ(check_spf(zone, from("192.0.2.1", "bob\r\n250 ok@example.org")).explanation, "");
}

TEST_F(Spf, TimeIsBounded) {
  static std::int64_t now;
  now = 0;
  add_txt(zone, "example.org", "v=spf1 a:a.example a:b.example +all");
  SpfOptions options;
  options.clock = [] { return now += 9'000'000; };  // every look at the clock is 9 s later
  const SpfVerdict verdict = check_spf(zone, from("192.0.2.1", "a@example.org"), options);
  EXPECT_EQ(verdict.result, SpfResult::kTemperror);
  EXPECT_NE(verdict.problem.find("took"), std::string::npos) << verdict.problem;
}

TEST_F(Spf, InternationalDomainsAreAskedForAsALabels) {
  add_txt(zone, "xn--mnchen-3ya.example", "v=spf1 exists:%{d}.x.example -all");
  add_address(zone, "xn--mnchen-3ya.example.x.example", "127.0.0.2");
  EXPECT_EQ(check("192.0.2.1", "M\xc3\xbcnchen.example").result, SpfResult::kPass);
  EXPECT_EQ(check("192.0.2.1", "\xff\xfe.example").result, SpfResult::kNone);
}

TEST_F(Spf, OversizedIdentitiesAreNone) {
  EXPECT_EQ(check_spf(zone, from("192.0.2.1", std::string(100'000, 'a') + "@example.org")).result, SpfResult::kNone);
  add_txt(zone, "example.org", "v=spf1 exists:%{h}.%{h}.%{h}.x.example exists:" + std::string(200, 'a') + ".%{h} -all");
  const SpfVerdict verdict = check_spf(zone, from("192.0.2.1", "a@example.org", std::string(100'000, 'h')));
  EXPECT_EQ(verdict.result, SpfResult::kFail);
}

// A record of thousands of macros over a long local part stops at a bound.
TEST_F(Spf, ExpansionIsBounded) {
  std::string record = "v=spf1 exists:";
  for (int i = 0; i < 8000; ++i) record += "%{s}";
  add_txt(zone, "example.org", record + ".x.example -all");
  EXPECT_EQ(check_spf(zone, from("192.0.2.1", std::string(900, 'a') + "@example.org")).result, SpfResult::kFail);
}

}  // namespace
}  // namespace rw
