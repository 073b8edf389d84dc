// Scans and reference lists: the golden fixtures cut at every byte, in small pieces and grown, and the shapes that they
// do not have.
#include <gtest/gtest.h>

#include <filesystem>

#include "format/indicator_rows.h"
#include "format/json_pieces.h"
#include "format/log_testing.h"
#include "format/stix_pattern.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::DecodeText;
using testing::file_text;

constexpr const char* kListFormats[] = {"shodan",        "censys",        "nmap-xml",      "masscan",         "stix",
                                        "misp",          "tor-consensus", "tor-exit-list", "provider-ranges", "geofeed",
                                        "indicator-csv", "plain-list"};

DecodeText threat() {
  DecodeText how;
  how.name = "lists/some.txt";
  how.list.purpose = "threat";
  how.list.date = Timestamp::from_seconds(1'556'668'800);
  return how;
}

std::size_t rows_of(Decoded& d) { return d["scans"].size() + d["indicators"].size(); }

class ListFormats : public ::testing::TestWithParam<const char*> {
 protected:
  static std::vector<std::string> inputs() {
    std::vector<std::string> all;
    const std::string folder = std::string(RW_SOURCE_DIR) + "/tests/golden/" + GetParam() + "/all";
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().filename().string().starts_with("in.")) all.push_back(file_text(entry.path().string()));
    return all;
  }
};

TEST_P(ListFormats, KnowTheirOwnByContent) {
  for (const std::string& text : inputs()) {
    if (GetParam() == std::string_view("plain-list") && text.size() < 40) continue;
    const Format* found = detect_format(as_bytes(text).first(std::min<std::size_t>(text.size(), 4096)), "x");
    ASSERT_NE(found, nullptr) << text.substr(0, 100);
    EXPECT_EQ(found->name, GetParam());
  }
}

TEST_P(ListFormats, TruncatedAtEveryByte) {
  for (const std::string& text : inputs()) {
    Decoded whole = decode_text(GetParam(), text, threat());
    ASSERT_TRUE(whole.status) << whole.status.error().message;
    ASSERT_GT(rows_of(whole), 0U);
    std::size_t before = 0;
    for (std::size_t length = 0; length < text.size(); ++length) {
      Decoded part = decode_text(GetParam(), std::string_view(text).substr(0, length), threat());
      EXPECT_LE(rows_of(part), rows_of(whole) + 1) << length;  // a plain line that was cut may be another value
      if (GetParam() != std::string_view("plain-list")) {
        EXPECT_GE(rows_of(part) + 1, before) << length;
      }
      before = rows_of(part);
    }
  }
}

TEST_P(ListFormats, PiecesGiveWhatTheWholeGives) {
  for (const std::string& text : inputs()) {
    Decoded whole = decode_text(GetParam(), text, threat());
    DecodeText trickle = threat();
    trickle.step = 3;
    Decoded pieces = decode_text(GetParam(), text, trickle);
    EXPECT_EQ(whole.tables, pieces.tables);
    EXPECT_EQ(whole.counts.weird, pieces.counts.weird);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ListFormats, ::testing::ValuesIn(kListFormats));

TEST(ListFormat, AGrownInputBringsOnlyWhatIsNew) {
  const std::string first = R"({"ip_str":"198.51.100.7","port":53,"transport":"udp","timestamp":"2019-07-01T00:00:00"})"
                            "\n";
  const std::string second =
      R"({"ip_str":"198.51.100.8","port":53,"transport":"udp","timestamp":"2019-07-01T00:00:00"})"
      "\n";
  for (std::size_t cut = 0; cut < second.size(); ++cut) {
    Decoded begin = decode_text("shodan", first + second.substr(0, cut));
    DecodeText resume;
    resume.resume_offset = first.size() + cut;
    Decoded rest = decode_text("shodan", first + second, resume);
    EXPECT_EQ(begin["scans"].size() + rest["scans"].size(), 2U) << cut;
  }
}

TEST(ListFormat, APlainListWithoutAPurposeIsNotRead) {
  Decoded d = decode_text("plain-list", "203.0.113.1\n");
  ASSERT_FALSE(d.status);
  EXPECT_EQ(d.status.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(d.status.error().message.find("--list-purpose"), std::string::npos);
}

TEST(ListFormat, TextThatIsNoListIsNotTakenForOne) {
  for (const char* text : {"the quick brown fox\njumps over\n", "a,b,c\n1,2,3\n", "example.org is down\n",
                           "key = value\n", "1.5\n2.5\n3.5\n", "# only a comment\n"}) {
    const Format* found = detect_format(as_bytes(text), "x.txt");
    EXPECT_TRUE(found == nullptr) << text << " is taken for " << found->name;
  }
}

TEST(ListFormat, XmlWithEntitiesIsRefused) {
  Decoded d = decode_text(
      "nmap-xml", "<?xml version='1.0'?><!DOCTYPE nmaprun [<!ENTITY a 'aaaa'>]><nmaprun scanner='nmap'>&a;</nmaprun>");
  ASSERT_FALSE(d.status);
  EXPECT_EQ(d.status.error().code, ErrorCode::kCorrupt);
}

TEST(ListFormat, DeepJsonIsDamageAndNotAnOverflow) {
  const std::string deep = "{\"ip_str\":\"198.51.100.7\",\"x\":" + std::string(100'000, '[');
  Decoded d = decode_text("shodan", deep + "\n");
  EXPECT_TRUE(d["scans"].empty());
  EXPECT_GE(d.weird("bad-json") + d.weird("unfinished-record"), 1U);
}

TEST(StixPatternTest, ValuesOfOneConditionOrSeveralBehindOr) {
  std::vector<StixComparison> values;
  EXPECT_EQ(read_stix_pattern("[ipv4-addr:value = '192.0.2.1']", values), StixPattern::kValues);
  ASSERT_EQ(values.size(), 1U);
  EXPECT_EQ(values[0].value, "192.0.2.1");
  values.clear();
  EXPECT_EQ(read_stix_pattern(R"([url:value = 'http://a.example/it\'s'])", values), StixPattern::kValues);
  EXPECT_EQ(values[0].value, "http://a.example/it's");
  for (const char* other : {"[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']",
                            "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [domain-name:value = 'a.example']",
                            "[ipv4-addr:value != '192.0.2.1']", "[process:name = 'x']"}) {
    values.clear();
    EXPECT_EQ(read_stix_pattern(other, values), StixPattern::kOther) << other;
  }
  for (const char* bad :
       {"", "[", "]", "ipv4-addr:value = 'x'", "[ipv4-addr:value = 'x'", "[ipv4-addr:value = x]", "['x']"}) {
    values.clear();
    EXPECT_NE(read_stix_pattern(bad, values), StixPattern::kValues) << bad;
  }
}

TEST(ListText, DatesAreFoundInNamesAndComments) {
  const auto day = [](const char* text) { return Timestamp::parse(text)->us; };
  EXPECT_EQ(find_date("ServiceTags_Public_20190506"), day("2019-05-06"));
  EXPECT_EQ(find_date("# last updated 2019-05-06 07:08 utc"), day("2019-05-06T07:08"));
  EXPECT_EQ(find_date("2019-05-01-00-00-00"), day("2019-05-01"));
  EXPECT_FALSE(find_date("version 1.2.3"));
  EXPECT_FALSE(find_date("20191399"));
  EXPECT_FALSE(find_date("123456789012"));
  EXPECT_EQ(list_name_from_input("feeds/bad-hosts.txt.gz"), "bad-hosts");
  EXPECT_EQ(list_name_from_input("feeds/bad-hosts_2019-05-06.csv"), "bad-hosts");
  EXPECT_EQ(list_name_from_input("20190506.txt"), "20190506");
  EXPECT_EQ(list_date_from_input("2018-01-01/bad-20190506.txt"), day("2019-05-06"));
  EXPECT_EQ(list_name_from_input("-"), "list");
}

}  // namespace
}  // namespace rw
