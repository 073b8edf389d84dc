// DMARC under both standards: records, discovery, alignment, verdicts, and what failed questions become.
#include "mail/dmarc.h"

#include <gtest/gtest.h>

#include "mail/mail_testing.h"

namespace rw {
namespace {

using mail_testing::add_address;
using mail_testing::add_txt;
constexpr DmarcStandard kOld = DmarcStandard::kRfc7489, kNew = DmarcStandard::kRfc9989;

SpfVerdict spf(SpfResult result, std::string domain) {
  SpfVerdict verdict;
  verdict.result = result;
  verdict.domain = std::move(domain);
  return verdict;
}
DkimVerdict dkim(DkimResult result, std::string domain) {
  DkimVerdict verdict;
  verdict.result = result;
  verdict.domain = std::move(domain);
  verdict.selector = "s";
  return verdict;
}

class Dmarc : public testing::Test {
 protected:
  Dmarc() { zone.answer_for_everything(true); }
  void publish(std::string_view domain, std::string_view text) { add_txt(zone, "_dmarc." + std::string(domain), text); }
  DmarcDiscovery discover(std::string_view domain, DmarcStandard standard) {
    return discover_dmarc(zone, domain, standard);
  }
  DmarcVerdict evaluate(std::string from, SpfVerdict spf_verdict, std::vector<DkimVerdict> signatures,
                        DmarcStandard standard) {
    return evaluate_dmarc(zone, {std::move(from), std::move(spf_verdict), std::move(signatures)}, standard);
  }
  ZoneResolver zone;
};

bool mentions(const std::vector<std::string>& problems, std::string_view word) {
  for (const std::string& problem : problems)
    if (problem.find(word) != std::string::npos) return true;
  return false;
}

TEST(DmarcRecord, NeedsItsVersionFirstAndExactly) {
  EXPECT_TRUE(is_dmarc_record("v=DMARC1; p=none"));
  EXPECT_TRUE(is_dmarc_record("V = DMARC1 ;p=none"));
  EXPECT_TRUE(is_dmarc_record("v=DMARC1"));
  EXPECT_FALSE(is_dmarc_record("v=DMARC1", kOld));
  for (const std::string_view text : {"v=dmarc1; p=none", " v=DMARC1; p=none", "p=none; v=DMARC1", "v=DMARC10; p=none",
                                      "v=DMARC1 p=none", "v=DMARC1, p=none", "DMARC1", "v=", "v", ""})
    EXPECT_FALSE(is_dmarc_record(text)) << text;
}

TEST(DmarcRecord, ReadsEveryTagOfItsStandard) {
  const std::string text =
      "v=DMARC1; p=Reject; sp = quarantine; np=reject; adkim=s; aspf=s; t=y; psd=n; fo=1:d:s; pct=50; ri=3600; "
      "rf=afrf; "
      "rua=mailto:a@example.org!10m, mailto:b@example.net ; ruf=mailto:c@example.org;";
  const DmarcRecord next = parse_dmarc(text, kNew);
  EXPECT_EQ(next.error, "");
  EXPECT_EQ(next.p, DmarcPolicy::kReject);
  EXPECT_EQ(next.sp, DmarcPolicy::kQuarantine);
  EXPECT_EQ(next.np, DmarcPolicy::kReject);
  EXPECT_TRUE(next.strict_dkim && next.strict_spf && next.testing);
  EXPECT_EQ(next.psd, 'n');
  EXPECT_EQ(next.fo, "1:d:s");
  EXPECT_EQ(next.rua, (std::vector<std::string>{"mailto:a@example.org", "mailto:b@example.net"}));
  EXPECT_EQ(next.pct, std::nullopt);
  EXPECT_TRUE(mentions(next.problems, "pct"));
  EXPECT_TRUE(mentions(next.problems, "rf: RFC 9989"));
  const DmarcRecord old = parse_dmarc(text, kOld);
  EXPECT_EQ(old.pct, 50u);
  EXPECT_EQ(old.ri, 3600u);
  EXPECT_EQ(old.np, std::nullopt);
  EXPECT_FALSE(old.testing);
  EXPECT_TRUE(mentions(old.problems, "np: RFC 7489"));
}

TEST(DmarcRecord, AnInvalidPolicyIsNoneWhereReportsAreWanted) {
  for (const DmarcStandard standard : {kOld, kNew}) {
    for (const std::string_view policy : {"p=bogus", "p=", "p=reject; sp=bogus", "p=rej\x01"}) {
      const std::string text = "v=DMARC1; " + std::string(policy);
      const DmarcRecord with = parse_dmarc(text + "; rua=mailto:a@example.org", standard);
      EXPECT_EQ(with.error, "") << text;
      EXPECT_EQ(with.p, DmarcPolicy::kNone) << text;
      EXPECT_EQ(with.sp, std::nullopt) << text;
      EXPECT_NE(parse_dmarc(text, standard).error, "") << text;
      EXPECT_NE(parse_dmarc(text + "; rua=a@example.org", standard).error, "") << text;  // no URI
    }
  }
  // np is a tag of RFC 9989 alone.
  EXPECT_EQ(parse_dmarc("v=DMARC1; p=reject; np=x", kOld).p, DmarcPolicy::kReject);
  EXPECT_NE(parse_dmarc("v=DMARC1; p=reject; np=x", kNew).error, "");
}

TEST(DmarcRecord, AMissingPolicyIsNoneUnderRfc9989Only) {
  EXPECT_EQ(parse_dmarc("v=DMARC1", kNew).p, DmarcPolicy::kNone);
  EXPECT_EQ(parse_dmarc("v=DMARC1; adkim=s", kNew).p, DmarcPolicy::kNone);
  EXPECT_NE(parse_dmarc("v=DMARC1; adkim=s", kOld).error, "");
  EXPECT_EQ(parse_dmarc("v=DMARC1; rua=mailto:a@example.org", kOld).p, DmarcPolicy::kNone);
}

TEST(DmarcRecord, ATagThatStandsTwiceMakesItUnusable) {
  for (const DmarcStandard standard : {kOld, kNew}) {
    EXPECT_NE(parse_dmarc("v=DMARC1; p=none; p=reject", standard).error, "");
    EXPECT_NE(parse_dmarc("v=DMARC1; p=none; P=reject; rua=mailto:a@example.org", standard).error, "");
    EXPECT_NE(parse_dmarc("v=DMARC1; p=none; v=DMARC1", standard).error, "");
    EXPECT_EQ(parse_dmarc("v=DMARC1; p=none; p=reject", standard).p, std::nullopt);
  }
}

TEST(DmarcRecord, OtherErrorsLeaveDefaults) {
  const DmarcRecord record = parse_dmarc(
      "v=DMARC1; p=reject; adkim=x; aspf=; ; fo=0:z; pct=101; ri=-1; junk; =x; rua=mailto:@x.org, mailto:a@b, "
      "https://a.example/r,nonsense,mailto:ok@example.org!x",
      kOld);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.p, DmarcPolicy::kReject);
  EXPECT_FALSE(record.strict_dkim || record.strict_spf);
  EXPECT_EQ(record.fo, "0");
  EXPECT_EQ(record.pct, std::nullopt);
  EXPECT_EQ(record.ri, std::nullopt);
  EXPECT_EQ(record.rua, (std::vector<std::string>{"https://a.example/r", "mailto:ok@example.org"}));
  EXPECT_GE(record.problems.size(), 12u);
}

TEST(DmarcRecord, CutAtEveryByte) {
  const std::string text =
      "v=DMARC1; p=reject; sp=none; np=reject; adkim=s; aspf=r; t=y; psd=u; fo=1:d; pct=20; "
      "rua=mailto:a@example.org!1g,mailto:b%20c@example.org; x=\xff;; ruf=mailto:c@example.org;";
  for (std::size_t size = 0; size <= text.size(); ++size)
    for (const DmarcStandard standard : {kOld, kNew}) {
      const DmarcRecord record = parse_dmarc(std::string_view(text).substr(0, size), standard);
      EXPECT_EQ(record.error.empty(), record.p.has_value());
    }
}

TEST_F(Dmarc, FindsTheAuthorsRecordThenTheOrganisations) {
  publish("example.co.uk", "v=DMARC1; p=reject; sp=quarantine");
  publish("own.example.co.uk", "v=DMARC1; p=none; sp=reject");
  for (const DmarcStandard standard : {kOld, kNew}) {
    DmarcDiscovery found = discover("a.b.example.co.uk", standard);
    EXPECT_EQ(found.state, DnsState::kPresent);
    EXPECT_EQ(found.domain, "example.co.uk");
    EXPECT_EQ(found.organisational_domain, "example.co.uk");
    EXPECT_EQ(found.policy, DmarcPolicy::kQuarantine);
    EXPECT_EQ(found.policy_tag, "sp");
    found = discover("OWN.example.co.uk.", standard);
    EXPECT_EQ(found.policy, DmarcPolicy::kNone);
    EXPECT_EQ(found.policy_tag, "p");
    EXPECT_EQ(found.organisational_domain, "example.co.uk");
    // Only three places count: a record between the author and its organisation does not.
    EXPECT_EQ(discover("x.own.example.co.uk", standard).policy, DmarcPolicy::kQuarantine);
  }
  EXPECT_EQ(discover("a.b.example.co.uk", kOld).asked,
            (std::vector<std::string>{"_dmarc.a.b.example.co.uk", "_dmarc.example.co.uk"}));
}

TEST_F(Dmarc, TheWalkAsksAtMostEightNames) {
  const DmarcDiscovery found = discover("a.b.c.d.e.f.g.h.i.j.mail.example.com", kNew);
  EXPECT_EQ(found.asked, (std::vector<std::string>{"_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
                                                   "_dmarc.g.h.i.j.mail.example.com", "_dmarc.h.i.j.mail.example.com",
                                                   "_dmarc.i.j.mail.example.com", "_dmarc.j.mail.example.com",
                                                   "_dmarc.mail.example.com", "_dmarc.example.com", "_dmarc.com"}));
  EXPECT_EQ(found.state, DnsState::kAbsent);
  EXPECT_EQ(found.organisational_domain, "a.b.c.d.e.f.g.h.i.j.mail.example.com");
  EXPECT_EQ(discover("b.c.d.e.f.g.h.com", kNew).asked.size(), 8u);    // eight labels
  EXPECT_EQ(discover("c.d.e.f.g.h.com", kNew).asked.size(), 7u);      // seven
  EXPECT_EQ(discover("1.b.c.d.e.f.g.h.com", kNew).asked.size(), 8u);  // nine
}

TEST_F(Dmarc, PsdTagsDecideWhereTheOrganisationIs) {
  add_address(zone, "bank", "192.0.2.1");  // one zone for all that follows
  publish("bank", "v=DMARC1; p=reject; psd=y; np=reject; sp=quarantine");
  publish("giant.bank", "v=DMARC1; p=none");
  publish("mail.giant.bank", "v=DMARC1; p=quarantine; psd=n");
  EXPECT_EQ(organisational_domain(zone, "a.giant.bank", kNew), "giant.bank");
  EXPECT_EQ(organisational_domain(zone, "x.mail.giant.bank", kNew), "mail.giant.bank");
  EXPECT_EQ(discover("x.mail.giant.bank", kNew).policy, DmarcPolicy::kQuarantine);
  EXPECT_EQ(discover("x.mail.giant.bank", kNew).asked.size(), 2u);  // psd=n ends the walk
  // No record of its own: the public suffix speaks, as for a subdomain.
  add_address(zone, "www.other.bank", "192.0.2.1");
  const DmarcDiscovery found = discover("other.bank", kNew);
  EXPECT_EQ(found.domain, "bank");
  EXPECT_EQ(found.organisational_domain, "other.bank");
  EXPECT_EQ(found.policy_tag, "sp");
  // The suffix itself.
  EXPECT_EQ(discover("bank", kNew).policy, DmarcPolicy::kReject);
  EXPECT_EQ(organisational_domain(zone, "bank", kNew), "bank");
  // An organisation with a record is not covered by its suffix.
  EXPECT_EQ(discover("giant.bank", kNew).policy, DmarcPolicy::kNone);
  // RFC 7489 knows none of this.
  EXPECT_EQ(discover("other.bank", kOld).state, DnsState::kAbsent);
}

TEST_F(Dmarc, NpIsForNamesThatDoNotExist) {
  add_address(zone, "example.org", "192.0.2.1");  // one zone for all that follows
  publish("example.org", "v=DMARC1; p=none; sp=quarantine; np=reject");
  add_address(zone, "real.example.org", "192.0.2.1");
  add_address(zone, "below.empty.example.org", "192.0.2.1");
  EXPECT_EQ(discover("real.example.org", kNew).policy, DmarcPolicy::kQuarantine);
  EXPECT_EQ(discover("empty.example.org", kNew).policy, DmarcPolicy::kQuarantine);  // a name below it exists
  EXPECT_EQ(discover("made-up.example.org", kNew).policy, DmarcPolicy::kReject);
  EXPECT_EQ(discover("made-up.example.org", kNew).policy_tag, "np");
  EXPECT_EQ(discover("example.org", kNew).policy, DmarcPolicy::kNone);
  EXPECT_EQ(discover("made-up.example.org", kOld).policy, DmarcPolicy::kQuarantine);
  zone.fail("lost.example.org", DnsType::kA);
  EXPECT_EQ(discover("lost.example.org", kNew).state, DnsState::kFailed);
  EXPECT_EQ(discover("lost.example.org", kNew).policy, std::nullopt);
  // Mail that is aligned passes all the same: no policy is needed.
  EXPECT_EQ(evaluate("lost.example.org", spf(SpfResult::kPass, "example.org"), {}, kNew).result, DmarcResult::kPass);
  EXPECT_EQ(evaluate("lost.example.org", spf(SpfResult::kFail, "example.org"), {}, kNew).result,
            DmarcResult::kTemperror);
}

TEST_F(Dmarc, SeveralRecordsEndTheSearchOrAreDiscarded) {
  publish("sub.example.org", "v=DMARC1; p=reject");
  publish("sub.example.org", "v=DMARC1; p=none");
  publish("example.org", "v=DMARC1; p=quarantine");
  EXPECT_EQ(discover("sub.example.org", kOld).state, DnsState::kAbsent);
  EXPECT_TRUE(discover("sub.example.org", kOld).several);
  EXPECT_EQ(evaluate("sub.example.org", {}, {}, kOld).result, DmarcResult::kNone);
  EXPECT_EQ(discover("sub.example.org", kNew).policy, DmarcPolicy::kQuarantine);
  EXPECT_TRUE(discover("sub.example.org", kNew).several);
  // Other TXT records beside one that counts do no harm.
  publish("beside.example.org", "v=spf1 -all");
  publish("beside.example.org", "v=DMARC1; p=reject");
  EXPECT_EQ(discover("beside.example.org", kOld).policy, DmarcPolicy::kReject);
}

// OpenDMARC 1.4.2 and mailauth before 5 compared organisational domains, or prefixes, under adkim=s and aspf=s.
TEST_F(Dmarc, StrictAlignmentIsExact) {
  publish("example.org", "v=DMARC1; p=reject; adkim=s; aspf=s");
  publish("sub.example.org", "v=DMARC1; p=reject; adkim=s; aspf=s");
  for (const DmarcStandard standard : {kOld, kNew}) {
    for (const std::string other :
         {"sub.example.org", "xexample.org", "example.org.evil.example", "org", "xample.org"}) {
      const DmarcVerdict verdict =
          evaluate("example.org", spf(SpfResult::kPass, other), {dkim(DkimResult::kPass, other)}, standard);
      EXPECT_EQ(verdict.result, DmarcResult::kFail) << other;
      EXPECT_FALSE(verdict.spf_aligned || verdict.dkim_aligned) << other;
      EXPECT_EQ(verdict.disposition, DmarcPolicy::kReject);
    }
    EXPECT_EQ(evaluate("sub.example.org", spf(SpfResult::kPass, "example.org"),
                       {dkim(DkimResult::kPass, "example.org")}, standard)
                  .result,
              DmarcResult::kFail);
    const DmarcVerdict equal = evaluate("Example.ORG", spf(SpfResult::kPass, "example.org"),
                                        {dkim(DkimResult::kPass, "EXAMPLE.org")}, standard);
    EXPECT_EQ(equal.result, DmarcResult::kPass);
    EXPECT_TRUE(equal.spf_aligned && equal.dkim_aligned);
  }
}

TEST_F(Dmarc, StrictnessIsPerMechanism) {
  publish("example.org", "v=DMARC1; p=reject; adkim=s");
  for (const DmarcStandard standard : {kOld, kNew}) {
    EXPECT_EQ(evaluate("example.org", spf(SpfResult::kPass, "b.example.org"), {}, standard).result, DmarcResult::kPass);
    EXPECT_EQ(evaluate("example.org", {}, {dkim(DkimResult::kPass, "b.example.org")}, standard).result,
              DmarcResult::kFail);
  }
}

TEST_F(Dmarc, RelaxedAlignmentNeedsOneOrganisation) {
  publish("example.co.uk", "v=DMARC1; p=reject");
  for (const DmarcStandard standard : {kOld, kNew}) {
    EXPECT_EQ(evaluate("a.example.co.uk", {}, {dkim(DkimResult::kPass, "b.example.co.uk")}, standard).result,
              DmarcResult::kPass);
    for (const std::string other : {"other.co.uk", "co.uk", "xexample.co.uk", "example.co.uk.example.net"})
      EXPECT_EQ(evaluate("a.example.co.uk", {}, {dkim(DkimResult::kPass, other)}, standard).result, DmarcResult::kFail)
          << other;
  }
}

// Where the two standards differ: a subdomain without records anywhere, and two customers of one listed suffix.
TEST_F(Dmarc, TheStandardsDifferWhereListAndTreeDo) {
  EXPECT_EQ(organisational_domain(zone, "mail.example.org", kOld), "example.org");
  EXPECT_EQ(organisational_domain(zone, "mail.example.org", kNew), "mail.example.org");
  publish("blogspot.com", "v=DMARC1; p=none");
  EXPECT_FALSE(aligned(zone, "a.blogspot.com", "b.blogspot.com", false, kOld));
  EXPECT_TRUE(aligned(zone, "a.blogspot.com", "b.blogspot.com", false, kNew));
}

TEST_F(Dmarc, TestingAndSamplingLowerThePolicy) {
  const auto disposition = [&](std::string_view record, DmarcStandard standard) {
    ZoneResolver fresh;
    fresh.answer_for_everything(true);
    add_txt(fresh, "_dmarc.example.org", record);
    return evaluate_dmarc(fresh, {"example.org", {}, {}}, standard).disposition;
  };
  EXPECT_EQ(disposition("v=DMARC1; p=reject; t=y", kNew), DmarcPolicy::kQuarantine);
  EXPECT_EQ(disposition("v=DMARC1; p=quarantine; t=y", kNew), DmarcPolicy::kNone);
  EXPECT_EQ(disposition("v=DMARC1; p=reject; t=y", kOld), DmarcPolicy::kReject);
  EXPECT_EQ(disposition("v=DMARC1; p=reject; pct=0", kOld), DmarcPolicy::kQuarantine);
  EXPECT_EQ(disposition("v=DMARC1; p=reject; pct=10", kOld), DmarcPolicy::kReject);
  EXPECT_EQ(disposition("v=DMARC1; p=reject; pct=0", kNew), DmarcPolicy::kReject);
}

TEST_F(Dmarc, FailedQuestionsNeverBecomeNoPolicy) {
  zone.fail("_dmarc.example.org");
  publish("sub.example.org", "v=DMARC1; p=reject");
  for (const DmarcStandard standard : {kOld, kNew}) {
    for (const std::string from : {"example.org", "other.example.org"}) {
      const DmarcVerdict verdict = evaluate(from, {}, {}, standard);
      EXPECT_EQ(verdict.discovery.state, DnsState::kFailed);
      EXPECT_EQ(verdict.result, DmarcResult::kTemperror);
      EXPECT_NE(verdict.problem, "");
    }
    // A record of its own stands, whatever happens further up.
    EXPECT_EQ(evaluate("sub.example.org", {}, {}, standard).result, DmarcResult::kFail);
    EXPECT_EQ(evaluate("sub.example.org", spf(SpfResult::kPass, "sub.example.org"), {}, standard).result,
              DmarcResult::kPass);
  }
  // Whether the two align hangs on the step that failed.
  EXPECT_EQ(evaluate("sub.example.org", spf(SpfResult::kPass, "example.org"), {}, kNew).result,
            DmarcResult::kTemperror);
  EXPECT_EQ(evaluate("sub.example.org", spf(SpfResult::kPass, "example.net"), {}, kNew).result, DmarcResult::kFail);
  EXPECT_EQ(dmarc_alignment(zone, "sub.example.org", "example.org", false, kNew), DmarcAlignment::kUnknown);
  EXPECT_EQ(dmarc_alignment(zone, "sub.example.org", "example.org", true, kNew), DmarcAlignment::kNotAligned);
}

TEST_F(Dmarc, TemporaryErrorsOfAlignedIdentifiersLeaveItOpen) {
  publish("example.org", "v=DMARC1; p=reject");
  for (const DmarcStandard standard : {kOld, kNew}) {
    EXPECT_EQ(evaluate("example.org", spf(SpfResult::kTemperror, "example.org"), {}, standard).result,
              DmarcResult::kTemperror);
    EXPECT_EQ(evaluate("example.org", {}, {dkim(DkimResult::kTemperror, "mail.example.org")}, standard).result,
              DmarcResult::kTemperror);
    EXPECT_EQ(evaluate("example.org", spf(SpfResult::kTemperror, "example.net"), {}, standard).result,
              DmarcResult::kFail);
    EXPECT_EQ(evaluate("example.org", spf(SpfResult::kTemperror, "example.org"),
                       {dkim(DkimResult::kPass, "example.org")}, standard)
                  .result,
              DmarcResult::kPass);
  }
}

TEST_F(Dmarc, UnusableRecordsAndUnreadableAuthorsArePermanentErrors) {
  publish("example.org", "v=DMARC1; p=nonsense");
  EXPECT_EQ(evaluate("example.org", {}, {}, kNew).result, DmarcResult::kPermerror);
  EXPECT_EQ(evaluate("example.org", {}, {}, kOld).disposition, DmarcPolicy::kNone);
  for (const std::string from : {"", "a..b", "[192.0.2.1]"})
    EXPECT_EQ(evaluate(from, {}, {}, kNew).result, DmarcResult::kPermerror) << from;
}

TEST_F(Dmarc, AFailedPassIsNoPass) {
  publish("example.org", "v=DMARC1; p=reject");
  for (const SpfResult result :
       {SpfResult::kNone, SpfResult::kNeutral, SpfResult::kFail, SpfResult::kSoftfail, SpfResult::kPermerror})
    EXPECT_EQ(evaluate("example.org", spf(result, "example.org"), {}, kNew).result, DmarcResult::kFail);
  for (const DkimResult result :
       {DkimResult::kNone, DkimResult::kFail, DkimResult::kPolicy, DkimResult::kNeutral, DkimResult::kPermerror})
    EXPECT_EQ(evaluate("example.org", {}, {dkim(result, "example.org")}, kNew).result, DmarcResult::kFail);
}

}  // namespace
}  // namespace rw
