// Attachments by their content: types, macros, scripts, archives in archives; nothing is executed, all is bounded.
//
//   const AttachmentReport report = check_attachments(parse_mime(message), {});
//   report.has(AttachmentSign::kMacros)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "message/mime.h"

namespace rw {

// Bounds over one message: expansion stops there and is told as a sign of its own.
inline constexpr std::size_t kMaxAttachmentBytes = std::size_t{32} << 20;  // of one part or member that is looked at
inline constexpr std::size_t kMaxExpandedBytes = std::size_t{64} << 20;    // of all archives of a message together
inline constexpr unsigned kMaxArchiveDepth = 4;
inline constexpr unsigned kMaxArchiveMembers = 1000;  // of all archives of a message together
inline constexpr unsigned kMaxExpansionRatio = 200;   // of one member over its archive, once it is above 1 MiB

enum class AttachmentSign : std::uint8_t {
  kMacros,          // VBA project or XLM macro sheet
  kAutoMacros,      // and it runs by itself: AutoOpen, Document_Open, Workbook_Open
  kRemoteTemplate,  // OOXML relationship that loads a template or object from elsewhere
  kEmbeddedObject,  // OLE object in RTF or OOXML: packages, equation editor
  kActivePdf,       // JavaScript, Launch, OpenAction with either, embedded files
  kExecutable,      // PE, ELF, Mach-O, installers
  kScript,          // .js .vbs .wsf .ps1 .bat .hta and their like, by name or content
  kShortcut,        // LNK, URL, desktop, library-ms
  kDiskImage,       // ISO, IMG, VHD: contents lose the mark of the web
  kOneNote,
  kActiveHtml,        // HTML or SVG with script
  kSmuggling,         // HTML that builds a file out of itself
  kHtmlForm,          // an HTML attachment with a form that asks for a password
  kDoubleExtension,   // invoice.pdf.exe
  kDirectionTrick,    // bidirectional control characters in the name
  kTypeMismatch,      // the content is something more dangerous than name and type say
  kEncryptedArchive,  // and what is in it cannot be looked at
  kEncryptedDocument,
  kArchiveBomb,  // a bound was met: not all was looked at
  kDamagedArchive,
  kMalware,       // clamd or YARA named it
  kScannerFailed  // clamd or YARA was asked for and did not answer
};
std::string_view to_string(AttachmentSign sign);  // "remote-template"

struct AttachmentItem {
  std::string name;       // with the archives it lies in: "a.zip!b.docm"; UTF-8, not yet escaped
  std::string declared;   // MIME type as the message says it
  std::string type;       // by content, a short stable word: docm, doc, pdf, exe, zip, html, text, unknown …
  std::size_t bytes = 0;  // decoded, as far as it was looked at
  unsigned depth = 0;     // archives around it
  std::vector<AttachmentSign> signs;
  std::vector<std::string> malware;  // names given by scanners
  bool has(AttachmentSign sign) const;
};
struct AttachmentReport {
  std::vector<AttachmentItem> items;  // attachments and members of archives, outer ones first
  unsigned attachments = 0;           // outermost ones
  unsigned macros = 0;                // documents with macros, members of archives too
  std::vector<std::string> problems;  // for people: which bound was met, why a scanner did not answer
  bool has(AttachmentSign sign) const;
  std::vector<AttachmentSign> signs() const;  // of all items, each once, in the order of the list above
};

// Looks at bytes and names what is bad in them; must be callable from several threads.
struct ScanVerdict {
  std::vector<std::string> names;
  std::string failure;  // "" when it answered
};
using ContentScanner = std::function<ScanVerdict(std::string_view bytes)>;

struct AttachmentOptions {
  std::vector<ContentScanner> scanners;  // see scanners.h
};
AttachmentReport check_attachments(const MimeTree& tree, const AttachmentOptions& options = {});
// One content by itself, as above.
AttachmentReport check_content(std::string_view bytes, std::string_view name, std::string_view declared,
                               const AttachmentOptions& options = {});

// By magic numbers and, for containers, by what lies inside.
std::string_view content_type_word(std::string_view bytes);

}  // namespace rw
