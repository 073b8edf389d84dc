// What content is, by its first bytes; and what its name says.
#include <algorithm>
#include <array>

#include "mail/attachment_parts.h"

namespace rw {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view type;
};
// The longer and more certain ones first.
constexpr Magic kMagics[] = {
    {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "ole"},  // MS-CFB 2.2
    {0, "PK\x03\x04"sv, "zip"},                        // APPNOTE 4.3.7
    {0, "PK\x05\x06"sv, "zip"},                        // an empty one
    {0, "PK\x07\x08"sv, "zip"},                        // a spanned one
    {0, "Rar!\x1A\x07"sv, "rar"},
    {0, "7z\xBC\xAF\x27\x1C"sv, "7z"},
    {0, "\x1F\x8B\x08"sv, "gz"},  // RFC 1952 2.3.1
    {0, "BZh"sv, "bz2"},
    {0,
     "\xFD"
     "7zXZ\0"sv,
     "xz"},
    {0, "\x28\xB5\x2F\xFD"sv, "zst"},  // RFC 8878 3.1.1
    {0, "\x04\x22\x4D\x18"sv, "lz4"},
    {0, "MSCF\0\0\0\0"sv, "cab"},
    {257, "ustar"sv, "tar"},
    {0x8001, "CD001"sv, "iso"},  // ECMA-119 8.1
    {0x8801, "CD001"sv, "iso"},
    {0x8001, "BEA01"sv, "iso"},  // UDF
    {0, "conectix"sv, "vhd"},
    {0, "vhdxfile"sv, "vhd"},
    {0, "KDMV"sv, "vhd"},
    {0, "\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46"sv, "lnk"},                  // MS-SHLLINK 2.1
    {0, "\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3"sv, "onenote"},  // MS-ONESTORE 2.3.1
    {0, "\xA1\x2F\xFF\x43\xD9\xEF\x76\x4C\x9E\xE2\x10\xEA\x57\x22\x76\x5F"sv, "onenote"},  // a table of contents
    {0, "ITSF"sv, "chm"},
    {0,
     "\x7F"
     "ELF"sv,
     "elf"},
    {0, "\xCA\xFE\xBA\xBE\0\0\0"sv, "class"},  // Java, or a fat Mach-O
    {0, "\xFE\xED\xFA\xCE"sv, "macho"},
    {0, "\xFE\xED\xFA\xCF"sv, "macho"},
    {0, "\xCE\xFA\xED\xFE"sv, "macho"},
    {0, "\xCF\xFA\xED\xFE"sv, "macho"},
    {0, "{\\rt"sv, "rtf"},
    {0, "\x89PNG\r\n\x1A\n"sv, "png"},
    {0, "\xFF\xD8\xFF"sv, "jpeg"},
    {0, "GIF87a"sv, "gif"},
    {0, "GIF89a"sv, "gif"},
    {8, "WEBP"sv, "webp"},
    {0, "II*\0"sv, "tiff"},
    {0, "MM\0*"sv, "tiff"},
    {4, "ftyp"sv, "mp4"},
    {0, "ID3"sv, "mp3"},
    {0, "OggS"sv, "ogg"},
    {0, "\x78\x9F\x3E\x22"sv, "tnef"},  // MS-OXTNEF 2.1.3.1
    {0, "!<arch>"sv, "deb"},
    {0, "\xED\xAB\xEE\xDB"sv, "rpm"},
    {0, "%!PS"sv, "postscript"},
    {0, "BEGIN:VCALENDAR"sv, "ics"},
    {0, "BEGIN:VCARD"sv, "vcard"},
    {0, "SQLite format 3\0"sv, "sqlite"},
};

bool is_pe(std::string_view bytes) {  // "MZ", and at 0x3C where the PE header lies
  if (!bytes.starts_with("MZ") || bytes.size() < 64) return false;
  std::uint32_t at = 0;
  for (int i = 3; i >= 0; --i) at = at << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(0x3C + i)]);
  return at + 4 > bytes.size() || bytes.substr(at, 2) == "PE" || bytes.substr(at, 2) == "NE" ||
         bytes.substr(at, 2) == "LE";
}

// A boot sector with the name of a file system, or a partition table.
bool is_disk_image(std::string_view bytes) {
  constexpr std::size_t kSector = 512;
  if (bytes.size() < 64 * kSector || bytes.substr(510, 2) != "\x55\xAA"sv) return false;
  return bytes.substr(3, 4) == "NTFS" || bytes.substr(54, 3) == "FAT" || bytes.substr(82, 5) == "FAT32" ||
         (bytes[446] == '\0' || bytes[446] == '\x80');
}

std::string_view text_kind(std::string_view bytes) {
  constexpr std::size_t kLook = 4096;
  std::string_view head = bytes.substr(0, kLook);
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const bool wide = head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv);
  if (!wide && head.find('\0') != std::string_view::npos) return "unknown";
  const std::size_t first = head.find_first_not_of(" \t\r\n\f");
  if (first == std::string_view::npos) return head.empty() ? "empty" : "text";
  const std::string_view text = head.substr(first);
  using attachment::holds;
  if (text.front() == '<') {
    if (holds(text, "<hta:application")) return "hta";
    if (holds(text, "<!doctype html") || holds(text, "<html") || holds(text, "<head") || holds(text, "<body") ||
        holds(text, "<script") || holds(text, "<form") || holds(text, "<iframe"))
      return holds(text, "<svg") && !holds(text, "<html") ? "svg" : "html";
    if (holds(text, "<svg")) return "svg";
    if (holds(text, "urn:schemas-microsoft-com:office") || holds(text, "progid=\"word.document\"")) return "office-xml";
    if (holds(text, "<job") || holds(text, "<package>") || holds(text, "<scriptlet")) return "script";
    if (holds(text, "librarydescription")) return "shortcut";
    return text.starts_with("<?xml") || text.starts_with("<!") ? "xml" : "text";
  }
  if (holds(text, "[internetshortcut]")) return "shortcut";
  if (text.starts_with("#!")) return "script";
  unsigned control = 0;
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    control += byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != 0x1B ? 1 : 0;
  }
  return wide || control * 50 <= head.size() ? "text" : "unknown";
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array kExecutableNames{"exe"sv, "scr"sv,  "com"sv, "pif"sv,  "cpl"sv, "dll"sv,   "msi"sv, "msp"sv,
                                      "mst"sv, "msix"sv, "ocx"sv, "sys"sv,  "jar"sv, "apk"sv,   "app"sv, "dmg"sv,
                                      "pkg"sv, "deb"sv,  "rpm"sv, "appx"sv, "xll"sv, "gadget"sv};
constexpr std::array kScriptNames{"js"sv,        "jse"sv,
                                  "vbs"sv,       "vbe"sv,
                                  "wsf"sv,       "wsh"sv,
                                  "wsc"sv,       "ps1"sv,
                                  "psm1"sv,      "bat"sv,
                                  "cmd"sv,       "hta"sv,
                                  "sct"sv,       "reg"sv,
                                  "inf"sv,       "chm"sv,
                                  "msc"sv,       "py"sv,
                                  "pyw"sv,       "sh"sv,
                                  "pl"sv,        "iqy"sv,
                                  "slk"sv,       "application"sv,
                                  "appref-ms"sv, "settingcontent-ms"sv,
                                  "mjs"sv};
constexpr std::array kShortcutNames{"lnk"sv, "url"sv, "website"sv, "desktop"sv, "library-ms"sv, "search-ms"sv, "scf"sv};
constexpr std::array kImageNames{"iso"sv, "img"sv, "vhd"sv, "vhdx"sv, "udf"sv, "vmdk"sv};
constexpr std::array kDocumentNames{"pdf"sv, "doc"sv, "docx"sv, "xls"sv,  "xlsx"sv, "ppt"sv,  "pptx"sv, "txt"sv,
                                    "rtf"sv, "csv"sv, "jpg"sv,  "jpeg"sv, "png"sv,  "gif"sv,  "hwp"sv,  "odt"sv,
                                    "mp3"sv, "mp4"sv, "zip"sv,  "html"sv, "htm"sv,  "hwpx"sv, "tif"sv,  "bmp"sv};

bool harmful_name(std::string_view extension) {
  return is_one_of(extension, kExecutableNames) || is_one_of(extension, kScriptNames) ||
         is_one_of(extension, kShortcutNames);
}

// U+202A to U+202E, U+2066 to U+2069: they show "cod.exe" as "exe.doc". Marks (U+200E, U+200F) alone turn nothing
// around.
bool has_direction_controls(std::string_view utf8) {
  for (std::size_t at = utf8.find('\xE2'); at != std::string_view::npos; at = utf8.find('\xE2', at + 1)) {
    if (at + 2 >= utf8.size()) break;
    const auto second = static_cast<unsigned char>(utf8[at + 1]);
    const auto third = static_cast<unsigned char>(utf8[at + 2]);
    if (second == 0x80 && third >= 0xAA && third <= 0xAE) return true;
    if (second == 0x81 && third >= 0xA6 && third <= 0xA9) return true;
  }
  return false;
}

}  // namespace

std::string_view content_type_word(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  if (is_pe(bytes)) return "exe";
  for (const Magic& magic : kMagics)
    if (bytes.size() >= magic.offset + magic.bytes.size() &&
        bytes.substr(magic.offset, magic.bytes.size()) == magic.bytes)
      return magic.type == "class" && bytes.size() > 7 && static_cast<unsigned char>(bytes[7]) < 43 && bytes[7] > 0 &&
                     static_cast<unsigned char>(bytes[7]) < 20
                 ? "macho"  // the number of architectures; Java's versions begin with 45
                 : magic.type;
  // ISO 32000-1 asks for the header in the first line; readers take it within the first 1,024 bytes.
  if (bytes.substr(0, 1024 + 5).find("%PDF-") != std::string_view::npos) return "pdf";
  if (is_disk_image(bytes)) return "img";
  return text_kind(bytes);
}

namespace attachment {

bool holds(std::string_view text, std::string_view lower_word) {
  return std::search(text.begin(), text.end(), lower_word.begin(), lower_word.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         }) != text.end();
}

void add_sign(AttachmentItem& item, AttachmentSign sign) {
  if (!item.has(sign)) item.signs.push_back(sign);
}

std::string extension_of(std::string_view name) {
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.remove_suffix(1);
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == name.size() || name.size() - dot > 20) return "";
  std::string out(name.substr(dot + 1));
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

void judge_name(AttachmentItem& item) {
  const std::string_view name = std::string_view(item.name).substr(item.name.rfind('!') + 1);
  const std::string extension = extension_of(name);
  if (is_one_of(extension, kExecutableNames)) add_sign(item, AttachmentSign::kExecutable);
  if (is_one_of(extension, kScriptNames)) add_sign(item, AttachmentSign::kScript);
  if (is_one_of(extension, kShortcutNames)) add_sign(item, AttachmentSign::kShortcut);
  if (is_one_of(extension, kImageNames)) add_sign(item, AttachmentSign::kDiskImage);
  if (extension == "one" || extension == "onepkg") add_sign(item, AttachmentSign::kOneNote);
  if (has_direction_controls(name)) add_sign(item, AttachmentSign::kDirectionTrick);

  std::string_view stem = name.substr(0, name.size() - std::min(name.size(), extension.size() + 1));
  while (!stem.empty() && (stem.back() == ' ' || stem.back() == '.' || stem.back() == '_')) stem.remove_suffix(1);
  if (harmful_name(extension) && is_one_of(extension_of(stem), kDocumentNames))
    add_sign(item, AttachmentSign::kDoubleExtension);

  static constexpr std::array kHarmfulTypes{"exe"sv,     "elf"sv,      "macho"sv, "lnk"sv,  "hta"sv,
                                            "onenote"sv, "iso"sv,      "img"sv,   "vhd"sv,  "chm"sv,
                                            "script"sv,  "shortcut"sv, "jar"sv,   "class"sv};
  const bool shown_as_document =
      is_one_of(extension, kDocumentNames) ||
      (extension.empty() && (item.declared.starts_with("image/") || item.declared == "application/pdf"));
  const bool markup = item.type == "html" || item.type == "hta" || item.type == "svg";
  if (shown_as_document && (is_one_of(item.type, kHarmfulTypes) ||
                            (markup && extension != "html" && extension != "htm" && extension != "txt")))
    add_sign(item, AttachmentSign::kTypeMismatch);
}

}  // namespace attachment
}  // namespace rw
