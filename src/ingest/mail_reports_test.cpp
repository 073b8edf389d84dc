// Mail reports through a whole ingest: each counted once however often it comes, and bombs refused.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <variant>

#include "ingest/ingest.h"

namespace rw {
namespace {

namespace fs = std::filesystem;
using Outcome = InputReport::Outcome;

std::string record(int i) {
  return "<record><row><source_ip>192.0.2." + std::to_string(i) +
         "</source_ip><count>2</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>"
         "</policy_evaluated></row><identifiers><header_from>example.org</header_from></identifiers></record>";
}
std::string report(const std::string& id, int records, bool end = true) {
  std::string text = "<feedback><report_metadata><org_name>R</org_name><email>r@r.example</email><report_id>" + id +
                     "</report_id><date_range><begin>1700006400</begin><end>1700092799</end></date_range>"
                     "</report_metadata><policy_published><domain>example.org</domain><p>none</p></policy_published>";
  for (int i = 1; i <= records; ++i) text += record(i);
  return end ? text + "</feedback>" : text;
}
std::string mail(const std::string& id, const std::string& content) {
  return "From: R <r@r.example>\nTo: rua@example.org\nSubject: Report\nDate: Wed, 15 Nov 2023 10:00:00 "
         "+0000\nMessage-ID: <" +
         id + "@r.example>\nMIME-Version: 1.0\nContent-Type: text/xml; name=\"r.xml\"\n\n" + content + "\n";
}

class MailReportsTest : public ::testing::Test {  // NOLINT(cppcoreguidelines-virtual-class-destructor)
 protected:
  MailReportsTest() {
    std::string pattern = (fs::temp_directory_path() / "rw-mail-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    lake_ = open();
  }
  ~MailReportsTest() override {
    lake_.reset();
    fs::remove_all(folder_);
  }
  std::unique_ptr<Lake> open() {
    LakeOptions options;
    options.create = options.write = true;
    options.threads = 1;
    auto opened = Lake::open((folder_ / "lake").string(), options);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  InputReport take(const std::string& name, const std::string& content, bool again = false) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    InputReport last;
    IngestOptions options;
    options.again = again;
    const std::vector<std::string> paths = {path.string()};
    const auto done = ingest(*lake_, paths, options, {[&](const InputReport& one) { last = one; }, {}});
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return last;
  }
  std::int64_t count() {
    Query query;
    query.table = "mail_rows";
    query.measures = {{.name = "rows", .kind = Measure::Kind::kCount}};
    const auto answer = lake_->run(query);
    EXPECT_TRUE(answer);
    return answer && !answer->rows.empty() ? as_int(answer->rows[0][0]) : -1;
  }

  fs::path folder_;
  std::unique_ptr<Lake> lake_;
};

TEST_F(MailReportsTest, OneReportByTwoMessagesCountsOnce) {
  EXPECT_EQ(take("a.eml", mail("1", report("x", 3))).counts.rows.at("mail_rows"), 3U);
  const InputReport second = take("b.eml", mail("2", report("x", 3)));
  EXPECT_EQ(second.outcome, Outcome::kRead);
  EXPECT_EQ(second.counts.skipped.at("repeated-row"), 3U);
  EXPECT_EQ(count(), 3);
  take("c.xml", report("x", 3));
  EXPECT_EQ(count(), 3);
  take("d.xml", report("y", 3));
  EXPECT_EQ(count(), 6);
  lake_.reset();  // what is remembered is in the lake
  lake_ = open();
  take("e.xml", report("x", 3) + "\n");
  EXPECT_EQ(count(), 6);
}

TEST_F(MailReportsTest, InOneMailboxToo) {
  const std::string from = "From r@r.example Wed Nov 15 10:00:00 2023\n";
  take("m.mbox", from + mail("1", report("x", 2)) + "\n" + from + mail("2", report("x", 2)) + "\n");
  EXPECT_EQ(count(), 2);
}

TEST_F(MailReportsTest, TheRestOfAReportThatWasCutIsTaken) {
  take("cut.eml", mail("1", report("x", 2, false)));
  EXPECT_EQ(count(), 2);
  take("whole.eml", mail("2", report("x", 5)));
  EXPECT_EQ(count(), 5);
  take("again.eml", mail("3", report("x", 5)));
  EXPECT_EQ(count(), 5);
}

TEST_F(MailReportsTest, ReportsThatOnlyShareANumberAreBothTaken) {
  take("a.xml", report("x", 2));
  std::string other = report("x", 2);
  other.replace(other.find("192.0.2.1"), 9, "192.0.2.9");
  take("b.xml", other);
  EXPECT_EQ(count(), 4);
}

TEST_F(MailReportsTest, AgainReplacesAndDoesNotTakeItselfForACopy) {
  take("a.xml", report("x", 3));
  EXPECT_EQ(take("a.xml", report("x", 3), true).counts.rows.at("mail_rows"), 3U);
  EXPECT_EQ(count(), 3);
}

TEST_F(MailReportsTest, WhatWasDroppedCanComeAgain) {
  take("a.xml", report("x", 3));
  ASSERT_TRUE(lake_->drop(Timestamp::from_seconds(1'800'000'000)));
  EXPECT_EQ(count(), 0);
  take("b.eml", mail("1", report("x", 3)));
  EXPECT_EQ(count(), 3);
}

TEST_F(MailReportsTest, AMailboxThatGrewBringsWhatIsNew) {
  const std::string from = "From r@r.example Wed Nov 15 10:00:00 2023\n";
  const std::string first = from + mail("1", report("x", 2)) + "\n";
  take("m.mbox", first);
  const InputReport grown = take("m.mbox", first + from + mail("2", report("y", 3)) + "\n");
  EXPECT_EQ(grown.outcome, Outcome::kExtended);
  EXPECT_EQ(count(), 5);
}

TEST_F(MailReportsTest, AMaildirIsReadWhereMailIsDelivered) {
  for (const char* folder : {"cur", "new", "tmp", ".Reports/cur", ".Reports/new", ".Reports/tmp"})
    fs::create_directories(folder_ / "Maildir" / folder);
  const auto put = [&](const std::string& name, const std::string& id) {
    std::ofstream(folder_ / "Maildir" / name, std::ios::binary) << mail(id, report(id, 1));
  };
  put("cur/1700000000.M1P1.host:2,S", "a");
  put("new/1700000001.M1P1.host", "b");
  put("tmp/1700000002.M1P1.host", "c");
  put(".Reports/cur/1700000003.M1P1.host:2,RS", "d");
  const std::vector<std::string> paths = {(folder_ / "Maildir").string()};
  ASSERT_TRUE(ingest(*lake_, paths, {}, {}));
  EXPECT_EQ(count(), 3);
}

TEST_F(MailReportsTest, AnOrdinaryMessageIsSkippedAndSaid) {
  const InputReport told =
      take("lunch.eml",
           "From: a@example.org\nTo: b@example.org\nSubject: Lunch\nDate: Wed, 15 Nov 2023 10:00:00 +0000\n"
           "Message-ID: <1@example.org>\n\nAt noon?\n");
  EXPECT_EQ(told.outcome, Outcome::kSkipped);
  EXPECT_NE(told.reason.find("mail check"), std::string::npos);
}

// Every file of the sample data is read, or refused with a reason.
TEST_F(MailReportsTest, ReadsTheSamples) {
  const char* given = std::getenv("RW_SHARED_DATA");
  const fs::path data = fs::path(given != nullptr ? given : RW_SOURCE_DIR "/../shared/data") / "mail";
  if (!fs::is_directory(data)) GTEST_SKIP() << "no sample data here (RW_SHARED_DATA)";
  std::map<std::string, InputReport> told;
  const std::vector<std::string> paths = {data.string()};
  ASSERT_TRUE(ingest(*lake_, paths, {}, {[&](const InputReport& one) { told[one.name] = one; }, {}}));
  const auto rows = [&](const std::string& name) {
    for (const auto& [path, one] : told)
      if (path.find(name) != std::string::npos) {
        const auto found = one.counts.rows.find("mail_rows");
        return found == one.counts.rows.end() ? std::uint64_t{0} : found->second;
      }
    ADD_FAILURE() << name << " was not told";
    return std::uint64_t{0};
  };
  EXPECT_EQ(rows("large-2286-records.xml"), 2286U);
  for (const char* name : {"fastmail.xml.gz", "infonacot.xml.zip", "invalid_xml.xml", "old_draft.xml", "outlook.xml",
                           "rfc9990-sample.xml", "twilight.eml", "veeam.xml", "linkedin.eml", "google.eml"})
    EXPECT_GE(rows(name), 1U) << name;
  EXPECT_EQ(rows("rfc8460.json"), 4U);
  for (const auto& [path, one] : told)
    if (path.find("/suites/") != std::string::npos)
      EXPECT_TRUE(one.outcome == Outcome::kSkipped && !one.reason.empty()) << path;
}

}  // namespace
}  // namespace rw
