// Tests of the address grammar and of who a message claims to be: what one reader could take otherwise is told.
#include "message/address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace rw {
namespace {

using namespace std::string_literals;
using D = AddressDefect;

std::string texts(const std::vector<MailAddress>& addresses) {
  std::string out;
  for (const MailAddress& address : addresses) out += (out.empty() ? "" : " ") + address.text();
  return out;
}
std::string names(std::vector<D> defects) {
  std::string out;
  for (const D defect : defects) out += (out.empty() ? "" : " ") + std::string(to_string(defect));
  return out;
}

struct Case {
  std::string body, addresses, defects;
  bool ambiguous = false;
};
class Addresses : public ::testing::TestWithParam<Case> {};
TEST_P(Addresses, AreReadAsExpected) {
  const AddressList list = parse_addresses(GetParam().body);
  EXPECT_EQ(texts(list.addresses), GetParam().addresses) << GetParam().body;
  EXPECT_EQ(names(list.defects), GetParam().defects) << GetParam().body;
  EXPECT_EQ(list.ambiguous(), GetParam().ambiguous) << GetParam().body;
}

INSTANTIATE_TEST_SUITE_P(
    Plain, Addresses,
    ::testing::Values(Case{"a@example.org", "a@example.org", ""}, Case{"<a@example.org>", "a@example.org", ""},
                      Case{" A.B+c@EXAMPLE.org\r\n", "A.B+c@example.org", ""},
                      Case{"Ann <a@example.org>", "a@example.org", ""},
                      Case{"John Q. Public <a@example.org>", "a@example.org", ""},
                      Case{"\"Doe, John\" <a@example.org>", "a@example.org", ""},
                      Case{"Ann <a@example.org>,\r\n Bob <b@example.net>", "a@example.org b@example.net", ""},
                      Case{"a@example.org, , b@example.net,", "a@example.org b@example.net", ""},
                      Case{"a@[192.0.2.1]", "a@[192.0.2.1]", ""},
                      Case{"a@[IPv6:2001:db8::1]", "a@[ipv6:2001:db8::1]", ""},
                      Case{"\"john doe\"@example.org", "john doe@example.org", ""},
                      Case{"a@localhost", "a@localhost", ""}, Case{"a@b_c.example", "a@b_c.example", ""},
                      Case{"=?utf-8?q?Doe=2C_John?= <a@example.org>", "a@example.org", ""},
                      Case{"=?utf-8?q?a=40example.org?= <a@example.org>", "a@example.org", ""},
                      Case{"a@example.org (Ann)", "a@example.org", "comment"},
                      Case{"Ann (sales) <a@example.org>", "a@example.org", "comment"},
                      Case{"Team: Ann <a@example.org>, b@example.net;", "a@example.org b@example.net", "group"},
                      Case{"undisclosed-recipients:;", "", "group"}, Case{"", "", "empty"}, Case{" \r\n ", "", "empty"},
                      Case{"Ann <>", "", "empty"}, Case{",", "", "empty"},
                      Case{"\xC3\xBCser@example.org", "\xC3\xBCser@example.org", ""},
                      Case{"a@b\xC3\xBC"
                           "cher.example",
                           "a@xn--bcher-kva.example", ""},
                      Case{"a@xn--bcher-kva.example", "a@xn--bcher-kva.example", ""},
                      Case{"a@B\xC3\xBC"
                           "CHER.example",
                           "a@xn--bcher-kva.example", ""},
                      Case{"a..b.@docomo.example", "a..b.@docomo.example", "bad-local"},
                      Case{"a@example.org <a@example.org>", "a@example.org", "unquoted-name"},
                      Case{"[List] <a@example.org>", "a@example.org", "unquoted-name"},
                      Case{"=?utf-8?q?Doe,_J:_x?= <a@example.org>", "a@example.org", "unquoted-name"},
                      Case{"=?utf-8?q?A?= =?utf-8?q?B;?= <a@example.org>, b@example.org", "a@example.org b@example.org",
                           "unquoted-name"},
                      Case{"M\xFCller <a@example.org>", "a@example.org", "not-utf8"}));

INSTANTIATE_TEST_SUITE_P(
    Hints, Addresses,
    ::testing::Values(Case{"\"ceo@good.example\" <x@evil.example>", "x@evil.example", "address-in-name"},
                      Case{"\"<ceo@good.example>\" <x@evil.example>", "x@evil.example", "address-in-name"},
                      Case{"=?utf-8?q?ceo=40good.example?= <x@evil.example>", "x@evil.example", "address-in-name"},
                      Case{"x@evil.example (ceo@good.example)", "x@evil.example", "comment address-in-name"},
                      Case{"\"ceo@good.example\": x@evil.example;", "x@evil.example", "group address-in-name"},
                      // Latin and Cyrillic in one label: "p\u0430ypal"
                      Case{"a@p\xD0\xB0ypal.example", "a@xn--pypal-4ve.example", "mixed-scripts"}));

INSTANTIATE_TEST_SUITE_P(
    Traps, Addresses,
    ::testing::Values(
        Case{"user@x.example>", "", "syntax", true}, Case{"<user@x.example", "", "syntax", true},
        Case{"<a@b.example> <c@d.example>", "", "syntax", true}, Case{"a@b.example c@d.example", "", "syntax", true},
        Case{"a@b.example@c.example", "", "syntax", true},
        Case{"<a@b.example>, <c@d.example", "a@b.example", "syntax", true}, Case{"<<a@b.example>>", "", "syntax", true},
        Case{"a@b.example; c@d.example", "a@b.example c@d.example", "syntax", true},
        Case{"ceo@good.example <x@evil.example>", "", "syntax", true},
        Case{"\"Ann <a@example.org>", "", "syntax", true}, Case{"Ann (x <a@example.org>", "", "syntax", true},
        Case{"root", "", "syntax", true}, Case{"@example.org", "", "syntax", true}, Case{"a@", "", "syntax", true},
        Case{"a@example.org.", "", "bad-domain", true}, Case{"a@.example.org", "", "bad-domain", true},
        Case{"a@example..org", "", "bad-domain", true}, Case{"a@-x.example", "", "bad-domain", true},
        Case{"a@192.0.2.1", "", "bad-domain", true}, Case{"a@exa!mple.org", "", "bad-domain", true},
        Case{"\"a@b.example\"@c.example", "a@b.example@c.example", "quoted-local", true},
        Case{"\"<a@b.example>\"@c.example", "<a@b.example>@c.example", "quoted-local", true},
        Case{"<@a.example,@b.example:c@d.example>", "c@d.example", "route", true},
        Case{"x@evil.example(.good.example)", "x@evil.example", "comment", false},
        Case{"x@evil(.good).example", "x@evil.example", "comment obsolete", true},
        Case{"x @ evil.example", "x@evil.example", "obsolete", true},
        Case{"ceo@good.example .evil.example", "ceo@good.example.evil.example", "obsolete", true},
        Case{"a@example.org\0.evil.example"s, "", "control syntax", true},
        Case{"Ann\0 <a@example.org>"s, "", "control syntax", true},
        Case{"=?utf-8?q?=00?= <a@example.org>", "a@example.org", "control", true},
        Case{"=?utf-8?q?ceo=40good.example=3E=2C?= <x@evil.example>", "x@evil.example",
             "address-in-name encoded-address", true},
        Case{"=?utf-8?q?=3Cceo=40good.example=3E?= <x@evil.example>", "x@evil.example",
             "address-in-name encoded-address", true},
        Case{"=?utf-8?q?ceo=40good.example?=", "", "syntax", true},
        Case{"=?x-nobody?q?=3Cceo=40good.example=3E?= <x@evil.example>", "x@evil.example",
             "address-in-name encoded-address", true},
        Case{"=?utf-8?q?ceo@good.example?= <x@evil.example>", "", "syntax", true},
        Case{"=?utf-8?q?<ceo@good.example>?= <x@evil.example>", "", "syntax", true},
        Case{"=?utf-8?q?a\"?= <x@evil.example>", "", "syntax", true},
        // What became known as Mailsploit: the local part decodes to an address and a NUL.
        Case{"=?utf-8?b?Y2VvQGdvb2QuZXhhbXBsZQ==?==?utf-8?Q?=00?=@evil.example",
             "=?utf-8?b?Y2VvQGdvb2QuZXhhbXBsZQ==?==?utf-8?Q?=00?=@evil.example", "encoded-address", true},
        // A full stop of East Asia, a wide letter and a sharp s: mapping makes names of them, or two different ones.
        Case{"a@evil\xE3\x80\x82"
             "example",
             "", "bad-domain", true},
        Case{"a@\xEF\xBD\x87ood.example", "", "bad-domain", true}, Case{"a@fa\xC3\x9F.example", "", "bad-domain", true},
        Case{"a@\xFC.example", "", "not-utf8 bad-domain", true},
        Case{"mailto:a@example.org", "a@example.org", "group syntax", true},
        Case{"a: b: c@example.org;", "c@example.org", "group syntax", true}));

TEST(Address, NamesAreDecodedAndCollapsed) {
  EXPECT_EQ(parse_addresses("=?utf-8?q?Caf=C3=A9?=\r\n =?utf-8?q?_Ann?= <a@example.org>").addresses[0].display_name,
            "Caf\xC3\xA9 Ann");
  EXPECT_EQ(parse_addresses("\"A  \\\"B\\\"\"   C <a@example.org>").addresses[0].display_name, "A \"B\" C");
  EXPECT_EQ(parse_addresses("a@example.org (Ann  Lee)").addresses[0].display_name, "Ann Lee");
  EXPECT_EQ(parse_addresses("Team: a@example.org;").addresses[0].group, "Team");
}

TEST(Address, TooManyAreCutAndTold) {
  std::string body;
  for (int i = 0; i < 2000; ++i) body += "a" + std::to_string(i) + "@example.org,";
  const AddressList list = parse_addresses(body);
  EXPECT_EQ(list.addresses.size(), kMaxAddresses);
  EXPECT_TRUE(list.has(D::kTooMany));
}

TEST(Address, HostileLengthsTakeNoTime) {
  for (const std::string& piece :
       std::vector<std::string>{"(", "\"", "<", "@", "a@", "=?", "a.", ":", ";", "\\", "[", "\xC3\xA9@\xC3\xA9.cc,"}) {
    std::string body;
    while (body.size() < 1'000'000) body += piece;
    parse_addresses(body);
    const std::string bytes = "From: " + body + "\n\n";
    parse_author(parse_message(bytes));
  }
}

struct AuthorCase {
  std::string header;
  AuthorState state;
  std::string addresses, domain, defects;
};
class Authors : public ::testing::TestWithParam<AuthorCase> {};
TEST_P(Authors, AreToldAsExpected) {
  const std::string bytes = GetParam().header;
  const Author author = parse_author(parse_message(bytes));
  EXPECT_EQ(to_string(author.state), to_string(GetParam().state)) << bytes;
  EXPECT_EQ(texts(author.addresses), GetParam().addresses) << bytes;
  EXPECT_EQ(author.domain, GetParam().domain) << bytes;
  EXPECT_EQ(names(author.defects), GetParam().defects) << bytes;
}
INSTANTIATE_TEST_SUITE_P(
    All, Authors,
    ::testing::Values(AuthorCase{"From: a@x.example\n\n", AuthorState::kOne, "a@x.example", "x.example", ""},
                      AuthorCase{"Subject: s\n\n", AuthorState::kNone, "", "", ""},
                      AuthorCase{"From:\n\n", AuthorState::kNone, "", "", "empty"},
                      AuthorCase{"From: a@x.example, b@x.example\n\n", AuthorState::kOne, "a@x.example b@x.example",
                                 "x.example", "several"},
                      AuthorCase{"From: a@x.example, b@y.example\n\n", AuthorState::kSeveral, "a@x.example b@y.example",
                                 "", "several"},
                      AuthorCase{"From: a@x.example\nfrom: b@y.example\n\n", AuthorState::kSeveral,
                                 "a@x.example b@y.example", "", "several several-fields"},
                      AuthorCase{"From: a@x.example\nFrom: a@x.example\n\n", AuthorState::kSeveral, "a@x.example", "",
                                 "several-fields"},
                      AuthorCase{"From: T: a@x.example;\n\n", AuthorState::kOne, "a@x.example", "x.example", "group"},
                      AuthorCase{"From: T: a@x.example, b@y.example;\n\n", AuthorState::kSeveral,
                                 "a@x.example b@y.example", "", "group several"},
                      AuthorCase{"From: user@x.example>\n\n", AuthorState::kAmbiguous, "user@x.example", "", "syntax"},
                      AuthorCase{"From: <a@x.example> <b@y.example>\n\n", AuthorState::kAmbiguous,
                                 "a@x.example b@y.example", "", "syntax several"},
                      AuthorCase{"From: =?utf-8?q?=3Ca=40x.example=3E?= <b@y.example>\n\n", AuthorState::kAmbiguous,
                                 "b@y.example a@x.example", "", "address-in-name encoded-address several"},
                      AuthorCase{"From: a@[192.0.2.1]\n\n", AuthorState::kOne, "a@[192.0.2.1]", "", ""},
                      AuthorCase{"From : a@x.example\n\n", AuthorState::kAmbiguous, "a@x.example", "", "hidden-field"},
                      AuthorCase{"Subject: s\rFrom: b@y.example\nFrom: a@x.example\n\n", AuthorState::kAmbiguous,
                                 "a@x.example b@y.example", "", "hidden-field several"},
                      AuthorCase{"Subject: s\fFrom: b@y.example\nFrom: a@x.example\n\n", AuthorState::kAmbiguous,
                                 "a@x.example b@y.example", "", "hidden-field several"},
                      AuthorCase{"Subject: s\f\rFrom\nFrom: a@x.example\n\n", AuthorState::kOne, "a@x.example",
                                 "x.example", ""},
                      AuthorCase{"From: a@x.example\nbroken line\nFrom: b@y.example\n\nbody", AuthorState::kAmbiguous,
                                 "a@x.example b@y.example", "", "hidden-field several"},
                      AuthorCase{"broken line\nFrom: b@y.example\n\nbody", AuthorState::kAmbiguous, "b@y.example", "",
                                 "hidden-field"},
                      AuthorCase{"\xEF\xBB\xBF"
                                 "From: b@y.example\n\nbody",
                                 AuthorState::kAmbiguous, "b@y.example", "", "hidden-field"},
                      AuthorCase{"From: a@x.example\nbroken line\n\nFrom: b@y.example\n", AuthorState::kOne,
                                 "a@x.example", "x.example", ""}));

TEST(Author, AHeaderBeyondTheBoundIsNeverOneAuthor) {
  const std::string bytes = "From: a@x.example\nX: " + std::string(kMaxHeaderBytes, 'x') + "\nFrom: b@y.example\n\n";
  const Author author = parse_author(parse_message(bytes));
  EXPECT_EQ(author.state, AuthorState::kAmbiguous);
  EXPECT_EQ(author.domain, "");
}

TEST(Author, EveryTruncationHasAVerdict) {
  const std::string whole =
      "From: \"Ann <x@y.example>\" (c) <@r.example:a@x.example>, T: =?utf-8?q?b=40?= <b@[192.0.2.1]>;\r\n\r\nbody";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    const std::string bytes = whole.substr(0, n);  // of its own, so that a sanitizer sees its end
    parse_author(parse_message(bytes));
    parse_addresses(bytes);
  }
}

TEST(Domain, IsNormalised) {
  EXPECT_EQ(normalised_domain("Example.ORG."), "example.org");
  EXPECT_EQ(normalised_domain("b\xC3\xBC"
                              "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(normalised_domain(""), "");
  EXPECT_EQ(normalised_domain("."), "");
  EXPECT_EQ(normalised_domain("a..b"), "");
  EXPECT_EQ(normalised_domain("a b"), "");
  EXPECT_EQ(normalised_domain("192.0.2.1"), "");
  EXPECT_EQ(normalised_domain("a\0.example"s), "");
  EXPECT_EQ(normalised_domain(std::string(64, 'a') + ".example"), "");
  EXPECT_EQ(normalised_domain(std::string(63, 'a') + ".example"), std::string(63, 'a') + ".example");
  std::string longest;
  while (longest.size() < 252) longest += "a.";
  EXPECT_NE(normalised_domain(longest + "b"), "");
  EXPECT_EQ(normalised_domain(longest + "bc"), "");
}

TEST(Domain, IsShownInUnicodeWhereItIsValid) {
  EXPECT_EQ(unicode_domain("xn--bcher-kva.example"),
            "b\xC3\xBC"
            "cher.example");
  EXPECT_EQ(unicode_domain("xn--a.example"), "xn--a.example");
  EXPECT_EQ(unicode_domain("example.org"), "example.org");
  EXPECT_FALSE(mixes_scripts("example.org"));
  EXPECT_FALSE(mixes_scripts("xn--bcher-kva.example"));
  EXPECT_TRUE(mixes_scripts("xn--pypal-4ve.example"));
  EXPECT_FALSE(
      mixes_scripts("\xE6\x97\xA5\xE6\x9C\xAC\xE3\x81\x94"
                    "abc.example"));  // Han, kana and Latin
}

}  // namespace
}  // namespace rw
