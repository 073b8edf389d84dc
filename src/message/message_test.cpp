// Tests of splitting a message, of text fields and of dates.
#include "message/message.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "message/charset.h"
#include "message/utf8.h"

namespace rw {
namespace {

using namespace std::string_literals;

std::string defects_of(const Message& message) {
  std::string out;
  for (const MessageDefect defect : message.defects) out += (out.empty() ? "" : " ") + std::string(to_string(defect));
  return out;
}
std::string fields_of(const Message& message) {
  std::string out;
  for (const HeaderField& field : message.fields) out += std::string(field.name) + "=" + std::string(field.body) + "|";
  return out;
}

struct Case {
  std::string bytes, fields, body, defects;
};
class Messages : public ::testing::TestWithParam<Case> {};
TEST_P(Messages, AreSplitAsExpected) {
  const Case& c = GetParam();
  const Message message = parse_message(c.bytes);
  EXPECT_EQ(fields_of(message), c.fields);
  EXPECT_EQ(message.body, c.body);
  EXPECT_EQ(defects_of(message), c.defects);
}
INSTANTIATE_TEST_SUITE_P(
    All, Messages,
    ::testing::Values(Case{"A: 1\r\nB: 2\r\n\r\nbody\r\n", "A= 1|B= 2|", "body\r\n", ""},
                      Case{"A: 1\nB: 2\n\nbody\n", "A= 1|B= 2|", "body\n", ""},
                      Case{"A: 1\r\n 2\r\n\t3\r\n\r\n", "A= 1\r\n 2\r\n\t3|", "", ""}, Case{"", "", "", ""},
                      Case{"\r\nbody", "", "body", ""}, Case{"A: 1", "A= 1|", "", ""}, Case{"A:\n", "A=|", "", ""},
                      Case{"A:1\r\n\r\n\r\nx", "A=1|", "\r\nx", ""},
                      Case{"no field\nA: 1\n\nx", "", "no field\nA: 1\n\nx", "no-header"},
                      Case{" A: 1\n\nx", "", " A: 1\n\nx", "no-header"},
                      Case{"A: 1\nno field\nB: 2\n\nx", "A= 1|", "no field\nB: 2\n\nx", "no-blank-line"},
                      Case{"A: 1\nB\xC3\xA9: 2\n\n", "A= 1|", "B\xC3\xA9: 2\n\n", "no-blank-line"},
                      Case{": 1\n\n", "", ": 1\n\n", "no-header"}, Case{"A : 1\n\n", "A= 1|", "", "space-before-colon"},
                      Case{"A: 1\r\nB: 2\n\nx", "A= 1|B= 2|", "x", "mixed-line-ends"},
                      Case{"A: 1\r\n\r\nx\ny\r\n", "A= 1|", "x\ny\r\n", "mixed-line-ends"},
                      Case{"A: 1\n\nx\ny\r\n", "A= 1|", "x\ny\r\n", "mixed-line-ends"},
                      Case{"A: 1\n\nx\ry\n", "A= 1|", "x\ry\n", ""}, Case{"A: 1\0\n\nx"s, "A= 1\0|"s, "x", "nul"},
                      Case{"A: 1\rB: 2\n\nx", "A= 1\rB: 2|", "x", "bare-cr"},
                      Case{"A: \xE9\n\n", "A= \xE9|", "", "eight-bit"}, Case{"A: \xC3\xA9\n\n", "A= \xC3\xA9|", "", ""},
                      Case{"A: 1\r\n \t\r\nB: 2\r\n\r\n", "A= 1\r\n \t|B= 2|", "", "blank-fold"}));

TEST(Message, RawFieldsAreWhatDkimSigns) {
  const Message message = parse_message("A: 1\r\n 2\r\nB : 3\r\n\r\nx");
  ASSERT_EQ(message.fields.size(), 2U);
  EXPECT_EQ(message.fields[0].raw, "A: 1\r\n 2\r\n");
  EXPECT_EQ(message.fields[1].raw, "B : 3\r\n");
  EXPECT_EQ(message.header, "A: 1\r\n 2\r\nB : 3\r\n");
}

TEST(Message, FieldsAreFoundWithoutRegardToCase) {
  const Message message = parse_message("Subject: 1\nSUBJECT: 2\n\n");
  EXPECT_EQ(message.count("subject"), 2U);
  ASSERT_NE(message.find("sUbject"), nullptr);
  EXPECT_EQ(message.find("sUbject")->body, " 1");
  EXPECT_EQ(message.find("from"), nullptr);
}

TEST(Message, RepeatedFieldsAreNamed) {
  const std::string bytes =
      "Subject: 1\nReceived: x\nReceived: y\nFrom: a@x.example\nsubject : 2\nFROM: b@x.example\n\n";
  EXPECT_EQ(repeated_fields(parse_message(bytes)), (std::vector<std::string_view>{"from", "subject"}));
  EXPECT_TRUE(repeated_fields(parse_message("Subject: 1\n\nSubject: 2\n")).empty());
}

TEST(Message, LinesOfOver998BytesAreTold) {
  EXPECT_EQ(defects_of(parse_message("A:" + std::string(996, 'x') + "\r\n\r\n")), "");
  EXPECT_EQ(defects_of(parse_message("A:" + std::string(997, 'x') + "\r\n\r\n")), "line-too-long");
}

TEST(Message, AHeaderIsCutAtItsBounds) {
  std::string many;
  for (std::size_t i = 0; i < kMaxHeaderFields + 1; ++i) many += "A: 1\n";
  const Message fields = parse_message(many + "\nbody");
  EXPECT_EQ(fields.fields.size(), kMaxHeaderFields);
  EXPECT_EQ(defects_of(fields), "header-too-large");
  EXPECT_EQ(fields.body, "");
  std::string large = "A: 1\n";
  while (large.size() < 10'000'000) large += "X: " + std::string(900, 'x') + "\n";
  const Message bytes = parse_message(large + "\nbody");
  EXPECT_TRUE(bytes.has(MessageDefect::kHeaderTooLarge));
  EXPECT_LE(bytes.header.size(), kMaxHeaderBytes);
  EXPECT_EQ(bytes.body, "");
  EXPECT_TRUE(parse_message(std::string(10'000'000, 'x')).has(MessageDefect::kNoHeader) ||
              parse_message(std::string(10'000'000, 'x')).has(MessageDefect::kHeaderTooLarge));
}

TEST(Message, EveryTruncationIsSplit) {
  const std::string whole = "A: =?utf-8?b?w6k=?=\r\n =?utf-8?q?=C3=A9?=\r\nB : 2\r\n\r\nbody\r\n";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    const std::string bytes = whole.substr(0, n);
    const Message message = parse_message(bytes);
    EXPECT_LE(message.header.size() + message.body.size(), n);
    std::string raw;
    for (const HeaderField& field : message.fields) {
      raw += field.raw;
      EXPECT_TRUE(valid_utf8(decoded_text(field.body)));
    }
    EXPECT_EQ(raw, message.header);  // nothing lost between fields
  }
}

TEST(Message, Unfolds) {
  EXPECT_EQ(unfolded(" a\r\n b\n\tc \r\n"), "a b\tc");
  EXPECT_EQ(unfolded(""), "");
  EXPECT_EQ(unfolded("a\rb"), "a\rb");
}

struct TextCase {
  std::string body, text;
};
class Texts : public ::testing::TestWithParam<TextCase> {};
TEST_P(Texts, AreDecodedAsExpected) { EXPECT_EQ(decoded_text(GetParam().body), GetParam().text) << GetParam().body; }
INSTANTIATE_TEST_SUITE_P(
    All, Texts,
    ::testing::Values(TextCase{" plain  text ", "plain  text"}, TextCase{"=?utf-8?q?caf=C3=A9?=", "caf\xC3\xA9"},
                      TextCase{"=?UTF-8?B?Y2Fmw6k=?=", "caf\xC3\xA9"},
                      TextCase{"=?iso-8859-1?q?caf=E9_x?=", "caf\xC3\xA9 x"}, TextCase{"a =?utf-8?q?b?= c", "a b c"},
                      TextCase{"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"}, TextCase{"=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"},
                      TextCase{"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
                      // A character split between two words, in either encoding and in both.
                      TextCase{"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\xC3\xA9"},
                      TextCase{"=?utf-8?b?ww==?= =?UTF-8?q?=A9?=", "\xC3\xA9"},
                      TextCase{"=?utf-8?q?=C3?= x =?utf-8?q?=A9?=", "\xEF\xBF\xBD x \xEF\xBF\xBD"},
                      TextCase{"=?x-nobody?q?a=41?= b", "=?x-nobody?q?a=41?= b"},
                      TextCase{"=?x-nobody?q?a?= =?x-nobody?q?b?=", "=?x-nobody?q?a?= =?x-nobody?q?b?="},
                      TextCase{"=?utf-8*en?q?a?=", "a"},
                      TextCase{"=?utf-8?q?"
                               "?= x",
                               " x"},
                      TextCase{"=?utf-8?q?=3", "=?utf-8?q?=3"}, TextCase{"=?utf-8?z?a?=", "=?utf-8?z?a?="},
                      TextCase{"=?=?utf-8?q?a?=", "=?a"},
                      TextCase{"=?"
                               "?q?a?=",
                               "=?"
                               "?q?a?="},
                      TextCase{"\xFF raw", "\xEF\xBF\xBD raw"},
                      TextCase{"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
                      TextCase{"=?shift_jis?b?k/qWew==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
                      TextCase{"=?euc-jp?b?xvzL3A==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
                      TextCase{"=?ISO-2022-JP?B?GyRCLSEbKEI=?=",
                               "\xE2\x91\xA0"},  // NEC's circled one, in no JIS of that time
                      TextCase{"=?iso-2022-jp?b?GyhJMRsoQg==?=", "\xEF\xBD\xB1"},  // half-width kana
                      TextCase{"=?ks_c_5601-1987?b?x9GxuQ==?=", "\xED\x95\x9C\xEA\xB5\xAD"},
                      TextCase{"=?gb2312?b?1tC5+g==?=", "\xE4\xB8\xAD\xE5\x9B\xBD"},
                      TextCase{"=?big5?b?pKSw6g==?=", "\xE4\xB8\xAD\xE5\x9C\x8B"},
                      TextCase{"=?koi8-r?b?0NLJ18XU?=", "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
                      TextCase{"=?windows-1251?q?=EF=F0?=", "\xD0\xBF\xD1\x80"}));

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(decoded_text("=?utf-8?q?=C3=A9=C3=A9=C3=A9?=", 5), "\xC3\xA9\xC3\xA9");
  EXPECT_EQ(decoded_text("abcdef", 3), "abc");
  EXPECT_EQ(decoded_text("=?iso-8859-1?q?=E9=E9=E9?=", 5), "\xC3\xA9\xC3\xA9");
}

TEST(Text, HostileWordsTakeNoTime) {
  for (const std::string& piece : std::vector<std::string>{"=?", "=?utf-8?q?", "=?utf-8?q?=C3?= ", "?=", "=?x?q?a?="}) {
    std::string body;
    while (body.size() < 1'000'000) body += piece;
    EXPECT_LE(decoded_text(body).size(), 4096U);
    EXPECT_TRUE(valid_utf8(decoded_text(body, 10'000'000)));
  }
}

TEST(Charset, KnowsOnlyItsList) {
  EXPECT_TRUE(known_charset(" UTF-8 "));
  EXPECT_FALSE(known_charset("UTF-8//TRANSLIT"));
  EXPECT_FALSE(known_charset("../../tmp/x"));
  EXPECT_FALSE(known_charset(""));
  std::string out = "x";
  EXPECT_FALSE(append_as_utf8(out, "IBM1390", "abc", 10));
  EXPECT_EQ(out, "x");
}

TEST(Charset, EveryCharsetTakesEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const char* name :
       {"utf-8", "us-ascii", "iso-8859-1", "iso-8859-7", "windows-1255", "koi8-u", "iso-2022-jp", "iso-2022-kr",
        "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5", "utf-16", "utf-32", "utf-7", "macintosh"}) {
    for (std::size_t n = 0; n <= all.size(); ++n) {
      std::string out;
      ASSERT_TRUE(append_as_utf8(out, name, all.substr(n), 10'000)) << name;
      EXPECT_TRUE(valid_utf8(out)) << name;
    }
  }
}

struct DateCase {
  std::string body;
  std::int64_t seconds;  // -1: none
};
class Dates : public ::testing::TestWithParam<DateCase> {};
TEST_P(Dates, AreReadAsExpected) {
  std::int64_t us = 0;
  const bool read = parse_mail_date(GetParam().body, us);
  EXPECT_EQ(read, GetParam().seconds != -1) << GetParam().body;
  if (read) {
    EXPECT_EQ(us, GetParam().seconds * 1'000'000) << GetParam().body;
  }
}
INSTANTIATE_TEST_SUITE_P(
    All, Dates,
    ::testing::Values(
        DateCase{"Tue, 1 Jul 2003 10:52:37 +0200", 1057049557},
        DateCase{" Tue,  1 Jul 2003\r\n 10:52:37 +0200 (CEST)", 1057049557},
        DateCase{"1 Jul 2003 10:52:37 +0200", 1057049557}, DateCase{"Tue, 01 Jul 03 08:52:37 GMT", 1057049557},
        DateCase{"Tue, 1 Jul 103 08:52:37 UT", 1057049557}, DateCase{"1 Jul 2003 04:52:37 EDT", 1057049557},
        DateCase{"1 Jul 2003 08:52:37 Q", 1057049557}, DateCase{"1 Jul 2003 08:52:37 -0000", 1057049557},
        DateCase{"Tue Jul  1 08:52:37 2003", 1057049557}, DateCase{"Tue Jul 1 10:52:37 CEST 2003", 1057056757},
        DateCase{"Tue Jul 1 08:52:37 2003 +0000", 1057049557}, DateCase{"1 Jul 2003 08:52 +0000", 1057049520},
        DateCase{"(x(y)) Tue (z), 1 Jul 2003 08:52:37 +0000", 1057049557},
        DateCase{"1-Jul-2003 08:52:37 +0000", 1057049557}, DateCase{"Thu, 29 Feb 2024 00:00:00 +0000", 1709164800},
        DateCase{"Thu, 1 Jan 1970 00:00:00 +0000", 0}, DateCase{"Sat, 31 Dec 2016 23:59:60 +0000", 1483228800},
        DateCase{"29 Feb 2023 00:00:00 +0000", -1}, DateCase{"32 Jan 2023 00:00:00 +0000", -1},
        DateCase{"1 Foo 2023 00:00:00 +0000", -1}, DateCase{"1 Jan 2023 24:00:00 +0000", -1},
        DateCase{"1 Jan 2023 00:60:00 +0000", -1}, DateCase{"", -1}, DateCase{"yesterday", -1},
        DateCase{"2023-01-01T00:00:00Z", -1}, DateCase{"1 Jan 20233 00:00:00 +0000", -1},
        DateCase{"1 Jan 2023 00:00:00 +00", -1}));

TEST(Date, EveryTruncationIsSafe) {
  const std::string whole = "(c\\)) Tue, 1 Jul 2003 10:52:37 +0200 (CEST)";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    std::int64_t us = 0;
    parse_mail_date(whole.substr(0, n), us);
  }
}

}  // namespace
}  // namespace rw
