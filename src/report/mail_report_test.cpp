// The mail report in every form and both languages, from facts that a test makes.
#include "section/mail_report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "report/answer_writer.h"
#include "report/renderer.h"

namespace rw {
namespace {

Timestamp day(int n) { return Timestamp{Timestamp::parse("2026-09-01")->us + n * kDay.us}; }

SenderCounts counts(std::int64_t passed, std::int64_t delivered, std::int64_t quarantined, std::int64_t rejected) {
  SenderCounts c;
  c.messages = passed + delivered + quarantined + rejected;
  c.aligned = passed;
  c.dkim_aligned = passed;
  c.spf_aligned = passed / 2;
  c.failed_delivered = delivered;
  c.quarantined = quarantined;
  c.rejected = rejected;
  return c;
}

void add(Senders& senders, const std::string& organisation, SenderKind kind, const std::string& address,
         SenderCounts c) {
  SenderSource source;
  source.address = Ip::parse(address).value_or(Ip{});
  source.organisation = organisation;
  source.kind = kind;
  source.counts = c;
  source.first_seen = day(0);
  source.last_seen = day(30);
  SenderGroup group{organisation, kind, c, {senders.sources.size()}, day(0), day(30)};
  senders.sources.push_back(std::move(source));
  senders.groups.push_back(std::move(group));
  senders.counts += c;
}

MailReportFacts facts() {
  MailReportFacts f;
  f.domain = f.senders.domain = "example.org";
  add(f.senders, "example.org", SenderKind::kOwn, "192.0.2.25", counts(48'210, 12, 0, 0));
  add(f.senders, "Mailing Service", SenderKind::kService, "198.51.100.9", counts(6'002, 2'411, 90, 0));
  add(f.senders, "lists.example.net", SenderKind::kMailingList, "203.0.113.5", counts(300, 411, 0, 0));
  add(f.senders, "", SenderKind::kSpoofing, "2001:db8:bad::1", counts(0, 1'204, 31, 7));
  add(f.senders, "cheap-host.example", SenderKind::kSpoofing, "203.0.113.77", counts(0, 310, 0, 0));
  for (int i = 0; i < 60; ++i) {
    if (i >= 20 && i < 23) continue;  // nobody reported
    SenderBucket bucket;
    bucket.begin = day(i);
    bucket.counts = counts(800 + 25 * (i % 7), 20 + (i > 40 ? 90 : 0), i % 3, i % 5 == 0 ? 2 : 0);
    bucket.spoofed = i > 40 ? 80 : 4;
    f.senders.trend.push_back(bucket);
  }
  f.senders.reports = 412;
  f.senders.days = 57;
  f.senders.reporters = {{"Receiver One", 40'000}, {"Receiver Two", 12'000}};
  f.senders.period = {day(0), day(60)};
  f.senders.policy = "none";
  f.audit.emplace();
  f.audit->time = day(58);
  f.audit->rows = {{"grade", "grade", "warning", "C"},
                   {"spf", "lookups", "bad", "12"},
                   {"dmarc", "rua", "warning", "mailto:dmarc@example.org"},
                   {"dnssec", "zone", "unknown", ""},
                   {"mx", "hosts", "good", "2"}};
  Advice& advice = f.advice.emplace();
  advice.domain = f.domain;
  advice.kind = AdviceKind::kHold;
  advice.now = PolicyStep{DmarcPolicy::kNone, false, std::nullopt};
  advice.next = PolicyStep{DmarcPolicy::kQuarantine, true, std::nullopt};
  advice.messages = 58'988;
  advice.legitimate = 56'725;
  advice.legitimate_hit = 2'513;
  advice.upper_share = 0.0456;
  advice.allowed_share = kQuarantineShare;
  advice.forwarded_hit = 411;
  advice.senders = {
      {"Mailing Service", SenderKind::kService, 8'503, 2'501, 41.7, 1, {}, true, "sign with DKIM as example.org"}};
  advice.record =
      AuditRecord{"_dmarc.example.org", "TXT", "v=DMARC1; p=none; rua=mailto:dmarc@example.org", "", "", false, false};
  advice.look_again = day(75);
  Finding finding;
  finding.id = "0123456789abcdef";
  finding.detector = "mail-spoofing";
  finding.title = "Mail in the name of example.org";
  finding.severity = Severity::kHigh;
  finding.first_seen = day(41);
  finding.last_seen = day(59);
  f.findings = {finding};
  return f;
}

Dossier report(Language language) { return mail_report(facts(), {{day(0), day(60)}, language}); }

std::string rendered(std::string_view id, const Dossier& dossier, RenderOptions options = {}) {
  options.version = "0";
  const auto result = find_renderer(id)->render(dossier, options);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? result->text : "";
}

// For people who work on the page: RW_PAGES=FOLDER keeps what the tests render.
void keep(const std::string& name, const std::string& text) {
  if (const char* folder = std::getenv("RW_PAGES"))
    std::ofstream(std::string(folder) + "/" + name, std::ios::binary) << text;
}

TEST(MailReport, SaysWhatTheFactsHold) {
  const Dossier dossier = report(Language::kEnglish);
  ASSERT_EQ(dossier.sections.size(), 4u);
  const auto data = nlohmann::json::parse(rendered("json", dossier));
  EXPECT_EQ(data["report"], "mail");
  EXPECT_EQ(data["domain"], "example.org");
  EXPECT_EQ(data["sections"]["posture"]["policy"], "none");
  EXPECT_EQ(data["sections"]["posture"]["grade"], "C");
  EXPECT_EQ(data["sections"]["senders"]["totals"]["messages"], 58'988);
  EXPECT_EQ(data["sections"]["spoofing"]["sources"], 2);
  EXPECT_EQ(data["sections"]["spoofing"]["spoofed"]["failed_delivered"], 1'514);
  EXPECT_EQ(data["sections"]["spoofing"]["findings"][0], "0123456789abcdef");
  const std::string text = rendered("terminal", dossier);
  keep("mail.txt", text);
  EXPECT_NE(text.find("1,552 messages in the domain's name came from 2 sources"), std::string::npos) << text;
  EXPECT_NE(text.find("Spoofing rose from"), std::string::npos);
  EXPECT_NE(text.find("Mailing Service sends 8,503 messages, of which 70.6 % pass DMARC"), std::string::npos);
  EXPECT_NE(text.find("Stay at none: the next step, quarantine (t=y), would hit 2,513 of 56,725 messages"),
            std::string::npos);
  EXPECT_EQ(data["sections"]["advice"]["advice"]["kind"], "hold");
  EXPECT_EQ(dossier.judgements.size(), 4u);
}

TEST(MailReport, DaysWithoutReportsAreUnknownNotZero) {
  const Dossier dossier = report(Language::kEnglish);
  const Document& data = dossier.sections[2].figures[0].data;
  ASSERT_EQ(data["dates"].items()->size(), 60u);
  const Document& passed = (*data["series"].items())[0];
  EXPECT_TRUE((*passed["values"].items())[21].is_null());
  EXPECT_EQ(*(*passed["values"].items())[0].integer(), 800);
}

TEST(MailReport, WithoutReportsOrAuditSaysSo) {
  MailReportFacts none;
  none.domain = "example.org";
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const Dossier dossier = mail_report(none, {{day(0), day(30)}, language});
    for (const char* form : {"html", "md", "terminal", "json"}) EXPECT_GT(rendered(form, dossier).size(), 500u);
    const auto data = nlohmann::json::parse(rendered("json", dossier));
    EXPECT_TRUE(data["sections"]["posture"]["policy"].is_null());
    EXPECT_TRUE(data["sections"]["senders"]["totals"]["passed_share"].is_null());
    EXPECT_TRUE(data["sections"]["posture"]["audit"].is_null());
  }
}

TEST(MailReport, BothLanguagesRenderInEveryForm) {
  const Dossier english = report(Language::kEnglish), japanese = report(Language::kJapanese);
  const std::string page = rendered("html", japanese, {.files_stem = "mail"});
  keep("mail-ja.html", page);
  keep("mail-en.html", rendered("html", english));
  keep("mail-ja.txt", rendered("terminal", japanese));
  keep("mail-ja.md", rendered("md", japanese));
  EXPECT_NE(page.find("<html lang=\"ja\">"), std::string::npos);
  EXPECT_NE(page.find("なりすまし"), std::string::npos);
  // The same numbers in both.
  const auto one = nlohmann::json::parse(rendered("json", english)),
             two = nlohmann::json::parse(rendered("json", japanese));
  EXPECT_EQ(one["sections"]["senders"]["totals"], two["sections"]["senders"]["totals"]);
}

TEST(MailReport, EveryTextOfItIsThereInJapanese) {
  for (const std::string_view id : text_ids()) {
    if (id.starts_with("mail.")) {
      EXPECT_TRUE(has_text(Language::kJapanese, id)) << id;
    }
  }
  // No English sentence is left in the page: every title, sentence, method and column has its own words.
  for (const SectionResult& section : report(Language::kJapanese).sections) {
    std::vector<std::string> all = section.sentences;
    all.insert(all.end(), {section.title, section.question, section.method, section.limits});
    for (const SectionFigure& figure : section.figures) all.insert(all.end(), {figure.caption, figure.description});
    for (const std::string& text : all) {
      const bool wide =
          std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
      EXPECT_TRUE(wide) << text;
    }
  }
}

// Japanese has no spaces: lines break between its characters, and no line begins with a mark that may not.
TEST(MailReport, JapaneseLinesOfTheTerminalFitItsWidth) {
  const std::string text = rendered("terminal", report(Language::kJapanese), {.width = 60});
  std::size_t at = 0;
  bool table = false;
  for (; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    table |= line.find("rangewatch sql") != std::string::npos;  // a query's words are not broken
    for (const std::string_view mark : {"、", "。", "）"}) EXPECT_FALSE(line.starts_with(mark)) << line;
  }
  EXPECT_TRUE(table);
  const Dossier japanese = report(Language::kJapanese);
  for (const std::string& sentence : japanese.sections[0].sentences) EXPECT_GT(sentence.size(), 30u);
}

TEST(MailReport, NothingFromOutsideBecomesMarkup) {
  MailReportFacts evil = facts();
  const std::string markup = "</script><img onerror=x src=y>";
  evil.senders.groups[0].organisation = markup;
  evil.senders.reporters[0].first = markup;
  evil.senders.sources[3].as_name = markup;
  evil.audit->rows[2].value = markup;
  evil.findings[0].title = markup;
  const std::string page = rendered("html", mail_report(evil, {{day(0), day(60)}, Language::kEnglish}));
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("</script><"), std::string::npos);
}

TEST(Pdf, IsWrittenOrRefusedWithWhatToInstall) {
  // Little in it, so that it is quick; RW_PAGES wants all.
  MailReportFacts little;
  little.domain = "example.org";
  const Dossier dossier = std::getenv("RW_PAGES") ? report(Language::kJapanese)
                                                  : mail_report(little, {{day(0), day(60)}, Language::kJapanese});
  const auto pdf = find_renderer("pdf")->render(dossier, {.version = "0"});
  if (pdf) {
    keep("mail-ja.pdf", pdf->text);
    EXPECT_TRUE(pdf->text.starts_with("%PDF-"));
    EXPECT_GT(pdf->text.size(), 10'000u);
  } else {
    EXPECT_EQ(pdf.error().code, ErrorCode::kUnsupported) << pdf.error().message;
    EXPECT_NE(pdf.error().message.find("apt-get install"), std::string::npos) << pdf.error().message;
  }
  // Without the program the refusal names its package.
  const char* old = std::getenv("PATH");
  const std::string path = old != nullptr ? old : "";
  setenv("PATH", "/nowhere", 1);
  const auto refused = find_renderer("pdf")->render(dossier, {.version = "0"});
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("weasyprint"), std::string::npos);
}

}  // namespace
}  // namespace rw
