// Audits of zones that are wrong in each way, and that the records they print put right.
#include "mail/audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace rw {
namespace {

const Timestamp kNow = *Timestamp::parse("2026-11-25T12:00:00Z");

std::string zone_text(const std::string& records) {
  return "$ORIGIN example.org.\n$TTL 300\n@ SOA ns h 1 2 3 4 5\n NS ns\nns A 192.0.2.53\n" + records +
         "\n$ORIGIN org.\n@ SOA ns h 1 2 3 4 5\n$ORIGIN example.\n@ SOA ns h 1 2 3 4 5\n";
}

// A server and a key.
const std::string kSome =
    "@ MX 10 mx\nmx A 192.0.2.1\n"
    "s1._domainkey TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n";
constexpr const char* kGood =
    "@ MX 10 mx\nmx A 192.0.2.1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject; "
    "rua=mailto:d@example.org\"\n"
    "s1._domainkey TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n";

struct Made {
  ZoneResolver zone;
  Audit audit;
};

std::unique_ptr<Made> audit_of(const std::string& records, AuditOptions options = {}) {
  auto made = std::make_unique<Made>();
  const auto done = made->zone.parse(zone_text(records), "z");
  EXPECT_TRUE(done) << done.error().message;
  options.now = kNow;
  made->audit = audit_domain(made->zone, "example.org", options);
  return made;
}

std::string spf(const std::string& record, const std::string& more = "") {
  return kSome + "@ TXT \"" + record + "\"\n" + more + "_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@example.org\"\n";
}

AuditStatus status(const Audit& audit, std::string_view topic, std::string_view item) {
  const AuditItem* found = audit.find(topic, item);
  EXPECT_NE(found, nullptr) << topic << " " << item;
  return found == nullptr ? AuditStatus::kUnknown : found->status;
}

// The domain with all printed records that are its own to publish.
Audit afterwards(Made& made, bool also_elsewhere = false) {
  OverlayResolver published(made.zone);
  for (const AuditRecord& record : made.audit.records)
    if (!record.needs_work && (also_elsewhere || !record.elsewhere)) published.publish(record);
  return audit_domain(published, "example.org", {.now = kNow});
}

std::string bad_items(const Audit& audit) {
  std::string text;
  for (const AuditItem& item : audit.items)
    if (item.status == AuditStatus::kBad) text += item.topic + " " + item.item + ": " + item.text + "\n";
  return text;
}

TEST(Audit, AGoodDomainHasAnAAndNothingToPublishButTransport) {
  const auto made = audit_of(kGood);
  EXPECT_EQ(made->audit.grade, 'A') << bad_items(made->audit);
  EXPECT_TRUE(made->audit.raise.empty());
  for (const AuditRecord& record : made->audit.records)
    EXPECT_TRUE(record.name.starts_with("_mta-sts.") || record.name.starts_with("_smtp._tls.")) << zone_line(record);
  EXPECT_EQ(made->audit.sends_mail, SendsMail::kYes);
}

TEST(Audit, ADomainWithNothingIsAnFAndItsRecordsHold) {
  const auto made = audit_of("@ MX 10 mx\nmx A 192.0.2.1\n");
  EXPECT_EQ(made->audit.grade, 'F');
  EXPECT_EQ(status(made->audit, "dmarc", "record"), AuditStatus::kBad);
  EXPECT_EQ(status(made->audit, "spf", "record"), AuditStatus::kBad);
  const Audit after = afterwards(*made);
  EXPECT_EQ(after.grade, 'D');  // p=none: the next steps are proven by mail advise
  EXPECT_EQ(made->audit.grade_after, after.grade);
  EXPECT_EQ(status(after, "spf", "record"), AuditStatus::kGood);
  EXPECT_EQ(status(after, "dmarc", "record"), AuditStatus::kGood);
}

TEST(Audit, EverySpfProblemIsTold) {
  const std::tuple<std::string, std::string, AuditStatus, char> cases[] = {
      {"v=spf1 mx +all", "all", AuditStatus::kBad, 'F'},
      {"v=spf1 mx ?all", "all", AuditStatus::kWarning, 'C'},
      {"v=spf1 mx", "all", AuditStatus::kWarning, 'C'},
      {"v=spf1 mx ptr -all", "ptr", AuditStatus::kWarning, 'B'},
      {"v=spf1 -all mx", "behind-all", AuditStatus::kWarning, 'B'},
      {"v=spf1 mx include:nothing.example.org -all", "include", AuditStatus::kBad, 'D'},
      {"v=spf1 mx include:example.org -all", "loop", AuditStatus::kBad, 'D'},
      {"v=spf1 mx redirect=example.org", "loop", AuditStatus::kBad, 'D'},
      {"v=spf1 mx a:n1.example.org a:n2.example.org a:n3.example.org -all", "void-lookups", AuditStatus::kBad, 'D'},
      {"v=spf1 mx a:n1.example.org -all", "void-lookups", AuditStatus::kWarning, 'B'},
      {"v=spf1 ip4:10.0.0.0/8 -all", "wide-network", AuditStatus::kWarning, 'B'},
      {"v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.7 -all", "redundant", AuditStatus::kWarning, 'A'},
      {"v=spf1 mx ip4:300.1.2.3 -all", "record", AuditStatus::kBad, 'D'},
      {"v=spf1 mx include:open.example.org -all", "everybody", AuditStatus::kBad, 'F'},
  };
  for (const auto& [record, item, wanted, grade] : cases) {
    const auto made = audit_of(spf(record, "open TXT \"v=spf1 +all\"\n"));
    EXPECT_EQ(status(made->audit, "spf", item), wanted) << record;
    EXPECT_EQ(made->audit.grade, grade) << record;
    if (item == "wide-network") continue;  // which addresses send is the owner's to know
    const Audit after = afterwards(*made);
    for (const AuditItem& one : after.items)
      EXPECT_FALSE(one.topic == "spf" && (one.status == AuditStatus::kBad || one.status == AuditStatus::kWarning))
          << record << " became " << after.spf.record << ": " << one.text;
    EXPECT_EQ(after.grade, 'A') << record;
  }
}

TEST(Audit, SeveralSpfRecordsBecomeOne) {
  const auto made = audit_of(spf("v=spf1 mx -all", "@ TXT \"v=spf1 ip4:198.51.100.1 ~all\"\n"));
  EXPECT_EQ(made->audit.grade, 'D');
  const Audit after = afterwards(*made);
  EXPECT_EQ(after.spf.record, "v=spf1 mx ip4:198.51.100.1 ~all");
  EXPECT_EQ(after.grade, 'A');
}

TEST(Audit, TooManyLookupsAreFlattenedAndSpreadOverRecordsThatFit) {
  std::string record = "v=spf1 a mx", more;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "p" + std::to_string(i);
    record += " include:" + name + ".example.org";
    more += name + " TXT \"v=spf1";
    for (int j = 0; j < 12; ++j) more += " ip4:10." + std::to_string(i) + "." + std::to_string(j) + ".0/24";
    more += " -all\"\n";
  }
  record.insert(200, "\" \"");  // two strings of one record
  const auto made = audit_of(spf(record + " -all", "@ A 192.0.2.80\n" + more));
  EXPECT_EQ(made->audit.spf.lookups, 14u);
  EXPECT_EQ(status(made->audit, "spf", "lookups"), AuditStatus::kBad);
  const Audit after = afterwards(*made);
  EXPECT_LE(after.spf.lookups, 10u);
  EXPECT_EQ(after.grade, 'A') << bad_items(after) << after.spf.record;
  for (const AuditRecord& one : made->audit.records)
    EXPECT_TRUE(one.type != "TXT" || one.value.size() <= 450u) << one.value;
}

TEST(Audit, AHugeTreeEndsSoon) {
  std::string more;
  for (int i = 0; i < 60; ++i) {  // 60 records of 60 networks, each including two others, some of them in circles
    more += "t" + std::to_string(i) + " TXT (\"v=spf1 include:t" + std::to_string(i * 2 % 60) +
            ".example.org include:t" + std::to_string((i * 2 + 1) % 60) + ".example.org\"";
    for (int j = 0; j < 60; ++j) more += " \" ip4:10." + std::to_string(i) + "." + std::to_string(j) + ".0/24\"";
    more += " \" -all\")\n";
  }
  const auto made = audit_of(spf("v=spf1 include:t1.example.org include:t2.example.org -all", more));
  EXPECT_EQ(status(made->audit, "spf", "lookups"), AuditStatus::kBad);
  EXPECT_EQ(status(made->audit, "spf", "loop"), AuditStatus::kBad);
  EXPECT_EQ(afterwards(*made).grade, 'A');
}

TEST(Audit, TheTreeCountsWhatLiesBelow) {
  const auto made = audit_of(
      spf("v=spf1 include:a.example.org mx -all",
          "a TXT \"v=spf1 include:b.example.org a:mx.example.org -all\"\nb TXT \"v=spf1 ip4:192.0.2.9 -all\"\n"));
  const SpfNode& root = made->audit.spf;
  EXPECT_EQ(root.lookups, 4u);
  ASSERT_EQ(root.below.size(), 2u);
  EXPECT_EQ(root.below[0].lookups, 3u);
  EXPECT_EQ(root.below[0].below[0].term, "include:b.example.org");
}

TEST(Audit, UnknownIsNeitherMissingNorAGrade) {
  const auto failed = audit_of(std::string(kGood) + ";! fail _dmarc.example.org. SERVFAIL from 192.0.2.53\n");
  EXPECT_FALSE(failed->audit.grade.has_value());
  EXPECT_EQ(status(failed->audit, "dmarc", "record"), AuditStatus::kUnknown);
  EXPECT_TRUE(std::none_of(failed->audit.records.begin(), failed->audit.records.end(),
                           [](const AuditRecord& r) { return r.name.starts_with("_dmarc"); }));
  const auto part = audit_of(spf("v=spf1 mx include:down.example.org -all", ";! fail down TXT timed out\n"));
  EXPECT_EQ(part->audit.grade, 'A');  // what is not known lowers nothing
  EXPECT_EQ(status(part->audit, "spf", "tree"), AuditStatus::kUnknown);
  const auto spf_failed = audit_of(kSome +
                                   ";! fail example.org. TXT SERVFAIL\n"
                                   "_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@example.org\"\n");
  EXPECT_EQ(status(spf_failed->audit, "spf", "record"), AuditStatus::kUnknown);
  EXPECT_EQ(spf_failed->audit.grade, 'A') << spf_failed->audit.grade_reasons.front();
  EXPECT_NE(spf_failed->audit.grade_reasons.back().find("left out"), std::string::npos);
}

TEST(Audit, ADomainThatDoesNotExistGetsNoRecords) {
  ZoneResolver zone;
  ASSERT_TRUE(zone.parse(zone_text(kGood), "z"));
  const Audit audit = audit_domain(zone, "gone.example.org", {.now = kNow});
  EXPECT_FALSE(audit.grade.has_value());
  EXPECT_EQ(status(audit, "mx", "domain"), AuditStatus::kBad);
  EXPECT_TRUE(audit.records.empty());
}

TEST(Audit, DmarcProblemsAndTheirGrades) {
  const std::tuple<std::string, std::string, char> cases[] = {
      {"v=DMARC1; p=none; rua=mailto:d@example.org", "policy", 'D'},
      {"v=DMARC1; p=none", "policy", 'E'},
      {"v=DMARC1; p=quarantine; rua=mailto:d@example.org", "policy", 'B'},
      {"v=DMARC1; p=reject", "rua", 'B'},
      {"v=DMARC1; p=reject; pct=20; rua=mailto:d@example.org", "pct", 'C'},
      {"v=DMARC1; p=quarantine; t=y; rua=mailto:d@example.org", "testing", 'D'},
      {"v=DMARC1; p=reject; sp=none; rua=mailto:d@example.org", "sp", 'C'},
      {"v=DMARC1; p=reject; np=none; rua=mailto:d@example.org", "np", 'C'},
      {"v=DMARC1; p=reject; rua=mailto:d@reports.example", "rua/reports.example", 'C'},
  };
  for (const auto& [record, item, grade] : cases) {
    const auto made = audit_of(kSome + "@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"" + record + "\"\n");
    EXPECT_NE(made->audit.find("dmarc", item), nullptr) << record;
    EXPECT_EQ(made->audit.grade, grade) << record;
    const Audit after = afterwards(*made, true);
    for (const AuditItem& one : after.items)
      EXPECT_FALSE(one.topic == "dmarc" && one.status == AuditStatus::kBad) << record << one.text;
  }
  const auto several =
      audit_of("_dmarc TXT \"v=DMARC1; p=reject\"\n_dmarc TXT \"v=DMARC1; p=none; rua=mailto:d@example.org\"\n");
  EXPECT_EQ(several->audit.grade, 'F');
  const Audit after = afterwards(*several);
  ASSERT_TRUE(after.dmarc.record.has_value());
  EXPECT_EQ(after.dmarc.record->p, DmarcPolicy::kNone);  // the mildest of those that nobody used
}

TEST(Audit, ReportsElsewhereNeedTheirConsent) {
  const auto made = audit_of("_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@reports.example\"\n");
  const auto record = std::find_if(made->audit.records.begin(), made->audit.records.end(),
                                   [](const AuditRecord& r) { return r.elsewhere; });
  ASSERT_NE(record, made->audit.records.end());
  EXPECT_EQ(zone_line(*record), "example.org._report._dmarc.reports.example. IN TXT \"v=DMARC1\"");
  EXPECT_EQ(status(afterwards(*made, true), "dmarc", "rua/reports.example"), AuditStatus::kGood);
  const auto down = audit_of("_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@far.away.test\"\n");  // in no zone here
  EXPECT_EQ(status(down->audit, "dmarc", "rua/far.away.test"), AuditStatus::kUnknown);
}

TEST(Audit, ParkedDomainsGetTheirWholeSet) {
  const auto made = audit_of("@ TXT \"v=spf1 -all\"\n");
  EXPECT_EQ(made->audit.sends_mail, SendsMail::kNo);
  std::vector<std::string> lines;
  for (const AuditRecord& record : made->audit.records) lines.push_back(zone_line(record));
  EXPECT_EQ(lines,
            (std::vector<std::string>{"example.org. IN MX 0 .", "*._domainkey.example.org. IN TXT \"v=DKIM1; p=\"",
                                      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\""}));
  const Audit after = afterwards(*made);
  EXPECT_EQ(after.grade, 'A') << bad_items(after);
  EXPECT_EQ(after.items.size(),
            static_cast<std::size_t>(std::count_if(after.items.begin(), after.items.end(), [](const AuditItem& i) {
              return i.status != AuditStatus::kBad && i.status != AuditStatus::kWarning;
            })));
}

TEST(Audit, DkimKeysBySelector) {
  AuditOptions options;
  options.common_selectors = false;
  options.selectors = {{.selector = "gone"},
                       {.selector = "OLD", .origin = "mail", .first_seen = *Timestamp::parse("2024-01-01")},
                       {.selector = "void"},
                       {.selector = "was", .origin = "reports"}};
  const auto made =
      audit_of(std::string(kGood) +
                   "old._domainkey TXT \"v=DKIM1; k=ed25519; t=y:s; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
                   "void._domainkey TXT \"v=DKIM1; p=\"\n",
               options);
  EXPECT_EQ(status(made->audit, "dkim", "key/gone"), AuditStatus::kBad);
  EXPECT_EQ(status(made->audit, "dkim", "key/old"), AuditStatus::kGood);
  EXPECT_EQ(status(made->audit, "dkim", "testing/old"), AuditStatus::kWarning);
  EXPECT_EQ(status(made->audit, "dkim", "age/old"), AuditStatus::kWarning);
  EXPECT_EQ(status(made->audit, "dkim", "key/void"), AuditStatus::kInfo);
  EXPECT_EQ(status(made->audit, "dkim", "key/was"), AuditStatus::kInfo);
  const auto fixed = std::find_if(made->audit.records.begin(), made->audit.records.end(),
                                  [](const AuditRecord& r) { return r.name.starts_with("old."); });
  ASSERT_NE(fixed, made->audit.records.end());
  EXPECT_EQ(fixed->value, "v=DKIM1; k=ed25519; t=s; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
}

TEST(Audit, WhetherThereAreKeysIsOnlyToldWhenTheServerTells) {
  const auto none = audit_of("@ TXT \"v=spf1 mx -all\"\n@ MX 10 mx\nmx A 192.0.2.1\n");
  EXPECT_EQ(status(none->audit, "dkim", "keys"), AuditStatus::kWarning);  // nothing stands below _domainkey
  const auto hidden =
      audit_of("@ TXT \"v=spf1 mx -all\"\n@ MX 10 mx\nmx A 192.0.2.1\nsecret123._domainkey TXT \"v=DKIM1; p=\"\n");
  EXPECT_EQ(status(hidden->audit, "dkim", "keys"), AuditStatus::kUnknown);
  const auto wild =
      audit_of("@ TXT \"v=spf1 mx -all\"\n@ MX 10 mx\nmx A 192.0.2.1\n*._domainkey TXT \"v=DKIM1; p=\"\n");
  EXPECT_EQ(status(wild->audit, "dkim", "wildcard"), AuditStatus::kGood);
  EXPECT_TRUE(wild->audit.keys.empty());
}

TEST(Audit, MailServersThatAreNotThere) {
  const auto made = audit_of(
      "@ MX 10 mx\n@ MX 20 gone\n@ MX 30 alias\n@ MX 40 mx.unregistered.example.\nmx A 192.0.2.1\n"
      "alias CNAME mx\n@ TXT \"v=spf1 mx -all\"\n");
  EXPECT_EQ(status(made->audit, "mx", "host/gone.example.org"), AuditStatus::kBad);
  EXPECT_EQ(status(made->audit, "mx", "host/alias.example.org"), AuditStatus::kWarning);
  EXPECT_NE(made->audit.find("mx", "host/mx.unregistered.example")->text.find("who registers"), std::string::npos);
  const auto record = std::find_if(made->audit.records.begin(), made->audit.records.end(),
                                   [](const AuditRecord& r) { return r.type == "MX"; });
  ASSERT_NE(record, made->audit.records.end());
  EXPECT_EQ(zone_line(*record), "example.org. IN MX 10 mx.example.org.");
  const auto both = audit_of("@ MX 0 .\n@ MX 10 mx\nmx A 192.0.2.1\n");
  EXPECT_EQ(status(both->audit, "mx", "null"), AuditStatus::kBad);
}

TEST(Audit, TransportIsToldAndNotGraded) {
  const std::string tlsa = "_25._tcp.mx TLSA 3 1 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
  EXPECT_EQ(status(audit_of(kGood + tlsa)->audit, "dane", "tlsa/mx.example.org"), AuditStatus::kWarning);
  EXPECT_EQ(status(audit_of(";! secure example.org.\n" + (kGood + tlsa))->audit, "dane", "tlsa/mx.example.org"),
            AuditStatus::kGood);
  EXPECT_EQ(status(audit_of(std::string(kGood) + "_25._tcp.mx TLSA 1 1 1 00\n")->audit, "dane", "tlsa/mx.example.org"),
            AuditStatus::kBad);
  AuditOptions options;
  options.mta_sts_policy = "version: STSv1\r\nmode: enforce\r\nmx: *.example.net\r\nmax_age: 604800\r\n";
  const auto sts = audit_of(std::string(kGood) + "_mta-sts TXT \"v=STSv1; id=1\"\nmta-sts A 192.0.2.2\n", options);
  EXPECT_EQ(status(sts->audit, "mta-sts", "policy"), AuditStatus::kGood);
  EXPECT_EQ(status(sts->audit, "mta-sts", "mx/mx.example.org"), AuditStatus::kBad);
  EXPECT_EQ(sts->audit.grade, 'A');
  EXPECT_EQ(
      status(audit_of(std::string(kGood) + "default._bimi TXT \"v=BIMI1; l=https://example.org/logo.svg\"\n")->audit,
             "bimi", "record"),
      AuditStatus::kGood);
}

TEST(Audit, LongRecordsAreSplitIntoStringsThatReadBack) {
  AuditRecord record{.name = "example.org", .type = "TXT", .value = "v=spf1"};
  for (int i = 0; i < 40; ++i) record.value += " ip4:192.0.2." + std::to_string(i);
  record.value += " \"\\ \xC3\xA9 -all";
  ZoneResolver zone;
  ASSERT_TRUE(zone.parse(zone_line(record) + "\n", "z"));
  const DnsReply reply = zone.lookup("example.org", DnsType::kTxt);
  ASSERT_EQ(reply.state, DnsState::kPresent);
  EXPECT_EQ(reply.records[0].text, record.value);
  for (const std::string& one : reply.records[0].strings) EXPECT_LE(one.size(), 255u);
}

}  // namespace
}  // namespace rw
