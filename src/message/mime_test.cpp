// Tests of the parts of a message: boundaries that cheat, encodings that lie, names in every form.
#include "message/mime.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "message/address.h"
#include "message/mailbox.h"
#include "message/utf8.h"

namespace rw {
namespace {

std::string defects_of(const MimeTree& tree) {
  std::string out;
  for (const MimeDefect defect : tree.defects) out += (out.empty() ? "" : " ") + std::string(to_string(defect));
  return out;
}
// "multipart/mixed(text/plain,message/rfc822(text/html))"
std::string shape(const MimeTree& tree, int parent = -1) {
  std::string out;
  for (std::size_t i = 0; i < tree.parts.size(); ++i) {
    if (tree.parts[i].parent != parent) continue;
    if (!out.empty()) out += ",";
    out += tree.parts[i].type;
    const std::string inner = shape(tree, static_cast<int>(i));
    if (!inner.empty()) out += "(" + inner + ")";
  }
  return out;
}
std::string bodies(const MimeTree& tree) {
  std::string out;
  for (const MimePart& part : tree.parts)
    if (!part.is_multipart() && part.type != "message/rfc822") out += "[" + part.decoded(1000) + "]";
  return out;
}

std::string multipart(const std::string& body, const std::string& type = "mixed; boundary=b") {
  return "Content-Type: multipart/" + type + "\n\n" + body;
}

struct Case {
  std::string bytes, shape, bodies, defects;
};
class Trees : public ::testing::TestWithParam<Case> {};
TEST_P(Trees, AreReadAsExpected) {
  const std::string& bytes = GetParam().bytes;
  const MimeTree tree = parse_mime(parse_message(bytes));
  EXPECT_EQ(shape(tree), GetParam().shape) << bytes;
  EXPECT_EQ(bodies(tree), GetParam().bodies) << bytes;
  EXPECT_EQ(defects_of(tree), GetParam().defects) << bytes;
}
INSTANTIATE_TEST_SUITE_P(
    All, Trees,
    ::testing::Values(
        Case{"A: 1\n\nbody", "text/plain", "[body]", ""},
        Case{"Content-Type: text/html\n\n<p>", "text/html", "[<p>]", ""},
        Case{"Content-Type: html\n\n<p>", "text/plain", "[<p>]", "bad-parameter"},
        Case{multipart("--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n"),
             "multipart/mixed(text/plain,text/html)", "[one][two]", ""},
        Case{multipart("preamble\n--b  \r\n\r\none\r\n--b-- \t\r\nepilogue"), "multipart/mixed(text/plain)", "[one]",
             ""},
        Case{multipart("--b\n\none\n"), "multipart/mixed(text/plain)", "[one\n]", "unclosed"},
        Case{multipart("no boundary here"), "multipart/mixed", "", "no-boundary"},
        Case{multipart("--b--\n"), "multipart/mixed", "", ""},
        Case{multipart("--=?utf-8?q?b?=\n\none\n--=?utf-8?q?b?=--", "mixed; boundary=\"=?utf-8?q?b?=\""),
             "multipart/mixed(text/plain)", "[one]", ""},
        Case{multipart("x", "mixed"), "multipart/mixed", "", "no-boundary"},
        Case{multipart("--b\n--b\n\none\n--b--"), "multipart/mixed(text/plain,text/plain)", "[][one]", ""},
        // Indented or in the middle of a line it is none.
        Case{multipart("--b\n\none\n --b\ntwo --b\n--b--"), "multipart/mixed(text/plain)", "[one\n --b\ntwo --b]", ""},
        Case{multipart("--b\n\none\n--bc\n\ntwo\n--b--"), "multipart/mixed(text/plain)", "[one\n--bc\n\ntwo]",
             "boundary-prefix"},
        Case{multipart("--b\n\none\n--b junk\n\ntwo\n--b--"), "multipart/mixed(text/plain)", "[one\n--b junk\n\ntwo]",
             "boundary-prefix"},
        // An inner boundary that is longer is no trap.
        Case{multipart("--b\nContent-Type: multipart/mixed; boundary=bc\n\n--bc\n\none\n--bc--\n--b--"),
             "multipart/mixed(multipart/mixed(text/plain))", "[one]", ""},
        // The outer boundary ends the inner part, which is unclosed.
        Case{multipart("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--c--\n--b--"),
             "multipart/mixed(multipart/mixed(text/plain),text/plain)", "[one][two\n--c--]", "unclosed"},
        Case{multipart("--b\n\none\n--b--\n--b\n\ntwo\n--b--"), "multipart/mixed(text/plain,text/plain)", "[one][two]",
             "part-after-close"},
        Case{multipart("--b\nContent-Type: message/rfc822\n\nSubject: s\nContent-Type: text/html\n\ninner\n--b--"),
             "multipart/mixed(message/rfc822(text/html))", "[inner]", ""},
        Case{multipart("--b\n\nSubject: s\n\ninner\n--b--", "digest; boundary=b"),
             "multipart/digest(message/rfc822(text/plain))", "[inner]", ""},
        Case{multipart("--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogMQ==\n--b--"),
             "multipart/mixed(message/rfc822)", "", "encoded-container"},
        Case{"Content-Type: text/plain\nContent-Type: text/html\n\nx", "text/plain", "[x]", "several-types"},
        Case{"Content-Type: text/plain\nContent-Type: text/plain\n\nx", "text/plain", "[x]", ""},
        Case{"Content-Type: text/plain; charset=x-nobody\n\nx", "text/plain", "[x]", "unknown-charset"},
        Case{"Content-Transfer-Encoding: BASE64 \n\naGVs\r\nbG8=\n", "text/plain", "[hello]", ""},
        Case{"Content-Transfer-Encoding: base64\n\naGVsbG8", "text/plain", "[hello]", "bad-encoding"},
        Case{"Content-Transfer-Encoding: base64\n\naGVs*bG8=", "text/plain", "[hello]", "bad-encoding"},
        // Data behind padding: what some readers do not see is decoded.
        Case{"Content-Transfer-Encoding: base64\n\naGk=aGVsbG8=", "text/plain", "[hihello]", "bad-encoding"},
        Case{"Content-Transfer-Encoding: quoted-printable\n\na=\nb =3D  \nc=", "text/plain", "[ab =\nc]", ""},
        Case{"Content-Transfer-Encoding: quoted-printable\n\na=ZZ=\r\n=4a", "text/plain", "[a=ZZJ]", "bad-encoding"},
        Case{"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 f\n%:&5L;&\\\n`\nend\n", "text/plain", "[hello]", ""},
        Case{"Content-Transfer-Encoding: rot13\n\nuryyb", "text/plain", "[uryyb]", "unknown-encoding"}));

struct NameCase {
  std::string disposition, name, defects;
};
class FileNames : public ::testing::TestWithParam<NameCase> {};
TEST_P(FileNames, AreReadAsExpected) {
  const std::string bytes =
      "Content-Type: application/zip; name=type.zip\nContent-Disposition: " + GetParam().disposition + "\n\n";
  const MimeTree tree = parse_mime(parse_message(bytes));
  EXPECT_EQ(tree.parts[0].name, GetParam().name) << bytes;
  EXPECT_EQ(defects_of(tree), GetParam().defects) << bytes;
  EXPECT_TRUE(tree.parts[0].attachment);
}
INSTANTIATE_TEST_SUITE_P(
    All, FileNames,
    ::testing::Values(
        NameCase{"attachment", "type.zip", ""}, NameCase{"attachment; filename=a.zip", "a.zip", ""},
        NameCase{"inline; FileName=\"a b.zip\"", "a b.zip", ""},
        NameCase{"attachment; filename=\"a\\\"b.zip\"", "a\"b.zip", ""},
        NameCase{"attachment; filename=a b.zip", "a b.zip", "bad-parameter"},
        NameCase{"attachment; filename=\"=?utf-8?q?caf=C3=A9.zip?=\"", "caf\xC3\xA9.zip", ""},
        NameCase{"attachment; filename*0=\"=?utf-8?q?caf=C3\"; filename*1=\"=A9.zip?=\"", "caf\xC3\xA9.zip", ""},
        NameCase{"attachment; filename*=utf-8''caf%C3%A9.zip", "caf\xC3\xA9.zip", ""},
        NameCase{"attachment; filename*=iso-8859-1'en'caf%E9.zip", "caf\xC3\xA9.zip", ""},
        NameCase{"attachment; filename*0=\"invoice.p\"; filename*1=\"df.exe\"", "invoice.pdf.exe", ""},
        NameCase{"attachment;\n filename*1*=%C3%A9.zip;\n filename*0*=utf-8''caf", "caf\xC3\xA9.zip", ""},
        NameCase{"attachment; filename*0*=utf-8''%C3; filename*1*=%A9; filename*2=\".zip\"", "\xC3\xA9.zip", ""},
        NameCase{"attachment; filename*0=a; filename*2=b", "a", "bad-parameter"},
        NameCase{"attachment; filename*1=b", "type.zip", "bad-parameter"},
        NameCase{"attachment; filename=a.pdf; filename*=utf-8''a.exe", "a.exe", "bad-parameter"},
        NameCase{"attachment; filename=a.pdf; filename*=utf-8''a.pdf", "a.pdf", ""},
        NameCase{"attachment; filename=a.pdf; filename=a.exe", "a.pdf", "bad-parameter"},
        NameCase{"attachment; filename=\"a.pdf", "a.pdf", "bad-parameter"},
        NameCase{"attachment; filename=\"a.pdf\".exe", "a.pdf", "bad-parameter"},
        NameCase{"attachment (really); filename=a.zip (yes)", "a.zip", ""},
        NameCase{"attachment; a.zip", "type.zip", "bad-parameter"}));

TEST(Mime, ReportTypesAndProtocols) {
  const MimeTree report =
      parse_mime(parse_message(multipart("--b\n\n--b--", "report; report-type=Feedback-Report; boundary=\"b\"")));
  EXPECT_EQ(report.parts[0].protocol_or_report, "feedback-report");
  const MimeTree signature = parse_mime(
      parse_message(multipart("--b\n\n--b--", "signed; protocol=\"application/pgp-signature\"; boundary=b")));
  EXPECT_EQ(signature.parts[0].protocol_or_report, "application/pgp-signature");
}

TEST(Mime, TextIsUtf8AndCut) {
  const std::string bytes =
      "Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9 caf=E9";
  const MimeTree tree = parse_mime(parse_message(bytes));
  bool cut = true;
  EXPECT_EQ(tree.parts[0].text(100, &cut), "caf\xC3\xA9 caf\xC3\xA9");
  EXPECT_FALSE(cut);
  EXPECT_EQ(tree.parts[0].text(4, &cut), "caf");
  EXPECT_TRUE(cut);
  EXPECT_EQ(tree.parts[0].decoded(4, &cut), "caf\xE9");
  EXPECT_TRUE(cut);
  EXPECT_EQ(tree.parts[0].decoded(9, &cut).size(), 9U);
  EXPECT_FALSE(cut);
}

TEST(Mime, TenThousandPartsAreCutAndTold) {
  std::string body;
  for (int i = 0; i < 10'000; ++i) body += "--b\nContent-Type: text/html\n\nx\n";
  const MimeTree tree = parse_mime(parse_message(multipart(body + "--b--")));
  EXPECT_EQ(tree.parts.size(), kMaxMimeParts);
  EXPECT_TRUE(tree.has(MimeDefect::kTooManyParts));
}

TEST(Mime, DepthIsBounded) {
  std::string messages, parts;
  for (int i = 0; i < 1000; ++i) messages += "Content-Type: message/rfc822\n\n";
  for (int i = 0; i < 1000; ++i)
    parts += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) + "\n";
  for (const std::string& bytes : {messages, parts}) {
    const MimeTree tree = parse_mime(parse_message(bytes));
    EXPECT_EQ(tree.parts.size(), kMaxMimeDepth + 1);
    EXPECT_TRUE(tree.has(MimeDefect::kTooDeep));
  }
}

TEST(Mime, HostileBodiesTakeNoTime) {
  const std::string dashes(60, '-');
  for (const std::string& piece : std::vector<std::string>{std::string("-"), std::string("\n"), "\n--" + dashes,
                                                           std::string("\n--b"), "--" + dashes + "\n"}) {
    std::string body;
    while (body.size() < 4'000'000) body += piece;
    parse_mime(parse_message(multipart(body, "mixed; boundary=\"" + dashes + "\"")));
    parse_mime(parse_message(multipart(body)));
  }
}

// Real reports, not part of the repository.
TEST(Mime, RealReportsAreTakenApart) {
  const char* const root = std::getenv("RW_SHARED_DATA");
  const std::string folder = (root != nullptr ? root : std::string(RW_SOURCE_DIR) + "/../shared/data") + "/mail/";
  const std::pair<std::string, std::string> kFiles[] = {
      {"aggregate/twilight.eml", "multipart/mixed(application/zip,text/plain)"},
      {"failure/linkedin.eml",
       "multipart/report(text/plain,message/feedback-report,message/rfc822(multipart/alternative"},
      {"smtp-tls/google.eml", "multipart/report(text/plain,application/tlsrpt+gzip)"}};
  for (const auto& [name, expected] : kFiles) {
    std::ifstream file(folder + name, std::ios::binary);
    if (!file) GTEST_SKIP() << "no sample mail: " << folder << name;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    MemoryStream stream(as_bytes(bytes));
    StreamReader input(stream);
    MboxReader reader(input);
    MailboxMessage mail;
    ASSERT_TRUE(reader.next(mail));
    const Message message = parse_message(mail.bytes);
    const MimeTree tree = parse_mime(message);
    EXPECT_TRUE(shape(tree).starts_with(expected)) << name << ": " << shape(tree) << " " << defects_of(tree);
    EXPECT_EQ(to_string(parse_author(message).state), "one") << name;
    EXPECT_FALSE(reader.next(mail)) << name;
  }
}

TEST(Mime, EveryTruncationHasATree) {
  const std::string whole =
      "Content-Type: multipart/mixed; boundary*0=\"b\"; boundary*1*=%62\r\nMIME-Version: 1.0\r\n\r\npre\r\n--bb\r\n"
      "Content-Type: text/plain; charset=\"iso-2022-jp\"\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\nGyRCRnxLXBsoQg==\r\n--bb\r\n"
      "Content-Type: message/rfc822\r\n\r\nSubject: s\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n"
      "=3Cp=\r\n=3E\r\n--bb\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A9\r\n\r\nx\r\n--bb--\r\nepi";
  EXPECT_EQ(shape(parse_mime(parse_message(whole))),
            "multipart/mixed(text/plain,message/rfc822(text/html),text/plain)");
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    const std::string bytes = whole.substr(0, n);
    for (const MimePart& part : parse_mime(parse_message(bytes)).parts) {
      EXPECT_TRUE(valid_utf8(part.text(100)));
      EXPECT_TRUE(valid_utf8(part.name));
    }
  }
}

}  // namespace
}  // namespace rw
