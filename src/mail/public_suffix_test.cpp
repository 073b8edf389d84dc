// The public suffix list's own tests, by the dated list that came with them: prints "PSL: n/n".
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <regex>

#include "enrich/registered_domain.h"
#include "mail/dmarc.h"
#include "mail/mail_testing.h"
#include "message/address.h"

namespace rw {
namespace {

// The way of a domain from a message to its organisational domain: normalised, then looked up. "" where there is none.
std::string organisation(const PublicSuffixList& list, const std::string& text) {
  return std::string(list.registered_domain(normalised_domain(text)));
}

TEST(PublicSuffix, EveryLineOfItsTests) {
  const auto folder = mail_testing::shared_mail();
  if (folder.empty()) GTEST_SKIP() << "the suites are not there (RW_SHARED_DATA)";
  const auto list = PublicSuffixList::read((folder / "suites/public_suffix_list.dat").string());
  ASSERT_TRUE(list) << list.error().message;
  std::ifstream tests(folder / "suites/test_psl.txt");
  const std::regex form(R"(^checkPublicSuffix\((null|'([^']*)'), (null|'([^']*)')\);\s*$)");
  unsigned passed = 0, all = 0;
  for (std::string line; std::getline(tests, line);) {
    std::smatch match;
    if (!line.starts_with("checkPublicSuffix")) continue;
    ++all;
    ASSERT_TRUE(std::regex_match(line, match, form)) << line;
    const std::string wanted = match[4].str().empty() ? "" : normalised_domain(match[4].str());
    if (match[3] != "null") {
      EXPECT_NE(wanted, "") << line;
    }
    const std::string found = organisation(*list, match[2].str());
    EXPECT_EQ(found, wanted) << line;
    if (found == wanted) ++passed;
  }
  std::cout << "PSL: " << passed << "/" << all << "\n";
  EXPECT_GE(all, 70u);
}

TEST(PublicSuffix, ADatedListDecidesForDmarc) {
  const std::string path = testing::TempDir() + "/suffixes-of-2001.dat";
  std::ofstream(path) << "// ===BEGIN ICANN DOMAINS===\norg\nclub.org\n// ===END ICANN DOMAINS===\n";
  const auto list = PublicSuffixList::read(path);
  ASSERT_TRUE(list) << list.error().message;
  ZoneResolver zone;
  zone.answer_for_everything(true);
  EXPECT_EQ(organisational_domain(zone, "a.b.club.org", DmarcStandard::kRfc7489, &*list), "b.club.org");
  EXPECT_EQ(organisational_domain(zone, "a.b.club.org", DmarcStandard::kRfc7489), "club.org");
  EXPECT_EQ(organisational_domain(zone, "club.org", DmarcStandard::kRfc7489, &*list), "");
  EXPECT_EQ(dmarc_alignment(zone, "a.club.org", "b.club.org", false, DmarcStandard::kRfc7489, &*list),
            DmarcAlignment::kNotAligned);
}

TEST(PublicSuffix, RefusesWhatIsNoList) {
  const std::string path = testing::TempDir() + "/no-suffixes.dat";
  std::ofstream(path) << "// nothing\n";
  const auto list = PublicSuffixList::read(path);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(PublicSuffixList::read("/nowhere/list.dat").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace rw
