// Detectors of mail over small lakes: a courtship over ten days, deceivers, weak policies, and ordinary mail that
// raises nothing.
#include <gtest/gtest.h>

#include <deque>

#include "detect/detector.h"
#include "detect/thresholds.h"
#include "mail/sketch.h"
#include "small_lake.h"

namespace rw {
namespace {

// A message with sensible defaults; text that must live is kept here.
class Mails {
 public:
  std::string_view keep(std::string text) {
    text_.push_back(std::move(text));
    return text_.back();
  }
  MailMessage& add(std::string_view time, std::string_view from, std::string_view recipient = "jane") {
    MailMessage mail;
    mail.time = at(time).us;
    mail.message_id = keep(std::to_string(mails_.size()) + "@" + std::string(from.substr(from.find('@') + 1)));
    mail.author_state = "one";
    mail.from_address = keep(std::string(from));
    mail.from_domain = mail.from_address.substr(mail.from_address.find('@') + 1);
    mail.recipient = keep("hash-of-" + std::string(recipient));
    mail.recipient_domain = "example.org";
    mail.spf = "pass", mail.dkim = "pass", mail.arc = "none", mail.dmarc = mail.dmarc_7489 = "pass";
    mail.dmarc_policy = "reject";
    mail.verdict = "pass";
    mail.signs = "";
    mail.sensor = "test";
    mails_.push_back(mail);
    return mails_.back();
  }
  void into(SmallLake& small) {
    small.add_rows([&](Emitter& emitter) {
      for (const MailMessage& mail : mails_) emitter.add(mail);
    });
  }

 private:
  std::deque<std::string> text_;
  std::deque<MailMessage> mails_;
};

DetectContext ours() {
  DetectContext context;
  context.organisation.domains = {"example.org"};
  return context;
}

std::vector<Finding> detect(SmallLake& small, std::string_view id, const DetectContext& context = ours()) {
  auto findings = run_detector(small.lake(), *find_detector(id), context);
  EXPECT_TRUE(findings) << findings.error().message;
  return findings ? *findings : std::vector<Finding>{};
}

std::string text_figure(const Finding& finding, std::string_view name) {
  for (const Figure& figure : finding.figures)
    if (figure.name == name)
      if (const auto* text = std::get_if<std::string>(&figure.value)) return *text;
  return "";
}
double score(const Finding& finding) {
  for (const Figure& figure : finding.figures)
    if (figure.name == "score") {
      const auto* whole = std::get_if<std::int64_t>(&figure.value);
      return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(figure.value);
    }
  return -1;
}

const std::string kOpener =
    "I am a journalist who writes about sanctions and the policy of the peninsula. I have read your paper with great "
    "interest and "
    "would be grateful for your opinion on the coming talks. Could you answer three short questions by the end of next "
    "week?";

// Five messages over ten days: from a look-alike through a domain with p=none.
void courtship(Mails& mails, std::string_view from = "editor@examp1e.org") {
  const auto letter = [&](std::string_view time) -> MailMessage& {
    MailMessage& mail = mails.add(time, from);
    mail.from_name = "Ken Suzuki";
    mail.verdict = "fail-delivered", mail.dmarc = mail.dmarc_7489 = "fail", mail.dmarc_policy = "none";
    mail.spf_domain = "broken-into.net", mail.dkim = "none";
    mail.impersonates = "example.org", mail.impersonation = "confusable";
    mail.signs = "fail-delivered like-confusable";
    return mail;
  };
  letter("2024-05-02T08:00:00Z").sketch = mails.keep(sketch_of(kOpener).hex);
  letter("2024-05-04T08:00:00Z");
  MailMessage& drift = letter("2024-05-06T08:00:00Z");
  drift.reply_to_address = "ken.suzuki@naver.com", drift.reply_to_domain = "naver.com";
  drift.signs = "fail-delivered like-confusable reply-to-differs reply-to-free-mail";
  MailMessage& link = letter("2024-05-09T08:00:00Z");
  link.links = 1;
  MailMessage& document = letter("2024-05-12T08:00:00Z");
  document.attachments = 1, document.macros = 1;
  document.signs = "fail-delivered like-confusable macros auto-macros";
}

// What two hundred days of an office bring: newsletters, lists, receipts, forwarders, colleagues, bounces.
void ordinary(Mails& mails, int count) {
  const std::string newsletter = sketch_of(
                                     "This week in our newsletter we look at seven new books about the sea and the "
                                     "people who live on its shores, and "
                                     "at the winners of the prize for travel writing.")
                                     .hex;
  for (int i = 0; i < count; ++i) {
    const std::string time = "2024-05-" + std::string(i % 28 < 9 ? "0" : "") + std::to_string(i % 28 + 1) + "T10:0" +
                             std::to_string(i % 10) + ":00Z";
    const std::string who = "p" + std::to_string(i % 7);
    switch (i % 8) {
      case 0: {
        MailMessage& mail = mails.add(time, "news@letter.net", who);
        mail.signs = "bulk link-text-differs", mail.links = 30, mail.misleading_links = 2;
        mail.sketch = mails.keep(newsletter);
        break;
      }
      case 1: {  // a list breaks the signature of somebody whose policy is none
        MailMessage& mail = mails.add(time, mails.keep("author" + std::to_string(i) + "@university.edu"), who);
        mail.verdict = "fail-delivered", mail.dmarc = "fail", mail.dmarc_policy = "none", mail.dkim = "fail",
        mail.spf_domain = "lists.net";
        mail.reply_to_address = "list@lists.net", mail.reply_to_domain = "lists.net";
        mail.signs = "fail-delivered reply-to-differs mailing-list";
        mail.links = 2;
        break;
      }
      case 2: {  // forwarded by an alumni address
        MailMessage& mail = mails.add(time, "old.friend@college.edu", who);
        mail.verdict = "fail-delivered", mail.dmarc = "fail", mail.dmarc_policy = "none", mail.dkim = "none",
        mail.spf_domain = "forwarder.net";
        mail.signs = "fail-delivered forwarded";
        break;
      }
      case 3: {
        MailMessage& mail = mails.add(time, "orders@shop.com", who);
        mail.signs = "automatic", mail.links = 5, mail.attachments = 1;
        mail.reply_to_address = "help@shop-support.com", mail.reply_to_domain = "shop-support.com";
        break;
      }
      case 4: {  // a colleague elsewhere, who follows up and sends papers
        MailMessage& mail = mails.add(time, "colleague@institute.org", "p1");
        mail.attachments = i % 16 == 4 ? 1 : 0;
        mail.links = i % 24 == 4 ? 1 : 0;
        break;
      }
      case 5: {  // somebody who writes from work and wants answers at home
        MailMessage& mail = mails.add(time, "anna@ministry.gov", "p2");
        mail.reply_to_address = "anna@gmail.com", mail.reply_to_domain = "gmail.com";
        mail.signs = "reply-to-differs reply-to-free-mail";
        mail.attachments = i % 3 == 0 ? 1 : 0;
        break;
      }
      case 6: {
        MailMessage& mail = mails.add(time, "mailer-daemon@provider.net", who);
        mail.signs = "automatic bounce";
        break;
      }
      default: {
        MailMessage& mail = mails.add(time, "calendar@partner.net", who);
        mail.signs = "calendar", mail.attachments = 1;
        break;
      }
    }
  }
}

TEST(Courtship, FiveLettersInTenDaysAreNamedWithTheirTimeline) {
  SmallLake small;
  Mails mails;
  MailMessage& stolen = mails.add("2024-04-20T08:00:00Z", "real.reporter@press.net", "mike");
  stolen.sketch = mails.keep(sketch_of("Dear Mike, " + kOpener).hex);
  courtship(mails);
  ordinary(mails, 200);
  mails.into(small);
  const auto findings = detect(small, "courtship");
  ASSERT_EQ(findings.size(), 1U);
  const Finding& finding = findings[0];
  EXPECT_EQ(finding.first_seen, at("2024-05-02T08:00:00Z"));
  EXPECT_EQ(finding.last_seen, at("2024-05-12T08:00:00Z"));
  EXPECT_EQ(finding.entities, (std::vector<Entity>{{"correspondent", "editor@examp1e.org"}}));
  EXPECT_EQ(finding.severity, Severity::kHigh);
  EXPECT_EQ(finding.confidence, Confidence::kHigh);
  const std::string signs = text_figure(finding, "signs");
  for (const char* sign : {"harmless-opener 1", "lookalike 3", "fail-delivered 2", "other-sender 1", "reply-to-drift 2",
                           "reply-to-free-mail 1", "reused-text 2", "follow-up 1", "later-link 1", "later-attachment 1",
                           "harmful-attachment 3"})
    EXPECT_NE(signs.find(sign), std::string::npos) << sign << " in " << signs;
  const std::string timeline = text_figure(finding, "timeline");
  EXPECT_TRUE(timeline.starts_with("2024-05-02 harmless opener")) << timeline;
  EXPECT_NE(timeline.find("2024-05-04 "), std::string::npos);
  EXPECT_NE(timeline.find("follow-up without an answer"), std::string::npos) << timeline;
  EXPECT_NE(timeline.find("2024-05-12 "), std::string::npos);
  EXPECT_NE(timeline.find("a document with macros"), std::string::npos) << timeline;
  // Our people are hashes, and not even those are told.
  for (const std::string& text : {finding.summary, timeline, signs, finding.observations.query})
    EXPECT_EQ(text.find("jane"), std::string::npos) << text;
}

TEST(Courtship, OrdinaryMailRaisesNothingAnywhere) {
  SmallLake small;
  Mails mails;
  ordinary(mails, 200);
  mails.into(small);
  for (const char* id : {"courtship", "impersonation", "weak-policy"}) {
    const auto findings = detect(small, id);
    EXPECT_TRUE(findings.empty()) << id << ": " << findings.front().summary;
  }
}

TEST(Courtship, AddressesThatDriftAreOneCorrespondent) {
  SmallLake small;
  Mails mails;
  const auto letter = [&](std::string_view time, std::string_view from) -> MailMessage& {
    MailMessage& mail = mails.add(time, from);
    mail.from_name = "Ken Suzuki";
    return mail;
  };
  letter("2024-05-02T08:00:00Z", "ken@thinktank.test");
  MailMessage& second = letter("2024-05-05T08:00:00Z", "ken@press-agency.test");
  second.verdict = "fail-delivered", second.dmarc = "fail", second.signs = "fail-delivered reply-to-differs";
  second.reply_to_address = "k@other.test", second.reply_to_domain = "other.test";
  MailMessage& third = letter("2024-05-07T08:00:00Z", "k@other.test");
  third.attachments = 1, third.signs = "encrypted-archive";
  mails.into(small);
  const auto findings = detect(small, "courtship");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0].value, "ken@thinktank.test");
  EXPECT_NE(text_figure(findings[0], "signs").find("domain-drift"), std::string::npos);
  EXPECT_GE(score(findings[0]), 7);
}

TEST(Courtship, AnAnswerOfOursEndsTheFollowUps) {
  const auto with_answer = [](bool answered) {
    SmallLake small;
    Mails mails;
    courtship(mails);
    if (answered) {
      MailMessage& answer = mails.add("2024-05-03T08:00:00Z", "jane@example.org", "editor");
      answer.recipient_domain = "examp1e.org";
      answer.in_reply_to = "0@examp1e.org";
    }
    mails.into(small);
    const auto findings = detect(small, "courtship");
    return findings.empty() ? std::string() : text_figure(findings[0], "signs");
  };
  EXPECT_NE(with_answer(false).find("follow-up"), std::string::npos);
  EXPECT_EQ(with_answer(true).find("follow-up"), std::string::npos);
}

TEST(Courtship, ListFieldsHideNoDeceiver) {
  SmallLake small;
  Mails mails;
  courtship(mails);
  mails.into(small);
  SmallLake hidden;
  Mails disguised;
  for (const char* time : {"2024-05-02T08:00:00Z", "2024-05-04T08:00:00Z", "2024-05-06T08:00:00Z"}) {
    MailMessage& mail = disguised.add(time, "editor@examp1e.org");
    mail.verdict = "fail-delivered", mail.impersonates = "example.org", mail.impersonation = "confusable";
    mail.signs = "fail-delivered like-confusable reply-to-differs mailing-list bulk";
    mail.reply_to_domain = "naver.com", mail.reply_to_address = "k@naver.com";
  }
  disguised.into(hidden);
  EXPECT_EQ(detect(hidden, "courtship").size(), 1U);
}

TEST(Courtship, WhoWritesToManyCourtsNobody) {
  SmallLake small;
  Mails mails;
  for (int i = 0; i < 60; ++i) {
    MailMessage& mail = mails.add(i % 2 == 0 ? "2024-05-02T08:00:00Z" : "2024-05-05T08:00:00Z", "promo@shop.test",
                                  mails.keep("p" + std::to_string(i / 2)));
    mail.verdict = "fail-delivered", mail.signs = "fail-delivered reply-to-differs reply-to-free-mail";
    mail.links = i % 2, mail.reply_to_address = "p@gmail.com", mail.reply_to_domain = "gmail.com";
  }
  mails.into(small);
  EXPECT_TRUE(detect(small, "courtship").empty());
}

TEST(Impersonation, OneFindingForEachDeceiverAndWhomItLooksLike) {
  SmallLake small;
  Mails mails;
  courtship(mails);
  MailMessage& name = mails.add("2024-05-03T08:00:00Z", "jane.roe77@gmail.com");
  name.impersonates = "Jane Roe", name.impersonation = "display-name", name.signs = "like-display-name";
  MailMessage& reply = mails.add("2024-05-03T08:00:00Z", "a@third.test");
  reply.impersonates = "example.org", reply.impersonation = "distance",
  reply.signs = "reply-to-differs reply-to-lookalike";
  reply.reply_to_domain = "exmaple.org", reply.reply_to_address = "a@exmaple.org";
  mails.into(small);
  const auto findings = detect(small, "impersonation");
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"domain", "examp1e.org"}, {"impersonates", "example.org"}}));
  EXPECT_EQ(findings[0].severity, Severity::kHigh);
  EXPECT_EQ(findings[1].entities, (std::vector<Entity>{{"domain", "exmaple.org"}, {"impersonates", "example.org"}}));
  EXPECT_EQ(findings[1].severity, Severity::kMedium);
  EXPECT_EQ(findings[2].entities,
            (std::vector<Entity>{{"mail_address", "jane.roe77@gmail.com"}, {"impersonates", "Jane Roe"}}));
}

TEST(WeakPolicy, TellsWhichRecordToPublish) {
  SmallLake small;
  Mails mails;
  MailMessage& none = mails.add("2024-05-02T08:00:00Z", "a@press.thinktank.org");
  none.verdict = "fail-delivered", none.dmarc = "fail", none.dmarc_domain = "thinktank.org", none.dmarc_policy = "none";
  none.spf_domain = "evil.test", none.signs = "fail-delivered reply-to-differs";
  MailMessage& own = mails.add("2024-05-02T08:00:00Z", "boss@example.org");
  own.verdict = "fail-delivered", own.dmarc = "none", own.dmarc_policy = std::string_view(), own.spf = "fail",
  own.dkim = "none";
  own.signs = "fail-delivered";
  mails.into(small);
  const auto findings = detect(small, "weak-policy");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].entities[0].value, "example.org");
  EXPECT_EQ(findings[0].severity, Severity::kHigh);
  EXPECT_NE(findings[0].summary.find("is missing"), std::string::npos) << findings[0].summary;
  EXPECT_EQ(findings[1].entities[0].value, "thinktank.org");
  EXPECT_EQ(text_figure(findings[1], "record"),
            "_dmarc.thinktank.org TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@thinktank.org\"");
}

TEST(WeakPolicy, OwnDomainsFromTheNewestAudit) {
  SmallLake small;
  small.add_rows([](Emitter& emitter) {
    const auto item = [&](std::string_view time, std::string_view domain, std::string_view name,
                          std::string_view status) {
      MailAudit row;
      row.time = at(time).us;
      row.domain = domain, row.topic = "dmarc", row.item = name, row.status = status;
      emitter.add(row);
    };
    item("2024-05-01T00:00:00Z", "example.org", "policy", "good");
    item("2024-05-02T00:00:00Z", "example.org", "record", "good");
    item("2024-05-02T00:00:00Z", "example.org", "policy", "bad");
    item("2024-05-02T00:00:00Z", "elsewhere.test", "record", "bad");
    item("2024-05-01T00:00:00Z", "mended.example.org", "record", "bad");
    item("2024-05-02T00:00:00Z", "mended.example.org", "record", "good");
  });
  const auto findings = detect(small, "weak-policy");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0].value, "example.org");
  EXPECT_NE(findings[0].summary.find("policy none"), std::string::npos) << findings[0].summary;
}

}  // namespace
}  // namespace rw
