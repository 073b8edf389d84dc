// What a source of mail is: each kind by its signs, and what must not be taken for spoofing.
#include "mail/senders.h"

#include <gtest/gtest.h>

#include "base/ip.h"

namespace rw {
namespace {

const Organisation kNobody;
const std::vector<std::string> kSelectors = {"s1"};

SenderSource source(std::int64_t messages, std::int64_t dkim, std::int64_t spf) {
  SenderSource out;
  out.address = Ip::v4(0xCB007109);  // 203.0.113.9
  out.counts.messages = messages;
  out.counts.dkim_aligned = dkim;
  out.counts.spf_aligned = spf;
  out.counts.aligned = std::max(dkim, spf);
  out.days = 2;
  return out;
}

SenderKind kind_of(SenderSource& one, const std::vector<std::string>& selectors = kSelectors,
                   const Organisation& organisation = kNobody) {
  classify_sender({organisation, "example.org", selectors}, one);
  EXPECT_FALSE(one.reasons.empty());
  return one.kind;
}

TEST(Senders, InsideIsOwnWhateverItSends) {
  Organisation organisation;
  organisation.prefixes = {*Prefix::parse("203.0.113.0/24")};
  SenderSource one = source(10, 0, 0);
  EXPECT_EQ(kind_of(one, kSelectors, organisation), SenderKind::kOwn);
  EXPECT_EQ(one.reasons.front(), "in the organisation's prefix 203.0.113.0/24");
}

TEST(Senders, SpfNamesOurOwn) {
  SenderSource one = source(100, 0, 97);
  one.spf = {{"mail.example.org", "", "pass", 97}};
  EXPECT_EQ(kind_of(one), SenderKind::kOwn);
  EXPECT_EQ(one.organisation, "example.org");
}

TEST(Senders, AServiceIsKnownByWhatItAuthenticatesAs) {
  SenderSource one = source(100, 100, 0);
  one.dkim = {{"example.org", "sg", "pass", 100}};
  one.other_signers = {"sendgrid.net"};
  one.spf = {{"u1.wl.sendgrid.net", "", "pass", 100}};
  EXPECT_EQ(kind_of(one), SenderKind::kService);
  EXPECT_EQ(one.service, "SendGrid");
  SenderSource claimed = source(100, 0, 0);  // a name that did not pass proves nothing
  claimed.spf = {{"bounce.sendgrid.net", "", "fail", 100}};
  EXPECT_EQ(kind_of(claimed), SenderKind::kSpoofing);
}

TEST(Senders, AForwarderKeepsOurSignature) {
  SenderSource one = source(20, 20, 0);
  one.dkim = {{"example.org", "s1", "pass", 20}};
  one.spf = {{"alumni.example.edu", "", "pass", 20}};
  EXPECT_EQ(kind_of(one), SenderKind::kForwarder);
  EXPECT_EQ(one.organisation, "example.edu");
  one.dkim[0].selector = "own-tool";  // a key that no other source of ours uses: not handed on, but made there
  EXPECT_EQ(kind_of(one), SenderKind::kOwn);
}

TEST(Senders, AMailingListBreaksOurSignature) {
  SenderSource one = source(20, 0, 0);
  one.dkim = {{"example.org", "s1", "fail", 20}};
  one.spf = {{"lists.example.net", "", "pass", 20}};
  EXPECT_EQ(kind_of(one), SenderKind::kMailingList);
  SenderSource told = source(20, 0, 0);
  told.overrides = {{"mailing_list", 19}};
  EXPECT_EQ(kind_of(told), SenderKind::kMailingList);
  SenderSource forwarded = source(20, 0, 0);
  forwarded.overrides = {{"forwarded", 19}};
  EXPECT_EQ(kind_of(forwarded), SenderKind::kForwarder);
}

TEST(Senders, NothingThatAuthenticatesIsSpoofing) {
  SenderSource one = source(20, 0, 0);
  one.spf = {{"mail.bulk.example", "", "pass", 20}};
  EXPECT_EQ(kind_of(one), SenderKind::kSpoofing);
  SenderSource bare = source(20, 0, 0);
  bare.spf = {{"example.org", "", "fail", 20}};
  EXPECT_EQ(kind_of(bare), SenderKind::kSpoofing);
}

TEST(Senders, WhatCannotBeToldApartIsUnknown) {
  // The domain signs nothing: a plain forwarder looks like this.
  SenderSource few = source(3, 0, 0);
  few.spf = {{"example.org", "", "fail", 3}};
  EXPECT_EQ(kind_of(few, {}), SenderKind::kUnknown);
  // With our reverse path, for weeks, and SPF does not forbid it.
  SenderSource steady = source(300, 0, 0);
  steady.days = 30;
  steady.spf = {{"example.org", "", "softfail", 300}};
  EXPECT_EQ(kind_of(steady), SenderKind::kUnknown);
  SenderSource mute = source(5, 0, 0);
  mute.counts.unknown_result = 5;
  EXPECT_EQ(kind_of(mute), SenderKind::kUnknown);
  SenderSource some = source(5, 0, 0);
  some.overrides = {{"forwarded", 1}};
  EXPECT_EQ(kind_of(some), SenderKind::kUnknown);
}

TEST(Senders, ServicesAreFoundByAnyNameBelowThem) {
  EXPECT_EQ(known_service("bounces.eu-west-1.amazonses.com"), "Amazon SES");
  EXPECT_EQ(known_service("example.onmicrosoft.com"), "Microsoft 365");
  EXPECT_EQ(known_service("notsendgrid.net"), "");
  EXPECT_EQ(known_service(""), "");
}

}  // namespace
}  // namespace rw
