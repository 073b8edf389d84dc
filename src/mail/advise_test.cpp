// Advice: every kind of it, the bounds behind it, and that advised records pass the audit.
#include "mail/advise.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rw {
namespace {

const Timestamp kNow = *Timestamp::parse("2026-11-25T12:00:00Z");

struct Source {
  SenderKind kind;
  std::int64_t messages, failed;
  std::string organisation = {};
};

// Reports of a month by four receivers, about a domain with this record.
AdviceEvidence evidence_of(const std::string& record, const std::vector<Source>& sources) {
  AdviceEvidence evidence;
  evidence.domain = "example.org";
  evidence.receives_mail = true;
  if (!record.empty()) {
    evidence.dmarc.state = DnsState::kPresent;
    evidence.dmarc.domain = "example.org";
    evidence.dmarc.record = parse_dmarc(record, DmarcStandard::kRfc9989);
    evidence.dmarc.record->pct = parse_dmarc(record, DmarcStandard::kRfc7489).pct;
    evidence.dmarc.policy = evidence.dmarc.record->p;
    evidence.dmarc.policy_tag = "p";
  }
  Senders& senders = evidence.senders;
  senders.domain = "example.org";
  senders.days = 30;
  senders.reports = 100;
  for (const char* name : {"a", "b", "c", "d"}) senders.reporters.emplace_back(name, 10);
  for (const Source& one : sources) {
    SenderSource source;
    source.kind = one.kind;
    source.organisation = one.organisation.empty() ? "somebody" : one.organisation;
    source.counts.messages = one.messages;
    source.counts.aligned = one.messages - one.failed;
    senders.counts.messages += source.counts.messages;
    senders.counts.aligned += source.counts.aligned;
    SenderGroup group;
    group.organisation = source.organisation;
    group.kind = source.kind;
    group.counts = source.counts;
    group.sources = {senders.sources.size()};
    senders.groups.push_back(std::move(group));
    senders.sources.push_back(std::move(source));
  }
  return evidence;
}

Advice advice_of(const AdviceEvidence& evidence, bool legacy_pct = false) {
  return decide_advice(evidence, {.now = kNow, .legacy_pct = legacy_pct});
}

const std::string kRua = "rua=mailto:d@example.org";

// The advised record in a zone, audited: nothing about DMARC may be bad.
void expect_passes(const Advice& advice) {
  ASSERT_TRUE(advice.record.has_value()) << advice.summary;
  ZoneResolver zone;
  ASSERT_TRUE(zone.parse(
      "$ORIGIN org.\n@ SOA ns h 1 2 3 4 5\n$ORIGIN example.org.\n@ SOA ns h 1 2 3 4 5\n@ MX 10 mx\nmx A 192.0.2.1\n"
      "@ TXT \"v=spf1 mx -all\"\n" +
          zone_line(*advice.record) + "\n",
      "z"));
  const Audit audit = audit_domain(zone, "example.org", {.now = kNow});
  for (const AuditItem& item : audit.items)
    EXPECT_FALSE(item.topic == "dmarc" && item.status == AuditStatus::kBad)
        << advice.record->value << ": " << item.text;
  ASSERT_TRUE(audit.dmarc.record.has_value());
  EXPECT_EQ(audit.dmarc.record->problems, std::vector<std::string>{}) << advice.record->value;
}

TEST(Advice, BoundsAreThoseOfTheBooks) {
  EXPECT_FALSE(upper_share(0, 0).has_value());
  EXPECT_DOUBLE_EQ(*upper_share(0, 300), 0.01);
  EXPECT_DOUBLE_EQ(*upper_share(0, 1), 1.0);
  // Wilson (1927) for 10 of 1,000 with z = 1.6449, worked by hand: 0.01135… + 0.00510… over 1.0027…
  EXPECT_NEAR(*upper_share(10, 1000), 0.01663, 0.0001);
  EXPECT_GT(*upper_share(1, 1000), *upper_share(0, 1000) - 0.003);
  EXPECT_LE(*upper_share(1000, 1000), 1.0);
}

TEST(Advice, WithoutARecordItBeginsToWatch) {
  const Advice advice = advice_of(evidence_of("", {}));
  EXPECT_EQ(advice.kind, AdviceKind::kStart);
  EXPECT_EQ(advice.record->value, "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.org");
  expect_passes(advice);
}

TEST(Advice, GoesUpRungByRungWhenNobodyIsHit) {
  const std::pair<std::string, std::string> rungs[] = {
      {"v=DMARC1; p=none; " + kRua, "v=DMARC1; p=quarantine; np=reject; t=y; " + kRua},
      {"v=DMARC1; p=quarantine; np=reject; t=y; " + kRua, "v=DMARC1; p=quarantine; np=reject; " + kRua},
      {"v=DMARC1; p=quarantine; np=reject; " + kRua, "v=DMARC1; p=reject; np=reject; t=y; " + kRua},
      {"v=DMARC1; p=reject; np=reject; t=y; " + kRua, "v=DMARC1; p=reject; np=reject; " + kRua},
  };
  for (const auto& [now, wanted] : rungs) {
    const Advice advice = advice_of(evidence_of(now, {{SenderKind::kOwn, 5000, 0}, {SenderKind::kSpoofing, 900, 900}}));
    EXPECT_EQ(advice.kind, AdviceKind::kStep) << advice.summary;
    ASSERT_TRUE(advice.record.has_value());
    EXPECT_EQ(advice.record->value, wanted);
    EXPECT_EQ(advice.record->replaces, now);
    EXPECT_EQ(advice.legitimate_hit, 0);
    EXPECT_EQ(advice.spoofed, 900);
    EXPECT_EQ(advice.look_again->date(), "2026-12-10");
    expect_passes(advice);
  }
  const Advice done = advice_of(evidence_of("v=DMARC1; p=reject; np=reject; " + kRua, {{SenderKind::kOwn, 5000, 0}}));
  EXPECT_EQ(done.kind, AdviceKind::kDone);
  EXPECT_FALSE(done.record.has_value());
}

TEST(Advice, ASenderOfOursThatFailsStopsIt) {
  const Advice advice = advice_of(evidence_of(
      "v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 50'000, 10}, {SenderKind::kService, 40, 40, "Newsletter Co"}}));
  EXPECT_EQ(advice.kind, AdviceKind::kHold);
  EXPECT_NE(advice.summary.find("Newsletter Co"), std::string::npos) << advice.summary;
  EXPECT_TRUE(advice.senders.front().blocks);
  EXPECT_NE(advice.senders.front().fix.find("Newsletter Co"), std::string::npos);
  EXPECT_FALSE(advice.record.has_value());  // it stays as it is
  EXPECT_FALSE(
      std::any_of(advice.senders.begin() + 1, advice.senders.end(), [](const AdvisedSender& s) { return s.blocks; }));
}

TEST(Advice, UnknownSendersCountAsOursUntilSomebodyKnows) {
  const Advice advice = advice_of(
      evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}, {SenderKind::kUnknown, 400, 400}}));
  EXPECT_EQ(advice.kind, AdviceKind::kHold);
  EXPECT_EQ(advice.legitimate, 5400);
  EXPECT_EQ(advice.legitimate_hit, 400);
  EXPECT_EQ(advice.method, "Wilson score");
  const Advice few =
      advice_of(evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}, {SenderKind::kUnknown, 9, 9}}));
  EXPECT_EQ(few.kind, AdviceKind::kStep) << few.summary;
}

TEST(Advice, WhomTheSpfRecordLetsInIsNoForger) {
  AdviceEvidence evidence = evidence_of(
      "v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}, {SenderKind::kSpoofing, 900, 900, "mailer.example"}});
  evidence.senders.sources[1].address = *Ip::parse("198.51.100.7");
  EXPECT_EQ(advice_of(evidence).kind, AdviceKind::kStep);
  evidence.permitted = {{*Prefix::parse("198.51.100.0/24"), "include:_spf.mailer.example"}};
  const Advice advice = advice_of(evidence);
  EXPECT_EQ(advice.kind, AdviceKind::kHold);
  EXPECT_EQ(advice.senders.front().kind, SenderKind::kService);
  EXPECT_NE(advice.senders.front().reasons.front().find("include:_spf.mailer.example"), std::string::npos);
  EXPECT_EQ(advice.spoofed, 0);
  evidence.permitted = {{*Prefix::parse("198.0.0.0/8"), "ip4:198.0.0.0/8"}};  // half of the world is nobody's
  EXPECT_EQ(advice_of(evidence).kind, AdviceKind::kStep);
}

TEST(Advice, ASteadyForgerWithANameIsWorthALook) {
  AdviceEvidence evidence =
      evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}, {SenderKind::kSpoofing, 900, 900}});
  evidence.senders.sources[1].dkim = {{"tickets.example", "s1", "pass", 900}};
  evidence.senders.sources[1].days = 3;
  EXPECT_EQ(advice_of(evidence).senders.back().fix, "");
  evidence.senders.sources[1].days = 25;
  EXPECT_NE(advice_of(evidence).senders.back().fix.find("tickets.example"), std::string::npos);
}

TEST(Advice, ForwardersAndListsStopNothing) {
  const Advice advice = advice_of(evidence_of(
      "v=DMARC1; p=none; " + kRua,
      {{SenderKind::kOwn, 5000, 0}, {SenderKind::kForwarder, 300, 200}, {SenderKind::kMailingList, 100, 100}}));
  EXPECT_EQ(advice.kind, AdviceKind::kStep);
  EXPECT_EQ(advice.forwarded_hit, 300);
}

TEST(Advice, RejectNeedsMoreProofThanQuarantine) {
  const std::vector<Source> sources{{SenderKind::kOwn, 500, 0}};
  EXPECT_EQ(advice_of(evidence_of("v=DMARC1; p=none; " + kRua, sources)).kind, AdviceKind::kStep);
  const Advice advice = advice_of(evidence_of("v=DMARC1; p=quarantine; " + kRua, sources));
  EXPECT_EQ(advice.kind, AdviceKind::kHold);
  EXPECT_NE(advice.summary.find("longer window"), std::string::npos) << advice.summary;
}

TEST(Advice, RefusesOnThinData) {
  AdviceEvidence evidence = evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}});
  evidence.senders.days = kAdviceDays - 1;
  EXPECT_EQ(advice_of(evidence).kind, AdviceKind::kRefuse);
  evidence.senders.days = kAdviceDays;
  EXPECT_EQ(advice_of(evidence).kind, AdviceKind::kStep);
  evidence.senders.reporters.resize(kAdviceReporters - 1);
  EXPECT_EQ(advice_of(evidence).kind, AdviceKind::kRefuse);
  EXPECT_EQ(advice_of(evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, kAdviceMessages - 1, 0}})).kind,
            AdviceKind::kRefuse);
  const Advice unheard = advice_of(evidence_of("v=DMARC1; p=none", {{SenderKind::kOwn, 5000, 0}}));
  EXPECT_EQ(unheard.kind, AdviceKind::kRefuse);
  EXPECT_EQ(unheard.record->value, "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.org");
  expect_passes(unheard);
}

TEST(Advice, AThinRefusalTightensNothing) {
  AdviceEvidence evidence = evidence_of("v=DMARC1; p=quarantine; sp=none; " + kRua, {{SenderKind::kOwn, 5000, 0}});
  evidence.senders.days = 2;
  const Advice advice = advice_of(evidence);
  EXPECT_EQ(advice.kind, AdviceKind::kRefuse);
  EXPECT_FALSE(advice.record.has_value());
}

TEST(Advice, SubdomainsStayWhereTheirMailWouldBeHit) {
  AdviceEvidence evidence = evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}});
  evidence.subdomains = {{"shop.example.org", 200, 50, DnsState::kPresent},
                         {"made-up.example.org", 300, 300, DnsState::kAbsent}};
  EXPECT_EQ(advice_of(evidence).record->value, "v=DMARC1; p=quarantine; sp=none; np=reject; t=y; " + kRua);
  evidence.subdomains = {{"ghost.example.org", 200, 50, DnsState::kAbsent}};  // does not exist, and authenticates
  EXPECT_EQ(advice_of(evidence).record->value, "v=DMARC1; p=quarantine; t=y; " + kRua);
  AdviceEvidence at_reject = evidence_of("v=DMARC1; p=reject; sp=none; " + kRua, {{SenderKind::kOwn, 5000, 0}});
  const Advice last = advice_of(at_reject);
  EXPECT_EQ(last.kind, AdviceKind::kStep);
  EXPECT_EQ(last.record->value, "v=DMARC1; p=reject; " + kRua);
}

TEST(Advice, PctOnlyWhenAskedFor) {
  const Advice advice = advice_of(evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}}), true);
  EXPECT_EQ(advice.record->value, "v=DMARC1; p=quarantine; np=reject; pct=25; " + kRua);
  EXPECT_TRUE(std::any_of(advice.notes.begin(), advice.notes.end(),
                          [](const std::string& n) { return n.find("legacy") != std::string::npos; }));
  const Advice next = advice_of(evidence_of("v=DMARC1; p=quarantine; pct=25; " + kRua, {{SenderKind::kOwn, 5000, 0}}));
  EXPECT_EQ(next.record->value, "v=DMARC1; p=quarantine; np=reject; " + kRua);
}

TEST(Advice, AFailedDnsIsNoMissingRecord) {
  AdviceEvidence evidence = evidence_of("", {{SenderKind::kOwn, 5000, 0}});
  evidence.dmarc.state = DnsState::kFailed;
  evidence.dmarc.failure = "timed out after 5 s";
  const Advice advice = advice_of(evidence);
  EXPECT_EQ(advice.kind, AdviceKind::kUnknown);
  EXPECT_FALSE(advice.record.has_value());
}

TEST(Advice, WhatReportsDoNotTellCountsNowhere) {
  AdviceEvidence evidence = evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}});
  evidence.senders.sources[0].counts.unknown_result = 1000;
  evidence.senders.sources[0].counts.aligned -= 1000;
  evidence.senders.counts = evidence.senders.sources[0].counts;
  evidence.senders.groups[0].counts = evidence.senders.sources[0].counts;
  const Advice advice = advice_of(evidence);
  EXPECT_EQ(advice.legitimate, 4000);
  EXPECT_EQ(advice.legitimate_hit, 0);
  EXPECT_EQ(advice.untold, 1000);
}

TEST(Advice, SourcesBehindTheCutCountAsUnknown) {
  AdviceEvidence evidence = evidence_of("v=DMARC1; p=none; " + kRua, {{SenderKind::kOwn, 5000, 0}});
  evidence.senders.counts.messages += 500;  // of which nothing is aligned
  evidence.senders.cut = true;
  EXPECT_EQ(advice_of(evidence).legitimate_hit, 500);
}

}  // namespace
}  // namespace rw
