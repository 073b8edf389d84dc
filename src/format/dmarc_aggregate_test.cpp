// DMARC aggregate reports: both schemas, the deviations that reporters send, and what must be refused.
#include <gtest/gtest.h>

#include <chrono>

#include "format/log_testing.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::Row;

const std::string kMetadata = R"(<report_metadata><org_name>Receiver Ltd</org_name><email>dmarc@receiver.example</email>
<report_id>r-1</report_id><date_range><begin>1700006400</begin><end>1700092799</end></date_range></report_metadata>)";
const std::string kPolicy = R"(<policy_published><domain>example.org</domain><adkim>r</adkim><aspf>s</aspf><p>none</p>
<sp>quarantine</sp><pct>100</pct></policy_published>)";

std::string record(const std::string& source, const std::string& evaluated, const std::string& identifiers,
                   const std::string& auth) {
  return "<record><row><source_ip>" + source + "</source_ip><count>3</count><policy_evaluated>" + evaluated +
         "</policy_evaluated></row><identifiers>" + identifiers + "</identifiers><auth_results>" + auth +
         "</auth_results></record>";
}
const std::string kRecord =
    record("192.0.2.1", "<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>",
           "<envelope_to>receiver.example</envelope_to><envelope_from>bounce.example.org</envelope_from>"
           "<header_from>example.org</header_from>",
           "<dkim><domain>mailer.example</domain><selector>a</selector><result>pass</result></dkim>"
           "<dkim><domain>example.org</domain><selector>s1</selector><result>pass</result></dkim>"
           "<spf><domain>bounce.mailer.example</domain><scope>mfrom</scope><result>pass</result></spf>");

std::string feedback(const std::string& inside) {
  return "<?xml version=\"1.0\"?>\n<feedback>" + inside + "</feedback>";
}
Decoded decode(const std::string& text, testing::DecodeText how = {.name = "report.xml"}) {
  return decode_text("dmarc-aggregate", text, how);
}

TEST(DmarcAggregate, ReadsARecordWithAllThatItSays) {
  Decoded out = decode(feedback(kMetadata + kPolicy + kRecord));
  ASSERT_TRUE(out.status);
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  EXPECT_TRUE(out.counts.weird.empty());
  const Row expected = {{"time", "1700006400000000"},
                        {"end_time", "1700092799000000"},
                        {"kind", "aggregate"},
                        {"domain", "example.org"},
                        {"reporter", "Receiver Ltd"},
                        {"reporter_address", "dmarc@receiver.example"},
                        {"report_id", "r-1"},
                        {"source", "192.0.2.1"},
                        {"messages", "3"},
                        {"disposition", "none"},
                        {"dkim_aligned", "pass"},
                        {"spf_aligned", "fail"},
                        {"header_from", "example.org"},
                        {"envelope_from", "bounce.example.org"},
                        {"envelope_to", "receiver.example"},
                        {"spf_domain", "bounce.mailer.example"},
                        {"spf_scope", "mfrom"},
                        {"spf_result", "pass"},
                        {"dkim_domain", "example.org"},
                        {"dkim_selector", "s1"},
                        {"dkim_result", "pass"},
                        {"dkim_others", "mailer.example/a=pass"},
                        {"policy", "none"},
                        {"policy_subdomains", "quarantine"},
                        {"adkim", "r"},
                        {"aspf", "s"},
                        {"pct", "100"},
                        {"ingest", "0"}};
  EXPECT_EQ(out["mail_rows"][0], expected);
}

TEST(DmarcAggregate, ReadsTheSchemaOfRfc9990WithItsNamespace) {
  const std::string policy =
      "<policy_published><domain>example.org</domain><p>reject</p><np>reject</np><testing>y</testing>"
      "<discovery_method>treewalk</discovery_method></policy_published>";
  std::string text = "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">" + kMetadata + policy +
                     record("2001:db8::1", "<disposition>pass</disposition><dkim>pass</dkim><spf>pass</spf>",
                            "<header_from>example.org</header_from>", "") +
                     "</feedback>";
  Decoded out = decode(text);
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  const Row& row = out["mail_rows"][0];
  EXPECT_EQ(row.at("source"), "2001:db8::1");
  EXPECT_EQ(row.at("disposition"), "pass");
  EXPECT_EQ(row.at("policy_missing"), "reject");
  EXPECT_EQ(row.at("testing"), "y");
  EXPECT_EQ(row.at("discovery"), "treewalk");
  // The same with a prefix on every element.
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; at += 2)
    text.insert(at + (text[at + 1] == '/' ? 2 : 1), "d:");
  Decoded prefixed = decode(text);
  EXPECT_EQ(prefixed["mail_rows"], out["mail_rows"]);
}

TEST(DmarcAggregate, TakesMetadataThatComesLast) {
  Decoded out = decode(feedback(kRecord + kPolicy + kMetadata));
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  EXPECT_EQ(out["mail_rows"][0].at("reporter"), "Receiver Ltd");
  EXPECT_EQ(out["mail_rows"], decode(feedback(kMetadata + kPolicy + kRecord))["mail_rows"]);
}

TEST(DmarcAggregate, TellsWhatIsNoMarkupAndGoesOn) {
  std::string text = feedback(kMetadata + kPolicy + kRecord);
  text.replace(text.find("dmarc@receiver.example"), 22, "<dmarc@receiver.example>");
  text.replace(text.find("<header_from>example.org"), 24, "<header_from>exam<ple.org");
  Decoded out = decode(text);
  ASSERT_TRUE(out.status);
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  EXPECT_FALSE(out["mail_rows"][0].contains("header_from"));  // not certain, so not told
  EXPECT_EQ(out["mail_rows"][0].at("messages"), "3");
  EXPECT_EQ(out.weird("stray-markup"), 2U);
  EXPECT_EQ(out.weird("bad-domain"), 1U);
}

TEST(DmarcAggregate, RefusesDeclarationsOfTypesAndEntities) {
  for (const std::string declaration : {"<!DOCTYPE feedback SYSTEM \"http://192.0.2.9/x.dtd\">",
                                        "<!DOCTYPE f [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>"}) {
    Decoded out =
        decode("<?xml version=\"1.0\"?>" + declaration + "<feedback>" + kMetadata + kPolicy + kRecord + "</feedback>");
    ASSERT_FALSE(out.status);
    EXPECT_NE(out.status.error().message.find("declares a document type or entities"), std::string::npos);
    EXPECT_TRUE(out["mail_rows"].empty());
  }
}

TEST(DmarcAggregate, UnknownValuesAreNullAndTold) {
  Decoded out = decode(feedback(
      kMetadata + kPolicy +
      record("",
             "<disposition>discarded</disposition><dkim>neutral</dkim><spf>sure</spf><reason><type>weather</type>"
             "<comment>rain</comment></reason>",
             "<header_from>example.org</header_from>", "<spf><domain></domain><result>maybe</result></spf>")));
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  const Row& row = out["mail_rows"][0];
  for (const char* absent : {"source", "disposition", "spf_aligned", "spf_domain", "spf_result"})
    EXPECT_FALSE(row.contains(absent)) << absent;
  EXPECT_EQ(row.at("dkim_aligned"), "fail");  // what is not a pass cannot have been one
  EXPECT_EQ(row.at("override_reason"), "other");
  EXPECT_EQ(row.at("override_comment"), "rain");
  for (const char* code : {"missing-source", "unknown-disposition", "unknown-dkim-alignment", "unknown-spf-alignment",
                           "unknown-override", "unknown-spf-result"})
    EXPECT_EQ(out.weird(code), 1U) << code;
}

TEST(DmarcAggregate, SeveralReasonsAreAllKept) {
  Decoded out = decode(feedback(kMetadata + kPolicy +
                                record("192.0.2.1",
                                       "<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>"
                                       "<reason><type>mailing_list</type><comment>dev</comment></reason>"
                                       "<reason><type>local_policy</type><comment>arc=pass</comment></reason>",
                                       "<header_from>example.org</header_from>", "")));
  EXPECT_EQ(out["mail_rows"][0].at("override_reason"), "mailing_list");
  EXPECT_EQ(out["mail_rows"][0].at("override_comment"), "mailing_list: dev; local_policy: arc=pass");
}

TEST(DmarcAggregate, SeveralIdentifiersTheFirstStands) {
  Decoded out = decode(feedback(kMetadata + kPolicy +
                                record("192.0.2.1", "<dkim>fail</dkim><spf>fail</spf>",
                                       "<header_from>example.org</header_from></identifiers><identifiers>"
                                       "<header_from>other.example</header_from>",
                                       "")));
  EXPECT_EQ(out["mail_rows"][0].at("header_from"), "example.org");
  EXPECT_EQ(out.weird("several-identifiers"), 1U);
  EXPECT_EQ(out.weird("contradicting-values"), 1U);
}

TEST(DmarcAggregate, TimesWithAnOffsetAndTimesOfTheFileName) {
  std::string text = feedback(kMetadata + kPolicy + kRecord);
  text.replace(text.find("1700006400"), 10, "2023-11-15T09:00:00+09:00");
  EXPECT_EQ(decode(text)["mail_rows"][0].at("time"), "1700006400000000");
  const std::size_t begin = text.find("<date_range>");
  text.erase(begin, text.find("</date_range>") - begin);
  Decoded named = decode(text, {.name = "mails/receiver.example!example.org!1700006400!1700092799!7.xml.gz"});
  ASSERT_EQ(named["mail_rows"].size(), 1U);
  EXPECT_EQ(named["mail_rows"][0].at("time"), "1700006400000000");
  EXPECT_EQ(named["mail_rows"][0].at("end_time"), "1700092799000000");
  Decoded nameless = decode(text);
  EXPECT_TRUE(nameless["mail_rows"].empty());
  EXPECT_EQ(nameless.weird("missing-period"), 1U);
}

TEST(DmarcAggregate, AnElementThatIsNotClosedEndsWhereTheNextBegins) {
  std::string text = feedback(kMetadata + kPolicy + kRecord);
  text.erase(text.find("</disposition>"), 14);
  Decoded out = decode(text);
  ASSERT_EQ(out["mail_rows"].size(), 1U);
  EXPECT_EQ(out["mail_rows"][0].at("disposition"), "none");
  EXPECT_EQ(out["mail_rows"][0].at("dkim_aligned"), "pass");
  EXPECT_GE(out.weird("unclosed-element"), 1U);
}

TEST(DmarcAggregate, BytesThatAreNotUtf8AreEscapedAndTold) {
  std::string text = feedback(kMetadata + kPolicy + kRecord);
  text.replace(text.find("Receiver Ltd"), 12, "Empf\xE4nger");
  Decoded out = decode(text);
  EXPECT_EQ(out["mail_rows"][0].at("reporter"), "Empf\\228nger");
  EXPECT_EQ(out.weird("bad-utf8"), 1U);
  text.replace(0, 21, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>");
  Decoded latin = decode(text);
  EXPECT_EQ(latin["mail_rows"][0].at("reporter"), "Empf\\195\\164nger");
  EXPECT_EQ(latin.weird("bad-utf8"), 0U);
}

TEST(DmarcAggregate, EntitiesAndCdataAreDecoded) {
  std::string text = feedback(kMetadata + kPolicy + kRecord);
  text.replace(text.find("Receiver Ltd"), 12, "A &amp; B<![CDATA[ <C>]]>&#33;&unknown;");
  Decoded out = decode(text);
  EXPECT_EQ(out["mail_rows"][0].at("reporter"), "A & B <C>!&unknown;");
  EXPECT_EQ(out.weird("stray-markup"), 1U);
}

// A fuzzer found that the scanner gave empty texts for ever.
TEST(DmarcAggregate, ACdataSectionThatNeverEndsEndsTheReading) {
  for (const std::string before : {"", "ab"}) {
    Decoded out = decode("<feedback><report_metadata><org_name>" + before + "<![CDATA[google.com</org_name>");
    EXPECT_TRUE(out["mail_rows"].empty());
  }
}

TEST(DmarcAggregate, AnEndlessTextIsRefused) {
  const std::string text = feedback(kMetadata + std::string(1 << 20, '\0') + kPolicy + kRecord);
  Decoded out = decode(text);
  ASSERT_FALSE(out.status);
  EXPECT_NE(out.status.error().message.find("256 KiB"), std::string::npos);
  EXPECT_FALSE(decode(feedback(kMetadata + "<" + std::string(1 << 20, 'a'))).status);
  EXPECT_TRUE(
      decode(feedback(kMetadata + kPolicy + std::string(100, ' ') + "<a " + std::string(200'000, 'b') + ">" + kRecord))
          .status);
}

TEST(DmarcAggregate, DeepNestingIsBounded) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<x>";
  Decoded out = decode(feedback(kMetadata + kPolicy + kRecord + deep));
  EXPECT_EQ(out["mail_rows"].size(), 1U);
  EXPECT_GE(out.weird("too-deep"), 1U);
}

TEST(DmarcAggregate, EveryTruncationGivesARowOrSaysWhyNot) {
  const std::string text = feedback(kMetadata + kPolicy + kRecord + kRecord);
  const Decoded whole = decode(text);
  const std::size_t first_end = text.find("</record>") + 9;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{SIZE_MAX}}) {
      testing::DecodeText how{.name = "report.xml"};
      how.step = step;
      Decoded out = decode(text.substr(0, size), how);
      ASSERT_LE(out["mail_rows"].size(), 2U);
      ASSERT_EQ(size >= first_end, !out["mail_rows"].empty()) << size;
      const bool told = !out.status || !out.counts.weird.empty();
      ASSERT_TRUE(told || size + 1 >= text.size()) << size;
      for (const Row& row : out["mail_rows"]) ASSERT_EQ(row, whole.tables.at("mail_rows")[0]);
    }
  }
}

TEST(DmarcAggregate, IsKnownByItsFirstBytes) {
  const auto sure = [](std::string_view text) {
    const Format* format = detect_format(as_bytes(text), "x");
    return format == nullptr ? std::string_view() : format->name;
  };
  EXPECT_EQ(sure("<?xml version=\"1.0\"?><feedback><report_metadata>"), "dmarc-aggregate");
  EXPECT_EQ(sure("\xEF\xBB\xBF \n<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"><version>1"), "dmarc-aggregate");
  EXPECT_EQ(sure("<?xml version=\"1.0\"?><nmaprun>"), "nmap-xml");
  EXPECT_NE(sure("<html><body>feedback</body></html>"), "dmarc-aggregate");
}

// Every aggregate report of the sample data is read; what is wrong with it is told.
TEST(DmarcAggregate, ReadsTheSamples) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "no sample data here (RW_SHARED_DATA)";
  const auto read = [&](const std::string& name) {
    return decode_text("dmarc-aggregate", testing::file_text(data + "/mail/aggregate/" + name), {.name = name});
  };
  Decoded large = read("large-2286-records.xml");
  EXPECT_TRUE(large.status);
  EXPECT_EQ(large["mail_rows"].size(), 2286U);
  for (const char* name : {"old_draft.xml", "outlook.xml", "rfc9990-sample.xml", "veeam.xml", "invalid_xml.xml"}) {
    Decoded out = read(name);
    EXPECT_TRUE(out.status) << name;
    EXPECT_EQ(out["mail_rows"].size(), 1U) << name;
  }
  EXPECT_EQ(read("invalid_xml.xml").weird("stray-markup"), 2U);
}

}  // namespace
}  // namespace rw
